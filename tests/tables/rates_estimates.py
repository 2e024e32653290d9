"""Error rates of Gray's test, average hazard ratios, one-sample tests, interval-censored times and exact designs."""

from __future__ import annotations

from functools import cache
from typing import get_args

import numpy as np
from rate_check import Rate
from scipy.stats import binom
from simulated_trials import DATA_SETS, Z95, arms, chunks, exponential

from sim.stats import (
    average_hazard_ratio,
    average_hazard_ratio_of_curves,
    binomial_interval,
    interval_score_test,
    one_sample_log_rank,
    simon_design,
    turnbull,
)
from sim.stats.chi_square import quadratic_form
from sim.stats.gray import gray_scores
from sim.stats.intervals import ConfType, confidence_limits

GRAY, AVERAGE, ONE_SAMPLE = "Gray's test", "Average hazard ratio", "One-sample log-rank test"
INTERVAL, BINOMIAL = "Interval-censored times", "Binomial intervals and two-stage designs"


@cache
def gray_rejections(sizes: tuple[int, ...], strata: int, slower: float, grid: float | None, joint: bool = False) -> int:
    """Half of each group would have cause 1, at exponential times; the others have cause 2, later in the last group."""
    rejected = 0
    for trials, random in chunks(51 + strata):
        group = np.tile(np.repeat(np.arange(len(sizes)), sizes), (trials, 1))
        stratum = random.integers(0, strata, group.shape) if strata > 1 else np.zeros_like(group)
        first = random.random(group.shape) < 0.5
        latent = random.exponential(1.0, group.shape) / np.where(strata > 1, 0.7 + 0.6 * stratum, 1.0)
        latent *= np.where(~first & (group == len(sizes) - 1), slower, 1.0)
        end = random.uniform(0.5, 3.0, group.shape)
        time, kind = np.minimum(latent, end), np.where(latent <= end, np.where(first, 1, 2), 0)
        time = time if grid is None else np.ceil(time / grid) * grid
        for trial in range(trials):
            events, expected, covariance = gray_scores(
                time[trial], kind[trial], group[trial], stratum[trial], len(sizes), 0.0, joint
            )
            rejected += quadratic_form(events - expected, covariance).p_value <= 0.05
    return int(rejected)


def gray_rate(
    sizes: tuple[int, ...],
    *,
    strata: int = 1,
    slower: float = 1.0,
    grid: float | None = None,
    joint: bool = False,
    accepted: float | None = None,
    why: str = "",
) -> Rate:
    text = f"groups of {', '.join(map(str, sizes))}; half have the cause, the others another, uniform censoring (40 %)"
    text += f"; {strata} strata with different hazards" if strata > 1 else ""
    text += f"; other cause {slower:g} times as late in the last group" if slower != 1.0 else ""
    text += f"; times in steps of {grid:g} means, tied causes {'joint' if joint else 'separate'}" if grid else ""
    return Rate(
        id=f"gray {sizes} {strata} {slower} {grid} {joint}",
        method=GRAY,
        setting=text,
        kind="type I error",
        nominal=0.05,
        data_sets=DATA_SETS,
        count=lambda: gray_rejections(sizes, strata, slower, grid, joint),
        accepted=accepted,
        deviation=why,
    )


def average_rejections() -> int:
    """Equal arms of 60, up to time 1.5."""
    rejected = 0
    for trials, random in chunks(61):
        group = arms(trials, 60, 60)
        time, event = exponential(random, group, censored=(1.5, 3.0))
        for trial in range(trials):
            rejected += average_hazard_ratio(time[trial], event[trial], group[trial], until=1.5).p_value <= 0.05
    return int(rejected)


def average_covered() -> int:
    """Crossing hazards: 2 up to 0.4, then 0.5, against 1; arms of 60, up to time 1.5."""
    grid = np.linspace(0, 1.5, 20_001)
    cumulative = np.where(grid < 0.4, 2 * grid, 0.8 + 0.5 * (grid - 0.4))
    truth = average_hazard_ratio_of_curves(np.exp(-grid), np.exp(-cumulative))
    covered = 0
    for trials, random in chunks(62):
        group = arms(trials, 60, 60)
        spent, end = random.exponential(size=group.shape), random.uniform(1.5, 3.0, group.shape)
        latent = np.where(group == 0, spent, np.where(spent < 0.8, spent / 2, 0.4 + 2 * (spent - 0.8)))
        time, event = np.minimum(latent, end), latent <= end
        for trial in range(trials):
            found = average_hazard_ratio(time[trial], event[trial], group[trial], until=1.5)
            covered += found.ci_low <= truth <= found.ci_high
    return int(covered)


@cache
def one_sample_counts(n: int) -> dict[str, int]:
    """The reference holds: mean 1, uniform censoring."""
    kinds = ("two-sided", "lower", "higher", "lower, variance mean", "higher, variance mean")
    counts = dict.fromkeys(kinds, 0)
    for trials, random in chunks(63 + n):
        group = np.zeros((trials, n), dtype=np.int64)
        time, event = exponential(random, group, censored=(0.5, 2.5))
        for trial in range(trials):
            found = one_sample_log_rank(time[trial], event[trial], hazards=[(0, 1.0)])
            mean = found.z * np.sqrt(2 * found.expected / (found.observed + found.expected))
            counts["two-sided"] += found.p_value <= 0.05
            counts["lower"] += found.p_lower <= 0.025
            counts["higher"] += found.p_higher <= 0.025
            counts["lower, variance mean"] += mean <= -Z95
            counts["higher, variance mean"] += mean >= Z95
    return {name: int(count) for name, count in counts.items()}


def one_sample_rate(name: str, n: int, accepted: float | None = None, why: str = "") -> Rate:
    return Rate(
        id=f"one-sample {name} {n}",
        method=ONE_SAMPLE,
        setting=f"{name}; {n} patients, exponential as the reference says, uniform censoring (about 25 %)",
        kind="type I error",
        nominal=0.05 if name == "two-sided" else 0.025,
        data_sets=DATA_SETS,
        count=lambda: one_sample_counts(n)[name],
        accepted=accepted,
        deviation=why,
    )


VISITS = np.array([0.25, 0.5, 1.0, 1.5, 2.0])


def visited(random: np.random.Generator, time: np.ndarray, kept: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the intervals between the visits kept (each with this probability) around each time."""
    came = random.random((*time.shape, VISITS.size)) < np.asarray(kept)[..., np.newaxis]
    before = came & (time[..., np.newaxis] > VISITS)
    after = came & (time[..., np.newaxis] <= VISITS)
    return np.where(before, VISITS, 0.0).max(axis=-1), np.where(after, VISITS, np.inf).min(axis=-1)


@cache
def interval_counts(unlike: bool) -> dict[str, int]:
    """Equal arms of 60, five visits, of which each is kept by 80 % (unlike: 95 % in arm 0, 60 % in arm 1)."""
    counts = {"proportional hazards, permutation": 0, "log-rank, permutation": 0, "information": 0}
    for trials, random in chunks(64):
        group = arms(trials, 60, 60)
        kept = np.where(group == 0, 0.95, 0.6) if unlike else np.full(group.shape, 0.8)
        left, right = visited(random, random.exponential(size=group.shape), kept)
        for trial in range(trials):
            rows = left[trial], right[trial], group[trial]
            counts["proportional hazards, permutation"] += interval_score_test(*rows).p_value <= 0.05
            counts["log-rank, permutation"] += interval_score_test(*rows, scores="log-rank").p_value <= 0.05
            counts["information"] += interval_score_test(*rows, variance="information").p_value <= 0.05
    return {name: int(count) for name, count in counts.items()}


def interval_rate(name: str, unlike: bool, accepted: float | None = None, why: str = "") -> Rate:
    kept = "95 % of them kept in one arm, 60 % in the other" if unlike else "80 % of them kept"
    return Rate(
        id=f"interval score test {name} {unlike}",
        method=INTERVAL,
        setting=f"score test, {name}; 60 against 60 patients, exponential, five visits, {kept}",
        kind="type I error",
        nominal=0.05,
        data_sets=DATA_SETS,
        count=lambda: interval_counts(unlike)[name],
        accepted=accepted,
        deviation=why,
    )


@cache
def turnbull_covered(n: int) -> dict[str, int]:
    """Intervals of survival at the third visit, by type; five visits of which 80 % are kept."""
    counts = dict.fromkeys(get_args(ConfType), 0)
    for trials, random in chunks(65 + n):
        left, right = visited(random, random.exponential(size=(trials, n)), np.full((trials, n), 0.8))
        for trial in range(trials):
            found = turnbull(left[trial], right[trial])
            assert found.std_error is not None
            place = np.searchsorted(found.right, 1.0, side="right") - 1
            for kind in counts:
                low, high = confidence_limits(
                    found.survival[[place]], found.std_error[[place]], conf_level=0.95, conf_type=kind
                )
                counts[kind] += low[0] <= np.exp(-1.0) <= high[0]
    return {kind: int(count) for kind, count in counts.items()}


def turnbull_rate(kind: str, n: int, accepted: float | None = None, why: str = "") -> Rate:
    return Rate(
        id=f"turnbull interval {kind} {n}",
        method=INTERVAL,
        setting=f"{kind} interval of survival at a visit; {n} patients, exponential, five visits, 80 % of them kept",
        kind="coverage",
        nominal=0.95,
        data_sets=DATA_SETS,
        count=lambda: turnbull_covered(n)[kind],
        accepted=accepted,
        deviation=why,
    )


def binomial_rate(method: str, trials: int, share: float) -> Rate:
    """Coverage; its exact value is the sum of the binomial probabilities of the counts whose interval holds it."""
    found = [binomial_interval(hits, trials, method=method) for hits in range(trials + 1)]  # type: ignore[arg-type]
    holds = np.array([interval.ci_low <= share <= interval.ci_high for interval in found])
    return Rate(
        id=f"binomial {method} {trials} {share}",
        method=BINOMIAL,
        setting=f"{method} interval of a share of {share:g}, {trials} patients",
        kind="coverage",
        nominal=0.95,
        data_sets=DATA_SETS,
        count=lambda: int(holds[np.random.default_rng(66).binomial(trials, share, DATA_SETS)].sum()),
        exact=float(binom.pmf(np.arange(trials + 1), trials, share) @ holds),
    )


def simon_rejections() -> int:
    """Trials of the design for 0.2 against 0.4, played under 0.2."""
    design, random = simon_design(0.2, 0.4, alpha=0.05, power=0.8), np.random.default_rng(67)
    first = random.binomial(design.n1, 0.2, DATA_SETS)
    both = first + random.binomial(design.n - design.n1, 0.2, DATA_SETS)
    return int(((first > design.r1) & (both > design.r)).sum())


TIED = "tied events of different causes are counted apart, as cmprsk does; joint ties mend it"
SKEWED = "the number of events is skewed in an arm of 50, and its variance estimated"

RATES = [
    gray_rate((100, 100)),
    gray_rate((100, 100), slower=3.0),
    gray_rate((50, 50), grid=0.25, accepted=0.0585, why=TIED),
    gray_rate((50, 50), grid=0.25, joint=True),
    gray_rate((100, 100), grid=0.25, joint=True),
    gray_rate((60, 60, 60)),
    gray_rate((75, 75), strata=2),
    Rate(
        id="average hazard ratio",
        method=AVERAGE,
        setting="test of a ratio of 1; 60 against 60 patients, exponential, up to 1.5 means",
        kind="type I error",
        nominal=0.05,
        data_sets=DATA_SETS,
        count=average_rejections,
    ),
    Rate(
        id="average hazard ratio, crossing hazards",
        method=AVERAGE,
        setting="95 % interval; 60 against 60 patients, hazards 2 then 0.5 against 1, up to 1.5",
        kind="coverage",
        nominal=0.95,
        data_sets=DATA_SETS,
        count=average_covered,
    ),
    one_sample_rate("two-sided", 50, 0.053, SKEWED),
    one_sample_rate("lower", 50),
    one_sample_rate("higher", 50, 0.034, SKEWED),
    one_sample_rate("lower, variance mean", 50, 0.0275, SKEWED),
    one_sample_rate("higher, variance mean", 50),
    *(interval_rate(n, False) for n in ("proportional hazards, permutation", "log-rank, permutation", "information")),
    *(interval_rate(n, True) for n in ("proportional hazards, permutation", "information")),
    turnbull_rate("plain", 100, 0.944, "the plain scale knows nothing of the skewness of an estimate near 0 or 1"),
    *(turnbull_rate(kind, 100) for kind in ("log", "log-log")),
    *(
        binomial_rate(method, trials, share)
        for method in ("clopper-pearson", "wilson")
        for trials, share in ((30, 0.1), (100, 0.4))
    ),
    Rate(
        id="simon",
        method=BINOMIAL,
        setting="Simon's optimal design for 0.2 against 0.4 (0.05, 0.8), played under 0.2",
        kind="type I error",
        nominal=0.05,
        data_sets=DATA_SETS,
        count=simon_rejections,
        exact=simon_design(0.2, 0.4, alpha=0.05, power=0.8).alpha,
    ),
]
