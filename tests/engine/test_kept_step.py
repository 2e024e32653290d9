"""What hangs on a draw keeps its luck: onset, grade, delay and settings do not shift when they happen more often."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

TOXICITY = """
parameters:
  often: {value: 0.3, prior: {beta: [3, 7]}, assumption: "for the test"}
toxicities:
  rash: {probability: often, onset: {uniform: [1 d, 5 d]}, grades: {"1-2": 0.5, "3": 0.5}}
phases:
  GIVEN: {cycles: "q10d x 8", toxicities: [rash], goto: CARE}
  CARE: {open: true}
"""

SETTING = """
parameters:
  often: {value: 0.3, prior: {beta: [3, 7]}, assumption: "for the test"}
markers:
  level: {start: 0}
phases:
  TRY:
    lasts: 10 d
    outcomes:
      - {p: often, event: hit, set: {level: {normal: [0, 1]}}}
      - {rest: true}
    choose:
      - {when: "level > 100", goto: CARE}
      - {when: "count(again) < 7", event: again, goto: TRY}
      - {else: CARE}
  CARE: {open: true}
"""

DELAY = """
parameters:
  often: {value: 0.3, prior: {beta: [3, 7]}, assumption: "for the test"}
delays:
  later: {since: again, after: {uniform: [0.1 d, 9 d]}, happens: often, emits: later}
phases:
  TRY:
    lasts: 10 d
    choose:
      - {when: "count(again) < 7", event: again, goto: TRY}
      - {else: CARE}
  CARE: {open: true}
"""


def _rows(history: Any, event: str) -> pd.DataFrame:
    events = history.events
    found = events[events.event == event].copy()
    found["occasion"] = (found.time_days // 10).astype(int)
    return found.set_index(["patient", "occasion"])


@pytest.mark.parametrize(
    ("text", "event", "columns"),
    [(TOXICITY, "toxicity", ["time_days", "detail"]), (DELAY, "later", ["time_days"]), (SETTING, "marker", ["detail"])],
)
def test_luck_of_later_occasions_stays(lab: Any, text: str, event: str, columns: list[str]) -> None:
    few = _rows(lab.run(text, 300, detail=True), event)
    many = _rows(lab.run(lab.protocol(text), 300, detail=True, set=["parameters.often.value=0.8"]), event)
    shared = few.index.intersection(many.index)
    assert len(shared) > 300
    assert len(many) > 1.5 * len(few)
    pd.testing.assert_frame_equal(few.loc[shared, columns], many.loc[shared, columns])
