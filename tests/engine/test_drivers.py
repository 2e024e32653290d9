"""One history by every way, byte for byte: drivers, workers, chunks, order, a patient alone, a log that grows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.batch.run import run_chunk, simulate
from sim.engine import loop, simpy_driver
from sim.engine.history import History
from sim.engine.plan import compile_plan
from sim.protocol.resolve import load_protocol

PROTOCOLS = ("all-mrd2019", "all-mrd2023")


def assert_same(a: History, b: History) -> None:
    """Equal to the last bit: events, last states, and the tables made of them."""
    for name in ("log", "ints", "floats"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name


def part(history: History, first: int, count: int) -> tuple[bytes, bytes, bytes]:
    """The bytes of some patients of a history."""
    rows = (history.event_patient >= first) & (history.event_patient < first + count)
    people = (history.patient_ids >= first) & (history.patient_ids < first + count)
    return history.log[rows].tobytes(), history.ints[people].tobytes(), history.floats[people].tobytes()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("many", "few"), [(400, 60), pytest.param(50_000, 2_000, marks=pytest.mark.verify, id="large")]
)
def test_simpy_compiled_and_python_give_the_same_bytes(protocol: str, many: int, few: int) -> None:
    compiled = simulate(protocol, patients=many, seed=11, engine="compiled")
    assert_same(simulate(protocol, patients=many, seed=11, engine="simpy"), compiled)
    python = simulate(protocol, patients=few, seed=11, engine="python")
    assert (python.log.tobytes(), python.ints.tobytes(), python.floats.tobytes()) == part(compiled, 0, few)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_detailed_log_is_the_same_by_all_three_ways_and_adds_rows_only(protocol: str) -> None:
    plain = simulate(protocol, patients=40, seed=2, engine="compiled")
    detailed = [simulate(protocol, patients=40, seed=2, engine=e, detail=True) for e in ("simpy", "compiled", "python")]
    assert_same(detailed[0], detailed[1])
    assert_same(detailed[0], detailed[2])
    extra = detailed[0].events.event.isin(["marker", "dose", "attribute"])
    columns = ["patient", "time_days", "event", "phase", "detail"]
    kept = detailed[0].events[~extra][columns].reset_index(drop=True)
    assert extra.any()
    assert kept.equals(plain.events[columns])


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
@pytest.mark.parametrize("patients", [300, pytest.param(3_000, marks=pytest.mark.verify, id="large")])
def test_workers_and_chunks_change_nothing(engine: str, patients: int) -> None:
    whole = simulate("all-mrd2023", patients=patients, seed=5, engine=engine, chunk=10 * patients)
    for chunk in (1, 7, 1_000):
        assert_same(simulate("all-mrd2023", patients=patients, seed=5, engine=engine, chunk=chunk), whole)
    for how in ({"workers": 2}, {"workers": 2, "chunk": 97}, {"workers": 3}):
        assert_same(simulate("all-mrd2023", patients=patients, seed=5, engine=engine, **how), whole)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("crowd", [200, pytest.param(40_000, marks=pytest.mark.verify, id="large")])
def test_patient_31415_is_the_same_alone_and_in_the_crowd(protocol: str, crowd: int) -> None:
    first = max(0, 31_415 - crowd // 2)
    together = simulate(protocol, patients=crowd, seed=3, engine="compiled", first=first)
    expected = part(together, 31_415, 1)
    for engine in ("simpy", "compiled", "python"):
        alone = simulate(protocol, patients=1, seed=3, engine=engine, first=31_415)
        assert alone.patient_ids.tolist() == [31_415]
        assert part(alone, 31_415, 1) == expected


@pytest.mark.parametrize("engine", ["simpy", "compiled", "python"])
def test_patients_in_any_order_are_the_same(engine: str) -> None:
    plan = compile_plan(load_protocol("all-mrd2019"))
    ints = plan.for_run(seed=9, replicate=2, horizon_days=1_000.0)
    order = np.random.default_rng(1).permutation(60)
    chunks = {int(k): run_chunk(plan, ints, engine, int(k), 1, None) for k in order}
    together = run_chunk(plan, ints, engine, 0, 60, None)
    assert np.concatenate([chunks[k].log for k in range(60)]).tobytes() == together.log.tobytes()
    assert np.concatenate([chunks[k].floats for k in range(60)]).tobytes() == together.floats.tobytes()


@pytest.mark.parametrize("engine", ["simpy", "compiled", "python"])
def test_a_log_that_has_to_grow_changes_nothing(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patients = 60 if engine == "python" else 500
    roomy = simulate("all-mrd2019", patients=patients, seed=4, engine=engine)
    grown = []

    def count(log: np.ndarray, share: float = 1.0) -> np.ndarray:
        grown.append(len(log))
        return original(log, share)

    original = loop.grown
    for module in (loop, simpy_driver):
        monkeypatch.setattr(module, "ROWS_A_PATIENT", 0)
        monkeypatch.setattr(module, "grown", count)
    tight = simulate("all-mrd2019", patients=patients, seed=4, engine=engine)
    assert len(grown) >= (1 if engine == "python" else 2)
    assert_same(tight, roomy)


def test_the_first_patients_foretell_how_long_the_log_will_be(monkeypatch: pytest.MonkeyPatch) -> None:
    roomy = simulate("all-mrd2019", patients=5_000, seed=4, engine="compiled")
    monkeypatch.setattr(loop, "PATIENTS_AT_FIRST", 200)
    monkeypatch.setattr(loop, "PATIENTS_A_CALL", 700)
    rooms = []
    monkeypatch.setattr(loop, "new_log", lambda rows, new=loop.new_log: rooms.append(rows) or new(rows))
    tight = simulate("all-mrd2019", patients=5_000, seed=4, engine="compiled")
    assert len(rooms) == 2
    assert len(roomy.log) < rooms[1] < 1.3 * len(roomy.log)
    assert_same(tight, roomy)


def test_a_step_that_logs_many_rows_has_room_for_them(lab: Any) -> None:
    """A phase may give many doses and emit many events at once: what one step logs must fit before it is made."""
    n = 150
    doses = ", ".join(f"c{k}: 1" for k in range(n))
    probe = f"""
    counters: {{{", ".join(f"c{k}: doses" for k in range(n))}}}
    phases:
      COURSE: {{lasts: 1 d, emits: [{", ".join(["given"] * n)}], give: {{{doses}}}, goto: CARE}}
      CARE: {{open: true}}
    """
    # Plain Python first: it names a row that does not fit, where compiled code would write into foreign memory.
    events = lab.run(probe, 3, "python", detail=True).events.event.value_counts()
    assert (events["dose"], events["given"]) == (3 * n, 3 * n)
    for engine in ("compiled", "simpy"):
        assert lab.run(probe, 3, engine, detail=True).events.event.value_counts().equals(events)


def test_seed_and_replicate_are_both_part_of_the_key() -> None:
    runs = [
        simulate("all-mrd2019", patients=50, seed=s, replicate=r, engine="compiled")
        for s, r in ((1, 0), (1, 1), (0, 1), (2, 0))
    ]
    assert len({run.log.tobytes() for run in runs}) == 4


def test_a_longer_horizon_only_adds_to_a_history() -> None:
    short = simulate("all-mrd2023", patients=200, seed=6, engine="compiled", horizon="1 y")
    long = simulate("all-mrd2023", patients=200, seed=6, engine="compiled", horizon="3 y")
    until = long.events[(long.events.time_days <= 365.25) & (long.events.event != "end")]
    before = short.events[short.events.event != "end"]
    assert until.reset_index(drop=True).equals(before.reset_index(drop=True))
