"""Differences at one time: the curves they are read from, both scales, what has no value. R: reference tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survival_samples import AML, FORTY

from sim.errors import EngraftError
from sim.stats import aalen_johansen, incidence_difference, kaplan_meier, milestone_difference


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32 - 1), st.integers(6, 60), st.booleans())
def test_estimates_and_errors_are_read_from_the_curves(seed, size, truncated):
    random = np.random.default_rng(seed)
    time = np.append(random.integers(1, 14, size), [14, 14, 1, 2]).astype(float)
    cause = np.append(random.integers(0, 3, size), [0, 0, 1, 1])
    group = np.append(random.integers(0, 2, size), [0, 1, 0, 1])
    entry = np.where(random.random(time.size) < 0.4, time * random.random(time.size), -np.inf)
    entry[-4:] = -np.inf  # one in each arm is followed throughout, and one has an event while it is
    late = {"entry": entry} if truncated else {}
    for at in (1.0, 7.5, 14.0):
        survival = milestone_difference(time, cause > 0, group, at=at, **late)
        incidence = incidence_difference(time, cause, group, at=at, **late)
        for arm in (0, 1):
            rows = group == arm
            own = {"entry": entry[rows]} if truncated else {}
            curve = kaplan_meier(time[rows], cause[rows] > 0, **own).at(at)
            assert survival.estimates[arm] == pytest.approx(curve.survival[0], abs=1e-14)
            if curve.survival[0] > 0:
                assert survival.std_errors[arm] == pytest.approx(curve.std_error[0], abs=1e-14)
            curves = aalen_johansen(time[rows], cause[rows], **own).at(at)
            assert incidence.estimates[arm] == pytest.approx(curves.cumulative_incidence[0, 0], abs=1e-13)
            assert incidence.std_errors[arm] ** 2 == pytest.approx(curves.std_error[0, 0] ** 2, abs=1e-13)


@pytest.mark.parametrize("scale", ["plain", "log-log"])
def test_the_sign_of_z_is_that_of_the_difference(scale):
    survival = milestone_difference(AML["time"], AML["event"], AML["group"], at=24, scale=scale)
    assert survival.difference < 0 > survival.z
    incidence = incidence_difference(FORTY["time"], FORTY["cause"], FORTY["group"], at=20, scale=scale)
    assert incidence.difference > 0 < incidence.z


def test_without_competing_causes_incidence_is_one_less_survival():
    survival = milestone_difference(AML["time"], AML["event"], AML["group"], at=24)
    incidence = incidence_difference(AML["time"], AML["event"], AML["group"], at=24)
    assert incidence.difference == pytest.approx(-survival.difference)
    assert incidence.std_error == pytest.approx(survival.std_error, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"at": -1}, "at: found -1; it must be a finite number, 0 or more"),
        ({"at": 0.5}, "event: found no spread within the groups by 0.5 (no events, or all at one time)"),
        ({"at": 5}, "at: found 5, but follow-up of b ends at 4 with survival above 0; choose at most that"),
        ({"at": 1, "scale": "log-log"},
         'scale: survival of b at 1 is 1, where "log-log" has no value; use "plain"'),
        ({"at": 1, "scale": "loglog"}, 'scale: found "loglog"; did you mean "log-log"?'),
        ({"at": 1, "group": ["a", "b", "c", "c"]}, "group: found 3 groups; a difference is of exactly two"),
    ],
)  # fmt: skip
def test_what_has_no_value_is_told(options, text):
    with pytest.raises(EngraftError) as caught:
        milestone_difference(**({"time": [1, 6, 3, 4], "event": [1, 0, 1, 0], "group": list("aabb")} | options))
    assert str(caught.value).startswith(text)


def test_prints_its_conventions():
    found = milestone_difference(AML["time"], AML["event"], AML["group"], at=24, scale="log-log")
    assert found.conventions == (
        "variance: Greenwood, under the alternative; p two-sided, log-log scale; interval: 95% normal, plain"
    )
    assert "1 0.486111 - 0 0.613636 = -0.127525" in repr(found)
    assert found.to_frame()["difference"].tolist() == [found.difference]
