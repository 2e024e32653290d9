"""Hands out shared places (beds, apheresis slots) as SimPy containers: first come first served, ties by patient."""

from __future__ import annotations

from functools import partial
from typing import Any

import simpy

AFTER_ALL = 10
"""Priority of the event in which requests are filed: after all else at the same tick, so that ties go by patient."""


class Places:
    """A patient's request for places; ``granted`` triggers when all of them are there."""

    def __init__(self, environment: simpy.Environment, needs: dict[str, int], patient: int) -> None:
        self.granted = environment.event()
        self.needs = needs
        self.patient = patient
        self.gets: list[Any] = []
        self.withdrawn = False


def _tell(places: Places, _: object) -> None:
    """All places of a request are there."""
    places.granted.succeed()


class Desk:
    """The queue for every shared resource of one environment."""

    def __init__(self, environment: simpy.Environment, capacities: dict[str, int]) -> None:
        self.environment = environment
        self.stock = {name: simpy.Container(environment, capacity=n, init=n) for name, n in capacities.items()}
        self._asked: list[Places] = []

    def ask(self, needs: dict[str, int], patient: int) -> Places:
        """Ask for places; the request joins the queue at the end of this tick."""
        if not self._asked:
            filing = self.environment.event()
            filing._ok, filing._value = True, None
            filing.callbacks.append(self._file)
            self.environment.schedule(filing, priority=AFTER_ALL)  # type: ignore[arg-type]
        places = Places(self.environment, needs, patient)
        self._asked.append(places)
        return places

    def _file(self, _: object) -> None:
        """Put this tick's requests into the queues, in the order of their patients."""
        asked, self._asked = sorted(self._asked, key=lambda places: places.patient), []
        for places in asked:
            if places.withdrawn:
                continue
            places.gets = [self.stock[name].get(units) for name, units in places.needs.items()]
            self.environment.all_of(places.gets).callbacks.append(partial(_tell, places))

    def give_back(self, places: Places | None) -> None:
        """Return places that are held, or withdraw a request that still waits."""
        if places is None or places.withdrawn:
            return
        places.withdrawn = True
        for get, (name, units) in zip(places.gets, places.needs.items(), strict=False):
            if get.triggered:
                self.stock[name].put(units)
            else:
                get.cancel()
