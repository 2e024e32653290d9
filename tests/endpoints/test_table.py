"""Time-to-event tables from histories that a reader can check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sim.endpoints.table import endpoint_table, legend, time_to_event
from sim.errors import EngraftError

FOUR = {
    0: [(0, "enrolment"), (30, "remission", "A1"), (130, "relapse", "relapse"), (330, "death", "death_with_disease")],
    1: [(0, "enrolment"), (30, "remission", "A1"), (80, "death", "nrm")],
    2: [(0, "enrolment"), (28, "death", "A1")],
    3: [(0, "enrolment"), (40, "remission", "A1")],
}


def rows(table, endpoint):
    """(patient, days, code, cause) of one endpoint."""
    part = table[table["endpoint"] == endpoint]
    return list(part[["patient", "time_days", "event", "cause"]].itertuples(index=False, name=None))


def test_every_endpoint_of_four_patients_by_hand(hand_made):
    table = endpoint_table(hand_made(FOUR))
    assert list(table.columns) == ["patient", "endpoint", "time_days", "event", "cause"]
    assert rows(table, "OS") == [
        (0, 330.0, 1, "death_with_disease"),
        (1, 80.0, 1, "nrm"),
        (2, 28.0, 1, "A1"),
        (3, 1000.0, 0, ""),
    ]
    # Patient 2 never came into remission and has no leukaemia-free survival.
    assert rows(table, "LFS") == [(0, 100.0, 1, "relapse"), (1, 50.0, 1, "nrm"), (3, 960.0, 0, "")]
    assert rows(table, "CIR") == [(0, 100.0, 1, "relapse"), (1, 50.0, 2, "nrm"), (3, 960.0, 0, "")]
    assert rows(table, "NRM") == [(0, 100.0, 2, "relapse"), (1, 50.0, 1, "nrm"), (3, 960.0, 0, "")]


def test_only_the_endpoints_asked_for_in_that_order(hand_made):
    table = endpoint_table(hand_made(FOUR), ["LFS", "OS"])
    assert list(dict.fromkeys(table["endpoint"])) == ["LFS", "OS"]


def test_an_unknown_endpoint_is_named_with_the_nearest(hand_made):
    with pytest.raises(EngraftError, match='hand-made has no endpoint "LSF"; did you mean "LFS"'):
        endpoint_table(hand_made(FOUR), ["LSF"])


def test_an_unknown_event_is_named_with_the_nearest(hand_made, rule):
    with pytest.raises(EngraftError, match='no event is called "relaps" in hand-made; did you mean "relapse"'):
        time_to_event(hand_made(FOUR), rule(from_="enrolment", event="relaps"))


def test_relapse_and_death_in_one_tick_count_as_both(hand_made):
    history = hand_made({0: [(10, "remission"), (60, "relapse", "relapse"), (60, "death", "nrm")]})
    table = endpoint_table(history)
    assert rows(table, "OS") == [(0, 60.0, 1, "nrm")]
    assert rows(table, "LFS") == [(0, 50.0, 1, "relapse")]  # one event
    assert rows(table, "CIR") == [(0, 50.0, 1, "relapse")]
    assert rows(table, "NRM") == [(0, 50.0, 2, "relapse")]  # the death came with relapse


def test_an_event_counts_before_a_censoring_in_the_same_tick(hand_made, rule):
    history = hand_made({0: [(50, "transplant"), (50, "relapse", "a")], 1: [(49, "transplant"), (50, "relapse", "a")]})
    found = time_to_event(history, rule(from_="enrolment", event="relapse", censor_at="transplant"))
    assert found.code.tolist() == [1, 0]
    assert found.days.tolist() == [50.0, 49.0]
    assert found.cause.tolist() == ["a", ""]


def test_an_event_at_the_data_cut_is_seen(hand_made):
    history = hand_made({0: [(1000, "relapse", "a")]})
    assert rows(endpoint_table(history), "EFS") == [(0, 1000.0, 1, "a")]


def test_an_endpoint_without_death_is_censored_at_death(hand_made, rule):
    history = hand_made({0: [(70, "death", "nrm")]})
    found = time_to_event(history, rule(from_="enrolment", event="relapse"))
    assert (found.days.tolist(), found.code.tolist()) == ([70.0], [0])


def test_events_before_time_zero_do_not_count_and_those_in_its_tick_do(hand_made, rule):
    history = hand_made(
        {
            0: [(10, "relapse", "first"), (20, "transplant"), (90, "relapse", "second")],
            1: [(20, "transplant"), (20, "relapse", "at_once")],
        }
    )
    found = time_to_event(history, rule(from_="transplant", event="relapse"))
    assert found.days.tolist() == [70.0, 0.0]
    assert found.cause.tolist() == ["second", "at_once"]


def test_time_zero_is_the_first_occurrence_after_enrolment(hand_made, rule):
    history = hand_made({0: [(10, "remission"), (50, "remission"), (90, "relapse")]}, enrolled={0: 30.0})
    found = time_to_event(history, rule(from_="remission", event="relapse"))
    assert found.start.tolist() == [5_000_000]
    assert found.days.tolist() == [40.0]


def test_screened_patients_who_were_not_enrolled_have_no_rows(hand_made):
    table = endpoint_table(hand_made(FOUR, enrolled={0: 30.0, 1: -1.0, 2: -1.0, 3: 40.0}))
    assert rows(table, "OS") == [(0, 300.0, 1, "death_with_disease"), (3, 960.0, 0, "")]


def test_competing_events_are_coded_in_the_order_listed(hand_made, rule):
    history = hand_made({0: [(5, "transplant")], 1: [(5, "toxic_death")], 2: [(5, "relapse")], 3: []})
    endpoint = rule(from_="enrolment", event="relapse", competing=["toxic_death", "transplant"])
    assert time_to_event(history, endpoint).code.tolist() == [3, 2, 1, 0]
    assert legend(endpoint) == {0: "censored", 1: "relapse", 2: "toxic_death", 3: "transplant"}


def test_an_earlier_data_cut_hides_what_comes_later(hand_made, rule):
    history = hand_made(FOUR)
    cut = np.array([100, 50, 100, 35]) * 100_000
    found = time_to_event(history, rule(from_="remission", event=["relapse", "death"]), cut=cut)
    assert found.patient.tolist() == [0, 1]  # patient 3 was in remission only after the cut
    assert found.days.tolist() == [70.0, 20.0]
    assert found.code.tolist() == [0, 0]


def test_patient_numbers_need_not_start_at_zero(hand_made):
    history = hand_made({7: [(10, "death", "a")], 9: [(20, "death", "b")]})
    assert rows(endpoint_table(history), "OS") == [(7, 10.0, 1, "a"), (9, 20.0, 1, "b")]


def many(count: int, seed: int = 1):
    """Random histories with every order and tie of remission, relapse and death."""
    random = np.random.default_rng(seed)
    lines = {}
    for patient in range(count):
        events = [(0, "enrolment")]
        events += [
            (day, name) for name in ("remission", "relapse") for day in random.integers(0, 12, random.integers(3))
        ]
        death = int(random.integers(0, 20))
        events = [event for event in events if event[0] <= death]
        lines[patient] = [*events, (death, "death")] if death < 15 else events
    return lines


def test_rules_that_hold_for_every_patient(hand_made):
    table = endpoint_table(hand_made(many(600), horizon=19)).pivot(index="patient", columns="endpoint")
    days, event = table["time_days"], table["event"]
    in_both = days["LFS"].notna()
    assert in_both.sum() > 200
    assert (days["EFS"] <= days["OS"]).all()
    # LFS and its parts end on the same day, and each event of LFS is exactly one of relapse and non-relapse death.
    for part in ("CIR", "NRM"):
        assert (days["LFS"][in_both] == days[part][in_both]).all()
    assert (event["LFS"][in_both] == (event["CIR"] == 1)[in_both] * 1 + (event["NRM"] == 1)[in_both] * 1).all()
    assert (event["OS"] <= event["EFS"]).all()


def test_leukaemia_free_survival_ends_no_later_than_survival(hand_made):
    history = hand_made(many(600, seed=2), horizon=19)
    rules = history.protocol.endpoints
    overall, free = time_to_event(history, rules["OS"]), time_to_event(history, rules["LFS"])
    death = dict(zip(overall.patient, overall.start + overall.ticks, strict=True))
    assert all(end <= death[patient] for patient, end in zip(free.patient, free.start + free.ticks, strict=True))


def test_the_object_prints_what_it_holds(hand_made):
    history = hand_made(FOUR)
    found = time_to_event(history, history.protocol.endpoints["CIR"], name="CIR")
    assert repr(found) == "TimeToEvent CIR from remission: 3 patients (1 censored, 1 relapse, 1 death)"
