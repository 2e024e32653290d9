"""Reference values of intervals of a proportion, Simon's designs and the one-sample log-rank test."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from reference_check import Check
from regression_samples import GEHAN, OVARIAN

from sim.stats import (
    OneSampleLogRank,
    TwoStageDesign,
    binomial_interval,
    one_sample_log_rank,
    simon_design,
    two_stage_design,
)

INTERVAL, SIMON, ONE_SAMPLE = "Interval of a proportion", "Simon's two-stage design", "One-sample log-rank test"
R = "R 4.2.2: "
NEWCOMBE = "data of Newcombe, Statistics in Medicine 17 (1998) 857-872, Table I; "

# successes, trials: exact limits, score limits
INTERVALS = {
    (81, 263): (0.252736745585, 0.367621922601, 0.255288519878, 0.366209576983),
    (15, 148): (0.0578440100834, 0.161650490349, 0.0623863995307, 0.160487241723),
    (0, 20): (0.0, 0.168433470983, 0.0, 0.161125158053),
    (1, 29): (0.00087264688358, 0.177644295489, 0.00611321429276, 0.171755218793),
}

# p0, p1, alpha, power, criterion: r1, n1, r, n, expected size, as printed
DESIGNS = {
    (0.05, 0.25, 0.10, 0.90, "optimal"): (0, 9, 2, 24, 14.5),
    (0.05, 0.25, 0.05, 0.80, "minimax"): (0, 12, 2, 16, 13.8),
    (0.10, 0.30, 0.10, 0.90, "optimal"): (1, 12, 5, 35, 19.8),
    (0.10, 0.30, 0.05, 0.80, "optimal"): (1, 10, 5, 29, 15.0),
    (0.20, 0.40, 0.10, 0.90, "optimal"): (3, 17, 10, 37, 26.0),
    (0.20, 0.40, 0.05, 0.80, "minimax"): (4, 18, 10, 33, 22.3),
    (0.30, 0.50, 0.05, 0.90, "optimal"): (8, 24, 24, 63, 34.7),
    (0.30, 0.50, 0.10, 0.90, "minimax"): (7, 28, 15, 39, 35.0),
    (0.40, 0.60, 0.05, 0.80, "optimal"): (7, 16, 23, 46, 24.5),
    (0.40, 0.60, 0.05, 0.90, "minimax"): (12, 29, 27, 54, 38.1),
}


@cache
def _design(*key: object) -> TwoStageDesign:
    p0, p1, alpha, power, criterion = key
    return simon_design(p0, p1, alpha=alpha, power=power, criterion=criterion)  # type: ignore[arg-type]


def _simon_checks() -> list[Check]:
    checks = []
    for key, printed in DESIGNS.items():
        p0, p1, alpha, power, criterion = key
        inputs = f"p0 {p0}, p1 {p1}, alpha {alpha}, power {power}, {criterion}"
        source = "Simon, Controlled Clinical Trials 10 (1989) 1-10, Table 1"
        for field, expected in zip(("r1", "n1", "r", "n", "expected_n"), printed, strict=True):
            checks.append(
                Check(
                    f"simon {inputs}: {field}",
                    SIMON,
                    inputs,
                    expected,
                    source,
                    lambda k=key, f=field: getattr(_design(*k), f),
                    absolute=0.051 if field == "expected_n" else 0.0,
                )
            )
    return checks


@cache
def _one_sample(name: str) -> OneSampleLogRank:
    treated = GEHAN["control"] == 0
    time, event = GEHAN["time"][treated], GEHAN["event"][treated]
    if name == "exponential":
        return one_sample_log_rank(time, event, survival=lambda t: np.exp(-0.1 * t))
    if name == "weibull":
        return one_sample_log_rank(time, event, survival=lambda t: np.exp(-((t / 30) ** 1.4)))
    if name == "mean":
        return one_sample_log_rank(time, event, hazards=[(0, 0.1)], variance="mean")
    return one_sample_log_rank(OVARIAN["time"], OVARIAN["event"], hazards=[(0, 0.002), (200, 0.0005)])


TREATED = "MASS::gehan, 6-MP"
ONE_SAMPLE_VALUES = [
    ("exponential", "expected", 35.9, "survdiff(Surv(time, cens) ~ offset(exp(-0.1 * time)))$exp", TREATED),
    ("exponential", "statistic", 20.1562674095, "survdiff(.. offset(exp(-0.1 * time)))$chisq", TREATED),
    ("exponential", "ci_low", 0.114634348116, "poisson.test(9, T = 35.9)$conf.int", TREATED),
    ("exponential", "ci_high", 0.475899817588, "poisson.test(9, T = 35.9)$conf.int", TREATED),
    ("weibull", "expected", 10.4152050087, "survdiff(.. offset(exp(-(time / 30)^1.4)))$exp", TREATED),
    ("weibull", "statistic", 0.192296283663, "survdiff(.. offset(exp(-(time / 30)^1.4)))$chisq", TREATED),
    (
        "piecewise",
        "expected",
        15.189,
        "survdiff(.. offset(exp(-H(futime))))$exp, H of the hazards",
        "survival::ovarian",
    ),
    ("piecewise", "statistic", 0.669545131345, "survdiff(.. offset(exp(-H(futime))))$chisq", "survival::ovarian"),
]

CHECKS = [
    *(
        Check(
            f"{method} {hits}/{trials}: {field}",
            INTERVAL,
            f"{hits} of {trials}, two-sided 95%",
            values[place],
            NEWCOMBE + R + call,
            lambda h=hits, t=trials, m=method, f=field: getattr(binomial_interval(h, t, method=m), f),
            absolute=1e-11,
        )
        for (hits, trials), values in INTERVALS.items()
        for place, (method, field, call) in enumerate(
            [
                ("clopper-pearson", "ci_low", "binom.test"),
                ("clopper-pearson", "ci_high", "binom.test"),
                ("wilson", "ci_low", "prop.test(correct = FALSE)"),
                ("wilson", "ci_high", "prop.test(correct = FALSE)"),
            ]
        )
    ),
    *_simon_checks(),
    Check(
        "simon given design: error",
        SIMON,
        "0/2, then 1/3 at p = 1/2",
        0.5,
        "closed form: P(at least 1 of 2 and at least 2 of 3) = 3 / 4 - P(1 of 2) P(0 of 1) = 1 / 2",
        lambda: two_stage_design(0, 2, 1, 3, p0=0.5, p1=0.9).alpha,
        absolute=1e-15,
    ),
    *(
        Check(
            f"one-sample log-rank, {name}: {field}",
            ONE_SAMPLE,
            inputs,
            expected,
            R + "survival 3.5-3: " + call,
            lambda n=name, f=field: getattr(_one_sample(n), f),
            relative=1e-10,
        )
        for name, field, expected, call, inputs in ONE_SAMPLE_VALUES
    ),
    Check(
        "one-sample log-rank, variance mean: z",
        ONE_SAMPLE,
        "MASS::gehan, 6-MP against hazard 0.1",
        (9 - 35.9) / math.sqrt((9 + 35.9) / 2),
        "closed form: (O - E) / sqrt((O + E) / 2), Wu, Pharmaceutical Statistics 13 (2014) 26-33",
        lambda: _one_sample("mean").z,
        relative=1e-12,
    ),
]
