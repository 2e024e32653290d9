"""Populations in a protocol: what they replace, bring along and must cover; tables of patients found, read and held."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from sim.errors import InvalidDocument
from sim.protocol.library import folder, names
from sim.protocol.patient_table import read_rows
from sim.protocol.resolve import lint, load_population, load_protocol, machine_form, resolve

PROTOCOL = """\
schema: engraft/1
id: two-ways
title: "Two ways"
patient:
  age: {draw: {uniform: [18, 80]}, unit: years}
  stage: {draw: {categorical: {early: 0.5, late: 0.5}}}
  frail: {draw: {bernoulli: 0.2}}
  score: {draw: {normal: [0, 1]}}
  old: {derive: "age >= 60"}
  result: {states: [not_evaluable, negative, positive]}
markers: {mrd: {unit: log10, start: -1, at_most: 0}}
assays: {pcr: {reads: mrd, limit: -4}}
phases:
  A:
    lasts: 28 d
    tests: [{assay: pcr, into: result, at: end}]
    choose: [{when: "stage == late and not frail and score > 0 and not old", goto: B}, {else: B}]
  B: {open: true}
  DEAD: {final: true, emits: death}
hazards:
  dying: {clock: {since: start}, baseline: exponential, level: {probability: 0.5, at: 1 y}, goto: DEAD}
"""
CSV = "id,age,Stage,frail,centre,wbc\nA,44,I,N,1,3.5\nB,71,IV,Y,2,\nC,64,II,N,1,12\n"
POPULATION = """\
schema: engraft/population/1
id: ours
title: "Ours"
table: {file: ours.csv, assumption: "invented"}
patient:
  age: {column: {type: number, range: [18, 100]}, unit: years}
  stage: {column: {type: category, header: Stage, categories: {late: [III, IV], early: [I, II]}}}
  frail: {column: {type: boolean}}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a protocol, a population and its table, from elsewhere."""
    (tmp_path / "data").mkdir()
    (tmp_path / "protocol.yaml").write_text(PROTOCOL, "utf-8")
    (tmp_path / "data" / "ours.yaml").write_text(POPULATION, "utf-8")
    (tmp_path / "data" / "ours.csv").write_text(CSV, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(here: Path, *, after: str = "", **replaced: str) -> None:
    """The population with texts replaced and lines added."""
    text = POPULATION + after
    for old, new in replaced.items():
        text = text.replace(old, new)
    (here / "data" / "ours.yaml").write_text(text, "utf-8")


def problems(*overrides: str) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        load_protocol("protocol.yaml", population="data/ours.yaml", set=overrides)
    return [str(problem) for problem in caught.value.problems]


def test_the_table_is_found_beside_the_population_and_held_by_the_protocol(here: Path) -> None:
    found = resolve("protocol.yaml", population="data/ours.yaml")
    table = found.protocol.table
    assert table is not None
    digest = hashlib.sha256(CSV.encode()).hexdigest()
    assert (table.file, table.sha256, table.left_out) == ("ours.csv", digest, 0)
    assert dict(found.inputs)["data/ours.csv"] == digest
    # Columns that are not declared, such as who it is, are not held.
    assert table.rows == "age,stage,frail\n44,early,false\n71,late,true\n64,early,false\n"
    assert found.protocol.patient["score"].draw is not None


def test_the_machine_form_needs_no_file_and_means_the_same(here: Path) -> None:
    protocol = load_protocol("protocol.yaml", population="data/ours.yaml")
    (here / "data" / "ours.csv").unlink()
    assert load_protocol(protocol) == protocol
    Path("machine.yaml").write_text(machine_form(protocol), "utf-8")
    assert lint("machine.yaml") == []
    again = load_protocol("machine.yaml")
    assert again == protocol
    assert machine_form(again) == machine_form(protocol)
    assert load_protocol(protocol, set=["table.draw=without replacement"]).table.draw == "without replacement"  # type: ignore[union-attr]


def test_a_large_table_is_held_without_being_read_as_yaml(here: Path) -> None:
    lines = [f"P{k},{18 + k % 80},I,N,1," for k in range(20_000)]
    (here / "data" / "ours.csv").write_text("\n".join([CSV.split("\n")[0], *lines]), "utf-8")
    protocol = load_protocol("protocol.yaml", population="data/ours.yaml")
    again = load_protocol(protocol, set=["title=again"])
    assert again.table == protocol.table
    assert protocol.table is not None
    assert protocol.table.rows is not None
    assert protocol.table.rows.count("\n") == 20_001


def test_an_override_may_name_another_table_or_change_what_cells_may_be(here: Path) -> None:
    (here / "other.csv").write_text(CSV.replace("44,I", "17,I"), "utf-8")
    other = Path("other.csv").read_bytes()
    said = problems("table.file=other.csv")
    assert said == ['other.csv:2:3: patient.age.column: found "17"; write a number from 18 to 100']
    protocol = load_protocol(
        "protocol.yaml", population="data/ours.yaml", set=["table.file=other.csv", "patient.age.column.range=[16, 90]"]
    )
    assert protocol.table is not None
    assert protocol.table.sha256 == hashlib.sha256(other).hexdigest()
    assert "\n17,early" in (protocol.table.rows or "")
    # The same where the table was held already.
    again = load_protocol(
        load_protocol("protocol.yaml", population="data/ours.yaml", set=["table.weight=centre"]),
        set=["eligibility={adult: age >= 18}"],
    )
    assert "(weight)" in (again.table.rows or "")  # type: ignore[union-attr]


def test_all_problems_of_a_table_are_told_together_with_those_of_the_protocol(here: Path) -> None:
    (here / "data" / "ours.csv").write_text("id,age,Stage,frail\nA,x,V,maybe\nB,,I\n", "utf-8")
    assert problems("parameters={unused: 1}", "phases.A.lasts=28") == [
        (
            "--set[1]:1:21: parameters.unused: found the number 1; write a mapping, as in {value: 1}; "
            "its value alone is parameters.unused.value"
        ),
        '--set[2]:1:16: phases.A.lasts: a duration is due, but 28 is a bare number; write its unit, as in "28 d"',
        'data/ours.csv:2:3: patient.age.column: found "x"; write a number from 18 to 100',
        'data/ours.csv:2:5: patient.stage.column: found "V", which is none of the categories; did you mean "IV"?',
        'data/ours.csv:2:7: patient.frail.column: found "maybe"; write true or false (yes or no, y or n, 1 or 0)',
        "data/ours.csv:3:5: table: found 3 cells below 4 headings; quote a cell that holds a comma",
    ]
    assert [str(problem) for problem in lint("data/ours.yaml")] == problems()


def test_a_population_that_cannot_be_read_as_text(here: Path) -> None:
    (here / "data" / "ours.csv").write_bytes(b"id,age,Stage,frail\nA,4\xff4,I,N\n")
    assert problems() == [
        "data/ours.csv:2:4: (document): found the byte 0xFF, which is not UTF-8; save the file as UTF-8 text"
    ]
    (here / "data" / "ours.csv").unlink()
    assert problems()[0].startswith('data/ours.yaml:4:15: table.file: there is no file "ours.csv"')


def test_a_file_with_a_byte_order_mark_is_read(here: Path) -> None:
    (here / "data" / "ours.csv").write_text(
        "\ufeff" + CSV.replace("id,", "").replace("A,", "").replace("B,", "").replace("C,", ""), "utf-8"
    )
    assert load_protocol("protocol.yaml", population="data/ours.yaml").table is not None


def test_a_column_must_cover_the_categories_that_the_protocol_knows_and_no_others(here: Path) -> None:
    write(here, **{"{late: [III, IV], early: [I, II]}": "[late, unknown]"})
    where = "data/ours.yaml:7:63: patient.stage.column.categories: "
    assert problems() == [
        f"{where}the protocol knows early too; declare all that it knows, met or not",
        f"{where}the protocol knows no unknown; count it as early or late, as in {{early: [.., unknown]}}",
    ]


AGE = "age is in months here, but in years in the protocol; keep its kind"
RESULT = (
    "result is one of negative, positive here, but set by results (not_evaluable, negative, positive) in the protocol; "
    "keep its kind"
)
FRAIL = (
    'the protocol has no patient attribute "fraill"; did you mean "frail"?; a column that it need not know says '
    "carry: true"
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("unit: years", "unit: months", f"6:8: patient.age: {AGE}"),
        (
            "frail: {column: {type: boolean}}",
            "result: {column: {type: category, categories: [negative, positive]}}",
            f"8:11: patient.result: {RESULT}",
        ),
        ("frail: {column", "fraill: {column", f"8:3: patient.fraill: {FRAIL}"),
        ("table: {file", "tabel: {file", '4:1: tabel: found the unknown key "tabel"; did you mean "table"?'),
    ],
)
def test_what_a_population_may_not_do(old: str, new: str, said: str, here: Path) -> None:
    write(here, **{old: new})
    assert f"data/ours.yaml:{said}" in problems()


def test_carried_columns_and_what_the_population_itself_reads_come_along(here: Path) -> None:
    write(
        here,
        after="  wbc: {column: {type: number, missing: kept, carry: true}, unit: 10^9 per litre}\n"
        "  centre: {column: {type: integer}}\n"
        "  stiffness: {draw: {normal: [0, 1]}}\n"
        "eligibility:\n  here: 'centre == 1'\n  soft: 'stiffness < limit'\n"
        "parameters:\n  limit: {value: 1, prior: {normal: [1, 1]}, assumption: invented}\n",
    )
    protocol = load_protocol("protocol.yaml", population="data/ours.yaml")
    assert list(protocol.patient)[-3:] == ["wbc", "centre", "stiffness"]
    assert {name: each.when for name, each in protocol.eligibility.items()} == {
        "here": "centre == 1",
        "soft": "stiffness < limit",
    }


def test_what_is_missing_may_not_be_read(here: Path) -> None:
    write(here, after="  wbc: {column: {type: number, missing: kept, carry: true}}\neligibility: {low: 'wbc < 10'}\n")
    cure = "say what that means with missing_is, or drop them with missing: dropped"
    assert problems() == [f"data/ours.yaml:10:21: eligibility.low: wbc is missing in some patients; {cure}"]
    (here / "data" / "ours.csv").write_text(CSV.replace("2,\n", "2,1\n"), "utf-8")
    load_protocol("protocol.yaml", population="data/ours.yaml")


def test_dropped_rows_are_counted(here: Path) -> None:
    write(here, after="  wbc: {column: {type: number, missing: dropped, carry: true}}\n")
    table = load_protocol("protocol.yaml", population="data/ours.yaml").table
    assert table is not None
    assert (table.left_out, (table.rows or "").count("\n")) == (1, 3)


def test_eligibility_stands_in_place_of_the_protocol_s(here: Path) -> None:
    Path("protocol.yaml").write_text(PROTOCOL + "eligibility: {adult: 'age >= 18', fit: 'not frail'}\n", "utf-8")
    assert list(load_protocol("protocol.yaml", population="data/ours.yaml").eligibility) == ["adult", "fit"]
    write(here, after="eligibility: {young: 'age < 70'}\n")
    assert list(load_protocol("protocol.yaml", population="data/ours.yaml").eligibility) == ["young"]


def test_a_population_with_its_table_as_a_model(here: Path) -> None:
    population = load_population("data/ours.yaml", set=["title=Theirs"])
    assert population.title == "Theirs"
    assert population.table is not None
    assert (population.table.rows or "").startswith("age,stage,frail\n44,early")


def test_the_patients_of_huang_2024_are_those_that_the_publication_counts() -> None:
    population = load_population("huang-2024")
    assert population.table is not None
    columns = {name: each.column for name, each in population.patient.items() if each.column is not None}
    rows, _ = read_rows(population.table.rows or "", columns, population.table)
    assert rows is not None

    def words(name: str) -> list[str]:
        return [columns[name].words[int(value)] for value in rows.values[rows.names.index(name)]]

    def numbers(name: str) -> list[float]:
        return list(rows.values[rows.names.index(name)])

    assert rows.n == 21
    donors = words("donor_type")
    assert (donors.count("haploidentical"), donors.count("matched_sibling"), donors.count("matched_unrelated")) == (
        17,
        3,
        1,
    )
    assert sum(numbers("refractory_or_relapsed")) == 9
    assert words("disease").count("ph_positive_all") == 1
    assert sum(age <= 18 for age in numbers("age")) == 3
    first = [(a, b) for a, b in zip(words("remission_at_hsct"), words("flow_mrd_at_hsct"), strict=True)]
    assert first.count(("CR1", "undetectable")) == 15
    assert first.count(("NR", "not_stated")) == 2
    days = numbers("days_to_hsct")
    known = sorted(day for day in days if day == day)
    # Missing for P18 to P21; the median of the others is 204 (audit C-06).
    assert [place + 1 for place, day in enumerate(days) if day != day] == [18, 19, 20, 21]
    assert known[len(known) // 2] == 204
    # Refractory or relapsed and yet in first remission: P3, P16, P19 (C-08).
    flags = zip(numbers("refractory_or_relapsed"), words("remission_at_hsct"), strict=True)
    assert [place + 1 for place, (flag, status) in enumerate(flags) if flag and status == "CR1"] == [3, 16, 19]
    # Undetectable by flow and molecularly positive: P8, P10, P21 (C-08).
    both = zip(words("flow_mrd_at_hsct"), words("molecular_mrd_at_hsct"), strict=True)
    assert [k + 1 for k, pair in enumerate(both) if pair == ("undetectable", "positive")] == [8, 10, 21]


def test_every_shipped_table_belongs_to_a_population() -> None:
    used = {
        yaml.safe_load((folder("population") / f"{name}.yaml").read_text("utf-8")).get("table", {}).get("file")
        for name in names("population")
    }
    assert {path.name for path in folder("population").glob("*.csv")} == used - {None}
