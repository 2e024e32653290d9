"""What must hold between the figures of a file, as data: sums, equal figures, tables; and the codes of an audit.

Nothing is computed here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sim.evidence.records import Cell, RecordId
from sim.protocol.fields import Model, Name

Severity = Literal["hard", "soft", "gap"]
"""hard: cannot be right as printed; soft: odd, or only unlikely; gap: needed, and not reported."""

CheckName = Literal[
    "interval-reversed",
    "interval-misses-estimate",
    "interval-asymmetric",
    "interval-too-narrow",
    "interval-clipped",
    "interval-not-reached",
    "all-or-none",
    "impossible-percentage",
    "no-common-denominator",
    "crude-incidence",
    "incidence-not-crude",
    "survivors-of-a-part",
    "whole-outside-parts",
    "whole-off-the-weighted-mean",
    "whole-wider-than-part",
    "weights-disagree",
    "gradient-within-error",
    "endpoint-order",
    "event-free-does-not-decompose",
    "one-event-many-results",
    "too-few-deaths",
    "impossible-p-value",
    "assays-disagree",
    "time-beyond-follow-up",
    "clock-is-not-entry",
    "parts-exceed-whole",
    "parts-miss-whole",
    "figures-differ",
    "forced-counts",
    "coincidence",
    "contradictory-rows",
    "missing-cells",
]
"""Every check of the audit."""

RELATIONS = ("parts", "equal", "total", "overlap", "rows", "counted")

Ids = Annotated[list[RecordId], Field(min_length=1)]


class Parts(Model):
    """Patients counted by ``are`` are different ones, and all among those that ``of`` counts; or all of them."""

    of: RecordId
    are: Ids
    exhaustive: bool = False


class Total(Model):
    """A total made up of classes: ``exactly`` by size, and the records of those with ``at_least`` a size.

    ``total`` is the sum over patients, ``most`` the record whose range ends at the largest size.
    """

    total: RecordId
    exactly: dict[str, RecordId]
    at_least: dict[str, RecordId]
    most: RecordId


class Overlap(Model):
    """Two groups of patients of whom it is not said whether they are the same; each the sum of its records."""

    one: Ids
    other: Ids
    among: RecordId


class Rows(Model):
    """In the table of patients of a study, rows with the values of ``when`` should not have those of ``never``."""

    study: Name
    when: dict[Name, Cell]
    never: dict[Name, Cell]


class Counted(Model):
    """A record that counts the rows with these values in the table of patients of a study."""

    record: RecordId
    study: Name
    rows: dict[Name, Cell]


class Relation(Model):
    """One statement, with the reason for it."""

    parts: Parts | None = None
    equal: Annotated[list[RecordId] | None, Field(min_length=2)] = None
    total: Total | None = None
    overlap: Overlap | None = None
    rows: Rows | None = None
    counted: Counted | None = None
    why: str

    @model_validator(mode="after")
    def _one(self) -> Relation:
        given = [kind for kind in RELATIONS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(RELATIONS)}; found {', '.join(given) or 'none'}")
        return self

    @property
    def records(self) -> tuple[RecordId, ...]:
        """The records it speaks of."""
        if self.parts is not None:
            return (self.parts.of, *self.parts.are)
        if self.total is not None:
            return (self.total.total, *self.total.exactly.values(), *self.total.at_least.values(), self.total.most)
        if self.overlap is not None:
            return (*self.overlap.one, *self.overlap.other, self.overlap.among)
        if self.counted is not None:
            return (self.counted.record,)
        return tuple(self.equal or ())

    @property
    def table(self) -> Name | None:
        """The study whose table of patients it speaks of."""
        spoken = self.rows or self.counted
        return None if spoken is None else spoken.study


class Audited(Model):
    """One code of an audit: what was found, and which checks find it by arithmetic; or why none can."""

    title: str
    severity: Severity
    checks: Annotated[list[CheckName], Field(min_length=1)] | None = None
    not_computable: str | None = None

    @model_validator(mode="after")
    def _either(self) -> Audited:
        if (self.checks is None) == (self.not_computable is None):
            raise ValueError("a code has either checks (that find it) or not_computable (why none can)")
        return self
