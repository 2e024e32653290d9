"""Error rates of one arm: observed over expected, quantiles, length of follow-up, a two-stage design."""

from __future__ import annotations

from functools import cache
from math import exp, log
from typing import get_args

import numpy as np
from rate_check import covers, rejects, with_deviations
from simulated_trials import DATA_SETS, chunks, exponential

from sim.stats import kaplan_meier, nelson_aalen, one_sample_log_rank, reverse_kaplan_meier, two_stage_design
from sim.stats.intervals import ConfType, confidence_limits
from sim.stats.nelson_aalen import HazardVariance

ONE_SAMPLE, FOLLOW_UP = "One-sample log-rank test", "Reverse Kaplan-Meier"
LAW = "exponential, uniform censoring (about 35 %)"
QUARTILE = -log(0.75)


@cache
def ratio_covered(size: int, factor: float) -> int:
    """Intervals of observed over expected events that hold the hazard over that of the reference."""
    covered = 0
    for trials, random in chunks(81):
        time, event = exponential(random, np.ones((trials, size), dtype=int), ratio=factor)
        for sample in zip(time, event, strict=True):
            found = one_sample_log_rank(*sample, hazards=[(0, 1.0)])
            covered += found.ci_low <= factor <= found.ci_high
    return int(covered)


@cache
def mean_variance_rejections(size: int) -> int:
    """Rejections of a reference that holds, with the mean of observed and expected for variance."""
    rejected = 0
    for trials, random in chunks(82):
        time, event = exponential(random, np.zeros((trials, size), dtype=int), censored=(0.5, 2.5))
        for sample in zip(time, event, strict=True):
            rejected += one_sample_log_rank(*sample, hazards=[(0, 1.0)], variance="mean").p_value <= 0.05
    return int(rejected)


@cache
def quantiles_covered(size: int, kind: ConfType) -> tuple[int, int]:
    """Intervals of the lower quartile and of the median that hold the truth; an open end holds all beyond."""
    truth, covered = np.array([QUARTILE, log(2.0)]), np.zeros(2, dtype=int)
    for trials, random in chunks(83):
        time, event = exponential(random, np.zeros((trials, size), dtype=int))
        for sample in zip(time, event, strict=True):
            found = kaplan_meier(*sample, conf_type=kind).quantile([0.25, 0.5])
            covered += ~(found.ci_low > truth) & ~(found.ci_high < truth)
    return int(covered[0]), int(covered[1])


@cache
def follow_up_covered(size: int) -> dict[str, int]:
    """Follow-up without events is uniform on 0.5 to 2: half of it goes beyond 1.25, two thirds beyond 1."""
    counts = dict.fromkeys(("median", *get_args(ConfType)), 0)
    for trials, random in chunks(84):
        time, event = exponential(random, np.zeros((trials, size), dtype=int))
        for sample in zip(time, event, strict=True):
            curve = reverse_kaplan_meier(*sample)
            median, found = curve.quantile(0.5), curve.at(1.0)
            counts["median"] += not (median.ci_low[0] > 1.25 or median.ci_high[0] < 1.25)
            for kind in get_args(ConfType):
                low, high = confidence_limits(found.survival, found.std_error, conf_level=0.95, conf_type=kind)
                counts[kind] += low[0] <= 2.0 / 3.0 <= high[0]
    return {name: int(count) for name, count in counts.items()}


@cache
def tied_hazard_covered(size: int) -> dict[str, int]:
    """Log intervals of the cumulative hazard at 0.75, of times in steps of 0.25, all seen, by variance."""
    counts, truth = dict.fromkeys(get_args(HazardVariance), 0), 3.0 * (1.0 - exp(-0.25))
    for trials, random in chunks(86):
        time, event = exponential(random, np.zeros((trials, size), dtype=int), censored=None, grid=0.25)
        for sample in zip(time, event, strict=True):
            for rule in get_args(HazardVariance):
                found = nelson_aalen(*sample, variance=rule).at(0.75)
                counts[rule] += found.ci_low[0] <= truth <= found.ci_high[0]
    return {rule: int(count) for rule, count in counts.items()}


DESIGN = two_stage_design(1, 10, 5, 29, p0=0.1, p1=0.3)


def two_stage_rejections() -> int:
    """Trials of the design played under a share of 0.1."""
    random = np.random.default_rng(85)
    first = random.binomial(DESIGN.n1, 0.1, DATA_SETS)
    both = first + random.binomial(DESIGN.n - DESIGN.n1, 0.1, DATA_SETS)
    return int(((first > DESIGN.r1) & (both > DESIGN.r)).sum())


SKEW = "plain and log limits know nothing of the skewness of an estimate from few events"
DEVIATIONS = {
    "Kaplan-Meier: interval of the lower quartile, plain": (0.945, SKEW),
    "Reverse Kaplan-Meier: interval at 1 mean, plain": (0.94, SKEW),
    "Reverse Kaplan-Meier: interval at 1 mean, log;": (0.941, SKEW),
}

RATES = with_deviations(
    [
        *(
            covers(
                ONE_SAMPLE,
                f"interval of observed over expected; {size} patients, hazard {factor:g} times the reference's, {LAW}",
                lambda size=size, factor=factor: ratio_covered(size, factor),
            )
            for size, factor in ((50, 1.0), (50, 0.6), (20, 1.0))
        ),
        rejects(
            ONE_SAMPLE,
            "two-sided, variance mean; 50 patients, exponential as the reference says, uniform censoring (about 25 %)",
            lambda: mean_variance_rejections(50),
        ),
        *(
            covers(
                "Kaplan-Meier",
                f"interval of the lower quartile, {kind}; 100 patients, {LAW}",
                lambda kind=kind: quantiles_covered(100, kind)[0],
            )
            for kind in get_args(ConfType)
        ),
        covers(
            "Kaplan-Meier",
            f"interval of the median, log; 100 patients, {LAW}",
            lambda: quantiles_covered(100, "log")[1],
        ),
        covers(
            FOLLOW_UP, f"interval of the median, log-log; 150 patients, {LAW}", lambda: follow_up_covered(150)["median"]
        ),
        *(
            covers(
                FOLLOW_UP,
                f"interval at 1 mean, {kind}; 150 patients, {LAW}",
                lambda kind=kind: follow_up_covered(150)[kind],
            )
            for kind in get_args(ConfType)
        ),
        *(
            covers(
                "Nelson-Aalen",
                f"interval at 0.75 means, log, variance {rule}; 100 patients, times in steps of 0.25 means, all seen",
                lambda rule=rule: tied_hazard_covered(100)[rule],
            )
            for rule in get_args(HazardVariance)
        ),
        rejects(
            "Binomial intervals and two-stage designs",
            "two-stage design of 10 and 29 patients (more than 1, then more than 5), played under 0.1",
            two_stage_rejections,
            exact=DESIGN.alpha,
        ),
    ],
    DEVIATIONS,
)
