"""Patients a second on all-mrd2023: the SimPy driver, the compiled loop and a hand-written SimPy model, paired.

The three are timed in turn, several times, so that a busy machine slows all of them; what is compared is the ratio
within a round. Reading the protocol and compiling the engine, once a process and once a machine, are not timed.
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from hand_written import run_with

from sim.batch.run import CHUNKS, run_chunks
from sim.engine.history import History
from sim.engine.plan import Plan, compile_plan
from sim.protocol.resolve import load_protocol

PROTOCOL = "all-mrd2023"
HORIZON = 1826.25  # days: 5 years, as simulate's default
COMPILED_AT_LEAST = 150_000  # patients a second on one core
SIMPY_WITHIN = 1.25  # times the hand-written model's time


def by_engine(plan: Plan, engine: str, patients: int, seed: int) -> History:
    """What `simulate` does with a compiled plan, on one core."""
    ints = plan.for_run(seed=seed, replicate=0, horizon_days=HORIZON)
    chunks = run_chunks(plan, ints, engine, first=0, patients=patients)
    return History.of(plan, chunks, seed=seed, replicate=0, horizon_days=HORIZON, engine=engine)


def survival(model: Any, patients: int, days: float = 730.5) -> dict[str, float]:
    """Shares of the hand-written model at two years: alive; and, of those in remission, without relapse and alive."""
    died, remitted, failed = (np.full(patients, math.inf) for _ in range(3))
    for patient, day, event, *_ in model.events:
        if event == "death":
            died[patient] = day
        elif event == "remission":
            remitted[patient] = day
        if event in ("relapse", "death"):
            failed[patient] = min(failed[patient], day)
    return shares(died, remitted, failed, days)


def engine_survival(history: History, days: float = 730.5) -> dict[str, float]:
    """The same shares of an engine's History."""
    died, remitted = (_days(history, event) for event in ("death", "remission"))
    return shares(died, remitted, np.minimum(_days(history, "relapse"), died), days)


def shares(died: np.ndarray, remitted: np.ndarray, failed: np.ndarray, days: float) -> dict[str, float]:
    """Overall and leukaemia-free survival at a time; nobody is censored before the horizon."""
    inside = np.isfinite(remitted)
    lived = failed[inside] - remitted[inside]
    return {"OS": float(np.mean(died > days)), "LFS": float(np.mean(lived > days)), "remission": float(np.mean(inside))}


def _days(history: History, event: str) -> np.ndarray:
    ticks = history.first_tick(event)
    return np.where(ticks < 0, np.inf, ticks / 1e5)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of a piece of work, and its result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def spread(values: list[float], digits: int = 2) -> str:
    """Median and range."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--patients", type=int, default=3_000, help="a round, for the two that run in SimPy")
    parser.add_argument("--compiled", type=int, default=100_000, help="patients a round of the compiled loop")
    given = parser.parse_args()
    protocol = load_protocol(PROTOCOL)
    plan = compile_plan(protocol)
    numbers = {name: parameter.value for name, parameter in protocol.parameters.items()}
    ways: dict[str, tuple[int, Callable[[int], Any]]] = {
        "hand": (given.patients, lambda seed: run_with(numbers, given.patients, seed, HORIZON, CHUNKS["simpy"])),
        "simpy": (given.patients, lambda seed: by_engine(plan, "simpy", given.patients, seed)),
        "compiled": (given.compiled, lambda seed: by_engine(plan, "compiled", given.compiled, seed)),
    }
    for _, work in ways.values():
        work(0)
    speed: dict[str, list[float]] = {name: [] for name in ways}
    for seed in range(1, given.rounds + 1):
        order = list(ways) if seed % 2 else list(ways)[::-1]
        for name in order:
            patients, work = ways[name]
            seconds, _ = timed(lambda work=work, seed=seed: work(seed))
            speed[name].append(patients / seconds)
    print(
        f"{PROTOCOL}, {HORIZON / 365.25:g} years, {given.rounds} rounds, one core, Python {platform.python_version()}"
    )
    print(f"  hand-written SimPy model   {spread(speed['hand'], 0)} patients/s")
    print(f"  SimPy driver               {spread(speed['simpy'], 0)} patients/s")
    print(f"  compiled loop              {spread(speed['compiled'], 0)} patients/s (goal: {COMPILED_AT_LEAST:,})")
    ratio = [hand / simpy for hand, simpy in zip(speed["hand"], speed["simpy"], strict=True)]
    print(f"  time of the SimPy driver / hand-written   {spread(ratio)} (goal: at most {SIMPY_WITHIN})")
    gain = [compiled / hand for compiled, hand in zip(speed["compiled"], speed["hand"], strict=True)]
    print(f"  compiled loop / hand-written              {spread(gain, 1)} times as fast")
    agree(numbers, plan)


def agree(numbers: dict[str, float], plan: Plan, patients: int = 20_000) -> None:
    """Print that both models say the same."""
    hand = survival(run_with(numbers, patients, 99, HORIZON, CHUNKS["simpy"]), patients)
    engine = engine_survival(by_engine(plan, "compiled", patients, 99))
    for name, a in hand.items():
        b = engine[name]
        error = math.sqrt((a * (1 - a) + b * (1 - b)) / patients)
        apart = (a - b) / error
        print(f"  2-year {name:<9} hand-written {a:.4f}, engine {b:.4f}, difference {apart:+.1f} standard errors")


if __name__ == "__main__":
    main()
