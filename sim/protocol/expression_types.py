"""Names, types and units of expressions: what each part is, and everything that does not fit. Nothing is evaluated.

A bare number in a sum or comparison takes the unit of its neighbour; a value declared without a unit fits every unit;
in arithmetic a boolean counts as 0 or 1. Days, months and years are different units: an age of 60 is no duration.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.errors import did_you_mean
from sim.protocol.expression_functions import USAGE, Context, FunctionChecks
from sim.protocol.expression_scope import (
    Boolean,
    Number,
    Scope,
    States,
    Type,
    describe,
    open_words,
    state_words,
)
from sim.protocol.expression_tree import (
    COMPARISONS,
    MINUS_POWER,
    Binary,
    Call,
    DurationLiteral,
    Expression,
    ExpressionErrors,
    Membership,
    Name,
    NumberLiteral,
    TextLiteral,
    TruthLiteral,
    Unary,
    binding_power,
    unparse,
    walk,
)
from sim.protocol.expression_units import combine, format_unit, parse_unit
from sim.units import DAYS_PER_UNIT

__all__ = ["Boolean", "Number", "Scope", "States", "Type", "check", "is_continuous"]

_HINTS = {
    "time": "write since(enrolment) for the days since enrolment",
    "now": "write since(enrolment) for the days since enrolment",
    "day": "write since(enrolment) for the days since enrolment",
    "inf": "there is no literal for infinity",
    "None": "write result(attribute) to ask whether a result has arrived",
}
_VERBS = {"+": "added", "-": "subtracted", "min": "compared", "max": "compared", "if": "alternatives of one if()"}


def check(expression: Expression, scope: Scope, *, expect: str | Type | None = None) -> Type:
    """The type of an expression under the names of `scope`.

    Parameters
    ----------
    expect
        What is due: "boolean", "number", "duration", "states", the text of a unit (a number in it), or a type;
        ``States(words)`` lets bare words stand for those states. None takes any type.

    Raises
    ------
    ExpressionErrors
        Everything that is wrong, in the order of the text.
    """
    checker = _Checker(scope)
    context = ("the value due", expect.words) if isinstance(expect, States) else None
    found = checker.infer(expression, context)
    if found is not None and expect is not None:
        checker.fits(expression, found, expect)
    if checker.errors:
        raise ExpressionErrors(checker.errors)
    assert found is not None
    return found


def is_continuous(expression: Expression) -> bool:
    """Whether the value changes with the clock alone, without an event: it reads ``since()``.

    A hazard re-scales its integral at events only, so its guard and multipliers must say ``within(event, duration)``,
    whose expiry is an event. A marker counts as step-wise, because its reader says how often it is read.
    """
    return any(isinstance(node, Call) and node.function == "since" for node in walk(expression))


class _Checker(FunctionChecks):
    """One walk over one tree; a part that is wrong has the type None, so that its error is told once."""

    def infer(self, node: Expression, context: Context = None) -> Type | None:
        match node:
            case NumberLiteral():
                return Number(literal=True)
            case DurationLiteral():
                return Number("days")
            case TruthLiteral():
                return Boolean()
            case TextLiteral():
                return self.word(node, node.value, context) if context else States((node.value,))
            case Name():
                return self.name(node, context)
            case Unary(operator="not"):
                return self.condition(node.operand)
            case Unary():
                return self.number(node.operand)
            case Binary(operator="and" | "or"):
                sides = (self.condition(node.left), self.condition(node.right))
                return None if None in sides else Boolean()
            case Binary() if node.operator in COMPARISONS:
                return self.comparison(node, node.operator, node.left, [node.right])
            case Binary():
                return self.arithmetic(node)
            case Membership():
                return self.comparison(node, "==", node.operand, node.options)
            case Call():
                return self.call(node, context)

    # Names and words

    def name(self, node: Name, context: Context) -> Type | None:
        declared = self.scope.type_of(node.word)
        if context and node.word in context[1]:
            if isinstance(declared, States):
                self.wrong(
                    node, f"{node.word} is declared and is a state of {context[0]}; write '{node.word}' for the state"
                )
                return None
            return States(context[1])
        if declared is not None:
            return declared
        if node.word == "cycle":
            return Number("none")
        if context:
            return self.word(node, node.word, context)
        self.wrong(node, self.unknown(node.word))
        return None

    def word(self, node: Expression, word: str, context: tuple[str, tuple[str, ...]]) -> Type | None:
        owner, words = context
        if word in words:
            return States(words)
        self.wrong(node, f'"{word}" is not a state of {owner}{did_you_mean(word, words)}')
        return None

    def unknown(self, word: str) -> str:
        if word in self.scope.phases:
            return f"{word} is a phase; write phase({word}) while in it, visited({word}) once it was entered"
        if word in self.scope.events:
            return f"{word} is an event; write count({word}), since({word}) or within({word}, 28 d)"
        if word in _HINTS:
            return f'"{word}" is not offered; {_HINTS[word]}'
        if word in USAGE:
            return f"{word} is a function; write {USAGE[word][2]}"
        return f'"{word}" is not declared{did_you_mean(word, [*self.scope.names(), "cycle"])}'

    # What is due

    def condition(self, node: Expression) -> Type | None:
        found = self.infer(node)
        if found is not None:
            self.fits(node, found, "boolean")
        return found if isinstance(found, Boolean) else None

    def number(self, node: Expression) -> Number | None:
        found = self.infer(node)
        if isinstance(found, Boolean):
            return Number(literal=True)
        if isinstance(found, States):
            self.wrong(node, f"a number is due, but {unparse(node)} is {describe(found)}")
            return None
        return found

    def fits(self, node: Expression, found: Type, expect: str | Type) -> None:
        """Whether the whole expression is what the place in the document takes."""
        text = unparse(node)
        if expect == "boolean" or isinstance(expect, Boolean):
            if not isinstance(found, Boolean):
                operand = text if binding_power(node) >= MINUS_POWER else f"({text})"
                cure = f"{operand} > 0" if isinstance(found, Number) else f"{operand} == {found.words[0]}"
                self.wrong(node, f"a condition is due, but {text} is {describe(found)}; write {cure}")
        elif expect == "states" or isinstance(expect, States):
            if not isinstance(found, States):
                self.wrong(node, f"a state word is due, but {text} is {describe(found)}")
            elif isinstance(expect, States) and not set(found.words) <= set(expect.words):
                self.wrong(node, f"one of {', '.join(expect.words)} is due, but {text} is {describe(found)}")
        elif not isinstance(found, Number):
            cure = f"; write if({text}, 1, 0)" if isinstance(found, Boolean) else ""
            self.wrong(node, f"a number is due, but {text} is {describe(found)}{cure}")
        elif expect == "duration":
            if found.literal and not (isinstance(node, NumberLiteral) and node.value == 0):
                self.wrong(node, f'a duration is due, but {text} is a bare number; write its unit, as in "28 d"')
            elif not found.literal and not _agree(found, Number("days")):
                self.wrong(node, f"a duration is due, but {text} is {describe(found)}; a duration is in days")
        elif expect != "number":
            due = expect if isinstance(expect, Number) else Number(str(expect))
            if not _agree(found, due):
                value = describe(due) if describe(due).startswith("a") else f"a value {describe(due)}"
                self.wrong(node, f"{value} is due, but {text} is {describe(found)}")

    # Operators

    def arithmetic(self, node: Binary) -> Type | None:
        left, right = self.number(node.left), self.number(node.right)
        if left is None or right is None:
            return None
        if node.operator in "+-":
            return self.common(node, node.operator, [(node.left, left), (node.right, right)])
        if left.literal and right.literal:
            return left
        sign = 1 if node.operator == "*" else -1
        units = ["none" if side.literal else side.unit for side in (left, right)]
        if units[0] is None or units[1] is None:
            return Number()
        return Number(format_unit(combine(parse_unit(units[0]), parse_unit(units[1]), sign)))

    def common(self, node: Expression, action: str, parts: Sequence[tuple[Expression, Number]]) -> Number | None:
        """The one unit of numbers that are added or compared."""
        first, unit = parts[0]
        for other, found in parts[1:]:
            if not _agree(unit, found):
                self.disagree(node, action, (first, unit), (other, found))
                return None
            if unit.literal or (unit.unit is None and not found.literal):
                first, unit = other, found
        return unit

    def disagree(
        self, node: Expression, action: str, left: tuple[Expression, Number], right: tuple[Expression, Number]
    ) -> None:
        sides = ", ".join(f"{unparse(part)} is {describe(found)}" for part, found in (left, right))
        cure = f"they cannot be {_VERBS.get(action, 'compared')}"
        for (duration, _), (_, other) in ((left, right), (right, left)):
            unit = " ".join(parse_unit(other.unit or ""))
            if (
                isinstance(duration, DurationLiteral)
                and parse_unit(other.unit or "") == {unit: 1}
                and unit in DAYS_PER_UNIT
            ):
                cure = f"write {duration.days / DAYS_PER_UNIT[unit]:g}"
        self.wrong(node, f"{sides}; {cure}")

    def comparison(
        self, node: Expression, operator: str, left: Expression, rights: Sequence[Expression]
    ) -> Type | None:
        words = state_words(left, self.scope)
        if words:
            found = [self.infer(left), *(self.infer(right, (unparse(left), words)) for right in rights)]
        elif len(rights) == 1 and (words := state_words(rights[0], self.scope)):
            found = [self.infer(left, (unparse(rights[0]), words)), self.infer(rights[0])]
        else:
            found = [self.infer(left), *(self.infer(right) for right in rights)]
        if None in found:
            return None
        known = len(self.errors)
        for right, kind in zip(rights, found[1:], strict=True):
            self.comparable(node, operator, (left, found[0]), (right, kind))
        return Boolean() if len(self.errors) == known else None

    def comparable(
        self, node: Expression, operator: str, one: tuple[Expression, Type | None], two: tuple[Expression, Type | None]
    ) -> None:
        (left, a), (right, b) = one, two
        if isinstance(a, Number) and isinstance(b, Number):
            self.common(node, "compare", [(left, a), (right, b)])
        elif isinstance(a, States) and isinstance(b, States):
            if open_words(left) and open_words(right):
                self.wrong(
                    node, f"{unparse(left)} and {unparse(right)} are both fixed words; compare with something declared"
                )
            elif operator not in ("==", "!="):
                self.wrong(node, f"states have no order; write {unparse(left)} in (...) instead of {operator}")
            elif set(a.words) != set(b.words):
                what = f"{unparse(left)} is {describe(a)}, {unparse(right)} is {describe(b)}"
                self.wrong(node, f"{what}; only equal sets of states can be compared")
        elif isinstance(a, Boolean) and isinstance(b, Boolean):
            if operator not in ("==", "!="):
                self.wrong(node, f"true and false have no order; write and, or, not instead of {operator}")
        else:
            self.unlike(node, one, two)

    def unlike(
        self, node: Expression, one: tuple[Expression, Type | None], two: tuple[Expression, Type | None]
    ) -> None:
        cure = "they cannot be compared"
        for (this, kind), (that, other) in ((one, two), (two, one)):
            if isinstance(kind, Boolean) and isinstance(other, Number):
                cure = f"write {unparse(this)} or not {unparse(this)} alone"
            spelt = unparse(that).replace(" ", "")
            if isinstance(kind, States) and spelt in kind.words:
                cure = f"write '{spelt}' in quotes"
        what = ", ".join(f"{unparse(part)} is {describe(kind)}" for part, kind in (one, two) if kind is not None)
        self.wrong(node, f"{what}; {cure}")


def _agree(left: Number, right: Number) -> bool:
    if left.literal or right.literal or left.unit is None or right.unit is None:
        return True
    return parse_unit(left.unit) == parse_unit(right.unit)
