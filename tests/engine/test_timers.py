"""The order of events at one tick, what death cancels, and which timers survive a change of phase."""

from __future__ import annotations

from typing import Any

ALL_AT_ONCE = """
patient: {reading: {states: [not_evaluable, negative, positive]}}
flags: {ill: {set_by: waning}}
markers: {mrd: {start: -4, drift: {per_day: 0.1}}}
crossings: {line: {marker: mrd, rises_to: -3, emits: line}}
assays: {pcr: {reads: mrd, limit: -9, turnaround: 10 d}}
delays: {wane: {since: enrolment, after: 10 d, emits: waning}}
toxicities: {rash: {probability: 1, onset: 10 d, emits: itching}}
counters: {doses: doses}
phases:
  CARE:
    cycles: "q10d x 2"
    days: "d1-10"
    toxicities: rash
    tests: [{assay: pcr, into: reading, at: start, cycles: [1]}]
    shift: {mrd: -0.5}
    give: {doses: 1}
    goto: LATER
  LATER: {open: true}
hazards:
  certain: {clock: {since: enrolment},
      baseline: {piecewise: {cuts: [9.999999 d], hazards_per_year: [0, 1e12]}}, emits: certain}
"""


def test_events_of_one_tick_come_in_the_order_of_their_classes(lab: Any) -> None:
    """Result, then marker, delay, toxicity, hazard, end of infusion, end of cycle."""
    at_ten = [
        (event, detail) for day, event, _, detail in lab.story(ALL_AT_ONCE, horizon="10 d", detail=True) if day == 10.0
    ]
    assert at_ten == [
        ("result", "reading=positive"),
        ("line", "line"),
        ("waning", "wane"),
        ("toxicity", "rash"),
        ("itching", "rash"),
        ("certain", "certain"),
        ("marker", "mrd=-3.5"),
        ("cycle", "2"),
        ("dose", "doses=1"),
        ("end", ""),
    ]


def test_the_data_cut_is_the_last_thing_of_its_tick_and_nothing_follows(lab: Any) -> None:
    story = lab.story(ALL_AT_ONCE, horizon="10 d")
    assert story[-1][:2] == (10.0, "end")
    before = lab.story(ALL_AT_ONCE, horizon=9.99999)
    assert [event for day, event, *_ in before if day > 0] == ["end"]


def test_hazards_at_one_tick_fire_in_their_declared_order(lab: Any) -> None:
    probe = """
    phases: {CARE: {open: true}}
    hazards:
      second: {clock: {since: enrolment},
          baseline: {piecewise: {cuts: [4.999999 d], hazards_per_year: [0, 1e12]}}, emits: second}
      first: {clock: {since: enrolment},
          baseline: {piecewise: {cuts: [4.999999 d], hazards_per_year: [0, 1e12]}}, emits: first}
    """
    assert [event for day, event, *_ in lab.story(probe) if day == 5.0] == ["second", "first"]


def test_death_cancels_the_rest_of_its_tick(lab: Any) -> None:
    deadly = ALL_AT_ONCE.replace("emits: certain}", "goto: DEAD}")
    at_ten = [event for day, event, *_ in lab.story(deadly) if day == 10.0]
    assert at_ten[-3:] == ["certain", "phase", "death"]
    assert "cycle" not in at_ten
    assert lab.story(deadly)[-1][0] == 10.0
    history = lab.run(deadly, 1)
    assert history.patients.status.tolist() == ["dead"]
    assert history.patients.time_days.tolist() == [10.0]


SURVIVAL = """
patient: {reading: {states: [not_evaluable, negative, positive]}}
flags: {fresh: {set_by: begun}}
markers: {mrd: {start: -4, drift: {per_day: 0.1}}}
crossings: {line: {marker: mrd, rises_to: -1, emits: line}}
assays: {pcr: {reads: mrd, limit: -9, turnaround: 30 d}}
delays:
  stays: {since: begun, after: 30 d, emits: stayed}
  bound: {since: begun, after: 30 d, while_in: [ONE], emits: bound_one}
  wider: {since: begun, after: 30 d, while_in: [ONE, TWO], emits: bound_two}
toxicities: {rash: {probability: 1, onset: 30 d}}
phases:
  ONE:
    lasts: 20 d
    emits: begun
    toxicities: rash
    tests: [{assay: pcr, into: reading, at: start}]
    goto: TWO
  TWO: {open: true}
hazards:
  steady: {clock: {since: begun},
      baseline: {piecewise: {cuts: [29.999999 d], hazards_per_year: [0, 1e12]}}, emits: steady}
  window: {clock: {since: begun}, while: "not within(begun, 29.5 d)", baseline: {exponential: {mean: 0.0000001 d}},
        emits: window}
"""


def test_results_toxicities_delays_hazards_crossings_and_windows_survive_a_change_of_phase(lab: Any) -> None:
    story = [(day, event, phase) for day, event, phase, _ in lab.story(SURVIVAL, horizon="40 d") if 20 < day < 40]
    assert story == [
        (29.5, "window", "TWO"),
        (30.0, "result", "TWO"),
        (30.0, "line", "TWO"),
        (30.0, "stayed", "TWO"),
        (30.0, "bound_two", "TWO"),
        (30.0, "toxicity", "TWO"),
        (30.0, "steady", "TWO"),
    ]


def test_the_end_of_a_phase_its_infusion_and_its_wait_do_not_survive(lab: Any) -> None:
    probe = """
    patient: {reading: {states: [not_evaluable, negative, positive]}}
    markers: {mrd: {start: -4}}
    assays: {pcr: {reads: mrd, limit: -9, turnaround: 30 d}}
    phases:
      COURSE: {cycles: "q20d x 3", days: "d1-15", shift: {mrd: -1}, goto: OTHER}
      OTHER: {lasts: 50 d, tests: [{assay: pcr, into: reading}], await: {result: reading, at_most: 25 d}, goto: CARE}
      ILL: {lasts: 100 d, goto: CARE}
      CARE: {open: true}
    hazards:
      relapse: {clock: {since: enrolment}, while: not visited(ILL),
          baseline: {piecewise: {cuts: [DAY], hazards_per_year: [0,
            1e12]}}, goto: ILL}
    """
    in_infusion = lab.story(probe.replace("DAY", "9.999999 d"), detail=True)
    assert [(day, event) for day, event, *_ in in_infusion if event in ("phase", "cycle", "marker")] == [
        (0.0, "phase"), (0.0, "cycle"), (10.0, "phase"), (110.0, "phase"),
    ]  # fmt: skip
    waiting = lab.story(probe.replace("DAY", "119.999999 d"))
    entries = [(day, phase) for day, event, phase, _ in waiting if event in ("phase", "result")]
    assert entries == [(0.0, "COURSE"), (60.0, "OTHER"), (120.0, "ILL"), (140.0, "ILL"), (220.0, "CARE")]


def test_a_delay_bound_to_a_phase_is_not_revived_when_the_patient_comes_back(lab: Any) -> None:
    probe = """
    delays: {recovery: {since: begun, after: 30 d, while_in: [COURSE], emits: recovered}}
    phases:
      COURSE: {lasts: 10 d, choose: [{when: visited(PAUSE), goto: CARE}, {else: PAUSE}]}
      PAUSE: {lasts: 15 d, goto: COURSE}
      CARE: {open: true}
    hazards:
      begin: {clock: {since: enrolment},
          baseline: {piecewise: {cuts: [0.99999 d], hazards_per_year: [0, 1e12]}}, emits: begun}
    """
    # Begun on day 1; in COURSE to day 10, in PAUSE to 25, in COURSE again to 35: day 31 falls into the second stay.
    assert lab.times(probe, "recovered") == []


def test_a_second_occurrence_replaces_a_pending_delay_and_restarts_a_window(lab: Any) -> None:
    probe = """
    delays: {recovery: {since: course, after: 30 d, emits: recovered}}
    flags: {soon: {set_by: course}}
    phases:
      ONE: {lasts: 20 d, emits: course, goto: TWO}
      TWO: {lasts: 20 d, emits: course, goto: CARE}
      CARE: {open: true}
    hazards:
      after: {clock: {since: course}, while: "not within(course, 25 d)",
            baseline: {exponential: {mean: 0.0000001 d}}, emits: after}
    """
    assert lab.times(probe, "recovered") == [50.0]
    assert lab.times(probe, "after") == [45.0]


def test_a_hazard_that_has_fired_is_idle_until_its_clock_starts_again(lab: Any) -> None:
    probe = """
    phases:
      ONE: {lasts: 50 d, emits: begun, goto: TWO}
      TWO: {open: true, emits: begun}
    hazards:
      pain: {clock: {since: begun}, baseline: {piecewise: {cuts: [5 d], hazards_per_year: [0, 1e12]}}, emits: pain}
    """
    assert lab.times(probe, "pain") == [5.0, 55.0]
