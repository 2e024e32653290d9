"""Reference values of Cox regression: R's survival by hand, and closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from reference_check import Check
from regression_samples import FORTY, FORTY_TEXT, GEHAN, OVARIAN

from sim.stats import CoxModel, baseline_hazard, cox, profile_interval, proportionality_test, schoenfeld_residuals

METHOD = "Cox proportional hazards"
R = "R 4.2.2, survival 3.5-3, coxph.control(eps = 1e-13): "
COVARIATES = {"group": FORTY["group"], "x": FORTY["x"]}


@cache
def model(name: str) -> CoxModel:
    """The fits that the checks read."""
    options: dict[str, Any] = {
        "efron": {"robust": True},
        "breslow": {"robust": True, "ties": "breslow"},
        "strata": {"stratum": FORTY["stratum"]},
        "late": {"stratum": FORTY["stratum"], "entry": FORTY["entry"], "cluster": FORTY["site"]},
    }
    if name in options:
        return cox(FORTY["time"], FORTY["event"], COVARIATES, **options[name])
    if name == "ovarian":
        return cox(OVARIAN["time"], OVARIAN["event"], {"age": OVARIAN["age"], "rx": OVARIAN["rx"]})
    ties = "breslow" if name == "gehan breslow" else "efron"
    return cox(GEHAN["time"], GEHAN["event"], {"control": GEHAN["control"]}, ties=ties)


def robust(place: int, name: str) -> float:
    """Standard error as the model uses it."""
    return float(model(name).std_error[place])


def robust_score(name: str) -> float:
    """Score test with the empirical variance."""
    test = model(name).robust_score
    return test.statistic if test else math.nan


def plain(place: int, name: str) -> float:
    """Standard error from the information."""
    return math.sqrt(model(name).model_covariance[place, place])


FORTY_CALLS = {
    "efron": "coxph(Surv(T, cause > 0) ~ group + x, robust = TRUE)",
    "breslow": "coxph(Surv(T, cause > 0) ~ group + x, ties = 'breslow', robust = TRUE)",
    "strata": "coxph(Surv(T, cause > 0) ~ group + x + strata(stratum))",
    "late": "coxph(Surv(entry, T, cause > 0) ~ group + x + strata(stratum), cluster = i %/% 4)",
}
GEHAN_CALLS = {
    "gehan efron": "coxph(Surv(time, cens) ~ treat, MASS::gehan)",
    "gehan breslow": "coxph(Surv(time, cens) ~ treat, MASS::gehan, ties = 'breslow')",
    "ovarian": "coxph(Surv(futime, fustat) ~ age + rx, survival::ovarian)",
}
# name: coefficients, standard errors (information), log likelihood at 0 and at the end, score and Wald test.
FITS: dict[str, tuple[list[float], list[float], float, float, float, float]] = {
    "gehan efron": ([1.57212514883], [0.412396717709], -93.1842699968, -85.0084245774, 17.2465367957, 14.5326170634),
    "gehan breslow": ([1.50919141259], [0.409564406367], -93.9850504782, -86.3796220711, 15.930539564, 13.5782636509),
    "ovarian": (
        [0.147326595469, -0.803973012665],
        [0.0461470477408, 0.632049371879],
        -34.9849403712,
        -27.041898863,
        18.5571233836,
        13.4675068953,
    ),
    "efron": (
        [-0.233546132219, 0.0976960552671],
        [0.431343019382, 0.162912858711],
        -61.1008262172,
        -60.7826601843,
        0.640836515402,
        0.692576888685,
    ),
    "breslow": (
        [-0.213745308098, 0.0960705033965],
        [0.431541348413, 0.163117814229],
        -61.3647917631,
        -61.0742395729,
        0.58543397386,
        0.644112429661,
    ),
    "strata": (
        [-0.194755183886, 0.0165527085858],
        [0.446127550601, 0.168109217685],
        -45.5136702911,
        -45.4046844104,
        0.218125585462,
        0.217434779237,
    ),
    "late": (
        [0.272756951418, 0.0108269117753],
        [0.480611158653, 0.166173494595],
        -41.4480653626,
        -41.2864919891,
        0.324948841032,
        0.502343105906,
    ),
}
ROBUST = {  # name: standard errors, robust score test
    "efron": ([0.407333507134, 0.148908193384], 0.752994675537),
    "breslow": ([0.40788096365, 0.147514532608], 0.693032125746),
    "late": ([0.393149548014, 0.143392510989], 0.442589218482),
}
# name: g(t): chi-square of group, of x, of both.
ZPH = {
    ("efron", "km"): [1.2219274413, 0.109906401261, 1.22192957835],
    ("efron", "log"): [0.57678618317, 0.4236108287, 0.915733605149],
    ("breslow", "identity"): [0.796159902269, 0.0933390540182, 0.813133320393],
    ("breslow", "rank"): [0.798967120844, 0.0715489838054, 0.80732830848],
    ("strata", "km"): [0.765320902928, 1.05951662547, 1.58515086626],
    ("late", "km"): [4.56548297584, 0.75289947669, 4.94190407407],
    ("late", "rank"): [4.17075526113, 0.484440647322, 4.52149322966],
    ("ovarian", "km"): [0.224265642198, 0.779606879885, 0.918669928516],
}


def _check(
    name: str, what: str, expected: float, compute: Callable[[], float], call: str = "", relative: float = 1e-9
) -> Check:
    inputs = FORTY_TEXT if name in FORTY_CALLS else f"survival::{name}" if name == "ovarian" else "MASS::gehan"
    source = R + (FORTY_CALLS | GEHAN_CALLS)[name] + (f"; {call}" if call else "")
    return Check(f"cox {name}: {what}", METHOD, inputs, expected, source, compute, relative=relative)


def _fit_checks() -> list[Check]:
    checks = []
    for name, (coefficients, errors, null, end, score, wald) in FITS.items():
        for place, (coefficient, error) in enumerate(zip(coefficients, errors, strict=True)):
            covariate = model(name).names[place]
            checks += [
                _check(
                    name, f"coefficient of {covariate}", coefficient, lambda p=place, n=name: model(n).coefficients[p]
                ),
                _check(name, f"standard error of {covariate}", error, lambda p=place, n=name: plain(p, n)),
            ]
        checks += [
            _check(name, "log likelihood at 0", null, lambda n=name: model(n).log_likelihood_null, "loglik[1]"),
            _check(name, "log likelihood", end, lambda n=name: model(n).log_likelihood, "loglik[2]"),
            _check(name, "score test", score, lambda n=name: model(n).score.statistic, "score"),
            _check(name, "Wald test", wald, lambda n=name: model(n).wald.statistic, "wald.test"),
        ]
    for name, (errors, score) in ROBUST.items():
        checks += [
            _check(
                name, f"robust standard error of {('group', 'x')[p]}", error, lambda p=p, n=name: robust(p, n), "var"
            )
            for p, error in enumerate(errors)
        ]
        checks.append(
            _check(name, "robust score test", score, lambda n=name: model(n).robust_score.statistic, "rscore")
        )
    for (name, scale), values in ZPH.items():
        names = [*model(name).names, "all"]
        checks += [
            _check(
                name,
                f"proportionality of {names[p]}, g: {scale}",
                value,
                lambda p=p, n=name, g=scale: proportionality_test(model(n), transform=g).to_frame()["chi_square"][p],
                f"cox.zph(fit, '{scale}')$table[, 1]",
                1e-8,
            )
            for p, value in enumerate(values)
        ]
    return checks


def _profile(name: str, column: str) -> float:
    return float(profile_interval(model("efron"), name=name).to_frame()[column][0])


def _baseline(name: str, time: float) -> float:
    frame = baseline_hazard(model(name)).to_frame()
    return float(frame["cumulative_hazard"][frame["time"] <= time].iloc[-1])


def _infinite(what: str) -> float:
    """Five patients: events of the control arm at 1, 2 and 4; the treated are censored at 3 and 5."""
    fit = cox([1, 2, 3, 4, 5], [1, 1, 0, 1, 0], {"treated": [0, 0, 1, 0, 1]})
    if what == "likelihood":
        return fit.log_likelihood
    if what == "score":
        return fit.score.statistic
    return float(profile_interval(fit).ci_high[0])


def _profile_of_five() -> float:
    """Where 4 of likelihood is lost: log L(r) = -log(3 + 2 r) - log(2 + 2 r) - log(1 + r), r the hazard ratio."""
    from scipy.optimize import brentq
    from scipy.stats import norm

    target = -math.log(6.0) - norm.ppf(0.975) ** 2 / 2.0
    value = brentq(lambda r: -math.log((3 + 2 * r) * (2 + 2 * r) * (1 + r)) - target, 1e-6, 100, xtol=1e-15)
    return math.log(value)


def _two_by_two(name: str) -> float:
    """All events at once: Breslow's score test of an arm against the other is by hand."""
    fit = cox(np.ones(10), [1, 1, 1, 0, 0, 1, 0, 0, 0, 0], {"arm": [1] * 5 + [0] * 5}, ties="breslow")
    return fit.score.statistic if name == "score" else float(fit.coefficients[0])


PROFILE = "uniroot of coxph with offset(b * covariate): loglik = maximum - qchisq(.95, 1) / 2"
CLOSED = "closed form"
CHECKS = [
    *_fit_checks(),
    *(
        _check("efron", f"profile limit of {n}, {c}", v, lambda n=n, c=c: _profile(n, c), PROFILE, 1e-8)
        for n, c, v in [
            ("group", "coefficient_low", -1.10235732191),
            ("group", "coefficient_high", 0.612872582144),
            ("x", "coefficient_low", -0.22666238209),
            ("x", "coefficient_high", 0.418536183848),
        ]
    ),
    *(
        _check(n, f"baseline hazard by {t}", v, lambda n=n, t=t: _baseline(n, t), "basehaz(fit, centered = FALSE)")
        for n, t, v in [
            ("efron", 12, 0.106170593515),
            ("efron", 50, 3.40320765499),
            ("breslow", 12, 0.10562280971),
            ("breslow", 50, 3.31002903302),
        ]
    ),
    *(
        _check(
            n,
            "first Schoenfeld residual of x",
            v,
            lambda n=n: schoenfeld_residuals(model(n)).residuals[0, 1],
            "residuals(fit, 'schoenfeld')[1, 2]",
            1e-8,
        )
        for n, v in [("efron", 1.78638211438), ("breslow", 1.79136336149), ("late", -1.14376051762)]
    ),
    Check(
        "cox infinite: limit of log likelihood",
        METHOD,
        "events of control at 1, 2, 4; two treated censored at 3, 5",
        -math.log(6.0),
        f"{CLOSED}: controls alone compete, -log(3 2 1)",
        lambda: _infinite("likelihood"),
        relative=1e-14,
    ),
    Check(
        "cox infinite: score test",
        METHOD,
        "events of control at 1, 2, 4; two treated censored at 3, 5",
        (0.4 + 0.5 + 0.5) ** 2 / (0.24 + 0.25 + 0.25),
        f"{CLOSED}: log-rank by hand",
        lambda: _infinite("score"),
        relative=1e-13,
    ),
    Check(
        "cox infinite: upper profile limit",
        METHOD,
        "events of control at 1, 2, 4; two treated censored at 3, 5",
        _profile_of_five(),
        f"{CLOSED}: root of log L(r) = -log(3 + 2r) - log(2 + 2r) - log(1 + r)",
        lambda: _infinite("limit"),
        relative=1e-9,
    ),
    Check(
        "cox one event time, Breslow: score test",
        METHOD,
        "ten patients tied, 3 of 5 and 1 of 5 events",
        1.0,
        f"{CLOSED}: (3 - 4/2)^2 / (4/4)",
        lambda: _two_by_two("score"),
        relative=1e-14,
    ),
    Check(
        "cox one event time, Breslow: coefficient",
        METHOD,
        "ten patients tied, 3 of 5 and 1 of 5 events",
        math.log(3.0),
        f"{CLOSED}: log of the ratio of events",
        lambda: _two_by_two("coefficient"),
        relative=1e-9,
    ),
]
