"""Protocol terms in words a clinician reads: guards, names, probabilities, lengths of phases. Nothing is drawn here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sim.errors import EngraftError
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
    binding_power,
    format_number,
    unparse,
    walk,
)
from sim.protocol.expressions import parse
from sim.protocol.fields import Distribution
from sim.protocol.schema import Cycles, Phase, Protocol
from sim.units import format_duration

_ABBREVIATION = 4  # letters
_LONGEST_FORMULA = 30  # characters; longer ones stand in the protocol, and not in a figure
_ASKED = ("phase", "visited", "since", "count", "within", "result", "eradicated")  # functions of what has happened
_OF_THE_FIELD = {
    **{word: word.upper() for word in ("crs", "icans", "mrd", "ngs", "nrm", "wbc", "cd19")},
    "agvhd": "acute GVHD",
    "cgvhd": "chronic GVHD",
}
"""How clinicians write what stands in names of events."""
_COMPARED = {"==": "is", "!=": "is not", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}


def guard_words(guard: str, protocol: Protocol) -> str:
    """A guard in words: ``mrd_after_c1 == positive and donor`` gives "MRD after C-1 is positive and donor"."""
    try:
        return _words(parse(guard), protocol)
    except EngraftError:
        return guard


def phase_words(name: str, protocol: Protocol) -> str:
    """The title of a phase, or its name."""
    phase = protocol.phases.get(name)
    return phase.title if phase is not None and phase.title else name


def name_words(name: str, protocol: Protocol | None = None) -> str:
    """The title of what a name stands for, or the name with blanks: ``second_remission`` gives "second remission"."""
    if protocol is not None:
        for table in (
            protocol.patient,
            protocol.markers,
            protocol.hazards,
            protocol.toxicities,
            protocol.assays,
            protocol.surveillance,
        ):
            declared = table.get(name)
            if declared is not None and declared.title:
                return declared.title
    return " ".join(_declared(word, protocol) for word in name.split("_"))


def marker_words(name: str, protocol: Protocol) -> str:
    """The title of a marker inside a sentence, without what it adds after a comma: "leukaemic fraction"."""
    return re.split("[,;]", name_words(name, protocol), maxsplit=1)[0]


def _declared(word: str, protocol: Protocol | None) -> str:
    """A short word in capitals if something of that name is: ``mrd_after_c1`` gives "MRD after C1"; the field's own."""
    if word in _OF_THE_FIELD:
        return _OF_THE_FIELD[word]
    if protocol is None or len(word) > _ABBREVIATION:
        return word
    capital = word.upper() in (*protocol.phases, *protocol.endpoints) or word in protocol.markers
    return word.upper() if capital else word


def probability_words(text: str, protocol: Protocol) -> str:
    """A probability in per cent: one number, or the span of its cases and what decides, or what it is worked out of."""
    node = parse(text)
    attribute = protocol.patient.get(node.word) if isinstance(node, Name) else None
    if attribute is not None and attribute.derive:
        node = parse(attribute.derive)
    cases = _cases(node, protocol)
    if cases is None:
        return _worked_out(node, protocol) or f"p = {unparse(node)}"
    if min(cases) == max(cases):
        return per_cent(cases[0])
    by = ", ".join(dict.fromkeys(_decides(part, protocol) for part in _conditions(node)))
    return f"{round(100 * min(cases), 1):g} to {per_cent(max(cases))}, by {by}"


def rest_words(others: list[str], protocol: Protocol) -> str:
    """What is left for the outcome that takes the rest."""
    values = [_constant(text, protocol) for text in others]
    known = [value for value in values if value is not None]
    return per_cent(1.0 - sum(known)) if len(known) == len(values) else "otherwise"


def per_cent(value: float) -> str:
    """A share in per cent with at most one decimal."""
    return f"{round(100 * value, 1):g} %"


def length_words(phase: Phase, protocol: Protocol) -> str:
    """How long a phase lasts, in words."""
    if phase.cycles is not None:
        days = f", days {phase.days.first}–{phase.days.last}" if phase.days else ""
        days += " or fewer" if phase.days and phase.days.given is not None else ""
        every = _drawn(phase.cycles.every, protocol).replace("drawn", "drawn length", 1)
        return f"{cycle_words(phase.cycles, protocol)} cycles of {every}{days}{_gaps(phase.cycles, protocol)}"
    if phase.until is not None:
        return f"until {guard_words(phase.until, protocol)}"
    if phase.lasts is not None:
        return _drawn(phase.lasts, protocol)
    return "open" if phase.open else ""


def cycle_words(cycles: Cycles, protocol: Protocol) -> str:
    """How many cycles there are: a number, a span, or that they differ."""
    if cycles.count.one_of is not None:
        numbers = sorted(float(word) for word in cycles.count.one_of)
        return f"{numbers[0]:g} to {numbers[-1]:g}"
    known = None if cycles.count.fixed is None else _constant(cycles.count.fixed, protocol)
    return "a varying number of" if known is None else f"{known:g}"


def _gaps(cycles: Cycles, protocol: Protocol) -> str:
    """Cycles that are left out or late."""
    omitted = "" if cycles.omit is None else f"; left out: {probability_words(cycles.omit, protocol)}"
    late = "" if cycles.delay is None else f"; the next late: {probability_words(cycles.delay.p, protocol)}"
    return omitted + late


def duration_words(text: str, protocol: Protocol) -> str:
    """A duration: a literal shortened, a parameter by its value, anything else as written."""
    value = _constant(text, protocol)
    if value is not None:
        return format_duration(value)
    try:
        return _worked_out(parse(text), protocol) or text
    except EngraftError:
        return text


def _worked_out(node: Expression, protocol: Protocol) -> str:
    """A formula too long for a figure, by what it depends on; empty where it is short, or depends on nothing."""
    if len(unparse(node)) <= _LONGEST_FORMULA:
        return ""
    asked = [
        part
        for part in walk(node)
        if (isinstance(part, Call) and part.function in _ASKED)
        or (isinstance(part, Name) and (part.word == "cycle" or part.word in {*protocol.patient, *protocol.markers}))
    ]
    by = ", ".join(dict.fromkeys(_decides(part, protocol) for part in asked))
    return f"varying, by {by}" if by else ""


def _drawn(lasts: Distribution, protocol: Protocol) -> str:
    if lasts.fixed is not None:
        return duration_words(lasts.fixed, protocol)
    arguments = lasts.arguments
    middle = getattr(arguments, "median", None) or getattr(arguments, "mean", None)
    word = "median" if getattr(arguments, "median", None) else "mean"
    return f"drawn, {word} {duration_words(middle, protocol)}" if middle else f"drawn ({lasts.family})"


def _constant(text: str, protocol: Protocol) -> float | None:
    """The value of a literal or of a parameter; None for anything that has to be worked out."""
    try:
        return _value(parse(text), protocol)
    except EngraftError:
        return None


def _cases(node: Expression, protocol: Protocol) -> list[float] | None:
    """The values that nested ``if`` can give; None if one of them has to be worked out."""
    if not (isinstance(node, Call) and node.function == "if"):
        value = _value(node, protocol)
        return None if value is None else [value]
    first, second = (_cases(branch, protocol) for branch in node.arguments[1:])
    return None if first is None or second is None else first + second


def _conditions(node: Expression) -> Iterator[Name | Call]:
    """What the conditions of nested ``if`` ask about: names, and functions of events and phases."""
    if not (isinstance(node, Call) and node.function == "if"):
        return
    condition, *branches = node.arguments
    for part in walk(condition):
        if isinstance(part, Call | Name):
            yield part
    for branch in branches:
        yield from _conditions(branch)


def _decides(part: Name | Call, protocol: Protocol) -> str:
    if isinstance(part, Name) and (part.word in protocol.patient or part.word in protocol.markers):
        return name_words(part.word, protocol)
    return "cycle" if isinstance(part, Name) and part.word == "cycle" else "what came before"


def _value(node: Expression, protocol: Protocol) -> float | None:
    if isinstance(node, NumberLiteral):
        return node.value
    if isinstance(node, DurationLiteral):
        return node.days
    if isinstance(node, Name) and node.word in protocol.parameters:
        return protocol.parameters[node.word].value
    return None


def _words(node: Expression, protocol: Protocol) -> str:
    match node:
        case NumberLiteral():
            return format_number(node.value)
        case DurationLiteral():
            return format_duration(node.days)
        case TruthLiteral():
            return "always" if node.value else "never"
        case TextLiteral():
            return node.value
        case Name():
            return _switch(node.word, protocol) or _number(node.word, protocol) or name_words(node.word, protocol)
        case Unary(operator="not", operand=Call(function="visited", arguments=(Name() as phase,))):
            return f"no {phase_words(phase.word, protocol)} yet"
        case Unary(operator="not", operand=Call(function="phase", arguments=(Name() as phase,))):
            return f"not in {phase_words(phase.word, protocol)}"
        case Unary(operator="not", operand=Call(function="eradicated", arguments=(Name() as marker,))):
            return f"{marker_words(marker.word, protocol)} not eradicated"
        case Unary(operator="not"):
            inner = _words(node.operand, protocol)
            return f"not ({inner})" if isinstance(node.operand, Binary) else f"not {inner}"
        case Unary():
            return f"−{_words(node.operand, protocol)}"
        case Membership():
            options = " or ".join(_words(option, protocol) for option in node.options)
            return f"{_words(node.operand, protocol)} is {'not ' if node.negated else ''}{options}"
        case Call():
            return _call(node, protocol)
        case Binary(
            operator=">", left=Call(function="count", arguments=(Name() as event,)), right=NumberLiteral(value=0)
        ):
            return f"after {name_words(event.word, protocol)}"
        case Binary(
            operator="==", left=Call(function="count", arguments=(Name() as event,)), right=NumberLiteral(value=0)
        ):
            return f"no {name_words(event.word, protocol)} yet"
        case Binary():
            return _binary(node, protocol)
    return unparse(node)


def _binary(node: Binary, protocol: Protocol) -> str:
    left, right = _words(node.left, protocol), _words(node.right, protocol)
    if node.operator == "and":
        parts = [
            f"({words})" if isinstance(part, Binary) and part.operator == "or" else words
            for part, words in ((node.left, left), (node.right, right))
        ]
        return " and ".join(parts)
    if node.operator in "+-*/":
        left, right = _grouped(node.left, left, node, after=False), _grouped(node.right, right, node, after=True)
    if node.operator in ("or", *"+-*/"):
        return f"{left} {node.operator.replace('-', '−').replace('*', '×')} {right}"
    return f"{left} {_COMPARED[node.operator]} {right}"


def _grouped(part: Expression, words: str, whole: Binary, *, after: bool) -> str:
    """A part of a sum or product in brackets, where it needs them."""
    if not isinstance(part, Binary):
        return words
    power, least = binding_power(part), binding_power(whole)
    return f"({words})" if power < least or (after and power == least) else words


def _call(node: Call, protocol: Protocol) -> str:
    first = node.arguments[0] if node.arguments else None
    subject = first.word if isinstance(first, Name) else ""
    if node.function == "phase":
        return f"in {phase_words(subject, protocol)}"
    if node.function == "visited":
        return f"after {phase_words(subject, protocol)}"
    if node.function == "since":
        return f"time since {name_words(subject, protocol)}"
    if node.function == "count":
        return f"number of {name_words(subject, protocol)}"
    if node.function == "within":
        return f"within {_words(node.arguments[1], protocol)} of {name_words(subject, protocol)}"
    if node.function == "result":
        return f"{name_words(subject, protocol)} known"
    if node.function == "eradicated":
        return f"{marker_words(subject, protocol)} eradicated"
    return f"{node.function}({', '.join(_words(argument, protocol) for argument in node.arguments)})"


def _number(word: str, protocol: Protocol) -> str:
    parameter = protocol.parameters.get(word)
    return "" if parameter is None else format_number(parameter.value).replace("-", "−")


def _switch(word: str, protocol: Protocol) -> str:
    switch = protocol.switches.get(word)
    return f'switch "{word.replace("_", " ")}"' if switch is not None else ""
