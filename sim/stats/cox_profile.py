"""Profile-likelihood intervals of Cox coefficients: where the likelihood ratio test stops rejecting. No fit here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.stats.arrays import Floats, readonly
from sim.stats.cox_data import RiskSets
from sim.stats.cox_fit import newton, rises_without_end
from sim.stats.cox_model import CoxModel
from sim.stats.intervals import checked_level, normal_quantile
from sim.stats.reading import Printed

if TYPE_CHECKING:
    import pandas as pd

# Beyond this many standard deviations of the covariate a hazard ratio is read as unbounded.
FARTHEST = 60.0


@dataclass(frozen=True, eq=False, repr=False)
class ProfileInterval(Printed):
    """Limits of the coefficients named, on the log scale; a limit is infinite where the likelihood never falls enough.

    Each limit is where twice the loss of log likelihood, maximised over all other coefficients, is the square of the
    normal quantile.
    """

    names: tuple[str, ...]
    coefficients: Floats
    ci_low: Floats
    ci_high: Floats
    conf_level: float

    @property
    def conventions(self) -> str:
        """Type of interval, in words."""
        return f"interval: {100 * self.conf_level:g}% profile likelihood, two-sided"

    def to_frame(self) -> pd.DataFrame:
        """One row a covariate: coefficient and limits, hazard ratio and limits."""
        import pandas as pd

        with np.errstate(over="ignore"):
            return pd.DataFrame(
                {
                    "covariate": list(self.names),
                    "coefficient": self.coefficients,
                    "coefficient_low": self.ci_low,
                    "coefficient_high": self.ci_high,
                    "hazard_ratio": np.exp(self.coefficients),
                    "ci_low": np.exp(self.ci_low),
                    "ci_high": np.exp(self.ci_high),
                }
            )


def profile_interval(model: CoxModel, *, name: str | None = None, conf_level: float | None = None) -> ProfileInterval:
    """Profile-likelihood intervals of one coefficient, or of all.

    Parameters
    ----------
    model
        A fitted model; its variance plays no role.
    name
        Of the covariate; all unless given.
    conf_level
        The model's unless given.

    Raises
    ------
    EngraftError
        If the name is unknown or the level is no probability.

    References
    ----------
    Venzon and Moolgavkar, Applied Statistics 37 (1988) 87-94; Therneau and Grambsch, Modeling Survival Data (2000),
    section 3.4.
    """
    level = model.conf_level if conf_level is None else checked_level(conf_level)
    places = range(len(model.names)) if name is None else [model.place(name)]
    drop = normal_quantile(level) ** 2 / 2.0
    limits = [_limits(model, place, model.log_likelihood - drop) for place in places]
    return ProfileInterval(
        names=tuple(model.names[place] for place in places),
        coefficients=readonly(model.coefficients[list(places)]),
        ci_low=readonly(np.array([low for low, _ in limits])),
        ci_high=readonly(np.array([high for _, high in limits])),
        conf_level=level,
    )


def _limits(model: CoxModel, place: int, target: float) -> tuple[float, float]:
    data, here = _others_at_limits(model, place)
    p = data.sizes[1]
    others = np.array([column for column in range(p) if column != here], dtype=np.int64)
    efron = model.ties == "efron"
    estimate = float(model.coefficients[place])

    def excess(value: float) -> float:
        """Profile log likelihood above the target."""
        start = np.zeros(p)
        start[here] = value
        return newton(data, start, others, efron).log_likelihood - target

    spread = max(float(np.std(data.x[:, here])), 1e-300)
    if estimate == np.inf:
        return _crossing(excess, 0.0, -1.0 / spread, spread, climb=True), np.inf
    if estimate == -np.inf:
        return -np.inf, _crossing(excess, 0.0, 1.0 / spread, spread, climb=True)
    step = float(np.sqrt(model.model_covariance[place, place]))
    low = _crossing(excess, estimate, -step, spread, climb=False)
    return low, _crossing(excess, estimate, step, spread, climb=False)


def _crossing(excess: Callable[[float], float], start: float, step: float, spread: float, *, climb: bool) -> float:
    """Where the profile falls to the target in the direction of `step`; infinite if it never does.

    With `climb` the start may lie below the target: then it is first left behind, against the direction.
    """
    from scipy.optimize import brentq

    inside, move = start, step
    while climb and excess(inside) <= 0.0:
        inside -= move
        move *= 2.0
        if abs(inside) * spread > 1e3:  # rounding hides the rise: the target is reached at the limit only
            return float(np.sign(-step) * np.inf)
    outside, move = inside + step, step
    while excess(outside) > 0.0:
        inside, outside, move = outside, outside + move, 2.0 * move
        if abs(outside - start) * spread > FARTHEST:
            return float(np.sign(step) * np.inf)
    return float(brentq(excess, min(inside, outside), max(inside, outside), xtol=1e-13, rtol=1e-13))


def _others_at_limits(model: CoxModel, place: int) -> tuple[RiskSets, int]:
    """Risk sets with other infinite coefficients at their limits, and where the asked covariate stands in them."""
    data, names = model.risk_sets, list(range(len(model.names)))
    moved = True
    while moved:
        moved = False
        for column, original in enumerate(names):
            if original == place or np.isfinite(model.coefficients[original]):
                continue
            sign = float(np.sign(model.coefficients[original]))
            if rises_without_end(data, sign * data.x[:, column], 0.0):
                data = data.restricted(column).without(column)
                names.pop(column)
                moved = True
                break
    return data, names.index(place)
