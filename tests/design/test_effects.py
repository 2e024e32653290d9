"""Designs under effects they were not planned for: closed forms, designs made for that effect, direction, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, hypergeom, multivariate_normal, norm

from sim.design.config_run import design
from sim.design.exact import rejection_region
from sim.stats import batch
from tests.design import simulated_trials as simulated

LATER: dict[str, Any] = {"hazard_ratio": {"ratios": [1.0, 0.5], "from": [0, "9 months"]}}


def effects(name: str | dict[str, Any], asked: str | dict[str, Any], *also: str) -> pd.DataFrame:
    """The table of operating characteristics, by effect."""
    if isinstance(name, dict):
        found = design({**name, "operating_characteristics": asked}, set=also)
    else:
        found = design(name, set=[f"operating_characteristics={asked}", *also])
    return found.tables["operating characteristics"].set_index("hypothesis")


def curve_test(test: dict[str, Any], treatment: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A trial of 400 patients whose power is looked for."""
    survival = {
        "control": {"median": "16 months"},
        "treatment": treatment,
        "accrual": {"time": "24 months", "patients": 400},
        "follow_up": "18 months",
        "test": test,
    }
    return {
        "schema": "engraft/design/1",
        "title": "T",
        "alpha": 0.025,
        "solve": "power",
        "survival": survival,
    } | changes


TESTS: list[dict[str, Any]] = [
    {"log_rank": {"method": "weighted"}},
    {"log_rank": {"method": "weighted", "gamma": 1.0}},
    {"milestone": {"at": "20 months"}},
    {"milestone": {"at": "20 months", "scale": "log_log", "margin": 0.1}},
    {"restricted_mean": {"until": "24 months"}},
]


@pytest.mark.parametrize(
    ("name", "planned"),
    [
        ("os-schoenfeld", 0.5),
        ("os-group-sequential", 0.65),
        ("efs-follow-up", 0.65),
        ("efs-and-os", 0.65),
        ("relapse-competing", 0.6),
        ("non-inferiority", 1.0),
    ],
)
def test_the_planned_ratio_is_the_alternative_and_the_ratio_to_reject_the_null(name: str, planned: float) -> None:
    margin = 1.3 if name == "non-inferiority" else 1.0
    table = effects(name, f"{{hazard_ratios: [{planned}, {margin}]}}")
    # Lachin-Foulkes reads its variance at the rounded events here, at the exact ones in the plan.
    close = 1e-4 if name == "efs-follow-up" else 1e-9
    for row, same in ((f"hazard ratio {planned:g}", "alternative"), (f"hazard ratio {margin:g}", "null hypothesis")):
        assert table.loc[row].to_numpy() == pytest.approx(table.loc[same].to_numpy(), rel=close, abs=1e-12)
    assert table.loc["null hypothesis", "rejected"] <= 0.025 + 1e-9


def test_an_analysis_at_events_waits_until_they_come_under_the_effect() -> None:
    table = effects("os-schoenfeld", "{hazard_ratios: [1, 0.7, 2]}")
    for ratio in (1.0, 0.7, 2.0):
        time = float(table.loc[f"hazard ratio {ratio:g}", "expected_duration"])
        hazards = np.log(2.0) / 12.0 * np.array([1.0, ratio])
        # 168 patients, 84 an arm, enter evenly over 12 months; nobody is lost.
        seen = 84.0 * (1.0 - (np.exp(-hazards * (time - 12.0)) - np.exp(-hazards * time)) / (12.0 * hazards))
        assert seen.sum() == pytest.approx(88.0, abs=1e-8)
    assert table.loc["hazard ratio 2", "expected_duration"] < table.loc["hazard ratio 1", "expected_duration"] < 24.0


def test_looks_before_accrual_ends_have_fewer_patients() -> None:
    table = design("os-group-sequential", set=["operating_characteristics={hazard_ratios: [1.5]}"]).tables["stopping"]
    first = table.set_index(["hypothesis", "look"]).loc[("hazard ratio 1.5", 1)]
    assert first["time"] < 36.0
    assert first["patients"] == pytest.approx(9.151515 * 6.0 + 18.30303 * (first["time"] - 6.0), rel=1e-6)


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_an_analysis_at_a_time_is_that_of_the_design_made_for_the_effect(test: dict[str, Any]) -> None:
    table = effects(curve_test(test, {"hazard_ratio": 0.6}), {"treatments": {"later": LATER}, "hazard_ratios": [0.8]})
    for row, law in (("later", LATER), ("hazard ratio 0.8", {"hazard_ratio": 0.8})):
        made = design(curve_test(test, law)).result
        assert table.loc[row, "rejected"] == pytest.approx(made.power, rel=1e-10)
        assert table.loc[row, "expected_events"] == pytest.approx(made.events, rel=1e-10)
        assert table.loc[row, "expected_duration"] == pytest.approx(42.0)
    assert ("null hypothesis" in table.index) == ("margin" not in next(iter(test.values())))
    if "null hypothesis" in table.index:
        assert table.loc["null hypothesis", "rejected"] == pytest.approx(0.025, rel=1e-9)


@pytest.mark.parametrize("test", TESTS[:3], ids=str)
def test_looks_at_times_have_the_means_and_covariance_of_the_effect(test: dict[str, Any]) -> None:
    looks = {"times": ["30 months", "42 months"], "efficacy": {"z": [2.5]}}
    plain = curve_test(test, {"hazard_ratio": 0.6}, group_sequential=looks)
    del plain["survival"]["follow_up"]
    found = design({**plain, "operating_characteristics": {"treatments": {"later": LATER}}})
    table = found.tables["operating characteristics"].set_index("hypothesis")
    made = design({**plain, "survival": {**plain["survival"], "treatment": LATER}})
    moments = made.result.moments
    inside = multivariate_normal.cdf(found.result.design.efficacy, made.result.means.ravel(), moments.correlation)
    assert table.loc["later", "rejected"] == pytest.approx(1.0 - inside, abs=1e-5)
    # The null hypothesis has nearly the covariance with which the last boundary was made.
    assert table.loc["null hypothesis", "rejected"] == pytest.approx(0.025, abs=5e-4)
    first = float(made.tables["looks"]["stop"].iloc[0])
    row = table.loc["later"]
    assert row["stopped_early"] == pytest.approx(first, abs=1e-9)
    assert row["expected_duration"] == pytest.approx(30.0 * first + 42.0 * (1.0 - first), rel=1e-9)
    events = made.tables["looks"]["events"].to_numpy()
    assert row["expected_events"] == pytest.approx(events @ [first, 1.0 - first], rel=1e-9)


@pytest.mark.parametrize("looks", [{"times": ["16 months", "26 months", "36 months"]}, {"information": [0.3, 0.7, 1]}])
def test_probabilities_stay_within_their_range_under_a_large_effect(looks: dict[str, Any]) -> None:
    test = {"milestone": {"at": "12 months"}} if "times" in looks else {"log_rank": {"method": "schoenfeld"}}
    plain = curve_test(test, {"hazard_ratio": 0.3}, allocation=0.5)
    plain["group_sequential"] = {**looks, "efficacy": {"shape": "obrien-fleming"}}
    plain["survival"]["control"] = {"weibull": {"shape": 0.8, "median": "15 months"}}
    if "times" in looks:
        del plain["survival"]["follow_up"]
    found = design({**plain, "operating_characteristics": {"hazard_ratios": [0.05, 0.1]}}).tables
    assert (found["operating characteristics"]["rejected"] <= 1.0).all()
    assert (found["stopping"][["efficacy", "futility"]] >= 0.0).all(axis=None)
    assert found["stopping"]["stopped"].max() == pytest.approx(1.0, abs=1e-7)


def test_stopping_for_harm_shortens_a_two_sided_trial_at_times() -> None:
    looks = {"times": ["30 months", "42 months"], "efficacy": {"shape": "pocock"}}
    plain = curve_test(TESTS[0], {"hazard_ratio": 0.6}, group_sequential=looks, sided=2, alpha=0.05)
    del plain["survival"]["follow_up"]
    found = design({**plain, "operating_characteristics": {"hazard_ratios": [1.0, 2.0]}}).tables
    table = found["stopping"].set_index(["hypothesis", "look"])
    same = table.loc[("hazard ratio 1", 1)]
    assert same["harm"] == pytest.approx(same["efficacy"], rel=1e-9)
    assert table.loc[("hazard ratio 2", 1), "harm"] > 0.9
    assert table.loc[("hazard ratio 2", 1), "efficacy"] < 1e-6
    assert table.loc[("hazard ratio 2", 2), "stopped"] == pytest.approx(1.0)


@pytest.mark.parametrize("method", ["schoenfeld", "freedman", "hsieh_freedman", "lachin_foulkes"])
def test_an_effect_that_points_the_other_way_is_not_taken_for_one(method: str) -> None:
    for planned, better, worse in ((0.6, 0.8, 1.25), (1.6, 1.25, 0.8)):
        more = [f"survival.test={{log_rank: {{method: {method}}}}}", f"survival.treatment.hazard_ratio={planned}"]
        table = effects("os-schoenfeld", f"{{hazard_ratios: [{better}, {worse}, 1]}}", *more)
        assert table.loc[f"hazard ratio {better:g}", "rejected"] > 0.1
        assert table.loc[f"hazard ratio {worse:g}", "rejected"] < 0.005
        assert table.loc[f"hazard ratio {worse:g}", "drift"] < -0.5
        assert table.loc["hazard ratio 1", "rejected"] == pytest.approx(0.025, rel=1e-9)


def test_a_drift_has_its_power_and_the_calendar_of_its_hazard_ratio() -> None:
    table = effects("os-schoenfeld", "{drifts: [0, 2.5, -1], hazard_ratios: [0.7]}")
    for drift in (0.0, 2.5, -1.0):
        expected = norm.sf(norm.ppf(0.975) - drift)
        assert table.loc[f"drift {drift:g}", "rejected"] == pytest.approx(expected, rel=1e-8)
    ratio = math.exp(-2.5 / (math.sqrt(88.0) / 2.0))
    same = effects("os-schoenfeld", f"{{hazard_ratios: [{ratio!r}]}}").iloc[-1]
    assert table.loc["drift 2.5", "expected_duration"] == pytest.approx(same["expected_duration"], rel=1e-8)
    looked = effects("os-group-sequential", "{drifts: [1.7], hazard_ratios: [0.8]}")
    lower, upper = looked.loc["drift 1.7"], looked.loc["hazard ratio 0.8"]
    assert lower["drift"] == pytest.approx(1.7)
    assert upper["drift"] == pytest.approx(math.log(1 / 0.8) * math.sqrt(232.7814) / 2, abs=1e-2)
    assert lower["expected_duration"] == pytest.approx(upper["expected_duration"], rel=1e-3)


def test_a_drift_of_lachin_and_foulkes_at_a_fixed_time_is_that_of_the_nearest_ratio() -> None:
    """Towards a ratio of 0 the drift falls again, as no event is left in the treatment arm."""
    for margin, planned in ((1.0, 0.6), (1.5, 1.0)):
        test = {"log_rank": {"method": "lachin_foulkes"} | ({"margin": margin} if margin > 1.0 else {})}
        plain = curve_test(test, {"hazard_ratio": planned}, allocation=0.5)
        table = effects(plain, {"drifts": [0.0, 2.8, 4.5, -2.0, 29.0], "hazard_ratios": [0.0001, margin]})
        assert table.loc["hazard ratio 0.0001", "drift"] < 4.5
        none = table.loc[f"hazard ratio {margin:g}", "expected_events"]
        assert table.loc["drift 0", "expected_events"] == pytest.approx(none)
        events = table.loc[[f"drift {drift}" for drift in ("-2", "0", "2.8", "4.5")], "expected_events"].to_numpy()
        assert np.all(np.diff(events) < 0.0)
        assert table.loc["drift 4.5", "drift"] == pytest.approx(4.5)
        assert math.isnan(table.loc["drift 29", "expected_events"])


def test_a_drift_of_a_test_without_hazard_ratio_tells_no_events() -> None:
    table = effects(curve_test(TESTS[4], {"hazard_ratio": 0.6}), {"drifts": [2.0]})
    assert table.loc["drift 2", "rejected"] == pytest.approx(norm.sf(norm.ppf(0.975) - 2.0), rel=1e-9)
    assert math.isnan(table.loc["drift 2", "expected_events"])
    assert table.loc["drift 2", "expected_duration"] == pytest.approx(42.0)
    counted = effects("os-schoenfeld", "{drifts: [20]}", "survival.test={log_rank: {method: freedman}}")
    assert counted.loc["drift 20", "rejected"] == pytest.approx(1.0)
    assert math.isnan(counted.loc["drift 20", "expected_duration"])  # no ratio has such a drift: at most sqrt(events)


def test_events_that_never_come_leave_the_duration_empty() -> None:
    plain: dict[str, Any] = {
        "schema": "engraft/design/1",
        "title": "T",
        "alpha": 0.025,
        "power": 0.9,
        "survival": {
            "control": {"cure": {"cured": 0.6, "uncured": {"median": "10 months"}}},
            "treatment": {"hazard_ratio": 0.7},
            "accrual": {"time": "24 months"},
            "follow_up": "60 months",
        },
    }
    for looks in ({}, {"group_sequential": {"information": [0.5, 1], "efficacy": {"spending": "pocock"}}}):
        found = design({**plain, **looks, "operating_characteristics": {"hazard_ratios": [0.5, 0.9]}})
        table = found.tables["operating characteristics"].set_index("hypothesis")
        assert math.isnan(table.loc["hazard ratio 0.5", "expected_duration"])
        assert table.loc["hazard ratio 0.5", "rejected"] > 0.99
        assert table.loc["hazard ratio 0.9", "expected_duration"] < 84.0
    assert found.tables["stopping"]["time"].isna().sum() == 1  # the first look comes, the last does not


def test_proportions_by_enumeration() -> None:
    table = effects("mrd-response", "{proportions: [0.6, 0.4]}")
    control, treatment = design("mrd-response").result.arms
    x, y = np.arange(control + 1), np.arange(treatment + 1)
    rejects = np.array([[_fisher(a, control, b, treatment) <= 0.025 for b in y] for a in x])
    for after in (0.5, 0.6, 0.4):
        expected = binom.pmf(x, control, 0.5) @ rejects @ binom.pmf(y, treatment, after)
        row = "null hypothesis" if after == 0.5 else f"proportion {after:g}"
        assert table.loc[row, "rejected"] == pytest.approx(expected, rel=1e-9)
    one = effects("mrd-single-arm", "{proportions: 0.6}")
    found = design("mrd-single-arm").result
    assert one.loc["proportion 0.6", "rejected"] == pytest.approx(binom.sf(found.reject_from - 1, found.patients, 0.6))
    assert one.loc["null hypothesis", "rejected"] == pytest.approx(found.alpha)


def test_a_single_arm_is_tested_at_its_share_of_alpha() -> None:
    share = "{procedure: bonferroni, this: A, hypotheses: {A: {weight: 0.5}, B: {weight: 0.5}}}"
    table = effects("mrd-single-arm", "{proportions: [0.5, 0.7]}", f"multiplicity={share}")
    found = design("mrd-single-arm", set=[f"multiplicity={share}"]).result
    for row, power in (("alternative", found.power), ("proportion 0.7", found.power), ("null hypothesis", found.alpha)):
        assert table.loc[row, "rejected"] == pytest.approx(power, rel=1e-12)


@pytest.mark.parametrize("method", ["fisher", "z_pooled"])
def test_two_sided_exact_power_is_that_of_the_direction_of_the_effect(method: str) -> None:
    proportions = {"control": 0.5, "treatment": 0.53, "method": method, "patients": 60}
    plain: dict[str, Any] = {"schema": "engraft/design/1", "title": "T", "alpha": 0.05, "sided": 2, "solve": "power"}
    found = design({**plain, "proportions": proportions, "operating_characteristics": {"proportions": [0.53]}})
    region = rejection_region(30, 30, alpha=0.025, test="fisher" if method == "fisher" else "z_pooled")
    x = np.arange(31)
    expected = binom.pmf(x, 30, 0.5) @ region @ binom.pmf(x, 30, 0.53)
    assert found.result.power == pytest.approx(expected, rel=1e-12)
    rejected = found.tables["operating characteristics"].set_index("hypothesis")["rejected"]
    assert rejected[["alternative", "proportion 0.53"]].to_numpy() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("after", [0.7, 0.6, 0.5, 0.4])
def test_looks_at_two_proportions_are_near_the_limit_of_the_pooled_statistic(after: float) -> None:
    """Z is tested with the pooled variance and has that of its own proportions, at every look."""
    plain: dict[str, Any] = {"schema": "engraft/design/1", "title": "T", "alpha": 0.025, "solve": "power"}
    plain["proportions"] = {"control": 0.5, "treatment": 0.7, "patients": 200}
    plain["group_sequential"] = {"information": [0.5, 1], "efficacy": {"shape": "pocock"}}
    found = design({**plain, "operating_characteristics": {"proportions": [after]}})
    pooled = (after + 0.5) / 2.0
    null_sd, sd = math.sqrt(4.0 * pooled * (1.0 - pooled)), math.sqrt(2.0 * (after * (1.0 - after) + 0.25))
    means = np.sqrt([100.0, 200.0]) * (after - 0.5) / sd
    bounds = found.result.design.efficacy * null_sd / sd
    limit = 1.0 - multivariate_normal.cdf(bounds, means, [[1.0, math.sqrt(0.5)], [math.sqrt(0.5), 1.0]])
    rejected = (
        found.tables["operating characteristics"].set_index("hypothesis").loc[f"proportion {after:g}", "rejected"]
    )
    assert rejected == pytest.approx(limit, rel=0.015)


def _fisher(a: int, control: int, b: int, treatment: int) -> float:
    return float(hypergeom.sf(b - 1, control + treatment, a + b, treatment))


def test_a_lower_proportion_is_not_taken_for_an_effect() -> None:
    for better, planned, one, other in ((True, 0.7, 0.6, 0.4), (True, 0.3, 0.4, 0.6), (False, 0.3, 0.4, 0.6)):
        more = [f"proportions={{control: 0.5, treatment: {planned}, higher_is_better: {str(better).lower()}}}"]
        table = effects("mrd-response", f"{{proportions: [{one}, {other}, 0.5]}}", *more)
        assert table.loc[f"proportion {one:g}", "rejected"] > 0.2
        assert table.loc[f"proportion {other:g}", "rejected"] < 0.002
        assert table.loc["proportion 0.5", "rejected"] == pytest.approx(0.025, rel=1e-9)


@pytest.mark.parametrize("solve", ["power", "hazard_ratio"])
def test_events_that_are_only_expected_are_those_of_the_last_look(solve: str) -> None:
    plain = curve_test({"log_rank": {"method": "schoenfeld"}}, {"hazard_ratio": 0.7}, solve=solve)
    plain["group_sequential"] = {"information": [0.5, 1], "efficacy": {"spending": "pocock"}}
    if solve == "hazard_ratio":
        del plain["survival"]["treatment"]
        plain["power"] = 0.8
    found = design(plain)
    looks = found.tables["looks"]
    planned = found.tables["design"].set_index("quantity")["planned"]
    assert looks["events"].iloc[-1] == pytest.approx(planned["events"])
    assert looks["time"].iloc[-1] == pytest.approx(planned["study duration"]) == pytest.approx(42.0)
    assert looks["events"].iloc[0] == math.ceil(planned["events"] / 2.0)
    last = f"{planned['events']:.0f} events"
    assert f"and {last} with" in found.paragraph
    assert f"at most {last}" in found.paragraph


def test_looks_at_times_name_the_test_beside_a_competing_event() -> None:
    plain = curve_test(TESTS[0], {"hazard_ratio": 0.7}, group_sequential={"times": ["30 months", "42 months"]})
    plain["group_sequential"]["efficacy"] = {"shape": "pocock"}
    plain["survival"]["control"] = {"incidence": {"event": 0.3, "competing": 0.1, "at": "36 months"}}
    del plain["survival"]["follow_up"]
    assert "by the cause-specific log-rank test" in design(plain).paragraph
    plain["survival"]["subdistribution"] = True
    assert "by the test of the subdistribution hazard" in design(plain).paragraph


def test_effects_are_shown_where_asked_for() -> None:
    assert "operating characteristics" not in design("os-schoenfeld").tables
    assert "stopping" not in design("late-effect-maxcombo").tables
    found = design("os-group-sequential").tables
    assert found["stopping"]["hypothesis"].unique().tolist() == [
        *("alternative", "null hypothesis", "hazard ratio 0.7", "hazard ratio 0.8", "hazard ratio 0.9")
    ]
    assert "harm" not in found["stopping"]
    looks, stopping = found["looks"], found["stopping"].set_index("hypothesis")
    assert stopping.loc["null hypothesis", "time"].tolist() == looks["time_null"].tolist()
    assert np.diff(stopping.loc["alternative", "stopped"], prepend=0.0) == pytest.approx(looks["stop"].to_numpy())


@pytest.mark.verify
@pytest.mark.parametrize("effect", [LATER, {"hazard_ratio": 1.0}], ids=["later", "none"])
def test_trials_under_another_effect_cross_and_stop_as_often_as_stated(effect: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"treatments": {"it": effect}}
    plain = curve_test(TESTS[0], {"hazard_ratio": 0.7}, group_sequential={"times": ["30 months", "42 months"]})
    plain["group_sequential"]["efficacy"] = {"shape": "pocock"}
    del plain["survival"]["follow_up"]
    found = design({**plain, "operating_characteristics": asked})
    row = found.tables["operating characteristics"].set_index("hypothesis").loc["it"]
    made = design({**plain, "survival": {**plain["survival"], "treatment": effect}}).result
    trials = 10_000
    drawn = simulated.patients_of(made.course, trials, seed=31)
    seen = [drawn.seen_at(np.full(trials, time)) for time in (30.0, 42.0)]
    over = np.column_stack([-np.asarray(batch.log_rank(each).z) for each in seen]) > found.result.design.efficacy
    for share, expected in ((over.any(axis=1).mean(), row["rejected"]), (over[:, 0].mean(), row["stopped_early"])):
        assert abs(share - expected) <= 3.0 * math.sqrt(expected * (1.0 - expected) / trials)
    length = np.where(over[:, 0], 30.0, 42.0)
    assert abs(length.mean() - row["expected_duration"]) <= 3.0 * length.std() / math.sqrt(trials)
