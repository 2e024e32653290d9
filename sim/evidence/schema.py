"""The schema engraft/evidence/1: published results as data, a record a figure. Nothing is read or compared here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sim.protocol.fields import Model, Name, Names
from sim.units import parse_duration

SCHEMA = "engraft/evidence/1"

Use = Literal["fit", "validate", "check", "prior", "design", "exclude"]
"""What a record may do: be fitted, be predicted, be a looser check, be a prior, describe the design, or nothing."""

Certainty = Literal["F", "M", "J"]
"""F: read in an abstract or table; M: from memory, citation to be verified; J: judgement without a citation."""


def _duration(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f'expected a duration such as "2 y", found {value!r}')
    parse_duration(value)
    return value


Duration = Annotated[str, BeforeValidator(_duration), WithJsonSchema({"type": "string"})]
AuditCode = Annotated[str, Field(pattern=r"^[A-Z]-[0-9]{2}$")]


class Interval(Model):
    """A confidence interval exactly as printed, misprints and reversed limits included."""

    low: float
    high: float


class Repaired(Model):
    """The interval to use instead of the printed one, and the arithmetic that gives it."""

    low: float
    high: float
    how: str

    @model_validator(mode="after")
    def _ordered(self) -> Repaired:
        if self.low > self.high:
            raise ValueError(f"a repaired interval is ordered, found {self.low:g} to {self.high:g}")
        return self


class AtRisk(Model):
    """Numbers at risk between which the study's own lies, where it does not report one."""

    low: Annotated[int, Field(ge=1)]
    high: Annotated[int, Field(ge=1)]


class Group(Model):
    """The patients a record speaks of: those whose attribute has this value, or one of these; no group means all."""

    by: Name
    is_: str | int | float | Annotated[list[str | int | float], Field(min_length=1)] = Field(alias="is")
    title: str = ""

    @property
    def values(self) -> tuple[str, ...]:
        """The values as words."""
        return tuple(map(str, self.is_ if isinstance(self.is_, list) else [self.is_]))


class Share(Model):
    """A proportion of patients whose attribute has this value; ``of`` names the denominator."""

    attribute: Name
    is_: str | int | float = Field(alias="is")
    of: Literal["enrolled", "evaluable", "remission"]


class FollowUp(Model):
    """Potential follow-up of the patients at the data cut, taken as uniform between the two."""

    shortest: Duration
    longest: Duration


class StudyEndpoint(Model):
    """An endpoint as the study defines it, in the protocol's event names."""

    title: str = ""
    time_zero: Name
    events: Names
    competing: Names = []
    assumption: str | None = None


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
    enrolled: Annotated[int | None, Field(ge=1)] = None
    data_cut: str | None = None
    entry_gate: EntryGate | None = None
    follow_up: FollowUp | None = None
    endpoints: dict[Name, StudyEndpoint] = {}
    assays: dict[Name, StudyAssay] = {}
    assumption: str | None = None


class Record(Model):
    """One printed figure.

    It says exactly one of: ``endpoint`` (a curve's value at a time), ``share`` (a proportion), ``quantity`` (in words:
    a p-value, what a parameter rests on) or ``design`` (in words: what the protocol prescribes).
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+-[A-Za-z0-9-]+$")]
    study: Names
    endpoint: Name | None = None
    share: Share | None = None
    quantity: str | None = None
    design: str | None = None
    group: Group | None = None
    population: str | None = None
    time: Duration | None = None
    value: float | str | None = None
    unit: str
    n: Annotated[int | None, Field(ge=1)] = None
    n_eff: Annotated[float | None, Field(gt=0)] = None
    at_risk: AtRisk | None = None
    events: Annotated[int | None, Field(ge=0)] = None
    printed: Interval | None = None
    repaired: Repaired | None = None
    assay: Name | None = None
    use: Use
    reason: str | None = None
    audit: list[AuditCode] = []
    same_event_as: str | None = None
    certainty: Certainty = "F"
    informs: Names = []
    modelled: str | None = None
    left_out: str | None = None
    source: Name

    @model_validator(mode="after")
    def _one_kind(self) -> Record:
        given = [kind for kind in ("endpoint", "share", "quantity", "design") if getattr(self, kind) is not None]
        if len(given) != 1:
            found = ", ".join(given) or "none"
            raise ValueError(f"give exactly one of endpoint, share, quantity, design; found {found}")
        return self

    @model_validator(mode="after")
    def _design_is_placed(self) -> Record:
        placed = (self.modelled is not None) + (self.left_out is not None)
        if self.design is not None and (self.use != "design" or placed != 1):
            raise ValueError("a design record has use: design and exactly one of modelled (where) and left_out (why)")
        if self.design is None and placed:
            raise ValueError("modelled and left_out belong to design records")
        return self

    @model_validator(mode="after")
    def _judged(self) -> Record:
        if self.use != "design" and not self.reason:
            raise ValueError(f"say in reason why the use is {self.use}")
        if self.use == "prior" and not self.informs:
            raise ValueError("a prior names the parameters that rest on it in informs")
        if self.use in ("fit", "validate") and not isinstance(self.value, float | int):
            raise ValueError(f"use: {self.use} needs a number as value, found {self.value!r}")
        return self

    @property
    def time_days(self) -> float | None:
        """The time of the record in days since the endpoint's time zero."""
        return None if self.time is None else parse_duration(self.time)

    @property
    def interval(self) -> Interval | Repaired | None:
        """The interval to compare with: the repaired one where there is one, else the printed one."""
        return self.repaired or self.printed


class Evidence(Model):
    """One evidence file."""

    schema_: Literal["engraft/evidence/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    notes: str = ""
    sources: dict[Name, str]
    studies: Annotated[dict[Name, Study], Field(min_length=1)]
    records: Annotated[list[Record], Field(min_length=1)]

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
