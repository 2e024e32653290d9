"""Applies a population to a protocol: whose patients, which study-level values. The protocol is not judged here."""

from __future__ import annotations

from pydantic import ValidationError

from sim.errors import InvalidDocument, Problem, did_you_mean
from sim.protocol.document import Document, problems_from_pydantic
from sim.protocol.expression_scope import Boolean, Number, States, Type, describe
from sim.protocol.expression_units import parse_unit
from sim.protocol.expressions import ExpressionErrors, parse
from sim.protocol.findings import Finding, problems
from sim.protocol.nodes import Entry, MappingNode, Node, child, with_value
from sim.protocol.population import Population
from sim.protocol.schema import Attribute, Protocol
from sim.protocol.scope import scope_of
from sim.protocol.subject import wrong
from sim.protocol.walk import expressions_of

_NOUNS = {"patient": "patient attribute", "parameters": "parameter", "switches": "switch"}


def population_problems(document: Document) -> list[Problem]:
    """Everything that is wrong with a population by itself, in the order of the file."""
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
    for section in ("parameters", "switches", "patient"):
        for name, entry in getattr(population, section).items():
            findings += _source(population, entry.source, section, name, "source")
    for index, correlation in enumerate(population.correlations):
        findings += _source(population, correlation.source, "correlations", index, "source")
    if population.enrolment is not None:
        findings += _source(population, population.enrolment.source, "enrolment", "source")
    return problems(document, findings)


def _source(population: Population, source: str | None, *path: str | int) -> list[Finding]:
    if source is None or source in population.sources:
        return []
    return [Finding(path, f'"{source}" is not declared in sources{did_you_mean(source, list(population.sources))}')]


def apply_population(document: Document, population: Document) -> Document:
    """The document of a protocol with the sections of a population in place of its own.

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
    found = population_problems(population)
    if found:
        raise InvalidDocument(found)
    model = Population.model_validate(population.plain())
    root: Node = document.root
    for section, noun in _NOUNS.items():
        declared, own = child(document.root, section), child(population.root, section)
        if not isinstance(own, MappingNode):
            continue
        known = declared.entries if isinstance(declared, MappingNode) else {}
        for name, entry in own.entries.items():
            if name in known:
                root = with_value(root, (section, name), entry)
                continue
            message = f'the protocol has no {noun} "{name}"{did_you_mean(name, list(known))}'
            found.append(Problem(entry.key_position, f"{section}.{name}", message))
    if not found:
        found = _kind_problems(document, population, model)
    if found:
        raise InvalidDocument(found)
    for section in ("correlations", "enrolment"):
        if section in population.root.entries:
            root = with_value(root, (section,), population.root.entries[section])
    root = _with_sources(root, population)
    assert isinstance(root, MappingNode)
    return Document(root, document.file, (*document.inputs, *population.inputs))


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
        was, now = _words(protocol.patient[name], before[name]), _words(attribute, after[name])
        if was != now:
            findings.append(
                Finding(("patient", name), f"{name} is {now} here, but {was} in the protocol; keep its kind")
            )
    return problems(population, findings)


def _words(attribute: Attribute, kind: Type) -> str:
    if attribute.states is not None:
        return f"set by results ({', '.join(attribute.states)})"
    if isinstance(kind, Number):
        return describe(kind) if kind.unit and parse_unit(kind.unit) else "a number without a unit"
    assert isinstance(kind, Boolean | States)
    return describe(kind)
