"""Turnbull's estimate and score tests: conditions of the maximum, plain likelihoods as oracle, refused input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.errors import EngraftError
from sim.stats import cox, interval_score_test, kaplan_meier, turnbull

Ends = tuple[np.ndarray, np.ndarray]


def visited(seed: int, n: int = 60, exact: float = 0.0, scale: float = 6.0) -> Ends:
    """Exponential times seen at visits of one's own, some exactly, some never."""
    rng = np.random.default_rng(seed)
    left, right = np.zeros(n), np.zeros(n)
    for row in range(n):
        time = scale * rng.exponential()
        visits = np.round(np.cumsum(rng.exponential(3.0, 4)), 1)
        left[row] = max([0.0, *visits[visits < time]])
        right[row] = min([np.inf, *visits[visits >= time]])
        if rng.random() < exact:
            left[row] = right[row] = np.round(time, 1)
    return left, right


def on_schedule(seed: int, n: int = 80) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three visits for all, of which some are missed; two arms."""
    rng = np.random.default_rng(seed)
    arm = np.arange(n) % 2
    time = rng.exponential(size=n) * np.where(arm, 2.0, 3.0)
    left, right = np.zeros(n), np.full(n, np.inf)
    for row in range(n):
        for visit in (1.0, 2.0, 4.0):
            if rng.random() < 0.8 and right[row] == np.inf:
                if time[row] > visit:
                    left[row] = visit
                else:
                    right[row] = visit
    return left, right, arm


def likelihood(found: Any, masses: np.ndarray, left: np.ndarray, right: np.ndarray) -> float:
    """Straight from the definition: mass of the sets within each row's interval."""
    exact = found.left == found.right
    total = 0.0
    for low, high in zip(left, right, strict=True):
        inside = (found.right <= high) & np.where(exact, found.left > low, found.left >= low)
        if low == high:
            inside = exact & (found.left == low)
        total += math.log(masses[inside].sum())
    return total


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("exact", [0.0, 0.3])
def test_no_other_masses_are_likelier(seed: int, exact: float) -> None:
    left, right = visited(seed, exact=exact)
    found = turnbull(left, right)
    assert found.gap < 1e-10
    assert found.mass.sum() == pytest.approx(1)
    best = likelihood(found, found.mass, left, right)
    assert found.log_likelihood == pytest.approx(best, rel=1e-12)
    rng = np.random.default_rng(seed)
    for _ in range(50):
        other = found.mass * np.exp(0.1 * rng.normal(size=found.mass.size))
        assert likelihood(found, other / other.sum(), left, right) < best
    # Masses moved to anywhere else do not help: the likelihood's slope towards a point is at most n.
    held = [math.exp(likelihood(found, found.mass, left[[row]], right[[row]])) for row in range(60)]
    for point in np.linspace(0.05, 30, 601):
        inside = (left < point) & (point <= right) | (left == right) & (left == point)
        assert np.sum(inside / np.array(held)) < 60 * (1 + 1e-9)


def test_exact_and_censored_times_are_kaplan_meier() -> None:
    rng = np.random.default_rng(3)
    time, event = np.ceil(10 * rng.exponential(size=50)), rng.integers(0, 2, 50)
    found = turnbull(time, np.where(event == 1, time, np.inf))
    curve = kaplan_meier(time, event)
    asked = np.arange(0, 41.0)
    known = ~np.isnan(curve.at(asked).survival)
    assert found.at(asked).survival_low[known] == pytest.approx(curve.at(asked).survival[known], abs=1e-8)
    # Mass beyond the last event lies after the last censored time that it could be at.
    assert found.right[-1] == np.inf or curve.survival[-1] == 0
    middle = np.searchsorted(found.right, 5.0, side="right") - 1
    assert found.std_error[middle] == pytest.approx(curve.at(5).std_error[0], rel=1e-6)


@pytest.mark.parametrize("conf_type", ["plain", "log", "log-log"])
def test_limits_are_those_of_kaplan_meier_where_times_are_exact(conf_type: Any) -> None:
    time, event = np.array([1, 2, 3, 4, 5, 6, 7, 8.0]), np.array([1, 1, 0, 1, 0, 1, 1, 0])
    found = turnbull(time, np.where(event == 1, time, np.inf), conf_level=0.9, conf_type=conf_type)
    curve = kaplan_meier(time, event, conf_level=0.9, conf_type=conf_type).at(found.right[:-1])
    table = found.to_frame()
    assert table["ci_low"].to_numpy()[:-1] == pytest.approx(curve.ci_low, rel=1e-6)
    assert table["ci_high"].to_numpy()[:-1] == pytest.approx(curve.ci_high, rel=1e-6)
    assert f"interval: pointwise 90% {conf_type}" in repr(found)


def test_bounds_differ_inside_a_set_only() -> None:
    found = turnbull([0, 2, 4], [3, 5, np.inf])
    # Sets: (2, 3] with 1/3 to 2/3 .. by hand: rows (0, 3], (2, 5], (4, inf) meet in (2, 3] and (4, 5].
    assert found.left.tolist() == [2, 4]
    assert found.right.tolist() == [3, 5]
    read = found.at([1, 2, 2.5, 3, 3.5, 4, 4.5, 5, 9]).to_frame()
    assert read["survival_high"].to_numpy() == pytest.approx([1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0, 0], abs=1e-9)
    assert read["survival_low"].to_numpy() == pytest.approx([1, 1, 0.5, 0.5, 0.5, 0.5, 0, 0, 0], abs=1e-9)


def test_never_seen_and_always_seen_are_one_set() -> None:
    never = turnbull([0, 0], [np.inf, np.inf])
    assert (never.mass.tolist(), never.left.tolist(), never.right.tolist()) == ([1], [0], [np.inf])
    assert never.at([0, 100]).survival_low.tolist() == [1, 0]
    once = turnbull([0.0, 0.0], [0.0, 0.0])
    assert (once.mass.tolist(), once.survival.tolist(), once.std_error.tolist()) == ([1], [0], [0])
    assert once.at(0).survival_high.tolist() == [0]


@pytest.mark.parametrize("seed", range(4))
def test_information_is_that_of_the_plain_grouped_likelihood(seed: int) -> None:
    left, right, arm = on_schedule(seed)
    found = interval_score_test(left, right, arm, variance="information")
    times = [0.0, 1.0, 2.0, 4.0, np.inf]
    start = np.array([turnbull(left, right).at(t).survival_low[0] for t in times[1:4]])

    def plain(values: np.ndarray) -> float:
        survival = dict(zip(times, [1.0, *values[1:], 0.0], strict=True))
        ratio = np.where(arm == 1, np.exp(values[0]), 1.0)
        low = np.array([survival[t] for t in left])
        high = np.array([survival[t] for t in right])
        return float(np.log(low**ratio - high**ratio).sum())

    at, step = np.concatenate(([0.0], start)), 1e-4
    size = at.size
    unit = step * np.eye(size)
    slope = np.array([(plain(at + unit[a]) - plain(at - unit[a])) / (2 * step) for a in range(size)])
    curve = np.array(
        [
            [
                -(
                    plain(at + unit[a] + unit[b])
                    - plain(at + unit[a] - unit[b])
                    - plain(at - unit[a] + unit[b])
                    + plain(at - unit[a] - unit[b])
                )
                / (4 * step**2)
                for b in range(size)
            ]
            for a in range(size)
        ]
    )
    assert slope[1:] == pytest.approx(0, abs=1e-4)  # Turnbull's estimate is the maximum under the null
    assert found.score[1] == pytest.approx(slope[0], rel=1e-5)
    efficient = curve[0, 0] - curve[0, 1:] @ np.linalg.solve(curve[1:, 1:], curve[1:, 0])
    assert found.covariance[1, 1] == pytest.approx(efficient, rel=1e-4)
    assert found.z == pytest.approx(slope[0] / np.sqrt(efficient), rel=1e-4)


def test_log_rank_scores_of_exact_times_are_those_of_the_log_rank_test() -> None:
    rng = np.random.default_rng(8)
    time, event, arm = rng.exponential(size=70), rng.integers(0, 2, 70), np.arange(70) % 2
    found = interval_score_test(time, np.where(event == 1, time, np.inf), arm, scores="log-rank")
    score = cox(time, event, arm, ties="breslow").score.statistic
    assert found.statistic == pytest.approx(score, rel=0.1)  # permutation variance in place of the hypergeometric one


def test_three_groups_strata_and_exchange() -> None:
    left, right = visited(9, 90)
    group, stratum = np.arange(90) % 3, np.arange(90) // 45
    found = interval_score_test(left, right, group)
    assert found.df == 2
    assert found.z is None
    assert found.score.sum() == pytest.approx(0, abs=1e-8)
    parts = [interval_score_test(left[stratum == s], right[stratum == s], group[stratum == s]) for s in (0, 1)]
    both = interval_score_test(left, right, group, stratum=stratum)
    assert both.score == pytest.approx(parts[0].score + parts[1].score)
    assert both.covariance == pytest.approx(parts[0].covariance + parts[1].covariance)
    two = interval_score_test(left, right, group > 0)
    turned = interval_score_test(left, right, group == 0)
    assert two.z == pytest.approx(-(turned.z or 0))
    assert (two.p_lower or 0) + (two.p_higher or 0) == pytest.approx(1)


def test_without_information_nothing_is_tested() -> None:
    found = interval_score_test([0, 0, 0], [np.inf] * 3, [0, 1, 1])
    assert (found.statistic, found.df, found.p_value, found.z) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([1, 2, 3, 4], [np.inf] * 4),
        ([2, 2, 2, 2], [2, 2, 2, 2]),
        ([2, 2, 2, 2], [2, np.inf, np.inf, np.inf]),
        ([0, 0, 0, 0], [0, 0, np.inf, 0]),
        ([0, 0, 0, 0], [9, 9, 9, 9]),
        ([1, 2, 3, 4], [1, 2, 3, 4]),
        ([0, 5, 0, 5], [5, np.inf, 5, np.inf]),
        ([0, 1, 2, 3], [1, 2, 3, np.inf]),
    ],
)
def test_degenerate_intervals_have_defined_results(left: list[float], right: list[float]) -> None:
    found = turnbull(left, right)
    assert found.mass.sum() == pytest.approx(1)
    assert found.std_error is not None
    assert np.isfinite(found.std_error).all()
    assert np.isfinite(found.log_likelihood)
    assert repr(found)
    for variance in ("permutation", "information"):
        test = interval_score_test(left, right, [0, 1, 0, 1], variance=variance)  # type: ignore[arg-type]
        assert 0 <= test.p_value <= 1
        assert test.z is not None
        assert abs(test.z) == pytest.approx(math.sqrt(test.statistic))
        assert repr(test)
    alone = turnbull(left[:1], right[:1])
    assert alone.mass.tolist() == [1]


def test_results_say_their_conventions() -> None:
    left, right = visited(1)
    assert "event in (left, right]" in repr(turnbull(left, right))
    found = interval_score_test(left, right, np.arange(60) % 2)
    assert "grouped proportional hazards (Finkelstein 1986); variance: permutation" in repr(found)
    assert found.to_frame()["n"].tolist() == [30, 30]
    with pytest.raises(EngraftError, match='conf_type: found "loglog"; did you mean "log-log"'):
        turnbull(left, right, conf_type="loglog")  # type: ignore[arg-type]
    with pytest.raises(EngraftError, match="conf_level: found 95; it must lie between 0 and 1"):
        turnbull(left, right, conf_level=95)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"left": [0, -1, 2]}, "left: row 1 is -1; it must be a finite number, 0 or more"),
        ({"right": [1, 2]}, "right: found 2 rows, but left has 3; each row needs both"),
        ({"right": [1, 2, np.nan]}, "right: row 2 is nan; it must be a number (infinity: the event was not seen)"),
        ({"right": [1, 2, 1]}, "right: row 2 is 1; it must not lie before left, which is 2"),
        ({"group": [1, 1, 1]}, "group: found only 1 in every row; at least 2 groups are needed"),
        ({"scores": "logrank"}, 'scores: found "logrank"; did you mean "log-rank"?'),
        (
            {"scores": "log-rank", "variance": "information"},
            'variance: found "information" with log-rank scores; it goes with "proportional hazards"',
        ),
    ],
)
def test_input_that_cannot_be_used_is_refused(options: dict[str, Any], text: str) -> None:
    arguments = {"left": [0, 1, 2], "right": [1, 3, np.inf], "group": ["a", "b", "a"]} | options
    with pytest.raises(EngraftError) as caught:
        interval_score_test(**arguments)
    assert str(caught.value) == text


def test_a_score_that_the_masses_explain_wholly_has_no_information() -> None:
    found = interval_score_test(
        [0, 3, 5, 0, 4], [np.inf, 3, np.inf, np.inf, 4], [1, 0, 0, 0, 0], variance="information"
    )
    assert (found.statistic, found.df, found.p_value, found.z) == (0, 0, 1, 0)
