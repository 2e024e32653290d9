"""Restricted means: closed forms, the curve they are the area of, follow-up that ends early. R: reference tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survival_samples import AML

from sim.errors import EngraftError
from sim.stats import kaplan_meier, rmst, rmst_difference
from sim.stats.influence import incidence_influence


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.booleans())
def test_mean_and_error_are_those_of_the_influence_of_each_patient(seed, size, truncated):
    """The infinitesimal jackknife of the curve's area is the Greenwood type variance, written in another way."""
    random = np.random.default_rng(seed)
    time = random.integers(1, 14, size).astype(float)
    event = random.integers(0, 2, size)
    entry = np.where(random.random(size) < 0.4, time * random.random(size), -np.inf) if truncated else None
    time, event = np.append(time, 20.0), np.append(event, 0)
    entry = None if entry is None else np.append(entry, -np.inf)
    found = rmst(time, event, tau=9, entry=entry)
    other = incidence_influence(time, event, times=[1.0], restricted_to=9.0, entry=entry)
    assert found.lost == pytest.approx(other.estimate[-1], abs=1e-12)
    if not truncated:
        assert found.std_error == pytest.approx(math.sqrt((other.values[-1] ** 2).sum()), abs=1e-10)


def test_area_of_the_curve():
    curve = kaplan_meier(AML["time"], AML["event"])
    edges = np.concatenate(([0.0], curve.time[curve.time < 40], [40.0]))
    area = float((curve.at(edges[:-1]).survival * np.diff(edges)).sum())
    found = rmst(AML["time"], AML["event"], tau=40)
    assert found.mean == pytest.approx(area, rel=1e-13)
    assert found.lost == pytest.approx(40 - area, rel=1e-12)
    assert (found.n, found.events) == (23, 15)


def test_without_events_the_interval_is_one_point():
    found = rmst([5, 6, 7], [0, 0, 1], tau=6)
    assert (found.mean, found.std_error, found.ci_low, found.ci_high) == (6, 0, 6, 6)


def test_a_curve_that_has_come_to_0_is_known_for_good():
    assert rmst([1, 2, 3], [1, 1, 1], tau=50).mean == pytest.approx(2, rel=1e-15)
    with pytest.raises(EngraftError) as caught:
        rmst([1, 2, 3], [1, 1, 0], tau=3.5)
    assert str(caught.value) == (
        "tau: found 3.5, but follow-up of all rows ends at 3 with survival above 0; choose at most that"
    )


def test_an_arm_that_is_followed_too_short_is_named():
    with pytest.raises(EngraftError, match=r"^tau: found 50, but follow-up of control ends at 4 with survival above 0"):
        rmst_difference([99, 98, 3, 4], [1, 0, 1, 0], ["active", "active", "control", "control"], tau=50)


def test_ratio_is_of_the_second_by_the_first_and_undoes_itself():
    one = rmst_difference(AML["time"], AML["event"], AML["group"], tau=40)
    two = rmst_difference(AML["time"], AML["event"], 1 - AML["group"], tau=40)
    assert two.difference == pytest.approx(-one.difference)
    assert two.ratio == pytest.approx(1 / one.ratio)
    assert (two.ratio_low, two.ratio_high) == pytest.approx((1 / one.ratio_high, 1 / one.ratio_low))


@pytest.mark.parametrize(
    ("time", "text"),
    [
        ([9, 9, 9, 9], "event: found no spread within the groups by tau = 5 (no events, or all at one time)"),
        ([0, 0, 1, 2], "time: every row of group 0 has its event at time 0; the ratio has no value"),
    ],
)
def test_differences_without_a_value_are_refused(time, text):
    with pytest.raises(EngraftError) as caught:
        rmst_difference(time, [1, 1, 1, 1], [0, 0, 1, 1], tau=5)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize("tau", [0, -1, np.nan, np.inf, "five", None])
def test_horizons_that_cannot_be_used(tau):
    with pytest.raises(EngraftError, match=r"^tau: found .*; it must be a finite number above 0$"):
        rmst([1, 2], [1, 0], tau=tau)


def test_prints_its_conventions():
    found = rmst_difference(AML["time"], AML["event"], AML["group"], tau=40, conf_level=0.9)
    assert "under the alternative; p two-sided; intervals: 90% normal, of the ratio on the log scale" in repr(found)
    assert found.to_frame()["quantity"].tolist() == ["difference", "ratio"]
    alone = rmst(AML["time"], AML["event"], tau=40)
    assert repr(alone) == (
        "RestrictedMean: 25.2395 of 40 (19.9507 to 30.5282), 23 subjects, 15 events\n"
        "  variance: Greenwood type; interval: 95% normal, two-sided"
    )
    assert alone.to_frame()["mean"].tolist() == [alone.mean]
