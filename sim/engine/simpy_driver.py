"""The reference driver: SimPy's calendar calls `step` for each patient; SimPy containers hold the places they share."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from sim.engine import layout as at
from sim.engine.desk import Desk, Places
from sim.engine.loop import ROWS_A_PATIENT, Chunk, check_failures, grown, new_log, summary_arrays
from sim.engine.plan import Plan
from sim.engine.screening import take_row
from sim.engine.step import grant, start, step, summarise
from sim.errors import EngraftError


def run_simpy(plan: Plan, ints: np.ndarray, *, first: int, count: int, arrivals: np.ndarray | None = None) -> Chunk:
    """Run patients ``first`` to ``first + count - 1`` in one SimPy environment whose clock counts ticks.

    Parameters
    ----------
    arrivals
        Tick at which each patient arrives (int64, shape (count,)); all at 0 by default.
    """
    return _Ward(plan, ints, first, count, arrivals).run()


class _Ward:
    """One environment with its patients, their states and the places they share."""

    def __init__(self, plan: Plan, ints: np.ndarray, first: int, count: int, arrivals: np.ndarray | None) -> None:
        self.plan, self.I, self.F = plan, ints, plan.F
        self.first, self.count = first, count
        self.table = plan.table_for(ints)
        self.arrivals = np.zeros(count, dtype=np.int64) if arrivals is None else arrivals
        if len(self.arrivals) != count or (count and self.arrivals.min() < 0):
            raise EngraftError(f"arrivals must be {count} times that are not negative")
        self.environment = simpy.Environment()
        self.log = new_log(ROWS_A_PATIENT * count + int(ints[at.H_LOG_MARGIN]))
        self.ints, self.floats = summary_arrays(plan, count)
        self.desk = Desk(self.environment, dict(plan.resources)) if plan.shares_resources else None

    def run(self) -> Chunk:
        care = self._care if self.desk is None else self._care_with_places
        for k in range(self.count):
            self.environment.process(care(k))
        self.environment.run()
        check_failures(self.plan, self.ints)
        rows = self.log[1 : self.log[0, 0] + 1]
        order = np.lexsort((rows[:, at.LOG_SERIAL], rows[:, at.LOG_PATIENT]))
        return Chunk(rows[order], self.ints, self.floats)

    def _make_room(self) -> None:
        self.log = grown(self.log)

    def _care(self, k: int) -> Generator[Any, Any, None]:
        """A patient who shares nothing: sleep until the next event, let `step` perform it."""
        timeout = self.environment.timeout
        I, F = self.I.copy(), self.F.copy()
        now = 0
        if self.arrivals[k]:
            yield timeout(int(self.arrivals[k]))
        take_row(I, F, self.table, self.first + k)
        while (tick := start(I, F, self.log, self.first + k)) == at.LOG_FULL:
            self._make_room()
        while tick >= 0:
            if tick > now:
                yield timeout(tick - now)
                now = tick
            while (tick := step(I, F, self.log)) == at.LOG_FULL:
                self._make_room()
        summarise(I, F, self.ints[k], self.floats[k])

    def _care_with_places(self, k: int) -> Generator[Any, Any, None]:
        """A patient who may have to wait: whichever comes first, the next event or the places asked for."""
        assert self.desk is not None
        environment = self.environment
        I, F = self.I.copy(), self.F.copy()
        arrival = int(self.arrivals[k])
        if arrival:
            yield environment.timeout(arrival)
        take_row(I, F, self.table, self.first + k)
        while (tick := start(I, F, self.log, self.first + k)) == at.LOG_FULL:
            self._make_room()
        places: Places | None = None
        while tick >= 0:
            signal = I[at.SIGNAL]
            I[at.SIGNAL] = at.NO_SIGNAL
            if signal >= at.RELEASE:
                self.desk.give_back(places)
                places = None
            if signal in (at.REQUEST, at.RELEASE_AND_REQUEST, at.CANCEL_AND_REQUEST):
                places = self.desk.ask(self._needs(int(I[at.PHASE])), self.first + k)
            waits = places is not None and I[at.HOLD] == at.WAITING
            due = arrival + tick <= environment.now
            if not due and places is not None and waits and places.granted.triggered:
                tick = grant(I, F, self.log, environment.now - arrival)
                continue
            if not due:
                wake = environment.timeout(arrival + tick - environment.now)
                yield wake | places.granted if places is not None and waits else wake
                if arrival + tick > environment.now:
                    continue
            while (tick := step(I, F, self.log)) == at.LOG_FULL:
                self._make_room()
        self.desk.give_back(places)
        summarise(I, F, self.ints[k], self.floats[k])

    def _needs(self, phase: int) -> dict[str, int]:
        row = self.I[at.H_PHASES] + phase * at.P_WIDTH
        first, count = int(self.I[row + at.P_NEEDS]), int(self.I[row + at.P_N_NEEDS])
        pairs = self.I[first : first + at.N_WIDTH * count].reshape(count, at.N_WIDTH)
        return {self.plan.resources[resource][0]: int(units) for resource, units in pairs}
