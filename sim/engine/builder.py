"""Collects a plan's tables, constants, expression code and dependency bits. Their meaning: see the plan_* files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sim.engine import layout as at
from sim.engine.draws import site_hash
from sim.errors import EngraftError
from sim.protocol.expression_code import dependencies, max_stack, postfix
from sim.protocol.expressions import parse
from sim.protocol.schema import Protocol
from sim.protocol.scope import scope_of

_OPERATORS = {
    "add": at.OP_ADD, "sub": at.OP_SUB, "mul": at.OP_MUL, "div": at.OP_DIV, "neg": at.OP_NEG, "lt": at.OP_LT,
    "le": at.OP_LE, "eq": at.OP_EQ, "ne": at.OP_NE, "gt": at.OP_GT, "ge": at.OP_GE, "not": at.OP_NOT, "and": at.OP_AND,
    "or": at.OP_OR, "if": at.OP_IF, "min": at.OP_MIN, "max": at.OP_MAX, "abs": at.OP_ABS, "exp": at.OP_EXP,
    "log": at.OP_LOG, "sqrt": at.OP_SQRT,
}  # fmt: skip
_DIRTY_BITS = 62


class Builder:
    """Grows the two arrays of a plan; offsets that it hands out are final."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.scope = scope_of(protocol)
        self.I: list[int] = [0] * int(at.HEADER)
        self.F: list[float] = []
        self.labels: list[str] = []
        self.sites: list[str] = []
        self.slots: list[tuple[int, int]] = []
        self.variables: dict[tuple[str, str], int] = {}
        self.phases = {name: place for place, name in enumerate(protocol.phases)}
        self.markers = {name: place for place, name in enumerate(protocol.markers)}
        self.counters = {name: place for place, name in enumerate(protocol.counters)}
        self.events: dict[str, int] = {"start": 0, "enrolment": 1}
        self.windows: dict[tuple[str, float], int] = {}
        self.stack = 1
        self._bits: dict[tuple[str, object], int] = {}
        self._constants: dict[float, int] = {}
        self._code: dict[tuple[tuple[str, object], ...], int] = {}
        # What is switched off costs patients no time: it has no row and no timer.
        self.hazards = {name: each for name, each in protocol.hazards.items() if not self.never(each.while_)}
        self.crossings = {name: each for name, each in protocol.crossings.items() if not self.never(each.while_)}
        self.delays = {name: each for name, each in protocol.delays.items() if not self.never(each.happens)}
        self.drifts = {
            name: each.drift
            for name, each in protocol.markers.items()
            if each.drift is not None and not self.never(each.drift.while_)
        }

    def variable(self, kind: str, name: str, initial: float, width: int = 1) -> int:
        """A place in the patient's variables with its value at the start; all must be declared before any constant."""
        place = len(self.F)
        self.variables[kind, name] = place
        self.F += [initial] + [0.0] * (width - 1)
        return place

    def constant(self, value: float) -> int:
        """The place of a constant in F, each kept once."""
        key = float(value)
        if key not in self._constants:
            self._constants[key] = len(self.F)
            self.F.append(key)
        return self._constants[key]

    def floats(self, values: Iterable[float]) -> int:
        """A run of numbers in F."""
        place = len(self.F)
        self.F += [float(value) for value in values]
        return place

    def ints(self, values: Iterable[int]) -> int:
        """A run of integers in I."""
        place = len(self.I)
        self.I += [int(value) for value in values]
        return place

    def listed(self, values: Sequence[int]) -> int:
        """A list with its length in front."""
        return self.ints([len(values), *values])

    def label(self, text: str) -> int:
        """The number of a name that the log may mention as a cause."""
        if text not in self.labels:
            self.labels.append(text)
        return self.labels.index(text)

    def site(self, name: str) -> int:
        """A decision's place among the sites; the same name twice, or two with one hash, would share their luck."""
        hashes = {site_hash(known): known for known in self.sites}
        if site_hash(name) in hashes:
            raise EngraftError(
                f'two decisions have the address "{name}" ("{hashes[site_hash(name)]}"); give one a site: of its own'
            )
        self.sites.append(name)
        return len(self.sites) - 1

    def slot(self, kind: int, index: int) -> int:
        """A timer slot; slots must be asked for in the order in which they go at one tick."""
        self.slots.append((kind, index))
        return len(self.slots) - 1

    def bit(self, kind: str, name: object) -> int:
        """The dirty bit of something that expressions read; the last bit is shared when there are too many."""
        key = (kind, name)
        if key not in self._bits:
            self._bits[key] = min(len(self._bits), _DIRTY_BITS)
        return 1 << self._bits[key]

    def depends(self, *texts: str) -> int:
        """The dirty bits on which expressions depend."""
        mask = 0
        for text in texts:
            for kind, name in dependencies(parse(text), self.scope):
                mask |= self.bit(*_SAME_BIT.get(kind, lambda n, k=kind: (k, n))(name))
        return mask

    def expression(self, text: str, *, held: bool = False) -> int:
        """The place of an expression's code; ``held`` reads markers as hazards do, at their last knot."""
        return self.code(self.symbols(text), held=held)

    def symbols(self, text: str) -> list[tuple[str, object]]:
        """The stack code of an expression in symbols."""
        return postfix(parse(text), self.scope)

    def code(self, symbols: Sequence[tuple[str, object]], *, held: bool = False) -> int:
        """Lay down stack code once and return its place."""
        key = (("held", held), *symbols)
        if key not in self._code:
            self.stack = max(self.stack, max_stack(symbols))
            operations = _fused([self._operation(name, argument, held) for name, argument in symbols])
            self._code[key] = self.ints([len(operations), *(word for pair in operations for word in pair)])
        return self._code[key]

    def never(self, text: str) -> bool:
        """Whether a guard or a probability is zero in every state: what it guards is switched off."""
        return self.symbols(text) == [("const", 0.0)]

    def value(self, text: str) -> float:
        """The value of an expression of constants."""
        symbols = self.symbols(text)
        if len(symbols) != 1 or symbols[0][0] != "const":
            raise EngraftError(f'"{text}" must not depend on the patient here')
        return float(symbols[0][1])  # type: ignore[arg-type]

    def _operation(self, name: str, argument: object, held: bool) -> tuple[int, int]:
        if name in _OPERATORS:
            return _OPERATORS[name], at.FROM_STACK
        if name == "const":
            return at.OP_CONST, self.constant(argument)  # type: ignore[arg-type]
        if name in ("attribute", "flag"):
            return at.OP_VARIABLE, self.variables[name, str(argument)]
        if name == "result":
            return at.OP_VARIABLE, self.variables["attribute", str(argument)] + 1
        if name == "marker":
            place = self.variables["held", str(argument)] if held else self.markers[str(argument)]
            return (at.OP_VARIABLE if held else at.OP_MARKER), place
        if name == "within":
            return at.OP_WITHIN, self.windows[argument]  # type: ignore[index]
        if name == "band":
            return at.OP_BAND, self.floats([len(argument), *argument])  # type: ignore[misc, arg-type]
        if name == "cycle":
            return at.OP_CYCLE, 0
        places = {
            "counter": (at.OP_COUNTER, self.counters),
            "phase": (at.OP_PHASE, self.phases),
            "visited": (at.OP_VISITED, self.phases),
            "since": (at.OP_SINCE, self.events),
            "count": (at.OP_COUNT, self.events),
            "eradicated": (at.OP_ERADICATED, self.markers),
        }
        operation, names = places[name]
        return operation, names[str(argument)]


def _fused(operations: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Code in which an operation on two values reads a constant or a variable in its place, without the stack."""
    fused: list[tuple[int, int]] = []
    for operation, argument in operations:
        if operation >= at.OP_ADD and fused[-1][0] <= at.OP_VARIABLE:
            fused[-1] = operation, fused[-1][1]
        else:
            fused.append((operation, argument))
    return fused


_SAME_BIT = {
    "eradicated": lambda name: ("marker", name),
    "result": lambda name: ("attribute", name),
    "event_count": lambda name: ("event", name),
    "event_since": lambda name: ("event", name),
    "within": lambda name: ("event", name[0]),
}
