"""Reads the statistics of looks that were held: decision, repeated interval and p value, chances of what is to come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.design.monitoring import conditional_power, predictive_power, repeated_interval, repeated_p
from sim.design.sequential import GroupSequentialDesign
from sim.design.spending import Spending
from sim.stats.arrays import Floats, finite

if TYPE_CHECKING:
    import pandas as pd

Ratio = Callable[[Floats, Floats], Floats]
"""From values of z and the events they rest on to hazard ratios."""


def interim_table(
    design: GroupSequentialDesign, z: Sequence[float], *, planned: float, drift: float, ratio: Ratio | None = None
) -> pd.DataFrame:
    """One row a look held.

    Parameters
    ----------
    design
        As recomputed at the observed information, with the looks that are still planned.
    z
        Statistics of the looks held, the first ones of the design.
    planned
        Events, or patients, at full information.
    drift
        Mean of Z at full information if the assumptions hold.
    ratio
        The hazard ratio of a z and a number of events; without it effects are shares of the assumed one.

    Columns
    -------
    look, z, decision
        What the boundaries say: ``reject``, ``reject the other way``, ``stop for futility``, ``go on`` or, at the last
        look, ``no rejection``.
    hr, hr_low, hr_high or effect, effect_low, effect_high
        Estimate and repeated confidence interval; NaN at a look without efficacy boundary.
    repeated_p
        NaN with binding futility and with boundaries of a shape, for which there is none at observed information.
    conditional_power, conditional_power_observed, predictive_power
        Of the looks ahead: under the assumptions, under the effect observed, and from a flat prior.
    """
    import pandas as pd

    rows = []
    for at, value in enumerate(finite("z", z)):
        stands, look = float(value), at + 1
        level = float(design.information[at])
        row: dict[str, object] = {"look": look, "z": stands, "decision": _decision(design, at, stands)}
        estimate, error = stands / np.sqrt(level), 1.0 / np.sqrt(level)
        bounded = bool(np.isfinite(design.efficacy[at]))
        found = repeated_interval(design, look=look, estimate=estimate, std_error=error) if bounded else None
        limits = [np.nan, np.nan] if found is None else [found.low, found.high]
        effects = np.array([estimate, *limits])
        if ratio is None:
            row |= dict(zip(("effect", "effect_low", "effect_high"), effects / drift, strict=True))
        else:
            ratios = ratio(effects * np.sqrt(level), np.full(3, level * planned))
            row |= dict(zip(("hr", "hr_low", "hr_high"), [ratios[0], *np.sort(ratios[1:])], strict=True))
        spends = isinstance(design.efficacy_rule, Spending) and not design.binding and bounded
        row["repeated_p"] = repeated_p(design, look=look, z=stands) if spends else np.nan
        ahead = look < design.looks
        for name, mean in (("conditional_power", drift), ("conditional_power_observed", estimate)):
            row[name] = conditional_power(design, look=look, z=stands, drift=mean) if ahead else np.nan
        row["predictive_power"] = predictive_power(design, look=look, z=stands) if ahead else np.nan
        rows.append(row)
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def _decision(design: GroupSequentialDesign, at: int, z: float) -> str:
    if z >= design.efficacy[at]:
        return "reject"
    if design.sided == 2 and z <= -design.efficacy[at]:
        return "reject the other way"
    if at == design.looks - 1:
        return "no rejection"
    inside = abs(z) < design.futility[at] if design.sided == 2 else z < design.futility[at]
    return "stop for futility" if inside else "go on"
