"""Evidence files: what loads, what is refused, and where the error points."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from sim.errors import InvalidDocument, UsageError
from sim.evidence.load import load_evidence
from sim.evidence.schema import Group

SMALL = """\
schema: engraft/evidence/1
id: small
title: "A study of three patients"
sources: {paper: paper2020}
studies:
  ONE:
    title: "the study"
    protocol: all-mrd2019
    enrolled: 3
    endpoints:
      OS: {time_zero: enrolment, events: [death]}
    assays:
      pcr: {title: "PCR", assay: aso_pcr, limit: -4}
records:
  - {id: A-1, study: ONE, endpoint: OS, time: 2 y, value: 66.7, unit: percent, n: 3, events: 1, use: fit,
     reason: "a count", source: paper}
  - {id: A-2, study: ONE, share: {attribute: mrd, is: negative, of: enrolled}, value: 33.3, unit: percent,
     assay: pcr, use: check, reason: "x", source: paper}
  - {id: A-3, study: ONE, design: "cycles", value: 4, unit: cycles, use: design, modelled: "phases.B", source: paper}
"""


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_small_file_loads_with_times_in_days(tmp_path: Path) -> None:
    evidence = load_evidence(_written(tmp_path, SMALL))
    assert [record.id for record in evidence.of_study("ONE")] == ["A-1", "A-2", "A-3"]
    assert evidence.find("A-1").time_days == 730.5
    assert [record.id for record in evidence.curve_values("ONE")] == ["A-1"]
    with pytest.raises(KeyError):
        evidence.find("A-9")


@pytest.mark.parametrize(
    ("found", "replaced", "line", "path", "message"),
    [
        ("study: ONE, endpoint", "study: ON, endpoint", 15, "records[0].study",
         'no study is called "ON"; did you mean "ONE"?'),
        ("endpoint: OS, time", "endpoint: LFS, time", 15, "records[0].endpoint",
         'study ONE defines no endpoint "LFS"; known: OS'),
        ("assay: pcr, use", "assay: prc, use", 18, "records[1].assay",
         'study ONE reports no assay "prc"; did you mean "pcr"?'),
        ("id: A-2", "id: A-1", 17, "records[1].id", 'the id "A-1" is given twice'),
        ("modelled: \"phases.B\", source: paper", "modelled: \"phases.B\", source: papers", 19, "records[2].source",
         'no source is called "papers"; did you mean "paper"?'),
        ("reason: \"a count\"", "same_event_as: A-7, reason: \"a count\"", 16, "records[0].same_event_as",
         'no record has the id "A-7"; did you mean "A-3"?'),
        (", modelled: \"phases.B\"", "", 19, "records[2]",
         "a design record has use: design and exactly one of modelled (where) and left_out (why)"),
        ("reason: \"a count\", ", "", 15, "records[0]", "say in reason why the use is fit"),
        ("time: 2 y", "time: 2 lustres", 15, "records[0].time",
         '"2 lustres" is not a duration; write a number and d, weeks, months or y, as in "28 d"'),
        ("n: 3, events: 1", "n: 3, event: 1", 15, "records[0].event",
         'found the unknown key "event"; did you mean "events"?'),
        ("unit: cycles, ", "", 19, "records[2].unit", '"unit" is missing'),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_place(
    tmp_path: Path, found: str, replaced: str, line: int, path: str, message: str
) -> None:
    assert SMALL.count(found) == 1
    with pytest.raises(InvalidDocument) as caught:
        load_evidence(_written(tmp_path, SMALL.replace(found, replaced)))
    [problem] = caught.value.problems
    assert (problem.position.line, problem.path, problem.message) == (line, path, message)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = SMALL.replace("study: ONE, endpoint", "study: TWO, endpoint").replace("assay: pcr, use", "assay: qpcr, use")
    with pytest.raises(InvalidDocument) as caught:
        load_evidence(_written(tmp_path, text))
    assert [problem.path for problem in caught.value.problems] == ["records[0].study", "records[1].assay"]


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match=r'no evidence is named "fbmgt".*"fbmtg"'):
        load_evidence("fbmgt")


def test_a_group_is_one_value_or_several():
    assert Group.model_validate({"by": "mrd", "is": "negative"}).values == ("negative",)
    several = Group.model_validate({"by": "mrd", "is": ["negative", "not_evaluable"]})
    assert several.values == ("negative", "not_evaluable")
    with pytest.raises(ValidationError, match="at least 1 item"):
        Group.model_validate({"by": "mrd", "is": []})
