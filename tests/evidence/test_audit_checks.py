"""Checks on small invented studies: what each finds, what it leaves alone; sound simulated studies cause no alarm."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import numpy as np
import pytest

from sim.evidence.audit.run import Audit, audit_of
from sim.protocol.document import load_document
from sim.stats import binomial_interval, kaplan_meier

HEAD = """\
schema: engraft/evidence/1
id: invented
title: "Invented"
sources: {paper: "A paper", other: "Another"}
studies:
  ONE:
    title: "One"
    enrolled: 200
    entry_gate: {at: enrolled}
    partitions: {risk: [low, high]}
    endpoints:
      OS: {time_zero: enrolment, events: [death]}
      EFS: {time_zero: enrolment, events: [relapse, death]}
      LATE: {time_zero: enrolled, events: [relapse, second, death]}
"""


def audited(*records: str, relations: str = "", head: str = HEAD) -> Audit:
    """The audit of records that are given without what every record has."""
    rows = [f'  - {{{one}, study: ONE, use: check, reason: "x", source: paper}}' for one in records]
    text = (
        head + "records:\n" + "\n".join(rows) + ("\nrelations:\n" + indent(relations, "  ") if relations else "") + "\n"
    )
    return audit_of(load_document(Path("invented.yaml"), text=text))


def told(found: Audit) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.check, one.records) for one in found.findings]


@pytest.mark.parametrize("transform", ["log-log", "log", "plain"])
@pytest.mark.parametrize("seed", range(12))
def test_sound_studies_cause_no_alarm(transform: str, seed: int) -> None:
    """Kaplan-Meier values of simulated cohorts and of their halves, printed with one decimal: OS and EFS agree.

    Patients are 60 to 200, follow-up uniform between 1 and 5 years, so that every curve reaches 2 years.
    """
    luck = np.random.default_rng([20261121, seed])
    total = int(luck.integers(60, 201))
    death = luck.exponential(luck.uniform(3, 12), total)
    relapse = luck.exponential(luck.uniform(2, 8), total)
    cut, high = luck.uniform(1, 5, total), luck.random(total) < luck.uniform(0.3, 0.7)
    records = []
    for endpoint, ends in (("OS", death), ("EFS", np.minimum(death, relapse))):
        for group, inside in (("", np.ones(total, bool)), ("low", ~high), ("high", high)):
            time, event = np.minimum(ends, cut)[inside], (ends <= cut)[inside]
            found = kaplan_meier(time, event.astype(int), conf_type=transform).at([2.0])
            share, lower, upper = (
                round(100 * float(np.ravel(x)[0]), 1) for x in (found.survival, found.ci_low, found.ci_high)
            )
            by = f", group: {{by: risk, is: {group}}}" if group else ""
            records.append(
                f"id: A-{len(records)}, endpoint: {endpoint}, time: 2 y, value: {share}, unit: percent, "
                f"n: {int(inside.sum())}, printed: {{low: {lower}, high: {upper}}}{by}"
            )
    alarms = [one for one in audited(*records).findings if one.check not in ("interval-clipped",)]
    assert [str(one) for one in alarms] == []


def test_a_study_with_counts_and_exact_intervals_causes_no_alarm() -> None:
    records = []
    for total in range(5, 60, 6):
        for hits in range(1, total, 4):
            found = binomial_interval(hits, total)
            records.append(
                f"id: A-{len(records)}, quantity: response, value: {100 * hits / total:.1f}, unit: percent, "
                f"n: {total}, events: {hits}, "
                f"printed: {{low: {100 * found.ci_low:.1f}, high: {100 * found.ci_high:.1f}}}"
            )
    assert told(audited(*records)) == []


@pytest.mark.parametrize(
    ("value", "low", "high", "checks"),
    [
        (0.71, 0.55, 0.93, []),
        (1.18, 0.99, 1.41, []),
        (0.71, 0.93, 0.55, ["interval-reversed"]),
        (0.71, 0.75, 0.93, ["interval-misses-estimate"]),
        (0.71, 0.55, 1.93, ["interval-asymmetric"]),
    ],
)
def test_intervals_of_ratios_are_symmetric_on_the_log_scale(
    value: float, low: float, high: float, checks: list[str]
) -> None:
    found = audited(
        f"id: A-1, quantity: hazard, value: {value}, unit: hazard ratio, printed: {{low: {low}, high: {high}}}"
    )
    assert [one.check for one in found.findings] == checks


def _divided(whole: str, low: str, high: str) -> Audit:
    start = "endpoint: OS, time: 2 y, unit: percent"
    return audited(
        f"id: A-1, {start}, {whole}",
        f"id: A-2, {start}, {low}, group: {{by: risk, is: low}}",
        f"id: A-3, {start}, {high}, group: {{by: risk, is: high}}",
    )


def test_the_whole_is_the_mean_of_its_parts_with_the_weights_that_are_given() -> None:
    assert told(_divided("value: 80.0, n: 100", "value: 90.0, n: 50", "value: 70.0, n: 50")) == []
    found = _divided("value: 80.0, n: 100", "value: 90.0, n: 90", "value: 70.0, n: 10")
    assert told(found) == [("whole-off-the-weighted-mean", ("A-1", "A-2", "A-3"))]
    assert "90 (90), 70 (10) by risk make 88.0" in found.findings[0].arithmetic


def test_parts_that_are_not_said_to_be_all_are_not_averaged() -> None:
    start = "endpoint: OS, time: 2 y, unit: percent"
    whole, part = f"id: A-1, {start}, value: 60.0", f"id: A-2, {start}, value: 90.0, group: {{by: risk, is: low}}"
    assert told(audited(whole, part)) == []


def test_an_endpoint_with_more_events_may_be_equal_and_may_not_be_higher() -> None:
    start = "time: 1 y, unit: percent"
    assert (
        told(audited(f"id: A-1, endpoint: OS, {start}, value: 80.0", f"id: A-2, endpoint: LATE, {start}, value: 80.0"))
        == []
    )
    found = audited(f"id: A-1, endpoint: OS, {start}, value: 80.0", f"id: A-2, endpoint: LATE, {start}, value: 80.1")
    assert told(found) == [("endpoint-order", ("A-1", "A-2"))]
    other_clock = HEAD.replace("time_zero: enrolled, events", "time_zero: remission, events")
    found = audited(
        f"id: A-1, endpoint: OS, {start}, value: 80.0",
        f"id: A-2, endpoint: LATE, {start}, value: 90.0",
        head=other_clock,
    )
    assert [one.check for one in found.findings] == ["clock-is-not-entry"]


COUNTS = (
    "id: A-1, quantity: all, value: 10, unit: patients",
    "id: A-2, quantity: some, value: 6, unit: patients",
    "id: A-3, quantity: others, value: 3, unit: patients",
)


@pytest.mark.parametrize(
    ("parts", "checks", "repair"),
    [
        ("{of: A-1, are: [A-2, A-3]}", [], ""),
        ("{of: A-1, are: [A-2, A-3], exhaustive: true}", ["parts-miss-whole"], "1 are not accounted for"),
        ("{of: A-2, are: [A-1]}", ["parts-exceed-whole"], "its definition is another"),
    ],
)
def test_parts_are_no_more_than_the_whole_and_all_of_them_no_fewer(parts: str, checks: list[str], repair: str) -> None:
    found = audited(*COUNTS, relations=f"- {{parts: {parts}, why: because}}")
    assert [one.check for one in found.findings] == checks
    assert all(repair in one.repair for one in found.findings)


def test_a_table_is_counted() -> None:
    rows = [f"id: P-{k}, patient: {{sex: {'m' if k < 3 else 'f'}}}, unit: record" for k in range(5)]
    counted = "- {counted: {record: A-3, study: ONE, rows: {sex: m}}, why: listed}"
    assert told(audited(*COUNTS, *rows, relations=counted)) == []
    found = audited(*COUNTS, *rows, relations=counted.replace("sex: m", "sex: f"))
    assert [(one.check, one.arithmetic) for one in found.findings] == [
        ("figures-differ", "A-3: 3, and 2 rows of the table with sex f")
    ]


@pytest.mark.parametrize(("p", "checks"), [(0.21, []), (0.2, []), (0.001, ["impossible-p-value"])])
def test_a_p_value_of_two_counts(p: float, checks: list[str]) -> None:
    """73 of 137 against 55 of 121: chi-squared gives .209."""
    found = audited(
        "id: A-1, quantity: response, value: 53.3, unit: percent, n: 137, events: 73",
        "id: A-2, quantity: response, value: 45.5, unit: percent, n: 121, events: 55",
        f"id: A-3, quantity: p, value: {p}, unit: p, compares: [A-1, A-2]",
    )
    assert [one.check for one in found.findings] == checks


@pytest.mark.parametrize(
    ("total", "checks", "words"),
    [(9, ["forced-counts"], "only 3 + 4"), (8, ["forced-counts"], "impossible"), (10, ["forced-counts"], "only 4 + 4")],
)
def test_a_total_forces_what_is_left(total: int, checks: list[str], words: str) -> None:
    """Two patients with one cycle, and two with three or more, the most being four."""
    found = audited(
        f"id: A-1, quantity: cycles, value: {total}, unit: courses",
        "id: A-2, quantity: with 1, value: 2, unit: patients",
        "id: A-3, quantity: with 3 or more, value: 2, unit: patients",
        "id: A-4, quantity: median, value: 2, unit: cycles, range: {low: 1, high: 4}",
        relations='- {total: {total: A-1, exactly: {"1": A-2}, at_least: {"3": A-3}, most: A-4}, why: x}',
    )
    assert [one.check for one in found.findings] == checks
    assert words in found.findings[0].arithmetic
    assert found.findings[0].level == ("hard" if words == "impossible" else "note")


def test_intervals_of_another_source_are_not_offered_as_repairs() -> None:
    first = "id: A-1, endpoint: OS, time: 2 y, value: 62.8, unit: percent, printed: {low: 65.2, high: 89.8}"
    second = "id: A-2, endpoint: EFS, time: 2 y, value: 74.4, unit: percent, printed: {low: 51.2, high: 77.1}"
    found = next(one for one in audited(first, second).findings if one.records == ("A-1",))
    assert "interchanged with that of A-2" in found.repair
    rows = f"records:\n  - {{{first}, study: ONE, use: check, reason: x, source: paper}}\n"
    rows += f"  - {{{second}, study: ONE, use: check, reason: x, source: other}}\n"
    apart = audit_of(load_document(Path("invented.yaml"), text=HEAD + rows))
    found = next(one for one in apart.findings if one.records == ("A-1",))
    assert "A-2" not in found.repair
