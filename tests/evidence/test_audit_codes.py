"""The audit finds in the numbers what was found by hand, names it by its code, and leaves sound figures alone."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from sim.evidence.audit.run import CHECKS, Audit, audit, audit_of
from sim.protocol.document import load_document
from sim.protocol.library import find, names

FILES = names("evidence")

FINDINGS = [
    tuple(cell.strip() for cell in line.split("|"))
    for line in (Path(__file__).parent / "audit-findings.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
"""Code, file, check, the record at fault, and what the arithmetic and the repair must say."""

NOT_COMPUTABLE = {"A-07", "A-09", "B-11", "D-02", "D-03", "D-04", "D-05", "E-01", "E-04", "X-02"}

# What the audit by hand calls consistent: counts, sums, strata that average, and the p-value that is reproduced.
SOUND_COUNTS = {
    "S1-R01", "S1-R02", "S1-R03", "S1-R04", "S1-R05", "S1-R06", "S1-R07", "S1-R14", "S2-R02", "S2-R03", "S2-R04",
    "S2-R14", "S2-R16", "S2-R16b", "S2-R18", "S2-R19", "S2-R37", "S2-R38", "S2-R39", "S2-R45", "S2-R46", "S2-R47",
}  # fmt: skip
SOUND_2019 = {"S1-R12", "S1-R13", "S1-R21", "S1-R25", "S1-R27", "S1-R29", "S1-R31", "S1-R42", "S1-R43"}
ABOUT_OTHERS = {
    "gradient-within-error",  # of the age bands, B-09
    "impossible-p-value",  # printed beside two studies, B-07
    "too-few-deaths",  # of MRD2023, by the rate of MRD2019, B-12
}


@cache
def _audit(name: str) -> Audit:
    return audit(name)


@cache
def _without_codes(name: str) -> Audit:
    """The audit of the file with every mention of a code taken out of its records and endpoints."""
    path = find(name, "evidence")
    text = re.sub(r", audit: \[[^\]]*\]", "", path.read_text("utf-8"))
    assert "audit: [" not in text
    return audit_of(load_document(path, text=text))


@pytest.mark.parametrize(("code", "file", "check", "record", "arithmetic", "repair"), FINDINGS)
def test_the_finding_is_made_named_and_repaired(
    code: str, file: str, check: str, record: str, arithmetic: str, repair: str
) -> None:
    found = [one for one in _audit(file).findings if one.check == check and code in one.codes]
    told = [one for one in found if (one.records or ("",))[0] == record and arithmetic in one.arithmetic]
    assert any(repair in one.repair for one in told), [(one.records, one.arithmetic, one.repair) for one in found]


@pytest.mark.parametrize("name", FILES)
def test_findings_come_from_the_numbers_and_not_from_the_codes(name: str) -> None:
    bare = _without_codes(name).findings
    assert [(one.check, one.records, one.arithmetic, one.repair) for one in bare] == [
        (one.check, one.records, one.arithmetic, one.repair) for one in _audit(name).findings
    ]
    assert not any(one.codes for one in bare)


@pytest.mark.parametrize("name", FILES)
def test_no_other_hard_or_soft_finding_is_made(name: str) -> None:
    """What has no code in the audit by hand is known here, one by one: the misprints of the literature."""
    unnamed = {(one.check, one.records) for one in _audit(name).findings if not one.codes and one.level != "note"}
    assert unnamed == (
        {
            ("interval-misses-estimate", ("L-PR-1",)),
            ("interval-asymmetric", ("L-PR-2",)),
            ("interval-too-narrow", ("L-PR-2",)),
            ("impossible-percentage", ("L-MRD-11",)),
            ("impossible-percentage", ("L-MRD-12",)),
        }
        if name == "literature"
        else set()
    )


def test_every_code_is_found_or_said_not_to_be_computable() -> None:
    stated = {code for name in FILES for code in _audit(name).evidence.audit}
    found = {code for name in FILES for code in _audit(name).found}
    assert len(stated) == 42
    assert stated - found == NOT_COMPUTABLE
    assert {name: _audit(name).not_found for name in FILES if _audit(name).not_found} == {}
    assert found == {code for code, *_ in FINDINGS}


def test_no_alarm_on_what_is_sound() -> None:
    for name in FILES:
        for one in _audit(name).findings:
            if one.level == "note":
                continue
            assert not SOUND_COUNTS & set(one.records), one
            if one.check not in ABOUT_OTHERS:
                assert not SOUND_2019 & set(one.records), one


@pytest.mark.parametrize("record", ["S2-R43", "S2-R44"])
def test_a_sound_row_of_100_percent_is_a_note_with_its_bound(record: str) -> None:
    found = [one for one in _audit("post-transplant").findings if record in one.records]
    told = {one.check: (one.level, one.repair) for one in found}
    assert told.pop("all-or-none") == ("note", "Clopper-Pearson: at least 73.5")
    assert set(told) == {"time-beyond-follow-up"}  # of all values at one year, C-04


REPAIRS = [
    ("fbmtg", "{low: 72.2, high: 85.5}", "{low: 72.2, high: 95.5}", "interval-misses-estimate", "S1-R23"),
    ("fbmtg", "{low: 65.4, high: 19.9}", "{low: 65.4, high: 94.2}", "interval-reversed", "S1-R48"),
    ("fbmtg", "value: 85.6,", "value: 90.0,", "whole-outside-parts", "S1-R11"),
    ("fbmtg", "value: 0.57,", "value: 0.057,", "impossible-p-value", "S1-R45"),
    ("sandwich", "value: 69.1,", "value: 69.2,", "impossible-percentage", "S0-R14"),
    ("sandwich", "value: 40, unit", "value: 41.7, unit", "no-common-denominator", "S0-R11"),
    ("sandwich", "n: 13, events: 11,", "n: 13, events: 10,", "parts-exceed-whole", "S0-R23"),
    ("post-transplant", "value: 82.5, unit", "value: 80.5, unit", "endpoint-order", "S2-R36"),
    ("post-transplant", "value: 28.6,", "value: 30.1,", "crude-incidence", "S2-R20"),
    ("post-transplant", "middle: 325 d", "middle: 425 d", "time-beyond-follow-up", "S2-R34"),
    (
        "mdanderson-maintenance",
        "value: 23, unit: patients, n: 23",
        "value: 21, unit: patients",
        "figures-differ",
        "S3-B08",
    ),
]


@pytest.mark.parametrize(("file", "wrong", "right", "check", "record"), REPAIRS)
def test_a_repaired_figure_is_no_longer_found(file: str, wrong: str, right: str, check: str, record: str) -> None:
    path = find(file, "evidence")
    text = path.read_text("utf-8")
    assert text.count(wrong) == 1

    def involved(found: Audit) -> bool:
        return any(one.check == check and record in one.records for one in found.findings)

    assert involved(_audit(file))
    assert not involved(audit_of(load_document(path, text=text.replace(wrong, right))))


def test_each_check_finds_something_in_a_shipped_file_or_has_a_test_of_its_own() -> None:
    found = {one.check for name in FILES for one in _audit(name).findings}
    assert {check.name for check in CHECKS} - found == {"whole-off-the-weighted-mean", "parts-miss-whole"}


def test_findings_stand_in_the_file_and_print_themselves() -> None:
    [one] = [one for one in _audit("fbmtg").findings if one.check == "interval-reversed"]
    line = find("fbmtg", "evidence").read_text("utf-8").splitlines()[one.position.line - 1]
    assert line[one.position.column - 1 :].startswith("{id: S1-R48")
    assert str(one).startswith(f"{one.position}: interval-reversed: S1-R48: 85.3")
    table = _audit("fbmtg").to_frame()
    assert len(table) == len(_audit("fbmtg").findings)
    assert table[table["check"] == "interval-reversed"].iloc[0]["records"] == ["S1-R48"]
    assert repr(_audit("fbmtg")) == "Audit of fbmtg: 8 hard, 9 soft, 0 note"
