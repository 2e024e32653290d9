"""Computes the design a file describes and reports it: the verb `design`. Formulas are in the rooms it calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sim.design import config_words as words
from sim.design.average_hazard_ratio import kalbfleisch_prentice
from sim.design.config import DesignConfig, load_design, read_design
from sim.design.config_effects import one_arm_effects, proportion_effects, survival_effects
from sim.design.config_reader import Reader, SurvivalPlan
from sim.design.config_timed import timed_report
from sim.design.config_upon import assurance_table, boundary_tables, graph_of, multiplicity_table
from sim.design.exact import OneArm, one_arm, one_arm_power
from sim.design.fixed import FixedSurvival, Solved, fixed_survival
from sim.design.fixed_proportions import FixedProportions, fixed_proportions
from sim.design.report import DesignReport
from sim.design.sequential import GroupSequentialDesign, group_sequential
from sim.design.sequential_drift import design_at_drift
from sim.design.sequential_plan import (
    SequentialProportions,
    SequentialSurvival,
    equivalent_power,
    sequential_survival,
)
from sim.design.solving import for_hazard_ratio
from sim.design.spending import Spending
from sim.design.survival_moments import proportional
from sim.design.survival_tests import LogRank
from sim.errors import EngraftError, InvalidDocument, Problem
from sim.protocol.document import Document


def design(config: str | Path | Mapping[str, Any], *, set: Sequence[str] = ()) -> DesignReport:
    """Compute the design that a file describes.

    Parameters
    ----------
    config
        Path of a file of schema engraft/design/1, the name of a shipped one, or the values of such a file.
    set
        Overrides ``path=value`` of the file, checked like the file.

    Returns
    -------
    DesignReport
        Tables, a paragraph for a protocol, conventions, and the design itself as ``result``.

    Raises
    ------
    UsageError
        There is no such file.
    InvalidDocument
        The file says something that cannot be, or a design that cannot be reached; with file, line and column.
    """
    found, document = load_design(config, set=set)
    return report(found, document)


def design_problems(document: Document) -> list[Problem]:
    """What is wrong in a design file, found by reading and by computing it."""
    try:
        report(read_design(document), document)
    except InvalidDocument as invalid:
        return list(invalid.problems)
    return []


def report(design: DesignConfig, document: Document) -> DesignReport:
    """As `design`, for a file that has been read."""
    reader = Reader(design, document)
    families = ("survival", "proportions", "one_arm")
    given = [name for name in families if getattr(design, name) is not None]
    reader.errors()
    if len(given) != 1:
        reader.refuse((given[1],) if given else (), f"give exactly one of {', '.join(families)}; found {len(given)}")
        reader.finish()
    allowed = {"survival": (), "proportions": ("patients", "power"), "one_arm": ("patients", "power")}[given[0]]
    if allowed and design.solve not in allowed:
        reader.refuse(("solve",), f'found "{design.solve}"; {given[0]} can be solved for patients or power')
    if given[0] == "one_arm" and (design.group_sequential is not None or design.sided != 1):
        where = "group_sequential" if design.group_sequential is not None else "sided"
        reader.refuse((where,), "a single-arm design is one-sided and has one analysis; leave it out")
    if design.assurance is not None and given[0] != "survival":
        reader.refuse(("assurance",), "a prior is on the log hazard ratio; it needs a log-rank test of survival")
    level = design.alpha
    if design.multiplicity is not None:
        reader.finish()
        names = list(design.multiplicity.hypotheses)
        level *= float(graph_of(reader, design.multiplicity).weights[names.index(design.multiplicity.this)])
        if level <= 0.0:
            reader.refuse(
                ("multiplicity", "hypotheses", design.multiplicity.this, "weight"),
                "found 0; the hypothesis that this file sizes needs a share of alpha from the start",
            )
            reader.finish()
    builders: dict[str, Callable[[Reader, float], DesignReport]] = {
        "survival": _survival,
        "proportions": _proportions,
        "one_arm": _one_arm,
    }
    return builders[given[0]](reader, level)


def _boundaries(reader: Reader, alpha: float, drift: Callable[[], float]) -> GroupSequentialDesign | None:
    """The boundaries of a file; `drift` is the mean of Z at the end of a trial whose power is solved for."""
    design = reader.design
    given = design.group_sequential
    if given is None:
        return None
    here = ("group_sequential",)
    if given.information is None:
        reader.refuse((*here, "times"), "looks at calendar times are for tests of survival; give information")
        reader.finish()
        return None
    efficacy = reader.boundary(given.efficacy, *here, "efficacy")
    futility = None if given.futility is None else reader.boundary(given.futility, *here, "futility")
    reader.finish()
    places = {
        "information": (*here, "information"),
        "efficacy": (*here, "efficacy"),
        "futility": (*here, "futility"),
        "spending": (*here, "efficacy"),
        "efficacy_at": (*here, "efficacy", "at"),
        "futility_at": (*here, "futility", "at"),
    }
    make = partial(
        group_sequential,
        alpha=alpha,
        information=given.information,
        efficacy=efficacy,
        sided=design.sided,
        futility=futility,
        binding=given.futility is not None and given.futility.binding,
        efficacy_at=given.efficacy.at,
        futility_at=None if given.futility is None else given.futility.at,
    )
    if design.solve == "power" and isinstance(futility, Spending):
        mean = drift()
        with reader.at(*here, **places):
            return design_at_drift(lambda power: make(power=power), mean, alpha=alpha, sided=design.sided)
    else:
        with reader.at(*here, **places):
            return make(power=design.power)
    reader.finish()
    return None


def _survival(reader: Reader, alpha: float) -> DesignReport:
    design = reader.design
    assert design.survival is not None
    plan = reader.survival(design.survival)
    if design.group_sequential is not None and design.group_sequential.times is not None:
        return timed_report(reader, plan, alpha)
    here = ("survival",)
    test = (*here, "test", design.survival.test.family)
    places = {
        "test": (*here, "test"),
        "time": (*test, "until" if design.survival.test.family == "restricted_mean" else "at"),
        "method": (*test, "method"),
        "scale": (*here, "test"),
        "margin": (*here, "test"),
        "hazard_ratio": (*here, "treatment"),
        "accrual_rates": (*here, "accrual", "rates"),
        "events": ("group_sequential", "information"),
        "information": ("group_sequential", "information"),
    }

    def drift() -> float:
        with reader.at(*here, **places):
            return fixed_survival(plan.course, plan.test, alpha=alpha, sided=design.sided, solve_for="power").drift
        reader.finish()
        raise AssertionError("a refused trial does not get here")

    boundaries = _boundaries(reader, alpha, drift)
    ratio: float | None = None
    found: FixedSurvival | SequentialSurvival | None = None
    with reader.at(*here, **places):
        course, solve = plan.course, design.solve
        if solve == "hazard_ratio":
            ratio = _ratio(plan, design, boundaries, alpha)
            course = plan.make(ratio)
        asked: Solved = "power" if solve == "hazard_ratio" else solve
        if boundaries is None:
            found = fixed_survival(
                course, plan.test, alpha=alpha, sided=design.sided, power=design.power, solve_for=asked
            )
        else:
            found = sequential_survival(
                course, plan.test, boundaries, alpha=alpha, sided=design.sided, power=design.power, solve_for=asked
            )
        tables, paragraph, conventions = _survival_tables(reader, plan, found, ratio, alpha)
    reader.finish()
    assert found is not None
    return DesignReport(design.title, tables, paragraph, conventions, found)


def _ratio(plan: SurvivalPlan, design: DesignConfig, boundaries: GroupSequentialDesign | None, alpha: float) -> float:
    power = design.power
    assert power is not None
    margin = plan.test.margin if isinstance(plan.test, LogRank) else 1.0
    wanted = power if boundaries is None else equivalent_power(boundaries)
    return for_hazard_ratio(plan.make, plan.test, alpha=alpha, power=wanted, sided=design.sided, margin=margin)


def _survival_tables(
    reader: Reader, plan: SurvivalPlan, found: FixedSurvival | SequentialSurvival, ratio: float | None, alpha: float
) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    import pandas as pd

    design = reader.design
    fixed = found if isinstance(found, FixedSurvival) else found.fixed
    table = fixed.to_frame()
    extra: list[tuple[str, float, float]] = []
    if ratio is not None:
        extra.append(("hazard ratio", math.nan, ratio))
    if not proportional(fixed.course):
        average = kalbfleisch_prentice(fixed.course.control.event, fixed.course.treatment.event, until=fixed.duration)
        extra.append(("average hazard ratio (Kalbfleisch-Prentice)", math.nan, average))
    conventions = list(fixed.conventions if isinstance(found, FixedSurvival) else found.conventions)
    if plan.latest is not None:
        extra += [
            ("events by the latest time of analysis", math.nan, sum(fixed.course.events(plan.latest))),
            ("power at the latest time of analysis", math.nan, found.power_by(plan.latest)),
        ]
    if isinstance(found, SequentialSurvival):
        table.loc[table["quantity"] == "power", "planned"] = found.characteristics().power
        table.loc[table["quantity"] == "power", "exact"] = math.nan if design.power is None else design.power
        extra.append(("inflation", math.nan, found.design.inflation or math.nan))
    if extra:
        table = pd.concat([table, pd.DataFrame(extra, columns=table.columns)], ignore_index=True)
    table.insert(1, "unit", [_unit(str(name), design.time_unit) for name in table["quantity"]])
    tables: dict[str, Any] = {"design": table}
    if isinstance(found, SequentialSurvival):
        tables["looks"] = found.looks()
        tables |= boundary_tables(reader, found.design, fixed.events, found.drift, found.ratio_at)
    if isinstance(found, SequentialSurvival) or design.operating_characteristics is not None:
        tables |= survival_effects(reader, plan, found)
    tables["calendar"] = fixed.calendar()
    accrual = fixed.course.accrual
    tables["accrual"] = pd.DataFrame({"from": accrual.bounds[:-1], "until": accrual.bounds[1:], "rate": accrual.used})
    if design.assurance is not None:
        tables["assurance"] = assurance_table(reader, design.assurance, found)
    if design.multiplicity is not None:
        tables["multiplicity"] = multiplicity_table(reader, design.multiplicity, fixed.drift)
    paragraph = words.survival_paragraph(reader.at_level(alpha), fixed, ratio)
    if isinstance(found, SequentialSurvival):
        paragraph = words.sequential_paragraph(reader.at_level(alpha), found, ratio)
    return tables, paragraph, tuple(conventions)


def _unit(quantity: str, time_unit: str) -> str:
    return time_unit if quantity in ("accrual time", "follow-up after accrual", "study duration") else ""


def _proportions(reader: Reader, alpha: float) -> DesignReport:
    design = reader.design
    given = design.proportions
    assert given is not None
    here = ("proportions",)
    reader.finish()
    if design.solve == "power" and given.patients is None:
        reader.refuse((*here, "patients"), "missing; it is needed to solve for power")
    if design.solve == "patients" and given.patients is not None:
        reader.refuse((*here, "patients"), "solve: patients finds it; leave it out")
    if design.group_sequential is not None and given.method in ("fisher", "z_pooled"):
        reader.refuse((*here, "method"), f"{given.method} has one analysis; looks need pooled, unpooled or arcsine")
    reader.finish()
    names = ("control", "treatment", "method", "margin", "patients")

    def solved(inflation: float) -> FixedProportions:
        with reader.at(*here, **{name: (*here, name) for name in names}):
            return fixed_proportions(
                given.control,
                given.treatment,
                alpha=alpha,
                sided=design.sided,
                power=design.power,
                patients=given.patients,
                method=given.method,
                margin=given.margin,
                higher_is_better=given.higher_is_better,
                allocation=design.allocation,
                inflation=inflation,
            )
        reader.finish()
        raise AssertionError("refused values do not get here")

    boundaries = _boundaries(reader, alpha, lambda: solved(1.0).drift)
    fixed = solved(1.0 if boundaries is None or design.power is None else boundaries.inflation or 1.0)
    table = fixed.to_frame()
    tables: dict[str, Any] = {"design": table}
    conventions = list(fixed.conventions)
    result: Any = fixed
    power = fixed.power
    if boundaries is not None:
        result = SequentialProportions(fixed, boundaries)
        power = boundaries.power_at(result.drift)
        table.loc[table["quantity"] == "power", "planned"] = power
        table.loc[table["quantity"] == "power", "exact"] = math.nan if design.power is None else design.power
        tables["looks"] = result.looks()
        tables |= boundary_tables(reader, boundaries, sum(fixed.arms), result.drift, None)
        reader.finish()
        conventions.append(boundaries.conventions)
    if boundaries is not None or design.operating_characteristics is not None:
        tables |= proportion_effects(reader, result)
    paragraph = words.proportions_paragraph(reader.at_level(alpha), fixed, power)
    if boundaries is not None:
        paragraph += " " + words.looks_sentence(boundaries, [f"{count:.0f}" for count in result.patients], "patients")
    if design.multiplicity is not None:
        tables["multiplicity"] = multiplicity_table(reader, design.multiplicity, fixed.drift)
    return DesignReport(design.title, tables, paragraph, tuple(conventions), result)


def _one_arm(reader: Reader, alpha: float) -> DesignReport:
    import pandas as pd

    design = reader.design
    given = design.one_arm
    assert given is not None
    here = ("one_arm",)
    reader.finish()
    result: OneArm | None = None
    with reader.at(*here, control=(*here, "standard"), treatment=(*here, "alternative")):
        if design.solve == "power":
            if given.patients is None:
                raise EngraftError("patients: missing; it is needed to solve for power")
            result = one_arm_power(given.patients, given.standard, given.alternative, alpha=alpha)
        else:
            assert design.power is not None
            result = one_arm(given.standard, given.alternative, alpha=alpha, power=design.power)
    reader.finish()
    assert result is not None
    rows = [
        ("patients", math.nan, result.patients),
        ("reject from responses", math.nan, result.reject_from),
        ("type I error", alpha, result.alpha),
        ("power", math.nan if design.power is None else design.power, result.power),
    ]
    tables = {"design": pd.DataFrame(rows, columns=["quantity", "exact", "planned"])}
    if design.operating_characteristics is not None:
        tables |= one_arm_effects(reader, result, alpha=alpha)
    return DesignReport(
        design.title,
        tables,
        words.one_arm_paragraph(reader.at_level(alpha), result),
        (
            "Variance: none; exact binomial test.",
            f"One-sided test at {alpha:g}.",
            "Rounding: the smallest number of patients with the power (A'Hern 2001); one patient more may have less.",
            "The analysis is held when all patients have been observed; nothing depends on a number of events.",
        ),
        result,
    )
