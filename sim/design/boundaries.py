"""Boundaries from error spent at each look, or from a shape. Finds critical values; knows nothing of power or design.

All error here is that of one side. A two-sided design is symmetric: the upper boundary is found, and plus and minus it
bound the paths that go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sim.design.integration import SubDensity, continuation, exit_probabilities, grid_size, start
from sim.design.spending import Shape
from sim.errors import EngraftError
from sim.stats.arrays import Floats

NOTHING = 1e-15
"""Error below this is none: no boundary is drawn for it."""
FAR = 38.0
"""Beyond this many standard deviations the normal tail is 0 in double precision."""
TOLERANCE = 1e-12


@dataclass(frozen=True, eq=False)
class Rules:
    """What boundaries must fulfil at given information fractions.

    Attributes
    ----------
    fractions
        Information at the looks, shape (K,).
    sided
        1 or 2.
    alpha
        Type I error of one side in all.
    alpha_spent
        Cumulative, at each look, shape (K,); None when `shape` gives the boundaries.
    shape
        Of the efficacy boundary when it is not made by spending.
    efficacy_looks, futility_looks
        Where there is a boundary, shape (K,).
    beta_spent
        Cumulative type II error, shape (K,); None without beta spending.
    futility_bounds
        Given boundaries on the scale of Z, shape (K,); None without. The last entry is not read.
    binding
        Whether paths that fall below the futility boundary are lost for the type I error.
    """

    fractions: Floats
    sided: int
    alpha: float
    alpha_spent: Floats | None
    shape: Shape | None
    efficacy_looks: NDArray[np.bool_]
    futility_looks: NDArray[np.bool_]
    beta_spent: Floats | None
    futility_bounds: Floats | None
    binding: bool

    @property
    def with_futility(self) -> bool:
        """Whether there is any futility boundary before the last look."""
        return self.beta_spent is not None or self.futility_bounds is not None

    @property
    def efficacy_needs_drift(self) -> bool:
        """Whether the efficacy boundary depends on the alternative: binding futility by beta spending."""
        return self.binding and self.beta_spent is not None


@dataclass(frozen=True, eq=False)
class Boundaries:
    """Critical values on the scale of Z, shape (K,) each; infinite where a look has none."""

    efficacy: Floats
    futility: Floats


def upper_quantile(density: SubDensity, error: float, *, information: float, drift: float) -> float:
    """The value above which the next look lies with probability `error`; infinite when there is no error to spend."""
    if error <= NOTHING:
        return np.inf
    return _root(lambda z: density.above(z, information=information, drift=drift) - error)


def lower_quantile(density: SubDensity, error: float, *, information: float, drift: float, sided: int) -> float:
    """The futility boundary of probability `error`: below it, or within plus and minus it when two-sided."""
    if error <= NOTHING:
        return -np.inf
    if sided == 1:
        return _root(lambda z: density.below(z, information=information, drift=drift) - error)
    return _root(lambda z: density.between((-z, z), information=information, drift=drift) - error, low=0.0)


def _root(function: Callable[[float], float], low: float = -FAR) -> float:
    start_value, end_value = function(low), function(FAR)
    if start_value * end_value > 0.0:  # more error is asked for than paths are left: all of them stop
        return low if abs(start_value) < abs(end_value) else FAR
    return float(brentq(function, low, FAR, xtol=TOLERANCE, rtol=8.9e-16))


def find_boundaries(rules: Rules, *, drift: float, efficacy: Floats | None = None) -> Boundaries:
    """Both boundaries when the alternative, for beta spending, has `drift` at information 1.

    Sequential solution look by look (Jennison and Turnbull 2000, sections 7.2 and 19.2; beta spending: Pampallona,
    Tsiatis and Kim, Drug Information Journal 35 (2001) 1113-1121). With a shape, its constant is searched. An efficacy
    boundary that is known already, because it does not depend on the drift, is taken as it is.
    """
    if efficacy is not None:
        return _walk(rules, drift, efficacy)
    if rules.shape is None:
        return _walk(rules, drift, None)
    shape = rules.shape
    no_futility = not (rules.binding and rules.with_futility)

    def excess(constant: float) -> float:
        found = _shaped(rules, shape, constant)
        if not no_futility:
            futility = _walk(rules, drift, found).futility
        else:
            futility = np.full(len(found), -np.inf)
        exits = exit_probabilities(rules.fractions, found, futility, sided=rules.sided, drift=0.0)
        return float(exits.efficacy.sum()) - rules.alpha

    low, high = -12.0, 12.0
    if excess(high) > 0.0:
        raise EngraftError(
            f"efficacy: the boundaries before the last look spend more than alpha ({rules.alpha:.6g} on one side); "
            "raise them"
        )
    if excess(low) < 0.0:
        raise EngraftError("efficacy: no constant of this shape spends alpha; the futility boundary leaves no path")
    constant = float(brentq(excess, low, high, xtol=1e-11, rtol=8.9e-16))
    return _walk(rules, drift, _shaped(rules, shape, constant))


def _shaped(rules: Rules, shape: Shape, constant: float) -> Floats:
    bounds = np.where(rules.efficacy_looks, shape.bounds(constant, rules.fractions), np.inf)
    return np.where(np.isnan(bounds), np.inf, bounds)


def _walk(rules: Rules, drift: float, efficacy: Floats | None) -> Boundaries:
    """Look after look: the efficacy boundary from the null paths (unless given), futility from those of the drift."""
    looks = len(rules.fractions)
    size = grid_size(rules.fractions)
    upper = np.full(looks, np.inf) if efficacy is None else efficacy.copy()
    lower = np.full(looks, -np.inf)
    null, alternative = start(), start()
    alpha_used = beta_used = 0.0
    needs_null = efficacy is None
    needs_alternative = rules.beta_spent is not None
    for look, level in enumerate(rules.fractions):
        last = look == looks - 1
        if needs_null and rules.alpha_spent is not None and rules.efficacy_looks[look]:
            error = float(rules.alpha_spent[look]) - alpha_used
            upper[look] = upper_quantile(null, error, information=level, drift=0.0)
            alpha_used += null.above(upper[look], information=level, drift=0.0)
        if last:
            lower[look] = upper[look]
            break
        if rules.futility_looks[look]:
            if rules.beta_spent is not None:
                error = float(rules.beta_spent[look]) - beta_used
                found = lower_quantile(alternative, error, information=level, drift=drift, sided=rules.sided)
                lower[look] = min(found, upper[look])
                if rules.sided == 1:
                    beta_used += alternative.below(lower[look], information=level, drift=drift)
                elif lower[look] > 0.0:
                    beta_used += alternative.between((-lower[look], lower[look]), information=level, drift=drift)
            elif rules.futility_bounds is not None:
                lower[look] = min(rules.futility_bounds[look], upper[look])
        if needs_null:
            kept = lower[look] if rules.binding else -np.inf
            regions = continuation(upper[look], kept, sided=rules.sided)
            null = null.advance(regions, information=level, drift=0.0, r=size)
        if needs_alternative:
            regions = continuation(upper[look], lower[look], sided=rules.sided)
            alternative = alternative.advance(regions, information=level, drift=drift, r=size)
    return Boundaries(upper, lower)
