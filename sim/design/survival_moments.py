"""Moments of tests of survival in a trial: log-rank by events or limits, Lachin-Foulkes. No solving."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from sim.design.course import Arm, Course
from sim.design.inputs import number, positive
from sim.design.laws import PiecewiseExponential, changed_hazard, exponential
from sim.design.logrank import EventMethod, drift_of_an_event
from sim.design.moments import Moments
from sim.errors import EngraftError
from sim.stats.arrays import Floats

Weight = Callable[[Floats], Floats]
"""From pooled survival at the nodes of a grid to weights of a log-rank test."""


def by_events(
    course: Course, hazard_ratio: float, *, null_ratio: float = 1.0, method: EventMethod = "schoenfeld"
) -> Moments:
    """Moments of a log-rank test by the drift of an event (see `sim.design.logrank`) and the share who have one.

    With a margin above 1 the effect is negative for ratios above the margin; else it is taken in its own direction.
    """
    drift = drift_of_an_event(hazard_ratio, null_ratio=null_ratio, allocation=course.allocation, method=method)
    towards = drift if null_ratio > 1.0 else abs(drift)
    return Moments(towards * math.sqrt(sum(course.events()) / course.patients), 1.0, 1.0)


def lachin_foulkes(
    course: Course, *, scale: Literal["hazard_difference", "log_hazard_ratio"], null_ratio: float = 1.0
) -> Moments:
    """Moments of Lachin and Foulkes (1986, Biometrics 42:507), with the variance under each hypothesis.

    ``hazard_difference`` is their equation 2.1 with phi(lambda) = lambda^2 / P(event): exponential laws only, the
    variance under the null hypothesis at the mean of the two hazards weighted by allocation. ``log_hazard_ratio`` has
    variance 1 / events of each arm; under the null hypothesis both arms have the hazard of the control arm times
    (1 + r HR) / (1 + r HR0), the treatment arm times HR0 more (the extension to piecewise exponential laws and margins
    of the R package gsDesign, function nSurv).

    Raises
    ------
    EngraftError
        If the hazards of the arms are not proportional, or not constant with ``hazard_difference``.
    """
    r = course.allocation
    shares = course.shares
    if scale == "hazard_difference":
        if positive("margin", null_ratio) != 1.0:
            raise EngraftError("margin: on the scale of hazard differences it must be 1; use log_hazard_ratio")
        hazards = [_constant_hazard(arm) for arm in (course.control, course.treatment)]
        mean = shares[0] * hazards[0] + shares[1] * hazards[1]
        null = _with_events(course, Arm(exponential(mean)), Arm(exponential(mean)))
        observed, under_null = course.event_probabilities(), null.event_probabilities()
        sd = math.sqrt(sum(h**2 / p / s for h, p, s in zip(hazards, observed, shares, strict=True)))
        null_sd = math.sqrt(sum(mean**2 / p / s for p, s in zip(under_null, shares, strict=True)))
        return Moments(abs(hazards[0] - hazards[1]), null_sd, sd)
    ratio = positive("hazard_ratio", constant_hazard_ratio(course))
    common = changed_hazard(course.control.event, (1.0 + r * ratio) / (1.0 + r * positive("margin", null_ratio)))
    null = _with_events(course, Arm(common), Arm(changed_hazard(common, null_ratio)))
    sd, null_sd = (
        math.sqrt(sum(1.0 / (share * p) for share, p in zip(shares, found.event_probabilities(), strict=True)))
        for found in (course, null)
    )
    effect = -math.log(ratio / null_ratio)
    return Moments(effect if null_ratio > 1.0 else abs(effect), null_sd, sd)


def _constant_hazard(arm: Arm) -> float:
    law = arm.event
    if not isinstance(law, PiecewiseExponential) or len(set(law.rates)) != 1:
        raise EngraftError("scale: hazard_difference needs exponential survival in both arms; use log_hazard_ratio")
    return law.rates[0]


def constant_hazard_ratio(course: Course) -> float:
    """The ratio of the hazards of the treatment and the control arm, which must not depend on time.

    Raises
    ------
    EngraftError
        If it does.
    """
    times = course.grid().times
    control, treatment = course.control.event.hazard(times), course.treatment.event.hazard(times)
    known = control > 0.0
    ratios = treatment[known] / control[known]
    if not known.any() or np.ptp(ratios) > 1e-9 * ratios.max() or (treatment[~known] > 0.0).any():
        raise EngraftError("method: the hazards of the arms are not proportional; use the method weighted")
    return float(ratios[0])


def proportional(course: Course) -> bool:
    """Whether the ratio of the hazards does not depend on time."""
    try:
        constant_hazard_ratio(course)
    except EngraftError:
        return False
    return True


def _with_events(course: Course, control: Arm, treatment: Arm) -> Course:
    return Course(
        Arm(control.event, course.control.dropout, course.control.competing),
        Arm(treatment.event, course.treatment.dropout, course.treatment.competing),
        course.accrual,
        course.follow_up,
        course.allocation,
    )


def fleming_harrington(rho: float, gamma: float) -> Weight:
    """Weights S^rho (1 - S)^gamma by pooled survival just before each time; 0, 0 is the log-rank test."""
    first, second = number("rho", rho), number("gamma", gamma)
    if not (0.0 <= first <= 10.0 and 0.0 <= second <= 10.0):
        raise EngraftError(f"rho, gamma: found {first:.12g}, {second:.12g}; both must lie between 0 and 10")
    return lambda pooled: np.asarray(pooled**first * (1.0 - pooled) ** second)


def weighted_logrank(course: Course, weight: Weight | None = None) -> Moments:
    """Moments of a weighted log-rank test under any two laws, by its limits; no proportional hazards needed.

    With y the expected shares at risk, effect = int w y1 y2 / (y1 + y2) (h_control - h_treatment) dt / null_sd and
    null_sd^2 = int w^2 y1 y2 / (y1 + y2)^2 (y1 h1 + y2 h2) dt, the limit of the usual variance estimator (Schoenfeld
    1981; Yung and Liu 2020, Biometrics 76:939, "asymptotic", variance of order 1). The effect is positive if the
    treatment does better.
    """
    grid = course.grid()
    shares = course.shares
    at_risk = [
        course.at_risk(arm, share, grid.times)
        for arm, share in zip((course.control, course.treatment), shares, strict=True)
    ]
    hazards = [arm.event.hazard(grid.times) for arm in (course.control, course.treatment)]
    pooled = sum(
        share * arm.event.survival(grid.times)
        for arm, share in zip((course.control, course.treatment), shares, strict=True)
    )
    weights = np.ones(grid.times.size) if weight is None else weight(np.asarray(pooled))
    both = at_risk[0] + at_risk[1]
    balance = np.divide(at_risk[0] * at_risk[1], both, out=np.zeros_like(both), where=both > 0.0)
    rate = np.divide(at_risk[0] * hazards[0] + at_risk[1] * hazards[1], both, out=np.zeros_like(both), where=both > 0.0)
    drift = grid.integral(weights * balance * (hazards[0] - hazards[1]))
    variance = grid.integral(weights**2 * balance * rate)
    return Moments(drift / math.sqrt(variance), 1.0, 1.0)
