"""Statistics of many two-arm trials at once on compiled rows, without pandas. Formulas and single data sets: elsewhere.

Pack the trials once with `trials`, then ask each function for its numbers: arrays with one entry a trial. Simulation
code that is compiled itself calls the functions of `sim.stats.kernels` on its own sorted arrays instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Flags, Floats, Integers, cause_codes, column, entry_times, labels, observed_times, refuse
from sim.stats.log_rank import exponent, rank_totals, standardised
from sim.stats.max_combo import STANDARD_WEIGHTS, checked_weights
from sim.stats.milestone import incidence_totals, milestone_totals
from sim.stats.normal_box import normal_box
from sim.stats.packed import packed, working_space
from sim.stats.restricted_mean import checked_horizon, mean_totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sim.stats.kernels.rows import Rows

Ties = Literal["efron", "breslow"]

FIRST_LOOK = 251
"""Lattice points for a rejection by MaxCombo that is not near; three standard errors are about 1e-3 with them."""


@dataclass(frozen=True, eq=False, repr=False)
class Trials:
    """Packed trials: `rows` are sorted by trial, stratum and time; `number` counts the trials."""

    rows: Rows
    number: int
    stratified: bool

    def __repr__(self) -> str:
        kind = ", stratified" if self.stratified else ""
        return f"Trials: {self.number} trials, {self.rows.time.size} rows{kind}"


class _Table:
    conventions: ClassVar[str]
    """Variance, ties and sides in words."""

    def __repr__(self) -> str:
        first = getattr(self, next(iter(self.__dataclass_fields__)))  # type: ignore[attr-defined]
        return f"{type(self).__name__}: {len(first)} trials; {self.conventions}"

    def to_frame(self) -> pd.DataFrame:
        """One row a trial; fields with two arms become two columns, `_0` and `_1`."""
        import pandas as pd

        columns = {}
        for name in self.__dataclass_fields__:  # type: ignore[attr-defined]
            values = getattr(self, name)
            if values.ndim == 1:
                columns[name] = values
            elif values.ndim == 2:
                columns |= {f"{name}_{place}": values[:, place] for place in range(values.shape[1])}
        return pd.DataFrame(columns)


@dataclass(frozen=True, eq=False, repr=False)
class RankBatch(_Table):
    """Log-rank statistics, shape (trials,): `numerator` observed less expected of arm 1, its null `variance`, and `z`.

    `z` is 0 where `informative` is false: no event while both arms are at risk.
    """

    conventions = "variance: hypergeometric, under the null; ties: exact; z of arm 1 against arm 0"

    numerator: Floats
    variance: Floats
    z: Floats
    informative: Flags


@dataclass(frozen=True, eq=False, repr=False)
class MaxComboBatch(_Table):
    """Weighted log-rank statistics `z`, shape (trials, W), and their null `correlation`, shape (trials, W, W)."""

    conventions = "covariance: hypergeometric, under the null; ties: exact; rejections two-sided"

    z: Floats
    correlation: Floats

    def rejects(self, alpha: float) -> Flags:
        """Whether the two-sided MaxCombo p-value is at most alpha; shape (trials,).

        The joint law is integrated only where neither the most extreme statistic alone nor Bonferroni's bound decides.
        """
        from scipy.special import ndtr

        single = 2.0 * ndtr(-np.abs(self.z).max(axis=1))
        found = np.asarray(single * self.z.shape[1] <= alpha)
        for trial in np.flatnonzero(~found & (single <= alpha)):
            told = np.diagonal(self.correlation[trial]) > 0.0
            reach, correlation = float(np.abs(self.z[trial]).max()), self.correlation[trial][np.ix_(told, told)]
            inside, error = normal_box(-reach, reach, correlation, points=FIRST_LOOK)
            if abs(1.0 - inside - alpha) <= 2.0 * error:
                inside, _ = normal_box(-reach, reach, correlation)
            found[trial] = 1.0 - inside <= alpha
        return found


@dataclass(frozen=True, eq=False, repr=False)
class CoxBatch(_Table):
    """Cox models of arm 1 against arm 0, shape (trials,).

    `score` and `score_variance` are at a hazard ratio of 1, `score_z` their test (0 without information).
    `log_hazard_ratio` is infinite, and its `std_error` too, where the likelihood has no maximum, and NaN without
    information; `finite` marks the rest.
    """

    conventions = "arm 1 against arm 0; score test under the null, Wald errors from the observed information"

    score: Floats
    score_variance: Floats
    score_z: Floats
    log_hazard_ratio: Floats
    std_error: Floats
    finite: Flags


@dataclass(frozen=True, eq=False, repr=False)
class ArmsBatch(_Table):
    """A quantity in both arms of each trial and its difference, arm 1 less arm 0.

    `estimate` and `std_error` have shape (trials, 2), the others (trials,). `z` is the difference over its standard
    error (variances of the arms added). `defined` is false, and z NaN, where an arm is empty or not followed that far
    (its estimate is NaN), or where neither arm has any spread.
    """

    conventions = "variance: Greenwood type, under the alternative; arm 1 less arm 0"

    estimate: Floats
    std_error: Floats
    difference: Floats
    difference_error: Floats
    z: Floats
    defined: Flags


def trials(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
) -> Trials:
    """Check and pack many two-arm trials.

    Parameters
    ----------
    time, event, group
        Shape (trials, patients); or flat, shape (rows,), with `offsets`. Event is 0 or the code of a cause (any code is
        an event except for the cumulative incidence, which is of cause 1); group is 0 or 1.
    stratum, entry
        As `log_rank` takes them; same shape.
    offsets
        First row of each trial and the number of rows, ascending, shape (trials + 1,).

    Raises
    ------
    EngraftError
        Names the field and the first row that cannot be used, counted over all trials.
    """
    shape, bounds = _bounds(time, offsets)
    flat = [np.asarray(values) for values in (time, event, group)]
    names = ("time", "event", "group")
    for name, values in zip(names, flat, strict=True):
        if values.shape != shape:
            raise EngraftError(f"{name}: found the shape {values.shape}, but time has {shape}; they must be the same")
    times = observed_times("time", flat[0].ravel())
    causes, _ = cause_codes(flat[1].ravel(), times, None)
    arms = column("group", flat[2].ravel())
    refuse("group", arms, (arms != 0.0) & (arms != 1.0), "it must be 0 or 1")
    strata = None if stratum is None else labels("stratum", np.asarray(stratum).ravel(), times)[0]
    late = None if entry is None else entry_times(np.asarray(entry).ravel(), times)
    rows = packed(times, causes, arms.astype(np.int64), stratum=strata, entry=late, offsets=bounds)
    return Trials(rows, bounds.size - 1, stratum is not None)


def log_rank(packed_trials: Trials, *, rho: float = 0.0, gamma: float = 0.0) -> RankBatch:
    """Log-rank statistics with Fleming-Harrington weights, within strata if there are any; see `sim.stats.log_rank`."""
    exponents = np.array([exponent("rho", rho)]), np.array([exponent("gamma", gamma)])
    observed, expected, covariance = rank_totals(packed_trials.rows, 2, *exponents)
    variance = covariance[:, 0, 0]
    z = standardised(observed, expected, covariance)[:, 0]
    return RankBatch((observed - expected)[:, 0, 1], variance, z, variance > 0.0)


def max_combo(packed_trials: Trials, *, weights: Sequence[tuple[float, float]] = STANDARD_WEIGHTS) -> MaxComboBatch:
    """Weighted log-rank statistics and their null correlation; see `sim.stats.max_combo`."""
    rho, gamma = np.array(checked_weights(weights)).T.copy()
    observed, expected, covariance = rank_totals(packed_trials.rows, 2, rho, gamma)
    scale = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    products = scale[:, :, np.newaxis] * scale[:, np.newaxis, :]
    correlation = np.divide(covariance, products, out=np.zeros(covariance.shape), where=products > 0.0)
    return MaxComboBatch(standardised(observed, expected, covariance), correlation)


def cox(packed_trials: Trials, *, ties: Ties = "efron") -> CoxBatch:
    """Score test and hazard ratio of arm 1 against arm 0, stratified where the trials are.

    Parameters
    ----------
    packed_trials
        From `trials`.
    ties
        "efron" or "breslow".

    References
    ----------
    Cox, JRSS B 34 (1972) 187-220; Efron, JASA 72 (1977) 557-565; Breslow, Biometrics 30 (1974) 89-99.
    """
    from sim.stats.kernels.trials import cox_trials

    if ties not in get_args(Ties):
        raise EngraftError(f'ties: found "{ties!s}"{did_you_mean(str(ties), get_args(Ties))}')
    score, null_information, log_ratio, information = (np.empty(packed_trials.number) for _ in range(4))
    space = working_space(packed_trials.rows, 2)
    cox_trials(packed_trials.rows, ties == "efron", *space, score, null_information, log_ratio, information)
    finite = np.isfinite(log_ratio)
    error = np.where(np.isnan(log_ratio), np.nan, np.inf)
    error[finite] = 1.0 / np.sqrt(information[finite])
    z = np.divide(score, np.sqrt(null_information), out=np.zeros(score.shape), where=null_information > 0.0)
    return CoxBatch(score, null_information, z, log_ratio, error, finite)


def milestone(packed_trials: Trials, *, at: float) -> ArmsBatch:
    """Kaplan-Meier survival of both arms at a time, and its difference; see `sim.stats.milestone_difference`."""
    moment = checked_horizon("at", at, above_zero=False)
    survival, log_variance = milestone_totals(_unstratified(packed_trials), 2, moment)
    return _arms(survival, survival**2 * log_variance)


def rmst(packed_trials: Trials, *, tau: float) -> ArmsBatch:
    """Restricted mean survival time of both arms, and its difference; see `sim.stats.rmst_difference`."""
    return _arms(*mean_totals(_unstratified(packed_trials), 2, checked_horizon("tau", tau)))


def cumulative_incidence(packed_trials: Trials, *, at: float) -> ArmsBatch:
    """Cumulative incidence of cause 1 in both arms at a time; see `sim.stats.incidence_difference`."""
    moment = checked_horizon("at", at, above_zero=False)
    return _arms(*incidence_totals(_unstratified(packed_trials), 2, moment))


def _arms(estimate: Floats, variance: NDArray[np.float64]) -> ArmsBatch:
    difference, total = estimate[:, 1] - estimate[:, 0], np.sqrt(variance.sum(axis=1))
    defined = total > 0.0
    z = np.divide(difference, total, out=np.full(total.shape, np.nan), where=defined)
    return ArmsBatch(estimate, np.sqrt(variance), difference, total, z, defined)


def _unstratified(packed_trials: Trials) -> Rows:
    if packed_trials.stratified:
        raise EngraftError("stratum: found strata, which this quantity does not know; pack the trials without them")
    return packed_trials.rows


def _bounds(time: ArrayLike, offsets: ArrayLike | None) -> tuple[tuple[int, ...], Integers]:
    shape = np.asarray(time).shape
    if offsets is None:
        if len(shape) != 2 or 0 in shape:
            raise EngraftError(f"time: found the shape {shape}; it must be (trials, patients), or flat with offsets")
        return shape, np.arange(shape[0] + 1, dtype=np.int64) * shape[1]
    found = np.asarray(offsets)
    whole = found.ndim == 1 and found.size > 1 and found.dtype.kind in "iu"
    if len(shape) != 1 or not whole or found[0] != 0 or found[-1] != shape[0] or (np.diff(found) < 1).any():
        raise EngraftError("offsets: they must rise from 0 to the number of rows of flat columns, one or more a trial")
    return shape, found.astype(np.int64)
