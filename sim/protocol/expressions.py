"""The parser of the closed expression language: text to tree. Names, types and units are not looked up here.

The grammar, from loose to tight: ``or``; ``and``; ``not``; one comparison or ``in (...)``; ``+ -``; ``* /``; unary
minus; numbers, durations, quoted words, names, calls and parentheses. Nothing is ever handed to Python's own evaluator.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NoReturn

from sim.errors import did_you_mean
from sim.protocol.expression_tree import (
    COMPARISON_POWER,
    COMPARISONS,
    MINUS_POWER,
    NOT_POWER,
    OPERATOR_POWER,
    PRIMARY_POWER,
    Binary,
    Call,
    DurationLiteral,
    Expression,
    ExpressionError,
    ExpressionErrors,
    Membership,
    Name,
    NumberLiteral,
    TextLiteral,
    TruthLiteral,
    Unary,
    binding_power,
    children,
    unparse,
)
from sim.units import DAYS_PER_UNIT

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "RESERVED_WORDS",
    "Expression",
    "ExpressionError",
    "ExpressionErrors",
    "parse",
    "unparse",
]

MAX_LENGTH = 2000
MAX_DEPTH = 50
KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false"})
RESERVED_WORDS = KEYWORDS | {"if", "cycle", "time"}
"""Words that no parameter, switch, attribute, flag, marker, counter, phase or event may be called."""

_CANONICAL_UNIT = {1.0: "d", 7.0: "weeks", 30.4375: "months", 365.25: "y"}
_FOREIGN = {"=": "==", "&&": "and", "||": "or", "!": "not", "AND": "and", "OR": "or", "NOT": "not", "IN": "in"}

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<text>'[^'\n]*'|"[^"\n]*")
    |(?P<sign>==|!=|<=|>=|\*\*|&&|\|\||[-+*/<>(),=^!])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            character = text[at]
            if character in "'\"":
                raise ExpressionError("the quoted word is not closed", at)
            if character == "%":
                raise ExpressionError('"%" is not part of the language; write a share as a number, 0.9 for 90 %', at)
            if character == ".":
                raise ExpressionError(
                    '"." is not expected here; write a number with digits on both sides, as in 0.5', at
                )
            raise ExpressionError(f'"{character}" is not part of the language; put odd state words in quotes', at)
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), found[0], at)
        at = found.end()
    yield _Token("end", "", len(text))


class _Parser:
    """Operator-precedence (Pratt) parser over one text; holds nothing but its place in the tokens."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.index = 0
        self.nesting = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.index]

    def advance(self) -> _Token:
        token = self.token
        self.index += 1
        return token

    def whole(self) -> Expression:
        node = self.expression(0)
        if self.token.kind != "end":
            self.refuse_infix(self.token)
        return node

    def expression(self, minimum: int) -> Expression:
        """The longest expression from here whose operators bind at least as tightly as `minimum`."""
        self.nesting += 1
        # A tree of MAX_DEPTH needs two steps a level at most, one for the operand and one for its parentheses.
        if self.nesting > 2 * MAX_DEPTH + 1:
            _refuse_depth(self.token.start)
        left = self.prefix(minimum)
        compared = False
        while (operator := self.infix(left)) and OPERATOR_POWER[operator] >= minimum:
            power = OPERATOR_POWER[operator]
            if power == COMPARISON_POWER and compared:
                self.refuse_chain(left, operator)
            if power > COMPARISON_POWER and compared:
                message = f'put the comparison before "{operator}" in parentheses, as in ({unparse(left)}) {operator} 1'
                raise ExpressionError(message, self.token.start)
            compared = power == COMPARISON_POWER
            self.index += 2 if operator == "not in" else 1
            if operator in ("in", "not in"):
                options, end = self.options(left)
                left = Membership(left, options, operator == "not in", span=(left.span[0], end))
            else:
                right = self.expression(power + 1)
                left = Binary(operator, left, right, span=(left.span[0], right.span[1]))
        self.nesting -= 1
        return left

    def infix(self, left: Expression) -> str | None:
        token = self.token
        if token.text in ("**", "^"):
            factor = unparse(left) if binding_power(left) == PRIMARY_POWER else "x"
            reason = "engines and processors differ in the last bit of a power"
            raise ExpressionError(f"there is no power operator, as {reason}; write {factor} * {factor}", token.start)
        if token.kind == "word" and token.text == "not" and self.tokens[self.index + 1].text == "in":
            return "not in"
        return token.text if token.kind in ("word", "sign") and token.text in OPERATOR_POWER else None

    def prefix(self, minimum: int) -> Expression:
        token = self.advance()
        if token.kind == "sign" and token.text == "-":
            operand = self.expression(MINUS_POWER)
            return Unary("-", operand, span=(token.start, operand.span[1]))
        if token.kind == "sign" and token.text == "(":
            inner = self.expression(0)
            return replace(inner, span=(token.start, self.close(token)))
        if token.kind == "number":
            return self.number(token)
        if token.kind == "text":
            return TextLiteral(token.text[1:-1], span=(token.start, token.end))
        if token.kind == "word":
            return self.word(token, minimum)
        return self.refuse_prefix(token)

    def word(self, token: _Token, minimum: int) -> Expression:
        if token.text == "not":
            if minimum > NOT_POWER:
                raise ExpressionError('put "not" and what it denies in parentheses here, as in (not x)', token.start)
            operand = self.expression(NOT_POWER)
            return Unary("not", operand, span=(token.start, operand.span[1]))
        if token.text in ("true", "false"):
            return TruthLiteral(token.text == "true", span=(token.start, token.end))
        if token.text in KEYWORDS:
            self.refuse_prefix(token)
        if self.token.text == "(" and self.token.kind == "sign":
            opening = self.advance()
            empty = self.token.kind == "sign" and self.token.text == ")"
            arguments = () if empty else self.several()
            return Call(token.text, arguments, span=(token.start, self.close(opening)))
        return Name(token.text, span=(token.start, token.end))

    def number(self, token: _Token) -> Expression:
        value = float(token.text)
        if not math.isfinite(value):
            raise ExpressionError(f"{token.text} is too large for a number", token.start)
        unit = self.token
        if unit.kind != "word" or unit.text in KEYWORDS:
            return NumberLiteral(value, span=(token.start, token.end))
        if unit.text not in DAYS_PER_UNIT:
            if unit.text in _FOREIGN:
                self.refuse_infix(unit)
            known = did_you_mean(unit.text, [word for word in DAYS_PER_UNIT if len(word) > 1])
            cure = known if "did you mean" in known else f"; write {token.text} * {unit.text} for a product"
            raise ExpressionError(f'"{unit.text}" is not a unit of time{cure}', unit.start)
        self.index += 1
        duration = DurationLiteral(value, _CANONICAL_UNIT[DAYS_PER_UNIT[unit.text]], span=(token.start, unit.end))
        if not math.isfinite(duration.days):
            raise ExpressionError(f"{token.text} {unit.text} is too long for a duration", token.start)
        return duration

    def options(self, operand: Expression) -> tuple[tuple[Expression, ...], int]:
        opening = self.token
        if opening.kind != "sign" or opening.text != "(":
            example = unparse(operand) if binding_power(operand) == PRIMARY_POWER else "x"
            raise ExpressionError(f'"in" needs a list in parentheses, as in {example} in (a, b)', opening.start)
        self.index += 1
        return self.several(), self.close(opening)

    def several(self) -> tuple[Expression, ...]:
        items = [self.expression(0)]
        while self.token.kind == "sign" and self.token.text == ",":
            self.index += 1
            items.append(self.expression(0))
        return tuple(items)

    def close(self, opening: _Token) -> int:
        """Where the parenthesis that `opening` opened ends."""
        if self.token.kind == "end":
            raise ExpressionError("this parenthesis is not closed", opening.start)
        if self.token.kind != "sign" or self.token.text != ")":
            self.refuse_infix(self.token)
        return self.advance().end

    def refuse_prefix(self, token: _Token) -> NoReturn:
        if token.kind == "end":
            what = "a value is due, but the expression ends here" if len(self.tokens) > 1 else "the expression is empty"
            raise ExpressionError(what, token.start)
        if token.text in _FOREIGN and token.text != "=":
            raise ExpressionError(f'"{token.text}" is not expected here; write {_FOREIGN[token.text]}', token.start)
        raise ExpressionError(f'a value is due, but "{token.text}" was found', token.start)

    def refuse_infix(self, token: _Token) -> NoReturn:
        if token.text in _FOREIGN:
            raise ExpressionError(f'"{token.text}" is not an operator; write {_FOREIGN[token.text]}', token.start)
        if token.text == ")":
            raise ExpressionError("this parenthesis was never opened", token.start)
        if token.text == ",":
            raise ExpressionError('"," is not expected here; lists belong after "in" and in calls', token.start)
        raise ExpressionError(f"an operator is due before {token.text}, such as and, or, ==, +, *", token.start)

    def refuse_chain(self, left: Expression, operator: str) -> NoReturn:
        token = self.advance()
        cure = "a < b and b < c"
        if isinstance(left, Binary) and operator in COMPARISONS:
            cure = (
                f"{unparse(left)} and {unparse(left.right)} {operator} {unparse(self.expression(COMPARISON_POWER + 1))}"
            )
        raise ExpressionError(f"comparisons cannot be chained; write {cure}", token.start)


def _refuse_depth(offset: int) -> NoReturn:
    message = f"the expression is nested more than {MAX_DEPTH} deep; give parts of it a name as derived attributes"
    raise ExpressionError(message, offset)


def parse(text: str) -> Expression:
    """The tree of an expression.

    Raises
    ------
    ExpressionError
        The text is no expression, is longer than `MAX_LENGTH` characters or nested more than `MAX_DEPTH` deep.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression has {len(text)} characters; at most {MAX_LENGTH} are read", MAX_LENGTH)
    node = _Parser(text).whole()
    level: list[Expression] = [node]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in children(parent)]
    if level:
        _refuse_depth(min(deep.span[0] for deep in level))
    return node
