"""From files to protocols: populations, overrides, kinds of document, and the explicitness of the machine form."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import InvalidDocument, Position, Problem, UsageError
from sim.protocol.document import Document
from sim.protocol.resolve import lint, load_protocol, machine_form, resolve
from sim.protocol.scope import emitters

CORPUS = Path(__file__).parents[1] / "corpus"
BASE = CORPUS / "base.yaml"
POPULATION = CORPUS / "valid" / "population.yaml"
HEAD = 'schema: engraft/population/1\nid: p\ntitle: "P"\n'


def population(folder: Path, text: str) -> Path:
    path = folder / "population.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def told(caught: pytest.ExceptionInfo[InvalidDocument]) -> list[str]:
    """Problems as line, column, path and message."""
    return [f"{p.position.line}:{p.position.column}: {p.path}: {p.message}" for p in caught.value.problems]


def test_a_population_replaces_what_the_protocol_declares() -> None:
    protocol = load_protocol(BASE, population=POPULATION)
    assert protocol.parameters["cr_rate"].value == 0.6
    assert protocol.switches["transplant_all"].value is True
    assert protocol.enrolment.at == "remission"
    assert protocol.patient["age"].draw is not None
    assert protocol.patient["age"].draw.family == "normal"
    assert protocol.sources == {"trial": "smith2020", "registry": "registry2022"}
    untouched = load_protocol(BASE)
    assert protocol.phases == untouched.phases
    assert protocol.patient["donor"] == untouched.patient["donor"]
    assert list(protocol.patient) == list(untouched.patient)


def test_overrides_come_after_the_population() -> None:
    protocol = load_protocol(BASE, population=POPULATION, set=["parameters.cr_rate.value=0.75"])
    assert protocol.parameters["cr_rate"].value == 0.75


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "patient:\n  weight: {draw: {normal: [70, 9]}}\nswitches:\n  transplant_al: {value: true, assumption: x}\n",
            [
                '5:3: patient.weight: the protocol has no patient attribute "weight"; known: age, donor, mrd_result',
                '7:3: switches.transplant_al: the protocol has no switch "transplant_al"; did you mean "transplant_al',
            ],
        ),
        (
            "patient:\n  age: {draw: {bernoulli: 0.5}}\n  donor: {draw: {normal: [0, 1]}}\n",
            [
                "5:8: patient.age: age is true or false here, but in years in the protocol; keep its kind",
                "6:10: patient.donor: donor is a number without a unit here, but true or false in the protocol; keep",
            ],
        ),
        (
            "patient:\n  mrd_result: {draw: {categorical: {not_evaluable: 0.2, negative: 0.4, positive: 0.4}}}\n",
            ["5:15: patient.mrd_result: mrd_result is one of not_evaluable, negative, positive here, but set by res"],
        ),
        (
            "patient:\n  age: {draw: {normal: [62, sd_age]}, unit: years}\n",
            ['5:29: patient.age.draw.normal[1]: "sd_age" is not declared; did you mean "age"?'],
        ),
        (
            "enrolment: {at: relapsed, assumption: x}\n",
            ['4:17: enrolment.at: there is no event "relapsed"; did you mean "relapse"?'],
        ),
        (
            "phases: {A: {open: true}}\n",
            ['4:1: phases: found the unknown key "phases"; known: '],
        ),
    ],
)
def test_mistakes_of_a_population_stand_in_its_own_file(text: str, expected: list[str], tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument) as caught:
        load_protocol(BASE, population=population(tmp_path, text))
    assert {Path(problem.position.file).name for problem in caught.value.problems} == {"population.yaml"}
    found = told(caught)
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True)), found


def test_overrides_are_checked_like_the_file() -> None:
    with pytest.raises(InvalidDocument) as caught:
        load_protocol(BASE, set=["phases.SALVAGE.goto=FOLOW_UP", "phases.ALLO.lasts=30"])
    assert told(caught) == [
        '1:21: phases.SALVAGE.goto: there is no phase "FOLOW_UP"; did you mean "FOLLOW_UP"?',
        '1:19: phases.ALLO.lasts: a duration is due, but 30 is a bare number; write its unit, as in "28 d"',
    ]


def test_a_loaded_protocol_can_be_changed_further() -> None:
    protocol = load_protocol(BASE)
    changed = load_protocol(protocol, set=["phases.CONSOLIDATION.cycles=q28d x 3", "checks.intrathecal[0].equals=5"])
    assert changed.phases["CONSOLIDATION"].cycles is not None
    assert changed.phases["CONSOLIDATION"].cycles.planned == 3
    assert load_protocol(protocol) == protocol


def test_a_question_what_if_may_leave_parts_of_the_file_idle() -> None:
    shorter = load_protocol(BASE, set=["phases.CONSOLIDATION.cycles=q28d x 1"])
    assert shorter.phases["CONSOLIDATION"].cycles is not None
    straight = load_protocol(BASE, set=["phases.CONSOLIDATION.choose=[{else: FOLLOW_UP}]"])
    assert [row.target for row in straight.phases["CONSOLIDATION"].choose] == ["FOLLOW_UP"]
    with pytest.raises(InvalidDocument, match="may never die"):
        load_protocol(BASE, set=["hazards.death_with_disease.clock.since=transplant"])
    with pytest.raises(InvalidDocument, match="day 7 lies outside of a cycle of 5 d"):
        load_protocol(BASE, set=["phases.CONSOLIDATION.cycles=q5d x 2"])
    with pytest.raises(InvalidDocument, match="found 2, which its beta prior rules out; give a share from 0 to 1"):
        load_protocol(BASE, set=["parameters.cr_rate.value=2"])


def test_all_files_that_take_part_are_recorded() -> None:
    files = [
        Path(file).name for file, _ in resolve(CORPUS / "valid" / "extends-again.yaml", population=POPULATION).inputs
    ]
    assert files == ["extends-again.yaml", "extends.yaml", "base.yaml", "population.yaml"]


def test_the_machine_form_leaves_no_shorthand_and_no_name_to_defaults() -> None:
    protocol = load_protocol(BASE)
    assert protocol.hazards["relapse"].emits == ["relapse"]
    assert protocol.phases["SALVAGE"].lasts is not None
    assert protocol.phases["SALVAGE"].lasts.fixed == "60 d"
    assert protocol.phases["CONSOLIDATION"].cycles is not None
    assert protocol.phases["CONSOLIDATION"].cycles.every.fixed == "28 d"
    text = machine_form(protocol)
    assert "every: {fixed: 28 d}\n      count: {fixed: 2}\n" in text
    assert "clock:\n      since: [remission]" in text
    assert "while: not in_remission and not phase(INDUCTION)" in text


def test_guards_are_told_in_canonical_spelling() -> None:
    protocol = load_protocol(BASE, set=['phases.CONSOLIDATION.choose[0].when="(donor)  and((mrd_result)==(positive))"'])
    assert protocol.phases["CONSOLIDATION"].choose[0].when == "donor and mrd_result == positive"


def test_kinds_of_document_are_told_apart_by_their_schema(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text("schema: engraft/compare/1\nid: a\n", encoding="utf-8")
    assert [p.message for p in lint(path)] == ['found the text "engraft/compare/1"; did you mean "engraft/1"?']

    def judge(document: Document) -> list[Problem]:
        return [Problem(Position(document.file, 2, 1), "id", "seen")]

    assert lint(path, judges={"engraft/compare/1": judge}) == [Problem(Position(str(path), 2, 1), "id", "seen")]


def test_overrides_are_a_list() -> None:
    with pytest.raises(UsageError, match=r'^set is a list of texts, as in set=\["title=x"\]; found one text$'):
        load_protocol(BASE, set="title=x")


@pytest.mark.parametrize(
    ("override", "cure"),
    [
        ("cr_rate=0.5", 'found the unknown key "cr_rate"; did you mean "parameters.cr_rate.value"?'),
        ("parameters.cr_rate=0.5", "as in {value: 0.5}; its value alone is parameters.cr_rate.value"),
    ],
)
def test_an_override_short_of_the_value_is_shown_the_way_to_it(override: str, cure: str) -> None:
    with pytest.raises(InvalidDocument) as refused:
        load_protocol(BASE, set=[override])
    (problem,) = told(refused)
    assert problem.endswith(cure)


def test_a_document_of_another_kind_is_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text("schema: engraft/compare/1\narms: {}\n", encoding="utf-8")
    with pytest.raises(InvalidDocument) as refused:
        load_protocol(path)
    (problem,) = told(refused)
    assert problem.startswith('1:9: schema: found "engraft/compare/1": this is a comparison, and engraft compare reads')
    assert problem.endswith('here a protocol is due, "engraft/1"')


def test_a_missing_file_is_a_mistake_of_the_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        lint(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match='did you mean "all-mrd2019"'):
        load_protocol("all-mrd2091")


def test_many_flags_do_not_make_checks_endless(tmp_path: Path) -> None:
    count = 14
    flags = "".join(f"  f{n}: {{set_by: up{n}, cleared_by: down{n}}}\n" for n in range(count))
    hazards = "".join(
        f"  up{n}: {{clock: {{since: start}}, while: not f{n}, baseline: {{exponential: {{mean: 1 y}}}}}}\n"
        f"  down{n}: {{clock: {{since: up{n}}}, while: f{n}, baseline: {{exponential: {{mean: 1 y}}}}}}\n"
        for n in range(count)
    )
    path = tmp_path / "flags.yaml"
    path.write_text(
        f"schema: engraft/1\nid: flags\ntitle: Flags\nflags:\n{flags}phases:\n  A: {{open: true}}\n"
        "  DEAD: {final: true, emits: death}\nhazards:\n"
        f"{hazards}  death_itself: {{clock: {{since: start}}, baseline: {{exponential: {{mean: 1 y}}}}, goto: DEAD}}\n",
        encoding="utf-8",
    )
    assert lint(path) == []


def test_every_event_knows_what_emits_it() -> None:
    assert emitters(load_protocol(BASE)) == {
        "remission": [("phases", "INDUCTION", "outcomes", 0, "event", 0)],
        "refractory": [("phases", "INDUCTION", "outcomes", 1, "event", 0)],
        "transplant": [("phases", "ALLO", "emits", 0)],
        "death": [("phases", "DEAD", "emits", 0)],
        "relapse": [("hazards", "relapse", "emits", 0)],
        "death_with_disease": [("hazards", "death_with_disease", "emits", 0)],
        "death_in_remission": [("hazards", "death_in_remission", "emits", 0)],
    }
