"""Families of several stages or hypotheses: adaptive, Dunnett, stepwise and graphical tests. No test is here."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from sim.design.adaptive import (
    adaptive_closed_test,
    combination_test,
    inverse_normal,
    planned_weights,
    redesigned,
    survival_stages,
)
from sim.design.graphical import graph, graphical_test
from sim.design.monitoring import conditional_error
from sim.design.multiple import dunnett, dunnett_critical, dunnett_power, fixed_sequence, hochberg, holm
from sim.design.sequential import group_sequential
from sim.design.sequential_graphical import graphical_sequential, nominal_levels, secondary_error
from sim.design.spending import obrien_fleming, pocock, spending
from tests.design.family_rates import DRAWS, Draw, Rate, statistics

PLAN = group_sequential(alpha=0.025, information=(0.4, 1.0), efficacy=spending("pocock"), power=0.8)


def reestimated(generator: np.random.Generator, drift: float) -> np.ndarray:
    """Stage 2 of a size chosen from stage 1 (less when it looks good), combined by the planned weights."""
    first = generator.standard_normal(DRAWS) + drift * np.sqrt(0.4)
    size = np.where(first > 1.0, 0.3, 2.5)
    second = generator.standard_normal(DRAWS) + drift * np.sqrt(size)
    weights = planned_weights(PLAN)
    total = weights @ np.stack([first, second])
    return np.asarray((first >= PLAN.efficacy[0]) | (total >= PLAN.efficacy[1]))


def left_over(generator: np.random.Generator) -> np.ndarray:
    """Two new looks in place of one, at the conditional rejection probability (in classes of Z, rounded down)."""
    first = generator.standard_normal(DRAWS)
    second, third = generator.standard_normal((2, DRAWS))
    rejected = first >= PLAN.efficacy[0]
    steps = np.linspace(-3.0, float(PLAN.efficacy[0]), 25)
    for low, high in pairwise(steps):
        rest = redesigned(PLAN, look=1, z=float(low), information=[0.5, 1.0], efficacy=spending("obrien-fleming"))
        here = (first >= low) & (first < high)
        end = (second + third) / np.sqrt(2.0)
        rejected |= here & ((second >= rest.efficacy[0]) | (end >= rest.efficacy[1]))
    return rejected


def left_over_exact() -> float:
    steps = np.linspace(-3.0, float(PLAN.efficacy[0]), 25)
    shares = np.diff(ndtr(steps))
    errors = [conditional_error(PLAN, look=1, z=float(low)) for low in steps[:-1]]
    return float(ndtr(-PLAN.efficacy[0]) + shares @ np.array(errors))


STAGES = survival_stages(alpha=0.025, events=[100.0, 200.0])


def cohorts(generator: np.random.Generator, log_hazard_ratio: float) -> np.ndarray:
    drift = -log_hazard_ratio * np.sqrt(STAGES.events) / 2.0
    z = generator.standard_normal((DRAWS, 2)) + drift
    return np.asarray(z @ STAGES.weights >= STAGES.critical)


def pick_the_better(generator: np.random.Generator, *, whole: bool) -> np.ndarray:
    """Two hypotheses; the better of stage 1 goes on; closed test with Simes. `whole`: is the intersection rejected."""
    p = generator.random((DRAWS, 2))
    second = generator.random(DRAWS)
    weights = np.sqrt([0.5, 0.5])
    ordered = np.sort(p, axis=1)
    simes = np.minimum(2.0 * ordered[:, 0], ordered[:, 1])
    both = weights @ -ndtri(np.stack([simes, second])) >= ndtri(0.975)
    single = weights @ -ndtri(np.stack([ordered[:, 0], second])) >= ndtri(0.975)
    for row in range(200):  # the same by the library
        later = np.where(p[row] == ordered[row, 0], second[row], np.nan)
        found = adaptive_closed_test(p[row], later, weights=weights, alpha=0.025)
        assert any(found.rejected) == bool(both[row] and single[row])
    return np.asarray(both if whole else both & single)


def adaptive_rates() -> list[Rate]:
    hazard = float(np.log(0.7))
    return [
        Rate("inverse normal", "type I error", lambda: 0.025, lambda generator: reestimated(generator, 0.0)),
        Rate("conditional rejection", "type I error", left_over_exact, left_over),
        Rate("cohorts", "type I error", lambda: STAGES.power(0.0), lambda generator: cohorts(generator, 0.0)),
        Rate("cohorts", "power", lambda: STAGES.power(hazard), lambda generator: cohorts(generator, hazard)),
        Rate("closed test, one dropped", "intersection", lambda: 0.025, lambda g: pick_the_better(g, whole=True)),
        Rate(
            "closed test, one dropped",
            "familywise error",
            lambda: 0.025,
            lambda g: pick_the_better(g, whole=False),
            bound=True,
        ),
        Rate(
            "inverse normal",
            "power as planned",
            lambda: float(PLAN.power or 0.0),
            lambda generator: _as_planned(generator),
        ),
    ]


def _as_planned(generator: np.random.Generator) -> np.ndarray:
    drift, steps = float(PLAN.drift or 0.0), np.diff(PLAN.information, prepend=0.0)
    stages = generator.standard_normal((DRAWS, 2)) + drift * np.sqrt(steps)
    weights = planned_weights(PLAN)
    for row in stages[:200]:
        z = inverse_normal(ndtr(-row), weights=weights)
        assert (combination_test(PLAN, ndtr(-row)).rejected_at is not None) == bool((z >= PLAN.efficacy).any())
    z = np.cumsum(stages * weights, axis=1) / np.sqrt(np.cumsum(weights**2))
    return np.asarray((z >= PLAN.efficacy).any(axis=1))


def against_control(generator: np.random.Generator, means: Any) -> np.ndarray:
    """Statistics of three equally large arms against one control."""
    noise = generator.standard_normal((DRAWS, 4))
    return np.asarray((noise[:, :3] - noise[:, 3:]) / np.sqrt(2.0) + np.asarray(means))


def dunnett_second(generator: np.random.Generator) -> np.ndarray:
    """Step-down: arm 1 has an effect without end, arms 2 and 3 none; whether one of those is rejected."""
    z = against_control(generator, [30.0, 0.0, 0.0])
    rest = np.maximum(z[:, 1], z[:, 2]) >= dunnett_critical(alpha=0.025, allocation=[1.0, 1.0])
    for row in range(100):
        assert any(dunnett(z[row], alpha=0.025).rejected[1:]) == bool(rest[row])
    return np.asarray(rest)


def any_of(test: Callable[..., Any], means: Any, decide: Callable[[np.ndarray], np.ndarray]) -> Draw:
    """Whether independent one-sided tests with these means reject at least one; 200 of them by the library too."""

    def outcome(generator: np.random.Generator) -> np.ndarray:
        p = ndtr(-(generator.standard_normal((DRAWS, len(means))) + np.asarray(means)))
        found = decide(p)
        for row in range(200):
            assert any(test(p[row]).rejected) == bool(found[row])
        return found

    return outcome


NET = graph(
    weights=[0.5, 0.5, 0.0, 0.0],
    transitions=[[0.0, 0.5, 0.5, 0.0], [0.5, 0.0, 0.0, 0.5], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]],
)
THIRDS = (1 / 3, 2 / 3, 1.0)
TWO = graph(weights=[0.6, 0.4], transitions=[[0.0, 1.0], [1.0, 0.0]])


def over_looks(generator: np.random.Generator, drift: float) -> np.ndarray:
    """Two endpoints on three looks along a graph: whether any is rejected."""
    rule = spending("obrien-fleming")
    first, second = statistics(generator, THIRDS, drift), statistics(generator, THIRDS, drift)
    levels = [nominal_levels(alpha=0.025 * weight, information=THIRDS, efficacy=rule) for weight in TWO.weights]
    found = (ndtr(-first) <= levels[0]).any(axis=1) | (ndtr(-second) <= levels[1]).any(axis=1)
    for row in range(40):
        p = [[float(ndtr(-first[row, look])), float(ndtr(-second[row, look]))] for look in range(3)]
        test = graphical_sequential(p, alpha=0.025, graph=TWO, information=THIRDS, efficacy=rule)
        assert any(test.rejected) == bool(found[row])
    return np.asarray(found)


def over_looks_exact(drift: float) -> float:
    rule = spending("obrien-fleming")
    missed = 1.0
    for weight in TWO.weights:
        design = group_sequential(alpha=0.025 * float(weight), information=THIRDS, efficacy=rule)
        missed *= 1.0 - design.power_at(drift)
    return missed


PRIMARY = group_sequential(alpha=0.025, information=(0.5, 1.0), efficacy=obrien_fleming())
SECONDARY = group_sequential(alpha=0.025, information=(0.5, 1.0), efficacy=pocock())


def after_the_primary(generator: np.random.Generator) -> np.ndarray:
    """A secondary endpoint without effect, correlated 0.6, tested at the look that rejects the primary (drift 3)."""
    noise = statistics(generator, (0.5, 1.0), 0.0)
    primary = noise + 3.0 * np.sqrt([0.5, 1.0])
    secondary = 0.6 * noise + 0.8 * statistics(generator, (0.5, 1.0), 0.0)
    first = primary[:, 0] >= PRIMARY.efficacy[0]
    then = ~first & (primary[:, 1] >= PRIMARY.efficacy[1])
    return np.asarray(
        (first & (secondary[:, 0] >= SECONDARY.efficacy[0])) | (then & (secondary[:, 1] >= SECONDARY.efficacy[1]))
    )


def several_rates() -> list[Rate]:
    rates = [
        Rate(
            "Dunnett",
            "type I error",
            lambda: dunnett_power([0.0] * 3, alpha=0.025),
            lambda g: against_control(g, [0.0] * 3).max(axis=1) >= dunnett_critical(alpha=0.025, allocation=[1.0] * 3),
        ),
        Rate(
            "Dunnett",
            "power",
            lambda: dunnett_power([2.5, 2.0, 0.0], alpha=0.025),
            lambda g: (
                against_control(g, [2.5, 2.0, 0.0]).max(axis=1) >= dunnett_critical(alpha=0.025, allocation=[1.0] * 3)
            ),
        ),
        Rate("Dunnett step-down", "type I error", lambda: 0.025, dunnett_second),
        Rate(
            "graph over looks",
            "type I error",
            lambda: 1.0 - over_looks_exact(0.0),
            lambda generator: over_looks(generator, 0.0),
        ),
        Rate(
            "graph over looks",
            "power",
            lambda: 1.0 - over_looks_exact(2.5),
            lambda generator: over_looks(generator, 2.5),
        ),
        Rate(
            "primary and secondary",
            "type I error",
            lambda: secondary_error(PRIMARY, SECONDARY, correlation=0.6, primary_drift=3.0),
            after_the_primary,
        ),
    ]
    for what, mean in (("type I error", 0.0), ("power", 2.0)):

        def below(level: float, mean: float = mean) -> float:
            return float(ndtr(ndtri(level) + mean))

        rates += [
            Rate(
                "Bonferroni-Holm",
                what,
                lambda below=below: 1.0 - (1.0 - below(0.025 / 3)) ** 3,
                any_of(lambda p: holm(p, alpha=0.025), [mean] * 3, lambda p: p.min(axis=1) <= 0.025 / 3),
            ),
            Rate(
                "Hochberg",
                what,
                lambda below=below: 1.0 - (1.0 - below(0.0125)) ** 2 + (below(0.025) - below(0.0125)) ** 2,
                any_of(
                    lambda p: hochberg(p, alpha=0.025),
                    [mean] * 2,
                    lambda p: (p.min(axis=1) <= 0.0125) | (p.max(axis=1) <= 0.025),
                ),
            ),
            Rate(
                "fixed sequence",
                what,
                lambda below=below: below(0.025),
                any_of(lambda p: fixed_sequence(p, alpha=0.025), [mean] * 2, lambda p: p[:, 0] <= 0.025),
            ),
            Rate(
                "graph",
                what,
                lambda below=below: 1.0 - (1.0 - below(0.0125)) ** 2,
                any_of(
                    lambda p: graphical_test(p, alpha=0.025, graph=NET),
                    [mean] * 4,
                    lambda p: p[:, :2].min(axis=1) <= 0.0125,
                ),
            ),
        ]
    return rates
