"""Boundaries on the scales people read: p, hazard ratio, conditional and predictive power. None is found here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from sim.design.inputs import positive
from sim.stats.arrays import Floats, column

if TYPE_CHECKING:
    import pandas as pd

    from sim.design.sequential import GroupSequentialDesign


def hazard_ratio(z: ArrayLike, *, events: ArrayLike, allocation: float = 1.0, null: float = 1.0) -> Floats:
    """The hazard ratio (treatment over control) at which the log-rank statistic is about `z`.

    Schoenfeld, Biometrika 68 (1981) 316-319: Z = -log(HR / null) sqrt(events) sqrt(r) / (1 + r), r patients on
    treatment per control patient. Large z speaks for the treatment, a hazard ratio below `null`.

    Parameters
    ----------
    z, events
        Statistics and the events they rest on, of one shape.
    allocation
        r.
    null
        Hazard ratio of the hypothesis, 1 unless a margin is tested.
    """
    share = positive("allocation", allocation)
    margin = positive("null", null)
    counts = column("events", events, or_single=True)
    information = counts * share / (1.0 + share) ** 2
    return np.asarray(margin * np.exp(-column("z", z, or_single=True) / np.sqrt(information)))


def boundary_table(
    design: GroupSequentialDesign, *, events: float | None = None, allocation: float = 1.0, power_scales: bool = True
) -> pd.DataFrame:
    """One row a look, every boundary on every scale; NaN where a look has none.

    Columns
    -------
    look, information
        Number from 1, and information fraction.
    efficacy_z, efficacy_p, futility_z, futility_p
        Critical values; p is one-sided, or two-sided for a two-sided design.
    alpha_spent, beta_spent, power
        Cumulative; the latter two with a planned power.
    efficacy_conditional_power, futility_conditional_power, .._observed, .._predictive_power
        What the trial's chance of crossing the upper boundary later would be at the boundary: under the planned drift
        (if any), under the drift observed there, and averaged over the posterior from a flat prior. NaN at the last
        look, which leaves nothing to come. Left out with ``power_scales=False``.
    events, efficacy_hr, futility_hr
        With `events`, those at full information: events at the look and the hazard ratios at the boundaries.
    """
    import pandas as pd

    from sim.design.monitoring import conditional_power, predictive_power

    looks = design.looks
    bounds = {"futility": np.full(looks, np.nan), **design.drawn}
    bounds = {name: bounds[name] for name in ("efficacy", "futility")}
    table: dict[str, ArrayLike] = {"look": np.arange(1, looks + 1), "information": design.information}
    for name, values in bounds.items():
        table[f"{name}_z"] = values
        table[f"{name}_p"] = ndtr(-values) * design.sided
    table["alpha_spent"] = design.alpha_spent
    if design.power_by_look is not None and design.beta_spent is not None:
        table["beta_spent"] = design.beta_spent
        table["power"] = design.power_by_look
    if power_scales:
        for name, values in bounds.items():
            planned, observed, predicted = (np.full(looks, np.nan) for _ in range(3))
            for look in range(looks - 1):
                if np.isnan(values[look]):
                    continue
                if design.drift is not None:
                    planned[look] = conditional_power(design, look=look + 1, z=values[look])
                observed[look] = conditional_power(design, look=look + 1, z=values[look], drift="observed")
                predicted[look] = predictive_power(design, look=look + 1, z=values[look])
            if design.drift is not None:
                table[f"{name}_conditional_power"] = planned
            table[f"{name}_conditional_power_observed"] = observed
            table[f"{name}_predictive_power"] = predicted
    if events is not None:
        counts = positive("events", events) * design.information
        table["events"] = counts
        for name, values in bounds.items():
            table[f"{name}_hr"] = hazard_ratio(values, events=counts, allocation=allocation)
    return pd.DataFrame(table)
