"""Log-rank tests: the definition written out plainly, invariances, and what is printed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survival_samples import AML

from sim.errors import EngraftError
from sim.stats import LogRank, kaplan_meier, log_rank


def by_definition(time, event, group, stratum, entry, rho, gamma):
    """Observed less expected of groups 1.. and its covariance, sum by sum over strata and event times."""
    groups = int(group.max()) + 1
    difference, covariance = np.zeros(groups), np.zeros((groups, groups))
    for here in np.unique(stratum):
        member = stratum == here
        survival = 1.0
        for moment in np.unique(time[member & (event == 1)]):
            at_risk = member & (time >= moment) & (entry < moment)
            struck = member & (time == moment) & (event == 1)
            n, d = at_risk.sum(), struck.sum()
            share = np.bincount(group[at_risk], minlength=groups) / n
            weight = survival**rho * (1 - survival) ** gamma
            difference += weight * (np.bincount(group[struck], minlength=groups) - d * share)
            if n > 1:
                spread = np.diag(share) - np.outer(share, share)
                covariance += weight**2 * d * (n - d) / (n - 1) * spread
            survival *= 1 - d / n
    return difference[1:], covariance[1:, 1:]


@st.composite
def samples(draw: st.DrawFn) -> dict[str, np.ndarray]:
    """Rows on a grid of quarters, so that ties of all kinds are common; two to four groups, up to three strata."""
    size = draw(st.integers(4, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    time = random.integers(0, 12, size) / 4
    groups = draw(st.integers(2, 4))
    return {
        "time": time,
        "event": random.integers(0, 2, size),
        "group": np.concatenate((np.arange(groups), random.integers(0, groups, size)))[:size],
        "stratum": random.integers(0, draw(st.integers(1, 3)), size),
        "entry": np.where(random.random(size) < draw(st.sampled_from([0.0, 0.5])), time - random.random(size), -np.inf),
    }


@settings(deadline=None, max_examples=150)
@given(samples(), st.sampled_from([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 2.0)]))
def test_sums_are_those_of_the_definition(sample, weights):
    found = log_rank(**sample, rho=weights[0], gamma=weights[1])
    names = ("time", "event", "group", "stratum", "entry")
    difference, covariance = by_definition(*(sample[name] for name in names), *weights)
    np.testing.assert_allclose((found.observed - found.expected)[1:], difference, rtol=0, atol=1e-11)
    np.testing.assert_allclose(found.covariance, covariance, rtol=0, atol=1e-11)
    assert found.observed.sum() == pytest.approx(found.expected.sum(), abs=1e-11)


@settings(deadline=None, max_examples=50)
@given(samples())
def test_order_of_rows_and_of_labels_does_not_matter(sample):
    found = log_rank(**sample)
    turned = log_rank(**{name: values[::-1] for name, values in sample.items()} | {"group": -sample["group"][::-1]})
    assert turned.df == found.df
    assert turned.statistic == pytest.approx(found.statistic, abs=1e-9)
    assert turned.observed[::-1] == pytest.approx(found.observed)


def test_weights_are_read_just_before_each_time():
    """The weighted sum by hand from the pooled curve: maintained arm of aml, weight S(t-) (1 - S(t-))."""
    curve = kaplan_meier(AML["time"], AML["event"])
    before = np.concatenate(([1.0], curve.survival[:-1]))
    own = [((AML["time"] == t) & (AML["event"] == 1) & (AML["group"] == 0)).sum() for t in curve.time]
    found = log_rank(AML["time"], AML["event"], AML["group"], rho=1, gamma=1)
    assert found.observed[0] == pytest.approx(float((before * (1 - before) * own).sum()), rel=1e-12)


def test_sign_and_sides():
    found = log_rank(AML["time"], AML["event"], AML["group"])
    assert found.z == pytest.approx(np.sqrt(found.statistic))
    assert found.z > 0, "the second group, not maintained, dies sooner"
    assert found.p_higher == pytest.approx(found.p_value / 2)
    assert found.p_lower == pytest.approx(1 - found.p_value / 2)


def test_without_information_p_is_1():
    apart = log_rank([1, 2, 3, 4], [1, 1, 0, 0], [0, 0, 1, 1], entry=[0, 0, 2, 2])
    assert (apart.statistic, apart.df, apart.p_value, apart.z) == (0.0, 0, 1.0, 0.0)
    never = log_rank([1, 2, 3], [0, 0, 0], ["a", "b", "c"])
    assert (never.statistic, never.df, never.p_value, never.z) == (0.0, 0, 1.0, None)


def test_a_group_that_is_never_at_risk_with_others_takes_no_degree_of_freedom():
    time, event, group = np.array([1.0, 2, 3, 4, 5, 6, 7]), [0, 1, 1, 1, 1, 1, 0], [2, 0, 1, 0, 1, 0, 1]
    three, two = log_rank(time, event, group), log_rank(time[1:], event[1:], group[1:])
    assert (three.df, two.df) == (1, 1)
    assert three.statistic == pytest.approx(two.statistic, rel=1e-12)


def test_prints_its_conventions():
    plain = log_rank(AML["time"], AML["event"], np.where(AML["group"] == 0, "maintained", "none"))
    assert isinstance(plain, LogRank)
    assert repr(plain) == (
        "LogRank: chi-squared 3.39639 on 1 df, p = 0.06534, z = 1.84293 (none against maintained)\n"
        "  equal weights; variance: hypergeometric, under the null; ties: exact, events before censorings; p two-sided"
    )
    other = log_rank([1, 2, 3, 4], [1] * 4, [0, 1] * 2, stratum=[0, 0, 1, 1], entry=[0] * 4, rho=1)
    assert "Fleming-Harrington (1, 0)" in other.conventions
    assert "stratified, 2 strata; left truncation" in other.conventions
    assert list(plain.to_frame().columns) == ["group", "n", "events", "observed", "expected"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"group": [0, 0, 0]}, "group: found only 0 in every row; at least 2 groups are needed"),
        ({"group": [0, 1]}, "group: found 2 rows, but time has 3; each row needs both"),
        ({"group": [0, None, 1]}, "group: row 1 is missing; each row needs a label"),
        ({"group": [0.0, 1.0, np.nan]}, "group: row 2 is missing; each row needs a label"),
        (
            {"group": np.array([0, "a", 1], dtype=object)},
            "group: found labels of different kinds; use numbers or words",
        ),
        ({"group": pd.array([1, 2, None], dtype="Int64")}, "group: row 2 is missing; each row needs a label"),
        ({"stratum": [[1, 2, 3]]}, "stratum: found 2 dimensions; it must be one column of labels"),
        ({"rho": -1}, "rho: found -1; it must be a finite number, 0 or more"),
        ({"gamma": np.nan}, "gamma: found nan; it must be a finite number, 0 or more"),
        ({"gamma": "late"}, "gamma: found late; it must be a finite number, 0 or more"),
    ],
)
def test_what_cannot_be_used_is_told(change, text):
    with pytest.raises(EngraftError) as caught:
        log_rank(**({"time": [1, 2, 3], "event": [1, 0, 1], "group": [0, 1, 1]} | change))
    assert str(caught.value) == text
