"""Turns a design file into laws, trials, tests and boundaries; refusals are placed in the file. Nothing is solved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sim.design import config as models
from sim.design.accrual import Accrual, accrual
from sim.design.competing import hazards_from_incidence, subdistribution
from sim.design.course import Arm, Course
from sim.design.inputs import positive, probability, sides
from sim.design.laws import (
    NEVER,
    Law,
    changed_hazard,
    exponential,
    exponential_from_median,
    exponential_from_survival,
    mixture_cure,
    piecewise_exponential,
    weibull,
)
from sim.design.logrank import LARGEST_RATIO
from sim.design.moments import attainable
from sim.design.spending import (
    Shape,
    Spending,
    fixed_bounds,
    haybittle_peto,
    obrien_fleming,
    pocock,
    spending,
    user_spending,
    wang_tsiatis,
)
from sim.design.survival_tests import LogRank, MaxCombo, Milestone, RestrictedMean, SurvivalTest
from sim.errors import EngraftError, InvalidDocument, Problem, did_you_mean
from sim.protocol.document import Document, DocumentPath, format_path
from sim.units import parse_duration

SHAPES: dict[str, Callable[..., Shape]] = {
    "obrien-fleming": obrien_fleming,
    "pocock": pocock,
    "wang-tsiatis": wang_tsiatis,
    "haybittle-peto": haybittle_peto,
}
# Beyond these a number is a slip, and sums or logarithms lose their digits.
MOST_PATIENTS, MOST_ALLOCATION, MOST_RATE, SMALLEST = 1e8, 1e3, 1e8, 1e-12
_ROW = re.compile(r"row (\d+) is ")


def outside(ratio: float) -> str:
    """What is said of a hazard ratio that no design may assume."""
    return f"{ratio:.12g}; it must lie between {1.0 / LARGEST_RATIO:g} and {LARGEST_RATIO:g}"


@dataclass(frozen=True)
class SurvivalPlan:
    """What a file says of a survival trial; `make` gives it under another hazard ratio."""

    course: Course
    test: SurvivalTest
    make: Callable[[float], Course]
    latest: float | None


class Reader:
    """Reads the parts of a design; problems are collected and raised together by `finish`."""

    def __init__(self, design: models.DesignConfig, document: Document) -> None:
        self.design = design
        self.document = document
        self.problems: list[Problem] = []
        self.general: dict[str, DocumentPath] = {
            name: (name,) for name in ("alpha", "power", "sided", "allocation", "solve")
        }

    @contextmanager
    def at(self, *path: str | int, **fields: DocumentPath) -> Iterator[None]:
        """Place what the body refuses at a path of the file, or where the field that the message names stands.

        Parameters
        ----------
        fields
            Paths for the names with which messages of the library begin; those of the whole design are known.
        """
        try:
            yield
        except InvalidDocument:
            raise
        except EngraftError as error:
            named, colon, text = str(error).partition(": ")
            where = {**self.general, **fields}.get(named)
            if where is None or not colon:
                where, text = path, str(error)
            if (row := _ROW.match(text)) and self.document.locate((*where, int(row[1]))) != self.document.locate(where):
                where = (*where, int(row[1]))
            self.refuse(where, text)

    def refuse(self, path: DocumentPath, message: str) -> None:
        """A problem at a path of the file."""
        self.problems.append(Problem(self.document.locate(path), format_path(path), message))

    def finish(self) -> None:
        """Raise InvalidDocument if anything was refused."""
        if self.problems:
            raise InvalidDocument(self.problems)

    def at_level(self, alpha: float) -> models.DesignConfig:
        """The design with the level at which its own hypothesis is tested."""
        return self.design.model_copy(update={"alpha": alpha})

    def length(self, duration: str) -> float:
        """A duration in time units."""
        return parse_duration(duration) / self.design.days_per_unit

    def errors(self) -> None:
        """Check alpha, sides, allocation and power, each on its own."""
        design = self.design
        with self.at():
            if 0.0 < probability("alpha", design.alpha) < SMALLEST:
                raise EngraftError(f"alpha: found {design.alpha:.12g}; it must be at least {SMALLEST:g}")
        with self.at():
            sides(design.sided)
        with self.at():
            if not 1.0 / MOST_ALLOCATION <= positive("allocation", design.allocation) <= MOST_ALLOCATION:
                most = f"it must lie between {1.0 / MOST_ALLOCATION:g} and {MOST_ALLOCATION:g}"
                raise EngraftError(f"allocation: found {design.allocation:.12g}; {most}")
        if design.solve == "power":
            if design.power is not None:
                self.refuse(("power",), "solve: power finds it; leave it out")
        elif design.power is None:
            self.refuse(("power",), f"missing; it is needed to solve for {design.solve}")
        elif not self.problems:
            with self.at():
                attainable(design.power, design.alpha, design.sided)

    def law(self, law: models.ControlLaw | models.TreatmentLaw | models.UncuredLaw, *path: str | int) -> Law:
        """The law of an arm, given by a family other than a hazard ratio or incidences."""
        family = law.family
        given = law.arguments
        here = (*path, family)
        if family == "median":
            with self.at(*here, median=here):
                return exponential_from_median(self.length(given))
        elif family == "survival":
            with self.at(*here, survival=(*here, "share"), time=(*here, "at")):
                return exponential_from_survival(given.share, time=self.length(given.at))
        elif family == "piecewise":
            with self.at(*here, starts=(*here, "from"), rates=(*here, "hazards")):
                for row, hazard in enumerate(given.hazards):
                    if hazard > MOST_RATE:
                        raise EngraftError(f"rates: row {row} is {hazard:.12g}; it must be at most {MOST_RATE:g}")
                return piecewise_exponential([self.length(start) for start in given.from_], given.hazards)
        elif family == "weibull":
            with self.at(*here, shape=(*here, "shape"), scale=(*here, "scale"), median=(*here, "median")):
                lengths = {
                    name: self.length(value)
                    for name, value in (("scale", given.scale), ("median", given.median))
                    if value is not None
                }
                return weibull(shape=given.shape, **lengths)
        else:
            uncured = self.law(given.uncured, *here, "uncured")
            with self.at(*here, cured=(*here, "cured")):
                return mixture_cure(given.cured, uncured)
        return NEVER

    def arms(self, survival: models.Survival) -> tuple[Law, Law, Callable[[float], Law] | None]:
        """The control arm's law, the competing law, and the treatment arm's as a function of a constant ratio."""
        here: DocumentPath = ("survival", "control")
        if survival.control.family != "incidence":
            if survival.subdistribution:
                self.refuse(("survival", "subdistribution"), "it needs a control arm given by incidence")
            law = self.law(survival.control, *here)
            return law, NEVER, lambda ratio: changed_hazard(law, ratio)
        given = survival.control.arguments
        places = {name: (*here, "incidence", name) for name in ("event", "competing", "at")}
        with self.at(*here, incidence=places["event"], competing_incidence=places["competing"], time=places["at"]):
            hazard, other = hazards_from_incidence(given.event, given.competing, time=self.length(given.at))
            if survival.subdistribution:
                improper = subdistribution(hazard, other)
                return improper, NEVER, lambda ratio: changed_hazard(improper, ratio)
            return exponential(hazard), exponential(other), lambda ratio: exponential(hazard * ratio)
        return NEVER, NEVER, None

    def treatment(self, survival: models.Survival, control: Law) -> Law:
        """The treatment arm's law; the control arm's where the hazard ratio is to be found."""
        here: DocumentPath = ("survival", "treatment")
        solving = self.design.solve == "hazard_ratio"
        if survival.treatment is None:
            if not solving:
                self.refuse(here, "missing; give a hazard ratio or a law of its own")
            return control
        if solving:
            self.refuse(here, "solve: hazard_ratio finds it; leave it out")
            return control
        return self.treatment_law(survival.treatment, *here, survival=survival, control=control)

    def treatment_law(
        self, treatment: models.TreatmentLaw, *path: str | int, survival: models.Survival, control: Law
    ) -> Law:
        """The law that a treatment arm given at a path has beside a control arm."""
        if treatment.family != "hazard_ratio":
            if survival.control.family == "incidence":
                self.refuse(path, "with a control arm given by incidence the treatment is given by a hazard_ratio")
            return self.law(treatment, *path)
        given = treatment.arguments
        steps = isinstance(given, models.RatioSteps)
        ratios = given.ratios if steps else [given]
        starts = [self.length(start) for start in given.from_] if steps else [0.0]
        here = (*path, "hazard_ratio")
        with self.at(*here, starts=(*here, "from"), hazard_ratio=(*here, "ratios") if steps else here):
            for row, ratio in enumerate(ratios):
                if not 1.0 / LARGEST_RATIO <= ratio <= LARGEST_RATIO:
                    raise EngraftError(f"hazard_ratio: {f'row {row} is' if steps else 'found'} {outside(ratio)}")
            return changed_hazard(control, ratios, starts=starts)
        return control

    def dropout(self, arm: str, lost: models.Lost | None) -> Law:
        """The law of dropout of an arm."""
        if lost is None:
            return NEVER
        here: DocumentPath = ("survival", "dropout", arm)
        with self.at(*here, survival=(*here, "share"), time=(*here, "by")):
            if not 0.0 <= lost.share < 1.0:
                raise EngraftError(f"survival: found {lost.share:.12g}; it must be 0 or more and below 1")
            return exponential_from_survival(1.0 - lost.share, time=self.length(lost.by))
        return NEVER

    def entries(self, plan: models.AccrualPlan) -> Accrual:
        """Accrual; its time is a starting value where it is solved for."""
        here: DocumentPath = ("survival", "accrual")
        solve = self.design.solve
        starts = [self.length(start) for start in plan.from_]
        if solve == "accrual_time":
            if plan.time is not None:
                self.refuse((*here, "time"), "solve: accrual_time finds it; leave it out")
            if plan.patients is not None:
                self.refuse((*here, "patients"), "with solve: accrual_time the rates say how many enter; leave it out")
            time = starts[-1] + 1.0
        elif plan.time is None:
            self.refuse((*here, "time"), f"missing; it is needed to solve for {solve}")
            return Accrual((0.0,), (1.0,), 1.0)
        else:
            time = self.length(plan.time)
        if solve == "patients" and plan.patients is not None:
            self.refuse((*here, "patients"), "solve: patients finds it; leave it out")
        with self.at(
            *here,
            accrual_time=(*here, "time"),
            accrual_rates=(*here, "rates"),
            accrual_starts=(*here, "from"),
            patients=(*here, "patients"),
        ):
            for row, rate in enumerate(plan.rates):
                if rate > MOST_RATE:
                    raise EngraftError(f"accrual_rates: row {row} is {rate:.12g}; it must be at most {MOST_RATE:g}")
            found = accrual(time=time, rates=plan.rates, starts=starts)
            if plan.patients is not None:
                if not 2.0 <= plan.patients <= MOST_PATIENTS:
                    raise EngraftError(
                        f"patients: found {plan.patients:.12g}; it must lie between 2 and {MOST_PATIENTS:g}"
                    )
                found = found.scaled(plan.patients / found.patients)
            return found
        return Accrual((0.0,), (1.0,), 1.0)

    def curve_test(self, given: models.CurveTest) -> SurvivalTest:
        """The test of the two curves."""
        here: DocumentPath = ("survival", "test", given.family)
        asked = given.arguments
        with self.at(*here, **{name: (*here, name) for name in ("margin", "rho", "gamma", "method", "until")}):
            if given.family == "max_combo":
                return MaxCombo(tuple((rho, gamma) for rho, gamma in asked.weights))
            if given.family == "log_rank":
                return LogRank(asked.method, asked.margin, asked.rho, asked.gamma)
            if asked.margin < 0.0:
                raise EngraftError(f"margin: found {asked.margin:.12g}; it must be 0 (superiority) or more")
            if given.family == "milestone":
                return Milestone(self.length(asked.at), asked.scale, asked.margin)
            return RestrictedMean(self.length(asked.until), asked.margin)
        return LogRank()

    def survival(self, given: models.Survival) -> SurvivalPlan:
        """The trial and its test."""
        control, competing, by_ratio = self.arms(given)
        treatment = self.treatment(given, control)
        lost = [self.dropout(arm, getattr(given.dropout, arm)) for arm in ("control", "treatment")]
        entries = self.entries(given.accrual)
        looks = self.design.group_sequential
        if looks is not None and looks.times is not None:
            if given.follow_up is not None:
                self.refuse(
                    ("survival", "follow_up"), "the last of group_sequential.times is the last analysis; leave it out"
                )
        elif self.design.solve == "follow_up":
            if given.follow_up is not None:
                self.refuse(("survival", "follow_up"), "solve: follow_up finds it; leave it out")
        elif given.follow_up is None:
            self.refuse(("survival", "follow_up"), f"missing; it is needed to solve for {self.design.solve}")
        follow_up = self.length(given.follow_up) if given.follow_up is not None else 0.0
        test = self.curve_test(given.test)
        latest = None if given.latest_analysis is None else self.length(given.latest_analysis)
        if latest is not None and latest <= 0.0:
            self.refuse(("survival", "latest_analysis"), f'found "{given.latest_analysis}"; it must be above 0')
        elif latest is not None and latest <= entries.opened:
            self.refuse(("survival", "latest_analysis"), f'found "{given.latest_analysis}"; nobody has entered by then')
        self.finish()

        def trial(law: Law) -> Course:
            arms = Arm(control, lost[0], competing), Arm(law, lost[1], competing)
            return Course(*arms, entries, follow_up, self.design.allocation)

        return SurvivalPlan(
            trial(treatment), test, lambda ratio: trial((by_ratio or (lambda _: control))(ratio)), latest
        )

    def boundary(self, given: models.Boundary, *path: str | int) -> Spending | Shape:
        """The rule of a boundary."""
        parameters = ("parameter", "gamma", "rho", "delta", "z")
        places: dict[str, DocumentPath] = dict.fromkeys(parameters, (*path, "parameter"))
        rule = next(name for name in ("spending", "shape", "shares", "z") if getattr(given, name) is not None)
        with self.at(*path, **{**places, "spending": (*path, rule)}):
            if given.parameter is not None and rule in ("shares", "z"):
                raise EngraftError(f"parameter: found {given.parameter:.12g}; {rule} take none")
            if given.spending is not None:
                return spending(given.spending, given.parameter)
            if given.shares is not None:
                return user_spending(given.shares)
            if given.z is not None:
                return fixed_bounds([None if value == "none" else value for value in given.z])
            shape = str(given.shape)
            if shape not in SHAPES:
                raise EngraftError(f'spending: no shape is called "{shape}"{did_you_mean(shape, list(SHAPES))}')
            if given.parameter is None and shape != "wang-tsiatis":
                return SHAPES[shape]()
            if shape in ("obrien-fleming", "pocock"):
                raise EngraftError(f"parameter: found {given.parameter:.12g}; the shape {shape} takes none")
            return SHAPES[shape](given.parameter)
        return obrien_fleming()
