"""Checks of doses, cycles and places: totals along paths, cycles that exist. Probabilities: checks_numbers."""

from __future__ import annotations

from collections.abc import Iterator

from sim.protocol.course import Course
from sim.protocol.findings import Finding
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import PathTotal
from sim.protocol.subject import Subject


def totals(subject: Subject) -> Iterator[Finding]:
    """The dose total along each path is what the protocol says it is."""
    for counter, given in subject.protocol.checks.items():
        for index, total in enumerate(given):
            if counter in subject.protocol.counters and all(name in subject.protocol.phases for name in total.path):
                yield from _total(subject, counter, total, ("checks", counter, index))


def _total(subject: Subject, counter: str, total: PathTotal, path: DocumentPath) -> Iterator[Finding]:
    parts: list[float] = []
    for index, name in enumerate(total.path):
        amount = _amount(subject, counter, name)
        if amount is None:
            on = "how long" if _planned(subject, name) is not None else "how many cycles"
            message = f"{counter} in {name} depends on {on} {name} lasts, so the path has no fixed total; leave it out"
            yield Finding((*path, "path", index), message)
            return
        parts.append(amount)
    found = sum(parts)
    if abs(found - total.equals) > 1e-9:
        told = (
            " + ".join(f"{part:g} ({name})" for part, name in zip(parts, total.path, strict=True) if part) or "nothing"
        )
        yield Finding((*path, "equals"), f"{counter} on this path sums to {found:g} = {told}, not {total.equals:g}")


def _amount(subject: Subject, counter: str, name: str) -> float | None:
    """What a phase gives in all, every cycle included; None where that is not fixed."""
    phase = subject.protocol.phases[name]
    give = phase.give.get(counter)
    if give is None:
        return 0.0
    cycles = _planned(subject, name)
    if cycles is None:
        return None if give.cycles is None or give.each is None else give.each * len(give.cycles)
    if give.per_day is None:
        assert give.each is not None
        return give.each * (cycles if give.cycles is None else len([n for n in give.cycles if n <= cycles]))
    key = ("cycles", "every") if phase.cycles is not None else ("lasts",)
    days = subject.constant("phases", name, *key, "fixed")
    last = days if phase.cycles is None or phase.cycles.last is None else None
    return None if days is None or last is None else give.per_day * days * cycles


def _planned(subject: Subject, name: str) -> int | None:
    """How many cycles a phase has, 1 without cycles; None where their number is drawn or differs."""
    if subject.protocol.phases[name].cycles is None:
        return 1
    count = subject.constant("phases", name, "cycles", "count", "fixed")
    return None if count is None else int(count)


def walkable(subject: Subject, course: Course) -> Iterator[Finding]:
    """Each phase of a path can follow the one before it."""
    for counter, given in subject.protocol.checks.items():
        for index, total in enumerate(given):
            for place, (origin, target) in enumerate(zip(total.path, total.path[1:], strict=False), 1):
                known = {origin, target} <= set(subject.protocol.phases)
                if known and (origin, target) not in course.steps:
                    nexts = ", ".join(sorted(to for start, to in course.steps if start == origin)) or "nothing"
                    message = f"{target} cannot follow {origin}; after {origin} can come: {nexts}"
                    yield Finding(("checks", counter, index, "path", place), message)


def cycles(subject: Subject) -> Iterator[Finding]:
    """Numbers of cycles that exist, each cycle once."""
    for name, phase in subject.protocol.phases.items():
        here: DocumentPath = ("phases", name)
        lists = [((*here, "give", word, "cycles"), give.cycles) for word, give in phase.give.items()]
        lists += [((*here, "tests", index, "cycles"), test.cycles) for index, test in enumerate(phase.tests)]
        for path, numbers in lists:
            for index, number in enumerate(numbers or []):
                if phase.cycles is None:
                    yield Finding(path, "this phase has no cycles; give it some, or leave the list out", key=True)
                    break
                planned = _planned(subject, name)
                if planned is not None and number > planned:
                    yield Finding((*path, index), f"there is no cycle {number}; {name} has {planned}")
                elif number in (numbers or [])[:index]:
                    yield Finding((*path, index), f"cycle {number} is named twice; keep one")


def days_of_cycles(subject: Subject) -> Iterator[Finding]:
    """Days of treatment fit into their cycle."""
    for name, phase in subject.protocol.phases.items():
        here: DocumentPath = ("phases", name)
        if phase.cycles is not None and phase.days is not None:
            lengths = [subject.constant(*here, "cycles", key, "fixed") for key in ("every", "last")]
            shortest = min((days for days in lengths if days is not None), default=float("inf"))
            if phase.days.last > shortest:
                outside = f"day {phase.days.last} lies outside of a cycle of {shortest:g} d"
                yield Finding((*here, "days"), f"{outside}; shorten days or lengthen the cycle")


def places(subject: Subject) -> Iterator[Finding]:
    """No phase needs more places than there are."""
    for name, phase in subject.protocol.phases.items():
        for word, number in phase.needs.items():
            resource = subject.protocol.resources.get(word)
            if resource is not None and number > resource.capacity:
                message = (
                    f"{name} needs {number} of {word}, but there are {resource.capacity}; everyone would wait for ever"
                )
                yield Finding(("phases", name, "needs", word), message)


DOSE_CHECKS = (
    (places, ("phases", "resources")),
    (days_of_cycles, ("phases",)),
)
FILE_CHECKS = (
    (totals, ("checks", "counters", "phases")),
    (cycles, ("phases",)),
)
FILE_COURSE_CHECKS = (walkable,)
