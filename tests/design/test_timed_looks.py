"""Looks at calendar times: one look is the fixed design, files have the power they ask for, so have whole trials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.design.config_run import design
from sim.stats import batch
from tests.design import simulated_trials as simulated


def config(test: dict[str, Any], times: list[str], **changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "schema": "engraft/design/1",
        "title": "T",
        "alpha": 0.025,
        "power": 0.85,
        "survival": {
            "control": {"median": "16 months"},
            "treatment": {"hazard_ratio": {"ratios": [1.0, 0.5], "from": [0, "5 months"]}},
            "accrual": {"time": "24 months"},
            "test": test,
        },
        "group_sequential": {"times": times, "efficacy": {"spending": "obrien-fleming"}},
    }
    return plain | changes


TESTS: list[dict[str, Any]] = [
    {"log_rank": {"method": "weighted"}},
    {"log_rank": {"method": "weighted", "gamma": 1.0}},
    {"milestone": {"at": "20 months"}},
    {"restricted_mean": {"until": "24 months"}},
]


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_one_look_is_the_fixed_design(test: dict[str, Any]) -> None:
    looked = design(config(test, ["42 months"])).result
    fixed = config(test, ["42 months"])
    del fixed["group_sequential"]
    fixed["survival"]["follow_up"] = "18 months"
    assert looked.exact_patients == pytest.approx(design(fixed).result.exact_patients, rel=1e-5)


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_patients_have_the_power_and_a_look_costs_some(test: dict[str, Any]) -> None:
    found = design(config(test, ["30 months", "42 months"]))
    one = design(config(test, ["42 months"])).result
    assert found.result.power == pytest.approx(0.85, abs=5e-3)
    assert found.result.power >= 0.85
    assert one.exact_patients < found.result.exact_patients < 1.2 * one.exact_patients
    assert found.tables["looks"]["alpha_spent"].iloc[-1] == pytest.approx(0.025, abs=1e-6)


def test_power_of_given_patients_is_asked_back() -> None:
    asked = config(TESTS[1], ["30 months", "42 months"])
    exact = design(asked).result.exact_patients
    del asked["power"]
    asked |= {"solve": "power"}
    asked["survival"]["accrual"]["patients"] = 2.0 * math.ceil(exact / 2.0)
    assert design(asked).result.power == pytest.approx(0.85, abs=5e-3)


@pytest.mark.verify
def test_trials_as_data_cross_as_often_as_stated() -> None:
    trials = 5_000
    for number, (test, statistic) in enumerate(
        (
            (TESTS[3], lambda seen: batch.rmst(seen, tau=24.0).z),
            (TESTS[2], lambda seen: batch.milestone(seen, at=20.0).z),
        )
    ):
        found = design(config(test, ["36 months", "48 months"])).result
        drawn = simulated.patients_of(found.course, trials, seed=20 + number)
        z = np.column_stack([statistic(drawn.seen_at(np.full(trials, time))) for time in found.moments.times])
        share = float((z > found.design.efficacy).any(axis=1).mean())
        assert abs(share - found.power) <= 3.0 * math.sqrt(found.power * (1.0 - found.power) / trials)


@pytest.mark.verify
def test_maxcombo_keeps_its_level_and_has_its_power_in_draws_and_in_trials() -> None:
    found = design("late-effect-maxcombo").result
    draws = 1_000_000
    root = np.linalg.cholesky(found.moments.correlation + 1e-12 * np.eye(4))
    noise = np.random.default_rng(22).standard_normal((draws, 4)) @ root.T
    for mean, expected in ((0.0, 0.025), (found.means.ravel(), found.power)):
        z = (noise + mean).reshape(draws, 2, 2).max(axis=2)
        share = float((z > found.design.efficacy).any(axis=1).mean())
        assert abs(share - expected) <= 3.0 * math.sqrt(expected * (1.0 - expected) / draws)
    trials = 5_000
    drawn = simulated.patients_of(found.course, trials, seed=23)
    z = []
    for time in found.moments.times:
        seen = drawn.seen_at(np.full(trials, time))
        weighed = [-np.asarray(batch.log_rank(seen, rho=rho, gamma=gamma).z) for rho, gamma in found.test.weights]
        z.append(np.max(weighed, axis=0))
    share = float((np.column_stack(z) > found.design.efficacy).any(axis=1).mean())
    # Limits at 180 patients: under a late effect the variance is not quite that of the null hypothesis.
    assert abs(share - found.power) <= 0.025
