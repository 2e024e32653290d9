"""Arithmetic of printed figures against the estimators of sim.stats, brute force and hand-worked values."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from sim.evidence.audit.arithmetic import (
    SCALES,
    Scale,
    counts_for,
    decimals,
    effective_n,
    greenwood,
    half_unit,
    is_binomial,
    is_symmetric,
    limits,
    log_log_z,
    mirror,
    risk_sets,
    rounds_to,
    survival_steps,
    two_sided,
)
from sim.stats import binomial_interval, kaplan_meier

TIMES = np.array([3.0, 5, 5, 8, 11, 14, 14, 17, 20, 21, 24, 26, 30, 31, 33, 35, 36, 40, 41, 44])
EVENTS = np.array([0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("scale", SCALES)
def test_limits_greenwood_and_mirror_are_those_of_kaplan_meier(scale: Scale) -> None:
    found = kaplan_meier(TIMES, EVENTS, conf_type=scale).at([25.0])
    share, low, high = (float(np.ravel(value)[0]) for value in (found.survival, found.ci_low, found.ci_high))
    variance = greenwood(scale, share, low)
    assert limits(scale, share, variance)[0] == pytest.approx(low, abs=1e-12)
    assert min(limits(scale, share, variance)[1], 1.0) == pytest.approx(high, abs=1e-12)
    assert min(mirror(scale, share, low), 1.0) == pytest.approx(high, abs=1e-12)
    assert np.sqrt(variance) * share == pytest.approx(float(np.ravel(found.std_error)[0]), rel=1e-9)
    assert is_symmetric(scale, round(share, 3), round(low, 3), round(high, 3), 0.0005)


def test_the_effective_number_of_a_binomial_sample_is_its_size() -> None:
    share, total = 0.8, 50
    low, _ = limits("log-log", share, (1 - share) / (share * total))
    assert effective_n("log-log", share, low) == pytest.approx(total)


@pytest.mark.parametrize(
    ("estimate", "low", "events", "most", "scale"),
    [(0.816, 0.647, 3, 21, "log"), (0.821, 0.656, 3, 21, "log"), (0.825, 0.662, 3, 21, "log"),
     (0.929, 0.803, 1, 15, "log"), (0.986, 0.904, 1, 137, "log-log"), (0.9, 0.72, 2, 40, "log-log")],
)  # fmt: skip
def test_risk_sets_are_those_of_brute_force(estimate: float, low: float, events: int, most: int, scale: Scale) -> None:
    brute = set()
    for numbers in combinations(range(most, 1, -1), events):
        share, variance = survival_steps(numbers)
        if abs(share - estimate) <= 0.0005 + 1e-9 and abs(limits(scale, share, variance)[0] - low) <= 0.0005 + 1e-9:
            brute.add(numbers)
    found = list(risk_sets(estimate, low, events=events, most=most, scale=scale, half=0.0005))
    assert set(found) == brute
    assert len(found) == len(brute)


def test_the_three_curves_of_huang_have_the_risk_sets_found_by_hand() -> None:
    assert list(risk_sets(0.821, 0.656, events=3, most=21, scale="log", half=0.0005)) == [(19, 15, 14)]
    assert list(risk_sets(0.989, 0.925, events=2, most=137, scale="log-log", half=0.0005)) == []


@pytest.mark.parametrize("most", [10**9, 10**6])
def test_what_cannot_be_enumerated_ends_at_once(most: int) -> None:
    assert list(risk_sets(0.9, 0.7, events=3, most=most, scale="log", half=0.0005)) == []
    assert list(risk_sets(0.9, 0.7, events=4, most=20, scale="log", half=0.0005)) == []
    assert len(counts_for(50, most)) <= 3000


@pytest.mark.parametrize(
    ("value", "most", "expected"),
    [(83.3, 14, [(5, 6), (10, 12)]), (40, 14, [(2, 5), (4, 10)]), (69.1, 14, []), (100, 2, [(1, 1), (2, 2)])],
)
def test_counts_that_are_printed_as_a_percentage(value: float, most: int, expected: list[tuple[int, int]]) -> None:
    assert counts_for(value, most) == expected


def test_counts_agree_with_rounding_each_fraction() -> None:
    for value in (7.7, 33.3, 50.0, 92.3):
        brute = [(k, n) for n in range(1, 41) for k in range(n + 1) if abs(100 * k / n - value) <= 0.05 + 1e-7]
        assert counts_for(value, 40) == brute


@pytest.mark.parametrize(
    ("value", "digits", "half"), [(40, 0, 0.005), (40.0, 1, 0.0005), (83.3, 1, 0.0005), (0.05, 2, 0.00005)]
)
def test_digits_are_those_written(value: float, digits: int, half: float) -> None:
    assert decimals(value) == digits
    assert half_unit(value) == pytest.approx(half)


def test_both_ends_of_a_rounding_interval_round_to_the_figure() -> None:
    assert rounds_to(0.8325, 83.3)
    assert rounds_to(0.8335, 83.3)
    assert not rounds_to(0.8336, 83.3)


@pytest.mark.parametrize("method", ["clopper-pearson", "wilson"])
def test_exact_intervals_of_counts_are_known(method: str) -> None:
    found = binomial_interval(12, 13, method=method)  # type: ignore[arg-type]
    low, high = round(found.ci_low, 3), round(found.ci_high, 3)
    assert is_binomial(0.923, low, high, 13, 0.0005)
    assert not is_binomial(0.923, low - 0.02, high, 13, 0.0005)


def test_the_test_at_one_time_is_that_of_the_log_log_scale() -> None:
    """92.0 (82.7 to 96.4) against 76.8 (65.6 to 84.7), worked with numpy: z = 2.38."""
    errors = []
    for share, low in ((0.92, 0.827), (0.768, 0.656)):
        theta, edge = np.log(-np.log(share)), np.log(-np.log(low))
        errors.append((theta, (edge - theta) / stats.norm.ppf(0.975)))
    expected = (errors[0][0] - errors[1][0]) / np.hypot(errors[0][1], errors[1][1])
    z = log_log_z((0.92, greenwood("log-log", 0.92, 0.827)), (0.768, greenwood("log-log", 0.768, 0.656)))
    assert z == pytest.approx(expected)
    assert two_sided(z) == pytest.approx(2 * stats.norm.sf(abs(expected)))
    assert two_sided(z) == pytest.approx(0.0171, abs=5e-5)
