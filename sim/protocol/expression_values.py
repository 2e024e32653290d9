"""The plain evaluator of expressions, straight on the tree: the oracle for stack code. Nothing is checked here."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import cast

from sim.protocol.expression_scope import Scope, States, band_cuts, band_words, state_words
from sim.protocol.expression_tree import (
    Binary,
    Call,
    DurationLiteral,
    Expression,
    Membership,
    Name,
    NumberLiteral,
    TextLiteral,
    TruthLiteral,
    Unary,
)

Value = float | bool | str


def divide(left: float, right: float) -> float:
    """A quotient as IEEE 754 has it: infinite or not a number where the divisor is 0."""
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def exponential(power: float) -> float:
    """exp, infinite where it is too large for a number."""
    try:
        return math.exp(power)
    except OverflowError:
        return math.inf


def logarithm(value: float) -> float:
    """The natural logarithm, minus infinity at 0 and not a number below."""
    if value > 0:
        return math.log(value)
    return -math.inf if value == 0 else math.nan


def square_root(value: float) -> float:
    """The square root, not a number below 0."""
    return math.sqrt(value) if value >= 0 else math.nan


def minimum(first: float, second: float) -> float:
    """The smaller of two; the first where they do not compare."""
    return second if second < first else first


def maximum(first: float, second: float) -> float:
    """The larger of two; the first where they do not compare."""
    return second if second > first else first


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
    "min": minimum,
    "max": maximum,
}
COMPARE: dict[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FORMULA: dict[str, Callable[[float], float]] = {
    "exp": exponential,
    "log": logarithm,
    "sqrt": square_root,
    "abs": abs,
}


def band_index(value: float, cuts: tuple[float, ...]) -> int:
    """Which of the bands [cut, next cut) holds a value; the number of bands where none does."""
    for index in range(len(cuts) - 1):
        if cuts[index] <= value < cuts[index + 1]:
            return index
    return len(cuts) - 1


def evaluate(
    expression: Expression,
    scope: Scope,
    values: Mapping[tuple[str, object], Value],
    *,
    states: tuple[str, ...] | None = None,
) -> Value:
    """The value of a checked expression for one patient at one time; slow and plain.

    Parameters
    ----------
    values
        What the expression reads, by the instruction of stack code that reads it: ``("attribute", "age"): 43.0``,
        ``("flag", "in_remission"): True``, ``("within", ("relapse", 28.0)): False``, ``("cycle", None): 2.0``; the
        value of an attribute with states is its word.
    states
        The states that bare words may stand for where the whole expression is a state word.
    """
    return _Evaluator(scope, values).value(expression, states or state_words(expression, scope) or ())


class _Evaluator:
    def __init__(self, scope: Scope, values: Mapping[tuple[str, object], Value]) -> None:
        self.scope = scope
        self.values = values

    def number(self, node: Expression) -> float:
        return float(self.value(node))

    def value(self, node: Expression, words: tuple[str, ...] = ()) -> Value:
        match node:
            case NumberLiteral() | TruthLiteral() | TextLiteral():
                return node.value
            case DurationLiteral():
                return node.days
            case Name():
                return self.name(node.word, words)
            case Unary(operator="not"):
                return not self.value(node.operand)
            case Unary():
                return -self.number(node.operand)
            case Binary(operator="and"):
                return bool(self.value(node.left)) and bool(self.value(node.right))
            case Binary(operator="or"):
                return bool(self.value(node.left)) or bool(self.value(node.right))
            case Binary() if node.operator in COMPARE:
                words = state_words(node.left, self.scope) or state_words(node.right, self.scope) or ()
                return COMPARE[node.operator](self.value(node.left, words), self.value(node.right, words))
            case Binary():
                return ARITHMETIC[node.operator](self.number(node.left), self.number(node.right))
            case Membership():
                words = state_words(node.operand, self.scope) or ()
                operand = self.value(node.operand, words)
                return any(operand == self.value(option, words) for option in node.options) != node.negated
            case Call():
                return self.call(node, words)

    def name(self, word: str, words: tuple[str, ...]) -> Value:
        if is_state_word(word, words, self.scope):
            return word
        match self.scope.kind(word):
            case "parameter":
                return float(self.scope.parameters[word][0])
            case "switch":
                return self.scope.switches[word][0]
            case None:
                return self.values["cycle", None]
            case kind:
                return self.values[kind, word]

    def call(self, node: Call, words: tuple[str, ...]) -> Value:
        first = node.arguments[0]
        match node.function:
            case "if":
                words = words or state_words(node, self.scope) or ()
                return self.value(node.arguments[1 if self.value(first) else 2], words)
            case "band":
                cuts = cast("tuple[float, ...]", band_cuts(node))
                return band_words(cuts)[band_index(self.number(first), cuts)]
            case "min" | "max":
                found = self.number(first)
                for argument in node.arguments[1:]:
                    found = ARITHMETIC[node.function](found, self.number(argument))
                return found
            case "exp" | "log" | "sqrt" | "abs":
                return FORMULA[node.function](self.number(first))
        name = cast("Name", first).word
        if node.function == "within":
            return self.values["within", (name, self.number(node.arguments[1]))]
        return self.values[node.function, name]


def is_state_word(word: str, words: tuple[str, ...], scope: Scope) -> bool:
    """Whether a bare word stands for a state where `words` are the states it may be."""
    return word in words and not isinstance(scope.type_of(word), States)
