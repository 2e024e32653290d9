"""What any file must do, however broken: be used, or be refused with positions; never fail in another way."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from sim.batch.run import run_chunk, simulate
from sim.engine.history import History
from sim.engine.plan import Plan, compile_plan
from sim.errors import EngraftError, InvalidDocument, Problem
from sim.protocol.resolve import load_protocol
from sim.protocol.schema import Protocol
from sim.units import parse_duration

MOST_SECONDS = 1.0
"""Processor time that one file may take, simulation included; the best of three where the processor is shared."""

SEED = 20261121

PATIENT = re.compile(r"^[a-z0-9-]+: patient [0-9]+, site .+: .+; engraft trace .+ --patient [0-9]+ replays it$")


def verdict(use: Callable[[], Protocol], *, by_machine_form: bool = True) -> str:
    """How a document ends: "refused", "failed" (for a patient, at a site) or "simulated".

    Parameters
    ----------
    use
        Loads the document; it may raise InvalidDocument and nothing else.
    by_machine_form
        Simulate through the public door, which writes the protocol in its machine form and checks that again; else
        from the plan, in half the time.
    """
    took: list[float] = []
    while len(took) < 3:
        begun = time.process_time()
        ended = _ended(use, by_machine_form)
        took.append(time.process_time() - begun)
        if took[-1] < MOST_SECONDS:
            return ended
    raise AssertionError(f"took {min(took):.2f} s")


def _ended(use: Callable[[], Protocol], by_machine_form: bool) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return _simulated(use(), by_machine_form)
        except InvalidDocument as invalid:
            check_problems(invalid.problems)
            return "refused"


def _simulated(protocol: Protocol, by_machine_form: bool) -> str:
    plan = compile_plan(protocol)  # raises nothing for a protocol that was checked
    patients = min(3, plan.most_patients or 3)
    failure = ""
    try:
        if by_machine_form:
            history = simulate(protocol, patients=patients, seed=SEED, engine="auto", horizon="5 y")
        else:
            history = _history(plan, patients)
    except EngraftError as error:
        failure = str(error)
    if failure:
        assert PATIENT.match(failure)
        return "failed"
    assert (history.event_tick >= 0).all()
    assert (history.event_tick <= history.end_tick.max()).all()
    kept = [
        name for name, each in protocol.patient.items() if each.column is not None and each.column.missing == "kept"
    ]
    numbers = history.patients.drop(columns=kept).select_dtypes("number").to_numpy(dtype=float)
    assert np.isfinite(numbers).all(), history.patients
    return "simulated"


def _history(plan: Plan, patients: int) -> History:
    engine = "simpy" if plan.shares_resources else "compiled"
    days = parse_duration("5 y")
    chunk = run_chunk(plan, plan.for_run(seed=SEED, replicate=0, horizon_days=days), engine, 0, patients, None)
    return History.of(plan, [chunk], seed=SEED, replicate=0, horizon_days=days, engine=engine)


def check_problems(problems: Sequence[Problem]) -> None:
    """Every problem names a file, a place, a path or the document, and says something."""
    assert problems
    for problem in problems:
        position = problem.position
        assert position.file
        assert position.line >= 1
        assert position.column >= 1
        assert problem.message.strip()
        assert len(problem.message) < 2000
        file, line, column, path = str(problem).removeprefix(position.file).split(":", 3)
        assert (file, int(line), int(column)) == ("", position.line, position.column)
        assert path.strip() != ""


def warm_up(protocol: str | Path) -> None:
    """Compile the kernel and load what is loaded lazily, so that no file pays for it."""
    plan = compile_plan(load_protocol(protocol))
    run_chunk(plan, plan.for_run(seed=1, replicate=0, horizon_days=365.25), "compiled", 0, 1, None)
    simulate(protocol, patients=1, seed=1, engine="compiled").patients  # noqa: B018
