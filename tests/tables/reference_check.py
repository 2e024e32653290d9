"""One line of a validation table: a figure computed here beside its reference. The tables are in the files beside."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """A reference value and how to compute it.

    `id` is unique in its document; `method` heads its part of the table; `inputs` says in words what went in; `source`
    is a paper, a table or the command by which another program gave the value. The check holds when the computed value
    is within `absolute` plus `relative` times the expected value; exactly one of the two is given.
    """

    id: str
    method: str
    inputs: str
    expected: float
    source: str
    compute: Callable[[], float]
    absolute: float | None = None
    relative: float | None = None

    def __post_init__(self) -> None:
        if (self.absolute is None) == (self.relative is None):
            raise ValueError(f"{self.id}: give exactly one of absolute and relative")

    @property
    def tolerance(self) -> float:
        """How far the computed value may lie from the expected one."""
        return self.absolute if self.absolute is not None else (self.relative or 0.0) * abs(self.expected)

    def holds(self, value: float) -> bool:
        """Whether a computed value is near enough."""
        return math.isfinite(value) and abs(value - self.expected) <= self.tolerance
