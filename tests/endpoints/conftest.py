"""Hand-made histories: a handful of patients whose events are written down day by day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.protocol.schema import Attribute, Endpoint

NAMES = ("enrolment", "phase", "result", "end", "remission", "relapse", "death", "transplant", "toxic_death")
ENDPOINTS = {
    "OS": Endpoint.model_validate({"from": "enrolment", "event": ["death"]}),
    "LFS": Endpoint.model_validate({"from": "remission", "event": ["relapse", "death"]}),
    "EFS": Endpoint.model_validate({"from": "enrolment", "event": ["relapse", "death"]}),
    "CIR": Endpoint.model_validate({"from": "remission", "event": ["relapse"], "competing": ["death"]}),
    "NRM": Endpoint.model_validate({"from": "remission", "event": ["death"], "competing": ["relapse"]}),
}
PATIENT = {
    "mrd": Attribute.model_validate({"states": ["not_evaluable", "negative", "positive"]}),
    "arm_of_study": Attribute.model_validate({"draw": {"categorical": {"b": 0.5, "a": 0.5}}}),
    "age_band": Attribute.model_validate({"derive": "band(age, 16, 36, 56)"}),
}

Line = tuple[float, str] | tuple[float, str, str]


class HandMade:
    """A few patients with the attributes of a History that endpoints read."""

    def __init__(
        self,
        lines: Mapping[int, Sequence[Line]],
        end_days: Mapping[int, float],
        attributes: Mapping[str, Sequence[Any]],
        enrolled_days: Mapping[int, float],
    ) -> None:
        self.protocol = SimpleNamespace(id="hand-made", patient=PATIENT, endpoints=ENDPOINTS)
        self.event_names = NAMES
        self.patient_ids = np.array(sorted(lines), dtype=np.int64)
        self.n = len(lines)
        rows = [
            (patient, round(line[0] * 100_000), serial, NAMES.index(line[1]), line[2] if len(line) > 2 else "")
            for patient in sorted(lines)
            for serial, line in enumerate(sorted(lines[patient], key=lambda one: one[0]))
        ]
        self.event_patient = np.array([row[0] for row in rows], dtype=np.int64)
        self.event_tick = np.array([row[1] for row in rows], dtype=np.int64)
        self.event_code = np.array([row[3] for row in rows], dtype=np.int64)
        self._details = np.array([row[4] for row in rows], dtype=object)
        self.end_tick = np.array([round(end_days[p] * 100_000) for p in self.patient_ids], dtype=np.int64)
        at = [enrolled_days.get(int(p), 0.0) for p in self.patient_ids]
        self.enrolled = np.array([day >= 0 for day in at])
        self.enrolment_tick = np.array([round(day * 100_000) if day >= 0 else -1 for day in at], dtype=np.int64)
        self._attributes = attributes

    def details(self, rows: Any) -> Any:
        return self._details[rows]

    def attribute(self, name: str) -> Any:
        return np.array(self._attributes[name], dtype=object)


@pytest.fixture
def hand_made() -> Callable[..., HandMade]:
    """Builds a history from {patient: [(day, event, detail), ..]}; who has no death is followed for 1,000 days."""

    def build(
        lines: Mapping[int, Sequence[Line]],
        *,
        horizon: float = 1000.0,
        attributes: Mapping[str, Sequence[Any]] | None = None,
        enrolled: Mapping[int, float] | None = None,
    ) -> HandMade:
        end = {
            p: min([line[0] for line in events if line[1] == "death"], default=horizon) for p, events in lines.items()
        }
        return HandMade(lines, end, attributes or {}, enrolled or {})

    return build


@pytest.fixture
def rule() -> Callable[..., Endpoint]:
    """An endpoint from its parts, as a protocol writes them."""

    def build(**parts: Any) -> Endpoint:
        return Endpoint.model_validate({("from" if key == "from_" else key): value for key, value in parts.items()})

    return build
