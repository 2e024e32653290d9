"""Gray's K-sample test of equal cumulative incidence, with strata and weights. Curves are in competing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Floats, Integers, cause_codes, finite, labels, observed_times, readonly
from sim.stats.chi_square import quadratic_form
from sim.stats.cox_data import Matrix, optional_labels

if TYPE_CHECKING:
    import pandas as pd


GrayTies = Literal["separate", "joint"]


@dataclass(frozen=True, eq=False, repr=False)
class GrayTest:
    """A test that the cumulative incidence of a cause is the same in K groups.

    Attributes
    ----------
    statistic, df, p_value
        Chi-square with K - 1 degrees of freedom, two-sided for two groups. Fewer where groups are never at risk with
        others when events happen; without any information the statistic is 0 with 0 degrees of freedom, and p is 1.
    groups, n
        Labels in order, and rows of each.
    events, expected
        Weighted events of the cause in each group, and what equal subdistribution hazards would give; shape (K,).
    covariance
        Of `events` - `expected`, shape (K, K).
    of, rho, ties, strata
        The cause tested, the power of the weight, the rule for tied causes, the number of strata.
    """

    statistic: float
    df: int
    p_value: float
    groups: tuple[Any, ...]
    n: Integers
    events: Floats
    expected: Floats
    covariance: Matrix
    of: int
    rho: float
    ties: GrayTies
    strata: int

    @property
    def conventions(self) -> str:
        """Variance, tie rule and sides, in words."""
        return (
            f"cause {self.of}; weight (1 - F)^{self.rho:g}, F pooled; variance: Gray (1988), under the null, with "
            f"finite-sample factors for tied events, causes {self.ties}; two-sided; {self.strata} strata"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a group: n, events, expected."""
        import pandas as pd

        return pd.DataFrame({"group": list(self.groups), "n": self.n, "events": self.events, "expected": self.expected})

    def __repr__(self) -> str:
        lines = [
            f"  {group}: n {n}, events {seen:.6g}, expected {due:.6g}"
            for group, n, seen, due in zip(self.groups, self.n, self.events, self.expected, strict=True)
        ]
        head = f"GrayTest: chi-square {self.statistic:.6g} on {self.df} df, p = {self.p_value:.4g}"
        return "\n".join([head, *lines, f"  {self.conventions}"])


def gray_test(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    *,
    of: int = 1,
    stratum: ArrayLike | None = None,
    rho: float = 0.0,
    ties: GrayTies = "separate",
) -> GrayTest:
    """Gray's test of equal cumulative incidence of one cause among K groups.

    Parameters
    ----------
    time, cause
        As `aalen_johansen` takes them, shape (n,); all causes but `of` compete.
    group
        Labels, shape (n,), at least two different ones.
    of
        The cause tested.
    stratum
        Labels, shape (n,): scores and variances are summed over strata.
    rho
        Weight (1 - F(t-)) ** rho, F the pooled incidence: above 0 early differences count more.
    ties
        How events of different causes at one time enter the variance. "separate": as if they could befall the same
        patient, as R's cmprsk does; where many are tied (times in months) the variance is too small and the test
        rejects too often. "joint": as drawn from the same patients at risk. Without such ties both are the same.

    Raises
    ------
    EngraftError
        If a column cannot be used.

    Notes
    -----
    With h_k = Y_k / S_k(t-), the number at risk corrected for those lost to other causes, and R_k = h_k (1 - F_k(t-)),
    the score of group k is the sum over event times of dN_k - R_k dN / R: observed less expected events, where the
    subdistribution hazard dN_k / R_k is the same in all groups. Its variance is Gray's: each event's influence on the
    score, times the variance of the event. Let F be the pooled incidence, which grows by dN / (sum of h_k), and

        d_kr(t) = (1 - F(t-))^rho h_k (I(k = r) - h_r / h),   c_kr(t) = sum of d_kr dF / (1 - F(t-)) up to t.

    An event of the cause in group r moves the score of k by a_kr = d_kr + (1 - (1 - F) / S_r) (c_kr(end) - c_kr(t)),
    an event of another cause by b_kr = -(1 - F) / S_r (c_kr(end) - c_kr(t)), each over h_r (F and S_r just after t).
    The covariance is the sum over t and r of a_kr a_lr dF / h_r + b_kr b_lr dF2_r / h_r, F2_r the incidence of other
    causes in r. R_k enters the variance by its value under the null, h_k (1 - F), and tied events are taken as drawn
    without replacement: dF has the factor 1 - (d - 1) / (h S_r(t-) - 1), d the events of the cause at t, and dF2_r has
    1 - (d_r - 1) / (Y_r - 1). With these two choices the figures are those of R's cmprsk. With joint ties the
    covariance of both causes is taken away: the sum of (a_kr b_lr + b_kr a_lr) dF d_r / (h_r (Y_r - 1)).

    References
    ----------
    Gray, Annals of Statistics 16 (1988) 1141-1154, sections 2 and 3.
    """
    times = observed_times("time", time)
    codes, _ = cause_codes(cause, times, None)
    if isinstance(of, bool) or not isinstance(of, int | np.integer) or of < 1:
        raise EngraftError(f"of: found {of!s}; it must be the number of a cause, 1 or more")
    members, names = labels("group", group, times, least=2)
    if ties not in get_args(GrayTies):
        raise EngraftError(f'ties: found "{ties!s}"{did_you_mean(str(ties), get_args(GrayTies))}')
    places, stratum_names = optional_labels("stratum", stratum, times)
    power = float(finite("rho", [rho])[0])
    kinds = np.where(codes == 0, 0, np.where(codes == of, 1, 2)).astype(np.int64)
    events, expected, covariance = gray_scores(times, kinds, members, places, len(names), power, ties == "joint")
    test = quadratic_form(events - expected, covariance)
    return GrayTest(
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        groups=names,
        n=readonly(np.bincount(members, minlength=len(names))),
        events=readonly(events),
        expected=readonly(expected),
        covariance=readonly(covariance),
        of=int(of),
        rho=power,
        ties=ties,
        strata=len(stratum_names),
    )


def gray_scores(
    time: Floats, kinds: Integers, group: Integers, stratum: Integers, groups: int, rho: float, joint: bool = False
) -> tuple[Floats, Floats, Matrix]:
    """Weighted events, expected events and covariance of their difference, from checked columns of any order."""
    from sim.stats.kernels.gray import gray_sums

    order = np.lexsort((time, stratum))
    bounds = np.flatnonzero(np.diff(stratum[order], prepend=-1, append=-1))
    ordered = time[order], kinds[order], group[order]
    events, expected, covariance = np.zeros(groups), np.zeros(groups), np.zeros((groups, groups))
    room = np.zeros((8, groups)), np.zeros((groups, groups)), np.zeros((groups, groups)), np.zeros((2, groups, groups))
    for first, last in itertools.pairwise(bounds):
        time_there, kinds_there, group_there = (column[first:last] for column in ordered)
        gray_sums(time_there, kinds_there, group_there, rho, joint, events, expected, covariance, *room)
    return events, expected, covariance
