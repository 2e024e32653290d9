"""Applies a population to a protocol: whose patients, which study-level values. The protocol is not judged here."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from sim.errors import InvalidDocument, Problem, did_you_mean
from sim.protocol.checks_numbers import correlations
from sim.protocol.checks_patients import table
from sim.protocol.document import Document, problems_from_pydantic
from sim.protocol.expression_scope import Boolean, Number, States, Type, describe
from sim.protocol.expression_tree import Name, walk
from sim.protocol.expression_units import parse_unit
from sim.protocol.expressions import ExpressionErrors, parse
from sim.protocol.findings import Finding, problems
from sim.protocol.nodes import Entry, MappingNode, Node, child, with_value
from sim.protocol.population import Population
from sim.protocol.population_table import with_rows
from sim.protocol.schema import SCHEMA, Attribute, Protocol
from sim.protocol.scope import scope_of
from sim.protocol.subject import Subject, wrong
from sim.protocol.walk import expressions_of
from sim.protocol.wording import either

_NOUNS = {"patient": "patient attribute", "parameters": "parameter", "switches": "switch"}
_WHOLE = ("enrolment", "eligibility", "table", "correlations")
"""Sections that stand in place of the protocol's as a whole."""


def population_problems(document: Document) -> list[Problem]:
    """Everything that is wrong with a population by itself, its table included, in the order of the file."""
    filled, in_table = with_rows(document)
    return sorted({*_own_problems(filled), *in_table})


def _own_problems(document: Document) -> list[Problem]:
    """What can be told without opening the file of a table; its rows are judged where they are there."""
    try:
        population = Population.model_validate(document.plain())
    except ValidationError as error:
        return problems_from_pydantic(document, error, Population)
    findings: list[Finding] = []
    for located in expressions_of(population):
        try:
            parse(located.text)
        except ExpressionErrors as errors:
            findings += wrong(located, errors)
    for section in ("parameters", "switches", "patient", "eligibility"):
        for name, entry in getattr(population, section).items():
            findings += _source(population, entry.source, section, name, "source")
    for index, correlation in enumerate(population.correlations):
        findings += _source(population, correlation.source, "correlations", index, "source")
    for key in ("enrolment", "table"):
        given = getattr(population, key)
        if given is not None:
            findings += _source(population, given.source, key, "source")
    bare = _stand_in(population)
    return problems(document, [*findings, *correlations(bare), *table(bare)])


def _stand_in(population: Population) -> Subject:
    """The patients of a population in a protocol that does nothing with them."""
    bare = Protocol.model_validate({"schema": SCHEMA, "id": "x", "title": "x", "phases": {"START": {"open": True}}})
    sections = {key: getattr(population, key) for key in ("patient", "table", "correlations", "eligibility")}
    return Subject(bare.model_copy(update=sections))


def _source(population: Population, source: str | None, *path: str | int) -> list[Finding]:
    if source is None or source in population.sources:
        return []
    return [Finding(path, f'"{source}" is not declared in sources{did_you_mean(source, list(population.sources))}')]


def apply_population(document: Document, population: Document) -> Document:
    """The document of a protocol with the sections of a population in place of its own.

    The file of a table is not opened yet: overrides may name another.

    Parameters
    ----------
    document
        A protocol whose ``extends`` is merged already.

    Raises
    ------
    InvalidDocument
        The population has problems of its own, names what the protocol does not declare, or changes what kind of
        value an attribute is.
    """
    found = _own_problems(population)
    if found:
        raise InvalidDocument(found)
    model = Population.model_validate(population.plain())
    brought = _brought(model)
    root: Node = document.root
    for section, noun in _NOUNS.items():
        declared, own = child(document.root, section), child(population.root, section)
        if not isinstance(own, MappingNode):
            continue
        known = declared.entries if isinstance(declared, MappingNode) else {}
        for name, entry in own.entries.items():
            if name in known or (section, name) in brought:
                if not isinstance(child(root, section), MappingNode):
                    root = with_value(root, (section,), Entry(entry.key_position, MappingNode(own.position, {})))
                root = with_value(root, (section, name), entry)
                continue
            message = f'the protocol has no {noun} "{name}"{did_you_mean(name, list(known))}'
            if section == "patient" and model.patient[name].column is not None:
                message += "; a column that it need not know says carry: true"
            found.append(Problem(entry.key_position, f"{section}.{name}", message))
    if not found:
        found = _kind_problems(document, population, model)
    if found:
        raise InvalidDocument(found)
    for section in _WHOLE:
        if section in population.root.entries:
            root = with_value(root, (section,), population.root.entries[section])
    root = _with_sources(root, population)
    assert isinstance(root, MappingNode)
    return Document(root, document.file, (*document.inputs, *population.inputs))


def _brought(population: Population) -> set[tuple[str, str]]:
    """What a population brings, known to the protocol or not: columns that it carries, and what it reads itself."""
    carried = {name for name, each in population.patient.items() if each.column is not None and each.column.carry}
    texts = [criterion.when for criterion in population.eligibility.values()]
    texts += [located.text for attribute in population.patient.values() for located in expressions_of(attribute)]
    read = {node.word for text in texts for node in walk(parse(text)) if isinstance(node, Name)}
    return {("patient", name) for name in carried | read} | {
        (section, name) for section in ("parameters", "switches") for name in read
    }


def _with_sources(root: Node, population: Document) -> Node:
    own, declared = population.root.entries.get("sources"), child(root, "sources")
    if own is None or not isinstance(own.node, MappingNode):
        return root
    before = declared.entries if isinstance(declared, MappingNode) else {}
    used = {**before, **own.node.entries}
    return with_value(root, ("sources",), Entry(own.key_position, MappingNode(own.node.position, used)))


def _kind_problems(document: Document, population: Document, model: Population) -> list[Problem]:
    """Attributes that would become another kind of value, so that guards which read them lose their meaning."""
    try:
        protocol = Protocol.model_validate(document.plain())
    except ValidationError:
        return []  # told with the protocol's own problems
    changed = protocol.model_copy(update={"patient": {**protocol.patient, **model.patient}})
    before, after = scope_of(protocol).attributes, scope_of(changed).attributes
    findings = []
    for name, attribute in model.patient.items():
        if name not in protocol.patient:
            continue
        was, now = before[name], after[name]
        words_of_column = attribute.column is not None and protocol.patient[name].states is None
        if words_of_column and isinstance(was, States) and isinstance(now, States):
            findings += list(_uncovered(name, was.words, now.words))
            continue
        here, there = _words(attribute, now), _words(protocol.patient[name], was)
        if here != there:
            message = f"{name} is {here} here, but {there} in the protocol; keep its kind"
            findings.append(Finding(("patient", name), message))
    return problems(population, findings)


def _uncovered(name: str, known: tuple[str, ...], given: tuple[str, ...]) -> Iterator[Finding]:
    """The categories of a column and those that the protocol knows must be the same, in whatever order."""
    path = ("patient", name, "column", "categories")
    missing = [word for word in known if word not in given]
    if missing:
        message = f"the protocol knows {', '.join(missing)} too; declare all that it knows, met or not"
        yield Finding(path, message)
    for word in given:
        if word not in known:
            message = f"the protocol knows no {word}; count it as {either(known)}, as in {{{known[0]}: [.., {word}]}}"
            yield Finding(path, message)


def _words(attribute: Attribute, kind: Type) -> str:
    if attribute.states is not None:
        return f"set by results ({', '.join(attribute.states)})"
    if isinstance(kind, Number):
        return describe(kind) if kind.unit and parse_unit(kind.unit) else "a number without a unit"
    assert isinstance(kind, Boolean | States)
    return describe(kind)
