"""Tests of several hypotheses against R, mvtnorm, rpact and printed tables: Dunnett, Holm, graphs, also over looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from reference_check import Check

from sim.design.graphical import Graph, graph, graphical_test
from sim.design.multiple import bonferroni, dunnett, dunnett_critical, dunnett_power, hochberg, holm
from sim.design.sequential import GroupSequentialDesign, group_sequential
from sim.design.sequential_graphical import nominal_levels, secondary_error, worst_secondary_error
from sim.design.spending import obrien_fleming, pocock, spending

MVTNORM = "mvtnorm 1.1-3: `{}` with GenzBretz(abseps = 1e-8, maxpts = 2e7), correlation 1/2 for equal arms"
BRETZ = "Bretz, Maurer, Brannath and Posch, Statistics in Medicine 28 (2009) 586-604, algorithm 1, by hand in fractions"


def each(name: str, method: str, inputs: str, expected: Sequence[float], source: str, values: ArrayLike) -> list[Check]:
    """One check a hypothesis, exact but for rounding."""
    found = np.asarray(values)
    return [
        Check(
            f"{name}-{row}",
            method,
            f"{inputs}; hypothesis {row}",
            number,
            source,
            lambda row=row: float(found[row - 1]),
            absolute=1e-12,
        )
        for row, number in enumerate(expected, start=1)
    ]


def dunnett_checks() -> list[Check]:
    """Critical values, adjusted p values and power of Dunnett's test."""
    checks = []
    for arms, number in (
        ((1.0, 1.0), 2.21213509305),
        ((1.0, 1.0, 1.0), 2.34897609273),
        ((0.5, 0.5, 0.5, 0.5), 2.47108877871),
        ((1.0, 2.0), 2.20215744714),
    ):
        checks.append(
            Check(
                f"dunnett-{'-'.join(f'{arm:g}' for arm in arms)}",
                "Dunnett",
                f"critical value, one-sided 0.025, patients a control patient {arms}",
                number,
                MVTNORM.format("uniroot of pmvnorm(upper = rep(z, m)) - .975"),
                lambda arms=arms: dunnett_critical(alpha=0.025, allocation=arms),
                absolute=1e-5,
            )
        )
    table = "Dunnett, JASA 50 (1955) 1096-1121, Table 1a (one-sided 95 %)"
    for arms_count, degrees, number in ((2, 10, 2.15), (3, 10, 2.34), (3, 20, 2.19), (5, 10, 2.56), (2, 20, 2.03)):
        checks.append(
            Check(
                f"dunnett-t-{arms_count}-{degrees}",
                "Dunnett",
                f"critical value, one-sided 0.05, {arms_count} arms, {degrees} degrees of freedom",
                number,
                table,
                lambda arms_count=arms_count, degrees=degrees: dunnett_critical(
                    alpha=0.05, allocation=[1.0] * arms_count, degrees=degrees
                ),
                absolute=0.0051,
            )
        )
    for row, number in enumerate((0.0167915376564, 0.0574665549526, 0.3222204645018)):
        checks.append(
            Check(
                f"dunnett-single-{row + 1}",
                "Dunnett",
                f"adjusted p, single-stage, statistics 2.5, 2, 1; arm {row + 1}",
                number,
                MVTNORM.format("1 - pmvnorm(upper = rep(z, 3))"),
                lambda row=row: float(dunnett([2.5, 2.0, 1.0], alpha=0.025, step_down=False).adjusted_p[row]),
                absolute=1e-6,
            )
        )
    checks += [
        Check(
            "dunnett-step-2",
            "Dunnett",
            "adjusted p, step-down, statistics 2.5, 2, 1; arm 2",
            0.0414473176612,
            MVTNORM.format("1 - pmvnorm(upper = rep(2, 2))"),
            lambda: float(dunnett([2.5, 2.0, 1.0], alpha=0.025).adjusted_p[1]),
            absolute=1e-6,
        ),
        Check(
            "dunnett-power",
            "Dunnett",
            "power for at least one of three arms, means 2.5, 2, 0, one-sided 0.025",
            0.644349086505,
            MVTNORM.format("1 - pmvnorm(upper = rep(2.3489761, 3), mean = c(2.5, 2, 0))"),
            lambda: dunnett_power([2.5, 2.0, 0.0], alpha=0.025),
            absolute=1e-6,
        ),
    ]
    return checks


def stepwise_checks() -> list[Check]:
    """Adjusted p values of R's p.adjust."""
    p, q = [0.01, 0.02, 0.03, 0.2], [0.01, 0.02, 0.03, 0.032]
    return [
        *each(
            "holm",
            "Stepwise",
            f"Holm, p {p}",
            (0.04, 0.06, 0.06, 0.2),
            "R: `p.adjust(p, 'holm')`",
            holm(p, alpha=0.05).adjusted_p,
        ),
        *each(
            "hochberg",
            "Stepwise",
            f"Hochberg, p {q}",
            (0.032,) * 4,
            "R: `p.adjust(p, 'hochberg')`",
            hochberg(q, alpha=0.05).adjusted_p,
        ),
        *each(
            "bonferroni",
            "Stepwise",
            f"Bonferroni, p {p}",
            (0.04, 0.08, 0.12, 0.8),
            "R: `p.adjust(p, 'bonferroni')`",
            bonferroni(p, alpha=0.05).adjusted_p,
        ),
    ]


@cache
def parallel() -> Graph:
    """Two doses, each with a primary (1, 2) and a secondary endpoint (3, 4)."""
    return graph(
        weights=[0.5, 0.5, 0.0, 0.0],
        transitions=[[0.0, 0.5, 0.5, 0.0], [0.5, 0.0, 0.0, 0.5], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]],
    )


def graph_checks() -> list[Check]:
    """Weights and arrows after rejections, and adjusted p values, of the graph of two doses with two endpoints."""
    first = parallel().without(0)
    both = first.without(1)
    inputs = "two doses, two endpoints"
    p = [0.01, 0.005, 0.1, 0.5]
    found = graphical_test(p, alpha=0.05, graph=parallel())
    return [
        *each(
            "graph-w1", "Graphs", f"{inputs}; weight after hypothesis 1", (0.0, 3 / 4, 1 / 4, 0.0), BRETZ, first.weights
        ),
        *each(
            "graph-g2",
            "Graphs",
            f"{inputs}; arrows of 2 after hypothesis 1",
            (0.0, 0.0, 1 / 3, 2 / 3),
            BRETZ,
            first.transitions[1],
        ),
        *each(
            "graph-g4",
            "Graphs",
            f"{inputs}; arrows of 4 after hypothesis 1",
            (0.0, 1 / 2, 1 / 2, 0.0),
            BRETZ,
            first.transitions[3],
        ),
        *each(
            "graph-w12",
            "Graphs",
            f"{inputs}; weight after hypotheses 1, 2",
            (0.0, 0.0, 1 / 2, 1 / 2),
            BRETZ,
            both.weights,
        ),
        *each("graph-p", "Graphs", f"{inputs}; adjusted p of {p}", (1 / 75, 0.01, 0.2, 0.5), BRETZ, found.adjusted_p),
    ]


def sequential_checks() -> list[Check]:
    """Levels of Maurer and Bretz's procedure, and error of a secondary endpoint."""
    thirds = [1 / 3, 2 / 3, 1.0]
    checks = []
    for kind, name, alpha, numbers in (
        ("obrien-fleming", "asOF", 0.025, (0.000103505718147, 0.006012199376896, 0.023128123916899)),
        ("obrien-fleming", "asOF", 0.0125, (1.51736196243e-05, 2.21490173982e-03, 1.17955488787e-02)),
        ("obrien-fleming", "asOF", 0.01875, (4.67868741367e-05, 3.97633460979e-03, 1.75013276557e-02)),
        ("pocock", "asP", 0.025, (0.0113208106316, 0.0108691086678, 0.0108396679305)),
    ):
        for look, number in enumerate(numbers, start=1):
            checks.append(
                Check(
                    f"level-{kind}-{alpha}-{look}",
                    "Graphs over looks",
                    f"nominal level, share {alpha} of alpha, {kind}-like, thirds; look {look}",
                    number,
                    f"rpact 3.3.4: `1 - pnorm(getDesignGroupSequential(typeOfDesign = '{name}', alpha = {alpha}, "
                    "informationRates = (1:3) / 3)$criticalValues)`; procedure: Maurer and Bretz (2013)",
                    lambda kind=kind, alpha=alpha, look=look: float(
                        nominal_levels(alpha=alpha, information=thirds, efficacy=spending(kind))[look - 1]
                    ),
                    absolute=1e-7,
                )
            )
    for name, secondary, rho, drift, number in (
        ("of", of_two(), 0.6, 3.0, 0.0110571519452),
        ("pocock", pocock_two(), 0.6, 3.0, 0.0173146438223),
        ("pocock-9", pocock_two(), 0.9, 2.0, 0.0198739602671),
    ):
        checks.append(
            Check(
                f"secondary-{name}",
                "Primary and secondary endpoint",
                f"OF primary, correlation {rho}, primary drift {drift}; secondary {name.split('-')[0]}",
                number,
                MVTNORM.format("pmvnorm of (primary, secondary) paths"),
                lambda secondary=secondary, rho=rho, drift=drift: secondary_error(
                    of_two(), secondary, correlation=rho, primary_drift=drift
                ),
                absolute=1e-6,
            )
        )
    naive = replace(of_two(), efficacy=np.full(2, 1.959963984540054))
    checks.append(
        Check(
            "secondary-naive",
            "Primary and secondary endpoint",
            "O'Brien-Fleming primary, secondary at 0.025 once the primary is rejected; largest error, correlation 1",
            0.0415589106295,
            MVTNORM.format("pmvnorm(algorithm = Miwa(1000)) of one noise for both, optimize over the drift"),
            lambda: worst_secondary_error(of_two(), naive, correlation=1.0)[0],
            absolute=1e-6,
        )
    )
    return checks


@cache
def of_two() -> GroupSequentialDesign:
    """O'Brien-Fleming at one half and the end."""
    return group_sequential(alpha=0.025, information=(0.5, 1.0), efficacy=obrien_fleming())


@cache
def pocock_two() -> GroupSequentialDesign:
    """Pocock at one half and the end."""
    return group_sequential(alpha=0.025, information=(0.5, 1.0), efficacy=pocock())


CHECKS: list[Check] = [*dunnett_checks(), *stepwise_checks(), *graph_checks(), *sequential_checks()]
