"""Guards, probabilities and lengths in words, and what two protocols differ in."""

from __future__ import annotations

import pytest

from sim.protocol.resolve import load_protocol
from sim.protocol.schema import Protocol
from sim.report.difference import Difference, differences
from sim.report.words import guard_words, length_words, phase_words, probability_words, rest_words


@pytest.mark.parametrize(
    ("guard", "words"),
    [
        ("mrd_after_a == positive and donor", "MRD after induction is positive and a donor"),
        ("not visited(ALLO) and age >= 56", "no Transplant yet and age ≥ 56"),
        ("(donor or age < 40) and not in_remission", "(a donor or age < 40) and not in remission"),
        ("phase(B) or not phase(A)", "in Cycles or not in Induction"),
        ("since(relapse) > 2 y and count(relapse) == 1", "time since relapse > 2 y and number of relapse is 1"),
        ("count(relapse) > 0 and count(death) == 0", "after relapse and no death yet"),
        ("within(transplant, 100 d)", "within 100 d of transplant"),
        ("mrd_after_a not in (negative, positive)", "MRD after induction is not negative or positive"),
        ("result(mrd_after_a) and eradicated(mrd)", "MRD after induction known and MRD eradicated"),
        ("donor and not eradicated(mrd)", "a donor and MRD not eradicated"),
        ("mrd + 2 * fall <= -4", "MRD + 2 × −2 ≤ −4"),
        ("2 * (mrd + 1) > 0 and age - (20 - 1) > 1", "2 × (MRD + 1) > 0 and age − (20 − 1) > 1"),
        ("true", "always"),
    ],
)
def test_a_guard_in_words(small: Protocol, guard: str, words: str) -> None:
    assert guard_words(guard, small) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.25", "25 %"),
        ("cure", "80 %"),
        ("if(age < 40, 0.02, 0.06)", "2 to 6 %, by age"),
        ("if(age < 40, 0.1, if(count(relapse) > 0, cure, 0.3))", "10 to 80 %, by age, what came before"),
        ("cure / 2", "p = cure / 2"),
        ("cure / (1 + exp(if(count(relapse) > 1, 1, age)))", "varying, by what came before, age"),
    ],
)
def test_a_probability_in_words(small: Protocol, text: str, words: str) -> None:
    assert probability_words(text, small) == words


def test_what_is_left_is_a_number_only_where_all_others_are(small: Protocol) -> None:
    assert rest_words(["cure", "0.05"], small) == "15 %"
    assert rest_words(["cure", "if(age < 40, 0.02, 0.06)"], small) == "otherwise"


def test_phases_in_words(small: Protocol) -> None:
    assert phase_words("PALLIATIVE", small) == "PALLIATIVE"
    lengths = {name: length_words(phase, small) for name, phase in small.phases.items()}
    assert lengths == {
        "A": "28 d",
        "B": "2 cycles of 21 d, days 1–7",
        "ALLO": "30 d",
        "PALLIATIVE": "open",
        "FOLLOW_UP": "open",
        "DEAD": "",
    }


def test_a_protocol_does_not_differ_from_itself(small: Protocol) -> None:
    assert differences(small, small) == []


def test_differences_are_told_by_the_paths_that_set_takes(small: Protocol) -> None:
    overrides = ["phases.B.cycles=q21d x 3", "parameters.cure.value=0.7"]
    found = differences(small, load_protocol(small, set=overrides))
    assert found == [
        Difference("parameters.cure.value", "changed", 0.8, 0.7),
        Difference("phases.B.cycles.count.fixed", "changed", "2", "3"),
    ]
    assert [str(entry) for entry in found] == [
        "~ parameters.cure.value: 0.8 → 0.7",
        "~ phases.B.cycles.count.fixed: 2 → 3",
    ]
    back = [f"{entry.path}={entry.before}" for entry in found]
    assert differences(small, load_protocol(load_protocol(small, set=overrides), set=back)) == []


def test_a_part_that_one_protocol_lacks_is_one_difference(small: Protocol) -> None:
    without = small.model_copy(update={"toxicities": {}, "endpoints": {"OS": small.endpoints["OS"]}})
    found = differences(small, without)
    assert [(entry.path, entry.kind) for entry in found] == [
        ("toxicities.fever", "removed"),
        ("endpoints.LFS", "removed"),
        ("endpoints.CIR", "removed"),
        ("endpoints.NRM", "removed"),
    ]
    assert [entry.kind for entry in differences(without, small)] == ["added"] * 4
