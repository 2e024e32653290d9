"""Every printed figure of the study documents stands in exactly one evidence file, and says what it is for."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from sim.evidence.load import load_evidence
from sim.evidence.schema import Evidence
from sim.protocol.library import folder, names

FILES = {name: load_evidence(name) for name in names("evidence")}
IDS = (Path(__file__).parent / "published-ids.txt").read_text("utf-8").split()
HOMES = {
    "S0": {"sandwich"},
    "S1": {"fbmtg"},
    "S2": {"post-transplant", "mdanderson-maintenance"},
    "S3": {"maintenance-rct", "mdanderson-maintenance"},
    "S4": {"pre-transplant"},
}


def test_each_printed_figure_is_in_one_file() -> None:
    assert len(IDS) == len(set(IDS)) == 237
    found = Counter(record.id for evidence in FILES.values() for record in evidence.records)
    assert {identifier: found[identifier] for identifier in IDS if found[identifier] != 1} == {}
    assert {identifier: count for identifier, count in found.items() if count != 1} == {}


def test_a_figure_is_in_a_file_of_its_study() -> None:
    home = {record.id: name for name, evidence in FILES.items() for record in evidence.records}
    assert [identifier for identifier in IDS if home[identifier] not in HOMES[identifier[:2]]] == []


@pytest.mark.parametrize("evidence", FILES.values(), ids=list(FILES))
def test_a_file_of_a_study_records_little_else(evidence: Evidence) -> None:
    added = {record.id for record in evidence.records} - set(IDS)
    if evidence.id == "literature":
        assert added == {record.id for record in evidence.records}
    else:
        assert added <= {"MDA-01"}


@pytest.mark.parametrize("evidence", FILES.values(), ids=list(FILES))
def test_each_record_has_a_use_and_each_target_is_a_number(evidence: Evidence) -> None:
    for record in evidence.records:
        if record.use == "design":
            assert bool(record.modelled) != bool(record.left_out), record.id
        else:
            assert record.reason, record.id
        if record.use in ("fit", "validate") and record.unit in ("percent", "patients"):
            assert record.interval or record.n or record.n_eff or record.at_risk or record.study == ["HOPKINS"], (
                record.id
            )


@pytest.mark.parametrize("evidence", FILES.values(), ids=list(FILES))
def test_one_event_is_fitted_once(evidence: Evidence) -> None:
    for record in evidence.records:
        if record.same_event_as is not None:
            assert record.use != "fit", record.id


def test_the_table_of_patients_is_that_of_the_population() -> None:
    """The same 21 rows stand in the evidence, in its words, and as printed in the CSV from which patients are drawn."""
    with (folder("population") / "huang-2024.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["patient"]: row for row in csv.DictReader(file)}
    records = {record.id.rpartition("-")[2]: record.patient for record in FILES["post-transplant"].records}
    patients = {name: cells for name, cells in records.items() if cells is not None}
    assert set(rows) == set(patients)
    for name, cells in patients.items():
        printed = rows[name]
        assert printed["age"] == str(cells["age"])
        assert printed["sex"] == cells["sex"]
        assert printed["donor type"] == cells["donor"]
        assert printed["refractory/relapsed"] == cells["refractory_relapsed"]
        assert printed["R-DRI"] == f"{cells['r_dri']} risk"
        assert printed["cytogenetic and molecular risk"] == f"{cells['cyto_molecular_risk']} risk"
        assert printed["disease status pre-HSCT"].replace("with ", "").replace(" MRD", "") == cells["status_pre_hsct"]
        assert printed["days from diagnosis to HSCT"] == str(cells.get("days_dx_to_hsct", ""))
        assert printed["molecular alterations pre-HSCT"] == cells["molecular_mrd_pre_hsct"]
