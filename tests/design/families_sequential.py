"""Families of one hypothesis over looks: group-sequential designs and correlated statistics. No test is here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.design.accrual import accrual
from sim.design.correlated import CorrelatedDesign, correlated_sequential
from sim.design.course import Arm, Course
from sim.design.laws import changed_hazard, exponential_from_median
from sim.design.look_moments import LookMoments, logrank_looks, milestone_looks, rmst_looks
from sim.design.sequential import GroupSequentialDesign, group_sequential
from sim.design.spending import (
    fixed_bounds,
    haybittle_peto,
    obrien_fleming,
    pocock,
    spending,
    spending_by,
    user_spending,
    wang_tsiatis,
)
from sim.design.survival_moments import fleming_harrington
from tests.design.family_rates import DRAWS, Rate, statistics

LOOKS = (0.25, 0.6, 0.85, 1.0)


def crossed(z: np.ndarray, design: GroupSequentialDesign, *, futility: bool, both: bool) -> np.ndarray:
    """Whether each path crosses the upper boundary (or either, for `both`) before it stops otherwise."""
    going = np.ones(len(z), dtype=bool)
    found = np.zeros(len(z), dtype=bool)
    for look in range(z.shape[1]):
        value = z[:, look]
        up = value >= design.efficacy[look]
        down = (value <= -design.efficacy[look]) if design.sided == 2 else np.zeros(len(z), dtype=bool)
        found |= going & (up | down if both else up)
        inside = np.abs(value) < design.futility[look] if design.sided == 2 else value < design.futility[look]
        going &= ~(up | down | (inside & futility))
    return found


SEQUENTIAL: dict[str, dict[str, Any]] = {
    "O'Brien-Fleming": {"efficacy": obrien_fleming()},
    "Pocock": {"efficacy": pocock()},
    "Wang-Tsiatis 0.25": {"efficacy": wang_tsiatis(0.25)},
    "Haybittle-Peto": {"efficacy": haybittle_peto()},
    "given boundaries": {"efficacy": fixed_bounds([None, 2.6, 2.4])},
    "Lan-DeMets OF-like": {"efficacy": spending("obrien-fleming")},
    "Lan-DeMets Pocock-like": {"efficacy": spending("pocock")},
    "Hwang-Shih-DeCani -4": {"efficacy": spending("hwang-shih-decani", -4.0)},
    "Kim-DeMets 2": {"efficacy": spending("kim-demets", 2.0)},
    "linear": {"efficacy": spending("linear")},
    "user-defined shares": {"efficacy": user_spending([0.1, 0.3, 0.6, 1.0])},
    "user-defined function": {"efficacy": spending_by(lambda t: t**1.5)},
    "two-sided OF-like": {"efficacy": spending("obrien-fleming"), "sided": 2},
    "two-sided Pocock": {"efficacy": pocock(), "sided": 2},
    "non-binding futility": {"efficacy": spending("obrien-fleming"), "futility": spending("pocock")},
    "binding futility": {"efficacy": spending("pocock"), "futility": spending("obrien-fleming"), "binding": True},
    "binding futility, shape": {"efficacy": pocock(), "futility": spending("kim-demets", 2.0), "binding": True},
    "binding given futility": {"efficacy": obrien_fleming(), "futility": fixed_bounds([0, 0.3, 0.8]), "binding": True},
    "two-sided wedge": {
        "efficacy": spending("obrien-fleming"),
        "futility": spending("kim-demets", 1.5),
        "binding": True,
        "sided": 2,
    },
    "two-sided wedge, non-binding": {"efficacy": pocock(), "futility": spending("kim-demets", 2.0), "sided": 2},
    "chosen looks": {
        "efficacy": spending("obrien-fleming"),
        "futility": spending("hwang-shih-decani", -2.0),
        "efficacy_at": [3, 4],
        "futility_at": [1, 2],
    },
}


def planned(name: str) -> GroupSequentialDesign:
    options = SEQUENTIAL[name]
    return group_sequential(alpha=0.025 * options.get("sided", 1), information=LOOKS, power=0.85, **options)


def sequential_rates() -> list[Rate]:
    rates = []
    for name in SEQUENTIAL:

        def null(generator: np.random.Generator, name: str = name) -> np.ndarray:
            design = planned(name)
            return crossed(statistics(generator, LOOKS, 0.0), design, futility=design.binding, both=True)

        def power(generator: np.random.Generator, name: str = name) -> np.ndarray:
            design = planned(name)
            z = statistics(generator, LOOKS, float(design.drift or 0.0))
            return crossed(z, design, futility=True, both=False)

        rates += [
            Rate(name, "type I error", lambda name=name: float(planned(name).alpha_spent[-1]), null),
            Rate(name, "power", lambda name=name: planned(name).power_at(float(planned(name).drift or 0.0)), power),
        ]
    for label, observed, rule in (
        ("under-running, remaining alpha", (0.3, 0.8), "remaining"),
        ("over-running, remaining alpha", (0.3, 0.6, 1.2), "remaining"),
        ("under-running, boundary as planned", (0.3, 0.8), "as-planned"),
        ("over-running, boundary as planned", (0.3, 0.6, 1.2), "as-planned"),
    ):

        def read(observed: tuple[float, ...] = observed, rule: Any = rule) -> GroupSequentialDesign:
            return planned("Lan-DeMets OF-like").at_observed(observed, last_look=rule)

        for what in ("type I error", "power"):

            def drift(read: Callable[[], GroupSequentialDesign] = read, what: str = what) -> float:
                return float(read().drift or 0.0) if what == "power" else 0.0

            rates.append(
                Rate(
                    label,
                    what,
                    lambda read=read, drift=drift: read().power_at(drift()),
                    lambda generator, read=read, drift=drift, observed=observed: crossed(
                        statistics(generator, observed, drift()), read(), futility=False, both=False
                    ),
                )
            )
    return rates


C3 = np.array([[1.0, 0.7, 0.5], [0.7, 1.0, 0.8], [0.5, 0.8, 1.0]])
C4 = np.array([[1.0, 0.75, 0.8, 0.6], [0.75, 1.0, 0.6, 0.8], [0.8, 0.6, 1.0, 0.75], [0.6, 0.8, 0.75, 1.0]])
CORRELATED: dict[str, dict[str, Any]] = {
    "correlated, one statistic": {"correlation": C3, "information": (0.4, 0.7, 1.0)},
    "correlated, two-sided": {"correlation": C3, "information": (0.4, 0.7, 1.0), "sided": 2},
    "correlated, largest of two": {"correlation": C4, "information": (0.6, 1.0), "statistics": 2},
}
MEANS = {3: np.array([1.0, 2.0, 3.0]), 4: np.array([1.5, 1.0, 2.5, 2.8])}


def trial() -> Course:
    """A late effect, recruited over two years."""
    control = exponential_from_median(12.0)
    late = changed_hazard(control, [1.0, 0.5], starts=[0.0, 4.0])
    return Course(Arm(control), Arm(late), accrual(time=24.0), 12.0)


TIMES = [24.0, 30.0, 36.0]
MOMENTS: dict[str, tuple[int, Callable[[], LookMoments]]] = {
    "restricted mean": (1, lambda: rmst_looks(trial(), TIMES, until=18.0)),
    "milestone": (1, lambda: milestone_looks(trial(), TIMES, time=15.0)),
    "Fleming-Harrington 0, 1": (1, lambda: logrank_looks(trial(), TIMES, weights=[fleming_harrington(0, 1)])),
    "MaxCombo": (2, lambda: logrank_looks(trial(), TIMES[1:], weights=[None, fleming_harrington(0, 1)])),
}
PATIENTS = 200.0


def correlated_families() -> dict[str, tuple[dict[str, Any], np.ndarray]]:
    """Arguments of `correlated_sequential` and means of the statistics, by family."""
    given = {name: (options, MEANS[len(options["correlation"])]) for name, options in CORRELATED.items()}
    for name, (count, make) in MOMENTS.items():
        looks = make()
        options = {"correlation": looks.correlation, "information": looks.information, "statistics": count}
        given[name] = (options, np.sqrt(PATIENTS) * np.ravel(looks.effect))
    return given


def correlated_rates() -> list[Rate]:
    rates = []
    for name, (options, alternative) in correlated_families().items():

        def made(options: dict[str, Any] = options) -> CorrelatedDesign:
            alpha = 0.025 * options.get("sided", 1)
            return correlated_sequential(alpha=alpha, efficacy=spending("obrien-fleming"), **options)

        for what, mean in (("type I error", np.zeros_like(alternative)), ("power", alternative)):

            def outcome(
                generator: np.random.Generator,
                made: Callable[[], CorrelatedDesign] = made,
                mean: np.ndarray = mean,
                what: str = what,
            ) -> np.ndarray:
                design = made()
                root = np.linalg.cholesky(design.correlation)
                z = generator.standard_normal((DRAWS, len(mean))) @ root.T + mean
                bounds = np.repeat(design.efficacy, design.statistics)
                if design.sided == 1:
                    return np.asarray((z >= bounds).any(axis=1))
                if what == "type I error":
                    return np.asarray((np.abs(z) >= bounds).any(axis=1))
                stopped = np.abs(z) >= bounds
                first = np.argmax(stopped, axis=1)
                return np.asarray(stopped.any(axis=1) & (z[np.arange(len(z)), first] > 0.0))

            def exact(made: Callable[[], CorrelatedDesign] = made, mean: np.ndarray = mean, what: str = what) -> float:
                return float(made().alpha_spent[-1]) if what == "type I error" else made().power_at(mean)

            rates.append(Rate(name, what, exact, outcome))
    return rates
