"""Constant folding: parameters and switches become values, and alternatives that are switched off disappear."""

from __future__ import annotations

import math
from dataclasses import replace

from sim.protocol.expression_scope import Scope, state_words
from sim.protocol.expression_tree import (
    Binary,
    Call,
    DurationLiteral,
    Expression,
    ExpressionError,
    ExpressionErrors,
    Membership,
    Name,
    NumberLiteral,
    Span,
    TextLiteral,
    TruthLiteral,
    Unary,
    children,
    unparse,
)
from sim.protocol.expression_values import Value, evaluate, is_state_word
from sim.units import LONGEST_DAYS


def fold(expression: Expression, scope: Scope, *, states: tuple[str, ...] | None = None) -> Expression:
    """A checked expression with every constant part worked out, in the order of its operations.

    Units are gone from the result (a duration is its days) and state words are quoted: it is meant for code and for
    ``is_continuous``, not for another check.

    Parameters
    ----------
    states
        The states that bare words may stand for where the whole expression is a state word.

    Raises
    ------
    ExpressionErrors
        A constant part has no finite value: division by zero, log of a number that is not positive, overflow; or a
        ``within()`` has a duration that is not positive.
    """
    folder = _Folder(scope)
    folded = folder.fold(expression, states or state_words(expression, scope) or ())
    if folder.errors:
        raise ExpressionErrors(folder.errors)
    return folded


class _Folder:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.errors: list[ExpressionError] = []

    def wrong(self, node: Expression, message: str) -> None:
        self.errors.append(ExpressionError(message, node.span[0]))

    def fold(self, node: Expression, words: tuple[str, ...] = ()) -> Expression:
        match node:
            case DurationLiteral():
                return NumberLiteral(node.days, span=node.span)
            case Name():
                return self.name(node, words)
            case Unary():
                return self.worked_out(replace(node, operand=self.fold(node.operand)))
            case Binary(operator="and" | "or"):
                return self.logic(node)
            case Binary():
                words = state_words(node.left, self.scope) or state_words(node.right, self.scope) or ()
                left, right = self.fold(node.left, words), self.fold(node.right, words)
                if node.operator == "/" and _constant(right) == 0:
                    self.wrong(node.right, f"division by zero: {unparse(node.right)} is 0")
                    return node
                return self.worked_out(replace(node, left=left, right=right))
            case Membership():
                words = state_words(node.operand, self.scope) or ()
                options = tuple(self.fold(option, words) for option in node.options)
                return self.worked_out(replace(node, operand=self.fold(node.operand, words), options=options))
            case Call():
                return self.call(node, words)
        return node

    def name(self, node: Name, words: tuple[str, ...]) -> Expression:
        if is_state_word(node.word, words, self.scope):
            return TextLiteral(node.word, span=node.span)
        match self.scope.kind(node.word):
            case "parameter":
                return _literal(float(self.scope.parameters[node.word][0]), node.span)
            case "switch":
                return _literal(self.scope.switches[node.word][0], node.span)
        return node

    def logic(self, node: Binary) -> Expression:
        """``and`` / ``or`` with a constant side: the other side is dropped, or is the value."""
        decisive = node.operator == "or"
        left = self.fold(node.left)
        if isinstance(left, TruthLiteral):
            return replace(left, span=node.span) if left.value is decisive else self.fold(node.right)
        right = self.fold(node.right)
        if isinstance(right, TruthLiteral):
            return replace(right, span=node.span) if right.value is decisive else left
        return replace(node, left=left, right=right)

    def call(self, node: Call, words: tuple[str, ...]) -> Expression:
        if node.function == "if":
            words = words or state_words(node, self.scope) or ()
            condition = self.fold(node.arguments[0])
            if isinstance(condition, TruthLiteral):
                return self.fold(node.arguments[1 if condition.value else 2], words)
            branches = (self.fold(branch, words) for branch in node.arguments[1:])
            return replace(node, arguments=(condition, *branches))
        if node.function == "within":
            duration = self.fold(node.arguments[1])
            days = _constant(duration)
            if days is not None and not float(days) > 0:
                self.wrong(node.arguments[1], f"the duration of within() is {float(days):g} days; it must be positive")
            elif days is not None and float(days) >= LONGEST_DAYS:
                self.wrong(node.arguments[1], f"the duration of within() is {float(days):g} days; write a shorter one")
            return replace(node, arguments=(node.arguments[0], duration))
        if node.function in ("phase", "visited", "since", "count", "eradicated", "result"):
            return node
        arguments = tuple(self.fold(argument) for argument in node.arguments)
        value = _constant(arguments[0])
        if node.function == "log" and value is not None and float(value) <= 0:
            self.wrong(node.arguments[0], f"log of {float(value):g}, which is not positive")
            return node
        if node.function == "sqrt" and value is not None and float(value) < 0:
            self.wrong(node.arguments[0], f"square root of {float(value):g}, which is negative")
            return node
        return self.worked_out(replace(node, arguments=arguments))

    def worked_out(self, node: Expression) -> Expression:
        """The literal that a node stands for, where all its parts are literals."""
        if isinstance(node, Unary) and node.operator == "-" and isinstance(node.operand, NumberLiteral):
            return node
        if any(_constant(part) is None for part in children(node)):
            return node
        value = evaluate(node, self.scope, {})
        if not isinstance(value, str) and not math.isfinite(value):
            self.wrong(node, f"the value of {unparse(node)} is too large for a number")
            return node
        return _literal(value, node.span)


def _constant(node: Expression) -> Value | None:
    match node:
        case NumberLiteral() | TruthLiteral() | TextLiteral():
            return node.value
        case Unary(operator="-", operand=NumberLiteral(value=value)):
            return -value
    return None


def _literal(value: Value, span: Span) -> Expression:
    if isinstance(value, bool):
        return TruthLiteral(value, span=span)
    if isinstance(value, str):
        return TextLiteral(value, span=span)
    number = NumberLiteral(abs(value), span=span)
    return Unary("-", number, span=span) if math.copysign(1.0, value) < 0 else number
