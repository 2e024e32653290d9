"""Reference values of curves, restricted means, milestones, follow-up: R by hand (survival 3.5-3) or closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from reference_check import Check
from survival_samples import AML, FORTY, GEHAN

from sim.stats import (
    aalen_johansen,
    incidence_difference,
    kaplan_meier,
    landmark_sample,
    log_rank,
    milestone_difference,
    nelson_aalen,
    reverse_kaplan_meier,
    rmst,
    rmst_difference,
)

AML_TEXT = "survival::aml"
GEHAN_TEXT = "MASS::gehan"
FORTY_TEXT = "forty rows by formula, i = 0..39"
CHECKS: list[Check] = []


def add(
    method: str,
    inputs: str,
    source: str,
    result: Callable[[], Any],
    values: dict[str, float],
    *,
    relative: float | None = 1e-10,
    absolute: float | None = None,
) -> None:
    """One check for each field of a result; `name[k]` reads place k of a field, dots read a field of a field."""
    number = len({check.inputs.rpartition("; ")[0] for check in CHECKS if check.method == method}) + 1
    for field, expected in values.items():

        def read(result: Callable[[], Any] = result, field: str = field) -> float:
            found = result()
            for part in field.split("."):
                name, _, place = part.partition("[")
                found = getattr(found, name)
                if place:
                    found = np.asarray(found).ravel()[int(place[:-1])] if name != "means" else found[int(place[:-1])]
            return float(found)

        CHECKS.append(
            Check(
                id=f"{method} {number}: {field}",
                method=method,
                inputs=f"{inputs}; {field}",
                expected=expected,
                source=source,
                compute=read,
                relative=relative if absolute is None else None,
                absolute=absolute,
            )
        )


def aml(function: Callable[..., Any], **options: Any) -> Callable[[], Any]:
    return lambda: function(AML["time"], AML["event"], **options)


def aml_arms(function: Callable[..., Any], **options: Any) -> Callable[[], Any]:
    return lambda: function(AML["time"], AML["event"], AML["group"], **options)


def gehan_arms(function: Callable[..., Any], **options: Any) -> Callable[[], Any]:
    return lambda: function(GEHAN["time"], GEHAN["event"], GEHAN["control"], **options)


def forty(function: Callable[..., Any], **options: Any) -> Callable[[], Any]:
    return lambda: function(FORTY["time"], FORTY["event"], **options)


# Kaplan-Meier

_KM = "summary(survfit(Surv(time, status) ~ 1, aml, conf.type='{}'), times=24)"
for _kind, _low, _high in (
    ("plain", 0.336376455802, 0.756791246061),
    ("log", 0.372078087249, 0.802933352802),
    ("log-log", 0.319250413971, 0.726449173821),
):
    add(
        "Kaplan-Meier",
        f"{AML_TEXT}, pooled, at 24, {_kind}",
        _KM.format(_kind),
        lambda kind=_kind: kaplan_meier(AML["time"], AML["event"], conf_type=kind).at(24),
        {"survival[0]": 0.546583850932, "std_error[0]": 0.10725064174, "ci_low[0]": _low, "ci_high[0]": _high},
    )
_QUANTILES = "quantile(survfit(Surv(time, status) ~ x, aml, conf.type='log-log'), c(.25, .5, .75))"
for _arm, _values in (
    (0, {"time[0]": 18, "time[1]": 31, "time[2]": 48, "ci_low[1]": 13, "ci_high[0]": 34}),
    (1, {"time[0]": 8, "time[1]": 23, "time[2]": 33, "ci_low[2]": 23, "ci_high[1]": 33}),
):
    add(
        "Kaplan-Meier",
        f"{AML_TEXT}, arm {_arm}, quantiles .25, .5, .75, log-log",
        _QUANTILES,
        lambda arm=_arm: kaplan_meier(AML["time"][AML["group"] == arm], AML["event"][AML["group"] == arm]).quantile(
            [0.25, 0.5, 0.75]
        ),
        _values,
    )

_SIX_MP = GEHAN["control"] == 0
add(
    "Kaplan-Meier",
    f"{GEHAN_TEXT}, 6-MP, at 6, 7, 10, 13, 16, 22, 23",
    "printed: Klein and Moeschberger, Survival Analysis, 2nd ed. (2003), table 4.1A",
    lambda: kaplan_meier(GEHAN["time"][_SIX_MP], GEHAN["event"][_SIX_MP]).at([6, 7, 10, 13, 16, 22, 23]),
    {f"survival[{k}]": value for k, value in enumerate((0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448))}
    | {f"std_error[{k}]": value for k, value in enumerate((0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346))},
    absolute=0.0006,
)

# Nelson-Aalen

add(
    "Nelson-Aalen",
    f"{AML_TEXT}, pooled, at 5, 24, 48",
    "summary(survfit(Surv(time, status) ~ 1, aml), times=c(5, 24, 48))$cumhaz, $std.chaz",
    lambda: nelson_aalen(AML["time"], AML["event"]).at([5, 24, 48]),
    {
        "cumulative_hazard[0]": 0.0869565217391,
        "cumulative_hazard[1]": 0.574480006167,
        "cumulative_hazard[2]": 2.16102401771,
        "std_error[0]": 0.0614875461901,
        "std_error[1]": 0.185927234529,
        "std_error[2]": 0.686651308457,
    },
)
add(
    "Nelson-Aalen",
    f"{FORTY_TEXT}, any cause, entry = floor((i mod 4) T / 5), at 10, 30, 41",
    "summary(survfit(Surv(entry, T, cause > 0) ~ 1), times=c(10, 30, 41))$cumhaz, $std.chaz",
    lambda: nelson_aalen(FORTY["time"], FORTY["event"], entry=FORTY["entry"]).at([10, 30, 41]),
    {
        "cumulative_hazard[0]": 0.195375383355,
        "cumulative_hazard[1]": 0.849662659546,
        "cumulative_hazard[2]": 2.5175198024,
        "std_error[0]": 0.0984086184199,
        "std_error[1]": 0.216290734491,
        "std_error[2]": 0.742767617752,
    },
)
add(
    "Nelson-Aalen",
    f"{GEHAN_TEXT}, pooled, at 10, log limits",
    "R by hand: H exp(-/+ 1.959963985 s / H), s^2 the sum of d / n^2",
    lambda: nelson_aalen(GEHAN["time"], GEHAN["event"]).at(10),
    {"cumulative_hazard[0]": 0.546859001546, "ci_low[0]": 0.342212758528, "ci_high[0]": 0.87388549994},
)
add(
    "Nelson-Aalen",
    f"{GEHAN_TEXT}, pooled, at 10, binomial variance",
    "R by hand: the sum of (n - d) d / ((n - 1) n^2)",
    lambda: nelson_aalen(GEHAN["time"], GEHAN["event"], variance="binomial").at(10),
    {"std_error[0]": 0.12735300525},
)

# Reverse Kaplan-Meier

_REVERSE = "quantile(survfit(Surv({}) ~ 1, conf.type='log-log'), .5)"
for _text, _data, _columns, _values in (
    (AML_TEXT, AML, "time, 1 - status", {"time[0]": 161, "ci_low[0]": 28}),
    (GEHAN_TEXT, GEHAN, "time, 1 - cens", {"time[0]": 32, "ci_low[0]": 19, "ci_high[0]": 34}),
    (FORTY_TEXT, FORTY, "T, cause == 0", {"time[0]": 33, "ci_low[0]": 25}),
):
    add(
        "Reverse Kaplan-Meier",
        f"{_text}, median follow-up",
        _REVERSE.format(_columns),
        lambda data=_data: reverse_kaplan_meier(data["time"], data["event"]).quantile(0.5),
        _values,
    )
add(
    "Reverse Kaplan-Meier",
    f"{AML_TEXT}, at 30",
    "summary(survfit(Surv(time, 1 - status) ~ 1, aml), times=30)$surv",
    lambda: reverse_kaplan_meier(AML["time"], AML["event"]).at(30),
    {"survival[0]": 0.790588235294},
)

# Restricted means

_PRINTED = "summary(survfit(..), rmean=tau)$table: rmean and se(rmean)"
_RATIO = "R by hand as survRM2: differences and log ratios of rmean with se(rmean) of both arms"
add(
    "Restricted mean",
    f"{AML_TEXT}, pooled, tau = 40",
    _PRINTED,
    aml(rmst, tau=40),
    {"mean": 25.2394755003, "std_error": 2.69840254106},
)
add(
    "Restricted mean",
    f"{AML_TEXT}, not maintained less maintained, tau = 40",
    _RATIO,
    aml_arms(rmst_difference, tau=40),
    {
        "means[0].mean": 28.8977272727,
        "means[0].std_error": 3.46757767889,
        "means[1].mean": 21.9305555556,
        "means[1].std_error": 3.83564116318,
        "difference": -6.96717171717,
        "std_error": 5.17070963136,
        "ci_low": -17.1015763692,
        "ci_high": 3.16723293481,
        "p_value": 0.177841632196,
        "ratio": 0.758902433696,
        "ratio_low": 0.500774012997,
        "ratio_high": 1.15008544557,
        "p_ratio": 0.19336601737,
    },
)
add(
    "Restricted mean",
    f"{GEHAN_TEXT}, control less 6-MP, tau = 20",
    _RATIO,
    gehan_arms(rmst_difference, tau=20),
    {
        "means[0].mean": 16.1165266106,
        "means[0].std_error": 1.25156019601,
        "means[1].mean": 8.42857142857,
        "means[1].std_error": 1.2680826825,
        "difference": -7.68795518207,
        "ci_low": -11.180012961,
        "ci_high": -4.19589740317,
        "p_value": 1.59626499904e-05,
        "ratio": 1 / 1.91213027584,
        "p_ratio": 0.000128884022168,
    },
)
add(
    "Restricted mean",
    f"{FORTY_TEXT}, any cause, entry = floor((i mod 4) T / 5), tau = 30",
    _PRINTED,
    forty(rmst, tau=30, entry=FORTY["entry"]),
    {"mean": 22.6858696487, "std_error": 1.77175718932},
)
add(
    "Restricted mean",
    f"{GEHAN_TEXT}, 6-MP, tau = 35",
    "printed, with rounding on the way: Klein and Moeschberger (2003), section 4.5: 23.286, standard error 2.827",
    lambda: rmst(GEHAN["time"][_SIX_MP], GEHAN["event"][_SIX_MP], tau=35),
    {"mean": 23.286, "std_error": 2.827},
    absolute=0.002,
)
_WHOLE = np.array([1.0, 3.0, 3.0, 6.0, 7.0, 12.0])
add(
    "Restricted mean",
    "times 1, 3, 3, 6, 7, 12, all events, tau = 7",
    "closed form: mean and standard deviation / sqrt(n) of min(T, 7)",
    lambda: rmst(_WHOLE, np.ones(6), tau=7),
    {"mean": 27 / 6, "std_error": float(np.sqrt(np.var(np.minimum(_WHOLE, 7)) / 6))},
)

# Milestones

_MILESTONE = "R by hand: surv and std.err of summary(survfit(Surv(..) ~ group), times), unpooled"
add(
    "Milestone difference",
    f"{AML_TEXT}, not maintained less maintained, at 24",
    _MILESTONE,
    aml_arms(milestone_difference, at=24),
    {
        "estimates[0]": 0.613636363636,
        "std_errors[0]": 0.152632331027,
        "estimates[1]": 0.486111111111,
        "difference": -0.127525252525,
        "std_error": 0.212694955058,
        "ci_low": -0.544399704131,
        "ci_high": 0.289349199081,
        "p_value": 0.548793665765,
    },
)
add(
    "Milestone difference",
    f"{GEHAN_TEXT}, control less 6-MP, at 10",
    _MILESTONE,
    gehan_arms(milestone_difference, at=10),
    {"difference": -0.371988795518, "std_error": 0.143224105559, "p_value": 0.00939735241173},
)
for _text, _arms, _at, _chi in (
    (AML_TEXT, aml_arms, 24, 0.347423663229),
    (GEHAN_TEXT, gehan_arms, 10, 5.23088531971),
):
    _name = f"{_text}, at {_at}, log-log scale"
    CHECKS.append(
        Check(
            id=f"milestone-log-log-{_at}",
            method="Milestone difference",
            inputs=f"{_name}; z squared",
            expected=_chi,
            source="R by hand: Klein et al. (2007), squared difference of log(-log S) over its variances",
            compute=lambda arms=_arms, at=_at: arms(milestone_difference, at=at, scale="log-log")().z ** 2,
            relative=1e-10,
        )
    )

# Cumulative incidence

add(
    "Aalen-Johansen",
    f"{FORTY_TEXT}, cause 1, pooled, at 10, 20, 30",
    "timepoints(cmprsk::cuminc(T, cause), c(10, 20, 30))$est",
    lambda: aalen_johansen(FORTY["time"], FORTY["cause"]).at([10, 20, 30]),
    {
        "cumulative_incidence[0]": 0.111111111111,
        "cumulative_incidence[2]": 0.174684262807,
        "cumulative_incidence[4]": 0.395320495163,
        "std_error[4]": 0.0911781841001,
        "ci_low[4]": 0.220801383312,
        "ci_high[4]": 0.565408547995,
    },
)
_CIF = "R by hand: pstate and std.err of summary(survfit(Surv(T, factor(cause)) ~ group, id=row), times)"
for _at, _values in (
    (
        20,
        {
            "estimates[0]": 0.174603174603,
            "std_errors[0]": 0.0920565413836,
            "difference": 0.0003256003256,
            "std_error": 0.130309590185,
            "z": 0.00249866740536,
        },
    ),
    (
        33,
        {
            "estimates[1]": 0.398290598291,
            "std_errors[1]": 0.129611667385,
            "difference": 0.0014652014652,
            "std_error": 0.183098443089,
            "z": 0.00800226064452,
        },
    ),
):
    add(
        "Incidence difference",
        f"{FORTY_TEXT}, cause 1, group 1 less group 0, at {_at}",
        _CIF,
        lambda at=_at: incidence_difference(FORTY["time"], FORTY["cause"], FORTY["group"], at=at),
        _values,
        relative=1e-8,  # differences of printed figures of twelve digits, two of which cancel
    )

# Landmark


def _after(data: dict[str, Any], at: float, **options: Any) -> Any:
    return landmark_sample(data["time"], data["event"], at=at, **options)


def _landmark_test(data: dict[str, Any], at: float) -> float:
    members = _after(data, at)
    return log_rank(members.time, members.cause, data["group"][members.rows]).statistic


def _landmark_survival(data: dict[str, Any], at: float, later: float, **options: Any) -> float:
    members = _after(data, at, **options)
    return float(kaplan_meier(members.time, members.cause, entry=members.entry).at(later).survival[0])


for _name, _inputs, _source, _expected, _compute in (
    (
        "aml-test",
        f"{AML_TEXT}, landmark 12; log-rank chi-squared",
        "survdiff(Surv(time - 12, status) ~ x, subset time > 12)",
        0.936908215498,
        lambda: _landmark_test(AML, 12),
    ),
    (
        "forty-test",
        f"{FORTY_TEXT}, any cause, landmark 10; log-rank chi-squared",
        "survdiff(Surv(T - 10, cause > 0) ~ group, subset T > 10)",
        0.298995936452,
        lambda: _landmark_test(FORTY, 10),
    ),
    (
        "aml-survival",
        f"{AML_TEXT}, landmark 12; survival 12 later",
        "summary(survfit(Surv(time - 12, status) ~ 1, subset time > 12), times=12)$surv",
        0.739495798319,
        lambda: _landmark_survival(AML, 12, 12),
    ),
    (
        "forty-late-survival",
        f"{FORTY_TEXT}, entry = floor((i mod 4) T / 5), landmark 10; survival 15 later",
        "summary(survfit(Surv(pmax(entry - 10, 0), T - 10, cause > 0) ~ 1, subset T > 10), times=15)$surv",
        0.675476497934,
        lambda: _landmark_survival(FORTY, 10, 15, entry=FORTY["entry"]),
    ),
):
    CHECKS.append(
        Check(
            id=f"landmark-{_name}",
            method="Landmark analysis",
            inputs=_inputs,
            expected=_expected,
            source=_source,
            compute=_compute,
            relative=1e-10,
        )
    )
