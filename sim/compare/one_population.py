"""Whether the arms of a comparison treat the same patients, and which shared values differ on purpose. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sim.batch.folder import sha256
from sim.compare.config import CompareConfig
from sim.protocol.document import DocumentPath, format_path
from sim.protocol.expression_tree import Name, walk
from sim.protocol.expressions import parse
from sim.protocol.paths import parse_path
from sim.protocol.population import Population
from sim.protocol.schema import Attribute, Protocol
from sim.protocol.walk import expressions_of

CURE = "patients, entry and values of the population are the same in every arm; put it into set, for all arms"


def unlike(
    config: CompareConfig, arms: Mapping[str, Protocol], population: Population
) -> Iterator[tuple[DocumentPath, str]]:
    """Why the arms are not one population, as (path in the config, message).

    Each arm is held against the first, machine form against machine form, so that it makes no odds whether a difference
    comes from the config or from the protocols' own files. The patients are: the entry gate, criteria of eligibility,
    the table of patients, what is drawn and derived for a patient, correlations, markers at the start, every value that
    the population sets or that draws a patient. A parameter marked as shared may differ where the config of an
    arm says so (`what_if`). All else is the treatment.
    """
    reference, *others = arms
    for arm in others:
        first, other = arms[reference], arms[arm]
        found = {**_patients(first, other), **_owned(first, other, population)}
        for path, (before, after) in found.items():
            at, _ = _written_at(config, path, reference, arm)
            yield at, f"{format_path(path)} is {before} in {reference} and {after} in {arm}; {CURE}"
        for path, (before, after) in _shared(first, other).items():
            at, chosen = _written_at(config, path, reference, arm)
            if path not in found and not chosen:
                found_at = f"{format_path(path)} is shared, and is {before} in {reference} and {after} in {arm}"
                yield at, f"{found_at} by the protocols' own files; a what-if is said in the set of an arm"


def what_if(arms: Mapping[str, Protocol]) -> tuple[str, ...]:
    """Parameters marked as shared that differ between arms, in words; empty where none does."""
    reference, *others = arms
    told = [
        f"{format_path(path)} ({before} in {reference}, {after} in {arm})"
        for arm in others
        for path, (before, after) in _shared(arms[reference], arms[arm]).items()
    ]
    return tuple(dict.fromkeys(told))


def drawn_in_some(arms: Mapping[str, Protocol]) -> tuple[str, ...]:
    """Attributes that some arms draw and others do not know, such as the response to a drug that only they give."""
    drawn = [name for protocol in arms.values() for name, each in protocol.patient.items() if each.draw is not None]
    return tuple(name for name in dict.fromkeys(drawn) if any(name not in each.patient for each in arms.values()))


Differences = dict[tuple[str | int, ...], tuple[str, str]]


def _patients(first: Protocol, other: Protocol) -> Differences:
    found: Differences = {}
    if first.enrolment.at != other.enrolment.at:
        found["enrolment", "at"] = first.enrolment.at, other.enrolment.at
    for name in first.eligibility.keys() | other.eligibility.keys():
        criteria = [each.eligibility[name].when if name in each.eligibility else "absent" for each in (first, other)]
        if criteria[0] != criteria[1]:
            found["eligibility", name] = criteria[0], criteria[1]
    tables = [_drawn(each) for each in (first, other)]
    if tables[0] != tables[1]:
        found["table",] = _short(tables[0]), _short(tables[1])
    for name in first.patient.keys() & other.patient.keys():
        one, two = _made(first.patient[name]), _made(other.patient[name])
        if one != two:
            found["patient", name] = _short(one), _short(two)
    one, two = _correlations(first, other), _correlations(other, first)
    if one != two:
        found["correlations",] = _short(one), _short(two)
    for name in first.markers.keys() & other.markers.keys():
        if first.markers[name].start != other.markers[name].start:
            found["markers", name, "start"] = first.markers[name].start, other.markers[name].start
    return dict(sorted(found.items(), key=lambda item: str(item[0])))


def _owned(first: Protocol, other: Protocol, population: Population) -> Differences:
    """Values that the population sets, and those that draw a patient and are not shared."""
    found: Differences = {}
    drawing = _names_drawing(first) | _names_drawing(other)
    for name in first.parameters.keys() & other.parameters.keys():
        one, two = first.parameters[name], other.parameters[name]
        owned = name in population.parameters or (name in drawing and not (one.shared and two.shared))
        if owned and (one.value, one.unit) != (two.value, two.unit):
            found["parameters", name, "value"] = f"{one.value:g}", f"{two.value:g}"
    for name in first.switches.keys() & other.switches.keys():
        was, now = first.switches[name].value, other.switches[name].value
        if (name in population.switches or name in drawing) and was != now:
            found["switches", name, "value"] = str(was), str(now)
    return found


def _shared(first: Protocol, other: Protocol) -> Differences:
    return {
        ("parameters", name, "value"): (f"{one.value:g}", f"{other.parameters[name].value:g}")
        for name, one in first.parameters.items()
        if name in other.parameters
        and (one.shared or other.parameters[name].shared)
        and (one.value, one.unit) != (other.parameters[name].value, other.parameters[name].unit)
    }


def _made(attribute: Attribute) -> dict[str, Any]:
    """How a value comes about, without title and provenance."""
    return attribute.model_dump(mode="json", include={"draw", "column", "derive"}, exclude_none=True)


def _drawn(protocol: Protocol) -> dict[str, Any]:
    """Which table patients are drawn from, and how."""
    if protocol.table is None:
        return {}
    drawn = protocol.table.model_dump(mode="json", include={"file", "draw", "weight", "site"}, exclude_none=True)
    return drawn | {"rows": sha256((protocol.table.rows or "").encode())}


def _correlations(protocol: Protocol, other: Protocol) -> dict[str, float]:
    """Correlations of attributes that both protocols have, by the pair."""
    return {
        " and ".join(sorted(each.of)): each.rho
        for each in sorted(protocol.correlations, key=lambda each: sorted(each.of))
        if {*each.of} <= other.patient.keys()
    }


def _names_drawing(protocol: Protocol) -> set[str]:
    texts = [located.text for attribute in protocol.patient.values() for located in expressions_of(attribute)]
    texts += [marker.start for marker in protocol.markers.values()]
    return {node.word for text in texts for node in walk(parse(text)) if isinstance(node, Name)}


def _written_at(config: CompareConfig, path: DocumentPath, reference: str, arm: str) -> tuple[DocumentPath, bool]:
    """Where an arm asks for a difference, and whether one does; else it comes from the arm's protocol file."""
    for name in (arm, reference):
        for key in config.arms[name].set:
            written = parse_path(key)
            length = min(len(written), len(path))
            if written[:length] == path[:length]:
                return ("arms", name, "set", key), True
    return ("arms", arm, "protocol"), False


def _short(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_short(each)}" for key, each in value.items()) + "}"
    return "[" + ", ".join(map(_short, value)) + "]" if isinstance(value, list) else str(value)
