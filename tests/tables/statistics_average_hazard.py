"""Reference values of the average hazard ratio: Mann-Whitney's statistic of uncensored arms, closed forms of curves."""

from __future__ import annotations

import math

import numpy as np
from reference_check import Check

from sim.stats import AverageHazardRatio, average_hazard_ratio, average_hazard_ratio_of_curves

METHOD = "Average hazard ratio"
MAINTAINED = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161]
NOT = [5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
AML = "survival::aml, times as if all relapsed; 11 maintained (reference) and 12 not"


def _aml(until: float | None = None) -> AverageHazardRatio:
    return average_hazard_ratio(MAINTAINED + NOT, np.ones(23), [0] * 11 + [1] * 12, until=until)


def _placements() -> float:
    """Standard error of log(p / (1 - p)), p = U / (m n), from the variances of the placements of both samples."""
    wins = np.array([[(b < a) + 0.5 * (a == b) for b in NOT] for a in MAINTAINED])
    p = wins.mean()
    return float(np.sqrt(np.var(wins.mean(axis=1)) / 11 + np.var(wins.mean(axis=0)) / 12) / (p * (1 - p)))


def _of_curves(name: str) -> float:
    time = np.linspace(0.0, 4.0, 4001)
    if name == "proportional":
        return average_hazard_ratio_of_curves(np.exp(-time), np.exp(-0.6 * time))
    late = np.where(time <= 1.0, time, 1.0 + 0.5 * (time - 1.0))
    return average_hazard_ratio_of_curves(np.exp(-time), np.exp(-late))


def _delayed() -> float:
    """Hazards 1 and 1 up to time 1, then 1 and 1/2, up to 4: S_0 S_1 is exp(-2 t), then exp(-2) exp(-1.5 (t - 1))."""
    early = (1 - math.exp(-2)) / 2
    later = math.exp(-2) * (1 - math.exp(-4.5)) / 1.5
    return (early + 0.5 * later) / (early + later)


CHECKS = [
    Check(
        "average hazard ratio without censoring",
        METHOD,
        AML,
        89 / 43,
        "R 4.2.2: wilcox.test(maintained, not)$statistic = W = 89 of 132; W / (132 - W)",
        lambda: _aml().estimate,
        relative=1e-12,
    ),
    Check(
        "average hazard ratio without censoring: standard error of the log",
        METHOD,
        AML,
        _placements(),
        "closed form: variance of U from placements (divisor n), over p (1 - p)",
        lambda: _aml().std_error,
        relative=1e-12,
    ),
    Check(
        "average hazard ratio up to the first event: second arm first",
        METHOD,
        AML + "; up to 5",
        2 / 12,
        "closed form: share of the second arm that has the event at 5, before any of the first",
        lambda: _aml(5.0).second_wins,
        relative=1e-12,
    ),
    Check(
        "average hazard ratio of proportional curves",
        METHOD,
        "exp(-t), exp(-0.6 t), 4001 points to 4",
        0.6,
        "closed form: the hazard ratio, whatever the horizon",
        lambda: _of_curves("proportional"),
        relative=1e-6,
    ),
    Check(
        "average hazard ratio of a delayed effect",
        METHOD,
        "hazards 1 and 1, from time 1 on 1 and 1/2; 4001 points to 4",
        _delayed(),
        "closed form: integrals of exponentials",
        lambda: _of_curves("delayed"),
        relative=1e-6,
    ),
]
