"""Error rates of tests with strata, clusters, several groups, ties by Breslow's rule, sides, weights, time scales."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Literal

import numpy as np
from rate_check import Rate, rejects, with_deviations
from rates_estimates import visited
from rates_rank import two_sided
from scipy.special import ndtr
from scipy.stats import chi2
from simulated_trials import Z95, arms, chunks, exponential, rejections

from sim.stats import batch, cox, gray_test, interval_score_test, landmark_sample, proportionality_test
from sim.stats.batch import FIRST_LOOK
from sim.stats.cox_data import risk_sets
from sim.stats.cox_fit import newton, score_residuals
from sim.stats.log_rank import rank_totals
from sim.stats.normal_box import normal_box
from sim.stats.packed import packed

LAW = "exponential, uniform censoring (about 35 %)"
EIGHT = "8 strata with hazards 0.5 to 2"
RANK, COX = "Log-rank family", "Cox regression"

BY_STRATA: dict[str, Callable[[batch.Trials], np.ndarray]] = {
    "Fleming-Harrington (1, 0)": two_sided(lambda trials: batch.log_rank(trials, rho=1.0).z),
    "Fleming-Harrington (1, 1)": two_sided(lambda trials: batch.log_rank(trials, rho=1.0, gamma=1.0).z),
    "MaxCombo": lambda trials: batch.max_combo(trials).rejects(0.05),
    "Cox score (Efron)": two_sided(lambda trials: batch.cox(trials).score_z),
}


@cache
def by_strata() -> dict[str, int]:
    return rejections(101, (100, 100), BY_STRATA, strata=8)


def breslow_wald(trials: batch.Trials) -> np.ndarray:
    found = batch.cox(trials, ties="breslow")
    return np.divide(found.log_hazard_ratio, found.std_error, out=np.zeros(found.score.shape), where=found.finite)


TIED: dict[str, Callable[[batch.Trials], np.ndarray]] = {
    "MaxCombo": BY_STRATA["MaxCombo"],
    "Cox score (Efron)": BY_STRATA["Cox score (Efron)"],
    "Cox score (Breslow)": two_sided(lambda trials: batch.cox(trials, ties="breslow").score_z),
    "Cox Wald (Breslow)": two_sided(breslow_wald),
}


@cache
def tied() -> dict[str, int]:
    return rejections(102, (50, 50), TIED, grid=0.25)


def one_sided_max_combo(trials: batch.Trials, side: Literal["lower", "higher"]) -> np.ndarray:
    """Whether the p-value of the smallest (largest) statistic is at most 0.025; integrated only where it may be."""
    found = batch.max_combo(trials)
    z = found.z if side == "lower" else -found.z
    alone = ndtr(z.min(axis=1))
    rejected = np.asarray(alone * z.shape[1] <= 0.025)
    for trial in np.flatnonzero(~rejected & (alone <= 0.025)):
        lowest, correlation = float(z[trial].min()), found.correlation[trial]
        inside, error = normal_box(lowest, np.inf, correlation, points=FIRST_LOOK)
        if abs(1.0 - inside - 0.025) <= 2.0 * error:
            inside, _ = normal_box(lowest, np.inf, correlation)
        rejected[trial] = 1.0 - inside <= 0.025
    return rejected


SIDES: dict[str, Callable[[batch.Trials], np.ndarray]] = {
    "MaxCombo, one-sided lower": lambda trials: one_sided_max_combo(trials, "lower"),
    "MaxCombo, one-sided higher": lambda trials: one_sided_max_combo(trials, "higher"),
    "Fleming-Harrington (0, 1), one-sided lower": lambda trials: batch.log_rank(trials, gamma=1.0).z <= -Z95,
    "Fleming-Harrington (0, 1), one-sided higher": lambda trials: batch.log_rank(trials, gamma=1.0).z >= Z95,
}


@cache
def by_side() -> dict[str, int]:
    return rejections(103, (150, 150), SIDES)


@cache
def groups_rejected(sizes: tuple[int, ...], gamma: float, strata: int) -> int:
    """Rejections of the weighted log-rank test of several groups; strata are drawn at random."""
    rejected, limit = 0, chi2.ppf(0.95, len(sizes) - 1)
    for trials, random in chunks(104):
        group = np.tile(np.repeat(np.arange(len(sizes)), sizes), (trials, 1))
        time, event = exponential(random, np.zeros_like(group))
        stratum = random.integers(0, strata, group.shape)
        time = time / np.geomspace(0.5, 2.0, strata)[stratum]
        offsets = np.arange(trials + 1, dtype=np.int64) * group.shape[1]
        rows = packed(time.ravel(), event.ravel(), group.ravel(), stratum=stratum.ravel(), offsets=offsets)
        observed, expected, covariance = rank_totals(rows, len(sizes), np.zeros(1), np.array([gamma]))
        score = (observed - expected)[:, 0, 1:]
        statistic = np.einsum("ti,tij,tj->t", score, np.linalg.inv(covariance), score)
        rejected += int((statistic >= limit).sum())
    return rejected


@cache
def landmark_rejected() -> int:
    """Log-rank tests of responders against others from a landmark; response says nothing about survival."""
    rejected = 0
    for trials, random in chunks(105):
        time, event = exponential(random, np.zeros((trials, 200), dtype=int))
        responded = random.exponential(0.5, time.shape) <= 0.3
        members = [landmark_sample(*sample, at=0.3) for sample in zip(time, event, strict=True)]
        offsets = np.concatenate(([0], np.cumsum([member.rows.size for member in members])))
        packed_trials = batch.trials(
            np.concatenate([member.time for member in members]),
            np.concatenate([member.cause for member in members]),
            np.concatenate([responded[trial, member.rows] for trial, member in enumerate(members)]),
            offsets=offsets,
        )
        rejected += int((np.abs(batch.log_rank(packed_trials).z) >= Z95).sum())
    return rejected


@cache
def clusters_counts(clusters: int) -> dict[str, int]:
    """Arms drawn by clusters of 3, whose members share a gamma frailty (variance 0.5); robust tests of the arm.

    By the kernels; the first trial of each chunk is also fitted by `cox`, which must say the same.
    """
    counts = dict.fromkeys(("Wald test", "score test"), 0)
    member, nobody = np.repeat(np.arange(clusters), 3), np.zeros(3 * clusters, dtype=np.int64)
    for trials, random in chunks(106):
        group = arms(trials, 3 * (clusters // 2), 3 * (clusters // 2))
        frailty = random.gamma(2.0, 0.5, (trials, clusters))[:, member]
        spent, end = random.exponential(1.0, group.shape) / frailty, random.uniform(0.5, 2.0, group.shape)
        time, event = np.minimum(spent, end), (spent <= end).astype(np.int64)
        for trial in range(trials):
            data = risk_sets(time[trial], event[trial], group[trial][:, np.newaxis].astype(float), None, nobody)
            fit, codes = newton(data, np.zeros(1), np.arange(1), True), member[data.order]
            summed = np.bincount(codes, weights=score_residuals(data, fit.beta, True)[:, 0])
            at_null = np.bincount(codes, weights=score_residuals(data, np.zeros(1), True)[:, 0])
            wald = (fit.beta[0] * fit.information[0, 0]) ** 2 / (summed @ summed)
            score = at_null.sum() ** 2 / (at_null @ at_null)
            if trial == 0:
                found = cox(time[0], event[0], group[0], cluster=member)
                assert found.robust_score is not None
                assert np.allclose((wald, score), (found.wald.statistic, found.robust_score.statistic), rtol=1e-8)
            counts["Wald test"] += wald >= Z95**2
            counts["score test"] += score >= Z95**2
    return {name: int(count) for name, count in counts.items()}


STRATIFIED = ("likelihood ratio test", "Wald test", "score test", "robust Wald test", "robust score test")


def two_strata(seed: int, n: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Time, event, arm with a normal covariate, and stratum, of one trial after the other; hazards 0.5 and 2."""
    for trials, random in chunks(seed):
        group = arms(trials, n // 2, n // 2)
        time, event = exponential(random, group)
        stratum, age = random.integers(0, 2, group.shape), random.normal(size=group.shape)
        yield from zip(
            time / np.where(stratum == 1, 2.0, 0.5), event, np.stack((group, age), axis=2), stratum, strict=True
        )


@cache
def stratified_counts(n: int) -> dict[str, int]:
    """Tests that arm and covariate do nothing, by the kernels; every 10,000th trial must be as `cox` has it."""
    counts, limit, both = dict.fromkeys(STRATIFIED, 0), chi2.ppf(0.95, 2), np.arange(2)
    for trial, (time, event, x, stratum) in enumerate(two_strata(107, n)):
        data = risk_sets(time, event, x, None, stratum)
        null, fit = newton(data, np.zeros(2), both, True, most=0), newton(data, np.zeros(2), both, True)
        residual, at_null = score_residuals(data, fit.beta, True), score_residuals(data, np.zeros(2), True)
        turned = fit.information @ fit.beta
        found = (
            2.0 * (fit.log_likelihood - null.log_likelihood),
            fit.beta @ turned,
            null.score @ np.linalg.solve(null.information, null.score),
            turned @ np.linalg.solve(residual.T @ residual, turned),
            null.score @ np.linalg.solve(at_null.T @ at_null, null.score),
        )
        if trial % 10_000 == 0:
            model = cox(time, event, x, stratum=stratum, robust=True)
            assert model.robust_score is not None
            tests = model.likelihood_ratio, cox(time, event, x, stratum=stratum).wald, model.score, model.wald
            assert np.allclose(found, [test.statistic for test in (*tests, model.robust_score)], rtol=1e-7)
        for name, statistic in zip(STRATIFIED, found, strict=True):
            counts[name] += int(statistic >= limit)
    return counts


SCALES = ("identity", "log", "rank")


@cache
def proportionality_counts(n: int) -> dict[str, int]:
    """Tests that two coefficients do not change with time, by time scale."""
    counts = dict.fromkeys(SCALES, 0)
    for time, event, x, stratum in two_strata(110, n):
        model = cox(time, event, x, stratum=stratum)
        for scale in SCALES:
            counts[scale] += proportionality_test(model, transform=scale).together.p_value <= 0.05
    return {name: int(count) for name, count in counts.items()}


@cache
def gray_rejected(rho: float) -> int:
    """Gray's test of the second cause, 40 % of the hazard."""
    rejected = 0
    for trials, random in chunks(108):
        group = arms(trials, 100, 100)
        time, event = exponential(random, group)
        cause = event * np.where(random.random(group.shape) < 0.6, 1, 2)
        for sample in zip(time, cause, group, strict=True):
            rejected += gray_test(*sample, of=2, rho=rho).p_value <= 0.05
    return int(rejected)


@cache
def interval_rejected() -> int:
    """Finkelstein's test of three groups in two strata with different hazards, five visits of which 80 % are kept."""
    rejected = 0
    for trials, random in chunks(109):
        group = np.tile(np.repeat([0, 1, 2], 40), (trials, 1))
        stratum = random.integers(0, 2, group.shape)
        left, right = visited(random, random.exponential(size=group.shape) / (1.0 + stratum), np.full(group.shape, 0.8))
        for sample in zip(left, right, group, stratum, strict=True):
            rejected += interval_score_test(*sample[:3], stratum=sample[3]).p_value <= 0.05
    return int(rejected)


def family(name: str) -> str:
    return "Cox, two groups" if name.startswith("Cox") else "MaxCombo" if name.startswith("MaxCombo") else RANK


def several(sizes: tuple[int, ...], gamma: float, strata: int) -> Rate:
    what = "Fleming-Harrington (0, 1)" if gamma else "log-rank"
    text = f"{what} of {len(sizes)} groups of {sizes[0]} patients, {LAW}"
    text += f", {strata} strata with hazards 0.5 to 2" if strata > 1 else ""
    return rejects(RANK, text, lambda: groups_rejected(sizes, gamma, strata))


CLUSTERED = "{} clusters of 3 that share a gamma frailty (variance 0.5), arms by cluster, uniform censoring"
TWO_STRATA = f"patients, arm and a normal covariate, {LAW}, 2 strata with hazards 0.5 and 2"
CAUSES = (
    "100 against 100 patients, the tested cause 40 and the other 60 % of the hazard, uniform censoring (about 35 %)"
)

SLOW = "the chi-squared law is reached slowly"
CLUSTERS = "the sandwich variance is too small with few clusters; 200 clusters keep the level"
SANDWICH = "the sandwich variance is too small, by about 1/n: compare 150 with 600 patients"
SMALL = "small strata; 600 patients keep the level"
ZPH = "small strata, and the few late times weigh much; cox.zph of R gives the same statistics"
DEVIATIONS = {
    f"{RANK}: log-rank of 5 groups of 50": (0.055, f"{SLOW}; groups of 200 keep the level"),
    f"{RANK}: Fleming-Harrington (0, 1) of 3 groups of 150": (0.0525, f"{SLOW}, more so with late weights"),
    f"{COX}: robust Wald test of the arm; 60 clusters": (0.056, CLUSTERS),
    f"{COX}: robust score test of the arm; 60 clusters": (0.054, CLUSTERS),
    f"{COX}: likelihood ratio test, 2 df; 150 patients, arm": (0.0525, SMALL),
    f"{COX}: score test, 2 df; 150 patients, arm": (0.053, SMALL),
    f"{COX}: robust Wald test, 2 df; 150 patients, arm": (0.0605, SANDWICH),
    f"{COX}: robust score test, 2 df; 150 patients, arm": (0.0585, SANDWICH),
    f"{COX}: robust Wald test, 2 df; 600": (0.053, SANDWICH),
    f"{COX}: robust score test, 2 df; 600": (0.0525, SANDWICH),
    f"{COX}: score test of proportionality, 2 df, g: identity": (0.0585, ZPH),
    f"{COX}: score test of proportionality, 2 df, g: log": (0.0535, ZPH),
    f"{COX}: score test of proportionality, 2 df, g: rank": (0.055, ZPH),
}

RATES = with_deviations(
    [
        *(
            rejects(
                family(name), f"{name}; 100 against 100 patients, {LAW}, {EIGHT}", lambda name=name: by_strata()[name]
            )
            for name in BY_STRATA
        ),
        *(
            rejects(
                family(name),
                f"{name}; 50 against 50 patients, {LAW}, times in steps of 0.25 means",
                lambda name=name: tied()[name],
            )
            for name in TIED
        ),
        *(
            rejects(
                family(name),
                f"{name}; 150 against 150 patients, {LAW}",
                lambda name=name: by_side()[name],
                nominal=0.025,
            )
            for name in SIDES
        ),
        several((150, 150, 150), 0.0, 1),
        several((50, 50, 50, 50, 50), 0.0, 1),
        several((200, 200, 200, 200, 200), 0.0, 1),
        several((150, 150, 150), 1.0, 1),
        several((100, 100, 100), 0.0, 4),
        rejects(
            RANK,
            f"log-rank from a landmark at 0.3 means, of those who have responded by then (45 %); 200 patients, {LAW}",
            landmark_rejected,
        ),
        *(
            rejects("Gray's test", f"second cause, rho {rho:g}; {CAUSES}", lambda rho=rho: gray_rejected(rho))
            for rho in (0.0, 1.0)
        ),
        *(
            rejects(
                COX,
                f"robust {name} of the arm; {CLUSTERED.format(clusters)}",
                lambda clusters=clusters, name=name: clusters_counts(clusters)[name],
            )
            for clusters in (60, 200)
            for name in ("Wald test", "score test")
        ),
        *(
            rejects(COX, f"{name}, 2 df; {n} {TWO_STRATA}", lambda n=n, name=name: stratified_counts(n)[name])
            for n in (150, 600)
            for name in STRATIFIED
        ),
        *(
            rejects(
                COX,
                f"score test of proportionality, 2 df, g: {scale}; 150 {TWO_STRATA}",
                lambda scale=scale: proportionality_counts(150)[scale],
            )
            for scale in SCALES
        ),
        rejects(
            "Interval-censored times",
            "score test, proportional hazards, permutation; three groups of 40 patients in 2 strata with hazards 1 and "
            "2, exponential, five visits, 80 % of them kept",
            interval_rejected,
        ),
    ],
    DEVIATIONS,
)
