"""lint, resolve, graph and diff: what they print and write."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from sim.protocol.library import FOLDERS, folder, names
from sim.protocol.resolve import load_protocol
from tests.cli.conftest import Engraft


def test_lint_says_nothing_is_wrong(engraft: Engraft, small: Path) -> None:
    done = engraft("lint", "small.yaml", "all-mrd2019", "all-mrd2019")
    assert (done.code, done.err) == (0, "")
    assert done.out == "2 files, 0 problems\n"


def test_lint_is_silent_on_every_shipped_file(engraft: Engraft) -> None:
    count = sum(len(names(kind)) for kind in FOLDERS)
    assert count >= 42
    done = engraft("lint", str(folder("protocol")), str(folder("config")))
    assert (done.code, done.out, done.err) == (0, f"{count} files, 0 problems\n", "")


def test_lint_walks_folders_and_tells_every_problem(engraft: Engraft, small: Path) -> None:
    deep = Path("protocols") / "deep"
    deep.mkdir(parents=True)
    (deep / "good.yaml").write_text(small.read_text("utf-8"))
    (deep / "bad.yml").write_text("schema: engraft/1\nid: Bad Name\ntitle: x\nfases: {}\n")
    (deep / "notes.txt").write_text("not a document")
    hidden = Path("protocols") / ".old"
    hidden.mkdir()
    (hidden / "bad.yaml").write_text("nonsense: [")
    done = engraft("lint", "protocols")
    assert done.code == 1
    lines = done.err.splitlines()
    assert all(line.startswith("protocols/deep/bad.yml:") for line in lines)
    assert any('did you mean "phases"?' in line for line in lines)
    assert done.out == f"2 files, {len(lines)} problems in 1\n"


def test_lint_knows_every_kind_of_document(engraft: Engraft) -> None:
    reports = Path(__file__).parents[1] / "report"
    done = engraft("lint", str(reports), "all-mrd2023")
    assert (done.code, done.err) == (0, "")


def test_lint_takes_shipped_files_of_every_kind_by_name(engraft: Engraft) -> None:
    done = engraft("lint", "all-mrd2019-vs-2023", "fbmtg-2019", "fbmtg")
    assert (done.code, done.out, done.err) == (0, "3 files, 0 problems\n", "")


def test_lint_judges_comparisons_and_evidence(engraft: Engraft) -> None:
    Path("evidence.yaml").write_text("schema: engraft/evidence/1\nid: x\ntitle: x\nstudes: {}\n")
    Path("compare.yaml").write_text("schema: engraft/compare/1\ntitle: x\narms: {a: {protocol: all-mrd2109}}\n")
    done = engraft("lint", "evidence.yaml", "compare.yaml")
    assert done.code == 1
    assert any("evidence.yaml:4:1" in line and '"studies"' in line for line in done.err.splitlines())
    assert any(line.startswith("compare.yaml:") for line in done.err.splitlines())


def test_an_empty_folder_has_nothing_to_lint(engraft: Engraft) -> None:
    Path("empty").mkdir()
    done = engraft("lint", "empty")
    assert (done.code, done.out) == (2, "")
    assert "no YAML file in empty" in done.err


def test_resolve_prints_what_resolves_to_the_same(engraft: Engraft, small: Path) -> None:
    first = engraft("resolve", "small.yaml", "--set", "parameters.cure.value=0.7")
    assert first.code == 0
    Path("explicit.yaml").write_text(first.out)
    assert engraft("resolve", "explicit.yaml").out == first.out
    assert yaml.safe_load(first.out)["parameters"]["cure"]["value"] == 0.7


def test_resolve_as_json_is_the_same_document(engraft: Engraft, small: Path) -> None:
    form = json.loads(engraft("resolve", "small.yaml", "--format", "json").out)
    assert form["phases"]["B"]["cycles"] == {"every": {"fixed": "21 d"}, "count": {"fixed": "2"}}
    Path("explicit.yaml").write_text(json.dumps(form))
    assert load_protocol("explicit.yaml") == load_protocol("small.yaml")


def test_graph_writes_an_svg(engraft: Engraft, small: Path) -> None:
    done = engraft("graph", "small.yaml", "-o", "new/small.svg")
    assert (done.code, done.out) == (0, "wrote new/small.svg\n")
    assert b"<svg" in Path("new/small.svg").read_bytes()


def test_diff_shows_what_an_override_changes(engraft: Engraft, small: Path) -> None:
    done = engraft("diff", "small.yaml", "--set", "phases.B.cycles=q21d x 4", "--set", "parameters.cure.value=0.7")
    assert done.code == 0
    assert done.out.splitlines() == [
        "~ parameters.cure.value: 0.8 → 0.7",
        "~ phases.B.cycles.count.fixed: 2 → 4",
        "2 differences between small and small",
    ]


def test_diff_of_two_protocols_names_phases_that_were_removed(engraft: Engraft) -> None:
    done = engraft("diff", "all-mrd2019", "all-mrd2023", "--format", "json")
    found = {entry["path"]: entry for entry in json.loads(done.out)}
    assert found["id"] == {"path": "id", "kind": "changed", "before": "all-mrd2019", "after": "all-mrd2023"}
    assert [found[f"phases.{name}"]["kind"] for name in ("A2", "B2", "C2")] == ["removed"] * 3
    assert "hazards.relapse" not in found


def test_diff_of_populations(engraft: Engraft, small: Path) -> None:
    done = engraft("diff", "fbmtg-2019", "fbmtg-2023")
    assert done.code == 0
    assert "~ parameters.mrd_a1.value: -4.05 → -4.47" in done.out.splitlines()
    overridden = engraft("diff", "huang-2024", "--set", "table.draw=without replacement")
    assert overridden.out.splitlines() == [
        "~ table.draw: with replacement → without replacement",
        "1 difference between huang-2024 and huang-2024",
    ]
    rows = engraft("diff", "small.yaml", "--population", "huang-2024").out
    assert "+ patient.donor_type: " in rows
    assert "\n" not in rows[rows.index("+ table: ") :].splitlines()[0]


def test_diff_compares_two_of_a_kind(engraft: Engraft, small: Path) -> None:
    mixed = engraft("diff", "small.yaml", "huang-2024")
    assert (mixed.code, mixed.out) == (2, "")
    assert mixed.err == "engraft: small.yaml is a protocol and huang-2024 a population; diff compares two of a kind\n"
    both = engraft("diff", "huang-2024", "fbmtg-2019", "--population", "fbmtg-2023")
    assert (both.code, both.err) == (2, "engraft: huang-2024 is a population; --population is for protocols\n")
    wrong = engraft("diff", "huang-2024", "--set", "patient.age.column.range=[20, 60]")
    assert wrong.code == 1
    assert 'huang-2024.csv:3:4: patient.age.column: found "17"; write a whole number from 20 to 60' in wrong.err


def test_diff_of_a_protocol_with_itself_is_empty(engraft: Engraft, small: Path) -> None:
    assert engraft("diff", "small.yaml", "small.yaml").out == "0 differences between small and small\n"
