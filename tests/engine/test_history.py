"""The History: ticks of events and results, attributes, statuses, both tables, for patients whose fate is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.engine.history import History
from sim.errors import UsageError

# Patients are sorted by a word, so that everything that happens to each of them is known.
PROBE = """
enrolment: {at: remission, assumption: entry in remission}
patient:
  fate: {draw: {categorical: {dies: 0.3, leaves: 0.3, stays: 0.3, early: 0.1}}}
  age: {draw: {uniform: [20, 60]}, unit: years}
  reading: {states: [not_evaluable, negative, positive]}
counters: {doses: doses}
markers: {mrd: {start: -2, at_most: 0}}
assays: {pcr: {reads: mrd, limit: -4, turnaround: 7 d}}
toxicities: {rash: {probability: 1, onset: 3 d, grades: {low: 1, high: 0}}, fever: {probability: 1, onset: 4 d}}
phases:
  INDUCTION:
    lasts: 28 d
    give: {doses: 2}
    toxicities: [rash, fever]
    outcomes:
      - {p: "if(fate == early, 1, 0)", goto: DEAD}
      - {rest: true, event: remission, set: {mrd: -5}, goto: CARE}
  CARE:
    cycles: "q30d x 2"
    give: {doses: 1}
    tests: [{assay: pcr, into: reading, at: start}]
    choose:
      - {when: fate == dies, event: relapse, goto: ILL}
      - {when: fate == leaves, goto: GONE}
      - {else: HOME}
  ILL: {lasts: 12 d, choose: [{when: "count(relapse) < 2", event: relapse, goto: ILL}, {else: DEAD}]}
  HOME: {open: true}
  GONE: {final: true, emits: left_study}
"""
N = 200


@pytest.fixture
def history(lab: Any) -> History:
    return lab.run(PROBE, N, horizon="1 y")


def test_first_ticks_and_those_at_or_after_a_tick(history: History) -> None:
    fate = history.attribute("fate")
    first = history.first_tick("relapse")
    assert (first == np.where(fate == "dies", 88 * 100_000, -1)).all()
    assert (history.first_tick("relapse", after=first) == first).all()
    second = history.first_tick("relapse", after=np.where(first < 0, -1, first + 1))
    assert (second == np.where(fate == "dies", 100 * 100_000, -1)).all()
    assert (history.first_tick("relapse", after=np.full(N, -1)) == -1).all()
    either = history.first_tick(["death", "left_study"])
    assert (
        either == np.select([fate == "early", fate == "dies", fate == "leaves"], [2_800_000, 11_200_000, 8_800_000], -1)
    ).all()
    with pytest.raises(UsageError, match='no event "relaps" in probe; did you mean "relapse"'):
        history.first_tick("relaps")


def test_rows_lead_to_the_event_and_its_cause(history: History) -> None:
    rows = history.first_row(["relapse", "death"])
    found = rows[rows >= 0]
    assert (history.event_patient[found] == history.patient_ids[rows >= 0]).all()
    causes = {history.causes[c] for c in history.event_cause[found]}
    assert causes == {"CARE", "INDUCTION"}


def test_results_arrive_when_they_arrive(history: History) -> None:
    early = history.attribute("fate") == "early"
    assert (history.result_tick("reading") == np.where(early, -1, 35 * 100_000)).all()
    assert (history.attribute("reading") == np.where(early, "not_evaluable", "negative")).all()


def test_attributes_are_numbers_or_words(history: History) -> None:
    assert history.attribute("age").dtype == np.float64
    assert ((history.attribute("age") >= 20) & (history.attribute("age") < 60)).all()
    assert set(history.attribute("fate")) == {"dies", "leaves", "stays", "early"}
    with pytest.raises(UsageError, match='no attribute "ages" in probe; did you mean "age"'):
        history.attribute("ages")


def test_the_patients_table(history: History) -> None:
    table = history.patients
    assert list(table.columns) == [
        "patient",
        "fate",
        "age",
        "reading",
        "doses",
        "mrd",
        "last_phase",
        "time_days",
        "status",
        "enrolled",
    ]
    by_fate = table.drop(columns=["patient", "age"]).drop_duplicates().set_index("fate").sort_index()
    expected = pd.DataFrame(
        {
            "fate": ["dies", "early", "leaves", "stays"],
            "reading": ["negative", "not_evaluable", "negative", "negative"],
            "doses": [4.0, 2.0, 4.0, 4.0],
            "mrd": [-5.0, -2.0, -5.0, -5.0],
            "last_phase": ["DEAD", "DEAD", "GONE", "HOME"],
            "time_days": [112.0, 28.0, 88.0, 365.25],
            "status": ["dead", "dead", "left", "observed"],
            "enrolled": [True, False, True, True],
        }
    ).set_index("fate")
    pd.testing.assert_frame_equal(by_fate, expected, check_dtype=False)
    assert table.patient.tolist() == list(range(N))


def test_the_events_table_of_one_patient_in_full(history: History) -> None:
    events = history.events
    assert list(events.columns) == ["patient", "time_days", "serial", "event", "phase", "detail"]
    patient = int(np.flatnonzero(history.attribute("fate") == "dies")[0])
    told = events[events.patient == patient]
    assert told.serial.tolist() == list(range(len(told)))
    assert list(told[["time_days", "event", "phase", "detail"]].itertuples(index=False, name=None)) == [
        (0.0, "phase", "INDUCTION", ""),
        (3.0, "toxicity", "INDUCTION", "rash=low"),
        (4.0, "toxicity", "INDUCTION", "fever"),
        (28.0, "remission", "INDUCTION", "INDUCTION"),
        (28.0, "enrolment", "INDUCTION", ""),
        (28.0, "phase", "CARE", "INDUCTION"),
        (28.0, "cycle", "CARE", "1"),
        (28.0, "sample", "CARE", "pcr into reading"),
        (35.0, "result", "CARE", "reading=negative"),
        (58.0, "cycle", "CARE", "2"),
        (58.0, "sample", "CARE", "pcr into reading"),
        (65.0, "result", "CARE", "reading=negative"),
        (88.0, "relapse", "CARE", "CARE"),
        (88.0, "phase", "ILL", "CARE"),
        (100.0, "relapse", "ILL", "ILL"),
        (100.0, "phase", "ILL", "ILL"),
        (112.0, "phase", "DEAD", "ILL"),
        (112.0, "death", "DEAD", "ILL"),
    ]


def test_events_are_sorted_and_end_with_the_observation(history: History) -> None:
    order = np.lexsort((history.log[:, 2], history.event_tick, history.event_patient))
    assert (order == np.arange(len(order))).all()
    last = history.events.groupby("patient").time_days.last().to_numpy()
    assert (last * 100_000 == history.end_tick).all()
    assert (history.first_tick("end") == np.where(history.attribute("fate") == "stays", 36_525_000, -1)).all()


def test_statuses_speak_of_the_first_ticks_and_enrolment(history: History) -> None:
    early = history.attribute("fate") == "early"
    assert (history.enrolled == ~early).all()
    assert (history.enrolment_tick == np.where(early, -1, 2_800_000)).all()
    assert history.n == N
    assert history.end_tick.dtype == history.event_code.dtype == history.patient_ids.dtype == np.int64


def test_it_prints_itself(history: History) -> None:
    text = repr(history)
    assert text.startswith(f"History(probe: {N} patients, ")
    assert text.endswith(f"{int(history.enrolled.sum())} enrolled, seed 20261, replicate 0)")
    assert "<table" in history._repr_html_()


def test_a_history_of_patients_from_the_middle_counts_as_they_are_numbered(lab: Any, history: History) -> None:
    middle = lab.run(PROBE, 50, horizon="1 y", first=100)
    assert middle.patient_ids.tolist() == list(range(100, 150))
    assert (middle.first_tick("relapse") == history.first_tick("relapse")[100:150]).all()
    assert (middle.result_tick("reading") == history.result_tick("reading")[100:150]).all()
    assert middle.patients.reset_index(drop=True).equals(history.patients[100:150].reset_index(drop=True))
