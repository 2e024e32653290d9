"""The protocol language engraft/1 as pydantic models; an instance is the machine form. No references are checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sim.protocol.fields import (
    AttributeDraw,
    Baseline,
    Derived,
    Distribution,
    DurationExpr,
    Guard,
    Identifier,
    MarkerExpr,
    Model,
    Name,
    Names,
    Number,
    Probability,
    one_or_more,
)
from sim.protocol.priors import Prior
from sim.protocol.schema_course import Confirm, Consequence, Delay, Surveillance, Toxicity
from sim.protocol.schema_patients import Column, Criterion, Table
from sim.protocol.schema_phases import Await, CycleDelay, Cycles, Days, Give, Outcome, Phase, Row, Test, Timeout

__all__ = [
    "SCHEMA",
    "Assay",
    "Attribute",
    "Await",
    "Clock",
    "Column",
    "Confirm",
    "Consequence",
    "Correlation",
    "Counter",
    "Criterion",
    "Crossing",
    "CycleDelay",
    "Cycles",
    "Days",
    "Delay",
    "Drift",
    "Endpoint",
    "Enrolment",
    "Flag",
    "Give",
    "Hazard",
    "Level",
    "Marker",
    "Multiplier",
    "Outcome",
    "Parameter",
    "PathTotal",
    "Phase",
    "Protocol",
    "Provenance",
    "Resource",
    "Row",
    "Surveillance",
    "Switch",
    "Table",
    "Test",
    "Timeout",
    "Toxicity",
]

SCHEMA = "engraft/1"


class Provenance(Model):
    """Where a number comes from: a key of ``sources``, or an assumption in words; at least one of the two."""

    source: Name | None = None
    assumption: str | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _traced(self) -> Provenance:
        if self.source is None and not self.assumption:
            raise ValueError("say where this comes from: source (a key of sources) or assumption (in words)")
        return self


class Parameter(Provenance):
    """An uncertain number, said once."""

    value: float
    unit: str | None = None
    prior: Prior | None = None
    calibrate: bool = False
    shared: bool = False

    @model_validator(mode="after")
    def _believed(self) -> Parameter:
        if self.prior is None and (self.calibrate or self.source is None):
            raise ValueError("an assumption and a calibrated value need a prior, as in prior: {normal: [0, 1]}")
        return self


class Switch(Provenance):
    """A structural choice that a user may flip: a boolean, or one of several words."""

    value: bool | str
    options: list[str] | None = None

    @model_validator(mode="after")
    def _among(self) -> Switch:
        if isinstance(self.value, str) and self.value not in (self.options or []):
            known = ", ".join(self.options or []) or "none are given"
            raise ValueError(f'"{self.value}" is not among the options ({known})')
        return self


class Attribute(Model):
    """A property of the patient: drawn at entry, read from a table, derived, or a state that results set later.

    ``source`` and ``assumption`` say where the numbers of a draw come from that are no parameters.
    """

    title: str = ""
    draw: AttributeDraw | None = None
    column: Column | None = None
    derive: Derived | None = None
    states: Annotated[list[str], Field(min_length=2)] | None = None
    unit: str | None = None
    source: Name | None = None
    assumption: str | None = None
    site: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Attribute:
        given = [name for name in ("draw", "column", "derive", "states") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of draw, column, derive, states; found {', '.join(given) or 'none'}")
        return self


class Correlation(Provenance):
    """Rank correlation of two drawn attributes through a Gaussian copula; ``rho`` is that of the normal scores."""

    of: Annotated[list[Name], Field(min_length=2, max_length=2)]
    rho: Annotated[float, Field(gt=-1, lt=1)]


class Flag(Model):
    """A yes/no that named events set and clear."""

    set_by: Names = []
    cleared_by: Names = []
    initially: bool = False


class Drift(Model):
    """Slope of a marker while a guard holds."""

    per_day: MarkerExpr
    while_: Guard = Field(default="true", alias="while")


class Marker(Model):
    """A latent level, piecewise linear in time."""

    title: str = ""
    unit: str | None = None
    start: MarkerExpr = "0"
    at_most: float | None = None
    eradicated_below: float | None = None
    drift: Drift | None = None
    hazards_read_every: DurationExpr | None = None


class Crossing(Model):
    """An event at the time when a drifting marker rises to a level."""

    marker: Name
    rises_to: MarkerExpr
    while_: Guard = Field(default="true", alias="while")
    emits: Names = []
    goto: Name | None = None


class Assay(Model):
    """Reads a marker through a detection limit: negative below it, positive at or above, or not evaluable."""

    title: str = ""
    reads: Name
    limit: MarkerExpr
    noise: Distribution | None = None
    evaluable: Probability = "1"
    turnaround: Distribution = Distribution.model_validate(0)


class Counter(Model):
    """A sum of doses, cycles or days."""

    unit: str

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """The unit alone."""
        return [{"type": "string"}]

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"unit": value} if isinstance(value, str) else value


class Resource(Model):
    """A shared thing with so many places, such as beds or apheresis slots; queues are first come, first served."""

    capacity: Annotated[int, Field(ge=1)]
    title: str = ""


class Clock(Model):
    """What a hazard's time is measured from: events, entry into a phase of its scope, or birth."""

    since: Names | None = None
    age: Name | None = None

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """The attribute that is called age."""
        return [{"const": "age"}]

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"age": "age"} if value == "age" else value

    @model_validator(mode="after")
    def _one_way(self) -> Clock:
        if (self.since is None) == (self.age is None):
            raise ValueError("give since (events) or age")
        return self


class Level(Model):
    """Height of a baseline with all multipliers one, as one of three quantities, up to or at a clock time."""

    probability: Probability | None = None
    cumulative_hazard: Number | None = None
    hazard_per_year: Number | None = None
    at: DurationExpr
    from_: DurationExpr = Field(default="0 d", alias="from")
    of: Literal["uncured", "all"] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Level:
        names = ("probability", "cumulative_hazard", "hazard_per_year")
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(names)}; found {', '.join(given) or 'none'}")
        return self


class Multiplier(Model):
    """A factor on a hazard: ``{exp: log hazard ratio}``, or a bare hazard ratio."""

    exp: Number | None = None
    factor: Number | None = None
    when: Guard = "true"

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """A hazard ratio."""
        return [{"type": ["string", "number"]}]

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return value if isinstance(value, dict | list) else {"factor": value}

    @model_validator(mode="after")
    def _one_way(self) -> Multiplier:
        if (self.exp is None) == (self.factor is None):
            raise ValueError("give exactly one of exp (a log hazard ratio) and factor (a hazard ratio)")
        return self


class Hazard(Model):
    """A competing risk with its own clock, baseline, scope and multipliers."""

    title: str = ""
    clock: Clock
    while_: Guard = Field(default="true", alias="while")
    baseline: Baseline
    level: Level | None = None
    multiply: list[Multiplier] = []
    emits: Annotated[
        list[Name] | None,
        BeforeValidator(one_or_more),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    ] = None
    goto: Name | None = None
    site: str | None = None


class PathTotal(Model):
    """A static check of a dose total along a full path of phases."""

    path: Annotated[list[Name], Field(min_length=1)]
    equals: float


class Endpoint(Model):
    """A time-to-event rule over the History."""

    title: str = ""
    from_: Name = Field(default="enrolment", alias="from")
    event: Names
    competing: Names = []
    censor_at: Names = []


class Enrolment(Model):
    """The entry gate: patients count from the start of the protocol, or only once an event has happened to them."""

    at: Name | Literal["start"] = "start"
    assumption: str | None = None
    source: Name | None = None


class Protocol(Model):
    """A whole protocol, explicit: what the human form leaves to defaults and shorthand is written out.

    ``traced: true`` promises that every clinical number has a source or an assumption, and lint holds the file to it.
    """

    schema_: Literal["engraft/1"] = Field(alias="schema")
    id: Identifier
    title: str
    notes: str = ""
    sources: dict[Name, str] = {}
    traced: bool = False
    enrolment: Enrolment = Enrolment()
    eligibility: dict[Name, Criterion] = {}
    switches: dict[Name, Switch] = {}
    parameters: dict[Name, Parameter] = {}
    table: Table | None = None
    patient: dict[Name, Attribute] = {}
    correlations: list[Correlation] = []
    flags: dict[Name, Flag] = {}
    markers: dict[Name, Marker] = {}
    crossings: dict[Name, Crossing] = {}
    assays: dict[Name, Assay] = {}
    counters: dict[Name, Counter] = {}
    resources: dict[Name, Resource] = {}
    toxicities: dict[Name, Toxicity] = {}
    delays: dict[Name, Delay] = {}
    surveillance: dict[Name, Surveillance] = {}
    phases: Annotated[dict[Name, Phase], Field(min_length=1)]
    hazards: dict[Name, Hazard] = {}
    checks: dict[Name, list[PathTotal]] = {}
    endpoints: dict[Name, Endpoint] = {}
