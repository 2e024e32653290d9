"""The life of a phase, one rule a protocol: cycles, doses, until, await, outcomes, toxicities, gate, windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sim.errors import EngraftError


def entries(story: list[tuple[float, str, str, str]], event: str = "phase") -> list[tuple[float, str]]:
    """Day and phase of each event of a name."""
    return [(day, phase) for day, name, phase, _ in story if name == event]


COURSE = """
counters: {drug: cycles, spinal: doses, hospital: days}
markers: {mrd: {start: -1}}
patient: {reading: {states: [not_evaluable, negative, positive]}}
assays: {pcr: {reads: mrd, limit: -20}}
phases:
  BLINA:
    cycles: "q42d x 4"
    days: "d1-28"
    give: {drug: 1, spinal: {each: 2, cycles: [1, 3]}, hospital: 1 per day}
    shift: {mrd: -1.5}
    after_each_cycle:
      - {when: "cycle == STOP", event: stopped, goto: CARE}
      - {else: continue}
    goto: REST
  REST: {lasts: 10 d, give: {hospital: 0.5 per day, spinal: 1}, shift: {mrd: -0.25}, goto: CARE}
  CARE: {open: true, tests: [{assay: pcr, into: reading, at: start}]}
"""


def test_cycles_give_shift_at_the_end_of_infusion_and_go_round(lab: Any) -> None:
    whole = COURSE.replace("cycle == STOP", "hospital > 1000")
    story = lab.story(whole, detail=True)
    assert entries(story) == [(0.0, "BLINA"), (168.0, "REST"), (178.0, "CARE")]
    assert [(day, detail) for day, event, _, detail in story if event == "cycle"] == [
        (0, "1"),
        (42, "2"),
        (84, "3"),
        (126, "4"),
    ]
    assert [(day, detail) for day, event, _, detail in story if event == "marker"] == [
        (28.0, "mrd=-2.5"), (70.0, "mrd=-4"), (112.0, "mrd=-5.5"), (154.0, "mrd=-7"), (178.0, "mrd=-7.25"),
    ]  # fmt: skip
    end = lab.run(whole, 1).patients.iloc[0]
    assert (end.drug, end.spinal, end.hospital, end.mrd) == (4, 5, 168 + 5, -7.25)


def test_a_cycle_can_be_the_last_by_a_guard(lab: Any) -> None:
    short = COURSE.replace("STOP", "2")
    story = lab.story(short)
    assert entries(story, "stopped") == [(84.0, "BLINA")]
    assert entries(story) == [(0.0, "BLINA"), (84.0, "CARE")]
    end = lab.run(short, 1).patients.iloc[0]
    assert (end.drug, end.spinal, end.hospital, end.mrd) == (2, 2, 84, -4)


def test_without_days_the_shift_comes_at_the_end_of_the_cycle_before_its_test(lab: Any) -> None:
    probe = """
    patient: {reading: {states: [not_evaluable, negative, positive]}}
    markers: {mrd: {start: -3.5}}
    assays: {pcr: {reads: mrd, limit: -4}}
    phases:
      COURSE:
        cycles: "q21d x 3"
        shift: {mrd: -0.4}
        tests: [{assay: pcr, into: reading}]
        after_each_cycle: [{when: reading == negative, goto: CARE}, {else: continue}]
        goto: FAILED
      FAILED: {open: true}
      CARE: {open: true}
    """
    story = lab.story(probe)
    assert [detail for _, event, _, detail in story if event == "result"] == ["reading=positive", "reading=negative"]
    assert entries(story) == [(0.0, "COURSE"), (42.0, "CARE")]


def test_days_count_while_the_patient_is_there_and_not_after(lab: Any) -> None:
    probe = """
    counters: {hospital: days}
    phases:
      WARD: {lasts: 100 d, give: {hospital: 1 per day}, goto: CARE}
      CARE: {open: true}
    hazards:
      sepsis: {clock: {since: enrolment}, baseline: {piecewise: {cuts: [DAY], hazards_per_year: [0, 1e12]}}, goto: DEAD}
    """
    for day, expected in ((12.34567, 12.34567), (100.0, 100.0), (500.0, 100.0)):
        history = lab.run(probe.replace("DAY", f"{day} d"), 1)
        assert history.patients.hospital.iloc[0] == pytest.approx(expected, abs=1.1e-5)
    assert lab.run(probe.replace("DAY", "900 d"), 1, horizon="33.3 d").patients.hospital.iloc[0] == pytest.approx(33.3)


UNTIL = """
flags: {neutrophils: {set_by: neutrophils_up}, platelets: {set_by: platelets_up}}
delays:
  white: {since: course, after: 21 d, emits: neutrophils_up}
  plates: {since: course, after: PLATES, happens: HAPPENS, emits: platelets_up}
phases:
  RECOVERY:
    until: neutrophils and platelets
    timeout: {after: 42 d, event: slow, goto: RESCUE}
    emits: course
    outcomes: [{p: 0, event: odd, goto: RESCUE}, {rest: true, event: recovered}]
    goto: CARE
  RESCUE: {lasts: 5 d, goto: CARE}
  CARE: {open: true}
"""


def test_until_ends_when_the_guard_comes_true_and_draws_its_outcome(lab: Any) -> None:
    story = lab.story(UNTIL.replace("PLATES", "28 d").replace("HAPPENS", "1"))
    assert entries(story, "recovered") == [(28.0, "RECOVERY")]
    assert entries(story) == [(0.0, "RECOVERY"), (28.0, "CARE")]


def test_a_time_out_goes_its_own_way_without_outcome(lab: Any) -> None:
    never = lab.story(UNTIL.replace("PLATES", "28 d").replace("HAPPENS", "0"))
    assert entries(never, "slow") == [(42.0, "RECOVERY")]
    assert entries(never, "recovered") == []
    assert entries(never) == [(0.0, "RECOVERY"), (42.0, "RESCUE"), (47.0, "CARE")]
    # What comes at the tick of the time-out comes before it: the guard has come true in time.
    just = lab.story(UNTIL.replace("PLATES", "42 d").replace("HAPPENS", "1"))
    assert entries(just) == [(0.0, "RECOVERY"), (42.0, "CARE")]


AWAIT = """
patient: {reading: {states: [not_evaluable, negative, positive]}}
markers: {mrd: {start: -2}}
assays: {pcr: {reads: mrd, limit: -4, turnaround: TURN}}
phases:
  COURSE:
    lasts: 28 d
    tests: [{assay: pcr, into: reading, at: WHEN}]
    await: {result: reading, at_most: 21 d}
    choose:
      - {when: not result(reading), goto: UNKNOWN}
      - {when: reading == positive, goto: POSITIVE}
      - {else: NEGATIVE}
  UNKNOWN: {open: true}
  POSITIVE: {open: true}
  NEGATIVE: {open: true}
"""


@pytest.mark.parametrize(
    ("turn", "when", "day", "phase"),
    [
        ("14 d", "end", 42.0, "POSITIVE"),
        ("21 d", "end", 49.0, "POSITIVE"),  # the result comes before the end of the wait at one tick
        ("30 d", "end", 49.0, "UNKNOWN"),
        ("14 d", "start", 28.0, "POSITIVE"),  # it has arrived: nothing to wait for
        ("28 d", "start", 28.0, "POSITIVE"),
        ("35 d", "start", 35.0, "POSITIVE"),
        ("0 d", "end", 28.0, "POSITIVE"),
    ],
)
def test_a_phase_waits_for_a_result_on_its_way_and_no_longer_than_it_may(
    lab: Any, turn: str, when: str, day: float, phase: str
) -> None:
    story = lab.story(AWAIT.replace("TURN", turn).replace("WHEN", when))
    assert entries(story)[1:] == [(day, phase)]


def test_before_its_result_an_attribute_has_the_first_state(lab: Any) -> None:
    probe = """
    patient: {reading: {states: [not_evaluable, negative, positive]}}
    markers: {mrd: {start: -2}}
    assays: {pcr: {reads: mrd, limit: -4, turnaround: 40 d}}
    phases:
      COURSE: {lasts: 28 d, tests: [{assay: pcr, into: reading, at: start}], goto: NEXT}
      NEXT: {lasts: 5 d, choose: [{when: reading == not_evaluable and not result(reading), event: unknown,
            goto: LATE}, {else: LATE}]}
      LATE: {lasts: 20 d, choose: [{when: reading == positive and result(reading), event: known, goto: CARE},
            {else: CARE}]}
      CARE: {open: true}
    """
    story = lab.story(probe)
    assert entries(story, "unknown") == [(33.0, "NEXT")]
    assert entries(story, "result") == [(40.0, "LATE")]
    assert entries(story, "known") == [(53.0, "LATE")]
    before = lab.run(probe, 1, horizon="39 d")
    assert before.attribute("reading").tolist() == ["not_evaluable"]
    assert before.result_tick("reading").tolist() == [-1]


def test_an_outcome_sets_first_and_emits_then_and_the_test_at_the_end_reads_what_was_set(lab: Any) -> None:
    probe = """
    patient: {reading: {states: [not_evaluable, negative, positive]}}
    markers: {mrd: {start: 0}}
    assays: {pcr: {reads: mrd, limit: -4}}
    phases:
      INDUCTION:
        lasts: 35 d
        shift: {mrd: 1}
        outcomes: [{p: 0, goto: CARE}, {rest: true, event: remission, set: {mrd: -5}}]
        tests: [{assay: pcr, into: reading}]
        choose: [{when: reading == negative and count(remission) == 1, goto: CARE}, {else: DEAD}]
      CARE: {open: true}
    """
    story = lab.story(probe, detail=True)
    assert [(event, detail) for day, event, _, detail in story if day == 35.0] == [
        ("marker", "mrd=1"), ("marker", "mrd=-5"), ("remission", "INDUCTION"),
        ("sample", "pcr into reading"), ("result", "reading=negative"), ("phase", "INDUCTION"),
    ]  # fmt: skip


def test_toxicities_have_grades_onsets_and_one_chance_a_cycle(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    probe = """
    toxicities:
      crs: {probability: "if(cycle == 1, 0.3, 0.1)", onset: {uniform: [1 d, 5 d]}, grades: {"1-2": 0.5, "3": 0.3,
            "4": 0.2}, emits: storm}
    phases:
      COURSE: {cycles: "q28d x 2", toxicities: crs, goto: CARE}
      CARE: {open: true}
    """
    events = lab.run(probe, n, engine).events
    storms = events[events.event == "toxicity"]
    import numpy as np

    for low, p in ((0.0, 0.3), (28.0, 0.1)):
        inside = storms[(storms.time_days > low) & (storms.time_days < low + 28)]
        assert (inside.time_days.between(low + 1, low + 5)).all()
        lab.share(np.arange(n) < len(inside), p, f"from day {low}")
        lab.share(np.arange(len(inside)) < (inside.time_days < low + 3).sum(), 0.5, "onset before the middle")
    for grade, p in (("1-2", 0.5), ("3", 0.3), ("4", 0.2)):
        lab.share((storms.detail == f"crs={grade}").to_numpy(), p, f"grade {grade}")
    assert (events.event == "storm").sum() == len(storms)


GATE = """
enrolment: {at: remission, assumption: entry in remission}
phases:
  INDUCTION:
    lasts: 30 d
    outcomes: [{p: 0.6, event: remission, goto: CARE}, {rest: true, goto: SALVAGE}]
  SALVAGE: {lasts: 20 d, outcomes: [{p: 0.5, event: remission, goto: CARE}, {rest: true, goto: DEAD}]}
  CARE: {open: true}
hazards:
  risk: {clock: {since: enrolment},
      baseline: {piecewise: {cuts: [99.999999 d], hazards_per_year: [0, 1e12]}}, emits: risk}
  again: {clock: {since: risk},
      baseline: {piecewise: {cuts: [99.999999 d], hazards_per_year: [0, 1e12]}}, emits: remission}
"""


def test_the_entry_gate_enrols_at_the_first_occurrence_of_its_event(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    history = lab.run(GATE, n, engine)
    lab.share(history.enrolled, 0.8, "enrolled")
    at = history.enrolment_tick
    assert set(at[history.enrolled]) == {3_000_000, 5_000_000}
    assert (at[~history.enrolled] == -1).all()
    assert (history.first_tick("risk")[history.enrolled] == at[history.enrolled] + 10_000_000).all()
    assert (history.first_tick("risk")[~history.enrolled] == -1).all()
    counts = history.events[history.events.event == "enrolment"].groupby("patient").size()
    assert (counts == 1).all()
    assert len(counts) == history.enrolled.sum()


def test_counts_times_and_windows_of_events(lab: Any) -> None:
    probe = """
    phases:
      ONE: {lasts: 10 d, emits: dose, goto: TWO}
      TWO: {lasts: 10 d, emits: dose,
            choose: [{when: "count(dose) == 2 and since(dose) == 10 d and since(never) > 10000 y", event: right,
            goto: THREE}, {else: THREE}]}
      THREE: {lasts: 5 d, choose: [{when: "within(dose, 15 d)", event: too_long, goto: FOUR},
            {when: "within(dose, 15.00001 d)", event: exact, goto: FOUR}, {else: FOUR}]}
      FOUR: {open: true, emits: visited_four}
    hazards:
      never: {clock: {since: visited_four},
          baseline: {piecewise: {cuts: [20 y], hazards_per_year: [0, 365.25]}}, emits: never}
    """
    story = lab.story(probe)
    assert entries(story, "right") == [(20.0, "TWO")]
    assert entries(story, "too_long") == []
    assert entries(story, "exact") == [(25.0, "THREE")]


def test_phases_without_length_follow_at_one_tick(lab: Any) -> None:
    probe = """
    patient: {fit: {draw: {bernoulli: 1}}}
    phases:
      ONE: {lasts: 0 d, goto: TWO}
      TWO: {lasts: 0 d, choose: [{when: fit and visited(ONE) and phase(TWO), goto: CARE}, {else: DEAD}]}
      CARE: {open: true}
    """
    assert entries(lab.story(probe)) == [(0.0, "ONE"), (0.0, "TWO"), (0.0, "CARE")]


def failing(lab: Any, probe: str, engines: Sequence[str] = ("simpy", "compiled", "python")) -> str:
    """The error by all ways, which is one and the same."""
    texts = set()
    for engine in engines:
        with pytest.raises(EngraftError) as caught:
            lab.run(probe, 40, engine)
        texts.add(str(caught.value))
    assert len(texts) == 1
    return texts.pop()


def test_an_endless_round_ends_in_an_error_that_names_patient_and_phase(lab: Any) -> None:
    probe = """
    patient: {unlucky: {draw: {bernoulli: 0.1}}}
    phases:
      ROUND: {lasts: "if(unlucky, 0, 1) * 1 d", goto: ROUND}
    """
    first = (
        lab.run("patient: {unlucky: {draw: {bernoulli: 0.1}}}\nphases: {CARE: {open: true}}", 40)
        .attribute("unlucky")
        .tolist()
        .index("yes")
    )
    text = failing(lab, probe, ("simpy", "compiled"))  # plain Python would take seconds for so many events
    assert f"probe: patient {first}, site ROUND: more than 20000 events" in text
    assert f"engraft trace probe --patient {first} replays it" in text


DOSED = "patient: {dose: {draw: {uniform: [0.1, 1]}}}\n"


def test_a_bad_probability_names_patient_and_site(lab: Any) -> None:
    course = """phases:
  COURSE: {lasts: 10 d, outcomes: [{p: "dose * 1.2", event: fine, goto: CARE}, {rest: true, goto: CARE}]}
  CARE: {open: true}
"""
    dose = lab.run(DOSED + "phases: {CARE: {open: true}}", 40).attribute("dose")
    first = int((dose * 1.2 > 1).argmax())
    text = failing(lab, DOSED + course)
    assert f"probe: patient {first}, site COURSE: a probability is not between 0 and 1 for this patient" in text


IMPOSSIBLE = {
    "site slow: a probability is not": """
delays: {slow: {since: begun, after: 3 d, happens: dose + 1, emits: up}}
phases: {A: {lasts: 1 d, emits: begun, goto: CARE}, CARE: {open: true}}""",
    "site rash: a probability is not": """
toxicities: {rash: {probability: dose + 1, onset: 2 d}}
phases: {A: {lasts: 1 d, toxicities: rash, goto: CARE}, CARE: {open: true}}""",
    "site B: a duration is negative": """
phases: {A: {lasts: 1 d, goto: B}, B: {lasts: '(dose - 2) * 1 d', goto: CARE}, CARE: {open: true}}""",
    "site A: a distribution has a negative spread": """
phases: {A: {lasts: {normal: ['1 d', '(dose - 2) * 1 d']}, goto: CARE}, CARE: {open: true}}""",
    "site h: a hazard's multiplier is negative": """
phases: {CARE: {open: true}}
hazards: {h: {clock: {since: enrolment}, baseline: {exponential: {mean: 9 d}}, multiply: [dose - 2], emits: pain}}""",
    "site A: the probabilities of the outcomes sum to more than 1": """
phases:
  A: {lasts: 1 d, outcomes: [{p: dose / dose, goto: CARE}, {p: dose / dose, goto: CARE}, {rest: true, goto: CARE}]}
  CARE: {open: true}""",
}


@pytest.mark.parametrize("words", IMPOSSIBLE)
def test_other_impossible_values_name_their_site(lab: Any, words: str) -> None:
    assert failing(lab, DOSED + IMPOSSIBLE[words]).startswith(f"probe: patient 0, {words}")
