"""How patients enter a trial: constant rates on intervals of calendar time, until accrual ends. No events here."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from sim.design.inputs import positive
from sim.errors import EngraftError
from sim.stats.arrays import Floats, finite, refuse


@dataclass(frozen=True)
class Accrual:
    """Patients enter at ``rates[i]`` per unit of time from ``starts[i]`` on, until ``end``."""

    starts: tuple[float, ...]
    rates: tuple[float, ...]
    end: float

    @property
    def bounds(self) -> Floats:
        """Beginnings of the intervals that lie before the end, and the end."""
        return np.array([*(start for start in self.starts if start < self.end), self.end])

    @property
    def used(self) -> Floats:
        """Rates of the intervals that lie before the end."""
        return np.array(self.rates[: self.bounds.size - 1])

    @property
    def opened(self) -> float:
        """When the first patient may enter: the beginning of the first interval with a rate above 0."""
        return next(start for start, rate in zip(self.starts, self.rates, strict=True) if rate > 0.0)

    @property
    def patients(self) -> float:
        """How many enter in all."""
        return float(self.used @ np.diff(self.bounds))

    def entered(self, times: ArrayLike) -> Floats:
        """How many have entered by calendar times."""
        at = np.asarray(times, dtype=float)
        return np.asarray(
            np.interp(at, self.bounds, np.concatenate(([0.0], np.cumsum(self.used * np.diff(self.bounds)))))
        )

    def scaled(self, factor: float) -> Accrual:
        """All rates times a factor."""
        return replace(self, rates=tuple(rate * factor for rate in self.rates))

    def until(self, end: float) -> Accrual:
        """The same rates with another end; the last one goes on as long as needed."""
        return replace(self, end=end)


def accrual(*, time: float, rates: ArrayLike = (1.0,), starts: ArrayLike = (0.0,)) -> Accrual:
    """Piecewise constant accrual.

    Parameters
    ----------
    time
        How long patients enter, above 0.
    rates
        Patients per unit of time, 0 or more, one an interval (or one number); only their proportions matter where the
        number of patients is solved for.
    starts
        Beginnings of the intervals, ascending from 0; the last one ends with accrual.

    Raises
    ------
    EngraftError
        If starts do not rise from 0, lengths differ, a rate is negative, or nobody would enter.
    """
    end = positive("accrual_time", time)
    begin, level = finite("accrual_starts", starts), finite("accrual_rates", np.atleast_1d(np.asarray(rates)))
    if begin[0] != 0.0:
        raise EngraftError(f"accrual_starts: row 0 is {begin[0]:.12g}; accrual starts at 0")
    refuse("accrual_starts", begin, np.concatenate(([False], np.diff(begin) <= 0.0)), "starts must increase")
    if begin.size != level.size:
        raise EngraftError(f"accrual_rates: found {level.size} for {begin.size} intervals; each needs one rate")
    refuse("accrual_rates", level, level < 0.0, "it must be 0 or more")
    found = Accrual(tuple(begin.tolist()), tuple(level.tolist()), end)
    if found.patients <= 0.0:
        raise EngraftError("accrual_rates: nobody enters before accrual ends; one rate must be above 0")
    return found
