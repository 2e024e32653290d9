"""Type I error and coverage of Cox regression with covariates, its proportionality test, and Fine and Gray's model."""

from __future__ import annotations

from functools import cache

import numpy as np
from rate_check import Rate
from simulated_trials import DATA_SETS, Z95, arms, chunks, exponential

from sim.stats import cox, fine_gray, proportionality_test
from sim.stats.cox_data import risk_sets
from sim.stats.cox_fit import newton, score_residuals

CHI1_95, CHI2_95 = 3.841458820694124, 5.991464547107979
LOG_RATIO = float(np.log(0.7))
COX, FINE_GRAY = "Cox regression", "Fine and Gray's regression"
LAW = "exponential, uniform censoring (about 35 %)"


@cache
def cox_counts(n: int, log_ratio: float, grid: float | None, truncated: bool) -> dict[str, int]:
    """Rejections of the three tests of two covariates (arm, a normal one) at 0.05; coverage of intervals of the arm.

    Tests are of the true coefficients. A profile interval holds the true coefficient when the likelihood ratio test,
    with the other coefficient free, does not reject it.
    """
    names = ("likelihood ratio", "Wald", "score", "robust Wald", "covered by Wald", "covered by profile")
    counts = dict.fromkeys(names, 0)
    truth, both, other = np.array([log_ratio, 0.0]), np.arange(2), np.array([1])
    nobody = np.zeros(n, dtype=np.int64)
    for trials, random in chunks(41 + n, DATA_SETS):
        group = arms(trials, n // 2, n // 2)
        time, event = exponential(random, group, ratio=float(np.exp(log_ratio)), grid=grid)
        age = random.normal(size=group.shape)
        entry = np.full(group.shape, -np.inf)
        if truncated:  # exponential lives have no memory: who enters at e lives on as if new
            late = random.random(group.shape) < 0.5
            entry[late] = random.uniform(0.0, 0.5, int(late.sum()))
            time = time + np.maximum(entry, 0.0)
        for trial in range(trials):
            x = np.column_stack((group[trial], age[trial])).astype(np.float64)
            data = risk_sets(time[trial], event[trial], x, entry[trial] if truncated else None, nobody)
            null = newton(data, truth, both, True, most=0)
            fit = newton(data, truth, both, True)
            held = newton(data, truth, other, True)
            variance = np.linalg.inv(fit.information)
            apart = fit.beta - truth
            influence = score_residuals(data, fit.beta, True) @ variance
            counts["likelihood ratio"] += 2 * (fit.log_likelihood - null.log_likelihood) >= CHI2_95
            counts["Wald"] += apart @ fit.information @ apart >= CHI2_95
            counts["score"] += null.score @ np.linalg.solve(null.information, null.score) >= CHI2_95
            counts["robust Wald"] += abs(apart[0]) >= Z95 * np.sqrt(influence[:, 0] @ influence[:, 0])
            counts["covered by Wald"] += abs(apart[0]) <= Z95 * np.sqrt(variance[0, 0])
            counts["covered by profile"] += 2 * (fit.log_likelihood - held.log_likelihood) <= CHI1_95
    return {name: int(count) for name, count in counts.items()}


def cox_rate(
    name: str,
    n: int,
    *,
    grid: float | None = None,
    truncated: bool = False,
    accepted: float | None = None,
    why: str = "",
) -> Rate:
    covers = name.startswith("covered")
    text = f"{n} patients, arm (hazard ratio {'0.7' if covers else '1'}) and a normal covariate, {LAW}"
    text += f", times in steps of {grid:g} means (Efron)" if grid else ""
    text += ", half enter late (0 to 0.5 means)" if truncated else ""
    what = f"interval of the arm's coefficient, {name.removeprefix('covered by ')}" if covers else f"{name} test"
    what += ", arm alone" if name == "robust Wald" else "" if covers else ", 2 df"
    log_ratio = LOG_RATIO if covers else 0.0
    return Rate(
        id=f"cox regression {name} {n} {grid} {truncated}",
        method=COX,
        setting=f"{what}; {text}",
        kind="coverage" if covers else "type I error",
        nominal=0.95 if covers else 0.05,
        data_sets=DATA_SETS,
        count=lambda: cox_counts(n, log_ratio, grid, truncated)[name],
        accepted=accepted,
        deviation=why,
    )


def proportionality_rejections() -> int:
    """The test of the arm's coefficient against Kaplan-Meier's time scale, hazards proportional."""
    rejected = 0
    for trials, random in chunks(43):
        group = arms(trials, 75, 75)
        time, event = exponential(random, group, ratio=0.7)
        for trial in range(trials):
            found = proportionality_test(cox(time[trial], event[trial], group[trial]))
            rejected += found.together.p_value <= 0.05
    return int(rejected)


@cache
def fine_gray_counts(n: int, ratio: float, data_sets: int) -> tuple[int, int]:
    """Rejections of the true coefficient by Wald's test, which is 1 less the coverage, and of the wrong side.

    Subdistribution of cause 1: 1 - (1 - 0.5 (1 - exp(-t))) ** ratio; cause 2 by the rest, exponential; censoring
    uniform on 0.5 to 3.
    """
    rejected, covered = 0, 0
    for trials, random in chunks(44, data_sets):
        group = arms(trials, n // 2, n // 2)
        power = np.where(group == 1, ratio, 1.0)
        chance = 1.0 - 0.5**power
        first = random.random(group.shape) < chance
        drawn = random.random(group.shape)
        inner = 1.0 - (1.0 - drawn * chance) ** (1.0 / power)
        latent = np.where(first, -np.log1p(-2.0 * inner), random.exponential(1.0, group.shape))
        end = random.uniform(0.5, 3.0, group.shape)
        time = np.minimum(latent, end)
        cause = np.where(latent <= end, np.where(first, 1, 2), 0)
        for trial in range(trials):
            found = fine_gray(time[trial], cause[trial], group[trial])
            apart = abs(found.coefficients[0] - np.log(ratio))
            rejected += apart >= Z95 * found.std_error[0]
            covered += apart <= Z95 * found.std_error[0]
    return int(rejected), int(covered)


RATES = [
    *(cox_rate(name, 200) for name in ("likelihood ratio", "Wald", "score", "covered by Wald", "covered by profile")),
    cox_rate("robust Wald", 200),
    *(cox_rate(name, 80, grid=0.25) for name in ("likelihood ratio", "Wald")),
    cox_rate("score", 80, grid=0.25, accepted=0.0525, why="small sample, many ties"),
    *(cox_rate(name, 150, truncated=True) for name in ("likelihood ratio", "Wald", "score")),
    Rate(
        id="proportionality test",
        method=COX,
        setting=f"score test of proportionality, g: km; 75 against 75 patients, hazard ratio 0.7, {LAW}",
        kind="type I error",
        nominal=0.05,
        data_sets=DATA_SETS,
        count=proportionality_rejections,
    ),
    Rate(
        id="fine-gray Wald",
        method=FINE_GRAY,
        setting="Wald test; 100 against 100 patients, half have the cause, the others the other one, 40 % censored",
        kind="type I error",
        nominal=0.05,
        data_sets=DATA_SETS,
        count=lambda: fine_gray_counts(200, 1.0, DATA_SETS)[0],
    ),
    Rate(
        id="fine-gray interval",
        method=FINE_GRAY,
        setting="95 % interval of a subdistribution hazard ratio of 0.7; as above",
        kind="coverage",
        nominal=0.95,
        data_sets=DATA_SETS,
        count=lambda: fine_gray_counts(200, 0.7, DATA_SETS)[1],
    ),
]
