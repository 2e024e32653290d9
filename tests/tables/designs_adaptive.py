"""Adaptive designs and correlated statistics against rpact and mvtnorm: combination, closed tests, boundaries."""

from __future__ import annotations

from functools import cache

import numpy as np
from reference_check import Check
from scipy.special import ndtri

from sim.design.adaptive import Intersection, adaptive_closed_test, inverse_normal, planned_weights, survival_stages
from sim.design.correlated import CorrelatedDesign, correlated_sequential
from sim.design.sequential import GroupSequentialDesign, group_sequential
from sim.design.spending import spending

STAGES = (0.0854517601154, 0.0288897855618, 0.1366608391461)
FIRST = (0.0587624340483, 0.0220856724542, 0.3273604230093)
SECOND = (0.0501741232311, 0.0854517601154, np.nan)
C3 = np.array([[1.0, 0.7, 0.5], [0.7, 1.0, 0.8], [0.5, 0.8, 1.0]])
C4 = np.array([[1.0, 0.75, 0.8, 0.6], [0.75, 1.0, 0.6, 0.8], [0.8, 0.6, 1.0, 0.75], [0.6, 0.8, 0.75, 1.0]])
MVTNORM = "mvtnorm 1.1-3: `pmvnorm(algorithm = GenzBretz(abseps = 1e-8, maxpts = 2e7))`, roots by `uniroot`"


@cache
def plan() -> GroupSequentialDesign:
    """Three looks with OF-like spending."""
    return group_sequential(alpha=0.025, information=(0.3, 0.7, 1.0), efficacy=spending("obrien-fleming"))


@cache
def correlated() -> CorrelatedDesign:
    """Three looks whose increments are not independent."""
    return correlated_sequential(
        alpha=0.025, correlation=C3, information=(0.4, 0.7, 1.0), efficacy=spending("obrien-fleming")
    )


@cache
def combined() -> CorrelatedDesign:
    """Two looks with the larger of two statistics each."""
    return correlated_sequential(
        alpha=0.025, correlation=C4, information=(0.6, 1.0), statistics=2, efficacy=spending("obrien-fleming")
    )


def weighted() -> list[Check]:
    """Combination of three stages."""
    source = (
        "rpact 3.3.4: `getDesignInverseNormal(typeOfDesign = 'asOF', alpha = .025, informationRates = c(.3, .7, 1))`, "
        "`getStageResults` of n = c(30, 40, 30), means = c(.25, .3, .2), sd 1, normalApproximation"
    )
    checks = []
    for look, number in enumerate((1.36930639376, 2.33069578820, 2.55), start=1):
        checks.append(
            Check(
                f"inverse-normal-{look}",
                "Inverse normal combination",
                f"three stages, planned weights; statistic after stage {look}",
                number,
                f"{source}, combInverseNormal",
                lambda look=look: float(inverse_normal(STAGES, weights=planned_weights(plan()))[look - 1]),
                absolute=1e-8,
            )
        )
    for stage, number in enumerate((0.547722557505, 0.632455532034, 0.547722557505), start=1):
        checks.append(
            Check(
                f"weight-{stage}",
                "Inverse normal combination",
                f"weight of stage {stage}, looks 0.3, 0.7, 1",
                number,
                f"{source}, weightsInverseNormal",
                lambda stage=stage: float(planned_weights(plan())[stage - 1]),
                absolute=1e-10,
            )
        )
    return checks


def closed() -> list[Check]:
    """Three arms and a control over two stages, one arm dropped; the smallest statistic of an arm's intersections."""
    source = (
        "rpact 3.3.4: `getDesignInverseNormal(kMax = 2, typeOfDesign = 'noEarlyEfficacy', informationRates = "
        "c(.4, 1))`, `getClosedCombinationTestResults(intersectionTest = '{}')`, n 40 and 60 an arm, "
        "means (.35, .45, .1, 0), (.3, .25, NA, 0), sd 1"
    )
    expected: dict[Intersection, tuple[float, float]] = {
        "simes": (2.01203871176, 2.01203871176),
        "bonferroni": (1.94252900940, 1.94252900940),
        "sidak": (1.96091526329, 1.96091526329),
        "dunnett": (2.05337933069, 2.05337933069),
    }
    checks = []
    for name, numbers in expected.items():
        for arm, number in enumerate(numbers, start=1):

            def value(name: Intersection = name, arm: int = arm) -> float:
                found = adaptive_closed_test(FIRST, SECOND, weights=np.sqrt([0.4, 0.6]), alpha=0.025, intersection=name)
                return float(-ndtri(found.adjusted_p[arm - 1]))

            checks.append(
                Check(
                    f"closed-{name}-{arm}",
                    "Closed adaptive tests",
                    f"three arms, one dropped, {name} intersections; arm {arm}, smallest combined statistic",
                    number,
                    source.format(name.capitalize()),
                    value,
                    absolute=1e-5,
                )
            )
    return checks


def boundaries() -> list[Check]:
    """Boundaries and power for given covariances."""
    inputs = "correlations 0.7, 0.5, 0.8, OF-like 0.025 at 0.4, 0.7, 1"
    checks = [
        Check(
            f"correlated-{look}",
            "Correlated statistics",
            f"{inputs}; look {look}",
            number,
            MVTNORM,
            lambda look=look: float(correlated().efficacy[look - 1]),
            absolute=1e-5,
        )
        for look, number in enumerate((3.35686935609, 2.44687681068, 2.01174034391), start=1)
    ]
    checks.append(
        Check(
            "correlated-power",
            "Correlated statistics",
            f"{inputs}; power, means 1, 2, 3",
            0.839523175943,
            MVTNORM,
            lambda: correlated().power_at([1.0, 2.0, 3.0]),
            absolute=1e-5,
        )
    )
    inputs = "larger of two statistics, correlation 0.75 within, 0.8 and 0.6 between looks, OF-like 0.025 at 0.6, 1"
    checks += [
        Check(
            f"combined-{look}",
            "Correlated statistics",
            f"{inputs}; look {look}",
            number,
            MVTNORM,
            lambda look=look: float(combined().efficacy[look - 1]),
            absolute=1e-5,
        )
        for look, number in enumerate((2.85386857976, 2.18578923529), start=1)
    ]
    checks.append(
        Check(
            "combined-power",
            "Correlated statistics",
            f"{inputs}; power, means 1.5, 1 and 2.5, 2.8",
            0.788252362817,
            MVTNORM,
            lambda: combined().power_at([1.5, 1.0, 2.5, 2.8]),
            absolute=2e-5,
        )
    )
    return checks


def cohorts() -> list[Check]:
    """Two cohorts of a survival trial: formulas of the paper, evaluated in R."""
    stages = survival_stages(alpha=0.025, events=[100.0, 200.0])
    paper = "Jenkins, Stone and Jennison, Pharmaceutical Statistics 10 (2011) 347-356; R: `{}`"
    return [
        Check(
            "cohort-level",
            "Cohorts of a survival trial",
            "100 and 200 events, alpha 0.025, first cohort p 0.1; level left for the second",
            0.0675535719,
            paper.format("pnorm((qnorm(.9) * sqrt(1/3) - qnorm(.975)) / sqrt(2/3))"),
            lambda: stages.level_left(0.1),
            absolute=1e-9,
        ),
        Check(
            "cohort-power",
            "Cohorts of a survival trial",
            "100 and 200 events, alpha 0.025, hazard ratio 0.7; power",
            0.8705366636,
            paper.format("pnorm(-log(.7) * sqrt(300) / 2 - qnorm(.975))"),
            lambda: stages.power(float(np.log(0.7))),
            absolute=1e-9,
        ),
    ]


CHECKS: list[Check] = [*weighted(), *closed(), *boundaries(), *cohorts()]
