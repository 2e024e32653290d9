"""Reference values of the log-rank family and MaxCombo, mostly from R run by hand (4.2.2, survival 3.5-3)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from reference_check import Check
from survival_samples import AML, COARSE, COARSE_TEXT, FORTY, GEHAN

from sim.stats import log_rank, max_combo

AML_TEXT = "survival::aml, maintained (first) and not"
GEHAN_TEXT = "MASS::gehan, 6-MP (first) and control"
FORTY_TEXT = "forty rows by formula, i = 0..39, any cause"

_aml = partial(log_rank, AML["time"], AML["event"], AML["group"])
_gehan = partial(log_rank, GEHAN["time"], GEHAN["event"], GEHAN["control"])
_forty = partial(log_rank, FORTY["time"], FORTY["event"], FORTY["group"])
_thirds = partial(log_rank, FORTY["time"], FORTY["event"], FORTY["three"])
_coarse = partial(log_rank, COARSE["time"], COARSE["event"])

BY_FORMULA = "R by hand: the sums over event times of w (d1 - d n1/n) and w^2 d n1/n (1 - n1/n) (n - d)/(n - 1)"

# What, inputs, the test, chi-squared, observed - expected of the last group, its variance, source.
_TESTS: list[tuple[str, str, Callable[[], Any], float, float | None, float | None, str]] = [
    ("aml", AML_TEXT, _aml, 3.39638869898, 3.6893359923, 4.00755074594, "survdiff(Surv(time, status) ~ x, aml)"),
    (
        "aml-rho-1",
        AML_TEXT + ", rho = 1",
        lambda: _aml(rho=1),
        2.77927954475,
        2.29744651484,
        1.89914702841,
        "survdiff(Surv(time, status) ~ x, aml, rho=1)",
    ),
    (
        "aml-rho-half",
        AML_TEXT + ", rho = 0.5",
        lambda: _aml(rho=0.5),
        3.01864328787,
        2.79344445251,
        2.58504605053,
        "survdiff(Surv(time, status) ~ x, aml, rho=0.5)",
    ),
    (
        "aml-gamma-1",
        AML_TEXT + ", (0, 1)",
        lambda: _aml(gamma=1),
        2.63011321762,
        1.39188947746,
        0.736605673281,
        BY_FORMULA,
    ),
    (
        "aml-1-1",
        AML_TEXT + ", (1, 1)",
        lambda: _aml(rho=1, gamma=1),
        1.45248345481,
        0.456862041883,
        0.143700724867,
        BY_FORMULA,
    ),
    (
        "gehan",
        GEHAN_TEXT,
        _gehan,
        16.7929409892,
        10.250500948,
        6.25696057368,
        "survdiff(Surv(time, cens) ~ treat, gehan)",
    ),
    (
        "gehan-rho-1",
        GEHAN_TEXT + ", rho = 1",
        lambda: _gehan(rho=1),
        14.4571508187,
        6.87704503757,
        3.27130490937,
        "survdiff(Surv(time, cens) ~ treat, gehan, rho=1)",
    ),
    (
        "gehan-half-2",
        GEHAN_TEXT + ", (0.5, 2)",
        lambda: _gehan(rho=0.5, gamma=2),
        11.7240070514,
        1.10492250827,
        0.104132805783,
        BY_FORMULA,
    ),
    (
        "gehan-pairs",
        GEHAN_TEXT + ", 21 strata: the pairs",
        lambda: _gehan(stratum=GEHAN["pair"]),
        10.7142857143,
        7.5,
        5.25,
        "survdiff(Surv(time, cens) ~ treat + strata(pair), gehan); also (18 - 3)^2 / 21, the sign test of 21 pairs",
    ),
    (
        "forty",
        FORTY_TEXT,
        _forty,
        0.242164931625,
        -1.13219636086,
        5.29337006374,
        "survdiff(Surv(T, cause > 0) ~ group)",
    ),
    (
        "forty-strata",
        FORTY_TEXT + ", stratified",
        lambda: _forty(stratum=FORTY["stratum"]),
        0.208609357834,
        -1.03521016307,
        5.13716207585,
        "survdiff(Surv(T, cause > 0) ~ group + strata(stratum))",
    ),
    (
        "forty-strata-rho-1",
        FORTY_TEXT + ", stratified, rho = 1",
        lambda: _forty(stratum=FORTY["stratum"], rho=1),
        0.20458628342,
        -0.733333333333,
        2.62861111111,
        "survdiff(Surv(T, cause > 0) ~ group + strata(stratum), rho=1)",
    ),
    (
        "forty-late",
        FORTY_TEXT + ", entry = floor((i mod 4) T / 5)",
        lambda: _forty(entry=FORTY["entry"]),
        0.0880200380464,
        0.657033068784,
        4.90447928741,
        BY_FORMULA + "; at risk: entry < t <= T",
    ),
    (
        "forty-late-1-1-strata",
        FORTY_TEXT + ", that entry, stratified, (1, 1)",
        lambda: _forty(entry=FORTY["entry"], stratum=FORTY["stratum"], rho=1, gamma=1),
        0.0848039833428,
        0.120552370365,
        0.171370181302,
        BY_FORMULA + "; at risk: entry < t <= T",
    ),
    (
        "forty-three",
        FORTY_TEXT + ", groups i mod 3",
        _thirds,
        0.721685791989,
        -1.27084538341,
        5.11984741736,
        "survdiff(Surv(T, cause > 0) ~ h), h = i mod 3",
    ),
    (
        "forty-three-strata",
        FORTY_TEXT + ", groups i mod 3, stratified",
        lambda: _thirds(stratum=FORTY["stratum"]),
        2.1840718075,
        -2.60771805164,
        5.04809613185,
        "survdiff(Surv(T, cause > 0) ~ h + strata(stratum)), h = i mod 3",
    ),
    (
        "coarse-four",
        COARSE_TEXT + ", groups k mod 5 mod 4",
        lambda: _coarse(COARSE["four"]),
        0.150308695476,
        -0.23676516905,
        19.2198282736,
        "survdiff(Surv(T, event) ~ h)",
    ),
    (
        "coarse-four-strata-rho-1",
        COARSE_TEXT + ", those groups, strata (k div 3) mod 4, rho = 1",
        lambda: _coarse(COARSE["four"], stratum=COARSE["stratum"], rho=1),
        0.118975356955,
        -1.02095633287,
        9.72153981363,
        "survdiff(Surv(T, event) ~ h + strata(s), rho=1)",
    ),
    (
        "coarse-two-strata",
        COARSE_TEXT + ", groups k mod 2, strata (k div 3) mod 4",
        lambda: _coarse(COARSE["two"], stratum=COARSE["stratum"]),
        0.120655079503,
        1.77151907371,
        26.0103415574,
        "survdiff(Surv(T, event) ~ g + strata(s))",
    ),
    (
        "four-patients",
        "times 1, 2, 3, 4, all events, groups 0, 1, 0, 1",
        lambda: log_rank([1, 2, 3, 4], [1] * 4, [0, 1] * 2),
        (2 - 8 / 3) ** 2 / (1 / 4 + 2 / 9 + 1 / 4),
        None,
        None,
        "by hand: observed 2, expected 1/2 + 2/3 + 1/2 + 1 = 8/3, variance 1/4 + 2/9 + 1/4",
    ),
]


def _statistic(test: Callable[[], Any]) -> float:
    return float(test().statistic)


def _numerator(test: Callable[[], Any]) -> float:
    found = test()
    return float(found.observed[-1] - found.expected[-1])


def _variance(test: Callable[[], Any]) -> float:
    return float(test().covariance[-1, -1])


CHECKS = []
for _name, _inputs, _test, _chi, _difference, _null, _source in _TESTS:
    for _what, _expected, _reader in (
        ("chi-squared", _chi, _statistic),
        ("observed - expected", _difference, _numerator),
        ("variance", _null, _variance),
    ):
        if _expected is not None:
            CHECKS.append(
                Check(
                    id=f"log-rank-{_name}-{_what.replace(' ', '')}",
                    method="Log-rank family",
                    inputs=f"{_inputs}; {_what}",
                    expected=_expected,
                    source=_source,
                    compute=partial(_reader, _test),
                    relative=1e-10,
                )
            )

THREE = ((0, 0), (0, 1), (1, 1))
PMVNORM = "z and correlation by R as above; mvtnorm::pmvnorm, GenzBretz(2e6, 1e-8, 0)"


def _combo(data: dict[str, Any], group: str, field: str, **options: Any) -> float:
    return float(getattr(max_combo(data["time"], data["event"], data[group], **options), field))


for _name, _inputs, _data, _group, _options, _values in (
    (
        "aml-three",
        AML_TEXT + ", weights (0, 0), (0, 1), (1, 1)",
        AML,
        "group",
        {"weights": THREE},
        (1.84292937981, 0.108463788469, 0.936343047383, 0.0542319768522),
    ),
    (
        "aml-four",
        AML_TEXT + ", the four standard weights",
        AML,
        "group",
        {},
        (1.84292937981, 0.128659456717, 0.957581410294, 0.0643323747948),
    ),
    (
        "forty-three",
        FORTY_TEXT + ", weights (0, 0), (0, 1), (1, 1)",
        FORTY,
        "group",
        {"weights": THREE},
        (0.923464299925, 0.509981067414, 0.255059640521, 0.787142036226),
    ),
    (
        "forty-four-strata",
        FORTY_TEXT + ", stratified, the four standard weights",
        FORTY,
        "group",
        {"stratum": FORTY["stratum"]},
        (0.882336218611, 0.608757596202, 0.309057916008, 0.787022520912),
    ),
    (
        "gehan-four",
        GEHAN_TEXT + ", the four standard weights",
        GEHAN,
        "control",
        {},
        (4.09791910477, 0.000105673588377, 0.999988169622, 5.36056493071e-05),
    ),
):
    for _field, _expected in zip(("statistic", "p_value", "p_lower", "p_higher"), _values, strict=True):
        # Lattices with a fixed seed are good to 1e-5, pmvnorm to 1e-6 on singular matrices.
        CHECKS.append(
            Check(
                id=f"max-combo-{_name}-{_field}",
                method="MaxCombo",
                inputs=f"{_inputs}; {_field}",
                expected=_expected,
                source=PMVNORM,
                compute=partial(_combo, _data, _group, _field, **_options),
                absolute=1e-10 if _field == "statistic" else 2e-5,
            )
        )


def _alone(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


CHECKS.append(
    Check(
        id="max-combo-one-weight",
        method="MaxCombo",
        inputs=GEHAN_TEXT + ", the weight (0, 0) alone; p_value",
        expected=_alone(math.sqrt(16.7929409892)),
        source="closed form: the p-value of the log-rank test, chi-squared 16.7929409892",
        compute=partial(_combo, GEHAN, "control", "p_value", weights=((0, 0),)),
        relative=1e-9,
    )
)
