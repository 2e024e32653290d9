"""MaxCombo and the normal box behind it: closed forms, bounds, sides. Values of R are in the reference tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from survival_samples import AML, GEHAN

from sim.errors import EngraftError
from sim.stats import MaxCombo, log_rank, max_combo
from sim.stats.normal_box import normal_box


def test_box_of_independent_variables_is_a_product():
    alone = math.erf(1.7 / math.sqrt(2))
    probability, error = normal_box(-1.7, 1.7, np.eye(4))
    assert probability == pytest.approx(alone**4, abs=1e-14)
    assert error < 1e-14


@pytest.mark.parametrize("correlation", [-0.7, 0.0, 0.3, 0.95])
def test_quadrant_of_two_variables(correlation):
    """Sheppard: P(X > 0, Y > 0) = 1/4 + asin(r) / (2 pi)."""
    probability, error = normal_box(0.0, np.inf, np.array([[1, correlation], [correlation, 1]]))
    exact = 0.25 + math.asin(correlation) / (2 * math.pi)
    assert abs(probability - exact) <= error < 2e-5


def test_orthant_of_three_variables():
    """1/8 + the sum of asin(r) / (4 pi)."""
    matrix = np.array([[1, 0.5, 0.2], [0.5, 1, -0.4], [0.2, -0.4, 1]])
    exact = 0.125 + (math.asin(0.5) + math.asin(0.2) + math.asin(-0.4)) / (4 * math.pi)
    probability, error = normal_box(-np.inf, 0.0, matrix)
    assert abs(probability - exact) <= error < 2e-5


def test_dependent_variables_narrow_the_box():
    same, _ = normal_box(-1.5, 1.5, np.ones((3, 3)))
    assert same == pytest.approx(math.erf(1.5 / math.sqrt(2)), abs=1e-14)
    mirrored, _ = normal_box(-np.inf, 1.0, np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert mirrored == pytest.approx(math.erf(1 / math.sqrt(2)), abs=1e-14)
    # The third is (X + Y) / sqrt 2 of the first two: the square of side 2 loses the corners beyond |x + y| = sqrt 2.
    half = 1 / math.sqrt(2)
    cut, error = normal_box(-1.0, 1.0, np.array([[1, 0, half], [0, 1, half], [half, half, 1]]))
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 4_000_000))
    simulated = float(np.mean((abs(x) < 1) & (abs(y) < 1) & (abs(x + y) < math.sqrt(2))))
    assert abs(cut - simulated) < 4 * math.sqrt(cut * (1 - cut) / x.size) + error


def test_statistics_are_the_weighted_log_rank_tests():
    found = max_combo(AML["time"], AML["event"], AML["group"])
    alone = [log_rank(AML["time"], AML["event"], AML["group"], rho=r, gamma=g).z for r, g in found.weights]
    assert found.z == pytest.approx(alone, rel=1e-12)
    assert found.statistic == pytest.approx(max(abs(z) for z in alone))


def test_swapped_groups_swap_the_sides():
    one = max_combo(GEHAN["time"], GEHAN["event"], GEHAN["control"])
    two = max_combo(GEHAN["time"], GEHAN["event"], 1 - GEHAN["control"])
    assert two.z == pytest.approx(-one.z)
    assert two.p_value == pytest.approx(one.p_value, abs=3e-5)
    assert (two.p_lower, two.p_higher) == pytest.approx((one.p_higher, one.p_lower), abs=3e-5)


def test_repeated_calls_give_the_same_bits():
    calls = [max_combo(AML["time"], AML["event"], AML["group"]).p_value for _ in range(2)]
    assert calls[0] == calls[1]


def test_far_out_the_p_value_keeps_to_its_bounds():
    time = np.arange(1.0, 401.0)
    found = max_combo(time, np.ones(400), time > 200)
    alone = math.erfc(found.statistic / math.sqrt(2))
    assert 0 < alone <= found.p_value <= 4 * alone < 1e-20


def test_a_weight_without_variance_says_nothing():
    """One event time: late weights are 0 there, and the test is the log-rank test."""
    time, event, group = [1, 1, 1, 2, 2, 2], [1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1]
    found = max_combo(time, event, group, weights=((0, 0), (0, 1)))
    assert found.z[1] == 0
    assert found.p_value == pytest.approx(log_rank(time, event, group).p_value, rel=1e-12)
    nothing = max_combo(time, [0] * 6, group)
    assert (nothing.statistic, nothing.p_value, nothing.p_lower, nothing.p_higher) == (0, 1, 1, 1)


def test_prints_its_conventions():
    found = max_combo(AML["time"], AML["event"], AML["group"], weights=((0, 0), (0, 1)))
    assert isinstance(found, MaxCombo)
    assert repr(found).startswith("MaxCombo: max |z| 1.84293, p = 0.09")
    assert "weights (0, 0), (0, 1); covariance: hypergeometric, under the null" in found.conventions
    assert found.to_frame().columns.tolist() == ["rho", "gamma", "z"]


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ([], r"weights: found \[\]; it must be 1 to 12 pairs"),
        ([(0, 0), (0, 0)], "each once"),
        ([0, 1], "it must be pairs"),
        ([(0, -1)], "weights: found -1; it must be a finite number, 0 or more"),
    ],
)
def test_weights_that_cannot_be_used(weights, text):
    with pytest.raises(EngraftError, match=text):
        max_combo([1, 2], [1, 1], [0, 1], weights=weights)


def test_more_groups_are_refused():
    with pytest.raises(EngraftError, match=r"^group: found 3 groups; MaxCombo compares exactly two$"):
        max_combo([1, 2, 3], [1, 1, 1], [0, 1, 2])
