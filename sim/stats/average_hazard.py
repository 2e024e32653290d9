"""Average hazard ratio of two arms up to a horizon, from Kaplan-Meier or given curves. No regression here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError
from sim.stats.arrays import Floats, Integers, column, entry_times, event_indicator, labels, observed_times, refuse
from sim.stats.intervals import checked_level, normal_quantile
from sim.stats.risk_table import RiskTable, risk_table
from sim.stats.survival import product_limit
from sim.stats.tails import normal_two_sided

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class AverageHazardRatio:
    """Average hazard ratio of the second arm to the first one.

    Attributes
    ----------
    estimate, ci_low, ci_high
        The ratio with its interval.
    std_error
        Of the logarithm; infinite where an arm has no event up to the horizon and the ratio is 0 or infinite.
    z, p_value
        Test that the ratio is 1: log ratio over its standard error (0 if that is infinite), two-sided p.
    first_wins, second_wins
        Probability that the event comes first in the first arm, and in the second, up to the horizon: their quotient,
        second over first, is the ratio.
    until
        Horizon.
    groups, n, events
        Labels (the first is the reference), rows and events up to the horizon of both.
    conf_level
        Level of the interval.
    """

    estimate: float
    ci_low: float
    ci_high: float
    std_error: float
    z: float
    p_value: float
    first_wins: float
    second_wins: float
    until: float
    groups: tuple[Any, Any]
    n: tuple[int, int]
    events: tuple[int, int]
    conf_level: float

    @property
    def conventions(self) -> str:
        """Weights, variance, ties, sides and interval, in words."""
        return (
            "Kalbfleisch and Prentice's weights, survival of both arms; variance: Greenwood increments, not assuming "
            f"equal arms; ties count half; p two-sided; interval: {100 * self.conf_level:g}% Wald on the log scale"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row: until, estimate with limits, std_error, z, p_value."""
        import pandas as pd

        names = ("until", "estimate", "ci_low", "ci_high", "std_error", "z", "p_value")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})

    def __repr__(self) -> str:
        return (
            f"AverageHazardRatio: {self.estimate:.6g} ({self.ci_low:.6g} to {self.ci_high:.6g}) up to {self.until:g}, "
            f"{self.groups[1]!s} against {self.groups[0]!s}, p = {self.p_value:.4g}\n  {self.conventions}"
        )


def average_hazard_ratio(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    until: float | None = None,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> AverageHazardRatio:
    """Average hazard ratio of two arms, which needs no proportional hazards.

    Parameters
    ----------
    time, event, entry
        As `kaplan_meier` takes them, shape (n,).
    group
        Labels of two groups, shape (n,); the first in order is the reference.
    until
        Horizon; by default the last time at which both Kaplan-Meier curves are known.
    conf_level
        Of the interval.

    Raises
    ------
    EngraftError
        If a column cannot be used, there are not two groups, a curve is not known at the horizon, or neither arm has an
        event by then.

    Notes
    -----
    With weights that fall with the product of both survival curves, the average of h_1 / (h_0 + h_1) over that of
    h_0 / (h_0 + h_1) is the integral of S_0 dF_1 over that of S_1 dF_0, up to the horizon: the odds that, of a patient
    of each arm, the second arm's has the event first. Under proportional hazards it is the hazard ratio whatever the
    horizon, and unlike Cox's estimate it does not depend on censoring otherwise. Curves are read midway through jumps,
    so that ties count half for each arm. The variance adds up, over event times, what each increment of a hazard moves
    in the logarithm of the ratio.

    References
    ----------
    Kalbfleisch and Prentice, Biometrika 68 (1981) 105-112, with weight function S_0 S_1; Schemper, Wakounig and Heinze,
    Statistics in Medicine 28 (2009) 2473-2489 (odds of concordance); variance by the delta method as in Brueckner and
    Brannath, Lifetime Data Analysis 23 (2017) 339-352.
    """
    level = checked_level(conf_level)
    times = observed_times("time", time)
    indicator = event_indicator(event, times)
    begin = None if entry is None else entry_times(entry, times)
    codes, names = labels("group", group, times, least=2)
    if len(names) > 2:
        raise EngraftError(f"group: found {len(names)} groups; an average hazard ratio compares two")
    risks = [_risk(times, indicator, begin, codes == code) for code in (0, 1)]
    horizon = _horizon(risks, until, names)
    grid = np.unique(np.concatenate([risk.time[(risk.all_events > 0) & (risk.time <= horizon)] for risk in risks]))
    if grid.size == 0:
        raise EngraftError(f"event: found no event up to {horizon:g} in either group; their hazards have no ratio")
    arms = [_Arm.on_grid(risk, grid) for risk in risks]
    second, first = _integral(arms[0], arms[1]), _integral(arms[1], arms[0])
    variance = sum(_variance(arms[place], arms[1 - place]) for place in (0, 1))
    if first == 0.0 or second == 0.0:
        return AverageHazardRatio(
            estimate=0.0 if second == 0.0 else np.inf,
            ci_low=0.0,
            ci_high=np.inf,
            std_error=np.inf,
            z=0.0,
            p_value=1.0,
            first_wins=first,
            second_wins=second,
            until=horizon,
            groups=(names[0], names[1]),
            n=(risks[0].n, risks[1].n),
            events=(int(arms[0].events.sum()), int(arms[1].events.sum())),
            conf_level=level,
        )
    log_ratio, error = float(np.log(second / first)), float(np.sqrt(variance))
    reach = normal_quantile(level) * error
    z = log_ratio / error if error > 0.0 else 0.0
    return AverageHazardRatio(
        estimate=second / first,
        ci_low=float(np.exp(log_ratio - reach)),
        ci_high=float(np.exp(log_ratio + reach)),
        std_error=error,
        z=z,
        p_value=normal_two_sided(z),
        first_wins=first,
        second_wins=second,
        until=horizon,
        groups=(names[0], names[1]),
        n=(risks[0].n, risks[1].n),
        events=(int(arms[0].events.sum()), int(arms[1].events.sum())),
        conf_level=level,
    )


def average_hazard_ratio_of_curves(reference: ArrayLike, other: ArrayLike) -> float:
    """Average hazard ratio of two given survival curves, as `average_hazard_ratio` estimates it.

    Parameters
    ----------
    reference, other
        Survival of both arms at the same ascending times, shape (m,), from 1 at time zero on, down to the horizon.
        Curves are read as straight between the times: the error is of the order of the square of the steps.

    Returns
    -------
    float
        Ratio of `other` to `reference`; 0 or infinity where only one curve falls.

    Raises
    ------
    EngraftError
        If a curve does not start at 1, rises, leaves [0, 1], or neither falls.
    """
    curves = [_checked_curve(field, values) for field, values in (("reference", reference), ("other", other))]
    if curves[0].size != curves[1].size:
        raise EngraftError(f"other: found {curves[1].size} values, but reference has {curves[0].size}")
    falls = [-np.diff(curve) for curve in curves]
    middles = [(curve[1:] + curve[:-1]) / 2.0 for curve in curves]
    first, second = float(middles[1] @ falls[0]), float(middles[0] @ falls[1])
    if first == 0.0 and second == 0.0:
        raise EngraftError("reference: neither curve falls; their hazards have no ratio")
    return second / first if first > 0.0 else float("inf")


@dataclass(frozen=True, eq=False)
class _Arm:
    """A Kaplan-Meier curve on a grid of times: just before, at, midway, its fall, and Greenwood's increments."""

    survival: Floats
    middle: Floats
    fall: Floats
    increment: Floats
    events: Integers

    @classmethod
    def on_grid(cls, risk: RiskTable, grid: Floats) -> _Arm:
        place = np.searchsorted(risk.time, grid, side="right")
        survival = np.concatenate(([1.0], product_limit(risk.at_risk, risk.all_events)))[place]
        before = np.concatenate(([1.0], survival[:-1]))
        here = np.zeros(grid.size, dtype=np.int64)
        found = np.searchsorted(grid, risk.time)
        known = (found < grid.size) & (grid[np.minimum(found, grid.size - 1)] == risk.time)
        here[found[known]] = risk.all_events[known]
        at_risk = risk.at_risk_at(grid)
        left = at_risk - here
        share = np.divide(here, at_risk, out=np.zeros(grid.size), where=at_risk > 0)
        increment = np.divide(share, left, out=np.zeros(grid.size), where=left > 0)
        return cls(survival, (before + survival) / 2.0, before - survival, increment, here)


def _integral(staying: _Arm, leaving: _Arm) -> float:
    """Integral of one arm's survival over the fall of the other's."""
    return float(staying.middle @ leaving.fall)


def _variance(arm: _Arm, other: _Arm) -> float:
    """Variance of the log ratio from one arm.

    An increment e of the arm's cumulative hazard over (1 - hazard) at u turns its survival S from u on into S (1 - e).
    The arm's own integral gains S_other S at u and loses e times what comes later; the other's loses e times what comes
    later, and half of what falls at u.
    """
    own, others = arm.fall * other.middle, other.fall * arm.middle
    own_later, others_later = own.sum() - np.cumsum(own), others.sum() - np.cumsum(others)
    moved_own = other.middle * arm.survival - own_later
    moved_other = -others_later - arm.survival * other.fall / 2.0
    if own.sum() == 0.0 or others.sum() == 0.0:
        return float("inf")
    moved = moved_own / own.sum() - moved_other / others.sum()
    return float(np.sum(moved**2 * arm.increment))


def _risk(times: Floats, indicator: Integers, begin: Floats | None, rows: np.ndarray) -> RiskTable:
    return risk_table(times[rows], indicator[rows], 1, None if begin is None else begin[rows])


def _horizon(risks: list[RiskTable], until: float | None, names: tuple[Any, ...]) -> float:
    """The horizon asked for, or the last time at which both curves are known (a curve at 0 is known for good)."""
    known = []
    for risk in risks:
        ended = product_limit(risk.at_risk, risk.all_events)[-1] == 0.0
        known.append(np.inf if ended else float(risk.time[-1]))
    if until is None:
        last = min(known)
        return last if np.isfinite(last) else max(float(risk.time[-1]) for risk in risks)
    horizon = float(observed_times("until", [until])[0])
    for name, last in zip(names, known, strict=True):
        if horizon > last:
            raise EngraftError(f"until: found {horizon:g}; group {name!s} is known up to {last:g} only")
    return horizon


def _checked_curve(field: str, values: ArrayLike) -> Floats:
    curve = column(field, values)
    refuse(field, curve, ~((curve >= 0.0) & (curve <= 1.0)), "it must lie between 0 and 1")
    if curve[0] != 1.0:
        raise EngraftError(f"{field}: row 0 is {curve[0]:.12g}; survival starts at 1")
    refuse(field, curve, np.diff(curve, prepend=1.0) > 0.0, "it must not lie above the row before")
    return curve
