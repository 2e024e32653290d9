"""Error rates of curves, restricted means and milestones: type I error of differences and coverage of intervals."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from math import exp, log

import numpy as np
from rate_check import Rate
from simulated_trials import DATA_SETS, Z95, arms, chunks, exponential, rejections

from sim.stats import batch, kaplan_meier, nelson_aalen
from sim.stats.intervals import confidence_limits
from sim.stats.milestone import log_log_statistic

AT = 0.7
TAU = 1.0
"""Data sets for curves that have no batch form."""


def two_sided(found: batch.ArmsBatch) -> np.ndarray:
    return np.abs(np.where(found.defined, found.z, 0.0)) >= Z95


def log_log(found: batch.ArmsBatch) -> np.ndarray:
    """Rejections on the log-log scale; a probability of 0 or 1, where it has no value, does not reject."""
    inside = ((found.estimate > 0.0) & (found.estimate < 1.0)).all(axis=1)
    rejected = np.zeros(inside.shape, dtype=bool)
    rejected[inside] = np.abs(log_log_statistic(found.estimate[inside], found.std_error[inside])) >= Z95
    return rejected


def ratio(found: batch.ArmsBatch) -> np.ndarray:
    """Rejections of a ratio of 1 on the log scale."""
    logs, errors = np.log(found.estimate), found.std_error / found.estimate
    return np.abs(logs[:, 1] - logs[:, 0]) >= Z95 * np.sqrt((errors**2).sum(axis=1))


TESTS: dict[str, Callable[[batch.Trials], np.ndarray]] = {
    "difference of survival at 0.7 means, plain": lambda trials: two_sided(batch.milestone(trials, at=AT)),
    "difference of survival at 0.7 means, log-log": lambda trials: log_log(batch.milestone(trials, at=AT)),
    "difference of restricted means to 1 mean": lambda trials: two_sided(batch.rmst(trials, tau=TAU)),
    "ratio of restricted means to 1 mean": lambda trials: ratio(batch.rmst(trials, tau=TAU)),
}


@cache
def counted(sizes: tuple[int, int]) -> dict[str, int]:
    return rejections(sum(sizes) + 7, sizes, TESTS)


def competing(seed: int, sizes: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """Packed chunks with two competing causes of hazards 0.6 and 0.4 in both arms, one after the other."""
    for trials, random in chunks(seed):
        group = arms(trials, *sizes)
        time, event = exponential(random, group)
        cause = event * np.where(random.random(group.shape) < 0.6, 1, 2)
        yield batch.trials(time, cause, group)


def incidence_rejected(sizes: tuple[int, int], rejected: Callable[[batch.ArmsBatch], np.ndarray]) -> int:
    return sum(int(rejected(batch.cumulative_incidence(trials, at=AT)).sum()) for trials in competing(41, sizes))


def incidence_covered(size: int, kind: str) -> int:
    truth = 0.6 * (1 - exp(-AT))
    return sum(covered(batch.cumulative_incidence(trials, at=AT), truth, kind) for trials in competing(42, (size, 0)))


def survival_covered(size: int, kind: str) -> int:
    count = 0
    for trials, random in chunks(43):
        group = arms(trials, size, 0)
        found = batch.milestone(batch.trials(*exponential(random, group), group), at=AT)
        count += covered(found, exp(-AT), kind)
    return count


def covered(found: batch.ArmsBatch, truth: float, kind: str) -> int:
    """Intervals of arm 0 that hold the truth; one that has no value (at 0 or 1) does not."""
    low, high = confidence_limits(found.estimate[:, 0], found.std_error[:, 0], conf_level=0.95, conf_type=kind)
    return int(((low <= truth) & (truth <= high)).sum())


def mean_covered(size: int) -> int:
    truth, count = 1 - exp(-TAU), 0
    for trials, random in chunks(44):
        group = arms(trials, size, 0)
        found = batch.rmst(batch.trials(*exponential(random, group), group), tau=TAU)
        count += int((np.abs(found.estimate[:, 0] - truth) <= Z95 * found.std_error[:, 0]).sum())
    return count


def difference_covered(sizes: tuple[int, int], what: str, factor: float = 0.6) -> int:
    """Wald intervals of a true difference (hazard ratio 0.6) of survival at 0.7 or of restricted means to 1."""
    truth = exp(-factor * AT) - exp(-AT)
    if what == "rmst":
        truth = (1 - exp(-factor * TAU)) / factor - (1 - exp(-TAU))
    count = 0
    for trials, random in chunks(45):
        group = arms(trials, *sizes)
        packed = batch.trials(*exponential(random, group, ratio=factor), group)
        found = batch.rmst(packed, tau=TAU) if what == "rmst" else batch.milestone(packed, at=AT)
        count += int((np.abs(found.difference - truth) <= Z95 * found.difference_error).sum())
    return count


def one_by_one(size: int, holds: Callable[[np.ndarray, np.ndarray], bool]) -> int:
    """Curves without a batch form: data sets of one sample for which an interval holds the truth."""
    count = 0
    for trials, random in chunks(46):
        time, event = exponential(random, np.zeros((trials, size), dtype=int))
        count += sum(holds(*sample) for sample in zip(time, event, strict=True))
    return count


def median_held(kind: str, time: np.ndarray, event: np.ndarray) -> bool:
    found = kaplan_meier(time, event, conf_type=kind).quantile(0.5)
    low, high = found.ci_low[0], found.ci_high[0]
    return (np.isnan(low) or low <= log(2)) and (np.isnan(high) or log(2) <= high)


def hazard_held(kind: str, time: np.ndarray, event: np.ndarray) -> bool:
    found = nelson_aalen(time, event, conf_type=kind).at(AT)
    return bool(found.ci_low[0] <= AT <= found.ci_high[0])


LAW = "exponential, uniform censoring (about 35 %)"
CAUSES = "causes with 60 and 40 % of the hazard, uniform censoring (about 35 %)"


# Rates that are put up with, by the beginning of the setting and the number of patients, and why.
WALD = "the unpooled Wald test is liberal in small samples; the log-log scale keeps its level"
SKEW = "plain and log limits know nothing of the skewness of an estimate from few events"
FEW = "few events of this cause: about 15"
PLAIN = "the estimate's law is skew"
ACCEPTED: dict[tuple[str, int], tuple[float, str]] = {
    ("difference of survival at 0.7 means, plain", 50): (0.057, WALD),
    ("difference of restricted means", 50): (0.057, "Wald test, liberal in small samples; the ratio keeps its level"),
    ("difference of incidence at 0.7 means, plain", 100): (0.054, WALD),
    ("interval at 0.7 means, plain; 50 patients, exponential", 50): (0.937, SKEW),
    ("interval at 0.7 means, log; 50 patients, exponential", 50): (0.945, SKEW),
    ("interval at 0.7 means, plain; 200 patients, exponential", 200): (0.947, SKEW),
    ("interval at 0.7 means, plain; 50 patients, causes", 50): (0.933, FEW),
    ("interval at 0.7 means, log; 50 patients, causes", 50): (0.943, FEW),
    ("interval at 0.7 means, log-log; 50 patients, causes", 50): (0.943, FEW),
    ("interval to 1 mean", 50): (0.941, PLAIN),
    ("interval of the difference", 50): (0.943, PLAIN),
    ("interval of the median, plain", 100): (0.944, SKEW),
    ("interval at 0.7 means, plain; 100 patients, exponential", 100): (0.943, SKEW),
}


def accepted(setting: str) -> tuple[float | None, str]:
    size = int(setting.split("; ")[1].split()[0])
    found = [value for (start, n), value in ACCEPTED.items() if n == size and setting.startswith(start)]
    return found[0] if found else (None, "")


def type_one(method: str, setting: str, count: Callable[[], int]) -> Rate:
    return Rate(
        f"{method}: {setting}", method, setting, "type I error", 0.05, DATA_SETS, count, None, *accepted(setting)
    )


def coverage(method: str, setting: str, count: Callable[[], int]) -> Rate:
    return Rate(f"{method}: {setting}", method, setting, "coverage", 0.95, DATA_SETS, count, None, *accepted(setting))


def method_of(name: str) -> str:
    return "Restricted mean" if "restricted" in name else "Milestone difference"


RATES = [
    *(
        type_one(
            method_of(name), f"{name}; {n} against {n} patients, {LAW}", lambda n=n, name=name: counted((n, n))[name]
        )
        for n in (150, 50)
        for name in TESTS
    ),
    *(
        type_one(
            "Incidence difference",
            f"difference of incidence at 0.7 means, {kind}; 100 against 100 patients, {CAUSES}",
            partial(incidence_rejected, (100, 100), function),
        )
        for kind, function in (("plain", two_sided), ("log-log", log_log))
    ),
    *(
        coverage(
            "Kaplan-Meier", f"interval at 0.7 means, {kind}; {n} patients, {LAW}", partial(survival_covered, n, kind)
        )
        for n in (50, 200)
        for kind in ("plain", "log", "log-log")
    ),
    *(
        coverage(
            "Aalen-Johansen",
            f"interval at 0.7 means, {kind}; {n} patients, {CAUSES}",
            partial(incidence_covered, n, kind),
        )
        for n in (50, 200)
        for kind in ("plain", "log", "log-log")
    ),
    *(
        coverage("Restricted mean", f"interval to 1 mean; {n} patients, {LAW}", partial(mean_covered, n))
        for n in (50, 200)
    ),
    *(
        coverage(
            "Restricted mean" if what == "rmst" else "Milestone difference",
            f"interval of the difference, hazard ratio 0.6; {n} against {n} patients, {LAW}",
            partial(difference_covered, (n, n), what),
        )
        for n in (50, 150)
        for what in ("milestone", "rmst")
    ),
    *(
        coverage(
            "Kaplan-Meier",
            f"interval of the median, {kind}; 100 patients, {LAW}",
            partial(one_by_one, 100, partial(median_held, kind)),
        )
        for kind in ("plain", "log-log")
    ),
    *(
        coverage(
            "Nelson-Aalen",
            f"interval at 0.7 means, {kind}; 100 patients, {LAW}",
            partial(one_by_one, 100, partial(hazard_held, kind)),
        )
        for kind in ("plain", "log")
    ),
]
