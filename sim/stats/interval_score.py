"""Score tests that K groups with interval-censored times have one distribution. The pooled estimate is Turnbull's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Floats, Integers, labels, readonly
from sim.stats.chi_square import quadratic_form
from sim.stats.cox_data import Matrix, optional_labels
from sim.stats.interval_censored import MOST_SETS, Innermost, checked_intervals, innermost, solve
from sim.stats.tails import normal_lower

if TYPE_CHECKING:
    import pandas as pd

Scores = Literal["proportional hazards", "log-rank"]
ScoreVariance = Literal["permutation", "information"]

ROUNDING = 1e-10
"""Share of the variance of a score below which what is left after the masses explained it is rounding."""


@dataclass(frozen=True, eq=False, repr=False)
class IntervalScoreTest:
    """A test that K groups have the same distribution of an interval-censored time.

    Attributes
    ----------
    statistic, df, p_value
        Chi-square with K - 1 degrees of freedom; two-sided for two groups. Without information (all rows hold the same
        sets) the statistic is 0 with 0 degrees of freedom, and p is 1.
    groups, n, score
        Labels in order, rows and sum of scores of each: above 0 for events earlier than under one distribution.
    covariance
        Of the scores, shape (K, K).
    z, p_lower, p_higher
        Of two groups: score of the second one over its standard error, one-sided p for a lower and a higher hazard of
        the second group; None with more groups.
    scores, variance, strata
        Conventions.
    """

    statistic: float
    df: int
    p_value: float
    groups: tuple[Any, ...]
    n: Integers
    score: Floats
    covariance: Matrix
    z: float | None
    p_lower: float | None
    p_higher: float | None
    scores: Scores
    variance: ScoreVariance
    strata: int

    @property
    def conventions(self) -> str:
        """Scores, variance and sides, in words."""
        kinds = {
            "proportional hazards": "grouped proportional hazards (Finkelstein 1986)",
            "log-rank": "log-rank (Sun 1996)",
        }
        variances = {
            "permutation": "permutation, for visits alike in the groups",
            "information": "observed information, for a schedule of visits that does not grow with n",
        }
        stratified = f"; stratified, {self.strata} strata" if self.strata > 1 else ""
        return f"scores: {kinds[self.scores]}; variance: {variances[self.variance]}; p two-sided{stratified}"

    def to_frame(self) -> pd.DataFrame:
        """One row a group: group, n, score."""
        import pandas as pd

        return pd.DataFrame({"group": list(self.groups), "n": self.n, "score": self.score})

    def __repr__(self) -> str:
        sided = "" if self.z is None else f", z = {self.z:.6g} ({self.groups[1]!s} against {self.groups[0]!s})"
        return (
            f"IntervalScoreTest: chi-square {self.statistic:.6g} on {self.df} df, p = {self.p_value:.4g}{sided}\n"
            f"  {self.conventions}"
        )


def interval_score_test(
    left: ArrayLike,
    right: ArrayLike,
    group: ArrayLike,
    *,
    scores: Scores = "proportional hazards",
    variance: ScoreVariance = "permutation",
    stratum: ArrayLike | None = None,
) -> IntervalScoreTest:
    """Score test for interval-censored times, such as a relapse detected at a visit.

    Parameters
    ----------
    left, right
        As `turnbull` takes them, shape (n,).
    group
        Labels, shape (n,), at least two different ones.
    scores
        "proportional hazards": derivative of the likelihood under grouped proportional hazards. "log-rank": with
        Nelson-Aalen's hazards in place of the logarithm of survival; without censoring by intervals these are the
        scores of the log-rank test.
    variance
        "permutation": exchangeable groups, right in small samples too if visits do not differ between them.
        "information": inverse observed information of the grouped model, also where the arms are visited differently,
        as long as the times of visits are few; with "proportional hazards" scores only.
    stratum
        Labels, shape (n,): estimates, scores and variances are made in each and added up.

    Raises
    ------
    EngraftError
        If a column cannot be used, or log-rank scores are asked with the information.

    Notes
    -----
    With S Turnbull's estimate from all rows, a row with event in (l, r] has the score (S(l) log S(l) - S(r) log S(r)) /
    (S(l) - S(r)); the log-rank score has minus the sum of mass / S just before in place of log S. With the information,
    the variance is that of the score given the estimated masses: the information of the group's log hazard ratio less
    what the masses explain.

    References
    ----------
    Finkelstein, Biometrics 42 (1986) 845-854; Sun, Statistics in Medicine 15 (1996) 1387-1395; Fay, Statistics in
    Medicine 18 (1999) 273-285 (permutation form); Fay and Shaw, Journal of Statistical Software 36(2) (2010).
    """
    begin, end = checked_intervals(left, right)
    members, names = labels("group", group, begin, least=2)
    places, stratum_names = optional_labels("stratum", stratum, begin)
    for field, value, known in (("scores", scores, Scores), ("variance", variance, ScoreVariance)):
        if value not in get_args(known):
            raise EngraftError(f'{field}: found "{value!s}"{did_you_mean(str(value), get_args(known))}')
    if variance == "information" and scores == "log-rank":
        raise EngraftError('variance: found "information" with log-rank scores; it goes with "proportional hazards"')
    indicator = (members[:, np.newaxis] == np.arange(len(names))).astype(np.float64)
    score, covariance = np.zeros(len(names)), np.zeros((len(names), len(names)))
    for place in range(len(stratum_names)):
        rows = places == place
        added = _stratum(begin[rows], end[rows], indicator[rows], scores, variance)
        score, covariance = score + added[0], covariance + added[1]
    test = quadratic_form(score, covariance)
    two = len(names) == 2
    error = float(np.sqrt(covariance[1, 1]))
    z = float(score[1] / error) if test.df else 0.0
    return IntervalScoreTest(
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        groups=names,
        n=readonly(np.bincount(members, minlength=len(names))),
        score=readonly(score),
        covariance=readonly(covariance),
        z=z if two else None,
        p_lower=normal_lower(z) if two else None,
        p_higher=normal_lower(-z) if two else None,
        scores=scores,
        variance=variance,
        strata=len(stratum_names),
    )


def _stratum(
    begin: Floats, end: Floats, indicator: Matrix, scores: Scores, variance: ScoreVariance
) -> tuple[Floats, Matrix]:
    """Scores of the groups and their covariance."""
    sets = innermost(begin, end)
    mass, _, _ = solve(sets)
    after = np.clip(np.append(np.cumsum(mass[::-1])[::-1], 0.0), 0.0, 1.0)  # survival before each set, and at the end
    after[0] = 1.0
    held = after[sets.first] - after[sets.last + 1]
    before, beyond = after[sets.first], after[sets.last + 1]
    if scores == "log-rank":
        hazard = np.divide(mass, after[:-1], out=np.zeros(mass.size), where=after[:-1] > 0.0)
        logarithm = -np.concatenate(([0.0], np.cumsum(hazard)))
    else:
        logarithm = np.log(np.where(after > 0.0, after, 1.0))
    of_row = (before * logarithm[sets.first] - beyond * logarithm[sets.last + 1]) / held
    score = indicator.T @ of_row
    if variance == "information":
        return score, _information(sets, mass, after, held, of_row, indicator)
    n = begin.size
    if n < 2:
        return score, np.zeros((score.size, score.size))
    apart = indicator - indicator.mean(axis=0)
    spread = float(np.sum((of_row - of_row.mean()) ** 2)) / (n - 1)
    if spread < 1e-20:
        spread = 0.0
    return indicator.T @ (of_row - of_row.mean()), spread * (apart.T @ apart)


def _information(
    sets: Innermost, mass: Floats, after: Floats, held: Floats, of_row: Floats, indicator: Matrix
) -> Matrix:
    """Observed information of the groups' log hazard ratios, less what the survival estimates explain.

    With P = S(l) - S(r) and u the row's score: d2 log P / db2 = (f(S(l)) - f(S(r))) / P - u^2, where
    f(s) = s log s (1 + log s); d2 log P / db dS(l) = (1 + log S(l) - u) / P, and the same with the other sign at r.
    """
    kept = np.flatnonzero(mass > 0.0)
    if kept.size > MOST_SETS:
        raise EngraftError(
            f"variance: found {kept.size} sets with mass; the information needs a schedule of visits (at most "
            f'{MOST_SETS}); take "permutation"'
        )
    inner = kept[1:]  # survival before each set with mass but the first one is a parameter
    logarithm = np.log(np.where(after > 0.0, after, 1.0))
    curved = after * logarithm * (1.0 + logarithm)
    own = of_row**2 - (curved[sets.first] - curved[sets.last + 1]) / held
    # The parameter that survival at an end of a row stands for: the first set with mass at or after the end.
    at_left = np.searchsorted(kept, sets.first) - 1
    at_right = np.searchsorted(kept, sets.last + 1) - 1
    begins, ends = np.zeros((held.size, inner.size)), np.zeros((held.size, inner.size))
    for table, at in ((begins, at_left), (ends, at_right)):
        inside = (at >= 0) & (at < inner.size)
        table[np.flatnonzero(inside), at[inside]] = 1.0
    slope = (begins - ends) / held[:, np.newaxis]
    log_left, log_right = logarithm[sets.first], logarithm[sets.last + 1]
    crossed = (
        begins * (1.0 + log_left - of_row)[:, np.newaxis] - ends * (1.0 + log_right - of_row)[:, np.newaxis]
    ) / held[:, np.newaxis]
    direct = indicator.T @ (own[:, np.newaxis] * indicator)
    if inner.size == 0:
        return np.zeros_like(direct)
    mixed = -indicator.T @ crossed
    plain = slope.T @ slope
    found = direct - mixed @ np.linalg.pinv(plain, hermitian=True) @ mixed.T
    told = np.diag(found) > ROUNDING * np.abs(np.diag(direct))  # what the masses explain wholly leaves rounding only
    return np.asarray(np.where(np.outer(told, told), found, 0.0))
