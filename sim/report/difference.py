"""What differs between two protocols or populations, by document path. Nothing is resolved or printed here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sim.protocol.paths import format_path
from sim.protocol.population import Population
from sim.protocol.schema import Protocol

_ABSENT: Any = object()


@dataclass(frozen=True)
class Difference:
    """One value that was added, removed or changed; a path is written as `--set` takes it."""

    path: str
    kind: Literal["added", "removed", "changed"]
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        if self.kind == "added":
            return f"+ {self.path}: {short(self.after)}"
        if self.kind == "removed":
            return f"- {self.path}: {short(self.before)}"
        return f"~ {self.path}: {short(self.before)} → {short(self.after)}"

    def as_dict(self) -> dict[str, Any]:
        """The difference as plain values."""
        return {"path": self.path, "kind": self.kind, "before": self.before, "after": self.after}


def differences(a: Protocol | Population, b: Protocol | Population) -> list[Difference]:
    """What has to be changed in `a` to get `b`.

    A part that only one of them has is one entry, however much it holds. Lists of the same length are compared item by
    item; a list that has become longer or shorter is one change, because its items have no names to follow.

    Parameters
    ----------
    a, b
        Two protocols in their machine form, or two populations.

    Returns
    -------
    list of Difference
        In the order of `a`, what only `b` has after what `a` has at the same place.
    """
    return list(_compare((), plain(a), plain(b)))


def plain(protocol: Protocol | Population) -> dict[str, Any]:
    """A protocol or population as plain values, without what is not given."""
    return protocol.model_dump(mode="json", by_alias=True, exclude_none=True)


def short(value: Any, most: int = 120) -> str:
    """A value in one line, cut where it gets long: ``{every: q, count: 4}``."""
    text = _spelled(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def _compare(path: tuple[str | int, ...], a: Any, b: Any) -> Iterator[Difference]:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in [*a, *(key for key in b if key not in a)]:
            yield from _compare((*path, key), a.get(key, _ABSENT), b.get(key, _ABSENT))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (left, right) in enumerate(zip(a, b, strict=True)):
            yield from _compare((*path, index), left, right)
    elif a is _ABSENT:
        yield Difference(format_path(path), "added", after=b)
    elif b is _ABSENT:
        yield Difference(format_path(path), "removed", before=a)
    elif a != b or type(a) is not type(b):
        yield Difference(format_path(path), "changed", before=a, after=b)


def _spelled(value: Any) -> str:
    if isinstance(value, dict):
        # The value first, should the line be cut; an empty part says nothing.
        order = sorted(value, key=lambda key: key != "value")
        kept = (f"{key}: {_spelled(value[key])}" for key in order if value[key] not in ({}, [], ""))
        return "{" + ", ".join(kept) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_spelled, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and "\n" in value:
        return f"({value.count(chr(10))} lines)"
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
