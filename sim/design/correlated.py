"""Group-sequential boundaries for statistics with any covariance over looks, one or several a look. Moments are beside.

With several statistics a look (MaxCombo) the largest is tested, against one boundary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtri

from sim.design.boundaries import FAR, NOTHING
from sim.design.correlated_futility import futile, ongoing
from sim.design.inputs import chosen_looks, information_levels, positive, probability, sides
from sim.design.paths import SCRAMBLES, box_probability, correlation_matrix, factor, integration_error
from sim.design.spending import Shape, Spending
from sim.errors import EngraftError
from sim.stats.arrays import Floats, finite, readonly

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class CorrelatedDesign:
    """Boundaries for correlated statistics; arrays have one entry a look, shape (K,), unless said otherwise.

    Attributes
    ----------
    alpha, sided
        Type I error in all, and the number of sides.
    information
        Fractions at which the spending function was read.
    correlation
        Of all statistics under the null hypothesis, look by look, shape (K J, K J).
    statistics
        J, how many statistics a look has; the largest is tested.
    efficacy
        Boundary on the scale of Z; infinite where a look has none.
    alpha_spent
        Cumulative, by the same integration.
    error
        Three standard errors of the integration in `alpha_spent[-1]`; 0 where it is exact.
    efficacy_rule, futility_rule
        How the boundaries were made.
    futility
        Stop for futility where all statistics lie below it, which alpha does not count on; minus infinity where a look
        has none. See `sim.design.correlated_futility.with_futility`.
    """

    alpha: float
    sided: int
    information: Floats
    correlation: Floats
    statistics: int
    efficacy: Floats
    alpha_spent: Floats
    error: float
    efficacy_rule: Spending | Shape
    futility: Floats
    futility_rule: Spending | Shape | None = None

    def __repr__(self) -> str:
        bounds = ", ".join(f"{value:.4f}" for value in self.efficacy)
        return f"CorrelatedDesign({len(self.efficacy)} looks, alpha {self.alpha:.4g}, {self.efficacy_rule}: z {bounds})"

    @property
    def conventions(self) -> str:
        """What the numbers mean, in words that could go into a protocol."""
        tested = "" if self.statistics == 1 else f" The largest of {self.statistics} statistics is tested at each look."
        futility = ""
        if self.futility_rule is not None:
            futility = (
                f"; futility by {self.futility_rule}, non-binding (the type I error does not count on it), its stops "
                "obeyed in power"
            )
        return (
            f"{self.efficacy_rule}; {'one' if self.sided == 1 else 'two'}-sided{futility}. The covariance of the "
            f"statistics over looks is used as given, increments need not be independent.{tested} Integration by "
            f"randomised Sobol points of a fixed seed, error in alpha below {max(self.error, 1e-9):.1g}."
        )

    def exits(self, mean: ArrayLike, *, correlation: ArrayLike | None = None) -> Floats:
        """Probability of crossing the upper boundary first at each look, shape (K,).

        Parameters
        ----------
        mean
            Of the statistics, look by look, shape (K J,) or (K, J).
        correlation
            Under this effect, if it is another than the one the boundaries were made with.
        """
        values = self._mean("mean", mean)
        matrix = self.correlation if correlation is None else correlation_matrix("correlation", correlation)
        found = [
            crossing(
                matrix,
                self.efficacy[: look + 1],
                sided=self.sided,
                count=self.statistics,
                mean=values,
                futility=self.futility[:look],
            )
            for look in range(len(self.efficacy))
        ]
        return np.array([max(float(each.mean()), 0.0) for each in found])

    def futile(self, mean: ArrayLike, *, correlation: ArrayLike | None = None) -> Floats:
        """Probability of stopping for futility at each look before the last, shape (K,); arguments as in `exits`."""
        values = self._mean("mean", mean)
        matrix = self.correlation if correlation is None else correlation_matrix("correlation", correlation)
        found = np.zeros(len(self.efficacy))
        for look in range(len(self.efficacy) - 1):
            bounds = self.efficacy[: look + 1], self.futility[: look + 1]
            found[look] = futile(matrix, *bounds, count=self.statistics, mean=values)
        return found

    def power_at(self, mean: ArrayLike) -> float:
        """Probability of crossing the upper boundary at any look, for given means of the statistics."""
        return min(float(self.exits(mean).sum()), 1.0)

    def _mean(self, field: str, mean: ArrayLike) -> Floats:
        values = finite(field, np.asarray(mean, dtype=np.float64).ravel())
        if values.size != len(self.correlation):
            raise EngraftError(f"{field}: found {values.size} values; {len(self.correlation)} statistics need one each")
        return values

    def patients_for(self, effect: ArrayLike, *, power: float) -> float:
        """Patients, not rounded, with whom the power is reached, when the means are `effect` times their square root.

        Parameters
        ----------
        effect
            As `LookMoments.effect`, shape (K J,) or (K, J).
        """
        values = self._mean("effect", effect)
        wanted = probability("power", power)
        if wanted <= self.alpha / self.sided or values.max() <= 0.0:
            raise EngraftError(
                f"power: {wanted:.6g} cannot be reached: it must exceed alpha, and an effect must be above 0"
            )

        def excess(root: float) -> float:
            return self.power_at(root * values) - wanted

        high = 10.0 / float(values.max())
        while excess(high) < 0.0:
            high *= 2.0
            if high > 1e8 / float(values.max()):
                raise EngraftError(f"power: {wanted:.6g} cannot be reached with these effects")
        return float(brentq(excess, 0.0, high, xtol=1e-7 * high)) ** 2

    def to_frame(self) -> pd.DataFrame:
        """One row a look: information fraction, boundary, alpha spent."""
        import pandas as pd

        return pd.DataFrame(
            {
                "look": np.arange(1, len(self.efficacy) + 1),
                "information": self.information,
                "efficacy_z": np.where(np.isfinite(self.efficacy), self.efficacy, np.nan),
                "alpha_spent": self.alpha_spent,
            }
        )


def crossing(
    correlation: Floats,
    bounds: Floats,
    *,
    sided: int,
    count: int,
    mean: Floats | None = None,
    futility: Floats | None = None,
) -> Floats:
    """Probability, by scramble, of crossing the last of these upper boundaries, and none before.

    The sum over the statistics of the look, each the first to cross; the one that crosses is integrated first, then
    those before it from the nearest on. `futility` holds the boundaries of the looks before the last.
    """
    found = np.zeros(SCRAMBLES)
    if not np.isfinite(bounds[-1]):
        return found
    floor = np.full(bounds.size - 1, -np.inf) if futility is None else futility
    shift = np.zeros(bounds.size * count) if mean is None else mean[: bounds.size * count]
    for sign, under, over in ongoing(bounds[:-1], floor, count=count, mirrored=sided == 2):
        last = bounds[-1]
        upper = np.repeat(np.append(over, last), count) - shift
        lower = np.repeat(np.append(under, -last if sided == 2 else -np.inf), count) - shift
        for crosses in range(len(upper) - count, len(upper)):
            before = (row for row in reversed(range(crosses)) if np.isfinite(upper[row]) or np.isfinite(lower[row]))
            order = [crosses, *before]
            low, high = lower[order], upper[order]
            low[0], high[0] = upper[crosses], np.inf
            found += sign * box_probability(factor(correlation[np.ix_(order, order)]), low, high)
    return found


def correlated_sequential(
    *,
    alpha: float,
    correlation: ArrayLike,
    information: ArrayLike,
    efficacy: Spending | Shape,
    sided: int = 1,
    statistics: int = 1,
    efficacy_at: Sequence[int] | None = None,
) -> CorrelatedDesign:
    """Boundaries for statistics whose covariance over looks is their own.

    Parameters
    ----------
    alpha, efficacy, sided, efficacy_at
        As in `group_sequential`.
    correlation
        Covariance or correlation under the null hypothesis, shape (K J, K J): statistics of the first look first.
    information
        At the looks, ascending, shape (K,): what the spending function or the shape is read at.
    statistics
        J. With several a look, one-sided only.

    Raises
    ------
    EngraftError
        If the matrix is not positive semidefinite or does not fit the looks, and as `group_sequential` does.
    """
    level, side_count = probability("alpha", alpha), sides(sided)
    levels = information_levels(information)
    fractions = levels / levels[-1]
    looks = len(fractions)
    matrix = correlation_matrix("correlation", correlation)
    count = int(positive("statistics", statistics))
    if len(matrix) != looks * count:
        raise EngraftError(
            f"correlation: found {len(matrix)} rows; {looks} looks with {count} statistics each need {looks * count}"
        )
    if count > 1 and side_count == 2:
        raise EngraftError("sided: found 2; the largest of several statistics is tested one-sided")
    chosen = chosen_looks("efficacy_at", efficacy_at, looks)
    chosen[-1] = True
    each = level / side_count
    bounds = np.full(looks, np.inf)
    spent = np.zeros((looks, SCRAMBLES))

    def spend(upto: Floats) -> Floats:
        return crossing(matrix, upto, sided=side_count, count=count)

    if isinstance(efficacy, Spending):
        wanted = np.maximum.accumulate(np.where(chosen, efficacy.at_planned(fractions).spent(fractions, each), 0.0))
        used = 0.0
        for look in range(looks):
            error = float(wanted[look]) - used
            if wanted[look] - (wanted[look - 1] if look else 0.0) > NOTHING:
                spent_by = partial(_appended, spend, bounds[:look])
                bounds[look] = _root(spent_by, error, high=-float(ndtri(error / count)))
                spent[look] = spend(bounds[: look + 1])
                used += float(spent[look].mean())
    elif isinstance(efficacy, Shape):
        shape = efficacy

        def bounds_of(constant: float) -> Floats:
            values = np.where(chosen, shape.bounds(constant, fractions), np.inf)
            return np.where(np.isnan(values), np.inf, values)

        def total(constant: float) -> float:
            values = bounds_of(constant)
            return sum(float(spend(values[: look + 1]).mean()) for look in range(looks))

        high = -float(ndtri(each)) + 1.0
        while total(high) > each:
            high += 1.0
            if high > 12.0:
                raise EngraftError("efficacy: the boundaries before the last look spend more than alpha; raise them")
        bounds = bounds_of(_root(total, each, high=high))
        spent = np.stack([spend(bounds[: look + 1]) for look in range(looks)])
    else:
        raise EngraftError(f"efficacy: found {efficacy!s}; it must be a spending function or a shape of boundaries")
    return CorrelatedDesign(
        alpha=level,
        sided=side_count,
        information=readonly(fractions),
        correlation=readonly(matrix),
        statistics=count,
        efficacy=readonly(bounds),
        alpha_spent=readonly(np.cumsum(spent.mean(axis=1)) * side_count),
        error=integration_error(spent.sum(axis=0)) * side_count,
        efficacy_rule=efficacy,
        futility=readonly(np.full(looks, -np.inf)),
    )


def _appended(spend: Callable[[Floats], Floats], before: Floats, z: float) -> float:
    return float(spend(np.append(before, z)).mean())


def _root(function: Callable[[float], float], target: float, *, high: float) -> float:
    """Where a falling function takes a value, searched downwards from an argument at which it is below it."""
    low = high - 0.5
    while function(low) < target:
        high, low = low, low - 1.0
        if low < -FAR:
            raise EngraftError("efficacy: no boundary spends the error of this look; too few paths are left")
    return float(brentq(lambda z: function(z) - target, low, high + 1e-6, xtol=1e-9))
