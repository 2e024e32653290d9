"""Which courses through the phases are possible, by exploring abstract states. Nothing is judged here.

A state is the phase, whether the patient waits for a place, and the truth of every flag, ``visited(phase)`` and "event
has happened" that some rule asks for. Everything else (attributes, switches, markers, times) is left open, so that all
that can happen is found, and perhaps more. Parameters have their values.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from sim.protocol.expression_fold import fold
from sim.protocol.expression_scope import Boolean, Scope, States
from sim.protocol.expression_tree import (
    Binary,
    Call,
    Expression,
    Membership,
    Name,
    NumberLiteral,
    TruthLiteral,
    Unary,
    walk,
)
from sim.protocol.expressions import ExpressionErrors
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Hazard, Phase, Row
from sim.protocol.scope import ENROLMENT, START
from sim.protocol.subject import Subject

MOST_STATES = 1000
"""More states than this are not explored; rather fewer things are told apart."""

DEATH = "death"


class State(NamedTuple):
    """Where a patient can be; ``bits`` holds the truth of what is tracked."""

    phase: str
    waiting: bool
    bits: int


class Move(NamedTuple):
    """A step to another state; ``dies`` says that death is among its events, ``sure`` that it comes in the end."""

    to: State
    dies: bool = False
    sure: bool = True


class Guard(NamedTuple):
    """A guard, which bits and whether the phase decide it, and what is known of it by these."""

    tree: Expression | None
    mask: int
    reads_phase: bool
    known: dict[tuple[str, int], bool | None]


class TooManyStates(Exception):
    """The exploration has to tell fewer things apart."""


class Course:
    """The states that can be reached, and how."""

    def __init__(self, subject: Subject, tracked: Sequence[tuple[str, str]], *, limit: float = math.inf) -> None:
        self.subject = subject
        self.protocol = subject.protocol
        self.bit = {item: 1 << number for number, item in enumerate(tracked)}
        self.scope = open_switches(subject.scope)
        self.verdicts: dict[DocumentPath, set[bool | None]] = {}
        self.rows_met: set[DocumentPath] = set()
        self.fired: set[str] = set()
        self.steps: set[tuple[str, str]] = set()
        self.ends: set[tuple[str, str]] = set()
        self.moves: dict[State, list[Move]] = {}
        self.came_from: dict[State, State | None] = {}
        self._guards: dict[DocumentPath, Guard] = {}
        self._effects: dict[tuple[str, ...], tuple[int, int]] = {}
        self._starts: dict[tuple[str, ...], int | None] = {}
        self._sure = {name: not leaves_survivors(hazard) for name, hazard in self.protocol.hazards.items()}
        self._toxic = {
            name: toxicity
            for name, toxicity in self.protocol.toxicities.items()
            if any(name in phase.toxicities for phase in self.protocol.phases.values())
        }
        self._explore(limit)

    # What is known after the exploration: `verdicts` of each guard that was met, `rows_met` of choices, hazards that
    # `fired`, `steps` from phase to phase and those among them that the `ends` of phases make.

    @property
    def phases(self) -> set[str]:
        """The phases that can be reached."""
        return {state.phase for state in self.moves}

    def way_to(self, state: State) -> list[str]:
        """The phases on a shortest course to a state."""
        way: list[str] = []
        at: State | None = state
        while at is not None:
            if not way or way[-1] != at.phase:
                way.append(at.phase)
            at = self.came_from[at]
        return way[::-1]

    def flags(self, state: State) -> dict[str, bool]:
        """The flags that are tracked, as they are in a state."""
        return {name: bool(state.bits & bit) for (kind, name), bit in self.bit.items() if kind == "flag"}

    def happened(self, event: str, state: State) -> bool:
        """Whether an event can have happened; true for one that is not tracked."""
        bit = self.bit.get(("event", event))
        return bit is None or bool(state.bits & bit)

    def holds(self, path: DocumentPath, state: State) -> bool | None:
        """Whether a guard holds in a state; None where that depends on what is left open."""
        if path not in self._guards:
            tree = self.subject.sound(*path)
            self._guards[path] = Guard(tree, *((0, False) if tree is None else self._mask(tree)), {})
        guard = self._guards[path]
        if guard.tree is None:
            return None
        key = (state.phase if guard.reads_phase else "", state.bits & guard.mask)
        if key not in guard.known:
            guard.known[key] = self._value(guard.tree, state)
            self.verdicts.setdefault(path, set()).add(guard.known[key])
        return guard.known[key]

    # How guards are known

    def _mask(self, tree: Expression) -> tuple[int, bool]:
        mask, reads_phase = 0, False
        for node in walk(tree):
            if isinstance(node, Call) and node.function == "phase":
                reads_phase = True
            mask |= self.bit.get(asked_of(node) or ("", ""), 0)
        return mask, reads_phase

    def _value(self, tree: Expression, state: State) -> bool | None:
        try:
            folded = fold(self._known_parts(tree, state), self.scope)
        except ExpressionErrors:
            return None
        return folded.value if isinstance(folded, TruthLiteral) else None

    def _known_parts(self, node: Expression, state: State) -> Expression:
        """The expression with what the state tells put in."""
        item = asked_of(node)
        if item is not None and item in self.bit:
            true = bool(state.bits & self.bit[item])
            if item[0] != "event":
                return TruthLiteral(true, span=node.span)
            if not true and isinstance(node, Call):
                return (
                    NumberLiteral(0, span=node.span)
                    if node.function == "count"
                    else TruthLiteral(False, span=node.span)
                )
            return node
        match node:
            case Call(function="phase", arguments=(Name(word=word),)):
                return TruthLiteral(word == state.phase, span=node.span)
            case Call(function="if" | "min" | "max" | "abs"):
                return replace(node, arguments=tuple(self._known_parts(part, state) for part in node.arguments))
            case Unary():
                return replace(node, operand=self._known_parts(node.operand, state))
            case Binary():
                left, right = self._known_parts(node.left, state), self._known_parts(node.right, state)
                return replace(node, left=left, right=right)
            case Membership():
                return replace(node, operand=self._known_parts(node.operand, state))
        return node

    # How states follow one another

    def _explore(self, limit: float) -> None:
        flags = sum(self.bit.get(("flag", name), 0) for name, flag in self.protocol.flags.items() if flag.initially)
        first = next(iter(self.protocol.phases))
        start = self._enter(None, first, self._after(flags, [START]))
        self.came_from[start.to] = None
        due = [start.to]
        for state in due:
            self.moves[state] = list(dict.fromkeys(self._moves(state)))
            for move in self.moves[state]:
                if move.to not in self.came_from:
                    self.came_from[move.to] = state
                    due.append(move.to)
            if len(due) > limit:
                raise TooManyStates

    def _after(self, bits: int, events: Sequence[str]) -> int:
        """What is true after events, one after the other."""
        known = tuple(events)
        if known not in self._effects:
            gate = self.protocol.enrolment.at
            kept, made = -1, 0
            for event in known:
                for name in (event, ENROLMENT) if event == gate else (event,):
                    true, false = self._effect(name)
                    kept, made = kept & ~false, (made | true) & ~false
            self._effects[known] = kept, made
        kept, made = self._effects[known]
        return bits & kept | made

    def _begun(self, events: Sequence[str], state: State) -> bool:
        """Whether one of the events that start something can have happened."""
        known = tuple(events)
        if known not in self._starts:
            bits = [self.bit.get(("event", event)) for event in known]
            self._starts[known] = None if None in bits else sum(set(filter(None, bits)))
        asked = self._starts[known]
        return asked is None or bool(state.bits & asked)

    def _effect(self, event: str) -> tuple[int, int]:
        """What an event makes true and what it makes false; a flag that it both sets and clears is false then."""
        true, false = self.bit.get(("event", event), 0), 0
        for name, flag in self.protocol.flags.items():
            bit = self.bit.get(("flag", name), 0)
            true |= bit if event in flag.set_by else 0
            false |= bit if event in flag.cleared_by else 0
        return true, false

    def _enter(
        self, origin: str | None, phase: str, bits: int, *, events: Sequence[str] = (), begun: bool = False
    ) -> Move:
        if origin is not None and not begun:
            self.steps.add((origin, phase))
        entered = self.protocol.phases[phase]
        bits = self._after(bits, events)
        if entered.needs and not begun:
            return Move(State(phase, True, bits), DEATH in events)
        bits |= self.bit.get(("visited", phase), 0)
        return Move(State(phase, False, self._after(bits, entered.emits)), DEATH in events or DEATH in entered.emits)

    def _moves(self, state: State) -> Iterator[Move]:
        phase = self.protocol.phases[state.phase]
        if phase.final:
            return
        yield from self._anywhere(state)
        if state.waiting:
            yield self._enter(state.phase, state.phase, state.bits, begun=True)
            return
        if phase.timeout is not None:
            yield self._enter(state.phase, phase.timeout.goto, state.bits, events=phase.timeout.event)
        if phase.until is not None:
            self.holds(("phases", state.phase, "until"), state)
        if not phase.open:
            for move in self._end(state, phase):
                self.ends.add((state.phase, move.to.phase))
                yield move

    def _anywhere(self, state: State) -> Iterator[Move]:
        """What does not wait for the end of the phase."""
        for name, hazard in self.protocol.hazards.items():
            guard = self.holds(("hazards", name, "while"), state)
            started = hazard.clock.since is None or self._begun(hazard.clock.since, state)
            if started and guard is not False:
                self.fired.add(name)
                events = hazard.emits if hazard.emits is not None else [name]
                yield self._event(state, events, hazard.goto, sure=self._sure[name])
        for name, crossing in self.protocol.crossings.items():
            if self.holds(("crossings", name, "while"), state) is not False:
                yield self._event(state, crossing.emits, crossing.goto, sure=False)
        for delay in self.protocol.delays.values():
            here = delay.while_in is None or state.phase in delay.while_in
            if here and self._begun(delay.since, state):
                yield self._event(state, delay.emits, None)
        for name, watch in self.protocol.surveillance.items():
            if self._begun(watch.since, state) and self.holds(("surveillance", name, "while"), state) is not False:
                yield self._event(state, watch.emits, watch.goto, sure=False)
        yield from (move._replace(sure=False) for move in self._toxicities(state))

    def _toxicities(self, state: State) -> Iterator[Move]:
        """Toxicities come whenever they may; what they do to a phase, while it lasts; death, at any time."""
        phase = self.protocol.phases[state.phase]
        for name, toxicity in self._toxic.items():
            if toxicity.emits:
                yield self._event(state, toxicity.emits, None)
            for consequence in toxicity.consequence.values():
                events = [*toxicity.emits, *consequence.emits]
                acts = name in phase.toxicities and not state.waiting
                if consequence.death is not None or (acts and consequence.goto is not None):
                    yield self._event(state, events, consequence.goto)
                elif consequence.emits:
                    yield self._event(state, events, None)
                if acts and consequence.stop is True and not phase.open:
                    after = state._replace(bits=self._after(state.bits, events))
                    yield from self._end(after, phase, cycles=False)

    def _event(self, state: State, events: Sequence[str], goto: str | None, *, sure: bool = True) -> Move:
        if goto is None:
            return Move(State(state.phase, state.waiting, self._after(state.bits, events)), sure=sure)
        move = self._enter(state.phase, goto, state.bits, events=events)
        return move if sure else Move(move.to, move.dies, sure=False)

    def _end(self, state: State, phase: Phase, *, cycles: bool = True) -> Iterator[Move]:
        here: DocumentPath = ("phases", state.phase)
        each = phase.after_each_cycle if cycles else []
        for row, events in self._rows(state, (*here, "after_each_cycle"), each):
            if row.target == "continue":
                yield Move(state._replace(bits=self._after(state.bits, events)))
            else:
                yield self._enter(state.phase, row.target, state.bits, events=events)
        ends: list[tuple[Sequence[str], str | None]] = [(end.event, end.goto) for end in phase.outcomes]
        for happened, goto in ends or [((), None)]:
            after = state._replace(bits=self._after(state.bits, happened))
            if goto is not None:
                yield self._enter(state.phase, goto, state.bits, events=happened)
            elif phase.choose:
                for row, events in self._rows(after, (*here, "choose"), phase.choose):
                    yield self._enter(state.phase, row.target, after.bits, events=events)
            elif phase.goto is not None:
                yield self._enter(state.phase, phase.goto, after.bits)

    def _rows(self, state: State, path: DocumentPath, rows: Sequence[Row]) -> Iterator[tuple[Row, Sequence[str]]]:
        for index, row in enumerate(rows):
            self.rows_met.add((*path, index))
            holds = True if row.when is None else self.holds((*path, index, "when"), state)
            if holds is not False:
                yield row, row.event
            if holds is True:
                return


def leaves_survivors(hazard: Hazard) -> bool:
    """Whether some patients never meet a hazard however long they stay in its scope: a plateau or a cured class."""
    baseline = hazard.baseline
    return baseline.latent_class is not None or baseline.arguments.plateau is not None


def asked_of(node: Expression) -> tuple[str, str] | None:
    """What a part of a guard asks: a flag, a visit or whether an event has happened."""
    if isinstance(node, Name):
        return ("flag", node.word)
    if isinstance(node, Call) and node.arguments and isinstance(node.arguments[0], Name):
        if node.function == "visited":
            return ("visited", node.arguments[0].word)
        if node.function in ("count", "within"):
            return ("event", node.arguments[0].word)
    return None


def open_switches(scope: Scope) -> Scope:
    """A scope in which switches have no value, as a user may flip them."""
    opened = {
        name: Boolean() if isinstance(value, bool) else States(tuple(options))
        for name, (value, options) in scope.switches.items()
    }
    return replace(scope, switches={}, attributes={**scope.attributes, **opened})


def explore(subject: Subject) -> Course:
    """All courses of a protocol whose references are sound, telling apart as much as can be explored quickly."""
    protocol = subject.protocol
    asked: dict[tuple[str, str], None] = {}
    clocks: dict[tuple[str, str], None] = {}
    for located, tree in subject.trees.values():
        if located.expect == "boolean":
            for node in walk(tree):
                item = asked_of(node)
                if item is not None and (item[0] != "flag" or item[1] in protocol.flags):
                    asked[item] = None
    for hazard in protocol.hazards.values():
        clocks.update({("event", event): None for event in hazard.clock.since or []})
    for delay in protocol.delays.values():
        clocks.update({("event", event): None for event in delay.since})
    flags = [item for item in asked if item[0] == "flag"]
    visits = [item for item in asked if item[0] == "visited"]
    for tracked in (list({**asked, **clocks}), [*flags, *visits, *clocks], [*flags, *clocks], flags):
        try:
            return Course(subject, tracked, limit=MOST_STATES)
        except TooManyStates:
            continue
    return Course(subject, ())  # the phases alone
