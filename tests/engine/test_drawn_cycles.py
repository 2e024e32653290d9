"""Cycles whose number and length are drawn, that are left out, late or cut short, and doses that are left out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.engine.history import History
from sim.errors import EngraftError

ONE_TO_SIX = {1: 10, 2: 6, 3: 2, 4: 2, 6: 1}
SERIES = """
counters: {drug: cycles}
phases:
  COURSE: {cycles: {every: {lognormal: [82 d, 0.4]}, count: COUNT, last: 28 d}, give: {drug: 1}, goto: CARE}
  CARE: {open: true}
"""
DRAWN = 'count: {one_of: {"4": 2, "1": 10, "2": 6, "3": 2, "6": 1}}'


def starts(history: History, patient_from: int = 1) -> pd.DataFrame:
    """Days between the starts of cycles, given or left out: patient, cycle (from 1), days to the next."""
    events = history.events[history.events.event.isin(["cycle", "omitted"])].copy()
    events["cycle"] = events.detail.astype(int)
    events["gap"] = events.groupby("patient").time_days.shift(-1) - events.time_days
    return events[events.cycle >= patient_from]


def test_the_number_of_cycles_is_drawn_from_values_with_weights(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    given = lab.run(SERIES.replace("count: COUNT", DRAWN), n, engine, horizon="20 y").patients.drug.to_numpy()
    assert set(given) <= set(ONE_TO_SIX)
    for number, weight in ONE_TO_SIX.items():
        lab.share(given == number, weight / 21, f"{number} cycles")
    mean = sum(number * weight for number, weight in ONE_TO_SIX.items()) / 21
    sd = math.sqrt(sum(number**2 * weight for number, weight in ONE_TO_SIX.items()) / 21 - mean**2)
    assert abs(given.mean() - mean) < 4 * sd / math.sqrt(n)


def test_the_interval_is_drawn_for_each_cycle_and_the_last_has_its_own_length(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    history = lab.run(SERIES.replace("COUNT", "3"), n, engine, horizon="20 y")
    cycles = starts(history)
    gaps = cycles.gap.dropna().to_numpy().reshape(n, 2)
    for k in (0, 1):
        for day in (50.0, 82.0, 120.0):
            expected = float(stats.norm.cdf(math.log(day / 82.0) / 0.4))
            lab.share(gaps[:, k] <= day, expected, f"interval {k + 1} by day {day}")
    correlation = np.corrcoef(np.log(gaps), rowvar=False)[0, 1]
    assert abs(correlation) < 4 / math.sqrt(n)
    end = history.events[(history.events.event == "phase") & (history.events.phase == "CARE")].time_days.to_numpy()
    assert np.allclose(end, gaps.sum(axis=1) + 28.0, atol=2e-5)


def test_a_number_is_rounded_down_and_may_be_an_attribute(lab: Any) -> None:
    probe = "patient: {planned: {draw: {uniform: [1, 4]}}}\n" + SERIES.replace("COUNT", "planned")
    patients = lab.run(probe, 300, horizon="20 y").patients
    assert (patients.drug == np.floor(patients.planned)).all()
    assert set(patients.drug) == {1, 2, 3}


def test_no_cycle_at_all_is_an_error_that_names_the_phase(lab: Any) -> None:
    probe = "patient: {planned: {draw: {uniform: [0, 2]}}}\n" + SERIES.replace("COUNT", "planned")
    with pytest.raises(EngraftError, match="site COURSE: the number of cycles is not from 1 to 1000 for this patient"):
        lab.run(probe, 40)


OMITTED = """
counters: {drug: cycles, spinal: doses}
markers: {mrd: {start: 0}}
toxicities: {rash: {probability: 0.5, onset: {uniform: [0 d, 9 d]}}}
phases:
  COURSE:
    cycles: {every: 10 d, count: 8, omit: "if(cycle == 1, 0, 0.25)"}
    days: "d1-5"
    give: {drug: 1, spinal: {each: 1, cycles: [2, 4, 6, 8], omit: 0.2}}
    shift: {mrd: -1}
    toxicities: rash
    choose: [{when: mrd > 9, goto: DEAD}, {else: CARE}]
  CARE: {open: true}
"""


def test_cycles_and_doses_are_left_out_with_their_probability(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    history = lab.run(OMITTED, n, engine)
    end = history.patients
    for k in range(5, 9):
        lab.share((end.drug == k).to_numpy(), float(stats.binom.pmf(k - 1, 7, 0.75)), f"{k} cycles given")
    for k in range(5):
        lab.share((end.spinal == k).to_numpy(), float(stats.binom.pmf(k, 4, 0.75 * 0.8)), f"{k} doses given")
    assert (end.mrd == -end.drug).all()
    events = history.events
    assert (events[(events.event == "phase") & (events.phase == "CARE")].time_days == 80.0).all()
    left_out = set(map(tuple, events[events.event == "omitted"][["patient", "time_days"]].to_numpy()))
    toxic = events[events.event == "toxicity"]
    assert not {(p, day // 10 * 10) for p, day in toxic[["patient", "time_days"]].to_numpy()} & left_out
    assert len(toxic) == pytest.approx(0.5 * end.drug.sum(), rel=4 / math.sqrt(0.25 * end.drug.sum()) + 1e-9)


def test_the_next_cycle_is_late_with_its_probability_and_none_after_the_last(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    probe = """
    phases:
      COURSE: {cycles: {every: 21 d, count: 3, delay: {p: 0.3, by: {exponential: 7 d}}}, goto: CARE}
      CARE: {open: true}
    """
    history = lab.run(probe, n, engine)
    gaps = starts(history).gap.dropna().to_numpy() - 21.0
    lab.share(gaps > 1e-9, 0.3, "late")
    for day in (3.0, 7.0, 20.0):
        lab.share(gaps[gaps > 1e-9] <= day, 1 - math.exp(-day / 7.0), f"by day {day}")
    events = history.events
    end = events[(events.event == "phase") & (events.phase == "CARE")].time_days.to_numpy()
    last = events[(events.event == "cycle") & (events.detail == "3")].time_days.to_numpy()
    assert np.allclose(end - last, 21.0, atol=1e-9)


def test_an_infusion_that_is_cut_short_has_its_share_of_the_effect(lab: Any) -> None:
    probe = """
    markers: {mrd: {start: 0}}
    phases:
      COURSE:
        cycles: "q42d x 2"
        days: {first: 1, last: 28, given: GIVEN}
        shift: {mrd: -3}
        choose: [{when: mrd > 9, goto: DEAD}, {else: CARE}]
      CARE: {open: true}
    """
    story = lab.story(probe.replace("GIVEN", '"if(cycle == 1, 7, 40) * 1 d"'), detail=True)
    assert [(day, detail) for day, event, _, detail in story if event == "marker"] == [
        (7.0, "mrd=-0.75"),
        (70.0, "mrd=-3.75"),
    ]
    later = probe.replace("first: 1", "first: 15").replace("GIVEN", "7 d")
    assert [(day, detail) for day, event, _, detail in lab.story(later, detail=True) if event == "marker"] == [
        (21.0, "mrd=-1.5"),
        (63.0, "mrd=-3"),
    ]


def test_a_cycle_shorter_than_its_infusion_cuts_it_off(lab: Any) -> None:
    """What was given has its effect before the samples of the end; the next cycle's infusion is whole again."""
    probe = """
    markers: {mrd: {start: 0}}
    phases:
      COURSE:
        cycles: {every: {one_of: {7 d: 1}}, count: 3, last: 42 d}
        days: d1-28
        shift: {mrd: -4}
        choose: [{when: mrd > 9, goto: DEAD}, {else: CARE}]
      CARE: {open: true}
    """
    shifts = [(day, detail) for day, event, _, detail in lab.story(probe, detail=True) if event == "marker"]
    assert shifts == [(7.0, "mrd=-1"), (14.0, "mrd=-2"), (42.0, "mrd=-6")]
    late = probe.replace("d1-28", "d15-28")
    shifts = [(day, detail) for day, event, _, detail in lab.story(late, detail=True) if event == "marker"]
    assert shifts == [(7.0, "mrd=0"), (14.0, "mrd=0"), (42.0, "mrd=-4")]


ALL = """
counters: {drug: cycles, spinal: doses}
markers: {mrd: {start: 0}}
patient: {reading: {states: [not_evaluable, negative, positive]}}
assays: {pcr: {reads: mrd, limit: -40, noise: {normal: [0, 1]}, evaluable: 0.8, turnaround: {uniform: [1 d, 4 d]}}}
toxicities:
  rash: {probability: 0.4, onset: {uniform: [0 d, 15 d]}, grades: {low: 0.5, high: 0.5}, consequence: CONSEQUENCE}
phases:
  COURSE:
    cycles: {every: EVERY, count: 8, omit: OMIT, delay: {p: LATE, by: {uniform: [1 d, 2 d]}}}
    days: {first: 1, last: 5, given: GIVEN}
    give: {drug: 1, spinal: {each: 1, omit: MISSED}}
    shift: {mrd: -1}
    tests: [{assay: pcr, into: reading, at: start}]
    toxicities: rash
    goto: CARE
  CARE: {lasts: {uniform: [1 d, 99 d]}, goto: AFTER}
  AFTER: {open: true}
hazards:
  relapse: {clock: {since: enrolment}, baseline: {weibull: {shape: 0.8, scale: 900 d}}, emits: relapse}
"""
OFF = {"CONSEQUENCE": "none", "EVERY": "21 d", "OMIT": "0", "LATE": "0", "GIVEN": "5 d", "MISSED": "0"}
ON = {
    "CONSEQUENCE": "{high: {delay: {exponential: 3 d}}}", "EVERY": "{uniform: [18 d, 24 d]}",
    "OMIT": "0.3", "LATE": "0.4", "GIVEN": "{uniform: [1 d, 9 d]}", "MISSED": "0.4",
}  # fmt: skip


def written(**changes: str) -> str:
    text = ALL
    for word, value in {**OFF, **changes}.items():
        text = text.replace(word, value)
    return text


def occasions(history: History, event: str) -> pd.DataFrame:
    """What happened in which cycle, by patient and cycle."""
    events = history.events
    cycle = events.detail.where(events.event.isin(["cycle", "omitted"])).astype(float)
    begun = events.time_days.where(cycle.notna())
    by_patient = events.patient
    found = events.assign(
        cycle=cycle.groupby(by_patient).ffill(), since=events.time_days - begun.groupby(by_patient).ffill()
    )
    found = found[(found.event == event) & (found.phase == "COURSE")]
    return found.set_index(["patient", "cycle"])


def test_an_extension_that_is_switched_off_is_one_that_is_not_there(lab: Any) -> None:
    plain = ALL.replace(", omit: OMIT, delay: {p: LATE, by: {uniform: [1 d, 2 d]}}", "").replace(", given: GIVEN", "")
    plain = (
        plain.replace(", consequence: CONSEQUENCE", "").replace("{each: 1, omit: MISSED}", "1").replace("EVERY", "21 d")
    )
    off, without = (lab.run(text, 400).events for text in (written(), plain))
    assert off.equals(without)


@pytest.mark.parametrize("word", list(ON))
def test_an_extension_that_is_switched_on_changes_no_other_draw(lab: Any, word: str) -> None:
    """Per patient and cycle the same samples read the same, the same toxicities come as late and as severe."""
    off, on = (lab.run(written(**changes), 400) for changes in ({}, {word: ON[word]}))
    assert not off.events.equals(on.events) or word in ("GIVEN", "MISSED")
    toxic = [occasions(history, "toxicity") for history in (off, on)]
    given = [set(occasions(history, "cycle").index) for history in (off, on)]
    shared = [frame[frame.index.isin(given[0] & given[1])] for frame in toxic]
    assert len(shared[0]) > 200
    columns = ["detail"]
    pd.testing.assert_frame_equal(shared[0][columns], shared[1][columns])
    assert np.allclose(shared[0].since, shared[1].since, atol=2.1e-5)
    results = [occasions(history, "result") for history in (off, on)]
    pd.testing.assert_frame_equal(results[0][["detail"]], results[1][["detail"]])
    assert (off.first_tick("relapse") == on.first_tick("relapse")).all()
    # CARE lasts as long as before, however late it comes.
    stays = []
    for history in (off, on):
        entries = history.events[history.events.event == "phase"].pivot(
            index="patient", columns="phase", values="time_days"
        )
        stays.append((entries.AFTER - entries.CARE).to_numpy())
    assert np.allclose(*stays, atol=2.1e-5)
