"""Whether anybody is followed for as long as a comparison asks: a time that nobody can reach is an error, no empty row.

What counts is how long patients could have been followed, not how long they lived.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sim.compare.config import CompareConfig
from sim.compare.contrast import ArmData
from sim.compare.prepare import PreparedStudy
from sim.endpoints.first_events import NEVER, Integers
from sim.endpoints.table import TimeToEvent
from sim.protocol.document import DocumentPath
from sim.units import format_duration, parse_duration, to_ticks


def unreached(arm: ArmData, config: CompareConfig, *, end: float) -> Iterator[tuple[DocumentPath, str]]:
    """Times of the config that nobody in an arm can reach, as (path, message).

    Parameters
    ----------
    end
        Day at which the simulation of the arm stopped, since each patient's own start.
    """
    horizon = to_ticks(parse_duration(config.horizon))
    for name, found in arm.endpoints.items():
        stop = np.minimum(found.start + horizon, to_ticks(end))
        longest = _longest(stop - found.start)
        for index, time in enumerate(config.times):
            if found.n and to_ticks(parse_duration(time)) > longest:
                yield ("times", index), _words(time, f"{name} of {arm.name}", longest, f"from {found.origin}")
        for label, (groups, clock) in arm.groups.items():
            if groups.tick is None or clock != "landmark":
                continue
            tick = groups.tick[found.row]
            inside = (tick != NEVER) & (tick - found.start < found.ticks)
            longest = _longest((stop - np.maximum(tick, found.start))[inside])
            for time in config.times:
                if inside.any() and to_ticks(parse_duration(time)) > longest:
                    message = _words(time, f"{name} of {arm.name}", longest, "from the landmark")
                    yield ("subgroups", label, "clock"), f"{message}; give a longer horizon"


def unreached_by_study(
    prepared: PreparedStudy, found: TimeToEvent, time: float, *, cut: Integers | None, end: float
) -> Iterator[tuple[DocumentPath, str]]:
    """Why nobody in a study can be followed to the time (days) of a record of this endpoint, as (path, message)."""
    stop = np.full(found.n, to_ticks(end)) if cut is None else np.minimum(cut[found.row], to_ticks(end))
    longest = _longest(stop - found.start)
    if found.n and to_ticks(time) > longest:
        where = f"{found.name} of study {prepared.name}"
        yield prepared.path, _words(format_duration(time), where, longest, f"from {found.origin}")


def _longest(followed: Integers) -> int:
    return int(followed.max(initial=0))


def _words(time: str, where: str, longest: int, since: str) -> str:
    days = longest / to_ticks(1.0)
    return f"nobody can be followed to {time} for {where}: follow-up ends at most {days:.5g} d {since}"
