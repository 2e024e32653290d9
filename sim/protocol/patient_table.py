"""Reads the rows of a table of patients against the columns that are declared. Opens no file, draws no patient."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sim.errors import did_you_mean
from sim.protocol.csv_records import Fault, Record, records, spelled
from sim.protocol.schema_patients import Column, Table
from sim.protocol.wording import shown

WEIGHT = "(weight)"
"""Heading of the weights in the machine form; no attribute can have such a name."""

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_TRUTHS = {
    **dict.fromkeys(("true", "yes", "y", "1"), 1.0),
    **dict.fromkeys(("false", "no", "n", "0"), 0.0),
}
_LARGEST_WHOLE = 2.0**53


@dataclass(frozen=True)
class Rows:
    """The patients of a table, n rows.

    Attributes
    ----------
    names
        The attributes, in the order of their declaration.
    values
        For each attribute its n values: numbers, 0 and 1 for no and yes, the place of a category among the categories;
        not a number where a missing value is kept.
    weights
        Weight of each row, all 1 where none are given.
    left_out
        How many rows of the file are no patients here, because they miss a value that may not be missing.
    """

    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    left_out: int

    @property
    def n(self) -> int:
        """How many rows there are."""
        return len(self.weights)

    @property
    def drawable(self) -> int:
        """How many rows can be drawn at all: those of weight 0 cannot."""
        return sum(weight > 0 for weight in self.weights)


class _Missing(Exception):
    """A row that is left out, because it misses a value."""


def read_rows(text: str, columns: Mapping[str, Column], table: Table) -> tuple[Rows | None, list[Fault]]:
    """The rows of a table's text.

    Parameters
    ----------
    text
        CSV with a line of headings; columns that are not declared are not read.
    columns
        The declared columns, by attribute.
    table
        Which heading the weights have, and how missing values are spelt.

    Returns
    -------
    tuple
        The rows, None where anything is wrong with them; and everything that is wrong.
    """
    found, faults = records(text)
    if not found:
        return None, faults or [Fault(1, 1, "", "found no line of headings; write one, with a column for each heading")]
    header, *body = found
    places = _places(header, columns, table, faults)
    if not body and not faults:
        faults.append(Fault(header.line, 1, "", "found no patient below the headings"))
    width = len(header.cells)
    kept: list[list[float]] = []
    left_out = 0
    for record in body:
        if len(record.cells) != width:
            line, column = record.place(min(len(record.cells), width))
            message = f"found {len(record.cells)} cells below {width} headings; quote a cell that holds a comma"
            faults.append(Fault(line, column, "", message))
            continue
        try:
            kept.append(_row(record, columns, places, table, faults))
        except _Missing:
            left_out += 1
    if not faults and not kept:
        faults.append(Fault(header.line, 1, "", "every row misses a value and is dropped; nobody is left to draw"))
    if not faults and not sum(row[-1] for row in kept) > 0:
        place = header.place(header.cells.index(table.weight or ""))
        faults.append(Fault(*place, "", "the weights are all 0, so that nobody can be drawn"))
    if faults:
        return None, faults
    *values, weights = (tuple(column) for column in zip(*kept, strict=True))
    return Rows(tuple(columns), tuple(values), weights, left_out), []


def _places(header: Record, columns: Mapping[str, Column], table: Table, faults: list[Fault]) -> dict[str, int]:
    """Where each declared column stands; those that do not are told."""
    places: dict[str, int] = {}
    wanted = {name: column.header or name for name, column in columns.items()}
    if table.weight is not None:
        wanted[WEIGHT] = table.weight
    for name, heading in wanted.items():
        at = [place for place, cell in enumerate(header.cells) if cell == heading]
        if len(at) == 1:
            places[name] = at[0]
        elif at:
            message = f"found the heading {shown(heading)} {len(at)} times; a heading stands for one column"
            faults.append(Fault(*header.place(at[1]), name, message))
        else:
            known = [cell for cell in header.cells if cell]
            message = f"found no heading {shown(heading)}{did_you_mean(heading, known)}"
            if len(known) == 1 and any(sign in known[0] for sign in ";\t"):
                message = f"found no heading {shown(heading)}; put commas between cells"
            faults.append(Fault(header.line, 1, name, message))
    return places


def _row(
    record: Record, columns: Mapping[str, Column], places: Mapping[str, int], table: Table, faults: list[Fault]
) -> list[float]:
    """The values of one row and its weight; all that is wrong with it is told."""
    row = []
    dropped = False
    for name, column in columns.items():
        if name not in places:
            continue
        text = record.cells[places[name]]
        value: float | str = math.nan
        if text in table.missing and not any(text in spellings for spellings in column.categories.values()):
            dropped |= column.missing == "dropped"
            if column.missing_is is not None:
                value = _code(column, column.missing_is)
            elif column.missing == "refused":
                value = "found no value; fill it in, or say what a missing one means with missing or missing_is"
        else:
            value = _cell(text, column)
        if isinstance(value, str):
            faults.append(Fault(*record.place(places[name]), name, value))
        else:
            row.append(value)
    if WEIGHT in places:
        weight = _number(record.cells[places[WEIGHT]], due="a weight of at least 0")
        if isinstance(weight, str) or weight < 0:
            message = weight if isinstance(weight, str) else f"found {weight:g}; write a weight of at least 0"
            faults.append(Fault(*record.place(places[WEIGHT]), WEIGHT, message))
        else:
            row.append(weight)
    else:
        row.append(1.0)
    if dropped:
        raise _Missing
    return row


def _code(column: Column, value: float | bool | str) -> float:
    """What stands for a value in the tables of the engine."""
    return float(column.words.index(value)) if isinstance(value, str) else float(value)


def _cell(text: str, column: Column) -> float | str:
    """The value of a cell, or what is wrong with it."""
    if column.type == "category":
        for place, spellings in enumerate(column.categories.values()):
            if text in spellings:
                return float(place)
        known = [spelling for spellings in column.categories.values() for spelling in spellings]
        return f"found {shown(text)}, which is none of the categories{did_you_mean(text, known)}"
    if column.type == "boolean":
        return _TRUTHS.get(text.lower(), f"found {shown(text)}; write true or false (yes or no, y or n, 1 or 0)")
    value = _number(text, due=column.span)
    if isinstance(value, str):
        return value
    whole = value.is_integer() and abs(value) < _LARGEST_WHOLE
    if not column.inside(value) or (column.type == "integer" and not whole):
        return f"found {shown(text)}; write {column.span}"
    return value


def _number(text: str, *, due: str) -> float | str:
    """The number that a text spells, or what is wrong with it."""
    if not _NUMBER.fullmatch(text):
        comma = _COMMA.fullmatch(text)
        return f"found {shown(text)}; write {due}" + (", with a point and no comma" if comma else "")
    value = float(text)
    return value if math.isfinite(value) else f"found {shown(text)}; write a number that is not so large"


def canonical_text(rows: Rows, columns: Mapping[str, Column], *, weighted: bool) -> str:
    """The rows as the machine form holds them: declared columns under the names of their attributes, words as declared.

    Reading the text gives the same rows.
    """
    lines = [spelled((*rows.names, WEIGHT) if weighted else rows.names)]
    spellings = [_spelling(columns[name], values) for name, values in zip(rows.names, rows.values, strict=True)]
    if weighted:
        spellings.append([_number_text(weight) for weight in rows.weights])
    lines += [spelled(cells) or '""' for cells in zip(*spellings, strict=True)]
    return "\n".join(lines) + "\n"


def _spelling(column: Column, values: Sequence[float]) -> list[str]:
    if column.type == "category":
        return [column.words[int(value)] for value in values]
    if column.type == "boolean":
        return ["true" if value else "false" for value in values]
    return ["" if value != value else _number_text(value) for value in values]


def _number_text(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < _LARGEST_WHOLE else repr(value)


def may_miss(columns: Mapping[str, Column], rows: Rows) -> Collection[str]:
    """Attributes that have no value in some row."""
    return [name for name, values in zip(rows.names, rows.values, strict=True) if any(v != v for v in values)]
