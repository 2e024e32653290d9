"""Tests of several hypotheses at one analysis: Bonferroni, Holm, Hochberg, fixed sequence, Dunnett, closed testing.

Only p values and statistics go in; graphs of hypotheses are in graphical.py, looks in sequential_graphical.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import gammaln, ndtr, ndtri

from sim.design.inputs import positive, probability
from sim.errors import EngraftError
from sim.stats.arrays import Floats, finite, readonly, refuse

if TYPE_CHECKING:
    import pandas as pd

MOST_HYPOTHESES = 12
"""Closed testing looks at all intersections, 4,095 of twelve."""


@dataclass(frozen=True, eq=False, repr=False)
class MultipleTest:
    """Which hypotheses are rejected, in the order given; arrays have shape (m,).

    `adjusted_p` is the smallest level of the whole family at which the procedure rejects the hypothesis.
    """

    procedure: str
    alpha: float
    p: Floats
    adjusted_p: Floats

    @property
    def rejected(self) -> tuple[bool, ...]:
        """Whether the adjusted p value is at most alpha."""
        return tuple(bool(value <= self.alpha * (1.0 + 1e-12)) for value in self.adjusted_p)

    @property
    def conventions(self) -> str:
        """What is controlled."""
        return f"{self.procedure}: familywise error at most {self.alpha:.4g}, whichever hypotheses are true."

    def __repr__(self) -> str:
        return f"MultipleTest({self.procedure}, alpha {self.alpha:.4g}, rejected {self.rejected})"

    def to_frame(self) -> pd.DataFrame:
        """One row a hypothesis: its p value, adjusted p value and whether it is rejected."""
        import pandas as pd

        return pd.DataFrame(
            {
                "hypothesis": np.arange(1, len(self.p) + 1),
                "p": self.p,
                "adjusted_p": self.adjusted_p,
                "rejected": self.rejected,
            }
        )


def p_values(field: str, values: ArrayLike) -> Floats:
    """Numbers from 0 to 1."""
    found = finite(field, values)
    refuse(field, found, (found < 0.0) | (found > 1.0), "a p value lies between 0 and 1")
    return found


def _result(procedure: str, alpha: float, p: Floats, adjusted: Floats) -> MultipleTest:
    level = probability("alpha", alpha)
    return MultipleTest(procedure, level, readonly(p), readonly(np.minimum(adjusted, 1.0)))


def bonferroni(p: ArrayLike, *, alpha: float, weights: ArrayLike | None = None) -> MultipleTest:
    """Weighted Bonferroni: each hypothesis at its share of alpha; equal shares by default."""
    values = p_values("p", p)
    shares = _weights(weights, values.size)
    adjusted = np.where(shares > 0.0, values / np.where(shares > 0.0, shares, 1.0), 1.0)
    return _result("Bonferroni", alpha, values, adjusted)


def holm(p: ArrayLike, *, alpha: float) -> MultipleTest:
    """Bonferroni-Holm step-down (Holm, Scandinavian Journal of Statistics 6 (1979) 65-70)."""
    values = p_values("p", p)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty(values.size)
    adjusted[order] = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    return _result("Bonferroni-Holm", alpha, values, adjusted)


def hochberg(p: ArrayLike, *, alpha: float) -> MultipleTest:
    """Hochberg step-up (Biometrika 75 (1988) 800-802), for statistics that are independent or positively dependent."""
    values = p_values("p", p)
    order = np.argsort(-values, kind="stable")
    adjusted = np.empty(values.size)
    adjusted[order] = np.minimum.accumulate(values[order] * np.arange(1, values.size + 1))
    return _result("Hochberg", alpha, values, adjusted)


def fixed_sequence(p: ArrayLike, *, alpha: float) -> MultipleTest:
    """Hierarchical testing in the order given: each at full alpha, until one is not rejected."""
    values = p_values("p", p)
    return _result("fixed sequence", alpha, values, np.maximum.accumulate(values))


def simes_p(p: ArrayLike) -> float:
    """The p value of the intersection of hypotheses: min m p_(i) / i (Simes, Biometrika 73 (1986) 751-754)."""
    values = np.sort(p_values("p", p))
    return float(min(1.0, np.min(values.size * values / np.arange(1, values.size + 1))))


def bonferroni_p(p: ArrayLike) -> float:
    """The p value of the intersection of hypotheses: m times the smallest."""
    values = p_values("p", p)
    return float(min(1.0, values.size * values.min()))


def sidak_p(p: ArrayLike) -> float:
    """The p value of the intersection of hypotheses with independent statistics: 1 - (1 - min p)^m."""
    values = p_values("p", p)
    return float(-np.expm1(values.size * np.log1p(-min(float(values.min()), 1.0 - 1e-16))))


def closed_test(
    size: int, *, alpha: float, intersection: Callable[[tuple[int, ...]], float], p: ArrayLike | None = None
) -> MultipleTest:
    """Closed testing: a hypothesis is rejected when every intersection that holds it is.

    Marcus, Peritz and Gabriel, Biometrika 63 (1976) 655-660.

    Parameters
    ----------
    size
        Number of hypotheses, at most 12.
    intersection
        p value of the intersection of some hypotheses, by their numbers from 0, ascending.
    p
        To be kept in the result; by default those of the single hypotheses.
    """
    count = int(positive("size", size))
    if count > MOST_HYPOTHESES:
        raise EngraftError(f"size: found {count} hypotheses; closed testing looks at all intersections of at most 12")
    adjusted, single = np.zeros(count), np.zeros(count)
    for number_of in range(1, count + 1):
        for members in combinations(range(count), number_of):
            value = float(intersection(members))
            if number_of == 1:
                single[members[0]] = value
            for member in members:
                adjusted[member] = max(adjusted[member], value)
    return _result("closed testing", alpha, single if p is None else p_values("p", p), adjusted)


def _weights(weights: ArrayLike | None, size: int) -> Floats:
    if weights is None:
        return np.full(size, 1.0 / size)
    found = finite("weights", weights)
    if found.size != size:
        raise EngraftError(f"weights: found {found.size} values for {size} hypotheses; each needs one")
    refuse("weights", found, found < 0.0, "it must be 0 or more")
    if found.sum() > 1.0 + 1e-9:
        raise EngraftError(f"weights: they sum to {found.sum():.6g}; together they may have at most 1")
    return found


# Dunnett: m treatment arms against one control. Given the control's mean (and the pooled variance) the comparisons are
# independent, so one integral (two with a t distribution) is enough.
def _control_nodes(loadings: Floats) -> tuple[Floats, Floats]:
    """Nodes and normal weights for the control's mean: equal steps, finer than the steepest comparison needs.

    The trapezoidal rule is exact to rounding here, since the integrand is smooth on the scale of four steps.
    """
    step = min(0.1, float(np.min(np.sqrt(1.0 - loadings**2) / loadings)) / 2.0)
    at = np.linspace(-9.0, 9.0, 2 * int(np.ceil(9.0 / step)) + 1)
    weights = np.exp(-0.5 * at**2)
    return at, weights / weights.sum()


def dunnett_probability(z: float, loadings: Floats, *, degrees: float | None = None) -> float:
    """Probability that all comparisons with the control stay at or below `z`, one-sided.

    Dunnett, JASA 50 (1955) 1096-1121. Correlations are products of the `loadings`, sqrt(n_i / (n_i + n_0)).

    Parameters
    ----------
    degrees
        Of freedom of the pooled variance; None for normal statistics.
    """
    scale = np.sqrt(1.0 - loadings**2)
    if degrees is None:
        values = np.array([z])
        weights = np.ones(1)
    else:
        values, weights = _chi_nodes(degrees)
        values = z * values
    nodes, shares = _control_nodes(loadings)
    inner = ndtr((values[:, None, None] + loadings * nodes[None, :, None]) / scale)
    return float(weights @ (np.prod(inner, axis=2) @ shares))


def _chi_nodes(degrees: float) -> tuple[Floats, Floats]:
    """Nodes and weights for s = sqrt(chi^2 / degrees), by its density on an interval that holds all but 1e-14."""
    at, weight = np.polynomial.legendre.leggauss(96)
    spread = 8.5 / np.sqrt(2.0 * degrees)
    low, high = max(0.0, 1.0 - spread), 1.0 + spread
    s = low + (high - low) * (at + 1.0) / 2.0
    half = degrees / 2.0
    logarithm = np.log(2.0) + half * np.log(half) - gammaln(half) + (degrees - 1.0) * np.log(s) - half * s**2
    density = np.exp(logarithm) * weight
    return s, density / density.sum()


def dunnett_critical(*, alpha: float, allocation: ArrayLike, degrees: float | None = None) -> float:
    """The one-sided critical value for comparisons of several arms with one control.

    Parameters
    ----------
    alpha
        Familywise error, in (0, 1).
    allocation
        Patients of each arm for each control patient, shape (m,).
    degrees
        Of freedom of the pooled variance; None for normal statistics.
    """
    level = probability("alpha", alpha)
    loadings = _loadings(allocation)
    if degrees is not None and positive("degrees", degrees) < 2.0:
        raise EngraftError(f"degrees: found {degrees:.6g}; at least 2 degrees of freedom are needed")
    top = 60.0 if degrees is None else 1e4
    return float(brentq(lambda z: dunnett_probability(z, loadings, degrees=degrees) - (1.0 - level), -10.0, top))


def _loadings(allocation: ArrayLike) -> Floats:
    arms = finite("allocation", allocation)
    refuse("allocation", arms, (arms < 1e-4) | (arms > 1e4), "it must lie between 1e-4 and 1e4")
    return np.asarray(np.sqrt(arms / (1.0 + arms)))


def dunnett(
    z: ArrayLike,
    *,
    alpha: float,
    allocation: ArrayLike | None = None,
    degrees: float | None = None,
    step_down: bool = True,
) -> MultipleTest:
    """Comparisons of several arms with one control, one-sided, large statistics for the treatment.

    Single-stage: Dunnett (1955). Step-down: the largest statistic against all arms, the next against the rest, until
    one is not rejected (Dunnett and Tamhane, Statistics in Medicine 10 (1991) 939-947), which is the closed test.

    Parameters
    ----------
    z
        Statistics of the arms against control, shape (m,).
    allocation
        Patients of each arm for each control patient; 1 by default.
    """
    values = finite("z", z)
    loadings = _loadings(np.ones(values.size) if allocation is None else allocation)
    if loadings.size != values.size:
        raise EngraftError(f"allocation: found {loadings.size} values for {values.size} arms; each needs one")
    order = np.argsort(-values, kind="stable")
    adjusted = np.empty(values.size)
    if step_down:
        tails = [
            1.0 - dunnett_probability(values[row], loadings[order[place:]], degrees=degrees)
            for place, row in enumerate(order)
        ]
        adjusted[order] = np.maximum.accumulate(tails)
    else:
        for row, value in enumerate(values):
            adjusted[row] = 1.0 - dunnett_probability(value, loadings, degrees=degrees)
    single = np.array(
        [1.0 - dunnett_probability(value, loadings[[row]], degrees=degrees) for row, value in enumerate(values)]
    )
    return _result(f"Dunnett, {'step-down' if step_down else 'single-stage'}", alpha, single, adjusted)


def dunnett_p(p: ArrayLike) -> float:
    """The p value of the intersection of comparisons of equally large arms with one control of the same size."""
    smallest = float(p_values("p", p).min())
    loadings = _loadings(np.ones(np.size(p)))
    return float(1.0 - dunnett_probability(float(-ndtri(max(smallest, 1e-300))), loadings))


def dunnett_power(effects: ArrayLike, *, alpha: float, allocation: ArrayLike | None = None) -> float:
    """Probability that at least one arm is rejected, when the statistics have these means (normal, one-sided).

    The same for the single-stage and the step-down test, whose first step it is.
    """
    means = finite("effects", effects)
    loadings = _loadings(np.ones(means.size) if allocation is None else allocation)
    ratios = loadings**2 / (1.0 - loadings**2)
    critical = dunnett_critical(alpha=alpha, allocation=ratios)
    scale = np.sqrt(1.0 - loadings**2)
    nodes, shares = _control_nodes(loadings)
    inner = ndtr((critical - means + loadings * nodes[:, None]) / scale)
    return float(1.0 - np.prod(inner, axis=1) @ shares)
