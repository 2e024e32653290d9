"""Published trial designs as data: what is shipped, and what is refused in place."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import InvalidDocument
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
