"""Curves as steps: the numbers at risk at which so many events give estimate and interval. Nothing is judged here."""

from __future__ import annotations

from sim.evidence.audit.arithmetic import risk_sets
from sim.evidence.audit.curves import Value
from sim.evidence.audit.finding import EvidenceFile


def steps(file: EvidenceFile, value: Value, events: int) -> list[tuple[int, ...]]:
    """Every set of falling numbers at risk at which so many events give the printed estimate and lower limit."""
    most = file.most_patients(value.record)
    if value.lower is None or most is None:
        return []
    return list(risk_sets(value.share, value.lower, events=events, most=most, scale=value.scale, half=value.half))


def shown_steps(file: EvidenceFile, value: Value) -> str:
    """The risk sets of the events that a record counts, in words; empty where there are none."""
    return " or ".join(
        str(numbers) if len(numbers) > 1 else str(numbers[0])
        for numbers in steps(file, value, value.record.events or 0)
    )


def single_event(file: EvidenceFile, value: Value) -> tuple[int, ...]:
    """Numbers at risk at which a single event gives estimate and interval, falling; none where no single event does."""
    return tuple(sorted((numbers[0] for numbers in steps(file, value, 1)), reverse=True))
