"""Trials with looks at calendar times, by tests whose covariance over looks is their own. No moment is derived here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from sim.design.characteristics import Characteristics
from sim.design.correlated import CorrelatedDesign, correlated_sequential
from sim.design.correlated_futility import with_futility
from sim.design.course import Course
from sim.design.effects import with_treatment
from sim.design.inputs import enough_events
from sim.design.laws import Law
from sim.design.look_moments import LookMoments, logrank_looks, milestone_looks, rmst_looks
from sim.design.moments import whole_arms
from sim.design.spending import Shape, Spending
from sim.design.survival_moments import fleming_harrington
from sim.design.survival_tests import LogRank, MaxCombo, Milestone, RestrictedMean, SurvivalTest
from sim.errors import EngraftError
from sim.stats.arrays import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class TimedLooks:
    """A survival trial with looks at calendar times.

    Attributes
    ----------
    course
        The trial with whole patients in each arm; its follow-up ends at the last look.
    test
        Of the two survival curves.
    moments
        Means and correlation of its statistics over looks, a patient.
    design
        The boundaries.
    exact_patients
        Of both arms before rounding.
    """

    course: Course
    test: SurvivalTest
    moments: LookMoments
    design: CorrelatedDesign
    exact_patients: float

    def __repr__(self) -> str:
        return f"TimedLooks({self.test.name}, {sum(self.arms)} patients, power {self.power:.6g})"

    @property
    def arms(self) -> tuple[int, int]:
        """Whole patients of the control and the treatment arm."""
        return whole_arms(self.exact_patients, self.course.allocation)

    @property
    def means(self) -> Floats:
        """Means of the statistics at the looks, with whole patients, shape (K, J)."""
        return np.asarray(self.moments.effect * np.sqrt(sum(self.arms)))

    @property
    def power(self) -> float:
        """Probability of crossing a boundary, with whole patients."""
        return self.design.power_at(self.means)

    def characteristics(self, law: Law | None = None) -> Characteristics:
        """Power, stopping and expected events, patients and duration as planned, or under another law of the treatment.

        The boundaries are those planned; the statistics have the means and the covariance that they have under the law.
        """
        moments, course = self.moments, self.course
        if law is not None:
            course = with_treatment(course, law)
            moments = _moments(course, self.test, self.moments.times)
        patients = sum(self.arms)
        means = np.asarray(moments.effect * np.sqrt(patients))
        rejected = self.design.exits(means, correlation=moments.correlation)
        harm = np.zeros(rejected.size)
        if self.design.sided == 2:
            harm = self.design.exits(-means, correlation=moments.correlation)
        futility = self.design.futile(means, correlation=moments.correlation)
        whole = max(float((rejected + harm + futility).sum()), 1.0)  # integrated apart, they may exceed 1 a little
        rejected, harm, futility = rejected / whole, harm / whole, futility / whole
        futility[-1] = max(1.0 - float((rejected + harm + futility).sum()), 0.0)
        stopped = rejected + harm + futility
        events, entered = moments.events * patients, course.accrual.entered(moments.times)
        return Characteristics(
            drift=float(means[-1, 0]) if means.shape[1] == 1 else math.nan,
            power=min(float(rejected.sum()), 1.0),
            information=self.design.information,
            efficacy=rejected,
            harm=harm,
            futility=futility,
            expected_information=float(stopped @ self.design.information),
            expected_events=float(stopped @ events),
            expected_patients=float(stopped @ entered),
            expected_time=float(stopped @ moments.times),
            events=events,
            patients=entered,
            time=moments.times,
        )

    def looks(self) -> pd.DataFrame:
        """One row a look: time, information, patients and events expected, boundaries, alpha spent, power, stopping."""
        import pandas as pd

        found = self.characteristics()
        table: dict[str, object] = {
            "look": np.arange(1, self.moments.times.size + 1),
            "time": self.moments.times,
            "information": self.moments.information,
            "patients": found.patients,
            "events": found.events,
        }
        drawn = {"efficacy": self.design.efficacy}
        if self.design.futility_rule is not None:
            drawn["futility"] = self.design.futility
        for name, bounds in drawn.items():
            z = np.where(np.isfinite(bounds), bounds, np.nan)
            table[f"{name}_z"] = z
            table[f"{name}_p"] = ndtr(-z) * self.design.sided
        table["alpha_spent"] = self.design.alpha_spent
        table["power"] = np.cumsum(found.efficacy)
        table["stop"] = found.efficacy + found.harm + found.futility
        return pd.DataFrame(table)


def timed_looks(
    course: Course,
    test: SurvivalTest,
    times: ArrayLike,
    *,
    efficacy: Spending | Shape,
    alpha: float,
    sided: int = 1,
    power: float | None = None,
    efficacy_at: Sequence[int] | None = None,
    futility: Spending | Shape | None = None,
    futility_at: Sequence[int] | None = None,
) -> TimedLooks:
    """Boundaries and patients of a trial with looks at calendar times.

    Parameters
    ----------
    course
        The trial; its follow-up is not used, and with `power` its accrual rates are proportions.
    test
        A log-rank test by its limits (``weighted``), MaxCombo, a milestone (scale ``difference``) or a restricted mean,
        all without margin.
    times
        Calendar times of the looks, ascending, shape (K,).
    efficacy, alpha, sided, efficacy_at
        As in `sim.design.sequential.group_sequential`; spending is by the information of the (first) statistic.
    futility, futility_at
        A non-binding futility boundary of a one-sided test, see `sim.design.correlated_futility.with_futility`.
    power
        Asked for; without, the trial keeps its patients.

    Raises
    ------
    EngraftError
        If the test cannot be read at such looks or the power cannot be reached.
    """
    moments = _moments(course, test, times)
    count = moments.effect.shape[1]
    design = correlated_sequential(
        alpha=alpha,
        correlation=moments.correlation,
        information=moments.information,
        efficacy=efficacy,
        sided=sided,
        statistics=count,
        efficacy_at=efficacy_at,
    )
    if futility is not None:
        given = course.patients if power is None else None
        design, patients = with_futility(
            design, moments.effect, rule=futility, power=power, patients=given, futility_at=futility_at
        )
    else:
        patients = course.patients if power is None else design.patients_for(moments.effect, power=power)
    whole = sum(whole_arms(patients, course.allocation))
    enough_events("times", moments.times, moments.events * whole)
    last = replace(
        course,
        accrual=course.accrual.scaled(whole / course.patients),
        follow_up=float(moments.times[-1]) - course.accrual.end,
    )
    return TimedLooks(last, test, moments, design, patients)


def _moments(course: Course, test: SurvivalTest, times: ArrayLike) -> LookMoments:
    if getattr(test, "margin", 0.0) not in (0.0, 1.0) or getattr(test, "scale", "difference") != "difference":
        raise EngraftError("margin: looks at calendar times are for superiority, milestones on the scale difference")
    if isinstance(test, MaxCombo):
        return logrank_looks(course, times, weights=[fleming_harrington(*pair) for pair in test.weights])
    if isinstance(test, LogRank):
        if test.method != "weighted":
            raise EngraftError(
                f"method: found {test.method}; looks at calendar times need the method weighted, others look at events"
            )
        return logrank_looks(course, times, weights=[fleming_harrington(test.rho, test.gamma)])
    if isinstance(test, Milestone):
        return milestone_looks(course, times, time=test.time)
    assert isinstance(test, RestrictedMean)
    return rmst_looks(course, times, until=test.until)
