"""engraft design: tables, a paragraph and conventions in four formats; what is wrong leaves with one."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tests.cli.conftest import Engraft


def test_text_has_paragraph_tables_and_conventions(engraft: Engraft) -> None:
    done = engraft("design", "os-schoenfeld")
    assert (done.code, done.err) == (0, "")
    assert "88 events give the log-rank test" in done.out.replace("\n", " ")
    assert "87.4793" in done.out
    assert "- Rounding: each arm rounded up" in done.out


def test_json_and_csv_hold_the_unrounded_numbers(engraft: Engraft) -> None:
    found = json.loads(engraft("design", "os-schoenfeld", "--format", "json").out)
    rows = {row["quantity"]: row for row in found["tables"]["design"]}
    assert abs(rows["events"]["exact"] - 87.4792977215) < 1e-9
    cells = list(csv.DictReader(io.StringIO(engraft("design", "os-schoenfeld", "--format", "csv").out)))
    assert {"table": "design", "row": "4", "column": "planned", "value": "88.0"} in cells


def test_markdown_is_a_page(engraft: Engraft) -> None:
    out = engraft("design", "os-group-sequential", "--format", "markdown").out
    assert out.startswith("# Overall survival with two interim analyses\n")
    assert "\n## Looks\n" in out


def test_a_wrong_design_is_refused_in_place(engraft: Engraft) -> None:
    arm = "one_arm: {standard: 0.2, alternative: 0.4}"
    Path("mine.yaml").write_text(f"schema: engraft/design/1\ntitle: T\nalpha: 1.5\npower: 0.8\n{arm}\n", "utf-8")
    for command in ("design", "lint"):
        done = engraft(command, "mine.yaml")
        assert done.code == 1
        assert "mine.yaml:3:8: alpha: found 1.5; it must lie between 0 and 1, neither included" in done.err


def test_an_override_is_checked_like_the_file(engraft: Engraft) -> None:
    done = engraft("design", "os-schoenfeld", "--set", "alpha=0.05")
    assert "one-sided type I error of 0.05" in done.out.replace("\n", " ")
    assert engraft("design", "os-schoenfeld", "--set", "alfa=0.05").code == 1
