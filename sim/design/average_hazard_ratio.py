"""Average hazard ratios of two laws whose hazards are not proportional, over a time or over a trial. No test here."""

from __future__ import annotations

import math

import numpy as np

from sim.design.course import Course
from sim.design.inputs import positive
from sim.design.laws import Law
from sim.design.quadrature import time_grid
from sim.errors import EngraftError


def kalbfleisch_prentice(control: Law, treatment: Law, *, until: float, power: float = 0.5) -> float:
    """Average hazard ratio of Kalbfleisch and Prentice (1981, Biometrika 68:105), censored at a time.

    The ratio of int h_treatment W dt to int h_control W dt with W = (S_control S_treatment)^power: with power 1/2 their
    average hazard ratio, with power 1 the odds of concordance up to that time (Schemper, Wakounig and Heinze 2009, Stat
    Med 28:2473). Both depend on neither accrual nor censoring.

    Raises
    ------
    EngraftError
        If the control arm has no events by then.
    """
    grid = time_grid(positive("until", until), (*control.knots, *treatment.knots))
    exponent = positive("power", power)
    weights = np.exp(-exponent * (control.cumulative_hazard(grid.times) + treatment.cumulative_hazard(grid.times)))
    below = grid.integral(control.hazard(grid.times) * weights)
    if below <= 0.0:
        raise EngraftError(f"until: found {until:.12g}; the control arm has no events by then")
    return grid.integral(treatment.hazard(grid.times) * weights) / below


def event_weighted(course: Course) -> float:
    """Geometric mean of the hazard ratio over the expected events of a trial: exp(int log HR dE / E).

    It depends on accrual, dropout and follow-up, as what a Cox model would show does; the average of Mukhopadhyay et
    al. (2020, Stat Med 39:2957) as the R package gsDesign2 takes it: within each interval of constant hazards the
    events d_c, d_t of the arms weigh d_c d_t / (d_c + d_t).

    Raises
    ------
    EngraftError
        If an arm has no hazard at a time at which the other one has.
    """
    grid = course.grid()
    knots = sorted({0.0, *course.control.knots, *course.treatment.knots})
    interval = np.searchsorted(knots, grid.times, side="right")
    hazards = [arm.event.hazard(grid.times) for arm in (course.control, course.treatment)]
    if ((hazards[0] > 0.0) != (hazards[1] > 0.0)).any():
        raise EngraftError("hazard_ratio: one arm has no hazard at a time at which the other has; no average exists")
    densities = [
        course.at_risk(arm, share, grid.times) * hazard
        for arm, share, hazard in zip((course.control, course.treatment), course.shares, hazards, strict=True)
    ]
    weights = total = 0.0
    for number in np.unique(interval):
        here = interval == number
        control, treatment = (grid.integral(np.where(here, density, 0.0)) for density in densities)
        if control + treatment <= 0.0:
            continue
        ratio = np.divide(hazards[1], hazards[0], out=np.ones_like(hazards[0]), where=hazards[0] > 0.0)
        mean = grid.integral(np.where(here, np.log(ratio) * (densities[0] + densities[1]), 0.0)) / (control + treatment)
        weight = control * treatment / (control + treatment)
        weights += weight * mean
        total += weight
    return math.exp(weights / total)
