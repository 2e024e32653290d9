"""Studies as published: follow-up, entry gate, denominators of shares, and rows that nobody can fill."""

from __future__ import annotations

import numpy as np
import pytest

from sim.batch.run import simulate
from sim.compare.config import load_config
from sim.compare.prepare import prepare
from sim.compare.published import follow_up_cut
from sim.compare.run import compare
from sim.errors import InvalidDocument
from sim.evidence.schema import FollowUp

BETWEEN = FollowUp(shortest="6 months", longest="40 months")
LOW, HIGH = 6 * 30.4375, 40 * 30.4375


@pytest.fixture
def protocol(written):
    return prepare(*load_config(written())).arms["old"]


def days(history, **options):
    return (follow_up_cut(history, BETWEEN, **options) - history.enrolment_tick) / 100_000


def test_follow_up_is_uniform_between_shortest_and_longest(protocol):
    found = np.sort(days(simulate(protocol, patients=2000, seed=3, engine="compiled"), seed=3))
    assert found[0] >= LOW
    assert found[-1] <= HIGH
    # Kolmogorov-Smirnov: 1.95 / sqrt(n) is exceeded once in a thousand draws; the seed is fixed.
    expected = (np.arange(2000) + 0.5) / 2000
    assert np.abs((found - LOW) / (HIGH - LOW) - expected).max() < 1.95 / np.sqrt(2000)


def test_follow_up_belongs_to_the_patient_and_to_the_seed(protocol):
    crowd = days(simulate(protocol, patients=50, seed=3, engine="compiled"), seed=3)
    few = days(simulate(protocol, patients=5, first=20, seed=3, engine="compiled"), seed=3)
    assert few.tolist() == crowd[20:25].tolist()
    assert days(simulate(protocol, patients=50, seed=4, engine="compiled"), seed=4).tolist() != crowd.tolist()


def test_a_study_without_follow_up_is_observed_to_the_horizon(protocol):
    assert follow_up_cut(simulate(protocol, patients=5, seed=3, engine="compiled"), None, seed=3) is None


def test_the_gate_is_that_of_the_population_and_else_of_the_evidence(written):
    gate = "    entry_gate: {at: remission}\n"
    with_gate = ("    enrolled: 100\n", "    enrolled: 100\n" + gate)
    [study] = prepare(*load_config(written(small=with_gate))).studies
    assert study.protocol.enrolment.at == "start"
    without = ("    population: of-the-study\n", "")
    [study] = prepare(*load_config(written(small=[with_gate, without]))).studies
    assert study.protocol.enrolment.at == "remission"
    populated = ("parameters:\n", "enrolment: {at: remission}\nparameters:\n")
    found = compare(written(of_the_study=populated))
    enrolled, remission = found.summary[found.summary["endpoint"] == "mrd = negative"]["n"]
    assert enrolled == remission  # everybody was enrolled in remission
    # With enrolment in remission both clocks start together.
    last = found.published_endpoints.groupby(["patient", "endpoint"])["time_days"].first().unstack()
    assert (last["LFS"] <= last["OS"]).all()


def test_the_evaluable_are_those_with_a_result(written):
    path = written(small=("attribute: mrd, is: negative, of: remission", "attribute: mrd, is: negative, of: evaluable"))
    found = compare(path).summary.query("endpoint == 'mrd = negative'")
    enrolled, evaluable = found["n"]
    groups = compare(path).published_groups["subgroup"].value_counts()
    assert enrolled == groups.sum() == 400
    assert evaluable == groups["MRD: negative"] + groups["MRD: positive"] < 400
    assert found["events"].tolist() == [groups["MRD: negative"]] * 2


def test_a_group_that_nobody_belongs_to_keeps_its_printed_row(written):
    path = written(small=("group: {by: mrd, is: negative}", "group: {by: age_band, is: outside}"))
    found = compare(path)
    row = found.summary.query("population == 'as-published' and subgroup == 'age: outside'").iloc[0]
    assert (row["n"], row["printed"]) == (0, 0.5)
    assert np.isnan(row["estimate"])
    assert found.tables()[0].iloc[1][["simulated", "difference"]].tolist() == ["–", "–"]


def test_competing_events_of_a_study_make_it_an_incidence(written):
    relapse = "{time_zero: remission, events: [relapse], competing: [death]}"
    path = written(small=("{time_zero: remission, events: [relapse, death]}", relapse))
    found = compare(path)
    assert set(found.curves.query("population == 'as-published' and endpoint == 'LFS'")["kind"]) == {
        "cumulative incidence"
    }
    assert set(found.published_endpoints.query("endpoint == 'LFS'")["event"]) == {0, 1, 2}


def test_follow_up_runs_from_enrolment(written):
    """With a gate at day 35 a cut that counted from the start would end every clock 35 days early."""
    gate = ("parameters:\n", "enrolment: {at: remission}\nparameters:\n")
    fixed = (
        "follow_up: {shortest: 6 months, longest: 40 months}",
        "follow_up: {shortest: 30 months, longest: 30 months}",
    )
    found = compare(written(of_the_study=gate, old_way=("lasts: 28 d", "lasts: 35 d"), small=fixed), patients=60)
    alive = found.published_endpoints.query("event == 0")
    assert set(alive["endpoint"]) == {"OS", "LFS"}
    assert set(alive["time_days"]) == {30 * 30.4375}


def test_a_group_may_be_a_set_of_values(written):
    path = written(
        small=("is: negative}\n    printed: {low: 90", "is: [negative, not_evaluable]}\n    printed: {low: 90")
    )
    found = compare(path, patients=200)
    row = found.summary.query("population == 'as-published' and endpoint == 'LFS'").iloc[0]
    assert row["subgroup"] == "MRD: negative or not_evaluable"
    groups = found.published_groups
    inside = groups[groups["subgroup"].isin(["MRD: negative", "MRD: not_evaluable"])]["patient"]
    assert sorted(groups[groups["subgroup"] == row["subgroup"]]["patient"]) == sorted(inside)
    lfs = found.published_endpoints.query("endpoint == 'LFS'")
    assert row["n"] == lfs["patient"].isin(inside).sum()
    # More than the negatives alone, who die in remission before a result or have none in time.
    assert row["n"] >= lfs["patient"].isin(groups[groups["subgroup"] == "MRD: negative"]["patient"]).sum()


def test_shares_of_events_count_to_the_data_cut_among_those_who_had_another(written):
    """Relapse among patients in remission, and no death among the MRD-negative, counted again from the log."""
    relapsed = ("attribute: mrd, is: negative, of: remission", "event: relapse, of: remission")
    alive = (
        "share: {attribute: mrd, is: negative, of: enrolled}",
        "group: {by: mrd, is: negative}\n    share: {event: [death, died], had: false, of: enrolled}",
    )
    found = compare(written(small=[relapsed, alive]))
    rows = found.summary[found.summary["population"] == "as-published"].set_index("endpoint")
    ends = found.published_endpoints
    lfs = ends[ends["endpoint"] == "LFS"]
    os = ends[ends["endpoint"] == "OS"]
    remission = rows.loc["relapse"]
    assert remission["n"] == len(lfs)
    # Whoever relapses before dying ends the LFS with it; after follow-up nobody is counted.
    assert remission["events"] == (lfs["cause"] == "relapse").sum() > 0
    groups = found.published_groups
    negative = groups[groups["subgroup"] == "MRD: negative"]["patient"]
    survivors = rows.loc["no death or died"]
    assert (survivors["subgroup"], survivors["n"]) == ("MRD: negative", len(negative))
    assert survivors["events"] == (os[os["patient"].isin(negative)]["event"] == 0).sum() < len(negative)


def test_a_share_of_an_unknown_event_is_told(written):
    path = written(small=("attribute: mrd, is: negative, of: remission", "event: relapsed, of: remision"))
    with pytest.raises(InvalidDocument) as caught:
        compare(path)
    told = [problem.message for problem in caught.value.problems]
    assert told == [
        'study OLD: record A-5: old-way has no event "relapsed"; did you mean "relapse"?',
        'study OLD: record A-5: old-way has no event "remision"; did you mean "remission"?',
    ]
