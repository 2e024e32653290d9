"""What a design family must hold: a rate by integration and by a million simulated statistics. No test is here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

DRAWS = 1_000_000
Draw = Callable[[np.random.Generator], "np.ndarray[Any, Any]"]


@dataclass(frozen=True)
class Rate:
    """One rate of one family: what it should be, and a function from a generator to a million outcomes (0 or 1)."""

    family: str
    what: str
    exact: Callable[[], float]
    simulated: Draw
    bound: bool = False


def statistics(generator: np.random.Generator, information: Any, drift: float, draws: int = DRAWS) -> np.ndarray:
    """Z at the looks, from independent increments, shape (draws, K)."""
    levels = np.asarray(information)
    steps = np.diff(levels, prepend=0.0)
    score = np.cumsum(generator.standard_normal((draws, levels.size)) * np.sqrt(steps) + drift * steps, axis=1)
    return np.asarray(score / np.sqrt(levels))
