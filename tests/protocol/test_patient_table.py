"""Tables of patients: what CSV may look like, what cells mean, and where each bad one is said to stand."""

from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.csv_records import Fault, records
from sim.protocol.patient_table import canonical_text, may_miss, read_rows
from sim.protocol.schema_patients import Column, Table

AGE = Column.model_validate({"type": "number", "range": [18, 100]})
SEX = Column.model_validate({"type": "category", "categories": {"female": "F", "male": ["M", "m"]}})
ECOG = Column.model_validate({"type": "integer", "header": "ECOG"})
FRAIL = Column.model_validate({"type": "boolean"})


def table(**more: object) -> Table:
    return Table.model_validate({"file": "x.csv", "assumption": "invented", **more})


def column(**more: object) -> Column:
    return Column.model_validate(more)


def faults(text: str, columns: dict[str, Column], **more: object) -> list[str]:
    rows, found = read_rows(text, columns, table(**more))
    assert (rows is None) == bool(found)
    return [f"{fault.line}:{fault.column}: {fault.heading}: {fault.message}" for fault in found]


def test_values_come_out_as_they_stand_whatever_the_order_of_columns_and_the_end_of_lines() -> None:
    text = '\nECOG,note,age,frail,sex\r\n1,"a, ""b""",40.25,YES,F\r\n\r\n 0 ,,64,n,m\r2,"two\nlines",18,0,M'
    rows, found = read_rows(text, {"age": AGE, "sex": SEX, "performance": ECOG, "frail": FRAIL}, table())
    assert found == []
    assert rows is not None
    assert rows.names == ("age", "sex", "performance", "frail")
    assert rows.values == ((40.25, 64.0, 18.0), (0.0, 1.0, 1.0), (1.0, 0.0, 2.0), (1.0, 0.0, 0.0))
    assert (rows.weights, rows.left_out, rows.n, rows.drawable) == ((1.0, 1.0, 1.0), 0, 3, 3)


def test_every_bad_cell_is_told_with_its_line_and_column() -> None:
    text = 'age,"a, b",sex,ECOG,frail\n17,,F,1.5,\n"4 0","x\ny",G,one,2\n,"",m,1,no\n'
    assert faults(text, {"age": AGE, "sex": SEX, "performance": ECOG, "frail": FRAIL}) == [
        '2:1: age: found "17"; write a number from 18 to 100',
        '2:7: performance: found "1.5"; write a whole number',
        "2:11: frail: found no value; fill it in, or say what a missing one means with missing or missing_is",
        '3:1: age: found "4 0"; write a number from 18 to 100',
        '4:4: sex: found "G", which is none of the categories; known: F, M, m',
        '4:6: performance: found "one"; write a whole number',
        '4:10: frail: found "2"; write true or false (yes or no, y or n, 1 or 0)',
        "5:1: age: found no value; fill it in, or say what a missing one means with missing or missing_is",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: : found no line of headings; write one, with a column for each heading"),
        ("age\n", "1:1: : found no patient below the headings"),
        ("Age\n40\n", '1:1: age: found no heading "age"; did you mean "Age"?'),
        ("age,age\n40,41\n", '1:5: age: found the heading "age" 2 times; a heading stands for one column'),
        ("age;sex\n40;F\n", '1:1: age: found no heading "age"; put commas between cells'),
        ("age,b\n40\n", "2:3: : found 1 cells below 2 headings; quote a cell that holds a comma"),
        ("age,b\n40,1,2\n", "2:6: : found 3 cells below 2 headings; quote a cell that holds a comma"),
        ('age,b\n40,"1\n', "2:4: : found a quote that is never closed; close it"),
        ('age,b\n40,"1"2\n', "2:7: : found text after a quote; put a comma between cells"),
        ('age,b\n40,1"2"\n', '2:5: : found a quote inside a cell; write the cell as "..." with ""'),
        ("age\n1e999\n", '2:1: age: found "1e999"; write a number that is not so large'),
        ("age\n0x20\n", '2:1: age: found "0x20"; write a number from 18 to 100'),
        ("age\nnan\n", '2:1: age: found "nan"; write a number from 18 to 100'),
        ("age\n١٩\n", '2:1: age: found "١٩"; write a number from 18 to 100'),
        ('age\n"40,5"\n', '2:1: age: found "40,5"; write a number from 18 to 100, with a point and no comma'),
    ],
)
def test_a_table_that_cannot_be_used_says_why(text: str, said: str) -> None:
    assert faults(text, {"age": AGE})[0] == said


def test_a_whole_number_is_one_that_floating_point_keeps() -> None:
    assert faults("ECOG\n9007199254740993\n", {"x": ECOG}) == ['2:1: x: found "9007199254740993"; write a whole number']


def test_weights() -> None:
    rows, _ = read_rows("age,w\n20,0\n30,2.5\n", {"age": AGE}, table(weight="w"))
    assert rows is not None
    assert (rows.weights, rows.drawable) == ((0.0, 2.5), 1)
    assert faults("age,w\n20,-1\n30,\n40,x\n", {"age": AGE}, weight="w") == [
        "2:4: (weight): found -1; write a weight of at least 0",
        '3:4: (weight): found ""; write a weight of at least 0',
        '4:4: (weight): found "x"; write a weight of at least 0',
    ]
    assert faults("age,w\n20,0\n30,0\n", {"age": AGE}, weight="w") == [
        "1:5: : the weights are all 0, so that nobody can be drawn"
    ]


def test_what_a_missing_value_may_become() -> None:
    text = "age,wbc,mrd,fit\n40,,NA,\n50,2,+,1\n.,3,-,0\n"
    columns = {
        "age": column(type="number", missing="dropped"),
        "wbc": column(type="number", missing="kept"),
        "mrd": column(
            type="category", categories={"negative": "-", "positive": "+", "unknown": "?"}, missing_is="unknown"
        ),
        "fit": column(type="boolean", missing_is=True),
    }
    rows, found = read_rows(text, columns, table(missing=["", "NA", "."]))
    assert found == []
    assert rows is not None
    assert rows.left_out == 1
    assert math.isnan(rows.values[1][0])
    assert (rows.values[0], rows.values[1][1], rows.values[2], rows.values[3]) == (
        (40.0, 50.0),
        2.0,
        (2.0, 1.0),
        (1.0, 1.0),
    )
    assert may_miss(columns, rows) == ["wbc"]


def test_a_category_that_is_spelt_like_a_missing_value_is_none() -> None:
    rows, _ = read_rows("x\nNA\n", {"x": column(type="category", categories=["NA", "EU"])}, table())
    assert rows is not None
    assert rows.values == ((0.0,),)


def test_a_bad_cell_of_a_dropped_row_is_still_told() -> None:
    columns = {"age": column(type="number", missing="dropped"), "sex": SEX}
    assert faults("age,sex\n,G\n40,F\n", columns) == [
        '2:2: sex: found "G", which is none of the categories; known: F, M, m'
    ]


CELLS = st.lists(
    st.lists(
        st.text(st.characters(exclude_characters="\r\x00", exclude_categories=["Cs"]), max_size=6),
        min_size=3,
        max_size=3,
    ),
    min_size=1,
    max_size=5,
)


@given(CELLS)
def test_records_are_those_of_python_s_csv_and_cells_stand_where_they_are_said_to(cells: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(cells)
    found, faulty = records(out.getvalue())
    assert faulty == []
    assert [list(record.cells) for record in found] == cells
    lines = out.getvalue().split("\n")
    for record in found:
        for index, cell in enumerate(record.cells):
            line, place = record.place(index)
            assert lines[line - 1][place - 1] == '"'
            assert lines[line - 1][place:].startswith(cell.replace('"', '""').split("\n")[0])


@given(st.text(st.sampled_from('ab ,"\n1'), max_size=30))
def test_any_text_gives_records_or_faults_inside_it(text: str) -> None:
    found, faulty = records(text)
    lines = text.split("\n")
    for fault in faulty:
        assert isinstance(fault, Fault)
        assert 1 <= fault.line <= len(lines)
        assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1
    for record in found:
        for index in range(len(record.cells) + 1):
            line, place = record.place(index)
            assert 1 <= place <= len(lines[line - 1]) + 1


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.lists(st.tuples(NUMBERS, st.booleans(), st.sampled_from(["a,b", 'c"d', "e"]), NUMBERS), min_size=1, max_size=6)
)
def test_the_canonical_text_reads_back_as_the_same_rows(patients: list[tuple[float, bool, str, float]]) -> None:
    columns = {
        "x": column(type="number"),
        "yes": column(type="boolean"),
        "word": column(type="category", categories=["e", 'c"d', "a,b"]),
    }
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["w", "x", "yes", "word"])
    writer.writerows([abs(w) + 1.0, repr(x), yes, word] for x, yes, word, w in patients)
    rows, found = read_rows(out.getvalue(), columns, table(weight="w"))
    assert found == []
    assert rows is not None
    assert rows.values[0] == tuple(x for x, *_ in patients)
    again, found = read_rows(
        canonical_text(rows, columns, weighted=True), columns, table(weight="(weight)", missing=[""])
    )
    assert (again, found) == (rows, [])
