"""Printed values of curves as the checks compare them: by study, endpoint, time and group. Nothing is judged here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import inf

from sim.evidence.audit.arithmetic import SCALES, Scale, effective_range, greenwood, half_unit, is_symmetric
from sim.evidence.audit.finding import EvidenceFile
from sim.evidence.records import Interval, Record, Repaired
from sim.evidence.schema import Study, StudyEndpoint

Key = tuple[str, str, float]
"""Study, endpoint, time in days."""


@dataclass(frozen=True)
class Value:
    """A percentage on a curve, with what its interval says."""

    record: Record
    study: Study
    printed: float | int

    @property
    def share(self) -> float:
        """The value as a proportion."""
        return self.printed / 100.0

    @property
    def half(self) -> float:
        """Half a unit of its last digit, as a proportion."""
        return half_unit(self.printed)

    @property
    def interval(self) -> Interval | Repaired | None:
        """The interval to compute with: the repaired one, else the printed one."""
        return self.record.interval

    @cached_property
    def scale(self) -> Scale:
        """The scale of its interval: the study's, else the first on which it is symmetric, else log(-log)."""
        if self.study.intervals is not None:
            return self.study.intervals
        printed = self.record.printed_interval
        if printed is not None:
            for scale in SCALES:
                if is_symmetric(scale, self.share, printed.low / 100, printed.high / 100, self.half):
                    return scale
        return "log-log"

    @cached_property
    def lower(self) -> float | None:
        """The lower limit as a proportion, where it can be computed with."""
        found = self.interval
        if found is None or not 0.0 < found.low < self.printed < 100.0:
            return None
        return found.low / 100.0

    @property
    def greenwood(self) -> float | None:
        """The Greenwood sum that the lower limit implies."""
        found = None if self.lower is None else greenwood(self.scale, self.share, self.lower)
        return found if found is not None and 0.0 < found < inf else None

    @property
    def effective(self) -> tuple[float, float] | None:
        """Smallest and largest effective number of patients that the lower limit implies."""
        if self.lower is None or self.greenwood is None:
            return None
        return effective_range(self.scale, self.share, self.lower, self.half)

    @property
    def standard_error(self) -> float | None:
        """Standard error of the proportion."""
        return None if self.greenwood is None else float(self.share * self.greenwood**0.5)


@dataclass(frozen=True)
class Division:
    """The patients of a curve's value divided by an attribute: the whole, and parts that cover it."""

    by: str
    whole: Value
    parts: tuple[Value, ...]


def value_of(file: EvidenceFile, record: Record) -> Value | None:
    """The record as a value of a curve; None if it is something else, or no percentage strictly possible."""
    study = file.study(record)
    number = record.value
    if record.endpoint is None or record.time is None or study is None or record.estimator == "crude":
        return None
    if record.unit != "percent" or not isinstance(number, int | float) or not 0 <= number <= 100:
        return None
    return Value(record, study, number)


def values(file: EvidenceFile) -> list[Value]:
    """All values of curves, in the order of the file."""
    return [value for record in file.records if (value := value_of(file, record)) is not None]


def key(value: Value) -> Key:
    """What values must share to be compared."""
    time = value.record.time_days
    assert time is not None
    return value.record.study[0], str(value.record.endpoint), time


def wholes(found: list[Value]) -> dict[Key, Value]:
    """The first value of all patients of each curve and time."""
    kept: dict[Key, Value] = {}
    for value in found:
        if value.record.group is None:
            kept.setdefault(key(value), value)
    return kept


def parts_of(found: list[Value], whole: Value) -> list[Value]:
    """Values of groups of patients on the same curve at the same time."""
    return [value for value in found if value.record.group is not None and key(value) == key(whole)]


def divisions(file: EvidenceFile) -> Iterator[Division]:
    """Every value of all patients with values of groups that together are all patients, as the study states them."""
    found = values(file)
    for whole in wholes(found).values():
        for attribute, stated in whole.study.partitions.items():
            parts = [part for part in parts_of(found, whole) if part.record.group and part.record.group.by == attribute]
            covered = [word for part in parts if part.record.group for word in part.record.group.values]
            if len(parts) > 1 and sorted(covered) == sorted(stated):
                yield Division(attribute, whole, tuple(parts))


def order_of(value: Value) -> float | None:
    """The first number in the name of a group, by which bands are ordered."""
    found = re.match(r"-?\d+(\.\d+)?", value.record.group.values[0]) if value.record.group else None
    return float(found[0]) if found else None


def time_zero(study: Study, endpoint: StudyEndpoint) -> str:
    """The event at which an endpoint's clock starts: that of the gate, where it starts at enrolment."""
    if endpoint.time_zero == "enrolment" and study.entry_gate is not None:
        return study.entry_gate.at
    return endpoint.time_zero


def named(record: Record) -> str:
    """A record in words: id, what it measures and of whom."""
    group = f" ({record.group.title or ' or '.join(record.group.values)})" if record.group else ""
    return f"{record.id} {record.subject}{group}"
