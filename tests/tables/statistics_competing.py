"""Reference values of Gray's test and Fine and Gray's regression: R's cmprsk by hand, closed forms."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from reference_check import Check
from regression_samples import FORTY, FORTY_TEXT

from sim.stats import FineGray, fine_gray, gray_test

GRAY, REGRESSION = "Gray's test", "Fine and Gray's regression"
R = "R 4.2.2, cmprsk 2.2-11: "
ISSUE = "value given with the data set"


k = np.arange(90)  # on a coarse grid: many ties within and between causes, three groups
WIDE = {"time": 1.0 + (k * k + 5 * k) % 11, "cause": (3 * k + k // 7) % 3, "group": (k // 4) % 3, "stratum": k % 2}


WIDE_TEXT = (
    "k = 0..89: T = 1 + (k^2 + 5k) mod 11, cause = (3k + k div 7) mod 3, group = (k div 4) mod 3, stratum = k mod 2"
)


def _gray(data: dict[str, Any], of: int, stratified: bool, rho: float) -> float:
    strata = data["stratum"] if stratified else None
    return gray_test(data["time"], data["cause"], data["group"], of=of, stratum=strata, rho=rho).statistic


def _two_events() -> float:
    """Three against two; the first group's events at 1 and 2: see the source of the check."""
    return gray_test([1, 2, 3, 3, 3], [1, 1, 0, 0, 0], [0, 0, 0, 1, 1]).statistic


# data set, cause, stratified, rho, value, R's call
GRAY_VALUES = [
    ("forty", 1, False, 0.0, 0.393274280149103, ISSUE + "; cuminc(T, cause, group)$Tests"),
    ("forty", 2, False, 0.0, 0.0017357129407376, ISSUE + "; cuminc(T, cause, group)$Tests"),
    ("forty", 1, True, 0.0, 0.620768011446182, ISSUE + "; cuminc(T, cause, group, stratum)$Tests"),
    ("forty", 2, True, 0.0, 0.156742557974252, ISSUE + "; cuminc(T, cause, group, stratum)$Tests"),
    ("forty", 1, False, 1.0, 0.2593386644694, R + "cuminc(T, cause, group, rho = 1)$Tests"),
    ("forty", 2, True, 1.0, 0.1649951780733, R + "cuminc(T, cause, group, stratum, rho = 1)$Tests"),
    ("forty", 1, False, -1.0, 0.5514654516291, R + "cuminc(T, cause, group, rho = -1)$Tests"),
    ("forty", 2, True, 0.5, 0.1610690992423, R + "cuminc(T, cause, group, stratum, rho = 0.5)$Tests"),
    ("wide", 1, False, 0.0, 0.114918838682697, R + "cuminc(T, cause, group)$Tests"),
    ("wide", 2, False, 0.0, 0.680037740907347, R + "cuminc(T, cause, group)$Tests"),
    ("wide", 1, True, 0.0, 0.0764972928505293, R + "cuminc(T, cause, group, stratum)$Tests"),
    ("wide", 2, True, 0.0, 0.520590556035939, R + "cuminc(T, cause, group, stratum)$Tests"),
    ("wide", 1, True, 1.0, 0.0711662632970176, R + "cuminc(T, cause, group, stratum, rho = 1)$Tests"),
    ("wide", 2, True, 1.0, 0.892983746435406, R + "cuminc(T, cause, group, stratum, rho = 1)$Tests"),
]


# name: call of ours, cause, covariates; then R's coefficients, standard errors, log likelihood at the end and at 0
@cache
def _model(name: str) -> FineGray:
    columns, of = {"group, stratum": (("group", "stratum"), 1), "group, x": (("group", "x"), 2), "x": (("x",), 1)}[name]
    return fine_gray(FORTY["time"], FORTY["cause"], {column: FORTY[column] for column in columns}, of=of)


REGRESSION_VALUES = {
    "group, stratum": (
        [-0.0917141174137, -0.315808757299],
        [0.483190422329, 0.506109804775],
        -47.1753769692,
        -47.3889571368,
    ),
    "group, x": ([0.0445716943311, 0.134417824864], [0.638894847511, 0.261932137821], -23.8023327192, -23.9355279873),
    "x": ([-0.0407876474006], [0.186891892642], -47.3638923408, -47.3889571368),
}


def _regression_checks() -> list[Check]:
    checks = []
    for name, (coefficients, errors, end, null) in REGRESSION_VALUES.items():
        of = _model(name).of
        source = f"{R}crr(T, cause, cbind({name}), failcode = {of}, gtol = 1e-12)"
        values = [(f"coefficient of {n}", c, "coefficients", p) for p, (n, c) in _named(name, coefficients)]
        values += [(f"standard error of {n}", e, "std_error", p) for p, (n, e) in _named(name, errors)]
        values += [
            ("log likelihood", end, "log_likelihood", -1),
            ("log likelihood at 0", null, "log_likelihood_null", -1),
        ]
        for what, expected, field, place in values:
            checks.append(
                Check(
                    f"fine-gray cause {of} on {name}: {what}",
                    REGRESSION,
                    FORTY_TEXT,
                    expected,
                    source,
                    lambda n=name, f=field, p=place: getattr(_model(n), f) if p < 0 else getattr(_model(n), f)[p],
                    relative=1e-9,
                )
            )
    return checks


def _named(name: str, values: list[float]) -> list[tuple[int, tuple[str, float]]]:
    return list(enumerate(zip(name.split(", "), values, strict=True)))


# Printed with the data set; R's own iteration stops about 1e-7 from the maximum, and its last figure is off by 8e-6.
ISSUE_REGRESSION = [
    ("coefficients", 0, -0.09171401, 2e-7),
    ("coefficients", 1, -0.31580875, 2e-7),
    ("std_error", 0, 0.48319042, 2e-8),
    ("std_error", 1, 0.50610218, 1e-5),
]

CHECKS = [
    *(
        Check(
            f"gray {name}: cause {of}{', stratified' if stratified else ''}, rho {rho:g}",
            GRAY,
            FORTY_TEXT if name == "forty" else WIDE_TEXT,
            expected,
            source,
            lambda d=FORTY if name == "forty" else WIDE, o=of, s=stratified, r=rho: _gray(d, o, s, r),
            relative=1e-11,
        )
        for name, of, stratified, rho, expected, source in GRAY_VALUES
    ),
    Check(
        "gray two events, no other cause",
        GRAY,
        "three against two patients; events of the first group at 1 and 2, the others censored at 3",
        0.9**2 / (0.2 * (1.14**2 / 3 + 1.26**2 / 2) + 0.24),
        "closed form: Gray (1988) by hand; h = (3, 2), d = 6/5, c = 0.3, S_1(1) = 2/3",
        _two_events,
        relative=1e-13,
    ),
    *_regression_checks(),
    *(
        Check(
            f"fine-gray of the issue: {('group', 'stratum')[place]}, {field}",
            REGRESSION,
            FORTY_TEXT,
            expected,
            f"{ISSUE}; crr(T, cause, cbind(group, stratum)), default gtol",
            lambda f=field, p=place: getattr(_model("group, stratum"), f)[p],
            absolute=absolute,
        )
        for field, place, expected, absolute in ISSUE_REGRESSION
    ),
]
