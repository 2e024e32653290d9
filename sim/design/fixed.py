"""A fixed design as a result: what was solved, rounded, with power and calendar, and its conventions. No looks here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from sim.design.characteristics import Characteristics, one_analysis
from sim.design.course import Course
from sim.design.effects import direction, with_treatment
from sim.design.laws import Law
from sim.design.moments import critical_value, round_up, whole_arms
from sim.design.solving import course_power, for_accrual_time, for_follow_up, for_patients
from sim.design.survival_tests import SurvivalTest
from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Floats, observed_times

if TYPE_CHECKING:
    import pandas as pd

Solved = Literal["patients", "accrual_time", "follow_up", "power"]

ROUNDING = "each arm rounded up to whole patients, events rounded up, durations not rounded"


@dataclass(frozen=True, eq=False, repr=False)
class FixedSurvival:
    """A survival trial with one analysis.

    Attributes
    ----------
    course
        The trial with whole patients in each arm.
    test
        Of the two survival curves.
    alpha, sided
        Type I error of the whole test, and 1 or 2 sides.
    solved_for
        What was found from all else.
    exact_patients, exact_events
        Of both arms before rounding.
    wanted
        The power asked for; None if power was solved for.
    """

    course: Course
    test: SurvivalTest
    alpha: float
    sided: int
    solved_for: Solved
    exact_patients: float
    exact_events: float
    wanted: float | None

    def __repr__(self) -> str:
        return (
            f"FixedSurvival({self.test.name}, {sum(self.arms)} patients, {self.events:.6g} events, "
            f"duration {self.duration:.6g}, power {self.power:.6g})"
        )

    @property
    def arms(self) -> tuple[int, int]:
        """Whole patients of the control and the treatment arm."""
        return whole_arms(self.exact_patients, self.course.allocation)

    @property
    def events(self) -> float:
        """Events of both arms at the analysis: the planned number if the test counts them, else the expected one."""
        if self.test.event_driven and self.wanted is not None:
            return float(round_up(self.exact_events))
        return sum(self.course.events())

    @property
    def reachable(self) -> float:
        """Events of both arms that would be expected if follow-up had no end."""
        return self.course.latest_events()

    @property
    def duration(self) -> float:
        """From the first patient to the analysis: until the planned events, or as long as follow-up is planned."""
        if self.test.event_driven and self.wanted is not None and self.events < self.reachable:
            return self.course.time_of(self.events)
        return self.course.duration

    @property
    def power(self) -> float:
        """With whole patients and events."""
        return float(ndtr(self.drift - critical_value(self.alpha, self.sided)))

    @property
    def drift(self) -> float:
        """Mean of Z, with variance 1 and the usual critical value, that has the power."""
        return self.drift_in(self.course)

    def drift_in(self, course: Course, *, events: float | None = None) -> float:
        """Mean of Z in another trial, towards the effect that this one is planned for.

        Parameters
        ----------
        course
            The trial, its patients being those of this plan.
        events
            At the analysis; by default the planned ones, if the test counts them.
        """
        counted = self.planned_events if events is None else events
        patients = course.patients
        if counted is not None:
            # Information is in the events: those of the rounded plan, with the moments an event carries.
            patients *= counted / sum(course.events())
        moments = self.test.moments(course)
        turned = direction(self.test, self.course) * direction(self.test, course)
        return replace(moments, effect=turned * moments.effect).mean_of_z(patients, alpha=self.alpha, sided=self.sided)

    @property
    def planned_events(self) -> float | None:
        """Events at which the analysis is held; None if it is held at a time."""
        return self.events if self.test.event_driven and self.wanted is not None else None

    def drift_under(self, law: Law) -> float:
        """Mean of Z at the analysis if the treatment arm had another law."""
        return self.drift_in(with_treatment(self.course, law, events=self.planned_events))

    def characteristics(self, law: Law | None = None, *, drift: float | None = None) -> Characteristics:
        """Power, events, patients and duration as planned, under another law of the treatment arm or a mean of Z.

        An analysis at a number of events comes when these are expected (its duration is NaN where they never are),
        another one at its planned time. A mean of Z says nothing of when or how many events come.
        """
        counted = self.planned_events
        course, mean = self.course, self.drift if drift is None else drift
        if law is not None:
            course = with_treatment(course, law, events=counted)
            mean = self.drift_in(course)
        time = self.duration if law is None else course.duration
        if counted is not None and (drift is not None or counted >= course.latest_events()):
            time = math.nan
        events = counted
        if counted is None and drift is None:
            events = sum(course.events())
        return one_analysis(
            mean,
            float(ndtr(mean - critical_value(self.alpha, self.sided))),
            events=events,
            patients=float(course.accrual.entered(time)),
            time=time,
        )

    def power_by(self, time: float) -> float:
        """Power if the analysis is held at a calendar time, with the events and follow-up there are by then."""
        end, opened = self.course.accrual.end, self.course.accrual.opened
        if time <= opened:
            raise EngraftError(f"time: found {time:.12g}; nobody has entered before {opened:.12g}")
        early = time < end
        accrual = self.course.accrual.until(min(time, end)) if early else self.course.accrual
        stopped = replace(self.course, accrual=accrual, follow_up=max(time - end, 0.0))
        return course_power(stopped, self.test, alpha=self.alpha, sided=self.sided)

    def calendar(self, times: ArrayLike | None = None) -> pd.DataFrame:
        """Patients entered and events expected by calendar times, one row a time.

        Parameters
        ----------
        times
            From the first patient on, 0 or more; nine steps to the analysis if not given.
        """
        import pandas as pd

        at: Floats = np.linspace(0.0, self.duration, 9) if times is None else observed_times("times", times)
        events = [self.course.events(float(time)) for time in at]
        return pd.DataFrame(
            {
                "time": at,
                "patients": self.course.accrual.entered(at),
                "events_control": [control for control, _ in events],
                "events_treatment": [treatment for _, treatment in events],
                "events": [sum(both) for both in events],
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a quantity, with its value before and after rounding; durations in the unit of the laws."""
        import pandas as pd

        control, treatment = self.arms
        r = self.course.allocation
        rows: Sequence[tuple[str, float, float]] = [
            ("patients", self.exact_patients, control + treatment),
            ("patients, control", self.exact_patients / (1.0 + r), control),
            ("patients, treatment", self.exact_patients * r / (1.0 + r), treatment),
            ("events", self.exact_events, self.events),
            ("accrual time", self.course.accrual.end, self.course.accrual.end),
            ("follow-up after accrual", self.course.follow_up, self.duration - self.course.accrual.end),
            ("study duration", self.course.duration, self.duration),
            ("power", math.nan if self.wanted is None else self.wanted, self.power),
            ("events without end of follow-up", math.nan, self.reachable),
        ]
        return pd.DataFrame(rows, columns=["quantity", "exact", "planned"])

    @property
    def conventions(self) -> tuple[str, ...]:
        """Variance, sides, rounding, and what happens when the planned events do not come."""
        return (
            f"Variance: {self.test.variance}.",
            sides_in_words(self.alpha, self.sided),
            f"Rounding: {ROUNDING}.",
            self._if_events_do_not_come(),
        )

    def _if_events_do_not_come(self) -> str:
        if not self.test.event_driven:
            return "The analysis is held at its planned time, whatever the number of events."
        return (
            f"The analysis is held at {self.events:.0f} events. With follow-up without end {self.reachable:.1f} are "
            "expected; if the planned number does not come by the latest time of analysis, the same test is done then, "
            "with the whole alpha and the events there are."
        )


def sides_in_words(alpha: float, sided: int) -> str:
    """What alpha and power refer to."""
    if sided == 1:
        return f"One-sided test at {alpha:g}; power counts rejections in favour of the effect."
    return (
        f"Two-sided test at {alpha:g}, {alpha / 2:g} on each side; power counts rejections in the direction of the "
        "effect only."
    )


def fixed_survival(
    course: Course,
    test: SurvivalTest,
    *,
    alpha: float,
    sided: int = 1,
    power: float | None = None,
    solve_for: Solved = "patients",
    inflation: float = 1.0,
) -> FixedSurvival:
    """Solve a survival trial for one of its quantities and round it.

    Parameters
    ----------
    course
        The trial; what is solved for is taken as a starting value only. Accrual rates are absolute unless patients are
        solved for, which scales them.
    test
        Of the two survival curves.
    alpha, sided
        Type I error of the whole test, and 1 or 2 sides.
    power
        Asked for; needed unless it is solved for.
    solve_for
        ``patients`` (accrual rates), ``accrual_time``, ``follow_up`` or ``power``.
    inflation
        Factor on the patients found, for looks at the data; only with ``patients``.

    Raises
    ------
    EngraftError
        If the power cannot be reached or an argument is out of range.
    """
    if solve_for not in get_args(Solved):
        raise EngraftError(f'solve: found "{solve_for}"{did_you_mean(str(solve_for), get_args(Solved))}')
    if solve_for == "power":
        solved = course
    elif power is None:
        raise EngraftError(f"power: missing; it is needed to solve for {solve_for}")
    elif solve_for == "accrual_time":
        solved = for_accrual_time(course, test, alpha=alpha, power=power, sided=sided)
    elif solve_for == "follow_up":
        solved = for_follow_up(course, test, alpha=alpha, power=power, sided=sided)
    else:
        solved = for_patients(course, test, alpha=alpha, power=power, sided=sided)
        solved = solved.with_accrual(solved.accrual.scaled(inflation))
    whole = sum(whole_arms(solved.patients, solved.allocation))
    return FixedSurvival(
        solved.with_accrual(solved.accrual.scaled(whole / solved.patients)),
        test,
        alpha,
        sided,
        solve_for,
        solved.patients,
        sum(solved.events()),
        None if solve_for == "power" else power,
    )
