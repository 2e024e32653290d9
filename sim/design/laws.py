"""Laws of a time to event: piecewise exponential, Weibull, mixture cure, changed hazards. No trial is known here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim.design.inputs import number, positive
from sim.errors import EngraftError
from sim.stats.arrays import Floats, finite, refuse

Times = Floats | float


class Law(ABC):
    """The law of a time to event, in any one unit of time; it may be improper (some never have the event)."""

    @property
    @abstractmethod
    def knots(self) -> tuple[float, ...]:
        """Times above 0 where the hazard jumps."""

    @abstractmethod
    def hazard(self, times: ArrayLike) -> Floats:
        """Hazard at times above 0 (right-continuous)."""

    @abstractmethod
    def cumulative_hazard(self, times: ArrayLike) -> Floats:
        """Integral of the hazard from 0."""

    def survival(self, times: ArrayLike) -> Floats:
        """Probability that the event comes after each time."""
        return np.asarray(np.exp(-self.cumulative_hazard(times)))


@dataclass(frozen=True)
class PiecewiseExponential(Law):
    """Constant hazards on intervals: ``rates[i]`` from ``starts[i]`` on; the last holds for ever."""

    starts: tuple[float, ...]
    rates: tuple[float, ...]

    @property
    def knots(self) -> tuple[float, ...]:
        """Times above 0 where the hazard jumps."""
        return self.starts[1:]

    def hazard(self, times: ArrayLike) -> Floats:
        """Hazard at times above 0 (right-continuous)."""
        at = np.searchsorted(self.starts, np.asarray(times, dtype=float), side="right") - 1
        return np.asarray(self.rates)[np.maximum(at, 0)]

    def cumulative_hazard(self, times: ArrayLike) -> Floats:
        """Integral of the hazard from 0."""
        at = np.asarray(times, dtype=float)
        ends = [*self.starts[1:], np.inf]
        parts = (
            rate * np.clip(np.minimum(at, end) - start, 0.0, None)
            for start, end, rate in zip(self.starts, ends, self.rates, strict=True)
        )
        return np.asarray(sum(parts))


@dataclass(frozen=True)
class Weibull(Law):
    """Weibull law with survival exp(-(t / scale)^shape)."""

    shape: float
    scale: float

    @property
    def knots(self) -> tuple[float, ...]:
        """None: the hazard is smooth."""
        return ()

    def hazard(self, times: ArrayLike) -> Floats:
        """Hazard at times above 0."""
        at = np.asarray(times, dtype=float) / self.scale
        return np.asarray(self.shape / self.scale * at ** (self.shape - 1.0))

    def cumulative_hazard(self, times: ArrayLike) -> Floats:
        """Integral of the hazard from 0."""
        return np.asarray((np.asarray(times, dtype=float) / self.scale) ** self.shape)


@dataclass(frozen=True)
class MixtureCure(Law):
    """A share ``cured`` never has the event, the others have it by the law ``uncured``."""

    cured: float
    uncured: Law

    @property
    def knots(self) -> tuple[float, ...]:
        """Times above 0 where the hazard jumps."""
        return self.uncured.knots

    def hazard(self, times: ArrayLike) -> Floats:
        """Hazard of the mixture: that of the uncured, times their share among survivors."""
        uncured = np.log1p(-self.cured) - self.uncured.cumulative_hazard(times)
        return np.asarray(self.uncured.hazard(times) * np.exp(uncured + self.cumulative_hazard(times)))

    def cumulative_hazard(self, times: ArrayLike) -> Floats:
        """Minus the logarithm of survival."""
        uncured = np.log1p(-self.cured) - self.uncured.cumulative_hazard(times)
        return np.asarray(-np.logaddexp(np.log(self.cured), uncured))


@dataclass(frozen=True)
class ChangedHazard(Law):
    """The hazard of another law times ``ratios[i]`` from ``starts[i]`` on."""

    law: Law
    starts: tuple[float, ...]
    ratios: tuple[float, ...]

    @property
    def knots(self) -> tuple[float, ...]:
        """Times above 0 where the hazard jumps."""
        return tuple(sorted({*self.law.knots, *self.starts[1:]}))

    def hazard(self, times: ArrayLike) -> Floats:
        """Hazard at times above 0."""
        return np.asarray(self.law.hazard(times) * PiecewiseExponential(self.starts, self.ratios).hazard(times))

    def cumulative_hazard(self, times: ArrayLike) -> Floats:
        """Integral of the hazard from 0."""
        at = np.asarray(times, dtype=float)
        ends = [*self.starts[1:], np.inf]
        parts = (
            ratio * (self.law.cumulative_hazard(np.clip(at, start, end)) - self.law.cumulative_hazard(start))
            for start, end, ratio in zip(self.starts, ends, self.ratios, strict=True)
        )
        return np.asarray(sum(parts))


NEVER = PiecewiseExponential((0.0,), (0.0,))
"""The event never comes: no dropout, no competing event."""


def exponential(rate: float) -> PiecewiseExponential:
    """Exponential law with a hazard, 0 or more, per unit of time.

    Raises
    ------
    EngraftError
        If the rate is negative or not a finite number.
    """
    return piecewise_exponential([0.0], [rate])


def exponential_from_median(median: float) -> PiecewiseExponential:
    """Exponential law with a median, above 0."""
    return exponential(np.log(2.0) / positive("median", median))


def exponential_from_survival(survival: float, *, time: float) -> PiecewiseExponential:
    """Exponential law that gives a survival, in (0, 1], at a time above 0."""
    at = number("survival", survival)
    if not 0.0 < at <= 1.0:
        raise EngraftError(f"survival: found {at:.12g}; it must lie above 0 and be at most 1")
    return exponential(-np.log(at) / positive("time", time))


def piecewise_exponential(starts: ArrayLike, rates: ArrayLike) -> PiecewiseExponential:
    """Constant hazards on intervals.

    Parameters
    ----------
    starts
        Beginnings of the intervals, ascending, the first one 0; the last interval has no end.
    rates
        Hazards per unit of time, 0 or more, one an interval.

    Raises
    ------
    EngraftError
        If starts do not rise from 0, lengths differ or a rate is negative.
    """
    return PiecewiseExponential(*_steps(starts, "rates", rates))


def weibull(*, shape: float, scale: float | None = None, median: float | None = None) -> Weibull:
    """Weibull law with survival exp(-(t / scale)^shape), by its scale or its median, each above 0."""
    power = positive("shape", shape)
    if not 0.2 <= power <= 20.0:
        raise EngraftError(f"shape: found {power:.12g}; it must lie between 0.2 and 20")
    if (scale is None) == (median is None):
        raise EngraftError("scale: give exactly one of scale and median")
    if median is not None:
        return Weibull(power, positive("median", median) / np.log(2.0) ** (1.0 / power))
    return Weibull(power, positive("scale", scale))


def mixture_cure(cured: float, uncured: Law) -> Law:
    """Mixture cure law: a share in [0, 1) never has the event; with a share of 0 the law itself."""
    share = number("cured", cured)
    if not 0.0 <= share < 1.0:
        raise EngraftError(f"cured: found {share:.12g}; it must be 0 or more and below 1")
    return MixtureCure(share, uncured) if share > 0.0 else uncured


def changed_hazard(law: Law, ratios: ArrayLike, *, starts: ArrayLike = (0.0,)) -> Law:
    """The law whose hazard is that of another times a ratio, constant or changing at given times.

    Parameters
    ----------
    law
        The law of the other arm.
    ratios
        Hazard ratios, 0 or more: one number, or one an interval.
    starts
        Beginnings of the intervals, ascending from 0.

    Returns
    -------
    Law
        Piecewise exponential and Weibull (one ratio above 0) stay in their family, others become `ChangedHazard`.
    """
    steps, factors = _steps(starts, "hazard_ratio", np.atleast_1d(np.asarray(ratios)))
    if isinstance(law, PiecewiseExponential):
        merged = sorted({*law.starts, *steps})
        factor = PiecewiseExponential(steps, factors).hazard(merged)
        return PiecewiseExponential(tuple(merged), tuple((law.hazard(merged) * factor).tolist()))
    if isinstance(law, Weibull) and len(factors) == 1 and factors[0] > 0.0:
        return Weibull(law.shape, law.scale * factors[0] ** (-1.0 / law.shape))
    return ChangedHazard(law, steps, factors)


def _steps(starts: ArrayLike, field: str, values: ArrayLike) -> tuple[tuple[float, ...], tuple[float, ...]]:
    begin, level = finite("starts", starts), finite(field, values)
    if begin[0] != 0.0:
        raise EngraftError(f"starts: row 0 is {begin[0]:.12g}; the first interval starts at 0")
    refuse("starts", begin, np.concatenate(([False], np.diff(begin) <= 0.0)), "starts must increase")
    if begin.size != level.size:
        raise EngraftError(f"{field}: found {level.size} for {begin.size} starts; each interval needs one")
    refuse(field, level, level < 0.0, "it must be 0 or more")
    return tuple(begin.tolist()), tuple(level.tolist())


def sum_of_hazards(laws: Sequence[Law]) -> PiecewiseExponential | None:
    """The law of the first of independent piecewise exponential times; None if one is of another family."""
    known = [law for law in laws if isinstance(law, PiecewiseExponential)]
    if len(known) < len(laws):
        return None
    merged = sorted({start for law in known for start in law.starts})
    return PiecewiseExponential(tuple(merged), tuple(np.sum([law.hazard(merged) for law in known], axis=0).tolist()))
