"""The ways out of every phase, and what may end phases from outside, in words. Where they stand is not decided here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sim.protocol.schema import Clock, Phase, Protocol, Surveillance
from sim.protocol.schema_course import ALL_GRADES
from sim.report.words import (
    duration_words,
    guard_words,
    length_words,
    marker_words,
    name_words,
    phase_words,
    probability_words,
    rest_words,
)


@dataclass(frozen=True)
class Way:
    """All ways from one phase to another, each with its reason in words; no words where there is no other way."""

    start: str
    end: str
    lines: tuple[str, ...]


def ways(protocol: Protocol) -> list[Way]:
    """Every pair of phases of which one leads to the other, in the order of the protocol; not from one to itself."""
    collected: dict[tuple[str, str], list[str]] = {}
    for name, phase in protocol.phases.items():
        for target, words in [*_exits(phase, protocol), *_toxic_exits(phase, protocol)]:
            if target in protocol.phases and target != name:
                collected.setdefault((name, target), []).extend([words] if words else [])
    return [
        Way(start, end, tuple(f"or {words}" if index else words for index, words in enumerate(lines)))
        for (start, end), lines in collected.items()
    ]


def node_lines(name: str, protocol: Protocol) -> list[str]:
    """What a box says below the phase's name: title, length, tests, and outcomes that do not choose the way."""
    phase = protocol.phases[name]
    lines = [phase_words(name, protocol)]
    lines += [length_words(phase, protocol)] if length_words(phase, protocol) else []
    lines += [f"test at {test.at}{_cycles(test.cycles)}: {name_words(test.into, protocol)}" for test in phase.tests]
    if phase.await_ is not None:
        most = duration_words(phase.await_.at_most, protocol)
        lines.append(f"waits at most {most} for {name_words(phase.await_.result, protocol)}")
    lines += [words for target, words in _outcomes(phase, protocol) if target is None]
    lines += [f"{told}: {_ACTS[kind]}" for told, kind, target in _consequences(phase, protocol) if target is None]
    lines += [f"needs {number} × {name_words(resource)}" for resource, number in phase.needs.items()]
    return lines


def competing_rows(protocol: Protocol) -> list[tuple[str, str]]:
    """Hazards and crossings: a heading, and clock, scope and target in words."""
    rows = []
    for name, hazard in protocol.hazards.items():
        parts = [_clock(hazard.clock)]
        if hazard.while_ != "true":
            parts.append(f"while {guard_words(hazard.while_, protocol)}")
        rows.append((_heading(name, hazard.title, hazard.goto, protocol), "; ".join(parts)))
    for name, crossing in protocol.crossings.items():
        level = guard_words(crossing.rises_to, protocol)
        words = f"when {marker_words(crossing.marker, protocol)} rises to {level}"
        words += f" {protocol.markers[crossing.marker].unit}" if protocol.markers[crossing.marker].unit else ""
        if crossing.while_ != "true":
            words += f", while {guard_words(crossing.while_, protocol)}"
        rows.append((_heading(name, "", crossing.goto, protocol), words))
    for name, watch in protocol.surveillance.items():
        rows.append((_heading(name, watch.title, watch.goto, protocol), _surveillance(watch, protocol)))
    return rows


def _surveillance(watch: Surveillance, protocol: Protocol) -> str:
    since = " or ".join(name_words(event) for event in watch.since)
    words = f"{name_words(watch.assay, protocol)} every {duration_words(watch.every, protocol)} since {since}"
    if watch.until is not None:
        words += f", for {duration_words(watch.until, protocol)}"
    if watch.while_ != "true":
        words += f", while {guard_words(watch.while_, protocol)}"
    if watch.confirm is not None:
        times = "once" if watch.confirm.times == 1 else f"{watch.confirm.times} times"
        words += f"; positive and confirmed {times}, {duration_words(watch.confirm.after, protocol)} later"
    return words


_ACTS = {"delay": "delays what comes next", "skip": "the next cycle is left out", "stop": "treatment stops"}


def _consequences(phase: Phase, protocol: Protocol) -> Iterator[tuple[str, str, str | None]]:
    """What toxicities of a phase do to it: which one, of which grade, the kind of consequence, and where it leads."""
    for name in phase.toxicities:
        toxicity = protocol.toxicities[name]
        for grade, consequence in toxicity.consequence.items():
            if consequence.kind != "none":
                told = name_words(name, protocol) + ("" if grade == ALL_GRADES else f", grade {grade}")
                yield told, consequence.kind, consequence.goto


def _toxic_exits(phase: Phase, protocol: Protocol) -> Iterator[tuple[str, str]]:
    for told, _, target in _consequences(phase, protocol):
        if target is not None:
            yield target, f"after {told}"


def _heading(name: str, title: str, goto: str | None, protocol: Protocol) -> str:
    target = f" → {phase_words(goto, protocol)}" if goto else " (no change of phase)"
    return f"{title or name_words(name)}{target}"


def _clock(clock: Clock) -> str:
    if clock.age is not None:
        return "clock: age"
    return "clock: time since " + " or ".join(name_words(event) for event in clock.since or [])


def _exits(phase: Phase, protocol: Protocol) -> Iterator[tuple[str, str]]:
    for target, words in _outcomes(phase, protocol):
        if target is not None:
            yield target, words
    for row in phase.after_each_cycle:
        if row.target != "continue":
            yield row.target, f"after a cycle, if {guard_words(row.when, protocol)}" if row.when else "after a cycle"
    conditions = [row for row in phase.choose if row.when is not None]
    for row in phase.choose:
        if row.when is not None:
            yield row.target, f"if {guard_words(row.when, protocol)}"
        else:
            yield row.target, "else" if conditions else ""
    if phase.goto is not None:
        yield phase.goto, _rest(phase)
    if phase.timeout is not None:
        yield phase.timeout.goto, f"not within {duration_words(phase.timeout.after, protocol)}"


def _rest(phase: Phase) -> str:
    """Why the way of ``goto`` is taken, where another is possible."""
    if any(outcome.goto for outcome in phase.outcomes):
        return "otherwise"
    return "after the last cycle" if any(row.target != "continue" for row in phase.after_each_cycle) else ""


def _outcomes(phase: Phase, protocol: Protocol) -> Iterator[tuple[str | None, str]]:
    others = [outcome.p for outcome in phase.outcomes if outcome.p is not None]
    for outcome in phase.outcomes:
        share = rest_words(others, protocol) if outcome.p is None else probability_words(outcome.p, protocol)
        event = " and ".join(name_words(name) for name in outcome.event)
        yield outcome.goto, f"{event}, {share}" if event else share


def _cycles(cycles: list[int] | None) -> str:
    return f" of cycle {', '.join(map(str, cycles))}" if cycles else ""
