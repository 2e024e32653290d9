"""Checks of the graph of phases: ways out, reach, progress, a live route to death. Guards: checks_guards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.protocol.course import DEATH, Course, State
from sim.protocol.findings import Finding
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Outcome, Phase, Row
from sim.protocol.subject import Subject


def ways_out(subject: Subject) -> Iterator[Finding]:
    """Every phase that ends by itself says what comes next, once; the others do not."""
    for name, phase in subject.protocol.phases.items():
        here: DocumentPath = ("phases", name)
        if phase.final or phase.open:
            yield from _ends_never(phase, here)
            continue
        all_lead = bool(phase.outcomes) and all(outcome.goto is not None for outcome in phase.outcomes)
        if phase.choose and phase.goto is not None:
            yield Finding((*here, "goto"), "choose and goto both say what comes next; keep one of them")
        elif all_lead and (phase.choose or phase.goto is not None):
            key = "choose" if phase.choose else "goto"
            yield Finding(
                (*here, key), f"every outcome has a goto of its own, so {key} is never reached; remove one or the other"
            )
        elif not all_lead and not phase.choose and phase.goto is None:
            silent = next((number for number, end in enumerate(phase.outcomes) if end.goto is None), None)
            if silent is None:
                yield Finding(here, "the phase has no way out; give it a goto or choose, or say open: true", key=True)
            else:
                message = "this outcome leads nowhere; give it a goto, or the phase a goto or choose"
                yield Finding((*here, "outcomes", silent), message)


def _ends_never(phase: Phase, here: DocumentPath) -> Iterator[Finding]:
    """What an open or final phase cannot have."""
    kind = "final" if phase.final else "open"
    why = (
        "the patient's course ends here"
        if phase.final
        else "it never ends by itself; hazards and crossings lead out of it"
    )
    given: dict[str, object] = {
        "shift": phase.shift,
        "outcomes": phase.outcomes,
        "await": phase.await_,
        "choose": phase.choose,
        "goto": phase.goto,
    }
    if phase.final:
        given |= {"needs": phase.needs, "give": phase.give, "tests": phase.tests, "toxicities": phase.toxicities}
    for key, value in given.items():
        if value:
            yield Finding((*here, key), f"a phase that is {kind} has no {key}: {why}", key=True)
    for index, test in enumerate(phase.tests if phase.open else ()):
        if test.at == "end":
            yield Finding(
                (*here, "tests", index),
                f"a test at the end of a phase that is open is never taken: {why}; write at: start",
            )


def rows(subject: Subject) -> Iterator[Finding]:
    """A choice has exactly one ``else``, in its last row."""
    for name, phase in subject.protocol.phases.items():
        for key, given in (("choose", phase.choose), ("after_each_cycle", phase.after_each_cycle)):
            yield from _rows(given, ("phases", name, key))


def _rows(given: Sequence[Row], path: DocumentPath) -> Iterator[Finding]:
    for index, row in enumerate(given[:-1]):
        if row.else_ is not None:
            message = "else must be the last row, as nothing after it is ever read; move it down or remove what follows"
            yield Finding((*path, index), message)
    if given and given[-1].else_ is None:
        example = "continue" if path[-1] == "after_each_cycle" else "PHASE"
        yield Finding(
            path,
            f"the last row must be {{else: {example}}}; as it is, some patients would have nowhere to go",
            key=True,
        )


def rests(subject: Subject) -> Iterator[Finding]:
    """Exactly one outcome takes the rest of the probability, and stands last."""
    for name, phase in subject.protocol.phases.items():
        if phase.outcomes:
            yield from _rests(phase.outcomes, ("phases", name, "outcomes"))


def _rests(given: Sequence[Outcome], path: DocumentPath) -> Iterator[Finding]:
    takers = [index for index, outcome in enumerate(given) if outcome.rest]
    if not takers:
        yield Finding(
            path, "no outcome takes the rest of the probability; write the last one as {rest: true, ...}", key=True
        )
    for index in takers[1:]:
        yield Finding((*path, index), f"the rest is taken already, by outcome {takers[0] + 1}; give this one a p")
    if takers and len(takers) == 1 and takers[0] != len(given) - 1:
        yield Finding(
            (*path, takers[0]), "rest: true must stand last, so that readers see what it is the rest of; move it down"
        )


def reachable(subject: Subject, course: Course) -> Iterator[Finding]:
    """Every phase can be reached from the first."""
    first = next(iter(subject.protocol.phases))
    for name in subject.protocol.phases:
        if name not in course.phases:
            message = (
                f"no course from {first} (the first phase) leads here; lead to it with a goto, or remove the phase"
            )
            yield Finding(("phases", name), message, key=True)


def progress(subject: Subject, course: Course) -> Iterator[Finding]:
    """No circle of phases that may all end at the moment they begin: simulated time would stand still."""
    instant = {name for name, phase in subject.protocol.phases.items() if _may_be_instant(subject, name, phase)}
    onward: dict[str, list[str]] = {name: [] for name in instant}
    for origin, target in sorted(course.ends):
        if origin in instant and target in instant:
            onward[origin].append(target)
    for circle in _circles(onward, list(subject.protocol.phases)):
        way = " -> ".join([*circle, circle[0]])
        message = f"the phases {way} can follow one another without any time going by; give one of them a length"
        yield Finding(("phases", circle[0]), message, key=True)


def _may_be_instant(subject: Subject, name: str, phase: Phase) -> bool:
    here: DocumentPath = ("phases", name)
    if phase.until is not None:
        return True
    if phase.lasts is None:
        return False
    if phase.lasts.family in ("fixed", "normal"):
        key = ("fixed",) if phase.lasts.family == "fixed" else ("normal", "mean")
        days = subject.constant(*here, "lasts", *key)
        return days is not None and days <= 0
    return False


def _circles(onward: dict[str, list[str]], order: list[str]) -> list[list[str]]:
    """One circle for each phase that lies on a circle not told yet, shortest first."""
    found: list[list[str]] = []
    told: set[str] = set()
    for start in order:
        if start in onward and start not in told:
            circle = _shortest_circle(onward, start)
            if circle:
                found.append(circle)
                told.update(circle)
    return found


def _shortest_circle(onward: dict[str, list[str]], start: str) -> list[str] | None:
    ways = [[start]]
    seen: set[str] = set()
    for way in ways:
        for target in onward[way[-1]]:
            if target == start:
                return way
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return None


def mortal(subject: Subject, course: Course) -> Iterator[Finding]:
    """From every state that is not final some route leads to death."""
    phases = subject.protocol.phases
    ends = [name for name, phase in phases.items() if phase.final]
    leads = {
        state
        for state, moves in course.moves.items()
        if any(move.dies and move.sure and move.to.phase in ends for move in moves)
    }
    if not leads:
        message = (
            f"nobody can die: no final phase that is reached emits {DEATH}; add DEAD: {{final: true, emits: {DEATH}}}"
        )
        yield Finding(("phases",), f"{message} and a hazard that leads to it", key=True)
        return
    before: dict[State, list[State]] = {}
    for state, moves in course.moves.items():
        for move in moves:
            if move.sure:
                before.setdefault(move.to, []).append(state)
    due = list(leads)
    for state in due:
        for earlier in before.get(state, []):
            if earlier not in leads:
                leads.add(earlier)
                due.append(earlier)
    for_ever = [state for state in course.moves if state not in leads and not phases[state.phase].final]
    resting = [state for state in for_ever if phases[state.phase].open] or for_ever
    told: set[str] = set()
    for state in resting:
        if state.phase not in told:
            told.add(state.phase)
            yield Finding(("phases", state.phase), _immortal(course, state), key=True)


def _immortal(course: Course, state: State) -> str:
    way = course.way_to(state)
    flags = [f"{name} {'true' if up else 'false'}" for name, up in course.flags(state).items()]
    told = f" with {', '.join(flags)}" if flags else ""
    by = f"by {' -> '.join(way)}" if len(way) > 1 else "from the start"
    message = f"a patient who is here{told} ({by}) may never die"
    message += f": no live hazard that meets everyone and no path leads to {DEATH}"
    return f"{message}; add a hazard that covers this, such as background mortality by age"


GRAPH_CHECKS = (
    (ways_out, ("phases",)),
    (rows, ("phases",)),
    (rests, ("phases",)),
)
COURSE_CHECKS = (progress, mortal)
FILE_COURSE_CHECKS = (reachable,)
