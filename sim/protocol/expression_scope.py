"""What an expression may name, the types there are, and the states a part can take. Nothing is checked here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from sim.protocol.expression_tree import (
    Call,
    DurationLiteral,
    Expression,
    Name,
    NumberLiteral,
    TextLiteral,
    Unary,
    format_number,
    walk,
)
from sim.protocol.expression_units import parse_unit

OUTSIDE = "outside"
"""The last state of every band(): below the first limit, or at or above the last."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number; ``unit`` is its text as in the protocol, None where none was given. A bare number is ``literal``."""

    unit: str | None = None
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""


@dataclass(frozen=True, slots=True)
class States:
    """One word of a closed list; the order is that of the declaration, and of the index that stands for the word."""

    words: tuple[str, ...]


Type = Number | Boolean | States


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that an expression may use, as the document declares them."""

    parameters: Mapping[str, tuple[float, str | None]] = field(default_factory=dict)
    switches: Mapping[str, tuple[bool | str, tuple[str, ...]]] = field(default_factory=dict)
    attributes: Mapping[str, Type] = field(default_factory=dict)
    flags: Collection[str] = ()
    markers: Mapping[str, str | None] = field(default_factory=dict)
    counters: Mapping[str, str | None] = field(default_factory=dict)
    phases: Collection[str] = ()
    events: Collection[str] = ()

    def kind(self, word: str) -> str | None:
        """Which section declares a value of this name; the first in the order of the fields."""
        for kind, section in (
            ("parameter", self.parameters),
            ("switch", self.switches),
            ("attribute", self.attributes),
            ("flag", self.flags),
            ("marker", self.markers),
            ("counter", self.counters),
        ):
            if word in section:
                return kind
        return None

    def type_of(self, word: str) -> Type | None:
        """The type of a declared value, or None."""
        match self.kind(word):
            case "parameter":
                return Number(self.parameters[word][1])
            case "switch":
                value, options = self.switches[word]
                return Boolean() if isinstance(value, bool) else States(tuple(options))
            case "attribute":
                return self.attributes[word]
            case "flag":
                return Boolean()
            case "marker":
                return Number(self.markers[word])
            case "counter":
                return Number(self.counters[word])
        return None

    def names(self) -> list[str]:
        """Every name that stands for a value."""
        sections = (self.parameters, self.switches, self.attributes, self.flags, self.markers, self.counters)
        return [word for section in sections for word in section]

    def is_constant(self, expression: Expression) -> bool:
        """Whether only parameters and switches are read, so that the value is known before any patient exists."""
        for node in walk(expression):
            if isinstance(node, Name) and self.kind(node.word) not in ("parameter", "switch"):
                return False
            if isinstance(node, Call) and node.function not in ("if", "min", "max", "abs", "exp", "log", "sqrt"):
                return False
        return True


def describe(found: Type) -> str:
    """A type in words, as they stand after "is" in an error."""
    if isinstance(found, Boolean):
        return "true or false"
    if isinstance(found, States):
        return f"one of {', '.join(found.words)}"
    if found.literal:
        return "a bare number"
    if found.unit is None:
        return "a number"
    factors = parse_unit(found.unit)
    if factors == {"days": 1}:
        return "a duration"
    return f"in {found.unit}" if factors else "a pure number"


def band_cuts(node: Call) -> tuple[float, ...] | None:
    """The limits of a band(), a duration's in days; None where they are not rising literal numbers."""
    cuts: list[float] = []
    for argument in node.arguments[1:]:
        sign, literal = 1.0, argument
        if isinstance(argument, Unary) and argument.operator == "-":
            sign, literal = -1.0, argument.operand
        if isinstance(literal, DurationLiteral):
            cuts.append(sign * literal.days)
        elif isinstance(literal, NumberLiteral):
            cuts.append(sign * literal.value)
        else:
            return None
    rising = all(low < high for low, high in pairwise(cuts))
    return tuple(cuts) if rising and len(cuts) >= 2 else None


def band_words(cuts: tuple[float, ...]) -> tuple[str, ...]:
    """The states of a band(): "16-35" for whole numbers from 0, "-8 to <-4" for others; then "outside"."""
    whole = cuts[0] >= 0 and all(cut.is_integer() for cut in cuts)
    words = []
    for low, high in pairwise(cuts):
        if not whole:
            words.append(f"{format_number(low)} to <{format_number(high)}")
        else:
            words.append(format_number(low) + (f"-{format_number(high - 1)}" if high - 1 > low else ""))
    return (*words, OUTSIDE)


def open_words(node: Expression) -> tuple[str, ...] | None:
    """The quoted words that an expression is made of, where it is made of nothing else."""
    if isinstance(node, TextLiteral):
        return (node.value,)
    if isinstance(node, Call) and node.function == "if" and len(node.arguments) == 3:
        one, two = open_words(node.arguments[1]), open_words(node.arguments[2])
        if one and two:
            return tuple(dict.fromkeys(one + two))
    return None


def state_words(node: Expression, scope: Scope) -> tuple[str, ...] | None:
    """The states an expression can take, where its own names say so; None for numbers, conditions and bare words."""
    declared = _declared_words(node, scope)
    return declared or (open_words(node) if isinstance(node, Call) else None)


def _declared_words(node: Expression, scope: Scope) -> tuple[str, ...] | None:
    if isinstance(node, Name):
        found = scope.type_of(node.word)
        return found.words if isinstance(found, States) else None
    if isinstance(node, Call) and node.function == "band":
        cuts = band_cuts(node)
        return band_words(cuts) if cuts else None
    if isinstance(node, Call) and node.function == "if" and len(node.arguments) == 3:
        return _declared_words(node.arguments[1], scope) or _declared_words(node.arguments[2], scope)
    return None
