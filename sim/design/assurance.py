"""Assurance and predictive power: the chance to succeed when the effect is uncertain. One analysis; no boundaries here.

Group-sequential designs take a prior in `GroupSequentialDesign.exits` and `sim.design.monitoring.predictive_power`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from sim.design.inputs import number, positive
from sim.design.logrank import EventMethod, drift_of_an_event
from sim.design.moments import critical_value
from sim.errors import EngraftError
from sim.stats.arrays import finite, refuse

NODES = 200
"""Gauss-Hermite nodes of a normal prior: the error is below 1e-9 unless power is nearly a step within the prior."""


@dataclass(frozen=True)
class Assurance:
    """The probability to reject in the hoped-for direction, averaged over a prior.

    Attributes
    ----------
    probability
        The assurance.
    benefit
        Prior probability that the effect lies on the side of benefit; assurance cannot exceed it by more than alpha.
    std_error
        Monte Carlo error of `probability` when the prior is a sample; 0 for a normal prior.
    """

    probability: float
    benefit: float
    std_error: float
    conventions: str


def assurance_by_events(
    events: float,
    *,
    mean: float,
    sd: float,
    alpha: float,
    sided: int = 1,
    null_ratio: float = 1.0,
    allocation: float = 1.0,
) -> Assurance:
    """Assurance of a log-rank test at so many events, with a normal prior on the log hazard ratio; closed form.

    The statistic is normal given the effect (Schoenfeld) and so is its average over the prior: Phi((-(m - log HR0) c -
    z) / sqrt(1 + c^2 sd^2)) with c = sqrt(r events) / (1 + r) (O'Hagan, Stevens and Campbell 2005, Pharm Stat 4:187).

    Parameters
    ----------
    mean, sd
        Of the log hazard ratio, treatment to control; sd above 0.
    alpha, sided
        Type I error of the whole test, 1 or 2 sides; only rejections in favour of the treatment count.
    """
    centre, spread = number("mean", mean), positive("sd", sd)
    r = positive("allocation", allocation)
    scale = math.sqrt(r * positive("events", events)) / (1.0 + r)
    null = math.log(positive("margin", null_ratio))
    at = (-(centre - null) * scale - critical_value(alpha, sided)) / math.hypot(1.0, scale * spread)
    return Assurance(
        float(ndtr(at)),
        float(ndtr((null - centre) / spread)),
        0.0,
        "rejections in favour of the treatment; normal prior on the log hazard ratio; variance of the log hazard ratio "
        "(1 + r)^2 / (r events) (Schoenfeld 1981)",
    )


def assurance_normal(power_at: Callable[[float], float], *, mean: float, sd: float, null: float = 0.0) -> Assurance:
    """Assurance for any power function of an effect with a normal prior, by Gauss-Hermite quadrature.

    Parameters
    ----------
    power_at
        Probability to reject in favour of the treatment at an effect such as a log hazard ratio.
    mean, sd
        Of the prior; sd above 0.
    null
        The effect below which the treatment does better.
    """
    centre, spread = number("mean", mean), positive("sd", sd)
    at, weight = np.polynomial.hermite_e.hermegauss(NODES)
    values = np.array([power_at(centre + spread * float(point)) for point in at])
    return Assurance(
        float(weight @ values / weight.sum()),
        float(ndtr((number("null", null) - centre) / spread)),
        0.0,
        f"rejections in favour of the treatment; normal prior on the effect, {NODES} Gauss-Hermite nodes",
    )


def assurance_of_sample(power_at: Callable[[float], float], effects: ArrayLike, *, null: float = 0.0) -> Assurance:
    """Assurance for any power function of an effect, averaged over a sample of effects such as posterior draws.

    Parameters
    ----------
    power_at
        Probability to reject in favour of the treatment at an effect such as a log hazard ratio.
    effects
        Draws, shape (n,), n at least 2; one entry a draw.
    null
        The effect below which the treatment does better.
    """
    draws = finite("effects", effects)
    if draws.size < 2:
        raise EngraftError(f"effects: found {draws.size} draw; at least 2 are needed")
    values = np.array([power_at(float(draw)) for draw in draws])
    return Assurance(
        float(values.mean()),
        float(np.mean(draws < null)),
        float(values.std(ddof=1) / math.sqrt(draws.size)),
        f"rejections in favour of the treatment; mean over {draws.size} draws of the effect",
    )


def predictive_power(
    z: float,
    *,
    events: float,
    planned_events: float,
    alpha: float,
    sided: int = 1,
    allocation: float = 1.0,
    mean: float | None = None,
    sd: float | None = None,
) -> float:
    """The chance that one final log-rank test rejects, given the statistic at an interim without stopping.

    The predictive law of the final statistic is normal: its mean is sqrt(t) z + (1 - t) sqrt(I) m, its variance 1 - t +
    (1 - t)^2 I s^2, with I the planned information, t the fraction at the interim and m, s the posterior of minus the
    log hazard ratio (Spiegelhalter, Freedman and Blackburn 1986, Control Clin Trials 7:8).

    Parameters
    ----------
    z
        The statistic at the interim, above 0 if the treatment does better.
    events, planned_events
        At the interim, above 0, and at the final analysis, more than that.
    mean, sd
        Of a normal prior on the log hazard ratio; flat if not given.

    Raises
    ------
    EngraftError
        If an argument is out of range, events do not increase, or only one of mean and sd is given.
    """
    seen, planned = _interim(events, planned_events)
    if (mean is None) != (sd is None):
        raise EngraftError("sd: give both mean and sd of the prior, or neither for a flat one")
    r = positive("allocation", allocation)
    unit = r / (1.0 + r) ** 2
    first, last = unit * seen, unit * planned
    observed = number("z", z) / math.sqrt(first)
    belief = 0.0 if sd is None else 1.0 / positive("sd", sd) ** 2
    centre = (first * observed - belief * (0.0 if mean is None else number("mean", mean))) / (first + belief)
    fraction = first / last
    ahead = math.sqrt(fraction) * number("z", z) + (1.0 - fraction) * math.sqrt(last) * centre
    variance = (1.0 - fraction) + (1.0 - fraction) ** 2 * last / (first + belief)
    return float(ndtr((ahead - critical_value(alpha, sided)) / math.sqrt(variance)))


def predictive_power_of_sample(
    z: float,
    effects: ArrayLike,
    *,
    events: float,
    planned_events: float,
    alpha: float,
    sided: int = 1,
    allocation: float = 1.0,
    weights: ArrayLike | None = None,
) -> float:
    """As `predictive_power`, with the posterior of the log hazard ratio at the interim as a sample.

    Parameters
    ----------
    effects
        Draws of the log hazard ratio given what the interim shows, shape (n,).
    weights
        Of the draws, 0 or more, shape (n,); equal if not given. Draws of a prior weighed by their likelihood do.
    """
    draws = finite("effects", effects)
    share = np.ones(draws.size) if weights is None else finite("weights", weights)
    refuse("weights", share, share < 0.0, "it must be 0 or more")
    if share.size != draws.size or share.sum() <= 0.0:
        raise EngraftError(f"weights: found {share.size} rows for {draws.size} effects; give one each, not all 0")
    seen, planned = _interim(events, planned_events)
    r = positive("allocation", allocation)
    fraction = seen / planned
    ahead = math.sqrt(fraction) * number("z", z) - draws * (1.0 - fraction) * math.sqrt(r * planned) / (1.0 + r)
    conditional = ndtr((ahead - critical_value(alpha, sided)) / math.sqrt(1.0 - fraction))
    return float(share @ conditional / share.sum())


def _interim(events: float, planned_events: float) -> tuple[float, float]:
    seen, planned = positive("events", events), positive("planned_events", planned_events)
    if planned <= seen:
        raise EngraftError(f"planned_events: found {planned:.12g}; it must be above the {seen:.12g} events seen")
    return seen, planned


def power_in_favour(
    hazard_ratio: float,
    events: float,
    *,
    alpha: float,
    sided: int = 1,
    null_ratio: float = 1.0,
    allocation: float = 1.0,
    method: EventMethod = "schoenfeld",
) -> float:
    """Probability that a log-rank test rejects in favour of the treatment, below alpha where the treatment harms."""
    drift = drift_of_an_event(hazard_ratio, null_ratio=null_ratio, allocation=allocation, method=method)
    return float(ndtr(math.sqrt(positive("events", events)) * drift - critical_value(alpha, sided)))
