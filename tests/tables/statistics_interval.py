"""Reference values of Turnbull's estimate and of score tests for interval-censored times: R, tables, by hand."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from reference_check import Check
from regression_samples import GEHAN

from sim.stats import IntervalScoreTest, Turnbull, interval_score_test, turnbull

ESTIMATE, TEST = "Turnbull's estimate", "Score test for interval-censored times"
NPSURV = "R 4.2.2, npsurv 0.5-0: npsurv(cbind(L, R), tol = 1e-13)"
TABLE = (
    "breast retraction after radiotherapy (46) and with chemotherapy (48), Finkelstein and Wolfe, Biometrics 41 (1985) "
    "933-945, as npsurv::cancer"
)

RADIOTHERAPY = (
    (
        "0 0 0 4 5 5 6 7 7 11 11 15 17 17 17 18 18 19 22 24 24 25 26 27 32 33 34 36 36 36 36 37 37 37 37 38 40 45 "
        "46 46 46 46 46 46 46 46"
    ),
    (
        "5 7 8 11 11 12 10 14 16 15 18 Inf 25 25 Inf 26 Inf 35 Inf Inf Inf 37 40 34 Inf Inf Inf 44 48 Inf Inf 44 "
        "Inf Inf Inf Inf Inf Inf Inf Inf Inf Inf Inf Inf Inf Inf"
    ),
)
CHEMOTHERAPY = (
    (
        "0 0 4 4 5 8 8 10 10 11 11 11 11 11 12 13 13 13 13 14 15 15 16 16 16 17 17 17 17 18 18 19 22 22 23 24 24 "
        "30 30 31 33 33 34 34 35 35 44 48"
    ),
    (
        "5 22 8 9 8 12 21 17 35 13 17 20 Inf Inf 20 39 Inf Inf Inf 17 19 22 20 24 60 23 24 26 27 24 25 32 32 Inf "
        "Inf 30 31 34 36 Inf 40 Inf Inf Inf 39 Inf 48 Inf"
    ),
)


def _ends(arm: tuple[str, str]) -> list[np.ndarray]:
    return [np.array(ends.split(), dtype=float) for ends in arm]


@cache
def _estimate(arm: str) -> Turnbull:
    arms = {"radiotherapy": [RADIOTHERAPY], "chemotherapy": [CHEMOTHERAPY], "both": [RADIOTHERAPY, CHEMOTHERAPY]}[arm]
    left, right = (np.concatenate([_ends(one)[place] for one in arms]) for place in (0, 1))
    return turnbull(left, right)


@cache
def _test(scores: str) -> IntervalScoreTest:
    left, right = (np.concatenate([_ends(arm)[place] for arm in (RADIOTHERAPY, CHEMOTHERAPY)]) for place in (0, 1))
    return interval_score_test(left, right, [0] * 46 + [1] * 48, scores=scores)  # type: ignore[arg-type]


@cache
def _gehan() -> IntervalScoreTest:
    """Exact and right-censored times, written as intervals."""
    right = np.where(GEHAN["event"] == 1, GEHAN["time"], np.inf)
    return interval_score_test(GEHAN["time"], right, GEHAN["control"], scores="log-rank")


# arm: right ends and masses of the sets, log likelihood
MASSES = {
    "radiotherapy": (
        [5, 7, 8, 12, 25, 34, 40, 48],
        [
            0.046346773993,
            0.0333633709347,
            0.0886673680629,
            0.0707529217925,
            0.0926458365852,
            0.0817857649029,
            0.12087982735,
            0.465558136378,
        ],
        -58.060021954,
    ),
    "chemotherapy": (
        [5, 8, 12, 17, 19, 20, 25, 31, 36, 48, 60],
        [
            0.0432775943493,
            0.0432775943493,
            0.0717825875334,
            0.120949389918,
            0.164162749466,
            0.116237870911,
            0.0971455315376,
            0.0717287369351,
            0.16091223884,
            0.0552628530801,
            0.0552628530801,
        ],
        -66.0375708742,
    ),
    "both": (
        [5, 7, 8, 12, 17, 19, 20, 25, 31, 39, 48, 60],
        [
            0.0448605976951,
            0.0237497364375,
            0.0544358747429,
            0.0827847935224,
            0.0444878913869,
            0.0768626948734,
            0.10121785051,
            0.0480329025532,
            0.0934504194576,
            0.1262830233,
            0.186825475833,
            0.117008739688,
        ],
        -136.988115983,
    ),
}
# Survival of the radiotherapy arm as printed.
PRINTED = {4: 1.000, 5: 0.954, 7: 0.920, 8: 0.832, 12: 0.761, 25: 0.668, 34: 0.586, 40: 0.466}


def _mass(arm: str, right: float) -> float:
    found = _estimate(arm)
    return float(found.mass[found.right == right].sum())


def _two_visits() -> IntervalScoreTest:
    """Arm 0: 1 of 4 by the first visit, 1 by the second; arm 1: 2 and 1."""
    left = [0, 1, 2, 2, 0, 0, 1, 2]
    right = [1, 2, np.inf, np.inf, 1, 1, 2, np.inf]
    return interval_score_test(left, right, [0] * 4 + [1] * 4)


def _two_visits_by_hand() -> float:
    """Survival 5/8 and 3/8 after the visits; three, two and three rows of each kind."""
    first = -0.625 * math.log(0.625) / 0.375
    second = (0.625 * math.log(0.625) - 0.375 * math.log(0.375)) / 0.25
    last = math.log(0.375)
    score = 2 * first + second + last
    spread = (3 * first**2 + 2 * second**2 + 3 * last**2) / 7
    return score / math.sqrt(spread * 2)


SCORES = [
    ("proportional hazards", "score", 9.89836014612),
    ("proportional hazards", "z", 2.67139771119),
    ("log-rank", "score", 9.2181104388),
    ("log-rank", "z", 2.67257414176),
]

CHECKS = [
    *(
        Check(
            f"turnbull {arm}: mass of the set ending at {right}",
            ESTIMATE,
            TABLE,
            mass,
            NPSURV + "$f$p",
            lambda a=arm, r=right: _mass(a, r),
            absolute=2e-11,
        )
        for arm, (rights, masses, _) in MASSES.items()
        for right, mass in zip(rights, masses, strict=True)
    ),
    *(
        Check(
            f"turnbull {arm}: log likelihood",
            ESTIMATE,
            TABLE,
            value,
            NPSURV + "$ll",
            lambda a=arm: _estimate(a).log_likelihood,
            relative=1e-11,
        )
        for arm, (_, _, value) in MASSES.items()
    ),
    *(
        Check(
            f"turnbull radiotherapy: survival at {time}",
            ESTIMATE,
            TABLE,
            value,
            "Klein and Moeschberger, Survival Analysis, 2nd ed. (2003), section 5.2, radiotherapy arm; "
            "survfit(Surv(L, R, type = 'interval2') ~ 1) prints the same",
            lambda t=time: float(_estimate("radiotherapy").at(t).survival_low[0]),
            absolute=0.0005,
        )
        for time, value in PRINTED.items()
    ),
    *(
        Check(
            f"interval score test, {scores}: {field}",
            TEST,
            TABLE,
            value,
            "R 4.2.2: scores from npsurv's estimate, permutation variance, by hand",
            lambda s=scores, f=field: _test(s).score[1] if f == "score" else _test(s).z or 0.0,
            relative=1e-9,
        )
        for scores, field, value in SCORES
    ),
    Check(
        "interval score test of exact times, log-rank: score",
        TEST,
        "MASS::gehan, control arm",
        10.250500948,
        "R 4.2.2, survival 3.5-3: survdiff(Surv(time, cens) ~ treat): observed - expected",
        lambda: float(_gehan().score[1]),
        relative=1e-9,
    ),
    Check(
        "interval score test of exact times, log-rank: z",
        TEST,
        "MASS::gehan, control arm",
        3.90338657436,
        "R 4.2.2: cens - Nelson-Aalen as scores, permutation variance, by hand",
        lambda: _gehan().z or 0.0,
        relative=1e-9,
    ),
    Check(
        "interval score test of two visits, proportional hazards: z",
        TEST,
        "arms of 4: 1, 1, 2 and 2, 1, 1 patients by the first visit, by the second, free",
        _two_visits_by_hand(),
        "closed form: Finkelstein (1986) by hand, survival 5/8 and 3/8",
        lambda: _two_visits().z or 0.0,
        relative=1e-9,
    ),
]
