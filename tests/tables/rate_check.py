"""One line of the table of error rates: how often a test rejects, or an interval covers, in simulated data sets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

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


def rejects(method: str, setting: str, count: Callable[[], int], *, nominal: float = 0.05, **more: Any) -> Rate:
    """The type I error of a test in 100,000 data sets; `more`: what else a `Rate` takes."""
    return Rate(f"{method}: {setting}", method, setting, "type I error", nominal, 100_000, count, **more)


def covers(method: str, setting: str, count: Callable[[], int], *, nominal: float = 0.95, **more: Any) -> Rate:
    """The coverage of an interval in 100,000 data sets; `more`: what else a `Rate` takes."""
    return Rate(f"{method}: {setting}", method, setting, "coverage", nominal, 100_000, count, **more)


def with_deviations(rates: list[Rate], known: dict[str, tuple[float, str]]) -> list[Rate]:
    """The rates with those accepted in place of the nominal one, and why, by the beginning of their ids."""
    for start in known:
        if not any(rate.id.startswith(start) for rate in rates):
            raise ValueError(f"{start}: no rate begins so")
    found = {rate.id: known[start] for rate in rates for start in known if rate.id.startswith(start)}
    return [
        replace(rate, accepted=found[rate.id][0], deviation=found[rate.id][1]) if rate.id in found else rate
        for rate in rates
    ]
