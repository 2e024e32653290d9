"""`engraft evidence`: which files it audits, how it prints, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sim.protocol.library import names

from .conftest import Engraft

SMALL = """\
schema: engraft/evidence/1
id: small
title: "A study"
sources: {paper: paper2020}
studies: {ONE: {title: "One", enrolled: 30}}
records:
  - {id: A-1, study: ONE, quantity: "CR", value: 83.4, unit: percent, n: 30, use: check, reason: "x", source: paper}
"""


def test_without_a_path_all_shipped_files_are_audited(engraft: Engraft) -> None:
    done = engraft("evidence")
    assert done.code == 0
    assert done.err == ""
    assert [name for name in names("evidence") if f"{name}.yaml:" not in done.out] == []
    assert re.search(rf"^{len(names('evidence'))} files, [0-9]+ records: [0-9]+ hard", done.out, re.MULTILINE)
    assert max(map(len, done.out.splitlines())) <= 110


def test_a_path_is_not_broken_across_lines(engraft: Engraft) -> None:
    deep = Path("a-folder-with-a-long-name" * 5)
    deep.mkdir()
    (deep / "small-study.yaml").write_text(SMALL)
    assert f"{deep}/small-study.yaml:" in engraft("evidence", f"{deep}/small-study.yaml").out


def test_a_path_is_audited_and_findings_are_no_errors(engraft: Engraft) -> None:
    Path("small.yaml").write_text(SMALL)
    done = engraft("evidence", "small.yaml")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "small.yaml: A study",
        "  1 record: 1 hard",
        "",
        "hard: cannot be right as printed",
        "",
        "       percentage that its count does not give, line 7 (impossible-percentage)",
        "       A-1: no count over 30 gives 83.4: 25/30 = 83.3, 26/30 = 86.7",
        "       -> the denominator is not that; no count up to 30 gives 83.4",
        "",
    ]


def test_json_holds_every_finding_with_its_place(engraft: Engraft) -> None:
    Path("small.yaml").write_text(SMALL)
    done = engraft("evidence", "small.yaml", "fbmtg", "--format", "json")
    assert done.code == 0
    small, shipped = json.loads(done.out)["audits"]
    [finding] = small["findings"]
    assert {key: finding[key] for key in ("file", "line", "column", "path", "check", "level", "codes", "records")} == {
        "file": "small.yaml",
        "line": 7,
        "column": 5,
        "path": "records[0]",
        "check": "impossible-percentage",
        "level": "hard",
        "codes": [],
        "records": ["A-1"],
    }
    assert shipped["codes"]["B-02"]["found_by"] == ["interval-reversed"]
    assert shipped["codes"]["B-11"]["found_by"] == []
    assert "not_computable" in shipped["codes"]["B-11"]


def test_a_sound_file_says_that_nothing_was_found(engraft: Engraft) -> None:
    Path("small.yaml").write_text(SMALL.replace("83.4", "83.3"))
    assert engraft("evidence", "small.yaml").out == "small.yaml: A study\n  1 record: nothing found\n\n"


def test_a_file_that_cannot_be_used_is_told_with_its_place_and_the_others_are_audited(engraft: Engraft) -> None:
    Path("folder").mkdir()
    Path("folder", "good.yaml").write_text(SMALL)
    Path("folder", "wrong.yaml").write_text(SMALL.replace("unit: percent", "units: percent"))
    done = engraft("evidence", "folder")
    assert done.code == 1
    assert "83.4" in done.out
    assert done.err.splitlines() == [
        'folder/wrong.yaml:7:56: records[0].units: found the unknown key "units"; did you mean "unit"?',
        "1 problem",
    ]


def test_an_unknown_name_is_a_misuse(engraft: Engraft) -> None:
    done = engraft("evidence", "fbmgt")
    assert done.code == 2
    assert 'did you mean "fbmtg"' in done.err
    Path("empty").mkdir()
    assert engraft("evidence", "empty").err == "engraft: no YAML file in empty\n"


def test_codes_are_listed_with_what_finds_them(engraft: Engraft) -> None:
    done = engraft("evidence", "fbmtg", "--codes")
    assert done.code == 0
    rows = [line.split()[:3] for line in done.out.splitlines() if re.match(r"[A-Z]-[0-9]{2} ", line)]
    assert ["B-02", "hard", "interval-reversed"] in rows
    assert ["B-11", "gap", "not"] in rows
    assert "14 codes: 11 found by arithmetic, 3 not computable, 0 computable and not found" in done.out
