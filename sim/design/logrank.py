"""Events that a log-rank test needs, its power and its detectable effect by events alone. No calendar time here."""

from __future__ import annotations

import math
from typing import Literal, get_args

from scipy.optimize import brentq
from scipy.special import ndtri

from sim.design.inputs import positive
from sim.design.moments import Moments, attainable, critical_value, patients_for, power_of
from sim.errors import EngraftError, did_you_mean

EventMethod = Literal["schoenfeld", "freedman", "hsieh_freedman"]
METHODS: tuple[str, ...] = get_args(EventMethod)

LARGEST_RATIO = 1e4
"""Hazard ratios are looked for between its inverse and this."""


def drift_of_an_event(
    hazard_ratio: float, *, null_ratio: float = 1.0, allocation: float = 1.0, method: EventMethod = "schoenfeld"
) -> float:
    """Mean of the standardised statistic is sqrt(events) times this; below 0 if the treatment does worse.

    Parameters
    ----------
    hazard_ratio
        Treatment to control, above 0.
    null_ratio
        Hazard ratio of the hypothesis to reject: 1, or a margin (``schoenfeld`` only). It says the direction of the
        test: ratios below it count as an effect.
    allocation
        Patients of the treatment arm for each of the control arm.
    method
        ``schoenfeld`` (1981, Biometrika 68:316, eq. 1): |log(HR/HR0)| sqrt(r)/(1+r); ``freedman`` (1982, Stat Med
        1:121): (1-HR) sqrt(r)/(1+r HR); ``hsieh_freedman`` (Hsieh 1992, Stat Med 11:1389): (1-HR)/(1+HR) times
        2 sqrt(r)/(1+r).

    Raises
    ------
    EngraftError
        If a number is not above 0, the method is unknown, or a margin is given to a method that has none.
    """
    ratio, null, r = (
        positive("hazard_ratio", hazard_ratio),
        positive("margin", null_ratio),
        positive("allocation", allocation),
    )
    if method not in METHODS:
        raise EngraftError(f'method: no formula for events is called "{method}"{did_you_mean(str(method), METHODS)}')
    if method == "schoenfeld":
        return -math.log(ratio / null) * math.sqrt(r) / (1.0 + r)
    if null != 1.0:
        raise EngraftError(
            f"margin: found {null:.12g}; with the method {method} it must be 1, schoenfeld takes margins"
        )
    if method == "freedman":
        return (1.0 - ratio) * math.sqrt(r) / (1.0 + r * ratio)
    return (1.0 - ratio) / (1.0 + ratio) * 2.0 * math.sqrt(r) / (1.0 + r)


def events_for(
    hazard_ratio: float,
    *,
    alpha: float,
    power: float,
    sided: int = 1,
    null_ratio: float = 1.0,
    allocation: float = 1.0,
    method: EventMethod = "schoenfeld",
) -> float:
    """Events of both arms that a log-rank test needs, not rounded (conventions of `drift_of_an_event`).

    Raises
    ------
    EngraftError
        If an argument is out of range, or the ratio lies on the wrong side of the margin of a non-inferiority test.
    """
    drift = drift_of_an_event(hazard_ratio, null_ratio=null_ratio, allocation=allocation, method=method)
    attainable(power, alpha, sided)
    if drift == 0.0 or (null_ratio > 1.0 and drift < 0.0):
        raise EngraftError(
            f"hazard_ratio: found {hazard_ratio:.12g}; it must be "
            + (f"below the margin {null_ratio:.12g}" if drift else f"other than {null_ratio:.12g}, the ratio to reject")
        )
    return patients_for(Moments(abs(drift), 1.0, 1.0), alpha=alpha, power=power, sided=sided)


def power_by_events(
    events: float,
    hazard_ratio: float,
    *,
    alpha: float,
    sided: int = 1,
    null_ratio: float = 1.0,
    allocation: float = 1.0,
    method: EventMethod = "schoenfeld",
) -> float:
    """Probability to reject at so many events, in the direction of the ratio (see `drift_of_an_event`).

    With a margin above 1 (non-inferiority) the direction is that of a ratio below the margin.
    """
    drift = drift_of_an_event(hazard_ratio, null_ratio=null_ratio, allocation=allocation, method=method)
    towards = drift if null_ratio > 1.0 else abs(drift)
    return power_of(Moments(towards, 1.0, 1.0), positive("events", events), alpha=alpha, sided=sided)


def hazard_ratio_for(
    events: float,
    *,
    alpha: float,
    power: float,
    sided: int = 1,
    null_ratio: float = 1.0,
    allocation: float = 1.0,
    method: EventMethod = "schoenfeld",
) -> float:
    """The largest hazard ratio below the one to reject that so many events detect with a power.

    Raises
    ------
    EngraftError
        If no ratio can be detected: with ``freedman`` and ``hsieh_freedman`` the drift is bounded.
    """
    needed = (critical_value(alpha, sided) + float(ndtri(attainable(power, alpha, sided)))) / math.sqrt(
        positive("events", events)
    )

    def short(logarithm: float) -> float:
        ratio = null_ratio * math.exp(logarithm)
        return drift_of_an_event(ratio, null_ratio=null_ratio, allocation=allocation, method=method) - needed

    lowest = -math.log(LARGEST_RATIO)
    if short(lowest) < 0.0:
        raise EngraftError(
            f"power: {power:.12g} cannot be reached with {events:.12g} events, whatever the hazard ratio"
        )
    return null_ratio * math.exp(float(brentq(short, lowest, 0.0, xtol=1e-13, rtol=1e-14)))


def critical_hazard_ratio(
    events: float, *, alpha: float, sided: int = 1, null_ratio: float = 1.0, allocation: float = 1.0
) -> float:
    """The observed hazard ratio that is just significant: exp(-z (1+r)/sqrt(r events)) times the ratio to reject."""
    r = positive("allocation", allocation)
    spread = (1.0 + r) / math.sqrt(r * positive("events", events))
    return positive("margin", null_ratio) * math.exp(-critical_value(alpha, sided) * spread)
