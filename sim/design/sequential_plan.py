"""A group-sequential trial: looks in events, patients and calendar time under both hypotheses. No boundary is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from sim.design.characteristics import Characteristics
from sim.design.course import Course
from sim.design.effects import null_law, with_treatment
from sim.design.fixed import FixedSurvival, Solved, fixed_survival
from sim.design.fixed_proportions import FixedProportions
from sim.design.inputs import enough_events
from sim.design.integration import SMALLEST_STEP
from sim.design.laws import Law
from sim.design.moments import critical_value, round_up
from sim.design.scales import hazard_ratio
from sim.design.sequential import GroupSequentialDesign
from sim.design.survival_moments import proportional
from sim.design.survival_tests import LogRank, SurvivalTest
from sim.errors import EngraftError
from sim.stats.arrays import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class SequentialSurvival:
    """A survival trial with looks at numbers of events.

    Attributes
    ----------
    fixed
        The trial at its maximum: patients, events and accrual if it never stops.
    design
        The boundaries.
    """

    fixed: FixedSurvival
    design: GroupSequentialDesign

    def __repr__(self) -> str:
        return f"SequentialSurvival({self.fixed!r}, {self.design!r})"

    @property
    def drift(self) -> float:
        """Mean of Z at the last look."""
        return self.fixed.drift

    @property
    def conventions(self) -> tuple[str, ...]:
        """Variance, sides, rounding, boundaries, and what happens when the planned events do not come."""
        fixed = self.fixed
        return (
            *fixed.conventions[:-1],
            (
                f"The last analysis is held at {fixed.events:.0f} events. With follow-up without end "
                f"{fixed.reachable:.1f} are expected; if the planned number does not come by the latest time of "
                "analysis, the last look is held then, with the events there are and the alpha that is left."
            ),
            self.design.conventions,
        )

    @property
    def events(self) -> Floats:
        """Events at each look, rounded up; at most those of the last analysis, which are not whole if expected only."""
        most = self.fixed.events
        planned = [min(round_up(most * float(share)), most) for share in self.design.information]
        return np.array(planned, dtype=float)

    @property
    def null_course(self) -> Course:
        """The trial if the treatment arm had the hazard of the control arm, times the margin if there is one."""
        return with_treatment(self.fixed.course, null_law(self.fixed.course, self.fixed.test))

    @property
    def _margin(self) -> float:
        test = self.fixed.test
        return test.margin if isinstance(test, LogRank) else 1.0

    def times(self, course: Course) -> Floats:
        """Calendar times of the looks in a trial; NaN where the events are not expected, however long it lasts."""
        most = course.latest_events()
        last = self.fixed.duration if course is self.fixed.course else np.nan
        times = [course.time_of(float(events)) if events < most else np.nan for events in self.events]
        return np.array([*times[:-1], last if np.isnan(times[-1]) else times[-1]])

    def characteristics(
        self, law: Law | None = None, *, null: bool = False, drift: float | None = None
    ) -> Characteristics:
        """Power, stopping and expected events, patients and duration under the alternative or another hypothesis.

        Parameters
        ----------
        law
            Of the treatment arm, its hazard proportional to that of the control arm; looks come when their events are
            expected under it.
        null
            The hypothesis to reject.
        drift
            A mean of Z at the last look; it says nothing of when events come.

        Raises
        ------
        EngraftError
            If the hazards under `law` are not proportional.
        """
        if drift is not None:
            return self.design.characteristics(drift, events=self.events)
        if law is not None:
            return self._at(self.drift_under(law), with_treatment(self.fixed.course, law))
        return self._at(0.0, self.null_course) if null else self._at(self.drift, self.fixed.course)

    def drift_under(self, law: Law) -> float:
        """Mean of Z at the events of the last look if the treatment arm had another law."""
        course = with_treatment(self.fixed.course, law, events=self.fixed.events)
        if not proportional(course):
            raise EngraftError(
                "law: its hazards are not proportional to those of the control arm, so looks at numbers of events "
                "have no common effect; give the times of the looks"
            )
        return self.fixed.drift_in(course, events=self.fixed.events)

    def _at(self, drift: float, course: Course) -> Characteristics:
        times = self.times(course)
        patients = course.accrual.entered(times)
        known = bool(np.isfinite(times).all())
        found = self.design.characteristics(
            drift, events=self.events, patients=patients if known else None, time=times if known else None
        )
        return replace(found, patients=patients, time=times)

    def power_by(self, time: float) -> float:
        """Power if the last look is held at a calendar time at the latest, with the alpha that is left."""
        share = sum(self.fixed.course.events(time)) / self.fixed.events
        if share >= 1.0:
            return self.characteristics().power
        before = [float(level) for level in self.design.information if level < share * (1.0 - 2.0 * SMALLEST_STEP)]
        return self.design.at_observed([*before, share]).power_at(self.drift)

    def looks(self) -> pd.DataFrame:
        """One row a look: events, calendar time, patients entered, boundaries as z, p and hazard ratio, errors."""
        import pandas as pd

        course = self.fixed.course
        times = self.times(course)
        table: dict[str, object] = {
            "look": np.arange(1, self.design.looks + 1),
            "information": self.design.information,
            "events": self.events,
            "time": times,
            "time_null": self.times(self.null_course),
            "patients": course.accrual.entered(times),
        }
        for name, z in self.design.drawn.items():
            table[f"{name}_z"] = z
            table[f"{name}_p"] = ndtr(-z) * self.design.sided
            table[f"{name}_hr"] = self.ratio_at(z, self.events)
        alternative, none = self.characteristics(), self.characteristics(null=True)
        table["alpha_spent"] = self.design.alpha_spent
        table["power"] = np.cumsum(alternative.efficacy)
        table["stop"] = alternative.efficacy + alternative.harm + alternative.futility
        table["stop_null"] = none.efficacy + none.harm + none.futility
        return pd.DataFrame(table)

    def ratio_at(self, z: Floats, events: Floats) -> Floats:
        """The hazard ratio at which the statistic is about `z`; above the margin where more events are hoped for."""
        course = self.fixed.course
        ratio = hazard_ratio(z, events=events, allocation=course.allocation)
        control, treatment = course.event_probabilities()
        less = treatment <= control or self._margin > 1.0
        return np.asarray(self._margin * (ratio if less else 1.0 / ratio))


def sequential_survival(
    course: Course,
    test: SurvivalTest,
    design: GroupSequentialDesign,
    *,
    alpha: float,
    sided: int = 1,
    power: float | None = None,
    solve_for: Solved = "patients",
) -> SequentialSurvival:
    """Solve a survival trial with looks at its events.

    Patients are those of one analysis times the inflation of the design (Jennison and Turnbull 2000, section 3.2);
    other quantities are solved with the power at which one analysis has the drift of the design.

    Raises
    ------
    EngraftError
        If the test's information is not the number of events, the trial cannot be solved, or a look before the last has
        fewer than five events.
    """
    if not test.event_driven or (isinstance(test, LogRank) and (test.rho, test.gamma) != (0.0, 0.0)):
        raise EngraftError(
            f"test: looks at a number of events need an unweighted log-rank test, found the {test.name}; the "
            "covariance of other tests over looks is their own: give the times of the looks"
        )
    if isinstance(test, LogRank) and test.method == "weighted" and not proportional(course):
        raise EngraftError(
            "test: the hazards are not proportional, so looks at numbers of events have no common effect; "
            "give the times of the looks"
        )
    if solve_for == "power" or power is None:
        fixed = fixed_survival(course, test, alpha=alpha, sided=sided, power=power, solve_for=solve_for)
    elif solve_for == "patients":
        fixed = fixed_survival(course, test, alpha=alpha, sided=sided, power=power, inflation=design.inflation or 1.0)
    else:
        fixed = fixed_survival(
            course, test, alpha=alpha, sided=sided, power=equivalent_power(design), solve_for=solve_for
        )
    found = SequentialSurvival(fixed, design)
    enough_events("information", design.information, found.events)
    return found


def equivalent_power(design: GroupSequentialDesign) -> float:
    """The power that one analysis with the same alpha has at the drift of a design."""
    if design.drift is None:
        raise EngraftError("power: missing; the design was made without")
    return float(ndtr(design.drift - critical_value(design.alpha, design.sided)))


@dataclass(frozen=True, eq=False, repr=False)
class SequentialProportions:
    """A comparison of proportions with looks at numbers of patients; `fixed` is the trial at its maximum."""

    fixed: FixedProportions
    design: GroupSequentialDesign

    def __repr__(self) -> str:
        return f"SequentialProportions({self.fixed!r}, {self.design!r})"

    @property
    def drift(self) -> float:
        """Mean of Z at the last look."""
        return self.fixed.drift

    @property
    def patients(self) -> Floats:
        """Observed patients at each look, rounded up."""
        whole = sum(self.fixed.arms)
        return np.array([round_up(whole * float(share)) for share in self.design.information], dtype=float)

    def characteristics(self, *, drift: float | None = None, treatment: float | None = None) -> Characteristics:
        """Power, stopping and expected patients as planned, under a mean of Z or another proportion on treatment."""
        if treatment is not None:
            drift = self.fixed.drift_under(treatment)
        return self.design.characteristics(self.drift if drift is None else drift, patients=self.patients)

    def looks(self) -> pd.DataFrame:
        """One row a look: patients, boundaries as z and p, errors spent."""
        import pandas as pd

        table: dict[str, object] = {
            "look": np.arange(1, self.design.looks + 1),
            "information": self.design.information,
            "patients": self.patients,
        }
        for name, z in self.design.drawn.items():
            table[f"{name}_z"] = z
            table[f"{name}_p"] = ndtr(-z) * self.design.sided
        alternative, none = self.characteristics(), self.characteristics(drift=0.0)
        table["alpha_spent"] = self.design.alpha_spent
        table["power"] = np.cumsum(alternative.efficacy)
        table["stop"] = alternative.efficacy + alternative.harm + alternative.futility
        table["stop_null"] = none.efficacy + none.harm + none.futility
        return pd.DataFrame(table)
