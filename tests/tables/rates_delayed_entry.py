"""Error rates where patients come under observation late: curves, milestones, restricted means, rank tests, Cox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from math import exp
from typing import get_args

import numpy as np
from rate_check import Rate, covers, rejects, with_deviations
from rates_rank import wald
from rates_survival import log_log, ratio, two_sided
from simulated_trials import Z95, arms, chunks

from sim.stats import average_hazard_ratio, batch, kaplan_meier, nelson_aalen, one_sample_log_rank
from sim.stats.intervals import ConfType, confidence_limits

AT, TAU = 0.7, 1.0
LAW = "exponential, half enter late (0 to 0.5 means), uniform censoring"


def samples(
    seed: int, sizes: tuple[int, int], factor: float = 1.0
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Time, event, group and entry of chunks of data sets; the hazard of arm 1 is `factor`.

    Exponential lives have no memory: who enters at e lives on as if new, so that every row is truly truncated.
    """
    for trials, random in chunks(seed):
        group = arms(trials, *sizes)
        late = random.random(group.shape) < 0.5
        begin = np.where(late, random.uniform(0.0, 0.5, group.shape), 0.0)
        spent = random.exponential(1.0, group.shape) / np.where(group == 1, factor, 1.0)
        end = random.uniform(0.5, 2.0, group.shape)
        yield begin + np.minimum(spent, end), (spent <= end).astype(np.int64), group, np.where(late, begin, -np.inf)


def trials_of(seed: int, sizes: tuple[int, int], factor: float = 1.0) -> Iterator[batch.Trials]:
    """Packed chunks; 60 % of the events have cause 1, the others cause 2."""
    luck = np.random.default_rng([seed, 1])  # not the seed of a chunk
    for time, event, group, entry in samples(seed, sizes, factor):
        cause = event * np.where(luck.random(group.shape) < 0.6, 1, 2)
        yield batch.trials(time, cause, group, entry=entry)


@cache
def curves_covered(size: int) -> dict[str, int]:
    """Intervals of survival and of the cumulative hazard at 0.7 that hold the truth, by type; one arm."""
    counts = dict.fromkeys((*get_args(ConfType), "hazard, plain", "hazard, log"), 0)
    truth = exp(-AT)
    for time, event, _, entry in samples(71, (size, 0)):
        for sample in zip(time, event, entry, strict=True):
            curve = kaplan_meier(sample[0], sample[1], entry=sample[2]).at(AT)
            for kind in get_args(ConfType):
                low, high = confidence_limits(curve.survival, curve.std_error, conf_level=0.95, conf_type=kind)
                counts[kind] += low[0] <= truth <= high[0]
            hazard = nelson_aalen(sample[0], sample[1], entry=sample[2]).at(AT)
            middle, reach = hazard.cumulative_hazard[0], Z95 * hazard.std_error[0]
            counts["hazard, plain"] += abs(middle - AT) <= reach
            counts["hazard, log"] += hazard.ci_low[0] <= AT <= hazard.ci_high[0]
    return {name: int(count) for name, count in counts.items()}


@cache
def incidence_covered(size: int) -> dict[str, int]:
    """Intervals of cumulative incidence at 0.7, of a cause with 60 % of the hazard, by type; one arm."""
    counts = dict.fromkeys(get_args(ConfType), 0)
    truth = 0.6 * (1.0 - exp(-AT))
    for trials in trials_of(72, (size, 0)):
        found = batch.cumulative_incidence(trials, at=AT)
        for kind in counts:
            estimate, error = found.estimate[:, 0], found.std_error[:, 0]
            low, high = confidence_limits(estimate, error, conf_level=0.95, conf_type=kind)
            counts[kind] += int(((low <= truth) & (truth <= high)).sum())
    return counts


def by_score(trials: batch.Trials) -> np.ndarray:
    return np.abs(batch.cox(trials).score_z) >= Z95


TESTS: dict[str, Callable[[batch.Trials], np.ndarray]] = {
    "difference of survival at 0.7 means, plain": lambda trials: two_sided(batch.milestone(trials, at=AT)),
    "difference of survival at 0.7 means, log-log": lambda trials: log_log(batch.milestone(trials, at=AT)),
    "difference of incidence at 0.7 means, log-log": lambda trials: log_log(batch.cumulative_incidence(trials, at=AT)),
    "difference of restricted means to 1 mean": lambda trials: two_sided(batch.rmst(trials, tau=TAU)),
    "ratio of restricted means to 1 mean": lambda trials: ratio(batch.rmst(trials, tau=TAU)),
    "Fleming-Harrington (0, 1)": lambda trials: np.abs(batch.log_rank(trials, gamma=1.0).z) >= Z95,
    "Fleming-Harrington (1, 0)": lambda trials: np.abs(batch.log_rank(trials, rho=1.0).z) >= Z95,
    "MaxCombo": lambda trials: batch.max_combo(trials).rejects(0.05),
    "score test (Efron)": by_score,
    "Wald test (Efron)": lambda trials: np.abs(wald(trials)) >= Z95,
}
METHODS = {
    "survival": "Milestone difference",
    "incidence": "Incidence difference",
    "restricted": "Restricted mean",
    "Fleming": "Log-rank family",
    "MaxCombo": "MaxCombo",
    "test (Efron)": "Cox, two groups",
}


def method_of(name: str) -> str:
    return next(method for word, method in METHODS.items() if word in name)


@cache
def rejected(sizes: tuple[int, int]) -> dict[str, int]:
    """Trials of equal arms that each test rejects."""
    counts = dict.fromkeys(TESTS, 0)
    for trials in trials_of(73, sizes):
        for name, test in TESTS.items():
            counts[name] += int(test(trials).sum())
    return counts


@cache
def effects_covered(sizes: tuple[int, int], factor: float) -> dict[str, int]:
    """Intervals of true effects, the hazard of arm 1 being `factor`, that hold them; one mean."""
    survival = exp(-factor * AT) - exp(-AT)
    means = 1.0 - exp(-TAU), (1.0 - exp(-factor * TAU)) / factor
    counts = dict.fromkeys(("milestone", "one mean", "difference", "ratio", "hazard ratio"), 0)
    for trials in trials_of(74, sizes, factor):
        found = batch.milestone(trials, at=AT)
        counts["milestone"] += int((np.abs(found.difference - survival) <= Z95 * found.difference_error).sum())
        found = batch.rmst(trials, tau=TAU)
        counts["one mean"] += int((np.abs(found.estimate[:, 0] - means[0]) <= Z95 * found.std_error[:, 0]).sum())
        apart = np.abs(found.difference - (means[1] - means[0]))
        counts["difference"] += int((apart <= Z95 * found.difference_error).sum())
        logs = np.log(found.estimate[:, 1] / found.estimate[:, 0]) - np.log(means[1] / means[0])
        counts["ratio"] += int((np.abs(logs) <= Z95 * np.hypot(*(found.std_error / found.estimate).T)).sum())
        model = batch.cox(trials)
        held = np.abs(model.log_hazard_ratio - np.log(factor)) <= Z95 * model.std_error
        counts["hazard ratio"] += int((held & model.finite).sum())
    return counts


@cache
def average_counts(size: int, factor: float) -> tuple[int, int]:
    """Rejections of an average hazard ratio of 1 up to 1.2 means, and intervals that hold the true one."""
    against, covered = 0, 0
    for time, event, group, entry in samples(75, (size, size), factor):
        for trial in range(len(time)):
            found = average_hazard_ratio(time[trial], event[trial], group[trial], until=1.2, entry=entry[trial])
            against += found.p_value <= 0.05
            covered += found.ci_low <= factor <= found.ci_high
    return int(against), int(covered)


@cache
def one_sample_counts(size: int) -> tuple[int, int]:
    """Rejections of a reference that holds, and intervals of observed over expected that hold 1."""
    against, covered = 0, 0
    for time, event, _, entry in samples(76, (size, 0)):
        for sample in zip(time, event, entry, strict=True):
            found = one_sample_log_rank(sample[0], sample[1], hazards=[(0, 1.0)], entry=sample[2], variance="mean")
            against += found.p_value <= 0.05
            covered += found.ci_low <= 1.0 <= found.ci_high
    return int(against), int(covered)


def curve_rate(method: str, what: str, key: str) -> Rate:
    setting = f"{what}; 100 patients, {LAW}"
    return covers(method, setting, lambda: curves_covered(100)[key])


SIZES = (100, 400)
EFFECTS = (
    ("Milestone difference", "interval of the difference at 0.7 means, hazard ratio 0.6", "milestone"),
    ("Restricted mean", "interval of one arm's mean to 1 mean", "one mean"),
    ("Restricted mean", "interval of the difference, hazard ratio 0.6", "difference"),
    ("Restricted mean", "interval of the ratio, hazard ratio 0.6", "ratio"),
    ("Cox, two groups", "95 % Wald interval of a hazard ratio of 0.6 (Efron)", "hazard ratio"),
)
AVERAGE = f"up to 1.2 means; 60 against 60 patients, {LAW}"
ONE = f"100 patients, as the reference says: {LAW}"

FEW = "few are at risk early, as half enter late; arms of 400 keep their level"
SKEW = "plain and log limits know nothing of the skewness of an estimate from few events"
LATE = "late weights rest on the few last events, and the normal law comes slowly; arms of 400 keep their level"
MEAN = "Wald interval, the estimate's law is skew and few are at risk early; arms of 400 cover"
DEVIATIONS = {
    "Kaplan-Meier: interval at 0.7 means, plain": (0.944, SKEW),
    "Kaplan-Meier: interval at 0.7 means, log;": (0.946, SKEW),
    "Nelson-Aalen: interval at 0.7 means, plain": (0.944, SKEW),
    "Aalen-Johansen: interval at 0.7 means, plain": (0.943, SKEW),
    "Milestone difference: difference of survival at 0.7 means, plain; 100": (0.0545, FEW),
    "Incidence difference: difference of incidence at 0.7 means, log-log; 100": (0.0525, FEW),
    "Restricted mean: difference of restricted means to 1 mean; 100": (0.056, FEW),
    "Log-rank family: Fleming-Harrington (0, 1); 100": (0.053, LATE),
    "Log-rank family: Fleming-Harrington (1, 0); 100": (0.0525, FEW),
    "Milestone difference: interval of the difference at 0.7 means, hazard ratio 0.6; 100": (0.945, MEAN),
    "Restricted mean: interval of one arm's mean to 1 mean; 100": (0.942, MEAN),
    "Restricted mean: interval of the difference, hazard ratio 0.6; 100": (0.945, MEAN),
}

RATES = with_deviations(
    [
        *(curve_rate("Kaplan-Meier", f"interval at 0.7 means, {kind}", kind) for kind in get_args(ConfType)),
        *(curve_rate("Nelson-Aalen", f"interval at 0.7 means, {kind}", f"hazard, {kind}") for kind in ("plain", "log")),
        *(
            covers(
                "Aalen-Johansen",
                f"interval at 0.7 means, {kind}; 100 patients, causes with 60 and 40 % of the hazard, {LAW}",
                lambda kind=kind: incidence_covered(100)[kind],
            )
            for kind in get_args(ConfType)
        ),
        *(
            rejects(
                method_of(name),
                f"{name}; {n} against {n} patients, {LAW}",
                lambda name=name, n=n: rejected((n, n))[name],
            )
            for n in SIZES
            for name in TESTS
        ),
        *(
            covers(
                method,
                f"{what}; {n} against {n} patients, {LAW}",
                lambda key=key, n=n: effects_covered((n, n), 0.6)[key],
            )
            for n in SIZES
            for method, what, key in EFFECTS
        ),
        rejects("Average hazard ratio", f"test of a ratio of 1 {AVERAGE}", lambda: average_counts(60, 1.0)[0]),
        covers(
            "Average hazard ratio", f"95 % interval of a ratio of 0.7 {AVERAGE}", lambda: average_counts(60, 0.7)[1]
        ),
        rejects("One-sample log-rank test", f"two-sided, variance mean; {ONE}", lambda: one_sample_counts(100)[0]),
        covers(
            "One-sample log-rank test", f"interval of observed over expected; {ONE}", lambda: one_sample_counts(100)[1]
        ),
    ],
    DEVIATIONS,
)
