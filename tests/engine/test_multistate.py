"""Competing exponential hazards against the matrix exponential, all three ways; lengths and outcomes of phases."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg, stats

STATES = ("ILL", "WELL", "WORSE", "DEAD")
# Rates a day; those from ILL and WELL are halved or trebled for the half of the patients who are frail.
PLAIN = {("ILL", "WELL"): 1 / 100, ("ILL", "WORSE"): 1 / 300, ("ILL", "DEAD"): 1 / 700, ("WELL", "ILL"): 1 / 400,
      ("WELL", "DEAD"): 1 / 2500,
         ("WORSE", "DEAD"): 1 / 150, ("WORSE", "ILL"): 1 / 600}  # fmt: skip
FRAIL = {("ILL", "WELL"): 0.5, ("WELL", "ILL"): 3.0, ("WELL", "DEAD"): 3.0}


def probe() -> str:
    hazards = []
    for (origin, target), rate in PLAIN.items():
        factor = FRAIL.get((origin, target))
        multiply = f", multiply: [{{factor: {factor}, when: frail}}]" if factor else ""
        name = f"{origin.lower()}_{target.lower()}"
        hazards.append(
            f"  {name}: {{clock: {{since: [in_{origin.lower()}]}}, while: phase({origin}), baseline: exponential, "
            f"level: {{cumulative_hazard: {rate!r}, at: 1 d}}, emits: [], goto: {target}{multiply}}}\n"
        )
    phases = "".join(f"  {state}: {{open: true, emits: in_{state.lower()}}}\n" for state in STATES[:3])
    return (
        "patient: {frail: {draw: {bernoulli: 0.5}}}\nphases:\n"
        + phases
        + "  DEAD: {final: true, emits: death}\nhazards:\n"
        + "".join(hazards)
    )


def occupancy(frail: bool, day: float) -> np.ndarray:
    """State probabilities at a day, from ILL, by the matrix exponential of the generator."""
    generator = np.zeros((4, 4))
    for (origin, target), rate in PLAIN.items():
        i, j = STATES.index(origin), STATES.index(target)
        generator[i, j] = rate * (FRAIL.get((origin, target), 1.0) if frail else 1.0)
    np.fill_diagonal(generator, -generator.sum(axis=1))
    return linalg.expm(generator * day)[0]


def phase_at(history: Any, day: float) -> np.ndarray:
    """The phase that each patient is in at a day."""
    events = history.events
    entries = events[(events.event == "phase") & (events.time_days <= day)]
    return entries.groupby("patient").phase.last().to_numpy()


def test_occupancy_of_every_state_equals_the_matrix_exponential(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    history = lab.run(probe(), n, engine)
    frail = history.attribute("frail") == "yes"
    for day in (30.0, 120.0, 400.0, 1_500.0):
        now = phase_at(history, day)
        for group in (False, True):
            for state, expected in zip(STATES, occupancy(group, day), strict=True):
                lab.share(now[frail == group] == state, expected, f"{state} on day {day:g}, frail {group}")


SCOPE_ONLY = """
phases:
  ONE: {lasts: {exponential: 200 d}, goto: TWO}
  TWO: {lasts: {exponential: 100 d}, goto: THREE}
  THREE: {open: true}
hazards:
  one: {clock: {since: enrolment}, while: phase(ONE), baseline: {exponential: {mean: 500 d}}, goto: DEAD}
  two: {clock: {since: enrolment}, while: phase(TWO), baseline: {exponential: {mean: 80 d}}, goto: DEAD}
  anywhere: {clock: {since: enrolment}, while: not phase(THREE), baseline: {exponential: {mean: 900 d}}, goto: DEAD}
"""


def test_clocks_from_enrolment_fire_only_in_scope(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    history = lab.run(SCOPE_ONLY, n, engine)
    out_one, out_two = 1 / 200 + 1 / 500 + 1 / 900, 1 / 100 + 1 / 80 + 1 / 900
    generator = np.array([
        [-out_one, 1 / 200, 0, 1 / 500 + 1 / 900],
        [0, -out_two, 1 / 100, 1 / 80 + 1 / 900],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
    ])  # fmt: skip
    for day in (50.0, 150.0, 600.0):
        now = phase_at(history, day)
        for state, expected in zip(("ONE", "TWO", "THREE", "DEAD"), linalg.expm(generator * day)[0], strict=True):
            lab.share(now == state, expected, f"{state} on day {day:g}")
    for name, start, rate in (("one", 1.0, 1 / 500), ("anywhere", 1.0, None), ("two", 1.0, None)):
        if rate:
            lab.share(history.first_tick(name) >= 0, start * rate / out_one, f"ever {name}")
    lab.share(history.first_tick("two") >= 0, (1 / 200 / out_one) * (1 / 80 / out_two), "ever two")


ENDS = """
patient: {fit: {draw: {bernoulli: 0.7}}}
phases:
  INDUCTION:
    lasts: {gamma: [30 d, 10 d]}
    outcomes:
      - {p: "if(fit, 0.8, 0.5)", event: remission, goto: CARE}
      - {p: 0.1, event: early, goto: DEAD}
      - {rest: true, event: failure}
    choose: [{when: fit, goto: AGAIN}, {else: DEAD}]
  AGAIN: {lasts: 10 d, outcomes: [{p: 0.5, event: remission}, {rest: true, event: failure}], goto: CARE}
  CARE: {open: true}
"""


def test_outcomes_have_their_probabilities_and_lengths_their_distribution(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    history = lab.run(ENDS, n, engine)
    events = history.events
    first = events[(events.phase == "INDUCTION") & (events.detail == "INDUCTION")].groupby("patient")
    event, day = first.event.first().to_numpy(), first.time_days.first().to_numpy()
    fit = history.attribute("fit") == "yes"
    for group, p in ((True, 0.8), (False, 0.5)):
        lab.share(event[fit == group] == "remission", p, f"remission, fit {group}")
        lab.share(event[fit == group] == "early", 0.1, f"early, fit {group}")
        lab.share(event[fit == group] == "failure", 0.9 - p, f"failure, fit {group}")
    lab.curve(day, stats.gamma(9, scale=10 / 3).cdf, (15, 25, 30, 45), "length of induction")
    again = events[(events.phase == "AGAIN") & (events.event == "remission")].patient.nunique()
    entered = int(((event == "failure") & fit).sum())
    lab.share(np.arange(entered) < again, 0.5, "remission in the second course")
