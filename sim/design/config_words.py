"""A design file in the words of a protocol: assumptions, accrual, the sample size paragraph. No numbers are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sim.design import config as models
from sim.design.exact import OneArm
from sim.design.fixed import FixedSurvival
from sim.design.fixed_proportions import FixedProportions
from sim.design.sequential import GroupSequentialDesign
from sim.design.sequential_plan import SequentialSurvival
from sim.design.survival_tests import SurvivalTest
from sim.design.timed_looks import TimedLooks


def number(value: float, digits: int = 1) -> str:
    """A number with at most so many decimals, without trailing zeros."""
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: float, digits: int = 1) -> str:
    """A share in percent."""
    return f"{number(100.0 * value, digits)} %"


def listed(items: Sequence[str]) -> str:
    """Items with commas and a last ``and``."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def law(given: Any, unit: str) -> str:
    """A family of survival in words."""
    family, value = given.family, given.arguments
    if family == "median":
        return f"exponential survival with a median of {value}"
    if family == "survival":
        return f"exponential survival of {percent(value.share)} at {value.at}"
    if family == "piecewise":
        hazards = listed([f"{hazard:g}" for hazard in value.hazards])
        return f"hazards of {hazards} per {unit[:-1]} from {listed(_starts(value.from_))} on"
    if family == "weibull":
        size = f"scale {value.scale}" if value.scale is not None else f"median {value.median}"
        return f"Weibull survival with shape {value.shape:g} and {size}"
    if family == "cure":
        return f"{percent(value.cured)} cured and {law(value.uncured, unit)} in the others"
    return (
        f"a cumulative incidence of {percent(value.event)} at {value.at} beside {percent(value.competing)} of the "
        "competing event (constant cause-specific hazards)"
    )


def _starts(starts: Sequence[str]) -> list[str]:
    return ["0" if start == "0 d" else start for start in starts]


def effect(survival: models.Survival, unit: str, found: float | None) -> str:
    """The treatment effect in words."""
    kind = "subdistribution hazard ratio" if survival.subdistribution else "hazard ratio"
    if survival.control.family == "incidence" and not survival.subdistribution:
        kind = "cause-specific hazard ratio"
    if found is not None:
        return f"a {kind} of {found:.4f}"
    assert survival.treatment is not None
    if survival.treatment.family != "hazard_ratio":
        return law(survival.treatment, unit) + " under treatment"
    given = survival.treatment.arguments
    if isinstance(given, models.RatioSteps):
        ratios = listed([f"{ratio:g}" for ratio in given.ratios])
        return f"{kind}s of {ratios} from {listed(_starts(given.from_))} on"
    return f"a {kind} of {given:g}"


def assumptions(design: models.DesignConfig, found: float | None) -> str:
    """What is assumed of a survival trial."""
    survival = design.survival
    assert survival is not None
    unit = design.time_unit
    text = f"{law(survival.control, unit)} in the control arm and {effect(survival, unit, found)}"
    lost = [
        f"{percent(value.share)} lost by {value.by} in the {arm} arm"
        for arm, value in (("control", survival.dropout.control), ("treatment", survival.dropout.treatment))
        if value is not None
    ]
    return text + (f", {listed(lost)}" if lost else "")


def _the(test: str) -> str:
    return test if test.startswith("Fisher") else f"the {test}"


def test_name(design: models.DesignConfig, test: SurvivalTest) -> str:
    """What the test is called, with competing events."""
    name = test.named(design.time_unit)
    survival = design.survival
    assert survival is not None
    if survival.subdistribution:
        return name.replace("log-rank test", "test of the subdistribution hazard (Gray; Fine and Gray)")
    return f"cause-specific {name}" if survival.control.family == "incidence" else name


def _errors(design: models.DesignConfig) -> str:
    side = "one-sided" if design.sided == 1 else "two-sided"
    return f"a {side} type I error of {design.alpha:g}"


def survival_paragraph(design: models.DesignConfig, fixed: FixedSurvival, ratio: float | None) -> str:
    """The sample size of a survival trial with one analysis, as a protocol says it."""
    control, treatment = fixed.arms
    unit = design.time_unit
    many = f"{control + treatment} patients ({control} control, {treatment} treatment)"
    test = test_name(design, fixed.test)
    if fixed.test.event_driven and fixed.wanted is not None:
        have = f"{fixed.events:.0f} events give the {test} with {_errors(design)} a power of {percent(fixed.power)}."
        when = (
            f"With {many} entering over {number(fixed.course.accrual.end)} {unit}, these events are expected "
            f"{number(fixed.duration)} {unit} after the first patient's entry."
        )
    else:
        have = f"{many} give the {test} with {_errors(design)} a power of {percent(fixed.power)}."
        when = (
            f"They enter over {number(fixed.course.accrual.end)} {unit}; the analysis is held {number(fixed.duration)} "
            f"{unit} after the first patient's entry, when {number(fixed.events)} events are expected."
        )
    return (
        f"The treatment arms are compared for {design.endpoint} by the {test}. Assuming "
        f"{assumptions(design, ratio)}, {have} {when}"
    )


def proportions_paragraph(design: models.DesignConfig, fixed: FixedProportions, power: float) -> str:
    """The sample size of a comparison of proportions, as a protocol says it; `power` is that of all its looks."""
    control, treatment = fixed.arms
    before, after = percent(fixed.control), percent(fixed.treatment)
    return (
        f"The treatment arms are compared for {design.endpoint} by {_the(fixed.name)}. Assuming {before} in the "
        f"control arm and {after} in the treatment arm, {control + treatment} patients ({control} control, {treatment} "
        f"treatment) give {_errors(design)} and a power of {percent(power)}."
    )


def one_arm_paragraph(design: models.DesignConfig, found: OneArm) -> str:
    """The sample size of a single-arm design, as a protocol says it."""
    given = design.one_arm
    assert given is not None
    before, after = percent(given.standard), percent(given.alternative)
    return (
        f"The single arm is tested for {design.endpoint} by the exact binomial test of {before} against {after}, "
        f"one-sided at {design.alpha:g}. Of {found.patients} patients {found.reject_from} or more responses reject; "
        f"the exact type I error is {found.alpha:.4f} and the power {percent(found.power)}."
    )


def sequential_paragraph(design: models.DesignConfig, found: SequentialSurvival, ratio: float | None) -> str:
    """The sample size of a survival trial with looks, as a protocol says it."""
    fixed, unit = found.fixed, design.time_unit
    control, treatment = fixed.arms
    alternative = found.characteristics()
    when = "" if alternative.expected_time is None else f" and {number(alternative.expected_time)} {unit}"
    looks = looks_sentence(found.design, [f"{count:.0f}" for count in found.events], "events")
    return (
        f"The treatment arms are compared for {design.endpoint} by the {test_name(design, fixed.test)} with "
        f"{_errors(design)}. {looks} Assuming {assumptions(design, ratio)}, {control + treatment} patients ({control} "
        f"control, {treatment} treatment) entering over {number(fixed.course.accrual.end)} {unit} and at most "
        f"{fixed.events:.0f} events give a power of {percent(alternative.power)}; the last analysis is expected "
        f"{number(fixed.duration)} {unit} after the first patient's entry. If the assumptions hold, the trial is "
        f"expected to stop after {number(alternative.expected_events or 0.0)} events{when}."
    )


def looks_sentence(boundaries: GroupSequentialDesign, counts: Sequence[str], what: str) -> str:
    """When the looks are and where their boundaries lie."""
    upper = listed([f"{z:.4f}" if z < 20.0 else "none" for z in boundaries.efficacy])
    text = (
        f"The data are analysed at {listed(counts)} {what} with "
        f"{_boundaries('efficacy', boundaries.efficacy_rule)}: z = {upper}"
    )
    if boundaries.futility_rule is not None:
        kind = "binding" if boundaries.binding else "non-binding"
        text += _futility(kind, boundaries.futility_rule, boundaries.futility)
    return text + "."


def _futility(kind: str, rule: object, bounds: Iterable[float]) -> str:
    """The futility boundaries of the looks before the last; nothing if there is only one look."""
    lower = [f"{z:.4f}" if z > -20.0 else "none" for z in [*bounds][:-1]]
    return f", and {_boundaries(f'{kind} futility', rule)}: z = {listed(lower)} at the interim looks" if lower else ""


def _boundaries(kind: str, rule: object) -> str:
    """Boundaries and their rule; the word stands once where the rule has it."""
    before, word, after = str(rule).partition("boundaries")
    return f"{before}{kind} boundaries{after}" if word else f"{kind} boundaries by {rule}"


def timed_paragraph(design: models.DesignConfig, found: TimedLooks) -> str:
    """The sample size of a trial with looks at calendar times, as a protocol says it."""
    control, treatment = found.arms
    unit = design.time_unit
    times = listed([number(float(time)) for time in found.moments.times])
    upper = listed([f"{z:.4f}" if z < 20.0 else "none" for z in found.design.efficacy])
    many = f"{control + treatment} patients ({control} control, {treatment} treatment)"
    rule = found.design.futility_rule
    lower = "" if rule is None else _futility("non-binding", rule, found.design.futility)
    return (
        f"The treatment arms are compared for {design.endpoint} by the {test_name(design, found.test)} with "
        f"{_errors(design)}. The data are analysed {times} {unit} after the first patient's entry with "
        f"{_boundaries('efficacy', found.design.efficacy_rule)}: z = {upper}{lower}. Assuming "
        f"{assumptions(design, None)}, {many} entering over {number(found.course.accrual.end)} {unit} give a power of "
        f"{percent(found.power)}."
    )
