"""Checks of what changes treatment on its way: cycles that are drawn, consequences of toxicities, surveillance."""

from __future__ import annotations

from collections.abc import Iterator

from sim.errors import did_you_mean
from sim.protocol.course import DEATH
from sim.protocol.findings import Finding
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Phase
from sim.protocol.schema_course import ALL_GRADES, Toxicity
from sim.protocol.subject import Subject
from sim.protocol.walk import is_time
from sim.units import parse_duration

MOST_CYCLES = 1000


def counts(subject: Subject) -> Iterator[Finding]:
    """The number of cycles is a whole number from 1 on."""
    for name, phase in subject.protocol.phases.items():
        if phase.cycles is None:
            continue
        path: DocumentPath = ("phases", name, "cycles", "count")
        known = subject.constant(*path, "fixed")
        numbers = [] if known is None else [known]
        numbers += [value for word in phase.cycles.count.one_of or {} if (value := _number(word)) is not None]
        for value in numbers:
            if not (1 <= value <= MOST_CYCLES and value == int(value)):
                yield Finding(path, f"found {value:g}; write a whole number of cycles from 1 to {MOST_CYCLES}")


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def amounts(subject: Subject) -> Iterator[Finding]:
    """Values of ``one_of`` are durations where a time is due and numbers elsewhere, and some have a weight."""
    seen: dict[DocumentPath, list[str]] = {}
    for path in subject.trees:
        if path[-2:-1] == ("one_of",):
            seen.setdefault(path[:-1], []).append(str(path[-1]))
    for path, words in seen.items():
        for word in words:
            due = ""
            if is_time(path):
                try:
                    parse_duration(word)
                except ValueError:
                    due = "" if word == "0" else 'a duration with its unit, as in "28 d"'
            elif _number(word) is None:
                due = "a number"
            if due:
                yield Finding((*path, word), f'found "{word}"; write {due}', key=True)
        if all(subject.constant(*path, word) == 0 for word in words):
            yield Finding(path, "every weight is 0; give some value a weight")


def consequences(subject: Subject) -> Iterator[Finding]:
    """Consequences are of grades that exist, can be carried out, and death is the end."""
    for name, toxicity in subject.protocol.toxicities.items():
        here: DocumentPath = ("toxicities", name, "consequence")
        yield from _grades(toxicity, here)
        phases = [phase for phase in subject.protocol.phases.values() if name in phase.toxicities]
        for grade, consequence in toxicity.consequence.items():
            path = (*here, grade, consequence.kind)
            idle = _idle(consequence.kind, phases)
            if phases and idle:
                yield Finding(path, idle)
            ends = subject.protocol.phases.get(consequence.death or "")
            if ends is not None and not (ends.final and DEATH in ends.emits):
                message = f"{consequence.death} is not where patients die; name a final phase that emits {DEATH}"
                yield Finding(path, message)


def _grades(toxicity: Toxicity, here: DocumentPath) -> Iterator[Finding]:
    known = list(toxicity.grades or ())
    for grade in toxicity.consequence:
        if grade == ALL_GRADES:
            continue
        if not known:
            message = f'there are no grades; write the consequence alone, or grades: {{"{grade}": ...}}'
            yield Finding((*here, grade), message, key=True)
        elif grade not in known:
            yield Finding((*here, grade), f'there is no grade "{grade}"{did_you_mean(grade, known)}', key=True)


def _idle(kind: str, phases: list[Phase]) -> str:
    """Why a consequence does nothing in any phase that brings the toxicity."""
    if kind == "skip" and not any(phase.cycles for phase in phases):
        return "there is no cycle to skip: no phase with this toxicity has cycles"
    if kind == "delay" and not any(phase.cycles or phase.lasts for phase in phases):
        return "there is nothing to delay: no phase with this toxicity has cycles or a length"
    if kind == "stop" and all(phase.open for phase in phases):
        return "nothing comes after a phase that is open; name where to go, as in {leave: PHASE}"
    return ""


def surveillance(subject: Subject) -> Iterator[Finding]:
    """A schedule in which samples can be taken and confirmed."""
    for name, watch in subject.protocol.surveillance.items():
        here: DocumentPath = ("surveillance", name)
        if watch.confirm is not None and not watch.emits and watch.goto is None:
            message = "nothing follows from a confirmed result; give emits or goto, or leave confirm out"
            yield Finding((*here, "confirm"), message, key=True)
        first, every = subject.constant(*here, "first"), subject.constant(*here, "every")
        until = subject.constant(*here, "until")
        first = every if first is None else first
        if first is not None and until is not None and until < first:
            message = f"no sample is ever taken: the first is due at {first:g} d, found {until:g} d"
            yield Finding((*here, "until"), message)
        turnaround = subject.constant("assays", watch.assay, "turnaround", "fixed")
        if every is not None and turnaround is not None and turnaround >= every:
            message = f"a result takes {turnaround:g} d, and the next sample is due before; found {every:g} d"
            yield Finding((*here, "every"), message)


TREATMENT_CHECKS = (
    (counts, ("phases",)),
    (amounts, ()),
    (consequences, ("phases", "toxicities")),
    (surveillance, ("surveillance", "assays")),
)
