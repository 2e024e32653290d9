"""What a trial of two arms is expected to show over calendar time: patients, events. No test is known here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from sim.design.accrual import Accrual
from sim.design.laws import NEVER, Law, PiecewiseExponential, sum_of_hazards
from sim.design.quadrature import TimeGrid, time_grid
from sim.errors import EngraftError
from sim.stats.arrays import Floats

FAR = 1e6
"""Times the length of accrual and of the last change of a hazard: what has not happened by then never will."""


@dataclass(frozen=True)
class Arm:
    """Laws of the event, of dropout and of a competing event that ends observation; they are independent."""

    event: Law
    dropout: Law = NEVER
    competing: Law = NEVER

    @property
    def knots(self) -> tuple[float, ...]:
        """Times since entry where one of the hazards jumps."""
        return (*self.event.knots, *self.dropout.knots, *self.competing.knots)

    def observed(self, times: ArrayLike) -> Floats:
        """Probability to be free of the event, the competing event and dropout at times since entry."""
        hazards = (law.cumulative_hazard(times) for law in (self.event, self.dropout, self.competing))
        return np.asarray(np.exp(-sum(hazards)))


def events_by_age(arm: Arm) -> Callable[[Floats], Floats]:
    """The integral, from 0 to each time u since entry, of the probability that the event is seen within s of entry.

    Events in a cohort that enters at rate r from a to b are r times the difference of this function at t - a and t - b
    (Lachin and Foulkes 1986, section 4, for general laws). Closed form if all laws are piecewise exponential, else
    Gauss-Legendre quadrature.
    """
    total = sum_of_hazards((arm.event, arm.dropout, arm.competing))
    if total is not None and isinstance(arm.event, PiecewiseExponential):
        starts = np.array(total.starts)
        return _closed_form(starts, arm.event.hazard(starts), np.array(total.rates))
    return lambda ages: np.array([_by_quadrature(arm, float(age)) for age in np.asarray(ages)])


def _closed_form(starts: Floats, hazard: Floats, total: Floats) -> Callable[[Floats], Floats]:
    width = np.diff(starts)
    observed = np.exp(-np.concatenate(([0.0], np.cumsum(total[:-1] * width))))
    seen, summed = np.zeros(starts.size), np.zeros(starts.size)  # within s of entry, and its integral, at the starts
    for row, length in enumerate(width):
        first, second = _decays(total[row], length)
        seen[row + 1] = seen[row] + hazard[row] * observed[row] * first
        summed[row + 1] = summed[row] + seen[row] * length + hazard[row] * observed[row] * second

    def at(ages: Floats) -> Floats:
        age = np.maximum(np.asarray(ages, dtype=float), 0.0)
        row = np.searchsorted(starts, age, side="right") - 1
        length = age - starts[row]
        return np.asarray(
            summed[row] + seen[row] * length + hazard[row] * observed[row] * _decays(total[row], length)[1]
        )

    return at


def _decays(rate: ArrayLike, length: ArrayLike) -> tuple[Floats, Floats]:
    """Integral of exp(-rate s) over (0, length), and the integral of that integral."""
    rates, lengths = np.broadcast_arrays(np.asarray(rate, dtype=float), np.asarray(length, dtype=float))
    small = rates * lengths < 1e-3
    safe = np.where(small, 1.0, rates)
    x = rates * lengths
    first = np.where(small, lengths * (1 - x / 2 + x**2 / 6 - x**3 / 24), -np.expm1(-safe * lengths) / safe)
    series = lengths**2 * (0.5 - x / 6 + x**2 / 24 - x**3 / 120 + x**4 / 720)
    return first, np.where(small, series, (lengths - first) / safe)


def _by_quadrature(arm: Arm, age: float) -> float:
    if age <= 0.0:
        return 0.0
    grid = time_grid(age, arm.knots)
    return grid.integral((age - grid.times) * arm.event.hazard(grid.times) * arm.observed(grid.times))


@dataclass(frozen=True)
class Course:
    """A trial of two arms with accrual and a time of analysis.

    Attributes
    ----------
    control, treatment
        Laws of the two arms.
    accrual
        Of both arms together.
    follow_up
        From the end of accrual to the analysis, 0 or more.
    allocation
        Patients of the treatment arm for each of the control arm.
    """

    control: Arm
    treatment: Arm
    accrual: Accrual
    follow_up: float
    allocation: float = 1.0
    _by_age: tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]] = field(
        init=False, repr=False, compare=False, default=(np.zeros_like, np.zeros_like)
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_age", (events_by_age(self.control), events_by_age(self.treatment)))

    @property
    def duration(self) -> float:
        """From the first patient to the analysis."""
        return self.accrual.end + self.follow_up

    @property
    def patients(self) -> float:
        """Of both arms, not rounded."""
        return self.accrual.patients

    @property
    def shares(self) -> tuple[float, float]:
        """Of patients in the control and in the treatment arm."""
        return 1.0 / (1.0 + self.allocation), self.allocation / (1.0 + self.allocation)

    def events(self, time: float | None = None) -> tuple[float, float]:
        """Expected events of the control and the treatment arm by a calendar time, by default that of the analysis."""
        at = self.duration if time is None else time
        bounds, rates = self.accrual.bounds, self.accrual.used
        found = []
        for share, by_age in zip(self.shares, self._by_age, strict=True):
            values = by_age(np.maximum(at - bounds, 0.0))
            found.append(share * float(rates @ (values[:-1] - values[1:])))
        return found[0], found[1]

    def event_probabilities(self) -> tuple[float, float]:
        """Probability that a patient of the control and of the treatment arm is seen to have the event."""
        return tuple(  # type: ignore[return-value]
            events / (share * self.patients) for events, share in zip(self.events(), self.shares, strict=True)
        )

    def at_risk(self, arm: Arm, share: float, times: Floats) -> Floats:
        """Expected share of all patients who are in an arm, in view and free of events at times since entry."""
        return np.asarray(share * arm.observed(times) * self.accrual.entered(self.duration - times) / self.patients)

    def grid(self, upper: float | None = None) -> TimeGrid:
        """Nodes for integrals over time since entry, up to a time or to the longest follow-up."""
        knots = (*self.control.knots, *self.treatment.knots, *(self.duration - self.accrual.bounds))
        return time_grid(self.duration if upper is None else upper, knots)

    def latest_events(self) -> float:
        """Events if follow-up had no end: fewer than patients with dropout, cure or competing events."""
        longest = max(self.accrual.end, *self.control.knots, *self.treatment.knots, 0.0)
        return sum(self.events(longest * FAR))

    def time_of(self, events: float) -> float:
        """Calendar time at which so many events of both arms together are expected.

        Raises
        ------
        EngraftError
            If they are not expected, however long the trial lasts.
        """
        most = self.latest_events()
        if events >= most:
            raise EngraftError(
                f"events: found {events:.12g}; with {self.patients:.6g} patients at most {most:.6g} are ever expected"
            )
        high = self.duration
        while sum(self.events(high)) < events:
            high *= 2.0
        return float(brentq(lambda time: sum(self.events(time)) - events, 0.0, high, xtol=1e-12, rtol=1e-14))

    def with_accrual(self, accrual: Accrual) -> Course:
        """The same trial with other accrual."""
        return replace(self, accrual=accrual)
