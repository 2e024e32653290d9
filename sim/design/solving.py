"""Solves a survival trial for patients, accrual time, follow-up or effect. No result is described here."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from scipy.optimize import brentq

from sim.design.course import Course
from sim.design.moments import attainable, patients_for, power_of
from sim.design.survival_tests import SurvivalTest
from sim.errors import EngraftError

LONGEST = 2.0**20
"""Times the length of the trial as given: durations are looked for up to there."""


def course_power(course: Course, test: SurvivalTest, *, alpha: float, sided: int = 1) -> float:
    """Power of a test at the analysis of a trial (see `sim.design.moments.power_of`)."""
    return power_of(test.moments(course), course.patients, alpha=alpha, sided=sided)


def for_patients(course: Course, test: SurvivalTest, *, alpha: float, power: float, sided: int = 1) -> Course:
    """The trial with accrual rates scaled so that the power is reached; accrual time and follow-up stay.

    Raises
    ------
    EngraftError
        If no number of patients reaches the power.
    """
    needed = patients_for(test.moments(course), alpha=alpha, power=power, sided=sided)
    return course.with_accrual(course.accrual.scaled(needed / course.patients))


def for_accrual_time(course: Course, test: SurvivalTest, *, alpha: float, power: float, sided: int = 1) -> Course:
    """The trial with the shortest accrual that reaches the power; rates and follow-up stay.

    Raises
    ------
    EngraftError
        If accrual of a million times the given length does not reach it.
    """

    def at(end: float) -> Course:
        return course.with_accrual(course.accrual.until(end))

    least = max(test.reads_until - course.follow_up, course.accrual.opened)
    return at(_first(lambda x: course_power(at(x), test, alpha=alpha, sided=sided), least, course, power, alpha, sided))


def for_follow_up(course: Course, test: SurvivalTest, *, alpha: float, power: float, sided: int = 1) -> Course:
    """The trial with the shortest follow-up after accrual that reaches the power; accrual stays.

    Raises
    ------
    EngraftError
        If the power is not reached however long patients are followed, with the power that is.
    """

    def at(follow_up: float) -> Course:
        return replace(course, follow_up=follow_up)

    least = max(test.reads_until - course.accrual.end, 0.0)
    return at(_first(lambda x: course_power(at(x), test, alpha=alpha, sided=sided), least, course, power, alpha, sided))


def _first(
    power_at: Callable[[float], float], least: float, course: Course, power: float, alpha: float, sided: int
) -> float:
    """The first length after `least` at which the power is reached, by doubling and Brent's method."""
    wanted = attainable(power, alpha, sided)
    step = course.duration / 1024.0
    low, best = least + 1e-9 * course.duration, 0.0
    if power_at(low) >= wanted:
        raise EngraftError(
            f"power: {power:.12g} is reached as soon as the test can be held, after {least:.6g}; give lower rates or a "
            "higher power"
        )
    while step < LONGEST * course.duration:
        high = least + step
        reached = power_at(high)
        if reached >= wanted:
            return float(brentq(lambda x: power_at(x) - wanted, low, high, xtol=1e-12, rtol=1e-13))
        low, best, step = high, max(best, reached), step * 1.25
    raise EngraftError(f"power: {power:.12g} cannot be reached, however long the trial lasts; at most {best:.6g} is")


def for_hazard_ratio(
    make: Callable[[float], Course],
    test: SurvivalTest,
    *,
    alpha: float,
    power: float,
    sided: int = 1,
    margin: float = 1.0,
) -> float:
    """The hazard ratio nearest to the margin, below it, that a trial detects with a power.

    Parameters
    ----------
    make
        The trial under a hazard ratio.

    Raises
    ------
    EngraftError
        If no ratio above 0.0001 is detected with that power.
    """
    wanted = attainable(power, alpha, sided)

    def short(logarithm: float) -> float:
        return course_power(make(margin * math.exp(logarithm)), test, alpha=alpha, sided=sided) - wanted

    low = high = -1e-6
    while short(low) < 0.0:
        high, low = low, low * 2.0
        if low < math.log(1e-4):
            raise EngraftError(f"power: {power:.12g} cannot be reached with this trial, whatever the hazard ratio")
    return margin * math.exp(float(brentq(short, low, high, xtol=1e-13, rtol=1e-14)))
