"""What a switch turns off: no row, no timer, not a byte of the log. Oracle: the same switch thrown for each patient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engine import layout as at

PROBE = """
SWITCH
patient:
  speed: {draw: {lognormal: [0.02, 0.5]}}
  reading: {states: [not_evaluable, negative, positive]}
  PERSONAL
flags: {ill: {set_by: [relapse, regrown], cleared_by: well}}
markers:
  mrd: {start: -4, at_most: 0, eradicated_below: -8, hazards_read_every: 28 d,
        drift: {per_day: speed, while: not HAZARD}}
  other: {start: -2, at_most: 0, eradicated_below: -6, drift: {per_day: -0.01 OTHER}}
assays: {pcr: {reads: mrd, limit: -3}}
crossings: {regrown: {marker: mrd, rises_to: -1, while: not HAZARD and not ill, emits: regrown, goto: ILL}}
delays: {visit: {since: enrolment, after: 50 d, happens: "if(HAZARD, 0.5, 0)", emits: early}}
hazards:
  relapse: {clock: {since: enrolment}, while: HAZARD and not ill, baseline: exponential,
            level: {probability: 0.4, at: 1 y}, multiply: [{exp: 0.3 * (mrd + 4)}], goto: ILL}
  death: {clock: {since: enrolment}, baseline: exponential, level: {probability: 0.1, at: 1 y}, emits: [], goto: DEAD,
          multiply: [{factor: 2, when: "within(relapse, 90 d) or count(regrown) > 0 or within(early, 9 d)"}]}
phases:
  CARE: {lasts: 100 d, shift: {mrd: 0.1 * other}, tests: [{assay: pcr, at: end, into: reading}], goto: ON}
  ON: {lasts: 300 d, choose: [{when: "eradicated(other) or reading == positive", goto: END}, {else: ON}]}
  ILL: {lasts: 60 d, outcomes: [{p: 0.3, event: well}, {rest: true}], goto: ON}
  END: {open: true}
"""


def switched(by_hazard: bool, other: str) -> str:
    """The probe with a switch, which is known when the protocol is compiled."""
    switch = f"switches: {{by_hazard: {{value: {str(by_hazard).lower()}, assumption: for tests}}}}"
    return (
        PROBE.replace("SWITCH", switch).replace("PERSONAL", "").replace("OTHER", other).replace("HAZARD", "by_hazard")
    )


def personal(by_hazard: bool, other: str) -> str:
    """The probe with an attribute in the switch's place, known only when a patient is drawn: nothing is left out."""
    drawn = f"hers: {{draw: {{bernoulli: {int(by_hazard)}}}}}"
    return PROBE.replace("SWITCH", "").replace("PERSONAL", drawn).replace("OTHER", other).replace("HAZARD", "hers")


@pytest.mark.parametrize("other", ["", ", while: HAZARD", ", while: not HAZARD"])
@pytest.mark.parametrize("by_hazard", [True, False])
def test_what_is_switched_off_leaves_no_trace_in_the_log(lab: Any, by_hazard: bool, other: str) -> None:
    one, same = (lab.protocol(make(by_hazard, other)) for make in (switched, personal))
    for engine, patients in (("compiled", 2_000), ("simpy", 200), ("python", 40)):
        found, expected = lab.run(one, patients, engine), lab.run(same, patients, engine)
        assert found.events.equals(expected.events)
        assert np.array_equal(found.patients["mrd"], expected.patients["mrd"])
        assert found.plan.I[at.H_N_SLOTS] < expected.plan.I[at.H_N_SLOTS]
    happened = set(lab.run(one, 2_000).events["event"])
    assert {"relapse", "early"} <= happened if by_hazard else "regrown" in happened and "relapse" not in happened
