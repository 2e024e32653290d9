"""Times count from each endpoint's time zero, up to the horizon; a time that nobody can reach is an error."""

from __future__ import annotations

import numpy as np
import pytest

from sim.compare.config import load_config
from sim.compare.prepare import prepare
from sim.compare.run import compare
from sim.errors import InvalidDocument

NO_STUDY = ("as_published: [small]", "as_published: []")
FEW = ("patients: 400", "patients: 80")


def told(path):
    with pytest.raises(InvalidDocument) as caught:
        compare(path)
    return [(p.position.line, p.path, p.message) for p in caught.value.problems]


def test_the_horizon_itself_can_be_asked_for(written):
    """LFS counts from remission at day 28, and is followed to the whole horizon none the less."""
    path = written(config=[NO_STUDY, FEW, ("horizon: 4 y", "horizon: 2 y"), ("[1 y, 2 y, 3 y]", "[1 y, 2 y]")])
    found = compare(path)
    overall = found.summary[found.summary["subgroup"] == "all"]
    assert len(overall) == 3 * 4 * 2
    assert overall["estimate"].notna().all()
    assert (overall["at_risk"] > 0).all()
    assert found.differences["difference"].notna().all()
    # Every clock ends at the horizon, and nobody who is free of events leaves it before.
    assert set(found.endpoints.query("event == 0")["time_days"]) == {730.5}
    assert found.endpoints["time_days"].max() == 730.5
    curves = found.curves[found.curves["subgroup"] == "all"]
    assert set(curves.groupby(["arm", "endpoint"])["time_days"].max()) == {730.5}


def test_a_restricted_mean_up_to_the_horizon_is_known(written):
    path = written(config=[NO_STUDY, FEW, ("horizon: 4 y", "horizon: 3 y")])
    found = compare(path)
    row = found.differences.query(
        "arm == 'strong' and subgroup == 'all' and endpoint == 'LFS' and measure == 'restricted mean time'"
    ).iloc[0]
    mean = found.endpoints.query("endpoint == 'LFS'").groupby("arm")["time_days"].mean()
    assert row["difference"] == pytest.approx(mean["strong"] - mean["old"], abs=1e-8)


def test_events_after_the_horizon_do_not_count(written):
    short, long = (compare(written(config=[NO_STUDY, FEW, ("horizon: 4 y", f"horizon: {y} y")])) for y in (3, 4))
    keys = ["patient", "arm", "endpoint"]
    both = short.endpoints.merge(long.endpoints, on=keys, suffixes=("", "_long"))
    assert len(both) == len(short.endpoints) == len(long.endpoints)
    late = both["time_days_long"] > 3 * 365.25
    assert (both[late & (both["event_long"] == 1)]["event"] == 0).any()
    assert (both["time_days"] == np.minimum(both["time_days_long"], 3 * 365.25)).all()
    assert (both[~late]["event"] == both[~late]["event_long"]).all()


def test_a_time_that_no_time_zero_leaves_room_for_is_told(written):
    """A time zero eighteen months after the start is beyond the year that is simulated past the horizon."""
    rule = ("  OS: {from: enrolment, event: [death]}", "  OS: {from: cared, event: [death]}")
    start = ("  FOLLOW_UP: {open: true}", "  FOLLOW_UP: {open: true, emits: cared}")
    path = written(
        old_way=[("  CARE: {lasts: 60 d,", "  CARE: {lasts: 18 months,"), rule, start],
        config=[NO_STUDY, FEW, ("horizon: 4 y", "horizon: 3 y")],
    )
    found = told(path)
    assert {place for _, place, _ in found} == {"times[2]"}
    assert found[0][0] == 13
    assert "nobody can be followed to 3 y for OS of old: follow-up ends at most" in found[0][2]


def test_a_landmark_clock_needs_room_after_the_landmark(written):
    path = written(
        config=[NO_STUDY, FEW, ("horizon: 4 y", "horizon: 3 y"), ('"result(mrd)"}', '"result(mrd)", clock: landmark}')]
    )
    found = told(path)
    assert {place for _, place, _ in found} == {"subgroups.MRD.clock"}
    assert found[0][2].endswith("from the landmark; give a longer horizon")


def test_studies_are_followed_for_as_long_as_they_say_whatever_the_horizon(written):
    long, short = (
        compare(written(config=[FEW, ("horizon: 4 y", f"horizon: {y} y"), ("[1 y, 2 y, 3 y]", "[1 y]")]))
        for y in (4, 1)
    )
    assert long.published_endpoints.equals(short.published_endpoints)
    published = short.summary[short.summary["population"] == "as-published"]
    assert published["estimate"].notna().all()


def test_a_study_without_follow_up_reaches_its_latest_record(written):
    path = written(
        small=("    follow_up: {shortest: 6 months, longest: 40 months}\n", ""),
        config=[FEW, ("horizon: 4 y", "horizon: 1 y"), ("[1 y, 2 y, 3 y]", "[1 y]")],
    )
    found = compare(path)
    assert found.summary[found.summary["population"] == "as-published"]["estimate"].notna().all()
    assert set(found.published_endpoints.query("event == 0")["time_days"]) == {730.5}


def test_a_record_later_than_the_follow_up_is_told(written):
    path = written(small=("longest: 40 months", "longest: 20 months"))
    with pytest.raises(InvalidDocument) as caught:
        prepare(*load_config(path))
    assert [(p.position.line, p.position.column, p.path, p.message) for p in caught.value.problems] == [
        (8, 16, "as_published[0]", f"study OLD: record {name}: 2 y is later than the longest follow-up, 20 months")
        for name in ("A-1", "A-2")
    ]


def test_a_record_that_time_zero_leaves_no_room_for_is_told(written):
    """Two years of follow-up from enrolment leave 28 days less from remission."""
    path = written(small=("longest: 40 months", "longest: 2 y"), config=FEW)
    (line, place, message), *_ = sorted(told(path), key=lambda one: "LFS" not in one[2])
    assert (line, place) == (8, "as_published[0]")
    assert message.startswith("nobody can be followed to 2 y for LFS of study OLD: follow-up ends at most 69")
