"""One line of the table of error rates: how often a test rejects, or an interval covers, in simulated data sets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MOST = 3.0
"""Monte Carlo standard errors (of the nominal rate) that an observed rate may lie on the wrong side of it."""


@dataclass(frozen=True)
class Rate:
    """A rate to be found by simulation.

    `id` is unique; `method` heads its part of the table; `setting` says in words what was simulated: sizes, laws,
    censoring, ties, options. `count` simulates `data_sets` with a fixed seed and gives the number of them that were
    rejected ("type I error") or whose interval covered the truth ("coverage"). `exact` is the known rate of a discrete
    procedure: then the observed rate must lie within 3 Monte Carlo standard errors of it, on both sides. Where theory
    says that a procedure misses its level at this size, `accepted` is the rate that is put up with instead of the
    nominal one, and `deviation` says why.
    """

    id: str
    method: str
    setting: str
    kind: Literal["type I error", "coverage"]
    nominal: float
    data_sets: int
    count: Callable[[], int]
    exact: float | None = None
    accepted: float | None = None
    deviation: str = ""

    def __post_init__(self) -> None:
        if (self.accepted is None) != (self.deviation == ""):
            raise ValueError(f"{self.id}: an accepted rate needs its reason, and a reason its rate")

    def mc_error(self) -> float:
        """Monte Carlo standard error of a rate at the bound that it is held to."""
        rate = self.exact if self.exact is not None else self.nominal if self.accepted is None else self.accepted
        return math.sqrt(rate * (1.0 - rate) / self.data_sets)

    def holds(self, observed: float) -> bool:
        """Whether an observed rate is within its bound."""
        reach = MOST * self.mc_error()
        if self.exact is not None:
            return abs(observed - self.exact) <= reach
        bound = self.nominal if self.accepted is None else self.accepted
        return observed <= bound + reach if self.kind == "type I error" else observed >= bound - reach
