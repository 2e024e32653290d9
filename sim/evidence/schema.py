"""The schema engraft/evidence/1: published results as data, a record a figure. Nothing is read or compared here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from sim.evidence.records import (
    AtRisk,
    AuditCode,
    Certainty,
    Duration,
    Group,
    Interval,
    Range,
    Record,
    Repaired,
    Share,
    TimeBetween,
    Use,
)
from sim.evidence.relations import Audited, Counted, Overlap, Parts, Relation, Rows, Severity, Total
from sim.protocol.fields import Model, Name, Names

__all__ = [
    "SCHEMA",
    "AtRisk",
    "AuditCode",
    "Audited",
    "Certainty",
    "Counted",
    "Duration",
    "EntryGate",
    "Evidence",
    "FollowUp",
    "Group",
    "Interval",
    "ObservedFollowUp",
    "Overlap",
    "Parts",
    "Range",
    "Record",
    "Relation",
    "Repaired",
    "Rows",
    "Severity",
    "Share",
    "Study",
    "StudyAssay",
    "StudyEndpoint",
    "TimeBetween",
    "Total",
    "Use",
]

SCHEMA = "engraft/evidence/1"


class FollowUp(Model):
    """Potential follow-up of the patients at the data cut, taken as uniform between the two."""

    shortest: Duration
    longest: Duration


class ObservedFollowUp(Model):
    """Follow-up as the study reports it: its middle, and the range if it is given."""

    middle: Duration
    is_: Literal["median", "average"] = Field(alias="is", default="median")
    shortest: Duration | None = None
    longest: Duration | None = None


class StudyEndpoint(Model):
    """An endpoint as the study defines it, in the protocol's event names."""

    title: str = ""
    time_zero: Name
    events: Names
    competing: Names = []
    assumption: str | None = None
    audit: list[AuditCode] = []


class EntryGate(Model):
    """From when on a patient counts as enrolled: ``start`` of the protocol, or a named event."""

    at: Name | Literal["start"]
    assumption: str | None = None


class StudyAssay(Model):
    """An assay as the study reports it; ``assay`` is its name in the protocol."""

    title: str
    assay: Name
    limit: float | None = None
    assumption: str | None = None


class Study(Model):
    """One cohort: who it was, which protocol and population stand for it, and how its endpoints are defined.

    A study without ``protocol`` (a literature source) is described in words only.
    """

    title: str
    protocol: str | None = None
    population: str | None = None
    enrolled: Annotated[int | None, Field(ge=1, le=10**9)] = None
    data_cut: str | None = None
    entry_gate: EntryGate | None = None
    follow_up: FollowUp | None = None
    observed_follow_up: ObservedFollowUp | None = None
    endpoints: dict[Name, StudyEndpoint] = {}
    assays: dict[Name, StudyAssay] = {}
    intervals: Literal["log-log", "log", "plain"] | None = None
    partitions: dict[Name, Annotated[list[str], Field(min_length=2)]] = {}
    assumption: str | None = None


class Evidence(Model):
    """One evidence file."""

    schema_: Literal["engraft/evidence/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    notes: str = ""
    sources: dict[Name, str]
    studies: Annotated[dict[Name, Study], Field(min_length=1)]
    records: Annotated[list[Record], Field(min_length=1)]
    relations: list[Relation] = []
    audit: dict[AuditCode, Audited] = {}

    def of_study(self, study: str) -> Iterator[Record]:
        """The records of one study alone, in the order of the file; those shared between studies are left out."""
        return (record for record in self.records if record.study == [study])

    def find(self, record: str) -> Record:
        """The record of that id; KeyError if there is none."""
        for candidate in self.records:
            if candidate.id == record:
                return candidate
        raise KeyError(record)

    def curve_values(self, study: str) -> Iterator[Record]:
        """Printed values of a study's endpoint curves (endpoint, time, value), whatever their use."""
        return (
            record
            for record in self.of_study(study)
            if record.endpoint is not None and record.time is not None and record.unit == "percent"
        )
