"""The yardstick of the benchmark does the same work: its events and two-year results are those of the engine."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.batch.run import simulate

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The benchmark's module; importing it runs nothing."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)
    import bench_engine

    yield bench_engine
    for name in set(sys.modules) - before:
        if name in ("bench_engine", "hand_written"):
            del sys.modules[name]


@pytest.mark.parametrize("patients", [4_000, pytest.param(60_000, marks=pytest.mark.verify, id="large")])
def test_the_hand_written_model_agrees_with_the_engine(bench: Any, patients: int) -> None:
    """Two-year survival, remission, and the mean number of every event a patient, each within 4 standard errors.

    At 4,000 patients 3 points of two-year survival would be caught nine times in ten, at 60,000 it is 0.8.
    """
    import hand_written

    model = hand_written.run(patients, seed=5)
    # The engine's patients are ten times as many, so that their error hardly counts.
    many = 10 * patients if patients < 10_000 else 2 * patients
    history = simulate(bench.PROTOCOL, patients=many, seed=5, engine="compiled")
    hand, engine = bench.survival(model, patients), bench.engine_survival(history)
    for name, a in hand.items():
        b = engine[name]
        error = math.sqrt(a * (1 - a) / patients + b * (1 - b) / many)
        assert abs(a - b) < 4.0 * error, (name, a, b, error)
    names = sorted({event for _, _, event, *_ in model.events})
    assert names == sorted(set(history.events.event))
    code = {name: k for k, name in enumerate(names)}
    by_hand, by_engine = np.zeros((len(names), patients)), np.zeros((len(names), many))
    for patient, _, event, *_ in model.events:
        by_hand[code[event], patient] += 1
    counts = history.events.groupby(["event", "patient"]).size()
    for (event, patient), count in counts.items():
        by_engine[code[event], patient] = count
    for name, a, b in zip(names, by_hand, by_engine, strict=True):
        error = math.sqrt(a.var() / patients + b.var() / many)
        assert abs(a.mean() - b.mean()) <= 4.0 * error, (name, a.mean(), b.mean(), error)
    assert by_hand.sum() / patients > 20


def test_its_patients_end_with_the_same_doses_days_and_levels(bench: Any) -> None:
    import hand_written

    patients = 4_000
    rows = hand_written.run(patients, seed=6).patients
    engine = simulate(bench.PROTOCOL, patients=patients, seed=6, engine="compiled").patients
    columns = {
        "age": 1,
        "chemo_kill": 5,
        "blina_kill": 6,
        "intrathecal": 10,
        "blinatumomab": 11,
        "hospital": 12,
        "mrd": 13,
    }
    for name, place in columns.items():
        a, b = np.array([row[place] for row in rows], dtype=float), engine[name].to_numpy(dtype=float)
        error = math.sqrt((a.var() + b.var()) / patients)
        assert abs(a.mean() - b.mean()) < 4.0 * error, (name, a.mean(), b.mean(), error)
    for name, place in (("mrd_after_a1", 8), ("mrd_after_c1", 9)):
        for state in ("negative", "positive"):
            a = np.array([row[place] == state for row in rows])
            b = (engine[name] == state).to_numpy()
            error = math.sqrt((a.var() + b.var()) / patients)
            assert abs(a.mean() - b.mean()) < 4.0 * error, (name, state, a.mean(), b.mean(), error)
    dead = np.array([row[-1] == "dead" for row in rows])
    alive = (engine.status == "dead").to_numpy()
    assert abs(dead.mean() - alive.mean()) < 4.0 * math.sqrt((dead.var() + alive.var()) / patients)
