"""From a checked expression to dependencies and stack code. Nothing is checked here, and no patient's value is known.

Every function takes an expression that `expression_types.check` has accepted under the same scope. Arithmetic is that
of IEEE 754 and never stops: x / 0 is infinite or not a number, log(0) is minus infinity, log and sqrt of a negative
number are not a number. So both sides of ``and``, ``or`` and ``if`` can be evaluated at no risk, and stack code has no
jumps.
A constant that comes out so is an error all the same, because the author can see to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sim.protocol.expression_fold import fold
from sim.protocol.expression_scope import Scope, band_cuts, open_words, state_words
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
    walk,
)
from sim.protocol.expression_values import evaluate

__all__ = ["Code", "constants_used", "dependencies", "evaluate", "fold", "max_stack", "postfix"]

Code = list[tuple[str, object]]
"""Stack code: an instruction and its argument; booleans are 0.0 and 1.0, a state is its index."""

OPERATORS = {
    **{"+": "add", "-": "sub", "*": "mul", "/": "div", "and": "and", "or": "or"},
    **{"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"},
}
_TAKES = {
    **dict.fromkeys(OPERATORS.values(), 2),
    **dict.fromkeys(("min", "max"), 2),
    **dict.fromkeys(("neg", "not", "abs", "exp", "log", "sqrt", "band"), 1),
    "if": 3,
}
_DEPENDENCY = {"since": "event_since", "count": "event_count"}


def postfix(expression: Expression, scope: Scope, *, states: tuple[str, ...] | None = None) -> Code:
    """Stack code of an expression, its constants folded.

    Parameters
    ----------
    states
        The states into which the index of a state-valued expression points; by default those of its own type.

    Returns
    -------
    list of (instruction, argument)
        Leaves push one value: ``const`` float; ``attribute``, ``flag``, ``marker``, ``counter``, ``phase``,
        ``visited``, ``since``, ``count``, ``eradicated``, ``result`` with a name; ``within`` with (event, days);
        ``cycle`` with None.
        Operators (argument None) take their operands from the stack, the last on top: ``add sub mul div lt le gt ge eq
        ne and or min max`` two, ``neg not abs exp log sqrt`` one, ``if`` three (condition, value, other value).
        ``band`` (its limits) takes a number and gives the index of its band, that of "outside" being the last.
        ``min`` is ``b if b < a else a``, ``max`` is ``b if b > a else a``.

    Raises
    ------
    ExpressionErrors
        A constant part has no finite value.
    """
    target = states or state_words(expression, scope) or open_words(expression)
    return _Emitter(scope).code(fold(expression, scope, states=target), target)


def dependencies(
    expression: Expression, scope: Scope, *, states: tuple[str, ...] | None = None
) -> frozenset[tuple[str, object]]:
    """What an expression reads once its constants are folded: an alternative that is switched off does not count.

    Pairs of a kind and a name; kinds are attribute, flag, marker, counter, phase, visited, event_count, event_since,
    within (whose name is a pair of event and days), cycle (None), eradicated and result.
    """
    reads = [part for part in postfix(expression, scope, states=states) if part[0] not in {*_TAKES, "const"}]
    return frozenset((_DEPENDENCY.get(name, name), what) for name, what in reads)


def constants_used(expression: Expression, scope: Scope) -> frozenset[tuple[str, str]]:
    """The parameters and switches that an expression names, as pairs of "parameter" or "switch" and the name."""
    named = ((scope.kind(node.word), node.word) for node in walk(expression) if isinstance(node, Name))
    return frozenset((kind, word) for kind, word in named if kind in ("parameter", "switch"))


def max_stack(code: Iterable[tuple[str, object]]) -> int:
    """The most values that stack code holds at once."""
    height = highest = 0
    for name, _ in code:
        height += 1 - _TAKES.get(name, 0)
        highest = max(highest, height)
    return highest


class _Emitter:
    """Turns a folded tree into stack code."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def code(self, node: Expression, states: tuple[str, ...] | None = None) -> Code:
        """Code of a part; `states` are those into which the index of a state points."""
        match node:
            case NumberLiteral():
                return [("const", node.value)]
            case Unary(operator="-", operand=NumberLiteral(value=value)):
                return [("const", -value)]
            case DurationLiteral():
                return [("const", node.days)]
            case TruthLiteral():
                return [("const", float(node.value))]
            case TextLiteral():
                assert states is not None
                return [("const", float(states.index(node.value)))]
            case Name():
                return self.name(node, states)
            case Unary():
                return [*self.code(node.operand), ("not" if node.operator == "not" else "neg", None)]
            case Binary():
                shared = self.shared_states(node.left, node.right)
                return [*self.code(node.left, shared), *self.code(node.right, shared), (OPERATORS[node.operator], None)]
            case Membership():
                return self.membership(node)
            case Call():
                return self.call(node, states)

    def name(self, node: Name, states: tuple[str, ...] | None) -> Code:
        if node.word == "cycle" and self.scope.kind("cycle") is None:
            return [("cycle", None)]
        code: Code = [(str(self.scope.kind(node.word)), node.word)]
        return _renumbered(code, state_words(node, self.scope), states)

    def shared_states(self, *parts: Expression) -> tuple[str, ...] | None:
        """One numbering of the states of several parts, in the order of the first that is declared."""
        words: dict[str, None] = {}
        for part in sorted(parts, key=lambda part: state_words(part, self.scope) is None):
            words |= dict.fromkeys(state_words(part, self.scope) or open_words(part) or ())
        return tuple(words) or None

    def membership(self, node: Membership) -> Code:
        shared = self.shared_states(node.operand, *node.options)
        code: Code = []
        for number, option in enumerate(node.options):
            code += [*self.code(node.operand, shared), *self.code(option, shared), ("eq", None)]
            code += [("or", None)] if number else []
        return [*code, ("not", None)] if node.negated else code

    def call(self, node: Call, states: tuple[str, ...] | None) -> Code:
        first = node.arguments[0]
        if node.function == "if":
            branches = [*self.code(node.arguments[1], states), *self.code(node.arguments[2], states)]
            return [*self.code(first), *branches, ("if", None)]
        if node.function == "band":
            code = [*self.code(first), ("band", band_cuts(node))]
            return _renumbered(code, state_words(node, self.scope), states)
        if node.function in ("min", "max"):
            code = self.code(first)
            for argument in node.arguments[1:]:
                code += [*self.code(argument), (node.function, None)]
            return code
        if node.function in _TAKES:
            return [*self.code(first), (node.function, None)]
        assert isinstance(first, Name)
        if node.function == "within":
            return [("within", (first.word, self.code(node.arguments[1])[0][1]))]
        return [(node.function, first.word)]


def _renumbered(code: Code, own: tuple[str, ...] | None, states: tuple[str, ...] | None) -> Code:
    """Code whose index points into `states` instead of into `own`."""
    if own is None or states is None or states[: len(own)] == own:
        return code
    renumbered: Code = [("const", float(states.index(own[-1])))]
    for index in range(len(own) - 1):
        test: Code = [*code, ("const", float(index)), ("eq", None), ("const", float(states.index(own[index])))]
        renumbered = [*test, *renumbered, ("if", None)]
    return renumbered
