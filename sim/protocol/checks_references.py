"""Checks that every name refers to something declared, that names are unique, and that what is declared is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sim.errors import did_you_mean
from sim.protocol.expression_tree import Call, Name, walk
from sim.protocol.findings import Finding
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Phase
from sim.protocol.scope import ENROLMENT, START
from sim.protocol.subject import Subject

_SPACE = ("parameters", "switches", "patient", "flags", "markers", "counters")
_NOUN = {
    "parameters": "parameter",
    "switches": "switch",
    "patient": "patient attribute",
    "flags": "flag",
    "markers": "marker",
    "counters": "counter",
}
_LOG_NAMES = frozenset(
    {"phase", "cycle", "omitted", "sample", "result", "toxicity", "consequence", "waiting", "granted", "end"}
    | {"ineligible"}
    | {START, ENROLMENT}
)
RESULT_STATES = ["not_evaluable", "negative", "positive"]


def _unknown(noun: str, name: str, known: Iterable[str], path: DocumentPath, *, key: bool = False) -> Iterator[Finding]:
    known = list(known)
    if name not in known:
        yield Finding(path, f'there is no {noun} "{name}"{did_you_mean(name, known)}', key=key)


def targets(subject: Subject) -> Iterator[Finding]:
    """Every goto leads to a phase, and ``continue`` stands only where cycles go on."""
    protocol = subject.protocol
    phases = list(protocol.phases)
    for path, target in goto_places(subject):
        if target == "continue":
            if path[0] != "phases" or "after_each_cycle" not in path:
                yield Finding(path, '"continue" belongs under after_each_cycle; name the phase that comes next')
        else:
            yield from _unknown("phase", target, phases, path)


def goto_places(subject: Subject) -> Iterator[tuple[DocumentPath, str]]:
    """Every place that names the phase to go to, with that name."""
    protocol = subject.protocol
    for name, phase in protocol.phases.items():
        here: DocumentPath = ("phases", name)
        if phase.timeout is not None:
            yield (*here, "timeout", "goto"), phase.timeout.goto
        for index, outcome in enumerate(phase.outcomes):
            if outcome.goto is not None:
                yield (*here, "outcomes", index, "goto"), outcome.goto
        for key, rows in (("after_each_cycle", phase.after_each_cycle), ("choose", phase.choose)):
            for index, row in enumerate(rows):
                yield (*here, key, index, "goto" if row.else_ is None else "else"), row.target
        if phase.goto is not None:
            yield (*here, "goto"), phase.goto
    sections = (
        ("hazards", protocol.hazards),
        ("crossings", protocol.crossings),
        ("surveillance", protocol.surveillance),
    )
    for section, entries in sections:
        for name, entry in entries.items():
            if entry.goto is not None:
                yield (section, name, "goto"), entry.goto
    for name, toxicity in protocol.toxicities.items():
        for grade, consequence in toxicity.consequence.items():
            if consequence.goto is not None:
                yield ("toxicities", name, "consequence", grade, consequence.kind), consequence.goto


def events(subject: Subject) -> Iterator[Finding]:
    """Every event that a rule names is emitted by something, and none takes a name of the log."""
    for path, name in event_places(subject):
        if name in subject.protocol.phases and name not in subject.events:
            yield Finding(path, f"{name} is a phase, not an event; name an event that the phase emits")
        else:
            yield from _unknown("event", name, subject.events, path)
    for name, paths in subject.emitters.items():
        if name in _LOG_NAMES:
            yield from (
                Finding(path, f'"{name}" is a name of the event log; choose another for this event') for path in paths
            )


def event_places(subject: Subject) -> Iterator[tuple[DocumentPath, str]]:
    """Every place outside expressions that names an event as a cause, with that name."""
    protocol = subject.protocol
    lists: list[tuple[DocumentPath, list[str]]] = []
    for name, flag in protocol.flags.items():
        lists += [(("flags", name, "set_by"), flag.set_by), (("flags", name, "cleared_by"), flag.cleared_by)]
    for name, delay in protocol.delays.items():
        lists.append((("delays", name, "since"), delay.since))
    for name, watch in protocol.surveillance.items():
        lists.append((("surveillance", name, "since"), watch.since))
    for name, hazard in protocol.hazards.items():
        lists.append((("hazards", name, "clock", "since"), hazard.clock.since or []))
    for name, endpoint in protocol.endpoints.items():
        lists.append((("endpoints", name, "event"), endpoint.event))
        lists.append((("endpoints", name, "competing"), endpoint.competing))
        lists.append((("endpoints", name, "censor_at"), endpoint.censor_at))
        yield ("endpoints", name, "from"), endpoint.from_
    if protocol.enrolment.at != "start":
        yield ("enrolment", "at"), protocol.enrolment.at
    for path, names in lists:
        for index, word in enumerate(names):
            yield (*path, index), word


def endpoint_lists(subject: Subject) -> Iterator[Finding]:
    """An endpoint treats each event in one way."""
    for name, endpoint in subject.protocol.endpoints.items():
        for key, words in (("competing", endpoint.competing), ("censor_at", endpoint.censor_at)):
            others = endpoint.event if key == "competing" else [*endpoint.event, *endpoint.competing]
            for index, word in enumerate(words):
                if word in others:
                    message = f"{name} counts {word} in two ways; name it under event, competing or censor_at only"
                    yield Finding(("endpoints", name, key, index), message)


def phase_names(subject: Subject) -> Iterator[Finding]:
    """Phases named outside of gotos."""
    phases = list(subject.protocol.phases)
    for name, delay in subject.protocol.delays.items():
        for index, phase in enumerate(delay.while_in or []):
            yield from _unknown("phase", phase, phases, ("delays", name, "while_in", index))
    for name, totals in subject.protocol.checks.items():
        for number, total in enumerate(totals):
            for index, phase in enumerate(total.path):
                yield from _unknown("phase", phase, phases, ("checks", name, number, "path", index))


def phase_parts(subject: Subject) -> Iterator[Finding]:
    """Counters, markers, assays, attributes, resources and toxicities that phases name."""
    protocol = subject.protocol
    for name, phase in protocol.phases.items():
        here: DocumentPath = ("phases", name)
        for section, keys, known in (
            ("counter", {"give": phase.give}, protocol.counters),
            ("marker", {"shift": phase.shift}, protocol.markers),
            ("resource", {"needs": phase.needs}, protocol.resources),
        ):
            for key, given in keys.items():
                for word in given:
                    yield from _unknown(section, word, known, (*here, key, word), key=True)
        for index, toxicity in enumerate(phase.toxicities):
            yield from _unknown("toxicity", toxicity, protocol.toxicities, (*here, "toxicities", index))
        for index, test in enumerate(phase.tests):
            yield from _unknown("assay", test.assay, protocol.assays, (*here, "tests", index, "assay"))
            yield from _result_attribute(subject, test.into, (*here, "tests", index, "into"))
        for index, outcome in enumerate(phase.outcomes):
            for word in outcome.set:
                yield from _unknown("marker", word, protocol.markers, (*here, "outcomes", index, "set", word), key=True)
        yield from _awaited(subject, phase, here)


def watched(subject: Subject) -> Iterator[Finding]:
    """Assays and attributes that surveillance names."""
    for name, watch in subject.protocol.surveillance.items():
        here: DocumentPath = ("surveillance", name)
        yield from _unknown("assay", watch.assay, subject.protocol.assays, (*here, "assay"))
        yield from _result_attribute(subject, watch.into, (*here, "into"))


def _awaited(subject: Subject, phase: Phase, here: DocumentPath) -> Iterator[Finding]:
    if phase.await_ is not None:
        yield from _result_attribute(subject, phase.await_.result, (*here, "await", "result"))


def _result_attribute(subject: Subject, name: str, path: DocumentPath) -> Iterator[Finding]:
    if "patient" in subject.broken:
        return
    missing = list(_unknown("patient attribute", name, subject.protocol.patient, path))
    if missing:
        yield from missing
    elif subject.protocol.patient[name].states != RESULT_STATES:
        yield Finding(
            path, f"{name} cannot hold a result; declare it as {name}: {{states: [{', '.join(RESULT_STATES)}]}}"
        )


def markers(subject: Subject) -> Iterator[Finding]:
    """Markers that assays and crossings read."""
    protocol = subject.protocol
    for name, assay in protocol.assays.items():
        yield from _unknown("marker", assay.reads, protocol.markers, ("assays", name, "reads"))
    for name, crossing in protocol.crossings.items():
        yield from _unknown("marker", crossing.marker, protocol.markers, ("crossings", name, "marker"))


def counters(subject: Subject) -> Iterator[Finding]:
    """Counters that dose totals speak of."""
    for name in subject.protocol.checks:
        yield from _unknown("counter", name, subject.protocol.counters, ("checks", name), key=True)


def attributes(subject: Subject) -> Iterator[Finding]:
    """Attributes that correlations and age clocks name."""
    patient = subject.protocol.patient
    for name, hazard in subject.protocol.hazards.items():
        age = hazard.clock.age
        if age is not None:
            path: DocumentPath = ("hazards", name, "clock", "age")
            missing = list(_unknown("patient attribute", age, patient, path))
            yield from missing
            if not missing and (patient[age].unit != "years" or patient[age].states is not None):
                yield Finding(path, f"{age} is no age; an age clock reads a drawn attribute with unit: years")


def correlated(subject: Subject) -> Iterator[Finding]:
    """Correlations of attributes that are drawn as numbers."""
    patient = subject.protocol.patient
    for number, correlation in enumerate(subject.protocol.correlations):
        for index, name in enumerate(correlation.of):
            path: DocumentPath = ("correlations", number, "of", index)
            missing = list(_unknown("patient attribute", name, patient, path))
            yield from missing
            if not missing and patient[name].draw is None:
                yield Finding(path, f"{name} is not drawn; only drawn attributes can be correlated")


def unique(subject: Subject) -> Iterator[Finding]:
    """One name, one meaning, in everything that expressions may name."""
    seen: dict[str, str] = {}
    for section in _SPACE:
        for name in getattr(subject.protocol, section):
            if name in seen:
                message = (
                    f"{name} is a {_NOUN[seen[name]]} already; expressions could not tell the two apart, rename one"
                )
                yield Finding((section, name), message, key=True)
            seen.setdefault(name, section)


def sources(subject: Subject) -> Iterator[Finding]:
    """Every source key that is used is declared."""
    known = list(subject.protocol.sources)
    for path, source in _cited(subject):
        yield from _source(source, known, path)


def _source(source: str, known: list[str], path: DocumentPath) -> Iterator[Finding]:
    if source not in known:
        yield Finding(path, f'"{source}" is not declared in sources{did_you_mean(source, known)}')


def _cited(subject: Subject) -> Iterator[tuple[DocumentPath, str]]:
    protocol = subject.protocol
    if protocol.enrolment.source is not None:
        yield ("enrolment", "source"), protocol.enrolment.source
    sections = (("switches", protocol.switches), ("parameters", protocol.parameters), ("patient", protocol.patient))
    for section, entries in sections:
        for name, entry in entries.items():
            if entry.source is not None:
                yield (section, name, "source"), entry.source
    for index, correlation in enumerate(protocol.correlations):
        if correlation.source is not None:
            yield ("correlations", index, "source"), correlation.source
    if protocol.table is not None and protocol.table.source is not None:
        yield ("table", "source"), protocol.table.source
    for name, criterion in protocol.eligibility.items():
        if criterion.source is not None:
            yield ("eligibility", name, "source"), criterion.source


def unused(subject: Subject) -> Iterator[Finding]:
    """What is declared is used: a number that nothing reads misleads the reader."""
    protocol = subject.protocol
    read = _read_words(subject)
    given = {word for phase in protocol.phases.values() for word in phase.give} | set(protocol.checks)
    tests = [test for phase in protocol.phases.values() for test in phase.tests]
    used: dict[str, set[str]] = {
        "parameters": read,
        "switches": read,
        "markers": read
        | {assay.reads for assay in protocol.assays.values()}
        | {crossing.marker for crossing in protocol.crossings.values()},
        "counters": read | given,
        "assays": {test.assay for test in tests} | {watch.assay for watch in protocol.surveillance.values()},
        "resources": {word for phase in protocol.phases.values() for word in phase.needs},
        "toxicities": {word for phase in protocol.phases.values() for word in phase.toxicities},
    }
    for section, words in used.items():
        noun = _NOUN.get(section) or {"resources": "resource", "toxicities": "toxicity"}.get(section, section[:-1])
        for name in getattr(protocol, section):
            if name not in words:
                yield Finding((section, name), f"nothing uses the {noun} {name}; use it or remove it", key=True)
    cited = {source for _, source in _cited(subject)}
    for name in protocol.sources:
        if name not in cited:
            yield Finding(("sources", name), f"nothing cites {name}; cite it or remove it", key=True)


def _read_words(subject: Subject) -> set[str]:
    """Every word that an expression reads as a value or asks about, except what it only compares with."""
    words = set()
    for _, tree in subject.trees.values():
        for node in walk(tree):
            if isinstance(node, Name):
                words.add(node.word)
            elif isinstance(node, Call):
                words.update(part.word for part in node.arguments if isinstance(part, Name))
    return words


USE_CHECKS = (
    (
        unused,
        (
            *("sources", "switches", "parameters", "patient", "flags", "markers", "crossings", "assays", "counters"),
            *("table", "eligibility", "resources", "toxicities", "delays", "surveillance"),
            *("phases", "hazards", "checks"),
        ),
    ),
)
"""These speak only when every reference is right: a misspelt one would leave what it means unused."""
REFERENCE_CHECKS = (
    (targets, ("phases",)),
    (events, ("phases", "hazards", "delays", "crossings", "toxicities", "surveillance")),
    (endpoint_lists, ("endpoints",)),
    (phase_names, ("phases",)),
    (phase_parts, ("counters", "markers", "resources", "toxicities", "assays")),
    (watched, ("assays", "surveillance")),
    (markers, ("markers",)),
    (counters, ("counters",)),
    (attributes, ("patient",)),
    (correlated, ("patient",)),
    (unique, ()),
    (sources, ("sources",)),
)
