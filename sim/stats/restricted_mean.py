"""Restricted mean survival time: one sample, and difference and ratio of two groups. Arrays in, results out."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError
from sim.stats.arrays import Floats, Integers, entry_times, event_indicator, observed_times
from sim.stats.intervals import checked_level, normal_quantile
from sim.stats.log_rank import checked_sample
from sim.stats.packed import packed, working_space
from sim.stats.tails import normal_two_sided

if TYPE_CHECKING:
    import pandas as pd

    from sim.stats.kernels.rows import Rows


@dataclass(frozen=True)
class RestrictedMean:
    """Mean time without the event up to `tau`: the area under the Kaplan-Meier curve; `lost` is tau less `mean`."""

    tau: float
    mean: float
    std_error: float
    ci_low: float
    ci_high: float
    lost: float
    n: int
    events: int
    conf_level: float

    @property
    def conventions(self) -> str:
        """Variance and interval in words."""
        return f"variance: Greenwood type; interval: {100 * self.conf_level:g}% normal, two-sided"

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        import pandas as pd

        return pd.DataFrame([{name: getattr(self, name) for name in self.__dataclass_fields__}])

    def __repr__(self) -> str:
        return (
            f"RestrictedMean: {self.mean:.6g} of {self.tau:g} ({self.ci_low:.6g} to {self.ci_high:.6g}), "
            f"{self.n} subjects, {self.events} events\n  {self.conventions}"
        )


@dataclass(frozen=True)
class RestrictedMeanDifference:
    """Restricted means of two groups, their difference (second less first) and their ratio (second by first).

    `p_value` tests a difference of 0, `p_ratio` a ratio of 1 on the log scale; both two-sided with the variances of the
    two groups added, not pooled under the null.
    """

    groups: tuple[Any, ...]
    means: tuple[RestrictedMean, RestrictedMean]
    difference: float
    std_error: float
    ci_low: float
    ci_high: float
    z: float
    p_value: float
    ratio: float
    ratio_low: float
    ratio_high: float
    p_ratio: float
    conf_level: float

    @property
    def conventions(self) -> str:
        """Variance, sides and intervals in words."""
        return (
            f"variance: Greenwood type, under the alternative; p two-sided; "
            f"intervals: {100 * self.conf_level:g}% normal, of the ratio on the log scale"
        )

    def to_frame(self) -> pd.DataFrame:
        """Two rows: the difference and the ratio, with estimate, ci_low, ci_high and p_value."""
        import pandas as pd

        return pd.DataFrame(
            {
                "quantity": ["difference", "ratio"],
                "estimate": [self.difference, self.ratio],
                "ci_low": [self.ci_low, self.ratio_low],
                "ci_high": [self.ci_high, self.ratio_high],
                "p_value": [self.p_value, self.p_ratio],
            }
        )

    def __repr__(self) -> str:
        return (
            f"RestrictedMeanDifference to {self.means[0].tau:g} ({self.groups[1]!s} against {self.groups[0]!s}): "
            f"{self.difference:.6g} ({self.ci_low:.6g} to {self.ci_high:.6g}), p = {self.p_value:.4g}; "
            f"ratio {self.ratio:.6g} ({self.ratio_low:.6g} to {self.ratio_high:.6g}), p = {self.p_ratio:.4g}\n"
            f"  {self.conventions}"
        )


def rmst(
    time: ArrayLike, event: ArrayLike, *, tau: float, entry: ArrayLike | None = None, conf_level: float = 0.95
) -> RestrictedMean:
    """Restricted mean survival time: the area under the Kaplan-Meier curve from 0 to `tau`.

    Parameters
    ----------
    time, event, entry
        As `kaplan_meier` takes them, shape (n,).
    tau
        Horizon, above 0, in the unit of time. Follow-up must reach it, unless the curve has come to 0 before.
    conf_level
        Level of the normal interval. Without events by tau the standard error is 0 and the interval one point.

    Raises
    ------
    EngraftError
        Names the field and the first row that cannot be used, or says how far follow-up goes.

    References
    ----------
    Irwin, J Hygiene 47 (1949) 188-189; Royston and Parmar, BMC Med Res Methodol 13 (2013) 152. Equals the `rmean` that
    R's survival prints, and survRM2 for one arm.
    """
    level = checked_level(conf_level)
    times = observed_times("time", time)
    indicator = event_indicator(event, times)
    late = None if entry is None else entry_times(entry, times)
    codes = np.zeros(times.size, dtype=np.int64)
    return _means(times, indicator, codes, late, ("all rows",), tau, level)[0]


def rmst_difference(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    tau: float,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> RestrictedMeanDifference:
    """Difference and ratio of the restricted mean survival times of two groups.

    Parameters
    ----------
    time, event, entry, tau, conf_level
        As `rmst` takes them; both groups must be followed to tau.
    group
        Label of each row, exactly two different ones. Sorted; the second is compared with the first.

    Raises
    ------
    EngraftError
        Also when neither group has any spread (no events by tau, or all at one time): then there is no standard error.

    References
    ----------
    Royston and Parmar, BMC Med Res Methodol 13 (2013) 152; Uno et al., J Clin Oncol 32 (2014) 2380-2385 (survRM2).
    """
    level = checked_level(conf_level)
    times, indicator, codes, names, _, late = checked_sample(time, event, group, None, entry)
    if len(names) > 2:
        raise EngraftError(f"group: found {len(names)} groups; a difference is of exactly two")
    first, second = _means(times, indicator, codes, late, names, tau, level)
    error = sqrt(first.std_error**2 + second.std_error**2)
    if error == 0.0:
        raise EngraftError(
            f"event: found no spread within the groups by tau = {tau:g} (no events, or all at one time); "
            f"the difference has no standard error"
        )
    for name, mean in zip(names, (first, second), strict=True):
        if mean.mean == 0.0:
            raise EngraftError(f"time: every row of group {name!s} has its event at time 0; the ratio has no value")
    quantile = normal_quantile(level)
    difference, log_ratio = second.mean - first.mean, log(second.mean / first.mean)
    log_error = sqrt((first.std_error / first.mean) ** 2 + (second.std_error / second.mean) ** 2)
    return RestrictedMeanDifference(
        groups=names,
        means=(first, second),
        difference=difference,
        std_error=error,
        ci_low=difference - quantile * error,
        ci_high=difference + quantile * error,
        z=difference / error,
        p_value=normal_two_sided(difference / error),
        ratio=exp(log_ratio),
        ratio_low=exp(log_ratio - quantile * log_error),
        ratio_high=exp(log_ratio + quantile * log_error),
        p_ratio=normal_two_sided(log_ratio / log_error),
        conf_level=level,
    )


def mean_totals(rows: Rows, groups: int, tau: float) -> tuple[Floats, Floats]:
    """Restricted means and their variances, shape (sets, K), of all data sets; NaN where follow-up ends before tau."""
    from sim.stats.kernels.trials import mean_trials

    shape = (rows.first_slice.size - 1, groups)
    mean, variance = np.empty(shape), np.empty(shape)
    mean_trials(rows, groups, tau, *working_space(rows, groups), mean, variance)
    return mean, variance


def checked_horizon(field: str, value: float, *, above_zero: bool = True) -> float:
    """A finite time, above 0 (or at least 0)."""
    try:
        number = float("nan") if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not np.isfinite(number) or number < 0.0 or (above_zero and number == 0.0):
        raise EngraftError(
            f"{field}: found {value!s}; it must be a finite number{' above 0' if above_zero else ', 0 or more'}"
        )
    return number


def refuse_short_follow_up(
    field: str, horizon: float, reached: Floats, times: Floats, codes: Integers, names: tuple[Any, ...]
) -> None:
    """Raise an error for the first group whose curve is not known at the horizon (NaN in `reached`, shape (K,))."""
    short = np.isnan(reached)
    if short.any():
        which = int(np.argmax(short))
        ends = times[codes == which].max()
        raise EngraftError(
            f"{field}: found {horizon:g}, but follow-up of {names[which]!s} ends at {ends:.12g} with survival above 0; "
            f"choose at most that"
        )


def _means(
    times: Floats,
    indicator: Integers,
    codes: Integers,
    late: Floats | None,
    names: tuple[Any, ...],
    tau: float,
    level: float,
) -> list[RestrictedMean]:
    horizon = checked_horizon("tau", tau)
    mean, variance = mean_totals(packed(times, indicator, codes, entry=late), len(names), horizon)
    refuse_short_follow_up("tau", horizon, mean[0], times, codes, names)
    quantile = normal_quantile(level)
    found = []
    for group in range(len(names)):
        value, error = float(mean[0, group]), float(np.sqrt(variance[0, group]))
        found.append(
            RestrictedMean(
                tau=horizon,
                mean=value,
                std_error=error,
                ci_low=value - quantile * error,
                ci_high=value + quantile * error,
                lost=horizon - value,
                n=int((codes == group).sum()),
                events=int(indicator[(codes == group) & (times <= horizon)].sum()),
                conf_level=level,
            )
        )
    return found
