"""Turnbull's estimate of survival from interval-censored times, with equivalence sets. Tests are in interval_score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError
from sim.stats.arrays import Flags, Floats, Integers, column, observed_times, readonly, refuse, refuse_extremes
from sim.stats.intervals import ConfType, checked_level, checked_type, confidence_limits
from sim.stats.reading import Reading

if TYPE_CHECKING:
    import pandas as pd

TOLERANCE = 1e-11
MOST_STEPS = 100_000
# Masses below this are left over from the iteration where the maximum has none.
NO_MASS = 1e-9
# A standard error from the information needs a matrix of this size; so many sets come from times of one's own.
MOST_SETS = 2000


@dataclass(frozen=True, eq=False, repr=False)
class IntervalSurvivalAt(Reading):
    """Survival at chosen times as far as the data tell it: equal bounds, except inside an equivalence set."""

    time: Floats
    survival_low: Floats
    survival_high: Floats


@dataclass(frozen=True, eq=False, repr=False)
class Turnbull:
    """The nonparametric maximum likelihood estimate from interval-censored times: m equivalence sets with mass.

    Attributes
    ----------
    left, right
        Ends of the sets, ascending: the event lies in (left, right], at right where both are equal; right is infinite
        for mass after the last visits. Where in a set the mass lies the data do not tell.
    mass, survival
        Probability of each set, and of an event after it, shape (m,).
    std_error
        Of `survival`, from the inverse information; right where visits follow a schedule that does not grow with the
        number of patients. None with more than 2,000 sets, whose times are no schedule.
    ci_low, ci_high
        Pointwise limits of `survival`; NaN where the transformation has no value, as at 0. None where there is no
        standard error.
    conf_level, conf_type
        Of the limits.
    log_likelihood, gap, iterations
        At the maximum; largest violation of the conditions of the maximum (Karush, Kuhn and Tucker), which bounds the
        log likelihood still to be gained a patient; steps taken.
    n
        Rows.
    """

    left: Floats
    right: Floats
    mass: Floats
    survival: Floats
    std_error: Floats | None
    ci_low: Floats | None
    ci_high: Floats | None
    conf_level: float
    conf_type: ConfType
    log_likelihood: float
    gap: float
    iterations: int
    n: int

    @property
    def conventions(self) -> str:
        """What the intervals mean, and the method, in words."""
        limits = "" if self.ci_low is None else f"; interval: pointwise {100 * self.conf_level:g}% {self.conf_type}"
        return (
            "event in (left, right]; maximum of the likelihood by self-consistency and convex minorant steps; standard "
            f"error from the information, for fixed visits{limits}; visits independent of the event"
        )

    def at(self, times: ArrayLike) -> IntervalSurvivalAt:
        """Bounds of survival at chosen times, one or a column of them, finite and not negative."""
        asked = observed_times("times", times, or_single=True)
        after = np.append(np.cumsum(self.mass[::-1])[::-1], 0.0)
        exact = self.left == self.right
        # Mass is certainly after t where a set begins at t or later, and possibly where it ends after t.
        begins = np.where(exact, np.nextafter(self.left, -np.inf), self.left)
        low = after[np.searchsorted(begins, asked, side="left")]
        high = after[np.searchsorted(self.right, asked, side="right")]
        return IntervalSurvivalAt(
            time=asked,
            survival_low=np.minimum(low, 1.0),
            survival_high=np.minimum(high, 1.0),
            conventions="bounds: the estimate wherever in its set the mass lies; no interval",
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a set: left, right, mass, survival, and std_error, ci_low, ci_high if there are any."""
        import pandas as pd

        names = ("left", "right", "mass", "survival", "std_error", "ci_low", "ci_high")
        columns = {name: getattr(self, name) for name in names}
        return pd.DataFrame({name: values for name, values in columns.items() if values is not None})

    def __repr__(self) -> str:
        return (
            f"Turnbull: {self.n} rows, {self.mass.size} equivalence sets with mass; log likelihood "
            f"{self.log_likelihood:.6g}, gap {self.gap:.1g} after {self.iterations} steps\n  {self.conventions}"
        )


def turnbull(
    left: ArrayLike, right: ArrayLike, *, conf_level: float = 0.95, conf_type: ConfType = "log-log"
) -> Turnbull:
    """Turnbull's estimate of the distribution of a time that is known to lie in an interval.

    Parameters
    ----------
    left
        Last time known to be free of the event, shape (n,), finite and not negative.
    right
        First time known to have it, shape (n,): not before left; equal for a time seen exactly; infinity where the
        event was never seen.
    conf_level
        Level of the pointwise limits.
    conf_type
        "plain", "log" or "log-log".

    Raises
    ------
    EngraftError
        If a value is missing, the ends of a row are out of order, or the interval is not a known one.

    Notes
    -----
    The maximum puts mass only on the innermost intervals: from a left end to the next right end with no other end
    between; on these it is unique, since each of them ends a row, which ties its survival to an earlier one. Steps of
    self-consistency (EM) alternate with steps of the iterative convex minorant, and stop when the
    conditions of the maximum hold to 1e-11, not when steps get small.

    References
    ----------
    Peto, Applied Statistics 22 (1973) 86-91; Turnbull, JRSS B 38 (1976) 290-295; Gentleman and Geyer, Biometrika 81
    (1994) 618-623 (conditions of the maximum); Jongbloed, JCGS 7 (1998) 310-321; Wellner and Zhan, JASA 92
    (1997) 945-959 (the two steps together).
    """
    level, kind = checked_level(conf_level), checked_type(conf_type)
    begin, end = checked_intervals(left, right)
    return turnbull_of(innermost(begin, end), begin.size, level, kind)


@dataclass(frozen=True, eq=False)
class Innermost:
    """Rows as runs of innermost sets: row i holds sets first[i]..last[i] of the m sets (left, right]."""

    left: Floats
    right: Floats
    first: Integers
    last: Integers


def checked_intervals(left: ArrayLike, right: ArrayLike) -> tuple[Floats, Floats]:
    """Ends of the intervals as columns, or an error."""
    begin = observed_times("left", left)
    end = column("right", right)
    if end.size != begin.size:
        raise EngraftError(f"right: found {end.size} rows, but left has {begin.size}; each row needs both")
    refuse("right", end, np.isnan(end), "it must be a number (infinity: the event was not seen)")
    refuse_extremes("right", end)
    early = end < begin
    if early.any():
        row = int(np.argmax(early))
        raise EngraftError(
            f"right: row {row} is {end[row]:.12g}; it must not lie before left, which is {begin[row]:.12g}"
        )
    return begin, end


def innermost(begin: Floats, end: Floats) -> Innermost:
    """The innermost intervals, and the run of them that each row holds."""
    exact = begin == end
    # Ends in order: at one time, an exact time begins, then intervals end (they hold their right end), then others
    # begin (they do not hold their left end).
    places = np.concatenate((begin, end))
    kinds = np.concatenate((np.where(exact, 0, 2), np.ones(end.size, dtype=np.int64)))
    order = np.lexsort((kinds, places))
    opening = kinds[order] != 1
    inner = np.flatnonzero(opening[:-1] & ~opening[1:])
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    starts, stops = inner, inner + 1  # ranks of the ends of each innermost set
    n = begin.size
    first = _first_tied(order, places, kinds, rank[:n], lowest=True)
    last = _first_tied(order, places, kinds, rank[n:], lowest=False)
    return Innermost(
        left=places[order][starts],
        right=places[order][stops],
        first=np.searchsorted(starts, first, side="left").astype(np.int64),
        last=(np.searchsorted(stops, last, side="right") - 1).astype(np.int64),
    )


def _first_tied(order: Integers, places: Floats, kinds: Integers, rank: Integers, *, lowest: bool) -> Integers:
    """Rank of the first (or last) of all ends equal to the one at each rank: equal ends hold the same sets."""
    place, kind = places[order], kinds[order]
    change = (place[1:] != place[:-1]) | (kind[1:] != kind[:-1])
    run = np.concatenate(([0], np.cumsum(change)))
    bounds = (
        np.flatnonzero(np.concatenate(([True], change))) if lowest else np.flatnonzero(np.concatenate((change, [True])))
    )
    return np.asarray(bounds[run[rank]], dtype=np.int64)


def solve(sets: Innermost, rows: Flags | None = None) -> tuple[Floats, float, int]:
    """Masses of all innermost sets at the maximum, the gap left, and the steps taken; of some rows if asked."""
    from sim.stats.kernels.turnbull import turnbull_fit

    ends = np.column_stack((sets.first, sets.last))
    unique, count = np.unique(ends if rows is None else ends[rows], axis=0, return_counts=True)
    m = sets.left.size
    mass = np.full(m, 1.0 / m)
    slope, weight, level, blocks = (np.zeros(m) for _ in range(4))
    gap, steps = turnbull_fit(
        np.ascontiguousarray(unique[:, 0]),
        np.ascontiguousarray(unique[:, 1]),
        count.astype(np.float64),
        TOLERANCE,
        MOST_STEPS,
        mass,
        slope,
        weight,
        level,
        blocks,
        np.zeros(m, dtype=np.int64),
        np.zeros(m + 1),
        np.zeros(m + 1),
    )
    if gap > 1e-6:
        raise EngraftError(f"left: the likelihood's maximum was not reached in {MOST_STEPS} steps (gap {gap:.1g})")
    mass[mass < NO_MASS] = 0.0
    return mass / mass.sum(), float(gap), int(steps)


def turnbull_of(sets: Innermost, n: int, conf_level: float, conf_type: ConfType) -> Turnbull:
    """The estimate on the sets with mass."""
    mass, gap, steps = solve(sets)
    reached = np.concatenate(([0.0], np.cumsum(mass)))
    held = reached[sets.last + 1] - reached[sets.first]
    kept = np.flatnonzero(mass > 0.0)
    error = _survival_error(sets, kept, held) if kept.size <= MOST_SETS else None
    survival = np.append(np.cumsum(mass[kept][::-1])[::-1], 0.0)[1:]
    limits = (
        (None, None)
        if error is None
        else tuple(map(readonly, confidence_limits(survival, error, conf_level=conf_level, conf_type=conf_type)))
    )
    return Turnbull(
        left=readonly(sets.left[kept]),
        right=readonly(sets.right[kept]),
        mass=readonly(mass[kept]),
        survival=readonly(survival),
        std_error=None if error is None else readonly(error),
        ci_low=limits[0],
        ci_high=limits[1],
        conf_level=conf_level,
        conf_type=conf_type,
        log_likelihood=float(np.log(held).sum()),
        gap=gap,
        iterations=steps,
        n=n,
    )


def _survival_error(sets: Innermost, kept: Integers, held: Floats) -> Floats:
    """Standard error of survival after each set with mass, from the information on these survivals."""
    size = kept.size - 1  # the last one is 0
    information = np.zeros((size + 1, size + 1))
    # A row's probability is survival before its first set less that after its last one; before all sets it is 1.
    before, after = np.searchsorted(kept, sets.first) - 1, np.searchsorted(kept, sets.last, side="right") - 1
    weight = 1.0 / held**2
    inner = before >= 0
    np.add.at(information, (after, after), weight)
    np.add.at(information, (before[inner], before[inner]), weight[inner])
    np.add.at(information, (before[inner], after[inner]), -weight[inner])
    np.add.at(information, (after[inner], before[inner]), -weight[inner])
    variance = np.zeros(size + 1)
    variance[:size] = np.diag(np.linalg.inv(information[:size, :size]))
    return np.sqrt(np.maximum(variance, 0.0))
