"""simulate, trace and compare: files, tables, and what the bytes depend on."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pandas as pd
import pytest

from sim.batch.folder import NOTICE, sha256
from sim.batch.run import simulate
from sim.report.trace import trace
from tests.cli.conftest import Engraft

REPORT = Path(__file__).parents[1] / "report"
RUN = ("simulate", "small.yaml", "--patients", "60", "--seed", "4", "--horizon", "3 y")


def content(folder: str) -> dict[str, bytes]:
    """Everything under the byte promise."""
    files = (path for path in sorted(Path(folder).rglob("*")) if path.is_file() and path.name != "run.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_simulate_writes_its_tables(engraft: Engraft, small: Path) -> None:
    done = engraft(*RUN)
    assert done.code == 0
    folder = Path("results/small")
    assert sorted(path.name for path in folder.iterdir()) == [
        "endpoints.csv",
        "events.csv",
        "funnel.csv",
        "manifest.json",
        "patients.csv",
        "run.json",
    ]
    patients, events, endpoints = (pd.read_csv(folder / f"{name}.csv") for name in ("patients", "events", "endpoints"))
    assert list(patients["patient"]) == list(range(60))
    assert list(events) == ["patient", "time_days", "serial", "event", "phase", "detail"]
    assert events[["patient", "time_days", "serial"]].equals(
        events[["patient", "time_days", "serial"]].sort_values(["patient", "time_days", "serial"])
    )
    assert list(endpoints) == ["patient", "arm", "endpoint", "time_days", "event", "cause"]
    assert set(endpoints["arm"]) == {"small"}
    assert patients["time_days"].max() == 1095.75
    assert events.shape[0] == len(simulate("small.yaml", patients=60, seed=4, horizon="3 y").events)


POPULATION = """\
schema: engraft/population/1
id: ours
title: "Ours"
table: {file: ours.csv, assumption: "invented"}
patient:
  age: {column: {type: number}, unit: years}
  centre: {column: {type: integer, carry: true}}
eligibility:
  young: {when: "age < 40", title: "under 40 years"}
  ours: "centre == 1"
"""


def test_simulate_reports_the_funnel_and_records_the_table(engraft: Engraft, small: Path) -> None:
    Path("ours.yaml").write_text(POPULATION, "utf-8")
    table = "age,centre\n30,1\n35,2\n50,2\n"
    Path("ours.csv").write_text(table, "utf-8")
    done = engraft(*RUN, "--population", "ours.yaml")
    assert done.code == 0
    folder = Path("results/small")
    funnel = pd.read_csv(folder / "funnel.csv", keep_default_na=False)
    assert list(funnel) == ["stage", "criterion", "patients", "not_met"]
    assert list(funnel["stage"]) == ["screened", "excluded", "excluded", "eligible", "enrolled"]
    assert list(funnel["criterion"]) == ["", "young", "ours", "", ""]
    patients = pd.read_csv(folder / "patients.csv")
    old, theirs = (patients["age"] == 50).sum(), (patients["centre"] == 2).sum()
    eligible = (patients["age"] == 30).sum()
    assert funnel["patients"].tolist() == [60, old, 60 - old - eligible, eligible, eligible]
    assert funnel["not_met"].tolist() == [0, old, theirs, 0, 0]
    lines = [line.split() for line in done.out.splitlines()]
    assert ["screened", "60"] in lines
    assert ["excluded", "by:", "under", "40", "years", str(old), str(old)] in lines
    assert ["eligible", str(eligible)] in lines
    recorded = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert recorded["inputs"]["ours.csv"] == sha256(table.encode())
    told = json.loads(engraft(*RUN, "--population", "ours.yaml", "--overwrite", "--format", "json").out)
    assert [row["patients"] for row in told["funnel"]] == funnel["patients"].tolist()
    # The same bytes by another engine and with workers.
    first = content("results/small")
    engraft(*RUN, "--population", "ours.yaml", "--out", "b", "--engine", "compiled", "--workers", "2")
    assert content("b") == first


def test_a_protocol_without_criteria_prints_no_funnel(engraft: Engraft, small: Path) -> None:
    assert "screened" not in engraft(*RUN).out
    assert Path("results/small/funnel.csv").read_text("utf-8").splitlines()[1:] == [
        "screened,,60,0",
        "eligible,,60,0",
        "enrolled,,60,0",
    ]


def test_the_story_of_an_ineligible_patient(engraft: Engraft, small: Path) -> None:
    Path("ours.yaml").write_text(POPULATION, "utf-8")
    Path("ours.csv").write_text("age,centre\n50,2\n", "utf-8")
    told = engraft("trace", "small.yaml", "--population", "ours.yaml", "--patient", "0", "--seed", "1")
    assert told.code == 0
    lines = told.out.splitlines()
    assert "Day 0.00: Not eligible: under 40 years is not met. Not eligible: centre == 1 is not met." in lines
    assert "Day 0.00: not eligible, and never treated." in lines


def test_the_table_of_simulate_carries_the_notice(engraft: Engraft, small: Path) -> None:
    lines = engraft(*RUN).out.splitlines()
    assert lines[0].startswith("A small protocol")
    row = next(line.split() for line in lines if line.strip().startswith("OS"))
    assert row[:6] == ["OS", "enrolment", "survival", "1", "y", "60"]
    assert NOTICE in lines
    assert lines[-1] == "4 files in results/small: endpoints.csv, events.csv, funnel.csv, patients.csv"


def test_results_do_not_depend_on_engine_workers_or_folder(engraft: Engraft, small: Path) -> None:
    engraft(*RUN, "--out", "a")
    assert engraft(*RUN, "--out", "b", "--engine", "compiled", "--workers", "2").code == 0
    assert content("a") == content("b")
    assert content("a") != {}


def test_the_command_of_the_manifest_makes_the_same_results(engraft: Engraft, small: Path) -> None:
    engraft(*RUN, "--replicate", "3", "--set", "parameters.cure.value=0.6", "--out", "a")
    manifest = json.loads(Path("a/manifest.json").read_text())
    assert manifest["overrides"] == ["parameters.cure.value=0.6"]
    assert manifest["notice"] == NOTICE
    typed = shlex.split(manifest["command"])
    assert typed[0] == "engraft"
    assert engraft(*typed[1:], "--out", "b").code == 0
    assert content("a") == content("b")


def test_a_folder_with_results_is_refused_before_any_work(
    engraft: Engraft, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engraft(*RUN)
    before = content("results/small")
    monkeypatch.setattr("sim.batch.run.simulate", lambda *_, **__: pytest.fail("simulated"))
    done = engraft(*RUN)
    assert done.code == 2
    assert (
        "results/small is not empty; choose another --out, or replace the results that it holds with --overwrite"
        in done.err
    )
    assert content("results/small") == before


def test_overwrite_replaces_results(engraft: Engraft, small: Path) -> None:
    engraft(*RUN)
    before = content("results/small")
    assert engraft(*RUN[:-3], "5", "--overwrite").code == 0
    after = content("results/small")
    assert set(before) == set(after)
    assert before["events.csv"] != after["events.csv"]


def test_simulate_as_json(engraft: Engraft, small: Path) -> None:
    told = json.loads(engraft(*RUN, "--format", "json").out)
    assert {row["endpoint"] for row in told["summary"]} == {"OS", "LFS", "CIR", "NRM"}
    assert [row["time"] for row in told["summary"] if row["endpoint"] == "OS"] == ["1 y", "2 y", "3 y"]
    assert told["notice"] == NOTICE


def test_trace_prints_the_story(engraft: Engraft, small: Path) -> None:
    done = engraft("trace", "small.yaml", "--patient", "0", "--seed", "1", "--horizon", "100 d")
    assert (done.code, done.err) == (0, "")
    assert done.out == trace("small.yaml", patient=0, seed=1, horizon="100 d").text


def test_compare_prints_the_contrast_and_writes_the_rest(engraft: Engraft) -> None:
    config = str(REPORT / "small-compare.yaml")
    done = engraft("compare", config, "--patients", "80", "--seed", "2")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert "Each study as published" not in lines, "this comparison has no studies"
    assert any(line.startswith("One protocol in one population: small-population") for line in lines)
    assert lines.count(NOTICE) == 1
    assert lines[-1].endswith("files in results/small-compare; open results/small-compare/report.html")
    files = content("results/small-compare")
    assert {"summary.csv", "curves.csv", "endpoints.csv", "manifest.json", "report.html"} <= set(files)
    assert {"figures/survival-OS.svg", "figures/stacked-CIR-NRM.svg", "figures/differences.svg"} <= set(files)
    other = ("--engine", "compiled", "--workers", "2")
    again = engraft("compare", config, "--patients", "80", "--seed", "2", *other, "--out", "b")
    assert again.code == 0
    assert content("b") == files


def test_compare_as_json_and_with_an_override(engraft: Engraft) -> None:
    config = str(REPORT / "small-compare.yaml")
    done = engraft("compare", config, "--patients", "50", "--set", "horizon=2 y", "--format", "json")
    told = json.loads(done.out)
    assert {"one", "two", "one less two"} <= set(told["one_population"][0])
    assert told["as_published"] == []
    manifest = json.loads(Path("results/small-compare/manifest.json").read_text())
    assert manifest["overrides"] == ["horizon=2 y"]
