"""Fields of a design file: durations, one number or several, boundaries. What they belong to is in `config`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from sim.units import parse_duration

LONGEST_DAYS = 100_000.0
"""Some 270 years; a longer duration is a slip."""

TimeUnit = Literal["days", "weeks", "months", "years"]


def _duration(value: Any) -> Any:
    if value == 0 and not isinstance(value, bool):
        return "0 d"
    if not isinstance(value, str):
        raise ValueError(f'expected a duration such as "2 y", found {value!r}')
    if parse_duration(value) > LONGEST_DAYS:
        raise ValueError(f'found "{value}"; write a duration of at most {LONGEST_DAYS:,.0f} days')
    return value


Duration = Annotated[str, BeforeValidator(_duration), WithJsonSchema({"anyOf": [{"type": "string"}, {"const": 0}]})]


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


Numbers = Annotated[
    list[float],
    BeforeValidator(_one_or_more),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}, "minItems": 1}]}),
]


def _z(value: Any) -> Any:
    if value == "none" or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise ValueError(f"found {value!r}; a boundary is a number, or none where the look has none")


_Z_SCHEMA = {"anyOf": [{"type": "number"}, {"const": "none"}]}
ZValue = Annotated[float | Literal["none"], BeforeValidator(_z), WithJsonSchema(_Z_SCHEMA)]
