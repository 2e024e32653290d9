"""Average hazard ratio: symmetry, horizon, truncation, arms without events, coverage, refused input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import EngraftError
from sim.stats import average_hazard_ratio, average_hazard_ratio_of_curves, kaplan_meier


def rows(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.ceil(6 * rng.exponential(size=n)), rng.integers(0, 2, n), np.arange(n) % 2


def test_exchanging_the_arms_turns_the_ratio_over() -> None:
    time, event, arm = rows(1)
    found, turned = average_hazard_ratio(time, event, arm), average_hazard_ratio(time, event, 1 - arm)
    assert turned.estimate == pytest.approx(1 / found.estimate)
    assert turned.std_error == pytest.approx(found.std_error)
    assert turned.ci_low == pytest.approx(1 / found.ci_high)
    assert (turned.first_wins, turned.second_wins) == pytest.approx((found.second_wins, found.first_wins))


def test_both_probabilities_are_what_the_product_of_the_curves_has_lost() -> None:
    time, event, arm = rows(2)
    found = average_hazard_ratio(time, event, arm, until=7)
    left = [kaplan_meier(time[arm == a], event[arm == a]).at(7).survival[0] for a in (0, 1)]
    assert found.first_wins + found.second_wins == pytest.approx(1 - left[0] * left[1])
    # The functional of the curves, read at every jump, is the estimate.
    grid = np.arange(0, 8)
    curves = [kaplan_meier(time[arm == a], event[arm == a]).at(grid).survival for a in (0, 1)]
    assert average_hazard_ratio_of_curves(curves[0], curves[1]) == pytest.approx(found.estimate)


def test_standard_error_is_that_of_a_derivative() -> None:
    # Each patient's weight moved a little: the infinitesimal jackknife equals Greenwood's increments.
    time, event, arm = rows(3, 30)
    copies = 400
    found = average_hazard_ratio(time, event, arm, until=6)
    moved = []
    for row in range(30):
        repeats = np.full(30, copies)
        repeats[row] += 1
        many = [np.repeat(column, repeats) for column in (time, event, arm)]
        moved.append(np.log(average_hazard_ratio(*many, until=6).estimate / found.estimate) * copies)
    assert np.sqrt(np.sum(np.square(moved))) == pytest.approx(found.std_error, rel=0.01)


def test_a_row_cut_in_two_by_late_entry_is_the_same_row() -> None:
    time, event, arm = rows(4)
    cut = average_hazard_ratio(
        np.concatenate((time / 2, time)),
        np.concatenate((0 * event, event)),
        np.tile(arm, 2),
        entry=np.concatenate((np.full(60, -np.inf), time / 2)),
        until=6,
    )
    whole = average_hazard_ratio(time, event, arm, until=6)
    assert (cut.estimate, cut.std_error) == pytest.approx((whole.estimate, whole.std_error))


def test_the_interval_covers_under_crossing_hazards() -> None:
    # 3,000 trials of 120; hazards 2 then 0.5 against 1. Coverage within 4 standard errors (0.4% each) of 95%.
    rng = np.random.default_rng(11)
    grid = np.linspace(0, 1.5, 20_001)
    cumulative = np.where(grid < 0.4, 2 * grid, 0.8 + 0.5 * (grid - 0.4))
    truth = average_hazard_ratio_of_curves(np.exp(-grid), np.exp(-cumulative))
    covered = 0
    for _ in range(3000):
        arm = np.arange(120) % 2
        spent = rng.exponential(size=120)
        event_time = np.where(arm == 0, spent, np.where(spent < 0.8, spent / 2, 0.4 + 2 * (spent - 0.8)))
        censored = rng.uniform(1.5, 3.0, 120)
        found = average_hazard_ratio(np.minimum(event_time, censored), event_time <= censored, arm, until=1.5)
        covered += found.ci_low <= truth <= found.ci_high
    assert abs(covered / 3000 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 3000)


def test_an_arm_without_events_has_ratio_0_or_infinity_and_no_interval() -> None:
    found = average_hazard_ratio([1, 2, 3, 4], [1, 0, 1, 0], ["a", "b", "a", "b"])
    assert (found.estimate, found.ci_low, found.ci_high, found.p_value) == (0, 0, np.inf, 1)
    assert average_hazard_ratio([1, 2, 3, 4], [1, 0, 1, 0], ["b", "a", "b", "a"]).estimate == np.inf
    assert average_hazard_ratio_of_curves([1, 0.5], [1, 1]) == 0
    assert average_hazard_ratio_of_curves([1, 1], [1, 0.5]) == np.inf


def test_the_horizon_is_where_both_curves_end() -> None:
    found = average_hazard_ratio([1, 2, 5, 2, 3, 4], [1, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1])
    assert found.until == 4
    assert "up to 4, 1 against 0" in repr(found)
    assert "Kalbfleisch and Prentice's weights" in found.conventions
    assert found.to_frame().loc[0, "until"] == 4
    # A curve at 0 is known for good.
    assert average_hazard_ratio([1, 2, 5, 9], [1, 1, 1, 0], [0, 0, 1, 1]).until == 9


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"until": 4}, "until: found 4; group b is known up to 3 only"),
        ({"group": ["a", "b", "c", "a"]}, "group: found 3 groups; an average hazard ratio compares two"),
        ({"event": [0, 0, 0, 1]}, "event: found no event up to 3 in either group; their hazards have no ratio"),
        ({"until": -1}, "until: row 0 is -1; it must be a finite number, 0 or more"),
    ],
)
def test_input_that_cannot_be_used_is_refused(options: dict[str, Any], text: str) -> None:
    arguments = {"time": [1, 2, 3, 4], "event": [1, 1, 0, 0], "group": ["a", "b", "b", "a"]} | options
    with pytest.raises(EngraftError) as caught:
        average_hazard_ratio(**arguments)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("reference", "other", "text"),
    [
        ([0.9, 0.5], [1, 0.5], "reference: row 0 is 0.9; survival starts at 1"),
        ([1, 0.5], [1, 0.5, 0.6], "other: row 2 is 0.6; it must not lie above the row before"),
        ([1, 0.5], [1, -0.1], "other: row 1 is -0.1; it must lie between 0 and 1"),
        ([1, 0.5], [1, 0.5, 0.4], "other: found 3 values, but reference has 2"),
        ([1, 1], [1, 1], "reference: neither curve falls; their hazards have no ratio"),
    ],
)
def test_curves_that_are_none_are_refused(reference: list[float], other: list[float], text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        average_hazard_ratio_of_curves(reference, other)
    assert str(caught.value) == text
