"""Moments of tests that compare survival curves: at a milestone, and by restricted mean. No log-rank tests here."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from sim.design.course import Arm, Course
from sim.design.inputs import number, positive
from sim.design.moments import Moments
from sim.design.quadrature import TimeGrid, time_grid
from sim.errors import EngraftError

MilestoneScale = Literal["difference", "log", "log_log"]


def restricted_mean(arm: Arm, until: float) -> float:
    """Mean time to the event within a horizon: the integral of survival."""
    grid = time_grid(positive("until", until), arm.event.knots)
    return grid.integral(arm.event.survival(grid.times))


def rmst_difference(course: Course, *, until: float, margin: float = 0.0) -> Moments:
    """Moments of the difference in restricted mean survival time, treatment minus control plus margin, a patient.

    The variance is the limit of the Kaplan-Meier estimator's: in each arm int (int_t^tau S du)^2 h / y dt with y the
    expected share at risk (Uno et al. 2014; Yung and Liu 2020, Biometrics 76:939), the same under both hypotheses.

    Parameters
    ----------
    until
        The horizon tau, above 0 and before the time of analysis.
    margin
        0 for superiority; for non-inferiority how much shorter the mean may be, 0 or more.
    """
    grid = _grid(course, until)
    means, variance = [], 0.0
    for arm, share in zip((course.control, course.treatment), course.shares, strict=True):
        survival = arm.event.survival(grid.times)
        mean = grid.integral(survival)
        remaining = mean - grid.running_integral(survival)
        means.append(mean)
        rate = arm.event.hazard(grid.times) / course.at_risk(arm, share, grid.times)
        variance += grid.integral(remaining**2 * rate)
    sd = math.sqrt(variance)
    return Moments(means[1] - means[0] + _margin(margin), sd, sd)


def milestone_difference(
    course: Course, *, time: float, scale: MilestoneScale = "difference", margin: float = 0.0
) -> Moments:
    """Moments of the difference in Kaplan-Meier survival at a time, treatment minus control plus margin, a patient.

    The variance is the limit of Greenwood's, S^2 int h / y dt in each arm, taken by the delta method to the scale:
    ``difference`` of probabilities, of their ``log``, or of -log(-log) (Klein et al. 2007, Stat Med 26:4505); the same
    under both hypotheses.

    Parameters
    ----------
    time
        The milestone, above 0 and before the time of analysis.
    margin
        For non-inferiority, on the scale chosen, 0 or more.
    """
    grid = _grid(course, time)
    values, variance = [], 0.0
    for arm, share in zip((course.control, course.treatment), course.shares, strict=True):
        survival = float(arm.event.survival(time))
        if not 0.0 < survival < 1.0:
            raise EngraftError(f"time: survival at {time:.12g} is {survival:.12g} in one arm; it must be inside (0, 1)")
        greenwood = grid.integral(arm.event.hazard(grid.times) / course.at_risk(arm, share, grid.times))
        slope = {"difference": survival, "log": 1.0, "log_log": 1.0 / math.log(survival)}[scale]
        value = {"difference": survival, "log": math.log(survival), "log_log": -math.log(-math.log(survival))}[scale]
        values.append(value)
        variance += slope**2 * greenwood
    sd = math.sqrt(variance)
    return Moments(values[1] - values[0] + _margin(margin), sd, sd)


def _margin(value: float) -> float:
    found = number("margin", value)
    if found < 0.0:
        raise EngraftError(f"margin: found {found:.12g}; it must be 0 (superiority) or more (non-inferiority)")
    return found


def _grid(course: Course, until: float) -> TimeGrid:
    if positive("time", until) >= course.duration:
        raise EngraftError(
            f"time: found {until:.12g}; the longest follow-up at the analysis is {course.duration:.12g}, not more"
        )
    at_end = [course.at_risk(arm, 1.0, np.array([until]))[0] for arm in (course.control, course.treatment)]
    if min(at_end) <= 0.0:
        raise EngraftError(f"time: found {until:.12g}; nobody is followed for so long without an event")
    return course.grid(until)
