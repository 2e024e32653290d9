"""The compiled loop: a chunk of independent patients, in compiled code or in plain Python. No shared resources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.engine import layout as at
from sim.engine.failures import failure
from sim.engine.plan import Plan

ROWS_A_PATIENT = 32
"""First guess of a patient's log rows; the log grows when it is exceeded."""
PATIENTS_AT_FIRST, FORETELLING = 1_000, 100
"""For how many patients a log has room at first; and how many of them foretell by their rows how much room all need."""
PATIENTS_A_CALL = 20_000
"""Compiled code cannot be interrupted, so it comes back now and then."""
SUMMARY_INTS = 7


@dataclass(frozen=True, eq=False)
class Chunk:
    """What a driver hands back for patients in a row: their log rows by patient and serial, and their last states."""

    log: np.ndarray
    ints: np.ndarray
    floats: np.ndarray


def new_log(rows: int) -> np.ndarray:
    """An empty log with room for so many rows; its first row only counts."""
    log = np.empty((rows + 1, at.LOG_WIDTH), dtype=np.int64)
    log[0] = 0
    return log


def grown(log: np.ndarray, share: float = 1.0) -> np.ndarray:
    """The same log with room for the whole of which its rows are a share, and a tenth more; or with twice the room."""
    used = int(log[0, 0])
    larger = new_log(max(2 * len(log), int(1.1 * used / share)))
    larger[: used + 1] = log[: used + 1]
    return larger


def summary_arrays(plan: Plan, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Arrays for the last states of so many patients; see `step.summarise`."""
    width = int(plan.I[at.H_N_VARIABLES] + plan.I[at.H_N_MARKERS])
    return np.zeros((count, SUMMARY_INTS), dtype=np.int64), np.zeros((count, width))


def check_failures(plan: Plan, ints: np.ndarray) -> None:
    """Raise for the first patient whose run failed."""
    failed = np.flatnonzero(ints[:, 1] == at.FAILED)
    if len(failed):
        row = ints[failed[0]]
        raise failure(plan, int(row[0]), row[5], int(row[6]))


def run_loop(plan: Plan, ints: np.ndarray, *, first: int, count: int, plain: bool = False) -> Chunk:
    """Run patients ``first`` to ``first + count - 1``; ``ints`` is the plan's I for this run."""
    run: Callable[..., Any]
    if plain:
        from sim.engine.plain import plain_kernel

        run = plain_kernel()["run_patients"]
    else:
        from sim.engine.step import run_patients as run
    I, F = ints.copy(), plan.F.copy()
    table = plan.table_for(ints)
    log = new_log(ROWS_A_PATIENT * min(count, PATIENTS_AT_FIRST) + int(ints[at.H_LOG_MARGIN]))
    summary = summary_arrays(plan, count)
    done = resume = 0
    while done < count:
        until = min(done + PATIENTS_A_CALL, count)
        done, resume = run(I, F, log, table, first, until, done, resume, *summary)
        if done < until:
            log = grown(log, done / count if done >= FORETELLING else 1.0)
    check_failures(plan, summary[0])
    return Chunk(log[1 : log[0, 0] + 1], *summary)
