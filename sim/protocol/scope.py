"""What the expressions of a protocol may name: values with their types, phases and events. Nothing is judged here."""

from __future__ import annotations

from dataclasses import replace

from sim.protocol.expression_scope import Boolean, Number, Scope, States, Type
from sim.protocol.expression_types import check
from sim.protocol.expressions import ExpressionErrors, parse
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Attribute, Column, Protocol

START = "start"
"""The event that begins every patient's time: the first phase is entered right after it."""
ENROLMENT = "enrolment"
"""The one event that every patient has without the protocol saying so: the start, or what `enrolment.at` names."""


def scope_of(protocol: Protocol) -> Scope:
    """The names that the expressions of a protocol may use.

    A derived attribute whose expression is wrong counts as a number without a unit, so that its error is told once.
    """
    scope = Scope(
        parameters={name: (entry.value, entry.unit) for name, entry in protocol.parameters.items()},
        switches={name: (entry.value, tuple(entry.options or ())) for name, entry in protocol.switches.items()},
        flags=tuple(protocol.flags),
        markers={name: marker.unit for name, marker in protocol.markers.items()},
        counters={name: counter.unit for name, counter in protocol.counters.items()},
        phases=tuple(protocol.phases),
        events=(START, ENROLMENT, *emitters(protocol)),
    )
    attributes: dict[str, Type] = {}
    for name, attribute in protocol.patient.items():
        attributes[name] = _type(attribute, replace(scope, attributes=dict(attributes)))
    return replace(scope, attributes=attributes)


def _type(attribute: Attribute, scope: Scope) -> Type:
    if attribute.states is not None:
        return States(tuple(attribute.states))
    if attribute.derive is not None:
        try:
            found = check(parse(attribute.derive), scope)
        except ExpressionErrors:
            return Number(attribute.unit)
        return Number(attribute.unit or found.unit) if isinstance(found, Number) else found
    if attribute.column is not None:
        return _type_of_column(attribute.column, attribute.unit)
    assert attribute.draw is not None
    if attribute.draw.family == "bernoulli":
        return Boolean()
    if attribute.draw.categorical is not None:
        return States(tuple(attribute.draw.categorical))
    return Number(attribute.unit)


def _type_of_column(column: Column, unit: str | None) -> Type:
    if column.type == "boolean":
        return Boolean()
    return States(column.words) if column.type == "category" else Number(unit)


def emitters(protocol: Protocol) -> dict[str, list[DocumentPath]]:
    """Every event with the places that emit it, in the order of the protocol."""
    found: dict[str, list[DocumentPath]] = {}

    def add(names: list[str], *path: str | int) -> None:
        for index, name in enumerate(names):
            found.setdefault(name, []).append((*path, index))

    for name, crossing in protocol.crossings.items():
        add(crossing.emits, "crossings", name, "emits")
    for name, toxicity in protocol.toxicities.items():
        add(toxicity.emits, "toxicities", name, "emits")
        for grade, consequence in toxicity.consequence.items():
            add(consequence.emits, "toxicities", name, "consequence", grade, "emits")
    for name, delay in protocol.delays.items():
        add(delay.emits, "delays", name, "emits")
    for name, watch in protocol.surveillance.items():
        add(watch.emits, "surveillance", name, "emits")
    for name, phase in protocol.phases.items():
        here = ("phases", name)
        add(phase.emits, *here, "emits")
        if phase.timeout is not None:
            add(phase.timeout.event, *here, "timeout", "event")
        for index, outcome in enumerate(phase.outcomes):
            add(outcome.event, *here, "outcomes", index, "event")
        for key, rows in (("after_each_cycle", phase.after_each_cycle), ("choose", phase.choose)):
            for index, row in enumerate(rows):
                add(row.event, *here, key, index, "event")
    for name, hazard in protocol.hazards.items():
        if hazard.emits is None:
            found.setdefault(name, []).append(("hazards", name))
        else:
            add(hazard.emits, "hazards", name, "emits")
    return found
