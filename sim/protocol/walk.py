"""Every expression of a protocol with its path, what it must yield and in which unit. Nothing is parsed here."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from sim.protocol.fields import Kind, Model
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Protocol

# The arguments of a distribution that are amounts of what is drawn; the others are pure numbers.
_AMOUNTS = frozenset({"fixed", "mean", "sd", "median", "low", "high", "scale"})
# The other arguments of distributions and baselines, and what hazards are multiplied with.
_UNITS = {
    **dict.fromkeys(("sigma", "shape", "a", "b", "weights", "plateau", "exp", "factor", "cumulative_hazard"), "none"),
    **dict.fromkeys(("rate", "hazard_per_year", "hazards_per_year"), "per year"),
}
# Distributions of times: a bare number there would leave the unit to the reader.
TIMES = frozenset(
    {
        ("phases", "lasts"),
        ("assays", "turnaround"),
        ("toxicities", "onset"),
        ("toxicities", "consequence"),
        ("delays", "after"),
        ("phases", "cycles"),
        ("phases", "days"),
        ("hazards", "baseline"),
    }
)
# What is compiled into numbers before any patient exists.
_CONSTANT = frozenset(
    {
        *(("hazards", "baseline"), ("hazards", "level"), ("markers", "hazards_read_every")),
        *(("surveillance", "every"), ("surveillance", "first"), ("surveillance", "until")),
    }
)
_CONSTANT_ENDS = frozenset(
    {
        *(("gamma", "mean"), ("gamma", "sd"), ("beta", "a"), ("beta", "b")),
        *(("timeout", "after"), ("await", "at_most"), ("confirm", "after")),
    }
)


@dataclass(frozen=True, slots=True)
class Located:
    """An expression in a protocol.

    Attributes
    ----------
    path
        Where it stands in the machine form.
    text
        As written, or in canonical spelling once resolved.
    expect
        boolean, number, duration, probability, marker or any.
    unit
        Unit of the amount, as text; None where any unit will do.
    constant
        Whether it must be the same for every patient.
    """

    path: DocumentPath
    text: str
    expect: str
    unit: str | None = None
    constant: bool = False


def expressions(protocol: Protocol) -> list[Located]:
    """Every expression of a protocol, in the order of the schema."""
    return [_placed(protocol, found) for found in expressions_of(protocol)]


def expressions_of(model: Model) -> list[Located]:
    """Every expression of any model of the schema, with no more than its type says about it."""
    return [Located(path, text, expect) for path, text, expect in _texts(model, type(model), ())]


@cache
def _fields(model: type[Model]) -> tuple[tuple[str, str, Any], ...]:
    """Attribute name, key and type of each field."""
    hints = get_type_hints(model, include_extras=True)
    return tuple((name, info.alias or name, hints[name]) for name, info in model.model_fields.items())


def _texts(value: Any, hint: Any, path: DocumentPath) -> Iterator[tuple[DocumentPath, str, str]]:
    if value is None:
        return
    if isinstance(value, Model):
        for name, key, below in _fields(type(value)):
            yield from _texts(getattr(value, name), below, (*path, key))
        return
    kind, hint = _kind(hint)
    if kind and isinstance(value, str):
        yield path, value, kind
    elif isinstance(value, dict) and get_origin(hint) is dict:
        for key, item in value.items():
            yield from _texts(item, get_args(hint)[1], (*path, key))
    elif isinstance(value, list) and get_origin(hint) is list:
        for index, item in enumerate(value):
            yield from _texts(item, get_args(hint)[0], (*path, index))


def _kind(hint: Any) -> tuple[str | None, Any]:
    """The kind of expression that a type stands for, if any, and the type without its wrappings."""
    while True:
        if get_origin(hint) is Annotated:
            inner, *extras = get_args(hint)
            for extra in extras:
                if isinstance(extra, Kind):
                    return extra.expect, inner
            hint = inner
        elif get_origin(hint) in (Union, types.UnionType):
            hint = next(arm for arm in get_args(hint) if arm is not type(None))
        else:
            return None, hint


def _placed(protocol: Protocol, found: Located) -> Located:
    """The same expression with what its place says about unit, duration and constancy."""
    path = found.path
    field = (path[0], path[2]) if len(path) > 2 else ()
    found = replace(found, constant=field in _CONSTANT or path[-2:] in _CONSTANT_ENDS)
    if found.expect == "marker":
        return replace(found, unit=_marker_unit(protocol, path))
    if found.expect != "number":
        return found
    last = str(path[-1] if not isinstance(path[-1], int) else path[-2])
    if last in _UNITS:
        return replace(found, unit=_UNITS[last])
    if last not in _AMOUNTS:
        return found
    if is_time(path):
        return replace(found, expect="duration")
    if path[0] == "patient":
        return replace(found, unit=protocol.patient[str(path[1])].unit)
    if field in {("assays", "noise"), ("phases", "outcomes")}:
        return replace(found, expect="marker", unit=_marker_unit(protocol, path))
    return found


def is_time(path: DocumentPath) -> bool:
    """Whether a distribution at or above a path is one of times."""
    return (path[0], path[2]) in TIMES and path[2:4] != ("cycles", "count")


def _marker_unit(protocol: Protocol, path: DocumentPath) -> str | None:
    """The unit of the marker that an expression at `path` is an amount of."""
    section, item = path[0], str(path[1])
    if section == "markers":
        name = item
    elif section == "assays":
        name = protocol.assays[item].reads
    elif section == "crossings":
        name = protocol.crossings[item].marker
    elif path[2] == "shift":
        name = str(path[3])
    else:
        name = str(path[5])  # phases.NAME.outcomes[0].set.MARKER
    marker = protocol.markers.get(name)
    if marker is None or marker.unit is None:
        return None
    return f"{marker.unit} per day" if path[-1] == "per_day" else marker.unit
