"""Checks of whom a protocol treats: the table of patients, its columns, and criteria of eligibility. Reads no file."""

from __future__ import annotations

from collections.abc import Iterator

from sim.protocol.checks_expressions import first_reads
from sim.protocol.expression_tree import Call, Name, walk
from sim.protocol.findings import Finding
from sim.protocol.patient_table import may_miss, read_rows
from sim.protocol.subject import Subject

OWN_HEADINGS = frozenset({"patient", "last_phase", "time_days", "status", "enrolled"})
"""What patients.csv says of every patient."""


def table(subject: Subject) -> Iterator[Finding]:
    """Columns need a table and a table needs columns; the rows that a machine form holds fit them."""
    declared = subject.protocol.table
    columns = {name: each.column for name, each in subject.protocol.patient.items() if each.column is not None}
    if declared is None:
        for name in columns:
            message = f"{name} is a column, and there is no table; name one, as in table: {{file: patients.csv}}"
            yield Finding(("patient", name, "column"), message)
        return
    if not columns:
        message = "no attribute is read from this table; give one a column, as in age: {column: {type: number}}"
        yield Finding(("table",), message, key=True)
        return
    if declared.rows is None:
        return  # why the file could not be read is told with its own position
    rows, faults = read_rows(declared.rows, columns, declared)
    for fault in faults:
        place = f"line {fault.line}, column {fault.column}"
        what = f" ({fault.heading})" if fault.heading else ""
        yield Finding(("table", "rows"), f"{place}{what}: {fault.message}")
    if rows is None:
        return
    for name in may_miss(columns, rows):
        yield from _reads_of_missing(subject, name)


def headings(subject: Subject) -> Iterator[Finding]:
    """Attributes are columns of the table of patients, which has some of its own."""
    for name in subject.protocol.patient:
        if name in OWN_HEADINGS:
            message = f"{name} is a column of its own in patients.csv; call the attribute something else"
            yield Finding(("patient", name), message, key=True)


def _reads_of_missing(subject: Subject, name: str) -> Iterator[Finding]:
    """What reads an attribute that has no value in some patients."""
    cure = "is missing in some patients; say what that means with missing_is, or drop them with missing: dropped"
    for located, tree in subject.trees.values():
        for node in walk(tree):
            if isinstance(node, Name) and node.word == name and subject.scope.kind(name) == "attribute":
                yield Finding(located.path, f"{name} {cure}", text=located.text, offset=node.span[0])
                break
    for hazard, given in subject.protocol.hazards.items():
        if given.clock.age == name:
            yield Finding(("hazards", hazard, "clock", "age"), f"{name} {cure}")


def eligibility(subject: Subject) -> Iterator[Finding]:
    """Criteria are judged at entry: they read parameters, switches and attributes that are made by then."""
    patient = subject.protocol.patient
    for name in subject.protocol.eligibility:
        for located, tree in subject.below("eligibility", name):
            for node in first_reads(tree, subject.scope):
                message = ""
                if isinstance(node, Call):
                    message = f"{node.function}() is not known at entry, when patients are screened"
                elif (kind := subject.scope.kind(node.word)) in ("flag", "marker", "counter"):
                    message = f"{node.word} is a {kind}, which changes later; patients are screened at entry"
                elif kind == "attribute" and patient[node.word].states is not None:
                    message = f"{node.word} is set by a result, after patients are screened"
                if message:
                    cure = "; read parameters and attributes"
                    yield Finding(located.path, message + cure, text=located.text, offset=node.span[0])


PATIENT_CHECKS = ((table, ("table", "patient")), (headings, ("patient",)), (eligibility, ("eligibility", "patient")))
