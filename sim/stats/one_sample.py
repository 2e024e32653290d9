"""One-sample log-rank test: events of one arm against those that a given survival curve leads one to expect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Floats, column, entry_times, event_indicator, observed_times, refuse
from sim.stats.intervals import checked_level
from sim.stats.tails import normal_lower, normal_two_sided

if TYPE_CHECKING:
    import pandas as pd

NullVariance = Literal["expected", "mean"]


@dataclass(frozen=True)
class OneSampleLogRank:
    """Observed against expected events of one arm.

    Attributes
    ----------
    observed, expected
        Events seen, and the sum of the reference's cumulative hazard over the time that each row was under observation.
    z, statistic
        (observed - expected) over its standard error, and its square; below 0: fewer events than the reference.
    p_value, p_lower, p_higher
        Two-sided; one-sided for a lower and for a higher hazard than the reference.
    ratio, ci_low, ci_high
        Standardised event ratio observed / expected, with the exact Poisson interval.
    n, variance, conf_level
        Rows; conventions.
    """

    observed: int
    expected: float
    z: float
    statistic: float
    p_value: float
    p_lower: float
    p_higher: float
    ratio: float
    ci_low: float
    ci_high: float
    n: int
    variance: NullVariance
    conf_level: float

    @property
    def conventions(self) -> str:
        """Variance, sides and interval, in words."""
        kind = "expected events, under the null" if self.variance == "expected" else "(observed + expected) / 2"
        return f"variance: {kind}; p two-sided; interval of the ratio: {100 * self.conf_level:g}% exact Poisson"

    def to_frame(self) -> pd.DataFrame:
        """One row: n, observed, expected, ratio with limits, z and p-values."""
        import pandas as pd

        names = ("n", "observed", "expected", "ratio", "ci_low", "ci_high", "z", "p_value", "p_lower", "p_higher")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})

    def __repr__(self) -> str:
        return (
            f"OneSampleLogRank: {self.observed} events, {self.expected:.6g} expected, ratio {self.ratio:.6g} "
            f"({self.ci_low:.6g} to {self.ci_high:.6g}), z = {self.z:.6g}, p = {self.p_value:.4g}\n  {self.conventions}"
        )


def one_sample_log_rank(
    time: ArrayLike,
    event: ArrayLike,
    *,
    survival: Callable[[Floats], ArrayLike] | None = None,
    hazards: Sequence[tuple[float, float]] | None = None,
    entry: ArrayLike | None = None,
    variance: NullVariance = "expected",
    conf_level: float = 0.95,
) -> OneSampleLogRank:
    """One-sample log-rank test against a given survival function or piecewise constant hazards.

    Parameters
    ----------
    time, event
        As `kaplan_meier` takes them, shape (n,).
    survival
        Reference survival function: takes times of shape (n,), gives probabilities above 0. Or give
    hazards
        Pairs (start, hazard per unit of time), starts ascending from 0: each hazard holds up to the next start.
    entry
        Time from which the row is under observation, before `time`; -inf or below 0 counts as 0.
    variance
        "expected": Breslow's, the expected events. "mean": the mean of observed and expected, whose type I error is
        nearer to its level in small arms, more so for the one-sided test of a lower hazard (Wu).
    conf_level
        Of the interval of the ratio.

    Raises
    ------
    EngraftError
        If a column cannot be used, not exactly one reference is given, it is no survival function, or no event is
        expected.

    References
    ----------
    Breslow, International Statistical Review 43 (1975) 45-57; Finkelstein, Muzikansky and Schoenfeld, JNCI 95 (2003)
    1434-1439; Wu, Pharmaceutical Statistics 13 (2014) 26-33 (variance); Garwood, Biometrika 28 (1936) 437-442
    (interval).
    """
    from scipy.special import gammaincinv

    level = checked_level(conf_level)
    if variance not in get_args(NullVariance):
        raise EngraftError(f'variance: found "{variance!s}"{did_you_mean(str(variance), get_args(NullVariance))}')
    times = observed_times("time", time)
    indicator = event_indicator(event, times)
    begin = np.zeros(times.size) if entry is None else np.maximum(entry_times(entry, times), 0.0)
    if (survival is None) == (hazards is None):
        raise EngraftError("survival: give either a survival function or hazards, and not both")
    if survival is not None:
        due = _from_survival(survival, times) - _from_survival(survival, begin)
    else:
        due = _from_hazards(hazards or [], times) - _from_hazards(hazards or [], begin)
    if (due < -1e-12).any():
        raise EngraftError("survival: it rises between a row's entry and its time; a survival function never does")
    observed, expected = int(indicator.sum()), float(due.sum())
    if not expected > 0.0:
        raise EngraftError("time: the reference expects no event up to the observed times; nothing can be tested")
    spread = expected if variance == "expected" else (observed + expected) / 2.0
    z = (observed - expected) / float(np.sqrt(spread))
    tail = (1.0 - level) / 2.0
    low = float(gammaincinv(observed, tail)) if observed else 0.0
    high = float(gammaincinv(observed + 1, 1.0 - tail))
    return OneSampleLogRank(
        observed=observed,
        expected=expected,
        z=z,
        statistic=z * z,
        p_value=normal_two_sided(z),
        p_lower=normal_lower(z),
        p_higher=normal_lower(-z),
        ratio=observed / expected,
        ci_low=low / expected,
        ci_high=high / expected,
        n=times.size,
        variance=variance,
        conf_level=level,
    )


def _from_survival(survival: Callable[[Floats], ArrayLike], times: Floats) -> Floats:
    """Cumulative hazard, -log of the survival function."""
    found = column("survival", survival(times))
    if found.size != times.size:
        raise EngraftError(f"survival: found {found.size} values for {times.size} times; it must give one for each")
    refuse("survival", found, ~((found > 0.0) & (found <= 1.0)), "it must be above 0 and at most 1 at every row's time")
    return np.asarray(-np.log(found), dtype=np.float64)


def _from_hazards(hazards: Sequence[tuple[float, float]], times: Floats) -> Floats:
    """Cumulative hazard of piecewise constant hazards."""
    try:
        pairs = np.asarray(hazards, dtype=np.float64)
    except (TypeError, ValueError):
        pairs = np.empty(0)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.shape[0] == 0:
        raise EngraftError("hazards: it must be pairs of start and hazard, for example [(0, 0.1), (365, 0.05)]")
    start, rate = pairs[:, 0], pairs[:, 1]
    if start[0] != 0.0 or not (np.diff(start) > 0.0).all() or not np.isfinite(start).all():
        raise EngraftError(f"hazards: found the starts {', '.join(f'{s:g}' for s in start)}; they must ascend from 0")
    refuse("hazards", rate, ~(np.isfinite(rate) & (rate >= 0.0)), "it must be a finite number, 0 or more")
    ends = np.append(start[1:], np.inf)
    spent = np.clip(times[:, np.newaxis], start, ends) - start
    return np.asarray(spent @ rate, dtype=np.float64)
