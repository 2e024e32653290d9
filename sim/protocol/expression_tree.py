"""The tree of the closed expression language: nodes, errors and canonical spelling. Text is not read here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sim.errors import EngraftError
from sim.units import DAYS_PER_UNIT

Span = tuple[int, int]


class ExpressionErrors(EngraftError):
    """Everything that is wrong in one expression, in the order of its text."""

    def __init__(self, errors: Sequence[ExpressionError]) -> None:
        self.errors: tuple[ExpressionError, ...] = tuple(sorted(errors, key=lambda error: error.offset))
        super().__init__("\n".join(error.message for error in self.errors))


class ExpressionError(ExpressionErrors):
    """One thing that is wrong in an expression; ``offset`` counts characters from 0."""

    def __init__(self, message: str, offset: int) -> None:
        self.message = message
        self.offset = offset
        super().__init__((self,))


@dataclass(frozen=True, slots=True)
class Node:
    """Any part of an expression; its place in the text, start and end, plays no part in equality."""

    span: Span = field(default=(0, 0), compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class NumberLiteral(Node):
    """A number without a sign; a negative number is a `Unary` minus of one."""

    value: float


@dataclass(frozen=True, slots=True)
class DurationLiteral(Node):
    """A duration as written, its unit in canonical spelling: d, weeks, months or y."""

    amount: float
    unit: str

    @property
    def days(self) -> float:
        """The duration in days."""
        return self.amount * DAYS_PER_UNIT[self.unit]


@dataclass(frozen=True, slots=True)
class TruthLiteral(Node):
    """``true`` or ``false``."""

    value: bool


@dataclass(frozen=True, slots=True)
class TextLiteral(Node):
    """A quoted word; there are no escapes, so it holds at most one kind of quote."""

    value: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A bare word: something declared in the protocol, or a state word."""

    word: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``not`` or unary minus."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """One infix operator: ``or and == != < <= > >= + - * /``."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Membership(Node):
    """``x in (a, b)`` or ``x not in (a, b)``."""

    operand: Expression
    options: tuple[Expression, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function and its arguments; whether the function exists is not known here."""

    function: str
    arguments: tuple[Expression, ...]


Expression = NumberLiteral | DurationLiteral | TruthLiteral | TextLiteral | Name | Unary | Binary | Membership | Call

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
NOT_POWER, COMPARISON_POWER, MINUS_POWER, PRIMARY_POWER = 3, 4, 7, 8
OPERATOR_POWER = {
    **{"or": 1, "and": 2, "+": 5, "-": 5, "*": 6, "/": 6},
    **dict.fromkeys(COMPARISONS | {"in", "not in"}, COMPARISON_POWER),
}
"""How tightly each infix operator binds; equal powers group from the left, comparisons do not group at all."""


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct parts of a node, in the order of the text."""
    match node:
        case Unary():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Membership():
            return (node.operand, *node.options)
        case Call():
            return node.arguments
    return ()


def walk(node: Expression) -> Iterator[Expression]:
    """A node and everything below it, in the order of the text."""
    yield node
    for child in children(node):
        yield from walk(child)


def format_number(value: float) -> str:
    """The shortest text that reads back as the same number, whole numbers without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def binding_power(node: Expression) -> int:
    """How tightly the outermost operator of a node binds."""
    match node:
        case Unary():
            return NOT_POWER if node.operator == "not" else MINUS_POWER
        case Binary():
            return OPERATOR_POWER[node.operator]
        case Membership():
            return COMPARISON_POWER
    return PRIMARY_POWER


def unparse(node: Expression) -> str:
    """The canonical text of an expression, without needless parentheses; parsing it gives the same tree."""

    def part(child: Expression, least: int) -> str:
        text = unparse(child)
        return text if binding_power(child) >= least else f"({text})"

    match node:
        case NumberLiteral():
            return format_number(node.value)
        case DurationLiteral():
            return f"{format_number(node.amount)} {node.unit}"
        case TruthLiteral():
            return "true" if node.value else "false"
        case TextLiteral():
            return f'"{node.value}"' if "'" in node.value else f"'{node.value}'"
        case Name():
            return node.word
        case Unary():
            return (
                f"not {part(node.operand, NOT_POWER)}"
                if node.operator == "not"
                else f"-{part(node.operand, MINUS_POWER)}"
            )
        case Binary():
            power = OPERATOR_POWER[node.operator]
            left = part(node.left, power + 1 if power == COMPARISON_POWER else power)
            return f"{left} {node.operator} {part(node.right, power + 1)}"
        case Membership():
            listed = ", ".join(unparse(option) for option in node.options)
            return f"{part(node.operand, COMPARISON_POWER + 1)} {'not in' if node.negated else 'in'} ({listed})"
        case Call():
            return f"{node.function}({', '.join(unparse(argument) for argument in node.arguments)})"
