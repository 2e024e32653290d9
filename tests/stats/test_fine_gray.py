"""Fine and Gray's regression: what it is without censoring or other causes, what leaves it as it is, refused input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import EngraftError
from sim.stats import cox, fine_gray


def rows(seed: int, n: int = 80) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    covariates = {"arm": rng.integers(0, 2, n), "age": rng.normal(size=n)}
    return np.ceil(8 * rng.exponential(size=n)), rng.integers(0, 3, n), covariates


@pytest.mark.parametrize("seed", range(3))
def test_without_censoring_the_lost_stay_at_risk_for_good(seed: int) -> None:
    time, cause, covariates = rows(seed)
    cause = np.maximum(cause, 1)
    found = fine_gray(time, cause, covariates)
    never = cox(np.where(cause == 2, 1e6, time), cause == 1, covariates, ties="breslow", robust=True)
    assert found.coefficients == pytest.approx(never.coefficients, rel=1e-9)
    assert found.covariance == pytest.approx(never.covariance, rel=1e-9)
    assert found.log_likelihood == pytest.approx(never.log_likelihood, rel=1e-12)
    assert found.log_likelihood_null == pytest.approx(never.log_likelihood_null, rel=1e-12)


def test_without_other_causes_it_is_cox() -> None:
    time, cause, covariates = rows(5)
    cause = np.minimum(cause, 1)
    found, plain = fine_gray(time, cause, covariates), cox(time, cause, covariates, ties="breslow", robust=True)
    assert found.coefficients == pytest.approx(plain.coefficients, rel=1e-9)
    assert found.std_error == pytest.approx(plain.std_error, rel=1e-9)
    assert found.wald.statistic == pytest.approx(plain.wald.statistic, rel=1e-9)


def test_origin_scale_and_order_do_not_matter() -> None:
    time, cause, covariates = rows(6)
    found = fine_gray(time, cause, covariates)
    order = np.random.default_rng(0).permutation(80)
    moved = fine_gray(
        3 * time[order], cause[order], np.column_stack((covariates["arm"], 100 + 10 * covariates["age"]))[order]
    )
    assert moved.names == ("x1", "x2")
    assert moved.coefficients == pytest.approx(found.coefficients / [1, 10], rel=1e-8)
    assert moved.std_error == pytest.approx(found.std_error / [1, 10], rel=1e-8)
    frame = found.to_frame()
    assert frame["hazard_ratio"].to_numpy() == pytest.approx(np.exp(found.coefficients))
    assert (frame["ci_low"] < frame["hazard_ratio"]).all()


def test_a_model_says_its_conventions() -> None:
    text = repr(fine_gray(*rows(7)))
    assert "weights: inverse probability of censoring, one Kaplan-Meier for all; ties: Breslow" in text
    assert "arm: subdistribution hazard ratio" in text


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"of": 4}, "cause: found no event of cause 4; the model needs at least one"),
        ({"of": True}, "of: found True; it must be the number of a cause, 1 or more"),
        (
            {"covariates": {"arm": [1, 1, 1, 1, 1]}},
            "covariates: arm does not vary among the patients at risk at any event; its hazard ratio has no estimate",
        ),
        (
            {"covariates": {"arm": [0, 1, 0, 1, 1]}},
            (
                "covariates: the likelihood rises without end along arm (an arm without events of the cause): its "
                "subdistribution hazard ratio is 0, with no standard error"
            ),
        ),
        (
            {"covariates": {"a": [0, 1, 1, 0, 1], "b": [0, 2, 2, 0, 2], "c": [2, 0, 1, 3, 1]}},
            "covariates: a, b are combinations of one another at the event times; leave one out",
        ),
    ],
)
def test_input_that_cannot_be_used_is_refused(options: dict[str, Any], text: str) -> None:
    arguments = {"time": [1, 2, 3, 4, 5], "cause": [1, 2, 1, 0, 0], "covariates": [0, 1, 1, 0, 1]} | options
    with pytest.raises(EngraftError) as caught:
        fine_gray(**arguments)
    assert str(caught.value) == text


def test_a_combination_without_a_maximum_is_refused() -> None:
    covariates = {"group": [0, 1, 1, 0, 0, 1, 1], "x": [1, 2, 0, 0, 1, 0, 2]}
    with pytest.raises(EngraftError, match="rises without end along a combination of group, x"):
        fine_gray([2, 5, 2, 4, 5, 4, 3], [1, 1, 0, 0, 1, 2, 1], covariates)
