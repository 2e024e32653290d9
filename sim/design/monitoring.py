"""Reading an interim or final analysis of a group-sequential design: chances to come, intervals, p values, estimates.

Everything is on the scale of the design: Z at a look (from 1), and drift, the mean of Z at full information. Divide a
drift by its planned value to have shares of the planned effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.optimize import brentq

from sim.design.boundaries import Rules, find_boundaries
from sim.design.inputs import number, positive, probability
from sim.design.integration import Drift, NormalPrior, exit_probabilities, from_point
from sim.design.spending import Shape
from sim.errors import EngraftError
from sim.stats.arrays import Floats

if TYPE_CHECKING:
    from sim.design.sequential import GroupSequentialDesign


def _interim(design: GroupSequentialDesign, look: int, *, last: bool = False) -> int:
    highest = design.looks if last else design.looks - 1
    if isinstance(look, bool) or not isinstance(look, int | np.integer) or not 1 <= look <= highest:
        kind = "looks" if last else "interim looks"
        raise EngraftError(f"look: found {look!s}; {kind} are numbered from 1 to {highest}")
    return int(look) - 1


def _ahead(design: GroupSequentialDesign, look: int, z: float, drift: Drift, *, obey_futility: bool) -> float:
    at = _interim(design, look)
    rest = slice(at + 1, None)
    futility = design.futility[rest] if obey_futility else np.full(design.looks - at - 1, -np.inf)
    exits = exit_probabilities(
        design.information[rest],
        design.efficacy[rest],
        futility,
        sided=design.sided,
        drift=drift,
        begin=from_point(number("z", z), float(design.information[at])),
    )
    return float(exits.efficacy.sum())


def conditional_power(
    design: GroupSequentialDesign,
    *,
    look: int,
    z: float,
    drift: float | Literal["planned", "observed"] = "planned",
    obey_futility: bool = True,
) -> float:
    """The chance of crossing the upper boundary at a later look, given Z = `z` at this one.

    Over all looks that remain, not the last alone (Jennison and Turnbull 2000, section 10.2, by their chapter 19).

    Parameters
    ----------
    look
        From 1, before the last.
    drift
        Mean of Z at full information for what is to come: a number, ``planned``, or ``observed``, z / sqrt(information
        fraction).
    obey_futility
        Whether later futility boundaries stop the trial.
    """
    if drift == "observed":
        ahead = number("z", z) / float(np.sqrt(design.information[_interim(design, look)]))
    elif drift == "planned":
        if design.drift is None:
            raise EngraftError("drift: the design was made without power, so nothing was planned; give a number")
        ahead = design.drift
    else:
        ahead = number("drift", drift)
    return _ahead(design, look, z, ahead, obey_futility=obey_futility)


def predictive_power(
    design: GroupSequentialDesign,
    *,
    look: int,
    z: float,
    prior: NormalPrior | None = None,
    obey_futility: bool = True,
) -> float:
    """Conditional power averaged over the posterior of the drift at this look.

    Spiegelhalter, Freedman and Blackburn, Controlled Clinical Trials 7 (1986) 8-17; over all remaining looks.

    Parameters
    ----------
    prior
        Normal, on the drift; `information` counts in units of the planned maximum. Flat by default.
    """
    return _ahead(design, look, z, prior or NormalPrior(0.0, 0.0), obey_futility=obey_futility)


def conditional_error(design: GroupSequentialDesign, *, look: int, z: float) -> float:
    """The chance of a false rejection that is left: conditional power without effect.

    What is to come may be designed anew, by anything known at this look, as long as it keeps this level given the past
    (Mueller and Schaefer, Biometrics 57 (2001) 886-891). Non-binding futility does not add to it.
    """
    return _ahead(design, look, z, 0.0, obey_futility=design.binding)


@dataclass(frozen=True)
class SequentialInterval:
    """An interval for the effect, on the scale of the estimate given; `level` is its coverage at all looks together."""

    look: int
    low: float
    high: float
    level: float


def repeated_interval(
    design: GroupSequentialDesign, *, look: int, estimate: float, std_error: float
) -> SequentialInterval:
    """The repeated confidence interval at a look: estimate plus and minus the boundary times its standard error.

    Jennison and Turnbull, JRSS B 51 (1989) 305-361. Valid whether or not the trial stops. Its level is 1 - alpha for a
    two-sided design, and 1 - 2 alpha for a one-sided one, each limit missing with probability alpha at most. Infinite
    at looks without efficacy boundary.
    """
    at = _interim(design, look, last=True)
    half = float(design.efficacy[at]) * positive("std_error", std_error)
    middle = number("estimate", estimate)
    return SequentialInterval(look, middle - half, middle + half, 1.0 - design.alpha * 2.0 / design.sided)


def repeated_p(design: GroupSequentialDesign, *, look: int, z: float) -> float:
    """The repeated p value at a look: the smallest alpha with which the design would reject there.

    Jennison and Turnbull (2000), section 9.5. The boundaries are made anew, by the same rule, for each alpha; for those
    of a shape it is the probability of ever crossing the one through `z`. One- or two-sided as the design; 1 when no
    alpha below 1 rejects. Designs with binding futility have none here, since their boundary depends on the power too.
    """
    at = _interim(design, look, last=True)
    if design.binding:
        raise EngraftError(
            "design: found binding futility; repeated p values are given for designs that do not count on it"
        )
    if not design.efficacy_looks[at]:
        raise EngraftError(f"look: found {look}, which has no efficacy boundary")
    rule = design.efficacy_rule
    if isinstance(rule, Shape) and rule.last_only:
        raise EngraftError(f"design: found {rule}; boundaries given before the last look make no family over alpha")
    value = abs(number("z", z)) if design.sided == 2 else number("z", z)
    looks = np.asarray(design.efficacy_looks)
    if isinstance(rule, Shape):
        constant = value / float(rule.bounds(1.0, design.information)[at])
        bounds = np.where(looks, rule.bounds(constant, design.information), np.inf)
        none = np.full(design.looks, -np.inf)
        exits = exit_probabilities(design.information, bounds, none, sided=design.sided, drift=0.0)
        return min(float(exits.efficacy.sum() + exits.harm.sum()), 1.0)

    def gap(logit: float) -> float:
        """How far the boundary for an alpha lies above `z`."""
        side = float(1.0 / (1.0 + np.exp(-logit))) / design.sided
        spent = np.maximum.accumulate(np.where(looks, rule.spent(design.information, side), 0.0))
        spent[-1] = side
        rules = Rules(
            fractions=design.information,
            sided=design.sided,
            alpha=side,
            alpha_spent=spent,
            shape=None,
            efficacy_looks=looks,
            futility_looks=np.zeros(design.looks, dtype=bool),
            beta_spent=None,
            futility_bounds=None,
            binding=False,
        )
        return min(float(find_boundaries(rules, drift=0.0).efficacy[at]), 50.0) - value

    low, high = -60.0, 9.0
    if gap(low) < 0.0:
        return 0.0
    if gap(high) > 0.0:
        return 1.0
    return float(1.0 / (1.0 + np.exp(-brentq(gap, low, high, xtol=1e-9))))


@dataclass(frozen=True)
class FinalInference:
    """Inference after a group-sequential trial that stopped, by the stage-wise order of outcomes.

    `p_value` is one-sided (upper); `estimate` and the limits are drifts, means of Z at full information. `level` is
    the coverage of the interval.
    """

    look: int
    z: float
    p_value: float
    estimate: float
    low: float
    high: float
    level: float


def final_inference(
    design: GroupSequentialDesign, *, look: int, z: float, level: float | None = None
) -> FinalInference:
    """Adjusted p value, median-unbiased estimate and confidence interval for a trial that stopped at a look.

    Stage-wise order: an earlier crossing of the upper boundary is stronger evidence, an earlier stop on the lower side
    weaker, and at one look a larger Z is stronger (Tsiatis, Rosner and Mehta, Biometrics 40 (1984) 797-803; Jennison
    and Turnbull 2000, section 8.4). Non-binding futility boundaries are left out of the order: a stop there is read as
    if the trial had been planned to end at that look.

    Parameters
    ----------
    look, z
        Where the trial stopped, and its statistic there.
    level
        Of the interval, with equal tails; 1 - alpha (two-sided) or 1 - 2 alpha (one-sided) by default.
    """
    at = _interim(design, look, last=True)
    value = number("z", z)
    if level is None:
        level = 1.0 - 2.0 * design.alpha / design.sided
    coverage = probability("level", level)
    futility = design.futility if design.binding else np.full(design.looks, -np.inf)
    information: Floats = design.information[: at + 1]

    below = value <= -design.efficacy[at] if design.sided == 2 else design.binding and value <= futility[at]
    weak = bool(below) and at < design.looks - 1
    # A stop on the lower side is the weakest of its look: what is weaker still is the upper side of the mirror image.
    sign = -1.0 if weak else 1.0
    upper, lower = (-futility, -design.efficacy) if weak and design.sided == 1 else (design.efficacy, futility)
    bounds = np.append(upper[:at], sign * value)

    def at_least(drift: float) -> float:
        """Probability of an outcome as strong as this one, or stronger."""
        exits = exit_probabilities(information, bounds, lower[: at + 1], sided=design.sided, drift=sign * drift)
        strong = float(exits.efficacy.sum())
        return 1.0 - strong if weak else strong

    def solve(target: float) -> float:
        centre = value / float(np.sqrt(information[-1]))
        low, high = centre - 4.0, centre + 4.0
        while at_least(low) > target:
            low -= 4.0
        while at_least(high) < target:
            high += 4.0
        return float(brentq(lambda drift: at_least(drift) - target, low, high, xtol=1e-10))

    tail = (1.0 - coverage) / 2.0
    return FinalInference(
        look=look,
        z=value,
        p_value=at_least(0.0),
        estimate=solve(0.5),
        low=solve(tail),
        high=solve(1.0 - tail),
        level=coverage,
    )
