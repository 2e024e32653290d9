"""Follow-up and landmark samples: who is a member, and where the clocks start. Values of R: reference tables."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import EngraftError
from sim.stats import kaplan_meier, landmark_sample, reverse_kaplan_meier


def test_follow_up_of_uncensored_data_is_never_reached_and_of_censored_data_is_the_median():
    assert np.isnan(reverse_kaplan_meier([1, 2, 3], [1, 1, 1]).quantile(0.5).time[0])
    assert reverse_kaplan_meier([1, 2, 3], [0, 0, 0]).quantile(0.5).time[0] == 2


def test_an_event_is_a_censoring_of_follow_up_and_comes_last_at_its_time():
    curve = reverse_kaplan_meier([2, 2, 5], [1, 0, 0])
    assert curve.survival.tolist() == [2 / 3, 0]
    assert (curve.events.tolist(), curve.censored.tolist()) == ([1, 1], [1, 0])


def test_members_are_those_after_the_landmark():
    found = landmark_sample([1, 2, 2, 3, 9], [1, 0, 2, 1, 0], at=2)
    assert found.rows.tolist() == [3, 4]
    assert found.time.tolist() == [1, 7]
    assert found.cause.tolist() == [1, 0]
    assert (found.events_before, found.censored_before) == (2, 1)
    assert found.entry.tolist() == [-np.inf, -np.inf]


def test_survival_after_a_landmark_is_conditional_survival():
    random = np.random.default_rng(8)
    time, event = random.integers(1, 30, 100).astype(float), random.integers(0, 2, 100)
    whole = kaplan_meier(time, event).at([10, 20]).survival
    members = landmark_sample(time, event, at=10)
    after = kaplan_meier(members.time, members.cause).at(10).survival[0]
    assert after == pytest.approx(whole[1] / whole[0], rel=1e-12)


def test_later_entries_stay_truncated():
    found = landmark_sample([5, 6, 7], [1, 1, 0], at=3, entry=[0, 4, 3])
    assert found.entry.tolist() == [-np.inf, 1, -np.inf]


def test_landmark_prints_itself():
    found = landmark_sample([1, 5], [1, 0], at=2)
    assert repr(found) == (
        "Landmark at 2: 1 members; before it 1 events and 0 censorings\n"
        "  members: time after the landmark; time zero: the landmark; late entries: truncated, not left out"
    )
    assert found.to_frame().columns.tolist() == ["row", "time", "cause", "entry"]


def test_a_landmark_behind_everybody_is_refused():
    with pytest.raises(EngraftError) as caught:
        landmark_sample([1, 5], [1, 0], at=5)
    assert str(caught.value) == "at: found 5, but nobody is followed beyond it; the last time is 5"
