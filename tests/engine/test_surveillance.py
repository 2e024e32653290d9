"""Samples on a schedule of their own: when they are taken, how a positive one is confirmed, and what follows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

WATCH = """
patient: {{reading: {{states: [not_evaluable, negative, positive]}}}}
flags: {{well: {{set_by: remission, cleared_by: relapse}}}}
markers: {{mrd: {{start: -6, drift: {{per_day: {drift}}}}}}}
assays: {{pcr: {{reads: mrd, limit: -4, evaluable: {evaluable}, turnaround: {turnaround}}}}}
surveillance:
  watch: {{assay: pcr, into: reading, since: remission, every: 30 d, {keys}}}
phases:
  FIRST: {{lasts: 10 d, goto: SECOND}}
  SECOND: {{lasts: 100 d, emits: remission, goto: THIRD}}
  THIRD: {{open: true}}
  AWAY: {{open: true}}
hazards:
  relapse: {{clock: {{since: remission}}, baseline: {{piecewise: {{cuts: [{relapse}], hazards_per_year: [0, 1e12]}}}}}}
  detour: {{clock: {{since: enrolment}}, while: phase(THIRD), baseline: {{exponential: {{mean: 99999 y}}}}, goto: AWAY}}
"""


def watch(keys: str, drift: str = "0.01", turnaround: str = "3 d", evaluable: str = "1", relapse: str = "300 y") -> str:
    return WATCH.format(keys=keys, drift=drift, turnaround=turnaround, evaluable=evaluable, relapse=relapse)


def days(story: list[tuple[float, str, str, str]], event: str) -> list[float]:
    return [day for day, name, *_ in story if name == event]


def test_the_schedule_starts_with_its_event_and_does_not_heed_phases(lab: Any) -> None:
    story = lab.story(watch("until: 150 d, emits: found"), horizon="1 y")
    # Remission on day 10; MRD passes 1e-4 on day 200.
    assert days(story, "sample") == [40, 70, 100, 130, 160]
    assert days(story, "result") == [43, 73, 103, 133, 163]
    assert days(lab.story(watch("first: 7 d, until: 70 d, emits: found")), "sample") == [17, 47, 77]
    assert days(lab.story(watch("first: 0 d, until: 30 d, emits: found")), "sample") == [10, 40]


def test_without_confirmation_the_first_positive_result_counts_and_the_schedule_rests(lab: Any) -> None:
    story = lab.story(watch("emits: found, goto: AWAY"))
    assert days(story, "sample")[-2:] == [190, 220]
    assert days(story, "found") == [223]
    assert [(day, phase) for day, event, phase, _ in story if event == "phase"][-1] == (223, "AWAY")


@pytest.mark.parametrize(
    ("times", "after", "turnaround", "samples", "found"),
    [
        (1, "14 d", "3 d", [220, 234], 237),
        (2, "14 d", "3 d", [220, 234, 248], 251),
        (1, "14 d", "20 d", [220, 240], 260),  # not before the result of the one before is there
        (1, "40 d", "3 d", [220, 260], 263),  # the schedule rests during a suspicion
        (1, "14 d", "0 d", [220, 234], 234),
    ],
)
def test_a_positive_result_is_confirmed_so_many_times_so_long_after(
    lab: Any, times: int, after: str, turnaround: str, samples: list[float], found: float
) -> None:
    keys = f"emits: found, confirm: {{times: {times}, after: {after}}}"
    story = lab.story(watch(keys, turnaround=turnaround))
    assert days(story, "sample")[6:] == samples
    assert days(story, "found") == [found]


def test_a_negative_result_in_between_ends_the_suspicion(lab: Any) -> None:
    probe = watch("emits: found, confirm: {times: 1, after: 14 d}")
    probe = probe.replace("limit: -4", 'limit: "if(since(remission) < 35 d or since(remission) > 125 d, -9, -4)"')
    story = lab.story(probe)
    # Positive on day 40, negative on day 54, on schedule again; from day 135 on positive, so that days 160, 174 count.
    assert days(story, "sample") == [40, 54, 70, 100, 130, 160, 174]
    assert days(story, "found") == [177]


def test_outside_its_scope_no_sample_is_taken_and_a_suspicion_is_dropped(lab: Any) -> None:
    guarded = "while: not phase(SECOND), emits: found, confirm: {times: 1, after: 14 d}"
    assert days(lab.story(watch(guarded)), "sample")[:3] == [130, 160, 190]
    dropped = lab.story(
        watch("while: well, emits: found, confirm: {times: 1, after: 14 d}", relapse="219 d"), horizon="2 y"
    )
    assert days(dropped, "sample")[-2:] == [190, 220]
    assert days(dropped, "found") == []


@pytest.mark.parametrize("confirm", ["", ", confirm: {times: 1, after: 1 d}"])
def test_a_result_that_arrives_outside_the_scope_leads_nowhere(lab: Any, confirm: str) -> None:
    """Haematological relapse on day 225 or 235, with a positive result on its way: no molecular relapse after it."""
    story = lab.story(
        watch(
            f"while: well, emits: found, goto: AWAY{confirm}",
            turnaround="12 d",
            relapse="215 d" if not confirm else "225 d",
        ),
        horizon="2 y",
    )
    relapse, last_result = days(story, "relapse")[0], days(story, "result")[-1]
    assert last_result > relapse
    assert days(story, "found") == []
    assert "AWAY" not in [phase for _, event, phase, _ in story if event == "phase"]


def test_a_sample_that_cannot_be_read_is_repeated_when_it_is_to_confirm(lab: Any) -> None:
    unread = watch(
        "emits: found, confirm: {times: 1, after: 14 d}",
        evaluable='"if(since(remission) > 220 d and since(remission) < 230 d, 0, 1)"',
    )
    assert days(lab.story(unread), "sample")[-3:] == [220, 234, 248]
    assert days(lab.story(unread), "found") == [251]


def test_an_event_starts_the_schedule_anew_and_a_result_on_its_way_no_longer_counts(lab: Any) -> None:
    probe = watch("emits: found", turnaround="12 d").replace(
        "since: remission, every", "since: [remission, again], every"
    )
    probe += (
        "  again: {clock: {since: remission}, baseline: {piecewise: {cuts: [215 d], hazards_per_year: [0, 1e12]}}}\n"
    )
    story = lab.story(probe)
    assert days(story, "sample")[-2:] == [220, 255]
    assert days(story, "result")[-2:] == [232, 267]
    assert days(story, "found") == [267]


def test_without_events_samples_only_tell(lab: Any) -> None:
    story = lab.story(watch("until: 300 d"), horizon="2 y")
    assert len(days(story, "sample")) == 10
    assert [detail for _, event, _, detail in story if event == "result"][-1] == "reading=positive"
    end = lab.run(watch("until: 300 d"), 1)
    assert end.attribute("reading").tolist() == ["positive"]


def test_a_phase_may_await_a_result_under_surveillance(lab: Any) -> None:
    probe = watch("emits: found", turnaround="15 d").replace(
        "lasts: 100 d, emits: remission, goto: THIRD",
        "lasts: 95 d, emits: remission, await: {result: reading, at_most: 30 d}, goto: THIRD",
    )
    assert [(day, phase) for day, event, phase, _ in lab.story(probe) if event == "phase"][-1] == (115, "THIRD")


def test_molecular_relapse_is_found_at_the_second_of_two_positive_samples(lab: Any, way: tuple[str, int]) -> None:
    """Constant chances: each sample is positive with p; found once two in a row are, the second after two weeks."""
    engine, n = way
    p = 0.3
    probe = f"""
    patient:
      reading: {{states: [not_evaluable, negative, positive]}}
    markers: {{mrd: {{start: 0}}}}
    assays: {{pcr: {{reads: mrd, limit: 0, noise: {{uniform: [{-(1 - p)}, {p}]}}}}}}
    surveillance:
      watch: {{assay: pcr, into: reading, since: enrolment, every: 30 d, emits: found,
               confirm: {{times: 1, after: 14 d}}}}
    phases: {{CARE: {{open: true}}}}
    """
    history = lab.run(probe, n, engine, horizon="2 y")
    found = lab.days(history, "found")
    on_time = found[np.isfinite(found)]
    assert set(np.mod(on_time, 30.0)) == {14.0}
    for k in range(1, 8):
        lab.share(found <= 30.0 * k + 14.0, 1 - (1 - p * p) ** k, f"by sample {k}")
    samples = history.events[(history.events.event == "sample") & (history.events.time_days < 675.0)]
    again = samples[np.isclose(np.mod(samples.time_days, 30.0), 14.0)]
    lab.share(np.arange(len(samples) - len(again)) < len(again), p, "confirmations of scheduled samples")
