"""Puts the rows of a table's file into the document that names it. What cells may be, patient_table.py judges."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from pydantic import ValidationError

from sim.errors import InvalidDocument, Position, Problem, UsageError
from sim.protocol.document import Document, read_text
from sim.protocol.library import find_table
from sim.protocol.nodes import (
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    child,
    child_at,
    node_from_plain,
    with_value,
    without,
)
from sim.protocol.paths import DocumentPath, format_path
from sim.protocol.patient_table import WEIGHT, Rows, canonical_text, read_rows
from sim.protocol.schema_patients import Column, Table

_WRITTEN = ("rows", "sha256", "left_out")
"""What is written here; a file that an override names replaces it."""


def with_rows(document: Document) -> tuple[Document, list[Problem]]:
    """A document whose table holds the rows of its file, and everything that is wrong with these.

    The columns are then those of the rows: headings are the names of attributes, categories are spelt as declared, and
    missing values stand for what they were said to mean.

    Parameters
    ----------
    document
        A protocol or population. One without a table, or whose table or columns do not fit the schema, is returned as
        it is: the schema's own problems tell.
    """
    table, columns = _declared(document)
    place = child_at(document.root, ("table", "file"))
    if table is None or table.file is None or not isinstance(place, ScalarNode) or not columns:
        return document, []
    held = child_at(document.root, ("table", "rows"))
    if held is not None and held.position.file == place.position.file:
        return document, []
    try:
        path = find_table(table.file, beside=None if place.position.file.startswith("--set[") else place.position.file)
        text, digest = read_text(path)
    except UsageError as error:
        return document, [Problem(place.position, "table.file", str(error))]
    except InvalidDocument as invalid:
        return document, list(invalid.problems)
    rows, faults = read_rows(text, columns, table)
    inputs = (*document.inputs, (str(path), digest))
    if rows is None:
        problems = [
            Problem(Position(str(path), fault.line, fault.column), _path(fault.heading), fault.message)
            for fault in faults
        ]
        return Document(document.root, document.file, inputs), problems
    return Document(_embedded(document.root, table, columns, rows, digest), document.file, inputs), []


def _path(heading: str) -> str:
    """The document path of what a heading is declared by."""
    if heading in ("", WEIGHT):
        return "table.weight" if heading else "table"
    return format_path(("patient", heading, "column"))


def _declared(document: Document) -> tuple[Table | None, dict[str, Column]]:
    """The table and the columns of a document, as far as they fit the schema."""
    table, patient = child(document.root, "table"), child(document.root, "patient")
    if not isinstance(table, MappingNode) or not isinstance(patient, MappingNode):
        return None, {}
    columns: dict[str, Column] = {}
    try:
        for name, entry in patient.entries.items():
            column = child(entry.node, "column")
            if column is not None:
                columns[name] = Column.model_validate(column.plain())
        return Table.model_validate(table.plain()), columns
    except ValidationError:
        return None, {}


def _embedded(root: Node, table: Table, columns: Mapping[str, Column], rows: Rows, digest: str) -> MappingNode:
    position = child_at(root, ("table", "file")).position  # type: ignore[union-attr]

    def put(path: DocumentPath, value: object) -> None:
        nonlocal root
        root = with_value(root, path, Entry(position, node_from_plain(value, position)))

    for key in _WRITTEN:
        if child_at(root, ("table", key)) is not None:
            root = without(root, ("table", key))
    put(("table", "file"), PurePath(table.file or "").name)
    put(("table", "sha256"), digest)
    put(("table", "missing"), [""])
    if table.weight is not None:
        put(("table", "weight"), WEIGHT)
    if rows.left_out:
        put(("table", "left_out"), rows.left_out)
    put(("table", "rows"), canonical_text(rows, columns, weighted=table.weight is not None))
    for name, column in columns.items():
        kept: dict[str, object] = {"type": column.type, "range": column.range}
        kept["categories"] = {word: [word] for word in column.categories} or None
        kept["missing"] = "kept" if column.missing == "kept" else None
        own = child_at(root, ("patient", name, "column"))
        assert own is not None
        entries = {
            key: Entry(own.position, node_from_plain(value, own.position))
            for key, value in kept.items()
            if value is not None
        }
        root = with_value(root, ("patient", name, "column"), Entry(own.position, MappingNode(own.position, entries)))
    assert isinstance(root, MappingNode)
    return root


def rows_of(table: Table, columns: Mapping[str, Column]) -> Rows:
    """The rows that a checked table holds."""
    rows, faults = read_rows(table.rows or "", columns, table)
    assert rows is not None, faults
    return rows
