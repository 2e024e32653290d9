"""Difference of survival, or of cumulative incidence, between two groups at one time. Curves: survival, competing."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Floats, cause_codes, entry_times, labels, observed_times
from sim.stats.intervals import checked_level, normal_quantile
from sim.stats.log_rank import checked_sample
from sim.stats.packed import packed, working_space
from sim.stats.restricted_mean import checked_horizon, refuse_short_follow_up
from sim.stats.tails import normal_two_sided

if TYPE_CHECKING:
    import pandas as pd

    from sim.stats.kernels.rows import Rows

Scale = Literal["plain", "log-log"]


@dataclass(frozen=True)
class MilestoneDifference:
    """A probability in two groups at one time, and its difference, second less first.

    `z` and `p_value` test equal probabilities on `scale`, with the variances of the groups added, not pooled under the
    null; the interval of the difference is always plain. `quantity` is "survival" or "cumulative incidence".
    """

    quantity: str
    groups: tuple[Any, ...]
    at: float
    estimates: tuple[float, float]
    std_errors: tuple[float, float]
    difference: float
    std_error: float
    ci_low: float
    ci_high: float
    z: float
    p_value: float
    scale: Scale
    conf_level: float

    @property
    def conventions(self) -> str:
        """Variance, sides, scale and interval in words."""
        return (
            f"variance: Greenwood, under the alternative; p two-sided, {self.scale} scale; "
            f"interval: {100 * self.conf_level:g}% normal, plain"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row: quantity, at, difference, std_error, ci_low, ci_high, z, p_value."""
        import pandas as pd

        names = ("quantity", "at", "difference", "std_error", "ci_low", "ci_high", "z", "p_value")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])

    def __repr__(self) -> str:
        return (
            f"MilestoneDifference of {self.quantity} at {self.at:g}: {self.groups[1]!s} {self.estimates[1]:.6g} - "
            f"{self.groups[0]!s} {self.estimates[0]:.6g} = {self.difference:.6g} "
            f"({self.ci_low:.6g} to {self.ci_high:.6g}), p = {self.p_value:.4g}\n  {self.conventions}"
        )


def milestone_difference(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    at: float,
    entry: ArrayLike | None = None,
    scale: Scale = "plain",
    conf_level: float = 0.95,
) -> MilestoneDifference:
    """Difference of Kaplan-Meier survival between two groups at one time.

    Parameters
    ----------
    time, event, entry
        As `kaplan_meier` takes them, shape (n,).
    group
        Label of each row, exactly two different ones. Sorted; the second is compared with the first.
    at
        The time; both groups must be followed to it, unless their curve has come to 0 before.
    scale
        Of the test: "plain" compares S, "log-log" log(-log S), which keeps its level better in small samples.
    conf_level
        Level of the plain normal interval of the difference.

    Raises
    ------
    EngraftError
        Also where a standard error does not exist: neither group has any spread; on the log-log scale, survival 0 or 1.

    References
    ----------
    Klein, Logan, Harhoff and Andersen, Stat Med 26 (2007) 4505-4519.
    """
    level, kind, moment = checked_level(conf_level), _checked_scale(scale), checked_horizon("at", at, above_zero=False)
    times, indicator, codes, names, _, late = checked_sample(time, event, group, None, entry)
    _refuse_more_than_two(names)
    survival, log_variance = milestone_totals(packed(times, indicator, codes, entry=late), 2, moment)
    refuse_short_follow_up("at", moment, survival[0], times, codes, names)
    return _difference("survival", names, moment, survival[0], survival[0] * np.sqrt(log_variance[0]), kind, level)


def incidence_difference(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    *,
    at: float,
    entry: ArrayLike | None = None,
    scale: Scale = "plain",
    conf_level: float = 0.95,
) -> MilestoneDifference:
    """Difference of the Aalen-Johansen cumulative incidence of cause 1 between two groups at one time.

    Parameters
    ----------
    time, cause, entry
        As `aalen_johansen` takes them, shape (n,); cause 1 is compared, others compete.
    group, at, conf_level
        As in `milestone_difference`.
    scale
        Of the test: "plain" compares F, "log-log" log(-log F).

    Raises
    ------
    EngraftError
        As `milestone_difference`.

    References
    ----------
    Variance: see `aalen_johansen`. Test at one time: Klein, Logan, Harhoff and Andersen, Stat Med 26 (2007) 4505-4519.
    """
    level, kind, moment = checked_level(conf_level), _checked_scale(scale), checked_horizon("at", at, above_zero=False)
    times = observed_times("time", time)
    causes, _ = cause_codes(cause, times, None)
    codes, names = labels("group", group, times, least=2)
    _refuse_more_than_two(names)
    late = None if entry is None else entry_times(entry, times)
    incidence, variance = incidence_totals(packed(times, causes, codes, entry=late), 2, moment)
    refuse_short_follow_up("at", moment, incidence[0], times, codes, names)
    return _difference("cumulative incidence", names, moment, incidence[0], np.sqrt(variance[0]), kind, level)


def milestone_totals(rows: Rows, groups: int, at: float) -> tuple[Floats, Floats]:
    """Survival and Greenwood's sums, shape (sets, K), of all data sets; NaN where follow-up ends before."""
    from sim.stats.kernels.trials import milestone_trials

    shape = (rows.first_slice.size - 1, groups)
    survival, log_variance = np.empty(shape), np.empty(shape)
    milestone_trials(rows, groups, at, *working_space(rows, groups), survival, log_variance)
    return survival, log_variance


def incidence_totals(rows: Rows, groups: int, at: float) -> tuple[Floats, Floats]:
    """Cumulative incidence of cause 1 and its variance, shape (sets, K); NaN where follow-up ends before."""
    from sim.stats.kernels.trials import incidence_trials

    shape = (rows.first_slice.size - 1, groups)
    incidence, variance = np.empty(shape), np.empty(shape)
    incidence_trials(rows, groups, at, *working_space(rows, groups), incidence, variance)
    return incidence, variance


def log_log_statistic(estimate: Floats, error: Floats) -> Floats:
    """Standardised difference of log(-log p), with the sign of p_2 - p_1: that scale falls as p rises.

    Parameters
    ----------
    estimate, error
        Probabilities strictly between 0 and 1 and their standard errors, shape (.., 2).

    References
    ----------
    Klein, Logan, Harhoff and Andersen, Stat Med 26 (2007) 4505-4519, section 2.
    """
    scaled = np.log(-np.log(estimate))
    variance = ((error / (estimate * np.log(estimate))) ** 2).sum(axis=-1)
    return np.asarray((scaled[..., 0] - scaled[..., 1]) / np.sqrt(variance), dtype=np.float64)


def _difference(
    quantity: str, names: tuple[Any, ...], at: float, estimate: Floats, error: Floats, scale: Scale, level: float
) -> MilestoneDifference:
    difference, total = float(estimate[1] - estimate[0]), sqrt(float(error[0] ** 2 + error[1] ** 2))
    if total == 0.0:
        raise EngraftError(
            f"event: found no spread within the groups by {at:g} (no events, or all at one time); "
            f"the difference has no standard error"
        )
    for name, value in zip(names, estimate, strict=True):
        if scale == "log-log" and value in (0.0, 1.0):
            raise EngraftError(
                f'scale: {quantity} of {name!s} at {at:g} is {value:g}, where "log-log" has no value; use "plain"'
            )
    z = float(difference / total if scale == "plain" else log_log_statistic(estimate, error))
    reach = normal_quantile(level) * total
    return MilestoneDifference(
        quantity=quantity,
        groups=names,
        at=at,
        estimates=(float(estimate[0]), float(estimate[1])),
        std_errors=(float(error[0]), float(error[1])),
        difference=difference,
        std_error=total,
        ci_low=difference - reach,
        ci_high=difference + reach,
        z=z,
        p_value=normal_two_sided(z),
        scale=scale,
        conf_level=level,
    )


def _refuse_more_than_two(names: tuple[Any, ...]) -> None:
    if len(names) > 2:
        raise EngraftError(f"group: found {len(names)} groups; a difference is of exactly two")


def _checked_scale(scale: str) -> Scale:
    for known in get_args(Scale):
        if scale == known:
            return known  # type: ignore[no-any-return]
    raise EngraftError(f'scale: found "{scale!s}"{did_you_mean(str(scale), get_args(Scale))}')
