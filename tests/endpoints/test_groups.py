"""Groups: who belongs to a landmark group, and from when they are under observation."""

from __future__ import annotations

import numpy as np
import pytest

from sim.endpoints.groups import at_risk, grouping, members, result_of
from sim.endpoints.table import time_to_event
from sim.errors import EngraftError

LINES = {
    0: [(30, "remission"), (90, "result", "negative"), (200, "relapse"), (300, "death")],
    1: [(30, "remission"), (80, "relapse"), (90, "result", "negative"), (300, "death")],  # early relapse
    2: [(30, "remission"), (95, "result", "negative"), (95, "relapse")],  # and in its tick
    3: [(30, "remission"), (85, "result", "positive"), (185, "result", "negative")],  # tested again
    4: [(30, "remission"), (60, "death")],  # no result
    5: [(100, "remission"), (90, "result", "negative"), (150, "relapse")],  # landmark before time zero
}
WORDS = {
    "mrd": ["negative", "negative", "negative", "negative", "not_evaluable", "negative"],
    "arm_of_study": ["a", "a", "b", "b", "a", "b"],
    "age_band": ["16-35", "5-15", "16-35", "outside", "16-35", "16-35"],
}


@pytest.fixture
def history(hand_made):
    return hand_made(LINES, attributes=WORDS)


@pytest.fixture
def free(history):
    return time_to_event(history, history.protocol.endpoints["LFS"], name="LFS")


def test_members_are_event_free_and_observed_at_the_landmark(history, free):
    groups = grouping(history, by="mrd", landmark="result(mrd)")
    assert groups.words == ("negative", "positive")
    negative = members(free, groups, "negative")
    assert negative.patient.tolist() == [0, 5]
    assert negative.time.tolist() == [170.0, 50.0]
    assert negative.entry.tolist() == [60.0, -np.inf]
    assert negative.landmark.tolist() == [60.0, -10.0]
    # The first result counts: a later test does not move a patient between groups.
    assert members(free, groups, "positive").patient.tolist() == [3]


def test_the_clock_may_start_at_the_landmark(history, free):
    groups = grouping(history, by="mrd", landmark="result(mrd)")
    negative = members(free, groups, "negative", clock="landmark")
    assert negative.time.tolist() == [110.0, 60.0]
    assert negative.entry.tolist() == [-np.inf, 10.0]  # remission of patient 5 came ten days after the result


def test_a_group_known_from_the_start_has_no_truncation(history, free):
    groups = grouping(history, by="arm_of_study")
    assert groups.words == ("b", "a")
    first = members(free, groups, "a")
    assert first.patient.tolist() == [0, 1, 4]
    assert first.entry is None
    assert first.landmark is None


def test_any_event_can_be_a_landmark(history, free):
    groups = grouping(history, by="arm_of_study", landmark="relapse")
    assert members(free, groups, "a").patient.tolist() == []  # no one is free of relapse after relapse
    overall = time_to_event(history, history.protocol.endpoints["OS"])
    late = members(overall, groups, "a")
    assert late.patient.tolist() == [0, 1]
    assert late.entry.tolist() == [200.0, 80.0]


def test_words_stand_in_declared_order(history):
    assert grouping(history, by="mrd").words == ("not_evaluable", "negative")
    assert grouping(history, by="age_band").words == ("5-15", "16-35", "outside")


def test_everybody_is_at_risk_without_a_group(free):
    everyone = at_risk(free)
    assert everyone.patient.tolist() == free.patient.tolist()
    assert everyone.entry is None


def test_entry_lies_before_the_end_of_every_member(history):
    for endpoint in history.protocol.endpoints.values():
        found = time_to_event(history, endpoint)
        for clock in ("endpoint", "landmark"):
            for word in ("negative", "positive"):
                group = members(found, grouping(history, by="mrd", landmark="result(mrd)"), word, clock=clock)
                assert (group.entry < group.time).all()


@pytest.mark.parametrize(
    ("by", "landmark", "message"),
    [
        ("mdr", None, 'hand-made has no attribute "mdr"; did you mean "mrd"'),
        ("mrd", "result(mdr)", 'hand-made has no attribute "mdr"; did you mean "mrd"'),
        ("mrd", "relaps", 'no event is called "relaps" in hand-made; did you mean "relapse"'),
    ],
)
def test_what_is_unknown_is_named(history, by, landmark, message):
    with pytest.raises(EngraftError) as caught:
        grouping(history, by=by, landmark=landmark)
    assert message in str(caught.value)


def test_how_a_landmark_is_written():
    assert result_of("result(mrd_after_c1)") == "mrd_after_c1"
    assert result_of(" result( mrd ) ") == "mrd"
    assert result_of("transplant") is None
