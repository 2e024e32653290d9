"""Arguments of sequential and multiple designs checked once: clean values, or one error that names the field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.design.integration import SMALLEST_STEP
from sim.errors import EngraftError
from sim.stats.arrays import Floats, column, finite, refuse


def number(field: str, value: object) -> float:
    """One finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
        raise EngraftError(f"{field}: found {value!s}; it must be a finite number")
    return float(value)


def probability(field: str, value: object) -> float:
    """A number inside (0, 1)."""
    found = number(field, value)
    if not 0.0 < found < 1.0:
        raise EngraftError(f"{field}: found {found:.12g}; it must lie between 0 and 1, neither included")
    return found


def positive(field: str, value: object) -> float:
    """A finite number above 0."""
    found = number(field, value)
    if found <= 0.0:
        raise EngraftError(f"{field}: found {found:.12g}; it must be above 0")
    return found


def sides(value: object) -> int:
    """1 or 2."""
    if isinstance(value, bool) or value not in (1, 2):
        raise EngraftError(f"sided: found {value!s}; it must be 1 or 2")
    return int(str(value))


FEWEST_EVENTS = 5.0
"""Expected at a look before the last; with so few, one trial in 150 has no event there and no statistic."""


def enough_events(field: str, values: ArrayLike, events: ArrayLike) -> None:
    """Refuse looks before the last, given by a field, at which a test of survival has next to no events to read."""
    looks, counts = column(field, values), column("events", events)
    for row in range(counts.size - 1):
        if counts[row] < FEWEST_EVENTS:
            raise EngraftError(
                f"{field}: row {row} is {looks[row]:.12g}; events expected there: {counts[row]:.3g}; an "
                f"interim look at survival needs at least {FEWEST_EVENTS:g}"
            )


def information_levels(values: ArrayLike, *, field: str = "information") -> Floats:
    """Information at the looks: above 0 and ascending, at most 100 looks, by steps that can be integrated."""
    levels = finite(field, values)
    refuse(field, levels, levels <= 0.0, "it must be above 0")
    if levels.size > 100:
        raise EngraftError(f"{field}: found {levels.size} looks; at most 100 can be planned")
    falling = np.concatenate(([False], np.diff(levels) <= 0.0))
    if falling.any():
        row = int(np.argmax(falling))
        raise EngraftError(
            f"{field}: row {row} is {levels[row]:.12g}, after {levels[row - 1]:.12g}; looks must be in order and "
            "information must increase"
        )
    close = np.concatenate(([False], np.diff(levels) < SMALLEST_STEP * levels[:-1]))
    refuse(field, levels, close, f"a look must add at least {SMALLEST_STEP:.1%} to the information before it")
    return levels


def chosen_looks(field: str, chosen: Sequence[int] | None, looks: int) -> NDArray[np.bool_]:
    """Which looks were chosen, by number from 1: ascending, each at most once; all when nothing is said."""
    if chosen is None:
        return np.ones(looks, dtype=bool)
    if isinstance(chosen, str) or not isinstance(chosen, Iterable):
        raise EngraftError(f"{field}: found {chosen!s}; give a list of looks, numbered from 1 to {looks}")
    flags = np.zeros(looks, dtype=bool)
    before = 0
    for value in chosen:
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= looks:
            raise EngraftError(f"{field}: found {value!s}; looks are numbered from 1 to {looks}")
        if value <= before:
            raise EngraftError(f"{field}: found {value} after {before}; looks must be in order, each once")
        flags[value - 1] = True
        before = int(value)
    return flags
