"""The functions of the expression language: arguments, types, units. Operators and names are checked elsewhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from sim.errors import did_you_mean
from sim.protocol.expression_scope import (
    Boolean,
    Number,
    Scope,
    States,
    Type,
    band_cuts,
    describe,
    state_words,
)
from sim.protocol.expression_tree import Call, DurationLiteral, Expression, ExpressionError, Name, unparse
from sim.protocol.expression_units import format_unit, parse_unit, root

USAGE = {
    "if": (3, 3, "if(condition, value, other value)"),
    "phase": (1, 1, "phase(NAME)"),
    "visited": (1, 1, "visited(NAME)"),
    "since": (1, 1, "since(event)"),
    "count": (1, 1, "count(event)"),
    "within": (2, 2, "within(event, 28 d)"),
    "band": (3, 99, "band(x, 16, 36, 56, 66)"),
    "eradicated": (1, 1, "eradicated(marker)"),
    "result": (1, 1, "result(attribute)"),
    "exp": (1, 1, "exp(x)"),
    "log": (1, 1, "log(x)"),
    "sqrt": (1, 1, "sqrt(x)"),
    "abs": (1, 1, "abs(x)"),
    "min": (2, 99, "min(a, b)"),
    "max": (2, 99, "max(a, b)"),
}
"""The functions of the language: fewest and most arguments, and how a call is written."""

Context = tuple[str, tuple[str, ...]] | None
"""Whose states a bare word may be, in words, and those states."""


class FunctionChecks(ABC):
    """The half of the type checker that knows the functions; the other half knows operators and names."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.errors: list[ExpressionError] = []

    def wrong(self, node: Expression, message: str) -> None:
        """Note an error at the start of a part and go on."""
        self.errors.append(ExpressionError(message, node.span[0]))

    @abstractmethod
    def infer(self, node: Expression, context: Context = None) -> Type | None:
        """The type of a part, or None where an error has been told."""

    @abstractmethod
    def condition(self, node: Expression) -> Type | None:
        """The type of a part that must be true or false."""

    @abstractmethod
    def number(self, node: Expression) -> Number | None:
        """The type of a part that must be a number, or a boolean that counts as one."""

    @abstractmethod
    def common(self, node: Expression, action: str, parts: Sequence[tuple[Expression, Number]]) -> Number | None:
        """The one unit of numbers that are added or compared."""

    @abstractmethod
    def fits(self, node: Expression, found: Type, expect: str | Type) -> None:
        """Note an error unless a part is what its place takes."""

    def call(self, node: Call, context: Context) -> Type | None:
        """The type of a call, whatever its function."""
        if node.function not in USAGE:
            message = f'"{node.function}" is not a function{did_you_mean(node.function, list(USAGE))}'
            if self.scope.type_of(node.function) is not None:
                message = f"{node.function} is not a function; write * for a product"
            elif node.function in self.scope.phases:
                message = f"{node.function} is a phase; write phase({node.function})"
            self.wrong(node, message)
            return None
        least, most, usage = USAGE[node.function]
        if not least <= len(node.arguments) <= most:
            self.wrong(node, f"{node.function}() does not take {len(node.arguments)} arguments; write {usage}")
            return None
        if node.function == "if":
            return self.choice(node, context)
        if node.function == "band":
            return self.band(node)
        if node.function in ("min", "max", "abs", "exp", "log", "sqrt"):
            return self.formula(node)
        return self.question(node)

    def question(self, node: Call) -> Type | None:
        """The functions that ask about the patient's course."""
        wanted: dict[str, tuple[str, Sequence[str]]] = {
            **dict.fromkeys(("phase", "visited"), ("phase", sorted(self.scope.phases))),
            **dict.fromkeys(("since", "count", "within"), ("event", sorted(self.scope.events))),
            "eradicated": ("marker", sorted(self.scope.markers)),
            "result": ("attribute", sorted(self.scope.attributes)),
        }
        kind, known = wanted[node.function]
        subject = node.arguments[0]
        right = isinstance(subject, Name) and subject.word in known
        if not isinstance(subject, Name):
            self.wrong(subject, f"{node.function}() takes the name of one {kind}, but {unparse(subject)} was found")
        elif not right:
            hint = f'"{subject.word}" is not a declared {kind}{did_you_mean(subject.word, known)}'
            if kind == "event" and subject.word in self.scope.phases:
                hint = f"{subject.word} is a phase, not an event; write visited({subject.word}) or an event it emits"
            elif kind == "phase" and subject.word in self.scope.events:
                hint = f"{subject.word} is an event, not a phase; write count({subject.word}) > 0"
            self.wrong(subject, hint)
        if node.function == "within":
            right = self.constant_duration(node.arguments[1]) and right
        if not right:
            return None
        return {"since": Number("days"), "count": Number("none")}.get(node.function, Boolean())

    def constant_duration(self, node: Expression) -> bool:
        """Whether a part is a duration known before any patient exists; notes an error where not."""
        known = len(self.errors)
        found = self.infer(node)
        if found is not None:
            self.fits(node, found, "duration")
        if len(self.errors) == known and not self.scope.is_constant(node):
            self.wrong(
                node, f"within() takes a constant duration, but {unparse(node)} differs between patients or in time"
            )
        return len(self.errors) == known

    def choice(self, node: Call, context: Context) -> Type | None:
        """The type of ``if(condition, a, b)``: both alternatives are of one kind."""
        condition, one, two = node.arguments
        known = self.condition(condition)
        words = state_words(node, self.scope)
        if context is None and words:
            context = ("the other alternative", words)
        a, b = self.infer(one, context), self.infer(two, context)
        if a is None or b is None or known is None:
            return None
        if isinstance(a, Number) and isinstance(b, Number):
            return self.common(node, "if", [(one, a), (two, b)])
        if type(a) is not type(b) or (isinstance(a, States) and isinstance(b, States) and set(a.words) != set(b.words)):
            sides = f"{unparse(one)} is {describe(a)}, {unparse(two)} is {describe(b)}"
            self.wrong(node, f"{sides}; both alternatives of if() must be of one kind")
            return None
        return a

    def band(self, node: Call) -> Type | None:
        """The type of ``band(x, c1, .., ck)``: states, one for each pair of neighbouring limits."""
        subject = self.number(node.arguments[0])
        cuts = band_cuts(node)
        if cuts is None:
            self.wrong(
                node.arguments[1],
                "the limits of band() are at least two rising bare numbers, as in band(age, 16, 36, 66)",
            )
            return None
        for cut in node.arguments[1:]:
            if subject is not None and isinstance(cut, DurationLiteral):
                self.common(cut, "compare", [(node.arguments[0], subject), (cut, Number("days"))])
        return None if subject is None else States(state_words(node, self.scope) or ())

    def formula(self, node: Call) -> Type | None:
        """The type of exp, log, sqrt, abs, min and max."""
        parts = [(argument, self.number(argument)) for argument in node.arguments]
        known = [(argument, found) for argument, found in parts if found is not None]
        if len(known) < len(parts):
            return None
        argument, found = known[0]
        if node.function in ("min", "max"):
            return self.common(node, node.function, known)
        if node.function == "abs" or found.literal or (node.function == "sqrt" and found.unit is None):
            return found
        factors = parse_unit(found.unit or "none")
        if node.function == "sqrt":
            halved = root(factors)
            if halved is None:
                self.wrong(argument, f"{unparse(argument)} is {describe(found)}, which has no square root")
            return None if halved is None else Number(format_unit(halved))
        if factors:
            what = f"{unparse(argument)} is {describe(found)}"
            self.wrong(
                argument, f"{node.function}() takes a pure number, but {what}; multiply by a coefficient per unit"
            )
            return None
        return Number("none")
