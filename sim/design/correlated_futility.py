"""Futility at looks with any covariance: paths between two boundaries, beta spending. Efficacy bounds are given.

Futility is not binding: the efficacy boundary does not count on it. With several statistics a look the trial stops for
futility where all of them, so the largest, lie below the boundary.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from sim.design.boundaries import FAR, NOTHING
from sim.design.inputs import chosen_looks, probability
from sim.design.paths import box_probability, factor
from sim.design.spending import Shape, Spending
from sim.errors import EngraftError
from sim.stats.arrays import Floats, readonly

if TYPE_CHECKING:
    from sim.design.correlated import CorrelatedDesign


MOST_LOOKS = 6
"""With futility and several statistics each; the boxes to integrate double with every one."""


def ongoing(
    efficacy: Floats, futility: Floats, *, count: int, mirrored: bool
) -> Iterator[tuple[float, Floats, Floats]]:
    """Paths that have not stopped, as signed boxes: sign, lower and upper bounds, one a look.

    With one statistic it is one box. With several, going on means that all lie below the efficacy boundary and not all
    below futility: the difference of two boxes at each look with futility.

    Parameters
    ----------
    mirrored
        A two-sided test, with a lower efficacy boundary in place of futility.
    """
    if mirrored:
        yield 1.0, -efficacy, efficacy
    elif count == 1:
        yield 1.0, futility, efficacy
    else:
        nothing = np.full(efficacy.size, -np.inf)
        drawn = np.flatnonzero(np.isfinite(futility))
        for size in range(drawn.size + 1):
            for chosen in itertools.combinations(drawn, size):
                upper = efficacy.copy()
                upper[list(chosen)] = futility[list(chosen)]
                yield (-1.0) ** size, nothing, upper


def futile(correlation: Floats, efficacy: Floats, futility: Floats, *, count: int, mean: Floats) -> float:
    """Probability that a trial goes on to the last of these looks and has all statistics below futility there.

    Parameters
    ----------
    correlation
        Of all statistics, look by look.
    efficacy, futility
        Boundaries of the looks so far, shape (k,).
    mean
        Of the statistics, at least those of these looks.
    """
    if not np.isfinite(futility[-1]):
        return 0.0
    total = 0.0
    for sign, low, high in ongoing(efficacy[:-1], futility[:-1], count=count, mirrored=False):
        below = np.repeat(np.append(low, -np.inf), count) - mean[: futility.size * count]
        above = np.repeat(np.append(high, futility[-1]), count) - mean[: futility.size * count]
        order = [row for row in reversed(range(below.size)) if np.isfinite(below[row]) or np.isfinite(above[row])]
        root = factor(correlation[np.ix_(order, order)])
        total += sign * float(box_probability(root, below[order], above[order]).mean())
    return max(total, 0.0)


def with_futility(
    design: CorrelatedDesign,
    effect: Floats,
    *,
    rule: Spending | Shape,
    power: float | None = None,
    patients: float | None = None,
    futility_at: Sequence[int] | None = None,
) -> tuple[CorrelatedDesign, float]:
    """A design with a futility boundary, and its patients.

    Parameters
    ----------
    design
        One-sided, its efficacy boundary stays.
    effect
        Means of the statistics divided by the square root of the patients, look by look.
    rule
        A spending function of the type II error, read at the information of the design, or `fixed_bounds`.
    power, patients
        Exactly one; the patients are found for the power, or the power that leaves what beta spending spends.
    futility_at
        Looks with such a boundary, counted from 1; all by default.

    Raises
    ------
    EngraftError
        If the boundary reaches that of efficacy, or the power cannot be reached.
    """
    looks = design.efficacy.size
    if design.sided != 1:
        raise EngraftError("futility: found a two-sided test; looks at calendar times have futility if one-sided")
    chosen = chosen_looks("futility_at", futility_at, looks)
    if design.statistics > 1 and chosen[:-1].sum() > MOST_LOOKS:
        raise EngraftError(
            f"futility_at: found {chosen[:-1].sum()} looks; with several statistics at most {MOST_LOOKS} before the "
            "last have futility"
        )
    values = np.asarray(effect, dtype=np.float64).ravel()
    if isinstance(rule, Shape):
        if rule.kind != "fixed" or rule.values is None:
            raise EngraftError(f"futility: found {rule!s}; it must be a spending function or values of z as given")
        given = np.array(rule.values, dtype=np.float64)
        if given.size != looks - 1:
            raise EngraftError(f"futility: found {given.size} given boundaries; {looks} looks need {looks - 1}")
        bounds = np.append(np.where(np.isnan(given) | ~chosen[:-1], -np.inf, given), design.efficacy[-1])
        found = _drawn(design, bounds, rule)
        return found, found.patients_for(values, power=probability("power", power)) if patients is None else patients
    planned = rule.at_planned(design.information)

    def at(root: float, wanted: float) -> CorrelatedDesign:
        spent = np.maximum.accumulate(np.where(chosen, planned.spent(design.information, 1.0 - wanted), 0.0))
        return replace(design, futility=_spending(design, root * values, spent), futility_rule=planned)

    if patients is None:
        wanted = probability("power", power)
        low = first = float(np.sqrt(design.patients_for(values, power=wanted)))

        def short(root: float) -> float:
            return at(root, wanted).power_at(root * values) - wanted

        if short(low) >= 0.0:
            root = low  # next to nothing is spent before the last look
        else:
            high = low * 1.05
            while short(high) < 0.0:
                low, high = high, high * 1.1
                if high > 1e4 * first:
                    raise EngraftError(f"power: {wanted:.6g} cannot be reached with these effects")
            root = float(brentq(short, low, high, xtol=1e-7 * high))
    else:
        root = float(np.sqrt(patients))
        most = design.power_at(root * values)
        least = design.alpha
        if most <= least:
            raise EngraftError(
                "futility: the assumed effect is none, or points the other way; there is no type II error to spend"
            )

        def over(power: float) -> float:
            return at(root, power).power_at(root * values) - power

        if over(least) < 0.0:
            raise EngraftError("futility: with these patients the boundary leaves no more power than alpha")
        wanted = float(brentq(over, least, most, xtol=1e-9))
    found = at(root, wanted)
    return _drawn(found, found.futility, planned), root**2


def _drawn(design: CorrelatedDesign, futility: Floats, rule: Spending | Shape) -> CorrelatedDesign:
    early = futility[:-1] >= design.efficacy[:-1]
    if early.any():
        look = int(np.argmax(early)) + 1
        raise EngraftError(
            f"futility: at look {look} its boundary reaches the efficacy boundary ({design.efficacy[look - 1]:.4f}); "
            "spend less there, or lower it"
        )
    return replace(design, futility=readonly(futility), futility_rule=rule)


def _spending(design: CorrelatedDesign, means: Floats, spent: Floats) -> Floats:
    """Boundaries that spend so much of the type II error by each look before the last; there it is that of efficacy."""
    bounds = np.full(design.efficacy.size, -np.inf)
    bounds[-1] = design.efficacy[-1]
    used = 0.0
    for look in range(design.efficacy.size - 1):
        if spent[look] - (spent[look - 1] if look else 0.0) <= NOTHING:
            continue
        error = float(spent[look]) - used

        def left(z: float, look: int = look, error: float = error) -> float:
            so_far = np.append(bounds[:look], z)
            return _futile_at(design, so_far, means) - error

        high = min(float(design.efficacy[look]), FAR)
        if left(high) <= 0.0:
            bounds[look] = high
        else:
            low = high - 1.0
            while left(low) > 0.0:
                low -= 1.0
            bounds[look] = float(brentq(left, low, high, xtol=1e-9))
        used += _futile_at(design, bounds[: look + 1], means)
    return bounds


def _futile_at(design: CorrelatedDesign, futility: Floats, means: Floats) -> float:
    return futile(design.correlation, design.efficacy[: futility.size], futility, count=design.statistics, mean=means)
