"""Log-rank test of K groups with Fleming-Harrington weights, strata and left truncation. Arrays in, a result out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError
from sim.stats.arrays import Floats, Integers, entry_times, event_indicator, labels, observed_times, readonly
from sim.stats.chi_square import quadratic_form
from sim.stats.packed import packed, working_space
from sim.stats.tails import normal_lower, normal_two_sided

if TYPE_CHECKING:
    import pandas as pd

    from sim.stats.kernels.rows import Rows


@dataclass(frozen=True, eq=False, repr=False)
class LogRank:
    """A log-rank test.

    Attributes
    ----------
    groups
        Labels, sorted; the first is the reference.
    n, events
        Rows and events of each group, shape (K,).
    observed, expected
        Weighted sums of events and of what equal hazards lead one to expect, shape (K,); counts when rho = gamma = 0.
    covariance
        Of observed - expected of all groups but the first, shape (K - 1, K - 1): hypergeometric, under the null.
    statistic, df, p_value
        Chi-squared statistic, its degrees of freedom and two-sided p-value. Without information (no event while two
        groups are at risk) the statistic is 0 with 0 degrees of freedom, and p is 1.
    z, p_lower, p_higher
        Of two groups: (observed - expected) of the second one over its standard error, and one-sided p-values for a
        lower and for a higher hazard of the second group; None with more groups.
    rho, gamma
        Exponents of the weights.
    strata
        Number of strata; 1 without stratification.
    truncated
        Whether rows enter late.
    """

    groups: tuple[Any, ...]
    n: Integers
    events: Integers
    observed: Floats
    expected: Floats
    covariance: Floats
    statistic: float
    df: int
    p_value: float
    z: float | None
    p_lower: float | None
    p_higher: float | None
    rho: float
    gamma: float
    strata: int
    truncated: bool

    @property
    def conventions(self) -> str:
        """Variance, ties, sides and weights in words."""
        weights = "equal weights" if self.rho == self.gamma == 0 else f"weights {_fleming(self.rho, self.gamma)}"
        return (
            f"{weights}; variance: hypergeometric, under the null; ties: exact, events before censorings; p two-sided"
            + (f"; stratified, {self.strata} strata" if self.strata > 1 else "")
            + ("; left truncation" if self.truncated else "")
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a group: group, n, events, observed, expected."""
        import pandas as pd

        names = ("n", "events", "observed", "expected")
        return pd.DataFrame({"group": self.groups} | {name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        sided = "" if self.z is None else f", z = {self.z:.6g} ({self.groups[1]!s} against {self.groups[0]!s})"
        return (
            f"LogRank: chi-squared {self.statistic:.6g} on {self.df} df, p = {self.p_value:.4g}{sided}\n"
            f"  {self.conventions}"
        )


def log_rank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    rho: float = 0.0,
    gamma: float = 0.0,
) -> LogRank:
    """Log-rank test that K groups have the same hazard, with Fleming-Harrington weights.

    Parameters
    ----------
    time, event
        As `kaplan_meier` takes them, shape (n,).
    group
        Label of each row, shape (n,), at least two different ones. Sorted; the first is the reference.
    stratum
        Label of each row; sums are taken within strata and added.
    entry
        Time from which the row is under observation (left truncation); -inf for from the start.
    rho, gamma
        The weight at t is S(t-)^rho (1 - S(t-))^gamma with the pooled Kaplan-Meier estimate S of the stratum just
        before t: (0, 0) log-rank, (1, 0) early, (0, 1) late, (1, 1) middle differences.

    Raises
    ------
    EngraftError
        Names the field and the first row that cannot be used.

    References
    ----------
    Mantel, Cancer Chemother Rep 50 (1966) 163-170; Fleming and Harrington, Counting Processes and Survival Analysis
    (1991), section 7.2. Equals `survdiff` of R's survival for gamma = 0.
    """
    times, indicator, codes, names, strata, late = checked_sample(time, event, group, stratum, entry)
    first, second = exponent("rho", rho), exponent("gamma", gamma)
    rows = packed(times, indicator, codes, stratum=strata, entry=late)
    observed, expected, covariance = rank_totals(rows, len(names), np.array([first]), np.array([second]))
    test = quadratic_form((observed - expected)[0, 0, 1:], covariance[0])
    z = standardised(observed, expected, covariance)[0, 0] if len(names) == 2 else None
    return LogRank(
        groups=names,
        n=readonly(np.bincount(codes, minlength=len(names))),
        events=readonly(np.bincount(codes[indicator > 0], minlength=len(names))),
        observed=readonly(observed[0, 0]),
        expected=readonly(expected[0, 0]),
        covariance=readonly(covariance[0]),
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value if z is None else normal_two_sided(z),
        z=None if z is None else float(z),
        p_lower=None if z is None else normal_lower(z),
        p_higher=None if z is None else normal_lower(-z),
        rho=first,
        gamma=second,
        strata=1 if strata is None else int(strata.max()) + 1,
        truncated=late is not None and bool(np.isfinite(late).any()),
    )


def rank_totals(rows: Rows, groups: int, rho: Floats, gamma: Floats) -> tuple[Floats, Floats, Floats]:
    """Observed and expected sums, shape (sets, W, K), and covariances, (sets, W (K - 1), W (K - 1)), of all data sets.

    Parameters
    ----------
    rows
        Packed data sets.
    groups
        K.
    rho, gamma
        Exponents, shape (W,).
    """
    from sim.stats.kernels.trials import rank_trials

    sets, weights = rows.first_slice.size - 1, rho.size
    observed, expected = np.zeros((sets, weights, groups)), np.zeros((sets, weights, groups))
    covariance = np.zeros((sets, weights * (groups - 1), weights * (groups - 1)))
    table, at_risk = working_space(rows, groups)
    rank_trials(rows, groups, rho, gamma, table, at_risk, np.empty(weights), observed, expected, covariance)
    return observed, expected, covariance


def standardised(observed: Floats, expected: Floats, covariance: Floats) -> Floats:
    """Standard normal statistics of the second of two groups, shape (sets, W); 0 where there is no information."""
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    numerator = (observed - expected)[:, :, 1]
    z = np.divide(numerator, np.sqrt(variance), out=np.zeros(numerator.shape), where=variance > 0.0)
    return np.asarray(z, dtype=np.float64)


def checked_sample(
    time: ArrayLike, event: ArrayLike, group: ArrayLike, stratum: ArrayLike | None, entry: ArrayLike | None
) -> tuple[Floats, Integers, Integers, tuple[Any, ...], Integers | None, Floats | None]:
    """Times, events, group codes, group labels, stratum codes and entry times, checked; at least two groups."""
    times = observed_times("time", time)
    indicator = event_indicator(event, times)
    codes, names = labels("group", group, times, least=2)
    strata = None if stratum is None else labels("stratum", stratum, times)[0]
    return times, indicator, codes, names, strata, None if entry is None else entry_times(entry, times)


def exponent(field: str, value: float) -> float:
    """An exponent of a Fleming-Harrington weight: a finite number, 0 or more."""
    try:
        number = float("nan") if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not (np.isfinite(number) and number >= 0.0):
        raise EngraftError(f"{field}: found {value!s}; it must be a finite number, 0 or more")
    return number


def _fleming(rho: float, gamma: float) -> str:
    return f"Fleming-Harrington ({rho:g}, {gamma:g}), pooled Kaplan-Meier just before"
