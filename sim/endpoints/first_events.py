"""Finds which event came first in the log of a History, by patient. What it means for an endpoint is not said here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.errors import EngraftError, did_you_mean

if TYPE_CHECKING:
    from sim.engine.history import History

Integers = NDArray[np.int64]
Words = NDArray[np.object_]

NEVER = -1
"""Stands for a tick or a row of the log that there is not."""


def event_codes(history: History, events: Sequence[str]) -> list[int]:
    """Codes of named events in the log, in the order given.

    Raises
    ------
    EngraftError
        The protocol knows no such event.
    """
    names = list(history.event_names)
    for event in events:
        if event not in names:
            raise EngraftError(f'no event is called "{event}" in {history.protocol.id}{did_you_mean(event, names)}')
    return [names.index(event) for event in events]


def first_rows(history: History, events: Sequence[str], *, after: Integers) -> Integers:
    """Row in the log of each patient's first occurrence of any of the events at or after a tick (`History.first_row`).

    Within one tick the order of the log decides. Death ends a patient's log, so that whatever shares its tick stands
    before it.

    Parameters
    ----------
    after
        Ticks, shape (n,); a patient with `NEVER` has no first event.

    Returns
    -------
    array
        Rows of the log, shape (n,); `NEVER` where there is none.

    Raises
    ------
    EngraftError
        The protocol knows no such event.
    """
    event_codes(history, events)
    return np.asarray(history.first_row(events, after), dtype=np.int64)


def causes_of(history: History, rows: Integers) -> Words:
    """Names of the sites that caused the events in rows of the log."""
    names = np.array([*history.causes, ""], dtype=object)
    return np.asarray(names[history.event_cause[rows]], dtype=object)


def ticks_of(history: History, rows: Integers) -> Integers:
    """Ticks of rows of the log; `NEVER` stays."""
    return np.where(rows == NEVER, np.int64(NEVER), history.event_tick[rows])


def enrolment_ticks(history: History) -> Integers:
    """Tick of enrolment, shape (n,); `NEVER` for patients who were screened and not enrolled."""
    return np.where(history.enrolled, history.enrolment_tick, np.int64(NEVER))
