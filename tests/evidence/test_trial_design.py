"""Published trial designs as data: what is shipped, and what is refused in place."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import InvalidDocument
from sim.evidence.load import load_evidence
from sim.evidence.trial_design import load_trial, trial_problems
from sim.protocol.document import load_document
from sim.protocol.library import folder, names
from sim.protocol.resolve import load_protocol

SANDWICH = folder("trial") / "sandwich-nct06507514.yaml"


@pytest.mark.parametrize("name", names("trial"))
def test_a_shipped_design_is_sound_and_says_what_it_assumes(name: str) -> None:
    trial = load_trial(name)
    assert trial.id == name
    assert trial.open
    for arm in trial.arms.values():
        protocol = load_protocol(arm.protocol, population=trial.population)
        assert trial.primary.endpoint in protocol.endpoints


def test_the_sandwich_trial_has_one_arm_and_survival_as_its_endpoint() -> None:
    trial = load_trial("sandwich-nct06507514")
    assert list(trial.arms) == ["SANDWICH"]
    assert (trial.allocation.method, trial.primary.endpoint) == ("single arm", "OS")
    assert [each.endpoint for each in trial.secondary] == ["LFS"]
    assert trial.accrual.source is None  # not reported


def test_every_family_of_protocols_has_a_trial() -> None:
    tried = {arm.protocol for name in names("trial") for arm in load_trial(name).arms.values()}
    assert set(names("protocol")) - tried == {"allo-hsct-standard"}  # hypothetical: its patients declined it


def test_consecutive_cohorts_are_not_randomised_and_have_the_patients_and_endpoints_reported() -> None:
    trial = load_trial("all-mrd2019-2023")
    studies = load_evidence("fbmtg").studies
    assert trial.allocation.method == "not randomised"
    assert {name: (arm.protocol, arm.ratio) for name, arm in trial.arms.items()} == {
        name: (study.protocol, study.enrolled) for name, study in studies.items()
    }
    assert trial.accrual.patients == 121 + 137
    endpoints = [trial.primary, *trial.secondary]
    assert {(each.endpoint, each.at) for each in endpoints} == {("OS", "2 y"), ("LFS", "2 y")}
    for each in endpoints:
        assert {study.endpoints[each.endpoint].time_zero for study in studies.values()} == {each.time_zero}


@pytest.mark.parametrize(
    ("before", "after", "path", "message"),
    [
        ("endpoint: OS", "endpoint: OSS", "primary.endpoint", 'has no endpoint "OSS"'),
        ("protocol: sandwich-auto-hsct", "protocol: sandwich", "arms.SANDWICH.protocol", "did you mean"),
        ("population: sandwich-2025", "population: sandwich-2052", "population", "sandwich-2025"),
        ("OS, time_zero: enrolment", "OS, time_zero: relapse", "primary.time_zero", "counts OS from enrolment"),
        ("at: enrolment", "at: randomised", "allocation.at", 'no event "randomised"'),
        ("icans_later]", "icans_latter]", "safety[2]", 'no arm has a toxicity or event "icans_latter"'),
        ("method: single arm", "method: randomised", "", "1 arms do not go with"),
        ("source: abstract}\nprimary", "source: abstrakt}\nprimary", "allocation.source", '"abstrakt" is not declared'),
        ("patients: 50", "patients: 0", "accrual.patients", ""),
    ],
)
def test_a_wrong_design_is_refused_where_it_is_wrong(
    tmp_path: Path, before: str, after: str, path: str, message: str
) -> None:
    text = SANDWICH.read_text("utf-8")
    assert text.count(before) >= 1
    file = tmp_path / "trial.yaml"
    file.write_text(text.replace(before, after, 1), "utf-8")
    problems = trial_problems(load_document(file))
    assert any(message in problem.message for problem in problems), problems
    assert any(problem.path.startswith(path) and problem.position.line > 0 for problem in problems)
    with pytest.raises(InvalidDocument):
        load_trial(file)
