"""Checks of single expressions: names, types, units, and what may be read where. Guards in place: checks_guards."""

from __future__ import annotations

from collections.abc import Iterator

from sim.protocol.expression_fold import fold
from sim.protocol.expression_scope import Scope
from sim.protocol.expression_tree import Call, Expression, Name, walk
from sim.protocol.expression_types import is_continuous
from sim.protocol.expressions import ExpressionErrors
from sim.protocol.findings import Finding
from sim.protocol.subject import COURSE_CALLS, Subject, wrong
from sim.protocol.walk import Located


def types(subject: Subject) -> Iterator[Finding]:
    """Names that are not declared, kinds and units that do not fit; not of an attribute made from itself."""
    for path, errors in subject.verdicts.items():
        itself = path[0] == "patient" and path[1] in subject.words(subject.trees[path][1])
        if errors is not None and not itself:
            yield from wrong(subject.trees[path][0], errors)


def values(subject: Subject) -> Iterator[Finding]:
    """Constant parts that have no value, such as a division by zero."""
    for path in subject.trees:
        tree = subject.sound(*path)
        if tree is not None:
            try:
                fold(tree, subject.scope)
            except ExpressionErrors as errors:
                yield from wrong(subject.trees[path][0], errors)


def attribute_order(subject: Subject) -> Iterator[Finding]:
    """Attributes are made at entry in order: each may read those above it and nothing of the later course."""
    names = list(subject.protocol.patient)
    for place, name in enumerate(names):
        earlier = {other for other in names[:place] if subject.protocol.patient[other].states is None}
        for located, tree in subject.below("patient", name):
            for node in first_reads(tree, subject.scope):
                yield from _misread(subject, located, node, name, names, earlier)


def first_reads(tree: Expression, scope: Scope) -> Iterator[Name | Call]:
    """The values and the course functions that an expression reads."""
    subjects: set[int] = set()
    for node in walk(tree):
        if isinstance(node, Call) and node.function in COURSE_CALLS:
            subjects.update(id(part) for part in node.arguments)
            yield node
        elif isinstance(node, Name) and id(node) not in subjects and scope.kind(node.word):
            yield node


def _misread(
    subject: Subject, located: Located, node: Name | Call, name: str, names: list[str], earlier: set[str]
) -> Iterator[Finding]:
    def finding(message: str) -> Finding:
        return Finding(located.path, message, text=located.text, offset=node.span[0])

    if isinstance(node, Call):
        yield finding(
            f"{node.function}() is not known at entry, when {name} is made; read parameters and attributes above"
        )
        return
    kind = subject.scope.kind(node.word)
    if kind in ("flag", "marker", "counter"):
        yield finding(f"{node.word} is a {kind}, which changes later; {name} is made at entry; read what stands above")
    elif kind == "attribute" and node.word == name:
        yield finding(f"{name} is made from itself; read parameters and attributes above it")
    elif kind == "attribute" and node.word not in earlier:
        if subject.protocol.patient[node.word].states is not None:
            yield finding(f"{node.word} is set by a result, after {name} is made at entry; read it where it is needed")
        else:
            yield finding(f"{node.word} stands below {name}, which is made first; move {node.word} above {name}")


def constants(subject: Subject) -> Iterator[Finding]:
    """Places that are compiled into numbers before any patient exists."""
    for located, tree in subject.trees.values():
        if not located.constant or subject.undecided(tree) or subject.scope.is_constant(tree):
            continue
        culprit = next((node for node in walk(tree) if _differs(node, subject.scope)), tree)
        word = culprit.word if isinstance(culprit, Name) else f"{getattr(culprit, 'function', located.text)}()"
        what = f"{word} differs between patients or in time, and this must be one number for all; read parameters only"
        if located.path[0] == "hazards":
            what += ", and put the difference under multiply"
        yield Finding(located.path, what, text=located.text, offset=culprit.span[0])


def _differs(node: Expression, scope: Scope) -> bool:
    if isinstance(node, Name):
        return scope.kind(node.word) not in ("parameter", "switch", None)
    return isinstance(node, Call) and node.function in COURSE_CALLS


def continuous(subject: Subject) -> Iterator[Finding]:
    """What is re-read at events only must not change with the clock alone: no ``since()``."""
    for located, tree in subject.trees.values():
        if _read_at_events(located) and is_continuous(tree):
            culprit = next(node for node in walk(tree) if isinstance(node, Call) and node.function == "since")
            event = (
                culprit.arguments[0].word if culprit.arguments and isinstance(culprit.arguments[0], Name) else "event"
            )
            what = f"since({event}) changes with the clock alone, and this is read at events only"
            message = f"{what}; write within({event}, duration)"
            yield Finding(located.path, message, text=located.text, offset=culprit.span[0])


def _read_at_events(located: Located) -> bool:
    """Whether an expression is read again only when an event has changed what it reads."""
    section, key = located.path[0], located.path[2] if len(located.path) > 2 else ""
    return (section, key) in {
        ("hazards", "while"),
        ("hazards", "multiply"),
        ("markers", "drift"),
        ("crossings", "while"),
        ("crossings", "rises_to"),
        ("phases", "until"),
    }


def moving(subject: Subject) -> Iterator[Finding]:
    """Nor counters of days; nor drifting markers, but in hazards, and where they are read in steps."""
    protocol = subject.protocol
    drifting = {
        name
        for name, marker in protocol.markers.items()
        if marker.drift is not None and marker.hazards_read_every is None
    }
    of_days = {word for phase in protocol.phases.values() for word, give in phase.give.items() if give.per_day}
    for located, tree in subject.trees.values():
        if not _read_at_events(located):
            continue
        for node in first_reads(tree, subject.scope):
            word = node.word if isinstance(node, Name) else ""
            if subject.scope.kind(word) == "counter" and word in of_days:
                why, cure = "counts days", "ask for it in a choice, or write within(event, duration)"
            elif located.path[0] != "hazards" and subject.scope.kind(word) == "marker" and word in drifting:
                why, cure = "drifts", "let a crossing emit an event, and write count(event) > 0"
            else:
                continue
            message = f"{word} {why}, so it changes with the clock alone, and this is read at events only; {cure}"
            yield Finding(located.path, message, text=located.text, offset=node.span[0])


EXPRESSION_CHECKS = (
    (types, ()),
    (values, ()),
    (attribute_order, ("patient",)),
    (constants, ()),
    (continuous, ()),
    (moving, ("markers", "counters", "phases")),
)
