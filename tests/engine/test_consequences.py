"""What toxicities lead to: delay, skip, stop, leave, death; for whom, when, and what becomes of those still to come."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

Story = list[tuple[float, str, str, str]]

COURSE = """
counters: {{drug: cycles}}
markers: {{mrd: {{start: 0}}}}
patient: {{reading: {{states: [not_evaluable, negative, positive]}}}}
assays: {{pcr: {{reads: mrd, limit: -4}}}}
toxicities:
  rash: {{probability: "if(cycle == 1, 1, 0)", onset: {onset}, consequence: {consequence}, emits: itching}}
phases:
  COURSE:
    cycles: "q28d x 3"
    days: "d1-10"
    give: {{drug: 1}}
    shift: {{mrd: -2}}
    tests: [{{assay: pcr, into: reading}}]
    toxicities: rash
    outcomes: [{{p: 0, event: odd}}, {{rest: true, event: completed}}]
    goto: CARE
  OTHER: {{open: true}}
  CARE: {{open: true}}
hazards:
  detour: {{clock: {{since: enrolment}}, while: phase(CARE), baseline: {{exponential: {{mean: 99999 y}}}}, goto: OTHER}}
"""


def course(consequence: str, onset: str = "5 d") -> str:
    return COURSE.format(consequence=consequence, onset=onset)


def days(story: Story, *events: str) -> list[tuple[float, str, str]]:
    """Day, event and detail (of phases: the phase) of some events."""
    return [
        (day, event, phase if event == "phase" else detail) for day, event, phase, detail in story if event in events
    ]


def test_a_delay_puts_off_the_next_cycle_and_nothing_else(lab: Any) -> None:
    story = lab.story(course("{delay: 7 d}"))
    assert days(story, "cycle", "phase") == [
        (0.0, "phase", "COURSE"), (0.0, "cycle", "1"), (35.0, "cycle", "2"), (63.0, "cycle", "3"),
        (91.0, "phase", "CARE"),
    ]  # fmt: skip
    assert days(story, "itching", "consequence") == [
        (5.0, "itching", "rash"),
        (5.0, "consequence", "rash=delay 7.00000 d"),
    ]
    end = lab.run(course("{delay: 7 d}"), 1).patients.iloc[0]
    assert (end.drug, end.mrd) == (3, -6)


def test_a_delay_of_a_phase_without_cycles_puts_off_its_end(lab: Any) -> None:
    probe = """
    toxicities: {fever: {probability: 1, onset: 3 d, consequence: {delay: 4 d}}}
    phases:
      ONE: {lasts: 10 d, toxicities: fever, goto: CARE}
      CARE: {open: true}
    """
    assert lab.times(probe, "phase") == [0.0, 14.0]


def test_a_skipped_cycle_gives_nothing_and_its_time_passes(lab: Any) -> None:
    story = lab.story(course("skip"), detail=True)
    assert days(story, "cycle", "omitted") == [(0.0, "cycle", "1"), (28.0, "omitted", "2"), (56.0, "cycle", "3")]
    assert days(story, "marker") == [(10.0, "marker", "mrd=-2"), (66.0, "marker", "mrd=-4")]
    assert days(story, "dose") == [(0.0, "dose", "drug=1"), (56.0, "dose", "drug=1")]
    assert [day for day, *_ in days(story, "sample")] == [28.0, 56.0, 84.0]


def test_after_the_last_cycle_there_is_none_to_skip(lab: Any) -> None:
    story = lab.story(course("skip").replace("cycle == 1", "cycle == 3"))
    assert days(story, "toxicity", "consequence", "omitted") == [(61.0, "toxicity", "rash")]


@pytest.mark.parametrize(
    ("onset", "level"),
    [("5 d", -1.0), ("10 d", -2.0), ("12 d", -2.0), ("0 d", 0.0)],  # of ten days of infusion
)
def test_what_is_stopped_ends_as_after_its_last_cycle_with_the_effect_of_what_was_given(
    lab: Any, onset: str, level: float
) -> None:
    story = lab.story(course("stop", onset))
    at = float(onset.split()[0])
    assert days(story, "phase", "sample", "completed", "consequence")[1:] == [
        (at, "consequence", "rash=stop"),
        (at, "sample", "pcr into reading"),
        (at, "completed", "rash"),
        (at, "phase", "CARE"),
    ]
    assert lab.run(course("stop", onset), 1).patients.mrd.iloc[0] == pytest.approx(level)


def test_what_is_stopped_may_lead_elsewhere_after_its_tests(lab: Any) -> None:
    story = lab.story(course("{stop: OTHER}"))
    assert days(story, "phase", "sample", "completed")[1:] == [
        (5.0, "sample", "pcr into reading"),
        (5.0, "phase", "OTHER"),
    ]


def test_a_result_on_its_way_is_not_tested_for_again_when_treatment_stops(lab: Any) -> None:
    probe = course("stop", onset="33 d").replace("limit: -4", "limit: -4, turnaround: 14 d")
    story = lab.story(probe)
    assert days(story, "sample", "result", "consequence") == [
        (28.0, "sample", "pcr into reading"),
        (33.0, "consequence", "rash=stop"),
        (42.0, "result", "reading=positive"),
    ]


def test_who_leaves_goes_at_once(lab: Any) -> None:
    story = lab.story(course("{leave: OTHER, emits: withdrawn}"))
    assert days(story, "phase", "sample", "completed", "withdrawn")[1:] == [
        (5.0, "withdrawn", "rash"),
        (5.0, "phase", "OTHER"),
    ]
    assert lab.run(course("{leave: OTHER}"), 1).patients.mrd.iloc[0] == 0.0


@pytest.mark.parametrize("consequence", ["stop", "skip", "{delay: 7 d}", "{leave: OTHER}", "{stop: OTHER}"])
def test_once_the_phase_is_over_only_death_follows(lab: Any, consequence: str) -> None:
    """The toxicity comes all the same: its timer survives the change of phase."""
    story = lab.story(course(consequence, onset="90 d"))
    assert days(story, "phase", "toxicity", "consequence")[1:] == [(84.0, "phase", "CARE"), (90.0, "toxicity", "rash")]
    fatal = lab.story(course("{death: DEAD}", onset="90 d"))
    assert days(fatal, "consequence", "death") == [(90.0, "consequence", "rash=death"), (90.0, "death", "rash")]


def test_a_second_stay_in_the_phase_is_not_the_one_that_brought_it(lab: Any) -> None:
    probe = """
    toxicities: {rash: {probability: "if(count(begun) == 1, 1, 0)", onset: 15 d, consequence: {leave: OTHER}}}
    phases:
      ROUND: {lasts: 10 d, emits: begun, toxicities: rash,
              choose: [{when: count(begun) < 2, goto: ROUND}, {else: CARE}]}
      OTHER: {open: true}
      CARE: {open: true}
    """
    story = lab.story(probe)
    assert days(story, "phase", "toxicity") == [
        (0.0, "phase", "ROUND"), (10.0, "phase", "ROUND"), (15.0, "toxicity", "rash"), (20.0, "phase", "CARE"),
    ]  # fmt: skip


def test_while_a_result_is_awaited_treatment_is_over(lab: Any) -> None:
    probe = course("CONSEQUENCE", onset="86 d").replace("limit: -4", "limit: -4, turnaround: 5 d")
    probe = probe.replace("    goto: CARE", "    await: {result: reading, at_most: 9 d}\n    goto: CARE")
    for consequence, phases in (("stop", ["COURSE", "CARE"]), ("{leave: OTHER}", ["COURSE", "OTHER"])):
        story = lab.story(probe.replace("CONSEQUENCE", consequence))
        assert [phase for _, event, phase, _ in story if event == "phase"] == phases


GRADED = """
toxicities:
  crs:
    probability: 0.5
    onset: {uniform: [1 d, 5 d]}
    grades: {"1-2": 0.5, "3": 0.3, "4": 0.2}
    consequence: {"3": {delay: {exponential: 7 d}}, "4": {leave: OFF}, all: {emits: mild}}
phases:
  COURSE: {cycles: "q28d x 1", toxicities: crs, goto: CARE}
  OFF: {open: true}
  CARE: {open: true}
"""


def test_each_grade_has_its_own_consequence(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    history = lab.run(GRADED, n, engine)
    events = history.events
    entered = events[events.event == "phase"].groupby("patient").agg(phase=("phase", "last"), day=("time_days", "last"))
    lab.share((entered.phase == "OFF").to_numpy(), 0.5 * 0.2, "leave")
    late = (entered.day - 28.0).to_numpy()[(entered.phase == "CARE").to_numpy()]
    lab.share(late > 1e-9, 0.5 * 0.3 / (1 - 0.5 * 0.2), "delayed")
    waits = late[late > 1e-9]
    for day in (2.0, 7.0, 14.0):
        lab.share(waits <= day, 1 - math.exp(-day / 7.0), f"delay by day {day}")
    lab.share(np.isfinite(lab.days(history, "mild")), 0.25, "mild")


def test_death_by_toxicity_is_a_competing_risk_of_each_exposure(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    probe = """
    toxicities: {sepsis: {probability: 0.1, onset: {exponential: 20 d}, consequence: {death: DEAD}}}
    phases:
      COURSE: {cycles: "q30d x 3", toxicities: sepsis, goto: CARE}
      CARE: {open: true}
    """
    died = lab.days(lab.run(probe, n, engine), "death")
    for day in (15.0, 45.0, 100.0, 400.0):
        spared = [1 - 0.1 * (1 - math.exp(-max(day - begun, 0.0) / 20.0)) for begun in (0.0, 30.0, 60.0)]
        lab.share(died <= day, 1 - math.prod(spared), f"dead by day {day}")


def test_each_exposure_brings_a_toxicity_of_its_own(lab: Any, way: tuple[str, int]) -> None:
    """Onsets of weeks with a cycle a week: many overlap, none is lost, each has its grade and its time."""
    engine, n = way
    probe = """
    toxicities: {neuropathy: {probability: 0.5, onset: {uniform: [0 d, 60 d]}, grades: {low: 0.7, high: 0.3}}}
    phases:
      COURSE: {cycles: "q7d x 8", toxicities: neuropathy, goto: CARE}
      CARE: {open: true}
    """
    history = lab.run(probe, n, engine)
    events = history.events[history.events.event == "toxicity"]
    counts = np.bincount(events.patient, minlength=n)
    for k in range(9):
        lab.share(counts == k, float(stats.binom.pmf(k, 8, 0.5)), f"{k} toxicities")
    lab.share((events.detail == "neuropathy=high").to_numpy(), 0.3, "grade")
    expected = sum(min(max(30.0 - 7 * c, 0.0) / 60.0, 1.0) for c in range(8)) / 8
    lab.share((events.time_days <= 30.0).to_numpy(), expected, "onset by day 30")


def test_an_overlapping_toxicity_acts_on_the_cycle_in_which_it_comes(lab: Any) -> None:
    probe = """
    toxicities: {rash: {probability: "if(cycle < 3, 1, 0)", onset: "if(cycle == 1, 25, 8) * 1 d",
            consequence: {delay: 3 d}}}
    phases:
      COURSE: {cycles: "q10d x 4", toxicities: rash, goto: CARE}
      CARE: {open: true}
    """
    story = lab.story(probe)
    # Of the second exposure on day 18, of the first on day 25.
    assert days(story, "toxicity", "cycle", "phase") == [
        (0.0, "phase", "COURSE"), (0.0, "cycle", "1"), (10.0, "cycle", "2"), (18.0, "toxicity", "rash"),
        (23.0, "cycle", "3"), (25.0, "toxicity", "rash"), (36.0, "cycle", "4"), (46.0, "phase", "CARE"),
    ]  # fmt: skip


def test_too_many_at_once_end_in_an_error_that_names_the_toxicity(lab: Any) -> None:
    from sim.errors import EngraftError

    probe = """
    toxicities: {rash: {probability: 1, onset: 900 d}}
    phases:
      COURSE: {cycles: "q7d x COUNT", toxicities: rash, goto: CARE}
      CARE: {open: true}
    """
    assert len(lab.times(probe.replace("COUNT", "16"), "toxicity")) == 16
    with pytest.raises(
        EngraftError, match="patient 0, site rash: more than 16 exposures whose toxicity is still to come"
    ):
        lab.run(probe.replace("COUNT", "17"), 1)
