"""The funnel of a comparison, tables of patients in it, and what makes arms another population."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sim.batch.folder import sha256
from sim.compare.config import load_config
from sim.compare.prepare import prepare
from sim.compare.run import compare
from sim.errors import InvalidDocument
from sim.report.html import write_report

TABLE = "age,fit,centre\n34,yes,1\n41,no,1\n58,yes,2\n35,yes,2\n"
POPULATION = """\
eligibility:
  fit: {when: fit, title: "fit for treatment"}
  below: "age < limit"
table: {file: everybody.csv, draw: without replacement, weight: centre, source: paper}
patient:
  age: {column: {type: number, range: [18, 60]}, unit: years}
  fit: {column: {type: boolean, carry: true}}
  centre: {column: {type: integer, missing: kept, carry: true}}
parameters:
  limit: {value: 50, source: paper}
"""
WITH_TABLE = ("patient:\n  age: {draw: {uniform: [30, 60]}, unit: years}\n", POPULATION)
FEWER = ("patients: 400", "patients: 4")

Written = Callable[..., Path]


@pytest.fixture
def tabled(written: Written) -> Written:
    """The comparison with patients from a table, further changes as in `written`."""

    def write(**changes: list[tuple[str, str]]) -> Path:
        changes = {"everybody": [WITH_TABLE], "config": [FEWER], **changes}
        config = written(**changes)
        (config.parent / "everybody.csv").write_text(TABLE, "utf-8")
        return config

    return write


def replaced(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [WITH_TABLE, *pairs]


def problems(config: Path) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        prepare(*load_config(config))
    return [str(problem).removeprefix(f"{config}:") for problem in caught.value.problems]


def test_every_arm_and_study_has_its_funnel(tabled: Written, tmp_path: Path) -> None:
    draw = ("draw: without replacement", "draw: with replacement")
    found = compare(tabled(everybody=replaced(draw), config=[]), engine="compiled")
    found.write(tmp_path / "out")
    funnel = pd.read_csv(tmp_path / "out" / "funnel.csv", keep_default_na=False)
    assert funnel.values.tolist() == found.funnel.values.tolist()
    assert list(funnel) == ["population", "arm", "stage", "criterion", "patients", "not_met"]
    study = funnel[funnel["population"] == "as-published"]
    assert list(study["stage"]) == ["screened", "eligible", "enrolled"]
    assert set(study["arm"]) == {"OLD"}
    arms = [funnel[funnel["arm"] == arm].drop(columns="arm").values.tolist() for arm in ("old", "new", "strong")]
    assert arms[0] == arms[1] == arms[2]
    counts = {tuple(row[1:3]): row[3] for row in arms[0]}
    left = counts["screened", ""] - counts["excluded", "fit"] - counts["excluded", "below"]
    assert counts["screened", ""] == 400
    assert counts["eligible", ""] == counts["enrolled", ""] == left
    # The enrolled are those of the endpoints.
    assert set(found.summary.query("endpoint == 'OS' and arm == 'old' and subgroup == 'all'")["n"]) == {left}
    assert set(found.endpoints.query("endpoint == 'OS' and arm == 'old'")["patient"].value_counts()) == {1}
    table = found.screening()
    assert table is not None
    assert list(table["stage"]) == [
        "screened",
        "excluded by: fit for treatment",
        "excluded by: age < limit",
        "eligible",
        "enrolled",
    ]
    assert list(table) == ["stage", "old", "old, not met", "new", "new, not met", "strong", "strong, not met"]
    assert table["new"].tolist()[0] == "400"
    write_report(found, tmp_path / "report")
    assert "excluded by: fit for treatment" in (tmp_path / "report" / "report.html").read_text("utf-8")


def test_the_manifest_records_the_table(tabled: Written) -> None:
    config = tabled()
    found = compare(config, engine="compiled")
    assert found.manifest["inputs"]["everybody.csv"] == sha256(TABLE.encode())
    assert json.dumps(found.manifest).count(str(config.parent)) == 0


def test_arms_share_their_patients(tabled: Written) -> None:
    found = compare(tabled(), engine="simpy")
    by_arm = {arm: set(rows["patient"]) for arm, rows in found.endpoints.query("endpoint == 'OS'").groupby("arm")}
    assert by_arm["old"] == by_arm["new"] == by_arm["strong"]
    assert len(by_arm["old"]) == 2


def test_more_patients_than_rows_is_told_at_the_number_of_patients(tabled: Written) -> None:
    config = tabled(config=[("patients: 400", "patients: 5")])
    said = "found 5, and the table of patients has 4, each drawn once; ask for fewer, or draw with replacement"
    assert problems(config) == [f"9:11: patients: {said}"]
    assert compare(config, patients=4, engine="compiled").config.patients == 4
    with pytest.raises(InvalidDocument, match="has 4, each drawn once"):
        compare(tabled(), patients=6)


def test_arms_with_other_criteria_or_tables_are_not_one_population(tabled: Written) -> None:
    arm = "new: {protocol: new-way}"
    cure = "patients, entry and values of the population are the same in every arm; put it into set, for all arms"
    config = tabled(config=[FEWER, (arm, "new: {protocol: new-way, set: {eligibility.below: true}}")])
    [said] = problems(config)
    assert said.endswith(f'set."eligibility.below": eligibility.below is age < limit in old and true in new; {cure}')
    config = tabled(config=[FEWER, (arm, "new: {protocol: new-way, set: {table.draw: with replacement}}")])
    [said] = problems(config)
    assert 'arms.new.set."table.draw": table is {file: everybody.csv, draw: without replacement' in said
    config = tabled(config=[FEWER, (arm, "new: {protocol: new-way, set: {parameters.limit.value: 40}}")])
    [said] = problems(config)
    assert "parameters.limit.value is 50 in old and 40 in new" in said


def test_a_missing_number_makes_no_group(tabled: Written) -> None:
    config = tabled(
        everybody=replaced(("weight: centre, ", "")), config=[FEWER, ("age: {by: age_band}", "centre: {by: centre}")]
    )
    (config.parent / "everybody.csv").write_text(TABLE.replace("35,yes,2", "35,yes,"), "utf-8")
    found = compare(config, engine="compiled")
    assert set(found.groups["subgroup"]) >= {"centre: 1"}
    assert not any("nan" in group or group == "centre: " for group in found.groups["subgroup"])
