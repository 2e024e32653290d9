"""Probabilities of sequential paths with independent increments, by recursive integration. No boundary is chosen here.

The statistics Z_1, .., Z_K have means theta sqrt(I_k), variance 1 and covariance sqrt(I_j / I_k) for j <= k. The
density of Z_k on the paths that have not stopped is carried from look to look as points with masses: Jennison and
Turnbull, Group Sequential Methods (2000), chapter 19, with their grid and Simpson's weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from sim.stats.arrays import Floats

Interval = tuple[float, float]

# Grid size of Jennison and Turnbull, section 19.3: 6r - 1 points before midpoints are added. They advise 16; 32 leaves
# an error below 1e-8 for equal steps (tests double it).
GRID = 32
SMALLEST_STEP = 1e-3
"""A look must add this share of the information before it; closer looks would need too fine a grid."""


def grid_size(information: Sequence[float] | Floats) -> int:
    """How fine a grid looks at these informations need: finer where two looks lie close together.

    The kernel from look to look has standard deviation sqrt(I_k+1 / I_k - 1) on the scale of Z_k; ten
    points of the grid, with midpoints, lie within it, which leaves an error below 1e-7 up to 50 looks.
    """
    levels = np.asarray(information, dtype=np.float64)
    if levels.size < 2:
        return GRID
    narrowest = float(np.sqrt(np.min(np.diff(levels) / levels[:-1])))
    return max(GRID, int(np.ceil(8.0 / narrowest)))


def standard_grid(r: int) -> Floats:
    """The 6r - 1 points of Jennison and Turnbull (19.11), for a standard normal variable."""
    tail = -3.0 - 4.0 * np.log(r / np.arange(1.0, r))
    middle = -3.0 + 3.0 * (np.arange(r, 5 * r + 1) - r) / (2.0 * r)
    return np.concatenate((tail, middle, -tail[::-1]))


def simpson(interval: Interval, *, centre: float, scale: float, r: int) -> tuple[Floats, Floats]:
    """Points and Simpson weights on one interval, from the grid around `centre` cut to it.

    Jennison and Turnbull (2000), section 19.3.1: the ends of the interval join the grid, and midpoints between
    neighbours make the odd points. Both arrays are empty when the interval is.
    """
    low, high = interval
    whole = centre + scale * standard_grid(r)
    low, high = max(low, float(whole[0])), min(high, float(whole[-1]))
    if low >= high:
        return np.empty(0), np.empty(0)
    knots = np.concatenate(([low], whole[(whole > low) & (whole < high)], [high]))
    gaps = np.diff(knots)
    points = np.empty(2 * knots.size - 1)
    points[::2] = knots
    points[1::2] = (knots[:-1] + knots[1:]) / 2.0
    weights = np.zeros(points.size)
    weights[1::2] = 4.0 * gaps / 6.0
    weights[:-1:2] += gaps / 6.0
    weights[2::2] += gaps / 6.0
    return points, weights


@dataclass(frozen=True)
class NormalPrior:
    """A normal belief about theta in place of one value: mean, and information (1 / variance; 0 is a flat prior)."""

    mean: float
    information: float


Drift = float | NormalPrior
"""theta itself, or what is believed of it; with a belief all probabilities are predictive ones."""


@dataclass(frozen=True, eq=False)
class SubDensity:
    """The paths that have not stopped: where Z stands at the last look, as points with masses.

    Attributes
    ----------
    information
        Of the last look; 0 before the first.
    points, mass
        Values of Z and their probabilities, shape (m,) each. The masses sum to the probability of going on.
    """

    information: float
    points: Floats
    mass: Floats

    @property
    def total(self) -> float:
        """Probability of not having stopped."""
        return float(self.mass.sum())

    def next_normal(self, information: float, drift: Drift) -> tuple[Floats, float]:
        """Means (one a point) and standard deviation of Z at the next look.

        With a belief the paths are still Markov: Z_k sqrt(I_k) is sufficient for theta, so the step to the next look
        has the posterior mean and the variance of both the step and the posterior.
        """
        step = information - self.information
        score = self.points * np.sqrt(self.information)
        if isinstance(drift, NormalPrior):
            precision = drift.information + self.information
            believed = (drift.information * drift.mean + score) / precision
            means = (score + step * believed) / np.sqrt(information)
            return means, float(np.sqrt((step + step**2 / precision) / information))
        return (score + drift * step) / np.sqrt(information), float(np.sqrt(step / information))

    def above(self, z: float, *, information: float, drift: Drift) -> float:
        """Probability of going on to the next look and lying above `z` there."""
        means, deviation = self.next_normal(information, drift)
        return float(self.mass @ ndtr((means - z) / deviation))

    def below(self, z: float, *, information: float, drift: Drift) -> float:
        """Probability of going on to the next look and lying below `z` there."""
        means, deviation = self.next_normal(information, drift)
        return float(self.mass @ ndtr((z - means) / deviation))

    def between(self, interval: Interval, *, information: float, drift: Drift) -> float:
        """Probability of going on to the next look and lying in `interval` there."""
        means, deviation = self.next_normal(information, drift)
        low, high = interval
        return float(self.mass @ (ndtr((high - means) / deviation) - ndtr((low - means) / deviation)))

    def advance(self, regions: Sequence[Interval], *, information: float, drift: Drift, r: int = GRID) -> SubDensity:
        """The paths that also go on after the next look, where going on means lying in one of `regions`.

        The grid is laid around the mean of Z at that look, with its standard deviation, as far as paths get there.
        """
        means, deviation = self.next_normal(information, drift)
        total = self.mass.sum()
        if total <= 0.0:
            return SubDensity(information, np.empty(0), np.empty(0))
        centre = float(self.mass @ means / total)
        scale = float(np.sqrt(max(self.mass @ (means - centre) ** 2 / total, 0.0) + deviation**2))
        parts = [simpson(region, centre=centre, scale=scale, r=r) for region in regions]
        points = np.concatenate([part[0] for part in parts]) if parts else np.empty(0)
        weights = np.concatenate([part[1] for part in parts]) if parts else np.empty(0)
        kernel = np.subtract.outer(points / deviation, means / deviation)  # one large array, changed in place
        np.multiply(kernel, kernel, out=kernel)
        kernel *= -0.5
        np.exp(kernel, out=kernel)
        density = kernel @ self.mass / (deviation * np.sqrt(2.0 * np.pi))
        return SubDensity(information, points, weights * density)


def start() -> SubDensity:
    """Before the first look: no information, all paths at 0."""
    return SubDensity(0.0, np.zeros(1), np.ones(1))


def from_point(z: float, information: float) -> SubDensity:
    """All paths at `z` at a look with that information: where conditional power starts."""
    return SubDensity(float(information), np.array([float(z)]), np.ones(1))


@dataclass(frozen=True, eq=False)
class Exits:
    """Probabilities of stopping at each look, shape (K,) each.

    `efficacy` above the upper boundary, `harm` below the lower rejection boundary of a two-sided design (0 otherwise),
    `futility` for acceptance. At the last look every path that is left stops.
    """

    efficacy: Floats
    harm: Floats
    futility: Floats

    @property
    def stopping(self) -> Floats:
        """Probability of stopping at each look, for any reason."""
        return self.efficacy + self.harm + self.futility


def continuation(efficacy: float, futility: float, *, sided: int) -> list[Interval]:
    """Where a design goes on at an interim look.

    One-sided: between the futility and the efficacy boundary. Two-sided: within plus and minus the efficacy boundary,
    without the inner wedge of half-width `futility` (none when it is not positive).
    """
    if futility >= efficacy:
        return []
    if sided == 1:
        return [(futility, efficacy)]
    if futility <= 0.0:
        return [(-efficacy, efficacy)]
    return [(-efficacy, -futility), (futility, efficacy)]


def exit_probabilities(
    information: Floats,
    efficacy: Floats,
    futility: Floats,
    *,
    sided: int,
    drift: Drift,
    begin: SubDensity | None = None,
    r: int | None = None,
) -> Exits:
    """Probabilities of stopping at each look, Jennison and Turnbull (2000), section 19.2.

    Parameters
    ----------
    information
        Information at the looks, ascending, shape (K,); after `begin.information`.
    efficacy, futility
        Boundaries on the scale of Z, shape (K,); infinite where a look has none. At the last look all that is not
        rejected counts as futility.
    sided
        1 or 2; two-sided boundaries are symmetric.
    drift
        theta: the mean of Z_k is theta sqrt(I_k). Or a belief about it.
    begin
        Where the paths start; from no information by default.
    r
        Size of the grid; by default as `grid_size` says.
    """
    density = begin or start()
    levels = [density.information, *information] if density.information > 0.0 else list(information)
    size = r or grid_size(levels)
    looks = len(information)
    found = np.zeros((3, looks))
    for look, (level, upper, lower) in enumerate(zip(information, efficacy, futility, strict=True)):
        last = look == looks - 1
        inner = upper if last else min(lower, upper)
        found[0, look] = density.above(upper, information=level, drift=drift)
        if sided == 2:
            found[1, look] = density.below(-upper, information=level, drift=drift)
            if inner > 0.0:
                found[2, look] = density.between((-inner, inner), information=level, drift=drift)
        else:
            found[2, look] = density.below(inner, information=level, drift=drift)
        if not last:
            regions = continuation(upper, lower, sided=sided)
            density = density.advance(regions, information=level, drift=drift, r=size)
    return Exits(found[0], found[1], found[2])
