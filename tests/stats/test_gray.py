"""Gray's test: what it is without other causes or censoring, what leaves it as it is, refused input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import EngraftError
from sim.stats import cox, gray_test


def rows(seed: int, n: int = 80, groups: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.ceil(8 * rng.exponential(size=n)), rng.integers(0, 3, n), rng.integers(0, groups, n)


def test_without_censoring_the_score_is_that_of_times_at_which_the_lost_never_have_the_event() -> None:
    # Then the subdistribution risk set is known: who was lost to another cause stays in it.
    # One patient of each group is followed longest: a group of whom nobody is left is no longer compared.
    time, cause, group = rows(1)
    cause = np.maximum(cause, 1)
    time, cause, group = np.append(time, [99, 99]), np.append(cause, [0, 0]), np.append(group, [0, 1])
    found = gray_test(time, cause, group)
    never = np.where(cause == 2, 99, time)
    log_rank = cox(never, cause == 1, group, ties="breslow")
    squared = log_rank.score.statistic * information_at_null(never, cause == 1, group)
    assert (found.events - found.expected)[1] ** 2 == pytest.approx(squared, rel=1e-9)
    assert found.events.sum() == pytest.approx(found.expected.sum())


def information_at_null(time: np.ndarray, event: np.ndarray, group: np.ndarray) -> float:
    """Of Breslow's likelihood: sum of d p (1 - p)."""
    total = 0.0
    for now in np.unique(time[event]):
        share = group[time >= now].mean()
        total += (event & (time == now)).sum() * share * (1 - share)
    return total


def test_the_first_event_has_the_variance_of_a_draw() -> None:
    # One event, four against six: covariance p (1 - p), whatever comes later.
    found = gray_test([2] + [3] * 9, [1] + [0] * 9, [0] * 4 + [1] * 6)
    assert found.covariance == pytest.approx(0.24 * np.array([[1, -1], [-1, 1]]))
    assert found.statistic == pytest.approx(0.6**2 / 0.24)
    # Tied events are drawn without replacement: the hypergeometric variance.
    tied = gray_test([2, 2, 2] + [3] * 7, [1, 1, 1] + [0] * 7, [0, 0, 1, 0, 0] + [1] * 5)
    assert tied.covariance[0, 0] == pytest.approx(3 * 0.24 * 7 / 9)


def test_order_labels_and_scale_do_not_matter() -> None:
    time, cause, group = rows(2, groups=3)
    found = gray_test(time, cause, group)
    order = np.random.default_rng(0).permutation(time.size)
    words = np.array(["c", "a", "b"])[group]
    moved = gray_test(7.5 * time[order], np.array([0, 2, 1])[cause[order]], words[order], of=2)
    assert moved.groups == ("a", "b", "c")
    assert moved.statistic == pytest.approx(found.statistic, rel=1e-10)
    assert moved.events.tolist() == found.events[[1, 2, 0]].tolist()
    assert (found.df, found.n.sum()) == (2, 80)


def test_strata_add_up() -> None:
    time, cause, group = rows(3)
    stratum = np.arange(80) % 4
    whole = gray_test(time, cause, group, stratum=stratum)
    parts = [gray_test(time[stratum == s], cause[stratum == s], group[stratum == s]) for s in range(4)]
    assert whole.covariance == pytest.approx(sum(part.covariance for part in parts))
    assert whole.expected == pytest.approx(sum(part.expected for part in parts))
    assert whole.strata == 4


def test_groups_that_never_meet_cannot_be_compared_but_others_still_can() -> None:
    time, cause = [1, 1, 2, 3, 2, 3], [0, 0, 1, 1, 0, 1]
    apart = gray_test(time, cause, [0, 0, 1, 1, 1, 1])
    assert (apart.statistic, apart.df, apart.p_value) == (0, 0, 1)
    assert gray_test(time, cause, [0, 1, 0, 1, 0, 1], of=2).p_value == 1
    found = gray_test(time, cause, [0, 0, 1, 1, 2, 2])
    assert found.df == 1
    assert found.statistic == pytest.approx(gray_test(time[2:], cause[2:], [1, 1, 2, 2]).statistic)


def test_a_test_says_its_conventions() -> None:
    time, cause, group = rows(4)
    found = gray_test(time, cause, group, rho=1)
    assert "cause 1; weight (1 - F)^1, F pooled; variance: Gray (1988), under the null" in repr(found)
    assert found.to_frame()["events"].sum() == pytest.approx(found.expected.sum())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"group": [1, 1, 1]}, "group: found only 1 in every row; at least 2 groups are needed"),
        ({"of": 0}, "of: found 0; it must be the number of a cause, 1 or more"),
        ({"rho": np.nan}, "rho: row 0 is nan; it must be a finite number"),
        ({"stratum": [1, 2]}, "stratum: found 2 rows, but time has 3; each row needs both"),
    ],
)
def test_input_that_cannot_be_used_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        gray_test(**({"time": [1, 2, 3], "cause": [1, 0, 2], "group": ["a", "b", "a"]} | options))
    assert str(caught.value) == text
