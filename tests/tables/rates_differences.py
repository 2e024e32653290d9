"""Coverage of intervals of differences and ratios of two arms: restricted means, incidence, means, proportions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import exp, log

import numpy as np
from rate_check import Rate, covers, with_deviations
from scipy.stats import binom, multinomial
from simulated_trials import Z95, arms, chunks, exponential

from sim.stats import batch, paired_difference, unpaired_difference

AT, TAU, FACTOR = 0.7, 1.0, 0.6
LAW = "exponential, uniform censoring (about 35 %)"
MEANS = "Differences of means and proportions"


def ratio_covered(size: int) -> int:
    """Intervals of the ratio of restricted means, hazard ratio 0.6, on the log scale."""
    truth, covered = log((1.0 - exp(-FACTOR * TAU)) / FACTOR / (1.0 - exp(-TAU))), 0
    for trials, random in chunks(91):
        group = arms(trials, size, size)
        found = batch.rmst(batch.trials(*exponential(random, group, ratio=FACTOR), group), tau=TAU)
        logs = np.log(found.estimate[:, 1] / found.estimate[:, 0])
        covered += int((np.abs(logs - truth) <= Z95 * np.hypot(*(found.std_error / found.estimate).T)).sum())
    return covered


def incidence_covered(size: int) -> int:
    """Intervals of the difference of incidence where both causes have 0.6 times the hazard in arm 1."""
    truth, covered = 0.6 * (exp(-AT) - exp(-FACTOR * AT)), 0
    for trials, random in chunks(92):
        group = arms(trials, size, size)
        time, event = exponential(random, group, ratio=FACTOR)
        cause = event * np.where(random.random(group.shape) < 0.6, 1, 2)
        found = batch.cumulative_incidence(batch.trials(time, cause, group), at=AT)
        covered += int((np.abs(found.difference - truth) <= Z95 * found.difference_error).sum())
    return covered


Draw = Callable[[np.random.Generator, int], np.ndarray]


def held(truth: float, a: np.ndarray, b: np.ndarray, *, paired: bool) -> bool:
    found = paired_difference(a, b) if paired else unpaired_difference(a, b)
    return found.ci_low <= truth <= found.ci_high


def means_covered(n: int, *, paired: bool) -> int:
    """Arm a gamma with mean 2 and variance 2, arm b exponential with mean 1; paired: a is b and as much again."""
    covered = 0
    for trials, random in chunks(93 + paired):
        b = random.exponential(1.0, (trials, n))
        a = b + random.exponential(1.0, (trials, n)) if paired else random.gamma(2.0, 1.0, (trials, n // 2))
        covered += sum(held(1.0, *sample, paired=paired) for sample in zip(a, b, strict=True))
    return covered


def proportions_covered(n: int, first: float, second: float) -> int:
    """Zeros and ones of independent arms of n patients."""
    covered = 0
    for trials, random in chunks(95):
        a, b = ((random.random((trials, n)) < share).astype(float) for share in (first, second))
        covered += sum(held(first - second, *sample, paired=False) for sample in zip(a, b, strict=True))
    return covered


def pairs_covered(n: int, gained: float, lost: float) -> int:
    """Zeros and ones of n pairs that differ with these chances."""
    covered = 0
    for trials, random in chunks(96):
        drawn = random.random((trials, n))
        a, b = (drawn < gained).astype(float), ((drawn >= gained) & (drawn < gained + lost)).astype(float)
        covered += sum(held(gained - lost, *sample, paired=True) for sample in zip(a, b, strict=True))
    return covered


def exact_proportions(n: int, first: float, second: float) -> float:
    """Sum of the binomial probabilities of the counts whose interval holds the truth: Wald, variances of n - 1."""
    hits = np.arange(n + 1)
    share, variance = hits / n, hits * (n - hits) / n**2 / (n - 1)
    apart = np.abs(share[:, np.newaxis] - share - (first - second))
    reach = Z95 * np.sqrt(variance[:, np.newaxis] + variance)
    return float(binom.pmf(hits, n, first) @ (apart <= reach) @ binom.pmf(hits, n, second))


def exact_pairs(n: int, gained: float, lost: float) -> float:
    """Sum of the trinomial probabilities of the pairs that differ whose interval holds the truth."""
    up, down = (counts.ravel() for counts in np.mgrid[0 : n + 1, 0 : n + 1])
    up, down = up[up + down <= n], down[up + down <= n]
    mean = (up - down) / n
    error = np.sqrt(((up + down) / n - mean**2) / (n - 1))
    chance = multinomial.pmf(np.stack((up, down, n - up - down), axis=1), n, [gained, lost, 1.0 - gained - lost])
    return float(chance @ (np.abs(mean - (gained - lost)) <= Z95 * error))


def means_rate(setting: str, n: int, *, paired: bool) -> Rate:
    return covers(MEANS, setting, partial(means_covered, n, paired=paired))


NORMAL = "normal quantile with skewed values; larger samples cover"
DEVIATIONS = {
    "Incidence difference: interval of the difference at 0.7 means; 100": (0.946, "few events; arms of 300 cover"),
    f"{MEANS}: unpaired means; 100 gamma": (0.946, NORMAL),
    f"{MEANS}: paired means; 100 pairs": (0.939, NORMAL),
}

RATES = with_deviations(
    [
        *(
            covers(
                "Restricted mean",
                f"interval of the ratio, hazard ratio 0.6; {n} against {n} patients, {LAW}",
                partial(ratio_covered, n),
            )
            for n in (50, 150)
        ),
        *(
            covers(
                "Incidence difference",
                f"interval of the difference at 0.7 means; {n} against {n} patients, causes with 60 and 40 % of the "
                "hazard, hazard ratio of both 0.6, uniform censoring (about 35 %)",
                partial(incidence_covered, n),
            )
            for n in (100, 300)
        ),
        *(
            means_rate(
                f"unpaired means; {n // 2} gamma (mean 2, variance 2) against {n} exponential values", n, paired=False
            )
            for n in (200, 1000)
        ),
        *(
            means_rate(f"paired means; {n} pairs, exponential, and as much again in one arm", n, paired=True)
            for n in (100, 1000)
        ),
        covers(
            MEANS,
            "unpaired proportions of 0.3 and 0.2, 100 against 100 patients",
            partial(proportions_covered, 100, 0.3, 0.2),
            exact=exact_proportions(100, 0.3, 0.2),
        ),
        covers(
            MEANS,
            "paired proportions, 100 pairs of which 25 % differ one way and 10 % the other",
            partial(pairs_covered, 100, 0.25, 0.1),
            exact=exact_pairs(100, 0.25, 0.1),
        ),
    ],
    DEVIATIONS,
)
