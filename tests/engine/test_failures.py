"""Runs that cannot go on name patient and site, by every driver: values that are not finite, results still pending.

Other impossible values are in test_phases; what lint can tell before a run is in the corpus.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from sim.errors import EngraftError

SCORE = "patient: {x: {draw: {uniform: [-2, -1]}}}\n"
OPEN = "phases: {A: {open: true}}\n"
ASSAY = "markers: {m: {start: 0}}\nassays: {flow: {reads: m, limit: LIMIT, noise: {normal: [NOISE, 1]}}}\n"
RESULT = """patient:
  x: {draw: {uniform: [-2, -1]}}
  r: {states: [not_evaluable, negative, positive]}
phases:
  A: {lasts: 9 d, tests: [{assay: flow, at: start, into: r}], choose: [{when: "r == positive", goto: B}, {else: C}]}
  B: {open: true}
  C: {open: true}
"""
DRIFT = "markers: {m: {start: 0, drift: {per_day: RATE}}}\ncrossings: {c: {marker: m, rises_to: LEVEL, emits: up}}\n"
NOT_FINITE = "a value is not a finite number for this patient"

FAILURES = {
    "derived": ("y", NOT_FINITE, SCORE.replace("}}}", '}}, y: {derive: "log(x)"}, z: {derive: "y > 0"}}') + OPEN),
    "drawn": ("y", NOT_FINITE, SCORE.replace("}}}", '}}, y: {draw: {normal: ["sqrt(x)", 1]}}}') + OPEN),
    "marker at the start": ("m", NOT_FINITE, SCORE + OPEN + DRIFT.replace("start: 0", "start: log(x)")),
    "marker moved": (
        "m",
        NOT_FINITE,
        ASSAY + RESULT.replace("lasts: 9 d", 'lasts: 9 d, shift: {m: "log(x)"}'),
    ),
    "drift": ("m", NOT_FINITE, SCORE + OPEN + DRIFT.replace("RATE", '"log(x)"')),
    "endless drift": ("m", NOT_FINITE, SCORE + OPEN + DRIFT.replace("RATE", '"exp(-1000 * x)"')),
    "level of a crossing": ("c", NOT_FINITE, SCORE + OPEN + DRIFT.replace("LEVEL", '"log(x)"')),
    "limit of an assay": ("r", NOT_FINITE, ASSAY.replace("LIMIT", '"log(x)"') + RESULT),
    "noise of an assay": ("r", NOT_FINITE, ASSAY.replace("NOISE", '"log(x)"') + RESULT),
    "set by an outcome": (
        "m",
        NOT_FINITE,
        ASSAY + RESULT.replace("choose", 'outcomes: [{rest: true, set: {m: "log(x)"}}], choose'),
    ),
    "an outcome before death": (
        "A",
        "the probabilities of the outcomes sum to more than 1 for this patient",
        SCORE + 'phases: {A: {lasts: 9 d, outcomes: [{p: "-x / 2", goto: DEAD}, {p: "-x / 2", goto: DEAD}, '
        "{rest: true, goto: B}]}, B: {open: true}}",
    ),
    "pending result": (
        "r",
        "a sample was taken while the result of the one before was still on its way",
        (
            "markers: {m: {start: 0}}\nassays: {flow: {reads: m, limit: -1, turnaround: 30 d}}\n"
            "patient: {r: {states: [not_evaluable, negative, positive]}}\n"
            "phases: {A: {cycles: q9d x 4, tests: [{assay: flow, at: end, into: r}], "
            'choose: [{when: "r == positive", goto: B}, {else: C}]}, B: {open: true}, C: {open: true}}'
        ),
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_run_that_cannot_go_on_names_patient_and_site(lab: Any, name: str) -> None:
    site, reason, text = FAILURES[name]
    probe = text.replace("LIMIT", "-1").replace("NOISE", "0").replace("RATE", "0.1").replace("LEVEL", "1")
    protocol = lab.protocol(probe)
    for engine in ("simpy", "compiled", "python"):
        with pytest.raises(EngraftError, match=re.escape(f"probe: patient 7, site {site}: {reason};")):
            lab.run(protocol, 2, engine, first=7)


def test_a_delay_beyond_all_time_is_told_as_the_longest_that_the_log_can_hold(lab: Any) -> None:
    probe = """
    phases: {A: {cycles: q28d x 3, toxicities: [t], goto: B}, B: {open: true}}
    toxicities: {t: {probability: 1, onset: 1 d, consequence: {delay: 900000 d}}}
    """
    assert [detail for _, event, _, detail in lab.story(probe) if event == "consequence"] == ["t=delay 687194.76735 d"]
