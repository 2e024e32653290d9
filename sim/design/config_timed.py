"""Reports designs with looks at calendar times. Boundaries, moments and patients come from the rooms it calls."""

from __future__ import annotations

import math
from typing import Any

from sim.design import config_words as words
from sim.design.config_effects import survival_effects
from sim.design.config_reader import Reader, SurvivalPlan
from sim.design.fixed import sides_in_words
from sim.design.report import DesignReport
from sim.design.timed_looks import TimedLooks, timed_looks


def timed_report(reader: Reader, plan: SurvivalPlan, alpha: float) -> DesignReport:
    """A survival trial with looks at the times of its file."""
    import pandas as pd

    design = reader.design
    looks, survival = design.group_sequential, design.survival
    assert looks is not None
    assert looks.times is not None
    assert survival is not None
    here = ("group_sequential",)
    test = ("survival", "test", survival.test.family)
    if looks.futility is not None and looks.futility.binding:
        reader.refuse((*here, "futility", "binding"), "at calendar times futility is not binding; leave it out")
    if design.solve not in ("patients", "power"):
        reader.refuse(("solve",), f'found "{design.solve}"; looks at calendar times are solved for patients or power')
    for name in ("assurance", "multiplicity"):
        if getattr(design, name) is not None:
            reader.refuse((name,), "it needs looks at information, or none; leave it out")
    efficacy = reader.boundary(looks.efficacy, *here, "efficacy")
    futility = None if looks.futility is None else reader.boundary(looks.futility, *here, "futility")
    reader.finish()
    found: TimedLooks | None = None
    places = {
        "times": (*here, "times"),
        "information": (*here, "times"),
        "efficacy": (*here, "efficacy"),
        "spending": (*here, "efficacy"),
        "efficacy_at": (*here, "efficacy", "at"),
        "futility": (*here, "futility"),
        "futility_at": (*here, "futility", "at"),
        "method": (*test, "method"),
        "margin": (*test, "margin"),
        "until": (*test, "until"),
        "time": (*test, "at"),
    }
    with reader.at(*here, **places):
        found = timed_looks(
            plan.course,
            plan.test,
            [reader.length(time) for time in looks.times],
            efficacy=efficacy,
            alpha=alpha,
            sided=design.sided,
            power=design.power,
            efficacy_at=looks.efficacy.at,
            futility=futility,
            futility_at=None if looks.futility is None else looks.futility.at,
        )
    reader.finish()
    assert found is not None
    control, treatment = found.arms
    r = found.course.allocation
    rows = [
        ("patients", "", found.exact_patients, control + treatment),
        ("patients, control", "", found.exact_patients / (1.0 + r), control),
        ("patients, treatment", "", found.exact_patients * r / (1.0 + r), treatment),
        ("accrual time", design.time_unit, math.nan, found.course.accrual.end),
        ("study duration", design.time_unit, math.nan, found.course.duration),
        ("power", "", math.nan if design.power is None else design.power, found.power),
    ]
    tables: dict[str, Any] = {
        "design": pd.DataFrame(rows, columns=["quantity", "unit", "exact", "planned"]),
        "looks": found.looks(),
    }
    tables |= survival_effects(reader, plan, found)
    return DesignReport(
        design.title,
        tables,
        words.timed_paragraph(design, found),
        (
            f"Variance: {found.test.variance}.",
            sides_in_words(alpha, design.sided),
            "Rounding: each arm rounded up to whole patients, durations not rounded.",
            "The analyses are held at their planned times, whatever the number of events.",
            found.design.conventions,
        ),
        found,
    )
