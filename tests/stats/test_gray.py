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


def plain(time: np.ndarray, cause: np.ndarray, group: np.ndarray, joint: bool) -> tuple[np.ndarray, np.ndarray]:
    """Score and variance as the documentation writes them, from whole arrays of times and groups."""
    grid, groups = np.unique(time), np.unique(group)
    here = np.array([[(group == k) & (time == t) for t in grid] for k in groups])
    at_risk = np.array([[((group == k) & (time >= t)).sum() for t in grid] for k in groups], dtype=float)
    own, other = ((here & (cause == code)).sum(axis=2).astype(float) for code in (1, 2))
    some = np.maximum(at_risk, 1.0)
    after = np.cumprod(1 - (own + other) / some, axis=1)
    before = np.hstack((np.ones((groups.size, 1)), after[:, :-1]))
    inside = np.cumsum(before * own / some, axis=1)
    h = np.divide(at_risk, before, out=np.zeros_like(at_risk), where=at_risk > 0)
    reach = h * (1 - np.hstack((np.zeros((groups.size, 1)), inside[:, :-1])))
    all_h, all_own = h.sum(axis=0), own.sum(axis=0)
    score = (own - reach * all_own / reach.sum(axis=0)).sum(axis=1)
    step = all_own / all_h
    pooled = np.cumsum(step)
    hazard = step / (1 - pooled + step)
    direct = h[:, np.newaxis] * (np.eye(groups.size)[:, :, np.newaxis] - h / all_h)
    summed = np.cumsum(direct * hazard, axis=2)
    ahead = summed[:, :, -1:] - summed
    kept = np.divide(1 - pooled, after, out=np.zeros_like(after), where=after > 0)
    a, b = direct + (1 - kept) * ahead, -kept * ahead
    one = np.divide(1.0, h, out=np.zeros_like(h), where=h > 0)
    size = all_h * before - 1
    tied = 1 - np.where(all_own > 1, all_own - 1, 0) / np.where(size > 0, size, np.inf)
    tied_other = 1 - np.where(other > 1, other - 1, 0) / np.where(at_risk > 1, at_risk - 1, np.inf)
    variance = np.einsum("krt,lrt,rt->kl", a, a, step * tied * one)
    variance += np.einsum("krt,lrt,rt->kl", b, b, other * tied_other * one**2)
    if joint:
        both = step * other * one / np.where(at_risk > 1, at_risk - 1, np.inf)
        crossed = np.einsum("krt,lrt,rt->kl", a, b, both)
        variance -= crossed + crossed.T
    return score, variance


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("ties", ["separate", "joint"])
def test_score_and_variance_are_those_of_the_formulas(seed: int, ties: Any) -> None:
    time, cause, group = rows(seed, n=40 + 20 * (seed % 3), groups=2 + seed % 3)
    found = gray_test(time, cause, group, ties=ties)
    score, variance = plain(time, cause, group, ties == "joint")
    assert found.events - found.expected == pytest.approx(score)
    assert found.covariance == pytest.approx(variance)


def test_the_rule_for_tied_causes_matters_only_where_there_are_some() -> None:
    time, cause, group = rows(9)
    separate, joint = (gray_test(time, cause, group, ties=ties) for ties in ("separate", "joint"))
    assert joint.covariance[0, 0] > separate.covariance[0, 0]
    apart = time + np.random.default_rng(0).random(80)
    separate, joint = (gray_test(apart, cause, group, ties=ties) for ties in ("separate", "joint"))
    assert joint.covariance.tolist() == separate.covariance.tolist()
    assert "causes joint" in repr(joint)


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
        ({"ties": "jont"}, 'ties: found "jont"; did you mean "joint"?'),
        ({"rho": np.nan}, "rho: row 0 is nan; it must be a finite number"),
        ({"stratum": [1, 2]}, "stratum: found 2 rows, but time has 3; each row needs both"),
    ],
)
def test_input_that_cannot_be_used_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        gray_test(**({"time": [1, 2, 3], "cause": [1, 0, 2], "group": ["a", "b", "a"]} | options))
    assert str(caught.value) == text
