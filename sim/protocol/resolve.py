"""From a name or path to a checked protocol: load, extend, populate, override, check. The rules are elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from sim.errors import InvalidDocument, Problem, UsageError, did_you_mean
from sim.protocol.checks import findings_in
from sim.protocol.document import Document, load_document, problems_from_pydantic
from sim.protocol.findings import problems
from sim.protocol.library import find
from sim.protocol.machine import canonical, machine_form
from sim.protocol.merge import apply_extends, apply_overrides
from sim.protocol.nodes import Entry, MappingNode, ScalarNode, with_value
from sim.protocol.population import Population
from sim.protocol.population_merge import apply_population, population_problems
from sim.protocol.population_table import with_rows
from sim.protocol.schema import SCHEMA, Protocol
from sim.protocol.subject import Subject
from sim.protocol.wording import describe

__all__ = ["Resolved", "kind_of", "lint", "load_population", "load_protocol", "machine_form", "resolve"]

POPULATION_SCHEMA = "engraft/population/1"

Judge = Callable[[Document], list[Problem]]
"""Finds what is wrong with a document of one kind."""


@dataclass(frozen=True)
class Resolved:
    """A protocol ready for use, and the files it was made from as (file, SHA-256)."""

    protocol: Protocol
    inputs: tuple[tuple[str, str], ...]


def load_protocol(
    protocol: str | Path | Protocol, *, set: Sequence[str] = (), population: str | Path | None = None
) -> Protocol:
    """A checked protocol in its machine form.

    Parameters
    ----------
    protocol
        The name of a shipped protocol, a path, or a protocol that was loaded before.
    set
        Overrides ``path=value``, checked like the file itself; they come last.
    population
        The name or path of a population whose attributes, parameters, switches and entry gate replace the protocol's.

    Overrides and populations ask "what if": what they leave idle in the file (a phase, a parameter, a dose total) is no
    mistake then.

    Raises
    ------
    InvalidDocument
        With every problem of the protocol, the population and the overrides that can be told together.
    UsageError
        There is no such file.
    """
    return resolve(protocol, set=set, population=population).protocol


def resolve(
    protocol: str | Path | Protocol, *, set: Sequence[str] = (), population: str | Path | None = None
) -> Resolved:
    """As `load_protocol`, with the files that took part."""
    document = _document(protocol)
    if population is not None:
        document = apply_population(document, load_document(find(population, "population")))
    if set:
        document = apply_overrides(document, set, allow_same=True)
    altered = isinstance(protocol, Protocol) or population is not None or bool(set)
    return _checked(document, altered=altered)


def load_population(population: str | Path, *, set: Sequence[str] = ()) -> Population:
    """A checked population, the rows of its table included.

    Parameters
    ----------
    population
        The name of a shipped population, or a path.
    set
        Overrides ``path=value``, checked like the file itself.

    Raises
    ------
    InvalidDocument
        With every problem of the population and the overrides that can be told together.
    UsageError
        There is no such file.
    """
    document = load_document(find(population, "population"))
    if set:
        document = apply_overrides(document, set, allow_same=True)
    found = population_problems(document)
    if found:
        raise InvalidDocument(found)
    return Population.model_validate(with_rows(document)[0].plain())


def kind_of(name_or_path: str | Path) -> str:
    """Which of the two it is: "population", or "protocol", also where it is neither.

    Raises
    ------
    UsageError
        There is no such file.
    """
    try:
        file = find(name_or_path, "protocol")
    except UsageError as error:
        try:
            file = find(name_or_path, "population")
        except UsageError:
            raise error from None
    try:
        schema = load_document(file).plain().get("schema")
    except InvalidDocument:
        return "protocol"
    return "population" if schema == POPULATION_SCHEMA else "protocol"


def lint(path: str | Path, *, judges: Mapping[str, Judge] | None = None) -> list[Problem]:
    """Everything that is wrong with a file, in the order of the file; an empty list if it can be used.

    Parameters
    ----------
    path
        A protocol or a population, or a file of one of the kinds in `judges`.
    judges
        For further kinds of document: the ``schema`` that they state, and what finds their problems.

    Raises
    ------
    UsageError
        The path is not a readable file.
    """
    known: dict[str, Judge] = {SCHEMA: _judge_protocol, POPULATION_SCHEMA: population_problems, **(judges or {})}
    try:
        document = load_document(path)
        schema = document.plain().get("schema")
        if isinstance(schema, str) and schema in known:
            return sorted(known[schema](document))
    except InvalidDocument as invalid:
        return list(invalid.problems)
    if schema is None:
        message = f'found no schema; write the kind of document at the top, as in "schema: {SCHEMA}"'
    else:
        message = f"found {describe(schema)}" + did_you_mean(schema if isinstance(schema, str) else "", list(known))
    return [Problem(document.locate(("schema",)), "schema", message)]


def _judge_protocol(document: Document) -> list[Problem]:
    try:
        _checked(apply_extends(document, _base))
    except InvalidDocument as invalid:
        return list(invalid.problems)
    return []


def _document(protocol: str | Path | Protocol) -> Document:
    if isinstance(protocol, Protocol):
        return _document_of(protocol)
    return apply_extends(load_document(find(protocol, "protocol")), _base)


def _document_of(protocol: Protocol) -> Document:
    """A protocol as a document. The rows of a table go in as they are, for a reader of YAML takes long over them."""
    table = protocol.table
    bare = protocol
    if table is not None and table.rows is not None:
        bare = protocol.model_copy(update={"table": table.model_copy(update={"rows": ""})})
    document = load_document(protocol.id, text=machine_form(bare), name=f"{protocol.id} (machine form)")
    if bare is protocol:
        return document
    assert table is not None
    position = document.locate(("table",))
    rows = ScalarNode(position, table.rows or "", position)
    root = with_value(document.root, ("table", "rows"), Entry(position, rows))
    assert isinstance(root, MappingNode)
    return replace(document, root=root)


def _base(name: str, file: str) -> Document:
    return load_document(find(name, "protocol", beside=Path(file)))


def _checked(document: Document, *, altered: bool = False) -> Resolved:
    """The document as a protocol in machine form, or InvalidDocument with all problems."""
    document, in_table = with_rows(document)
    subject, schema_problems = _subject(document, altered)
    found = [*in_table, *schema_problems, *problems(document, findings_in(subject))]
    if found:
        raise InvalidDocument(found)
    protocol = canonical(subject.protocol, {path: tree for path, (_, tree) in subject.trees.items()})
    return Resolved(protocol, document.inputs)


def _subject(document: Document, altered: bool) -> tuple[Subject, list[Problem]]:
    """What can be examined of a document, and what does not fit the schema."""
    plain = document.plain()
    try:
        return Subject(Protocol.model_validate(plain), altered=altered), []
    except ValidationError as error:
        schema_problems = problems_from_pydantic(document, error, Protocol)
        broken = {str(item["loc"][0]) for item in error.errors(include_url=False) if item["loc"]}
    hidden = {name for section in broken for name in _keys(plain.get(section))}
    kept = {key: value for key, value in plain.items() if key not in broken}
    if "phases" not in kept:
        broken.add("phases")
        kept["phases"] = {"START": {"open": True}}
    kept = {"schema": SCHEMA, "id": "x", "title": "x", **kept}
    return Subject(Protocol.model_validate(kept), frozenset(broken), frozenset(hidden), altered), schema_problems


def _keys(section: object) -> list[str]:
    return [key for key in section if isinstance(key, str)] if isinstance(section, dict) else []
