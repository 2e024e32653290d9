"""Whether guards can hold at all, by trying every combination of what they ask. No course is explored here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from sim.protocol.course import open_switches
from sim.protocol.expression_fold import fold
from sim.protocol.expression_scope import Scope, state_words
from sim.protocol.expression_tree import Binary, Expression, Membership, TextLiteral, TruthLiteral, Unary, unparse
from sim.protocol.expressions import ExpressionErrors

MOST_COMBINATIONS = 256

Answers = Mapping[str, str | bool]


def can_hold(guards: Sequence[Expression], scope: Scope) -> list[bool]:
    """For each guard whether some patient can meet it who meets none of those before it.

    A state attribute takes each of its words; every other question (a flag, ``age > 60``) is true or false as a whole.
    Parameters have their values; switches are open. With more questions than can be tried, the answer is yes.
    """
    opened = open_switches(scope)
    try:
        folded = [fold(guard, opened) for guard in guards]
    except ExpressionErrors:
        return [True] * len(guards)
    domains: dict[str, tuple[str | bool, ...]] = {}
    for guard in folded:
        for question, answers in _questions(guard, opened):
            domains.setdefault(question, answers)
    combinations = 1
    for answers in domains.values():
        combinations *= len(answers)
    if combinations > MOST_COMBINATIONS:
        return [True] * len(guards)
    found = [False] * len(guards)
    for answers in product(*domains.values()):
        given = dict(zip(domains, answers, strict=True))
        for index, guard in enumerate(folded):
            if _holds(guard, given, opened):
                found[index] = True
                break
    return found


def _questions(node: Expression, scope: Scope) -> Iterator[tuple[str, tuple[str | bool, ...]]]:
    """What a folded guard asks, with the answers there are."""
    match node:
        case TruthLiteral():
            return
        case Unary(operator="not"):
            yield from _questions(node.operand, scope)
        case Binary(operator="and" | "or"):
            yield from _questions(node.left, scope)
            yield from _questions(node.right, scope)
        case _:
            subject, words = _state(node, scope)
            yield (subject, words) if words else (unparse(node), (True, False))


def _state(node: Expression, scope: Scope) -> tuple[str, tuple[str, ...]]:
    """The state that a comparison with fixed words asks for, with its words; no words for any other question."""
    match node:
        case Binary(operator="==" | "!=", left=subject, right=TextLiteral()):
            return unparse(subject), state_words(subject, scope) or ()
        case Binary(operator="==" | "!=", left=TextLiteral(), right=subject):
            return unparse(subject), state_words(subject, scope) or ()
        case Membership(operand=subject, options=options) if all(isinstance(word, TextLiteral) for word in options):
            return unparse(subject), state_words(subject, scope) or ()
    return "", ()


def _holds(node: Expression, given: Answers, scope: Scope) -> bool:
    match node:
        case TruthLiteral():
            return node.value
        case Unary(operator="not"):
            return not _holds(node.operand, given, scope)
        case Binary(operator="and"):
            return _holds(node.left, given, scope) and _holds(node.right, given, scope)
        case Binary(operator="or"):
            return _holds(node.left, given, scope) or _holds(node.right, given, scope)
    subject, words = _state(node, scope)
    if not words:
        return bool(given[unparse(node)])
    if isinstance(node, Membership):
        among = given[subject] in [word.value for word in node.options if isinstance(word, TextLiteral)]
        return among != node.negated
    assert isinstance(node, Binary)
    word = node.right if isinstance(node.right, TextLiteral) else node.left
    assert isinstance(word, TextLiteral)
    return (given[subject] == word.value) == (node.operator == "==")
