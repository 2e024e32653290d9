"""Type I error of the log-rank family, MaxCombo and two-group Cox tests; coverage of the hazard ratio's interval."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from rate_check import Rate
from simulated_trials import DATA_SETS, Z95, arms, chunks, exponential, rejections

from sim.stats import batch
from sim.stats.chi_square import quadratic_form
from sim.stats.log_rank import rank_totals
from sim.stats.packed import packed

CHI2_95 = 5.991464547107979  # 2 degrees of freedom


def two_sided(statistic: Callable[[batch.Trials], np.ndarray]) -> Callable[[batch.Trials], np.ndarray]:
    return lambda trials: np.abs(statistic(trials)) >= Z95


def wald(trials: batch.Trials) -> np.ndarray:
    """Wald statistic of the hazard ratio; an infinite estimate has no standard error and does not reject."""
    found = batch.cox(trials)
    return np.divide(found.log_hazard_ratio, found.std_error, out=np.zeros(found.score.shape), where=found.finite)


TESTS: dict[str, Callable[[batch.Trials], np.ndarray]] = {
    "log-rank": two_sided(lambda trials: batch.log_rank(trials).z),
    "log-rank, one-sided lower": lambda trials: batch.log_rank(trials).z <= -Z95,
    "log-rank, one-sided higher": lambda trials: batch.log_rank(trials).z >= Z95,
    "Fleming-Harrington (1, 0)": two_sided(lambda trials: batch.log_rank(trials, rho=1.0).z),
    "Fleming-Harrington (0, 1)": two_sided(lambda trials: batch.log_rank(trials, gamma=1.0).z),
    "Fleming-Harrington (1, 1)": two_sided(lambda trials: batch.log_rank(trials, rho=1.0, gamma=1.0).z),
    "MaxCombo": lambda trials: batch.max_combo(trials).rejects(0.05),
    "Cox score (Efron)": two_sided(lambda trials: batch.cox(trials).score_z),
    "Cox Wald (Efron)": two_sided(wald),
}


@cache
def counted(sizes: tuple[int, int], names: tuple[str, ...], strata: int, grid: float | None) -> dict[str, int]:
    tests = {name: TESTS[name] for name in names}
    return rejections(sum(sizes) * 10 + strata, sizes, tests, strata=strata, grid=grid)


def rate(
    name: str,
    sizes: tuple[int, int],
    names: tuple[str, ...],
    *,
    strata: int = 0,
    grid: float | None = None,
    accepted: float | None = None,
    deviation: str = "",
) -> Rate:
    text = f"{sizes[0]} against {sizes[1]} patients, exponential, uniform censoring (about 35 %)"
    text += f", {strata} strata with hazards 0.5 to 2" if strata else ""
    text += f", times in steps of {grid:g} means" if grid else ""
    sided = "one-sided" in name
    family = "Cox, two groups" if name.startswith("Cox") else "MaxCombo" if name == "MaxCombo" else "Log-rank family"
    return Rate(
        id=f"{name} {sizes} {strata} {grid}",
        method=family,
        setting=f"{name}; {text}",
        kind="type I error",
        nominal=0.025 if sided else 0.05,
        data_sets=DATA_SETS,
        count=lambda: counted(sizes, names, strata, grid)[name],
        accepted=accepted,
        deviation=deviation,
    )


ALL = tuple(TESTS)
LATE = {"accepted": 0.054, "deviation": "late weights rest on the few last events, and the normal law comes slowly"}
FEW = ("log-rank", "Fleming-Harrington (0, 1)", "Cox Wald (Efron)")


def late(name: str) -> dict[str, Any]:
    """What is accepted at about 50 patients an arm."""
    return LATE if name == "Fleming-Harrington (0, 1)" else {}


def three_groups() -> int:
    """Rejections of the three-sample log-rank test, 40 patients a group."""
    rejected = 0
    for trials, random in chunks(31):
        group = np.tile(np.repeat([0, 1, 2], 40), (trials, 1))
        time, event = exponential(random, group)
        offsets = np.arange(trials + 1, dtype=np.int64) * group.shape[1]
        rows = packed(time.ravel(), event.ravel(), group.ravel(), offsets=offsets)
        observed, expected, covariance = rank_totals(rows, 3, np.zeros(1), np.zeros(1))
        score = (observed - expected)[:, 0, 1:]
        statistic = np.einsum("ti,tij,tj->t", score, np.linalg.inv(covariance), score)
        assert abs(statistic[0] - quadratic_form(score[0], covariance[0]).statistic) < 1e-9
        rejected += int((statistic >= CHI2_95).sum())
    return rejected


def truncated() -> int:
    """Rejections of the log-rank test under left truncation: 75 against 75, half of the patients enter late."""
    rejected = 0
    for trials, random in chunks(32):
        group = arms(trials, 75, 75)
        entry = np.where(random.random(group.shape) < 0.5, random.uniform(0.0, 0.5, group.shape), -np.inf)
        # Exponential lives have no memory: who enters at e lives on as if new, so that every row is truly truncated.
        time = np.maximum(entry, 0.0) + random.exponential(1.0, group.shape)
        end = np.maximum(entry, 0.0) + random.uniform(0.5, 1.5, group.shape)
        packed_trials = batch.trials(np.minimum(time, end), (time <= end).astype(int), group, entry=entry)
        rejected += int((np.abs(batch.log_rank(packed_trials).z) >= Z95).sum())
    return rejected


def hazard_ratio_covered(sizes: tuple[int, int], ratio: float) -> int:
    """Data sets whose 95 % Wald interval of the hazard ratio holds the true one."""
    covered = 0
    for trials, random in chunks(33):
        group = arms(trials, *sizes)
        found = batch.cox(batch.trials(*exponential(random, group, ratio=ratio), group))
        apart = np.abs(found.log_hazard_ratio - np.log(ratio)) <= Z95 * found.std_error
        covered += int((apart & found.finite).sum())
    return covered


RATES = [
    *(rate(name, (150, 150), ALL) for name in ALL),
    *(rate(name, (50, 50), ALL, **late(name)) for name in ALL),
    *(rate(name, (50, 100), FEW, **late(name)) for name in FEW),
    *(rate(name, (50, 50), FEW, grid=0.25, **late(name)) for name in FEW),
    *(rate(name, (100, 100), FEW, strata=8) for name in FEW),
    Rate(
        id="three groups",
        method="Log-rank family",
        setting="log-rank of three groups of 40 patients, exponential, uniform censoring (about 35 %)",
        kind="type I error",
        nominal=0.05,
        data_sets=DATA_SETS,
        count=three_groups,
        accepted=0.054,
        deviation="the chi-squared law is reached slowly; survdiff of R rejects as often",
    ),
    Rate(
        id="truncated",
        method="Log-rank family",
        setting="log-rank; 75 against 75 patients, half enter late (0 to 0.5 means), uniform censoring",
        kind="type I error",
        nominal=0.05,
        data_sets=DATA_SETS,
        count=truncated,
    ),
    *(
        Rate(
            id=f"hazard ratio {sizes}",
            method="Cox, two groups",
            setting=f"95 % Wald interval of a hazard ratio of 0.7 (Efron), {sizes[0]} against {sizes[1]} patients",
            kind="coverage",
            nominal=0.95,
            data_sets=DATA_SETS,
            count=partial(hazard_ratio_covered, sizes, 0.7),
        )
        for sizes in ((50, 50), (150, 150))
    ),
]
