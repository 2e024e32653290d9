"""Checks of guards in their place: what can never hold, what is never read, and results that cannot have arrived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sim.protocol.course import Course
from sim.protocol.expression_tree import Call, Expression, Name, unparse, walk
from sim.protocol.findings import Finding
from sim.protocol.paths import DocumentPath
from sim.protocol.satisfiable import can_hold
from sim.protocol.schema import Phase, Row
from sim.protocol.subject import Subject


def live(subject: Subject, course: Course) -> Iterator[Finding]:
    """Every guard of a phase or crossing can hold somewhere, and every row of a choice can be reached."""
    for path, seen in course.verdicts.items():
        located, tree = subject.trees[path]
        if path[0] != "hazards" and seen == {False} and can_hold([tree], subject.scope)[0]:
            yield Finding(path, f"this can never hold: {_reason(course, tree)}", text=located.text)
    for name, phase in subject.protocol.phases.items():
        if name in course.phases and not phase.final and not phase.open:
            for key, rows in (("after_each_cycle", phase.after_each_cycle), ("choose", phase.choose)):
                yield from _shadowed(subject, course, rows, ("phases", name, key))


def _reason(course: Course, tree: Expression) -> str:
    cure = "change the guard or remove it"
    for node in walk(tree):
        if isinstance(node, Call) and node.function in ("phase", "visited") and isinstance(node.arguments[0], Name):
            word = node.arguments[0].word
            if word not in course.phases:
                return f"no course leads to {word}; {cure}"
    return f"{unparse(tree)} is false for all who come here; {cure}"


def _shadowed(subject: Subject, course: Course, rows: Sequence[Row], path: DocumentPath) -> Iterator[Finding]:
    """Rows that nobody reaches, as those above take everyone."""
    for index in range(1, len(rows)):
        if (*path, index) not in course.rows_met and (*path, index - 1) in course.rows_met:
            yield Finding(
                (*path, index), f"this row is never reached, as row {index} always holds; change or remove one"
            )


def possible(subject: Subject) -> Iterator[Finding]:
    """Guards that contradict themselves, and rows that take only patients whom the rows above have taken."""
    for path, (located, _) in subject.trees.items():
        tree = subject.sound(*path)
        if located.expect == "boolean" and tree is not None and not can_hold([tree], subject.scope)[0]:
            message = f"this can never hold: {unparse(tree)} is false for everyone; change the guard or remove it"
            yield Finding(path, message, text=located.text)
    for name, phase in subject.protocol.phases.items():
        for key, rows in (("after_each_cycle", phase.after_each_cycle), ("choose", phase.choose)):
            trees = {index: subject.sound("phases", name, key, index, "when") for index in range(len(rows))}
            guards = {index: tree for index, tree in trees.items() if tree is not None}
            if len(guards) < 2 or len(guards) != sum(row.when is not None for row in rows):
                continue
            after_others = can_hold(list(guards.values()), subject.scope)
            for (index, tree), held in zip(guards.items(), after_others, strict=True):
                if not held and can_hold([tree], subject.scope)[0]:
                    place = ("phases", name, key, index, "when")
                    message = (
                        "this can never hold, as the rows above take the same patients; change the guard or the order"
                    )
                    yield Finding(place, message, text=subject.trees[place][0].text)


def results(subject: Subject, course: Course) -> Iterator[Finding]:
    """A choice on a result comes after the test, and after the result where that can be told."""
    testers: dict[str, set[str]] = {}
    for name, phase in subject.protocol.phases.items():
        for test in phase.tests:
            testers.setdefault(test.into, set()).add(name)
    for watch in subject.protocol.surveillance.values():
        testers.pop(watch.into, None)  # these samples do not heed phases
    backward: dict[str, list[str]] = {}
    for origin, target in course.steps:
        backward.setdefault(target, []).append(origin)
    for name, phase in subject.protocol.phases.items():
        asked = list(_asked(subject, name, phase, testers)) if name in course.phases else []
        before = _before(name, backward) if asked else set()
        for path, attribute in asked:
            taken = testers.get(attribute, set())
            if taken & before:
                continue
            text = subject.trees[path][0].text if path in subject.trees else ""
            if name not in taken:
                where = f"it is taken in {', '.join(sorted(taken))}, which never comes before {name}"
                message = f"{attribute} cannot have a result here: {where}; move the test or the choice"
                yield Finding(path, message, text=text)
            elif reason := _too_early(subject, name, phase, attribute):
                yield Finding(path, reason, text=text)


def _before(name: str, backward: Mapping[str, Sequence[str]]) -> set[str]:
    """The phases that can come before a phase, itself included where a circle leads back to it."""
    due = list(backward.get(name, ()))
    seen = set(due)
    for at in due:
        for origin in backward.get(at, ()):
            if origin not in seen:
                seen.add(origin)
                due.append(origin)
    return seen


def _asked(
    subject: Subject, name: str, phase: Phase, testers: dict[str, set[str]]
) -> Iterator[tuple[DocumentPath, str]]:
    """The results that the end of a phase depends on, each with the first place that asks."""
    here: DocumentPath = ("phases", name)
    told = set()
    if phase.await_ is not None and name not in testers.get(phase.await_.result, {name}):
        told.add(phase.await_.result)
        yield (*here, "await", "result"), phase.await_.result
    for key, rows in (("after_each_cycle", phase.after_each_cycle), ("choose", phase.choose)):
        for index in range(len(rows)):
            tree = subject.sound(*here, key, index, "when")
            for node in walk(tree) if tree is not None else ():
                if isinstance(node, Name) and node.word in testers and node.word not in told:
                    told.add(node.word)
                    yield (*here, key, index, "when"), node.word


def _too_early(subject: Subject, name: str, phase: Phase, attribute: str) -> str | None:
    """Why a result of a test in the same phase cannot be there when the phase ends, or None where it can."""
    if phase.cycles is not None or (phase.await_ is not None and phase.await_.result == attribute):
        return None
    lengths = []
    for test in phase.tests:
        if test.into == attribute:
            turnaround = subject.constant("assays", test.assay, "turnaround", "fixed")
            if turnaround is None or turnaround <= 0:
                return None
            length = 0.0 if test.at == "end" else subject.constant("phases", name, "lasts", "fixed")
            if length is None or length >= turnaround:
                return None
            lengths.append((test.at, turnaround))
    at, turnaround = lengths[0]
    told = f"its test is taken at the {at} of this phase and the result takes {turnaround:g} d"
    return f"{attribute} cannot have a result here: {told}; await: {{result: {attribute}, at_most: ...}}"


def tested(subject: Subject) -> Iterator[Finding]:
    """Every attribute with the states of a result is set by some test, and ``result()`` asks for such attributes."""
    set_by = {test.into for phase in subject.protocol.phases.values() for test in phase.tests}
    set_by |= {watch.into for watch in subject.protocol.surveillance.values()}
    for name, attribute in subject.protocol.patient.items():
        if attribute.states is not None and name not in set_by:
            message = f"no test writes into {name}; add one to a phase, as in tests: [{{assay: ..., into: {name}}}]"
            yield Finding(("patient", name), message, key=True)
    for path in subject.trees:
        tree = subject.sound(*path)
        for node in walk(tree) if tree is not None else ():
            if isinstance(node, Call) and node.function == "result" and isinstance(node.arguments[0], Name):
                word = node.arguments[0].word
                if subject.protocol.patient[word].states is None:
                    message = f"{word} holds no result of a test; result() asks whether one has arrived"
                    yield Finding(path, message, text=subject.trees[path][0].text, offset=node.span[0])


GUARD_CHECKS = ((possible, ("phases",)),)
USE_CHECKS = ((tested, ("patient", "phases", "surveillance")),)
COURSE_CHECKS = (results,)
FILE_COURSE_CHECKS = (live,)
