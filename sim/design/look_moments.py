"""Means and covariance over looks of tests of survival: weighted log-rank, restricted mean, milestone. No boundaries.

Limits for a trial of two arms with staggered entry, by integrals over time since entry. A patient at risk at an earlier
look is at risk at the later one, which is why later looks appear where two looks meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from sim.design.course import Course
from sim.design.quadrature import TimeGrid, time_grid
from sim.design.survival_moments import Weight
from sim.errors import EngraftError
from sim.stats.arrays import Floats, column, observed_times, readonly, refuse

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class LookMoments:
    """Moments of standardised statistics over looks; K looks with J statistics each.

    Attributes
    ----------
    times
        Calendar times of the looks, shape (K,).
    effect
        Mean of each statistic divided by the square root of the number of patients planned in all, shape (K, J);
        positive when the treatment does better.
    correlation
        Of the statistics, those of the first look first, shape (K J, K J).
    information
        Of the first statistic at each look: its information as a fraction of that at the last, shape (K,).
    events
        Expected events of both arms divided by the patients planned, shape (K,).
    """

    times: Floats
    effect: Floats
    correlation: Floats
    information: Floats
    events: Floats

    def __repr__(self) -> str:
        looks, statistics = self.effect.shape
        return f"LookMoments({looks} looks, {statistics} statistic{'s' if statistics > 1 else ''} each)"

    def to_frame(self) -> pd.DataFrame:
        """One row a look and statistic: time, effect, information fraction of the look, events a patient."""
        import pandas as pd

        looks, statistics = self.effect.shape
        return pd.DataFrame(
            {
                "look": np.repeat(np.arange(1, looks + 1), statistics),
                "statistic": np.tile(np.arange(1, statistics + 1), looks),
                "time": np.repeat(self.times, statistics),
                "effect": self.effect.ravel(),
                "information": np.repeat(self.information, statistics),
                "events": np.repeat(self.events, statistics),
            }
        )


def _looks(course: Course, times: ArrayLike) -> tuple[Floats, list[Course]]:
    """The trial as it stands at each look."""
    found = observed_times("times", times)
    refuse("times", found, found <= 0.0, "a look comes after the first patient")
    refuse("times", found, np.concatenate(([False], np.diff(found) <= 0.0)), "looks must be in order of time")
    return found, [replace(course, follow_up=float(time) - course.accrual.end) for time in found]


def _events(views: Sequence[Course], patients: float) -> Floats:
    return np.array([sum(view.events()) / patients for view in views])


def _grid(views: Sequence[Course], upper: float) -> TimeGrid:
    knots = [knot for view in views for knot in (*view.duration - view.accrual.bounds, view.duration)]
    arms = (views[0].control, views[0].treatment)
    return time_grid(upper, (*knots, *(knot for arm in arms for knot in arm.knots)))


def _at_risk(view: Course, times: Floats) -> tuple[Floats, Floats]:
    """Expected shares of all patients at risk at times since entry, as seen at a look."""
    control, treatment = view.shares
    return view.at_risk(view.control, control, times), view.at_risk(view.treatment, treatment, times)


def logrank_looks(course: Course, times: ArrayLike, *, weights: Sequence[Weight | None] = (None,)) -> LookMoments:
    """Weighted log-rank tests over looks, one or several (MaxCombo).

    With y_j the share at risk at look j, p_j that of the treatment arm among them and h the pooled hazard, statistics
    with weights v and w at looks j <= k have Cov(U_j, U_k) = int v w y_j p_j (1 - p_j) h dt, the limit of the usual
    estimator; so each has independent increments in its own information, which is not the share of events (Tsiatis,
    JASA 77 (1982) 855-861; several weights: Karrison, Stata Journal 16 (2016) 678-690). Weights are of pooled survival,
    read from the laws of the arms in the proportions of the trial.

    Parameters
    ----------
    course
        Laws, accrual and allocation; its own follow-up is not used.
    times
        Calendar times of the looks, ascending, shape (K,).
    weights
        Of each statistic; None is the log-rank test.
    """
    calendar, views = _looks(course, times)
    if not weights:
        raise EngraftError("weights: found none; at least one statistic is needed (None is the log-rank test)")
    grid = _grid(views, float(calendar[-1]))
    at = grid.times
    arms, shares = (course.control, course.treatment), course.shares
    hazards = [arm.event.hazard(at) for arm in arms]
    pooled = np.asarray(sum(share * arm.event.survival(at) for share, arm in zip(shares, arms, strict=True)))
    given = [np.ones(at.size) if weight is None else weight(pooled) for weight in weights]
    count, looks = len(given), len(views)
    effect = np.zeros((looks, count))
    covariance = np.zeros((looks * count, looks * count))
    balances, rates = [], []
    for view in views:
        control, treatment = _at_risk(view, at)
        both = control + treatment
        safe = np.where(both > 0.0, both, 1.0)
        balances.append(control * treatment / safe)
        rates.append((control * hazards[0] + treatment * hazards[1]) / safe)
    for look in range(looks):
        for row, first in enumerate(given):
            effect[look, row] = grid.integral(first * balances[look] * (hazards[0] - hazards[1]))
        for later in range(look, looks):
            # (Z - p_j)(Z - p_k) averages p_j (1 - p_j) over those at risk at the earlier look, whatever p_k is.
            for row, first in enumerate(given):
                for other, second in enumerate(given):
                    value = grid.integral(first * second * balances[look] * rates[look])
                    covariance[look * count + row, later * count + other] = value
                    covariance[later * count + other, look * count + row] = value
    spread = np.sqrt(np.diag(covariance))
    own = np.diag(covariance)[::count]
    return LookMoments(
        times=readonly(calendar),
        effect=readonly(effect / spread.reshape(looks, count)),
        correlation=readonly(covariance / np.outer(spread, spread)),
        information=readonly(own / own[-1]),
        events=readonly(_events(views, course.patients)),
    )


def rmst_looks(course: Course, times: ArrayLike, *, until: ArrayLike) -> LookMoments:
    """Difference in restricted mean survival time over looks, its horizon fixed or growing.

    In each arm Cov(j, k) = int A_j A_k h / y_k dt for j <= k, A_j(t) = int_t^tau_j S du (the limit of the
    Kaplan-Meier estimator's covariance; Murray and Tsiatis, Biometrics 55 (1999) 1085-1092). Increments are independent
    only with one horizon.

    Parameters
    ----------
    course, times
        As in `logrank_looks`.
    until
        The horizon tau: one for all looks, or one a look, not decreasing; before the longest follow-up at the look.
    """
    calendar, views = _looks(course, times)
    horizons = column("until", until, or_single=True)
    horizons = np.repeat(horizons, len(views)) if horizons.size == 1 else horizons
    _horizons("until", horizons, views)
    grid = _grid_to(views, horizons)
    remaining, means = [], np.zeros((len(views), 2))
    for look, tau in enumerate(horizons):
        both = []
        for arm_number, arm in enumerate((course.control, course.treatment)):
            alive = np.where(grid.times < tau, arm.event.survival(grid.times), 0.0)
            means[look, arm_number] = grid.integral(alive)
            both.append(means[look, arm_number] - grid.running_integral(alive))
        remaining.append(both)
    return _from_influence(course, calendar, views, grid, remaining, means[:, 1] - means[:, 0])


def milestone_looks(course: Course, times: ArrayLike, *, time: float) -> LookMoments:
    """Difference of Kaplan-Meier survival at one milestone over looks.

    In each arm Cov(j, k) = S^2 int_0^t h / y_k du for j <= k, the limit of Greenwood's formula at the later look (Lin,
    Shen, Ying and Breslow, Biometrics 52 (1996) 1038-1050): increments are independent.

    Parameters
    ----------
    course, times
        As in `logrank_looks`.
    time
        The milestone, since entry; before the longest follow-up at the first look.
    """
    calendar, views = _looks(course, times)
    _horizons("time", column("time", time, or_single=True).repeat(len(views)), views)
    grid = _grid_to(views, np.full(len(views), float(time)))
    survival = [float(arm.event.survival(time)) for arm in (course.control, course.treatment)]
    influence = [[np.full(grid.times.size, value) for value in survival] for _ in views]
    return _from_influence(course, calendar, views, grid, influence, np.full(len(views), survival[1] - survival[0]))


def _horizons(field: str, horizons: Floats, views: Sequence[Course]) -> None:
    if horizons.size != len(views):
        raise EngraftError(
            f"{field}: found {horizons.size} values; give one for all looks, or one for each of {len(views)}"
        )
    refuse(field, horizons, ~(np.isfinite(horizons) & (horizons > 0.0)), "it must be above 0")
    refuse(field, horizons, np.concatenate(([False], np.diff(horizons) < 0.0)), "it must not decrease over looks")
    for look, (horizon, view) in enumerate(zip(horizons, views, strict=True), start=1):
        if min(share[0] for share in _at_risk(view, np.array([horizon]))) <= 0.0:
            raise EngraftError(
                f"{field}: found {horizon:.12g} at look {look}; nobody is followed for so long without an event by then"
            )


def _grid_to(views: Sequence[Course], horizons: Floats) -> TimeGrid:
    knots = [knot for view in views for knot in view.duration - view.accrual.bounds]
    arms = (views[0].control, views[0].treatment)
    return time_grid(float(horizons[-1]), (*horizons, *knots, *(knot for arm in arms for knot in arm.knots)))


def _from_influence(
    course: Course,
    calendar: Floats,
    views: Sequence[Course],
    grid: TimeGrid,
    influence: Sequence[Sequence[Floats]],
    difference: Floats,
) -> LookMoments:
    """Moments of differences of curve functionals, from what an event at each time does to them in either arm."""
    looks = len(views)
    covariance = np.zeros((looks, looks))
    for later, view in enumerate(views):
        at_risk = _at_risk(view, grid.times)
        for arm_number, arm in enumerate((course.control, course.treatment)):
            hazard = arm.event.hazard(grid.times)
            for look in range(later + 1):
                product = influence[look][arm_number] * influence[later][arm_number] * hazard
                seen = at_risk[arm_number] > 0.0
                rate = np.divide(product, at_risk[arm_number], out=np.zeros_like(product), where=seen)
                covariance[look, later] += grid.integral(rate)
            covariance[later, :later] = covariance[:later, later]
    spread = np.sqrt(np.diag(covariance))
    information = 1.0 / np.diag(covariance)
    return LookMoments(
        times=readonly(calendar),
        effect=readonly((difference / spread)[:, None]),
        correlation=readonly(covariance / np.outer(spread, spread)),
        information=readonly(information / information[-1]),
        events=readonly(_events(views, course.patients)),
    )
