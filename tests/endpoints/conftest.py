"""Hand-made histories: a handful of patients whose events are written down day by day, as a real `History`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from sim.engine import layout
from sim.engine.history import History
from sim.engine.plan import Plan, compile_plan
from sim.protocol.schema import Endpoint, Protocol

# Only the names matter: nobody goes through this protocol.
PROTOCOL = {
    "schema": "engraft/1",
    "id": "hand-made",
    "title": "Names for histories that are written by hand",
    "patient": {
        "mrd": {"states": ["not_evaluable", "negative", "positive"]},
        "arm_of_study": {"draw": {"categorical": {"b": 0.5, "a": 0.5}}},
        "age": {"draw": {"fixed": 40}},
        "age_band": {"derive": "band(age, 5, 16, 36, 56)"},
    },
    "markers": {"level": {"start": "-3"}},
    "assays": {"pcr": {"reads": "level", "limit": "-4"}},
    "phases": {
        "A1": {"lasts": 28, "emits": ["remission", "relapse", "transplant", "toxic_death"],
               "tests": [{"assay": "pcr", "into": "mrd"}], "goto": "DEAD"},
        "DEAD": {"final": True, "emits": "death"},
    },
    "hazards": {
        name: {"clock": {"since": "remission"}, "baseline": {"exponential": {"mean": 1}}, "emits": ["relapse"]}
        for name in ("relapse", "nrm", "death_with_disease", "first", "second", "at_once", "a", "b")
    },
    "endpoints": {
        "OS": {"from": "enrolment", "event": ["death"]},
        "LFS": {"from": "remission", "event": ["relapse", "death"]},
        "EFS": {"from": "enrolment", "event": ["relapse", "death"]},
        "CIR": {"from": "remission", "event": ["relapse"], "competing": ["death"]},
        "NRM": {"from": "remission", "event": ["death"], "competing": ["relapse"]},
    },
}  # fmt: skip

Line = tuple[float, str] | tuple[float, str, str]


def _ticks(days: float) -> int:
    return round(days * 100_000)


@pytest.fixture(scope="session")
def plan() -> Plan:
    return compile_plan(Protocol.model_validate(PROTOCOL))


def _detail(plan: Plan, line: Line) -> int:
    """How the log holds the third word of a line: a result as state, anything else as the site of the cause."""
    if len(line) < 3:
        return layout.NONE
    if line[1] != "result":
        return plan.labels.index(line[2])
    return plan.attributes["mrd"][1].index(line[2]) + layout.DETAIL_SHIFT // 2


@pytest.fixture
def hand_made(plan: Plan) -> Callable[..., History]:
    """Builds a history from {patient: [(day, event, cause or result), ..]}; the living are followed to the horizon."""

    def build(
        lines: Mapping[int, Sequence[Line]],
        *,
        horizon: float = 1000.0,
        attributes: Mapping[str, Sequence[Any]] | None = None,
        enrolled: Mapping[int, float] | None = None,
    ) -> History:
        log, ints = [], []
        for patient in sorted(lines):
            ordered = sorted(lines[patient], key=lambda one: one[0])
            for serial, line in enumerate(ordered):
                code = plan.event_names.index(line[1])
                log.append([patient, _ticks(line[0]), serial, code, 0, _detail(plan, line)])
            end = min([line[0] for line in ordered if line[1] == "death"], default=horizon)
            gate = (enrolled or {}).get(patient, 0.0)
            ints.append([patient, layout.CUT, 0, _ticks(end), _ticks(gate) if gate >= 0 else -1, 0, 0])
        floats = np.zeros((len(lines), 20))
        for name, words in (attributes or {}).items():
            place, states = plan.attributes[name]
            floats[:, place] = [states.index(word) for word in words]
        how: dict[str, Any] = {"seed": 1, "replicate": 0, "horizon_days": horizon, "engine": "by hand"}
        return History(plan, np.array(log, dtype=np.int64), np.array(ints, dtype=np.int64), floats, **how)

    return build


@pytest.fixture
def rule() -> Callable[..., Endpoint]:
    """An endpoint from its parts, as a protocol writes them."""

    def build(**parts: Any) -> Endpoint:
        return Endpoint.model_validate({("from" if key == "from_" else key): value for key, value in parts.items()})

    return build
