"""The protocol language engraft/1 as pydantic models; an instance is the machine form. No references are checked."""

from __future__ import annotations

import re
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
    Prior,
    Probability,
    one_or_more,
)

SCHEMA = "engraft/1"

_PER_DAY = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s+per\s+day\s*$")
_CYCLES = re.compile(r"^\s*q\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*[x×]\s*([0-9]{1,4})\s*$")
_DAYS = re.compile(r"^\s*d\s*([0-9]{1,4})\s*[-–]\s*d?\s*([0-9]{1,4})\s*$")


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
    """A property of the patient: drawn at entry, derived from other attributes, or a state that results set later."""

    title: str = ""
    draw: AttributeDraw | None = None
    derive: Derived | None = None
    states: Annotated[list[str], Field(min_length=2)] | None = None
    unit: str | None = None
    site: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Attribute:
        given = [name for name in ("draw", "derive", "states") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of draw, derive, states; found {', '.join(given) or 'none'}")
        return self


class Correlation(Model):
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


class Give(Model):
    """An amount added to a counter: at the start of the phase or of the named cycles, or for each day in the phase."""

    each: float | None = None
    per_day: float | None = None
    cycles: list[Annotated[int, Field(ge=1)]] | None = None

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """An amount, or ``1 per day``."""
        return [{"type": "number"}, {"type": "string", "pattern": _PER_DAY.pattern}]

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return {"each": value}
        if isinstance(value, str):
            found = _PER_DAY.match(value)
            if not found:
                raise ValueError(f'"{value}" is not an amount; write a number, or "1 per day"')
            return {"per_day": float(found[1])}
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Give:
        if (self.each is None) == (self.per_day is None):
            raise ValueError("give exactly one of each and per_day")
        if self.per_day is not None and self.cycles is not None:
            raise ValueError("per_day counts every day in the phase; cycles goes with each")
        return self


class Cycles(Model):
    """Repetition in the clinic's shorthand: ``q42d x 4`` is four cycles of 42 days."""

    every: DurationExpr
    count: Annotated[int, Field(ge=1, le=1000)]

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """``q42d x 4``."""
        return [{"type": "string", "pattern": _CYCLES.pattern}]

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = _CYCLES.match(value)
        if not found:
            raise ValueError(f'"{value}" is not a cycle; write the length and the number, as in "q42d x 4"')
        return {"every": f"{found[1]} {found[2]}", "count": int(found[3])}


class Days(Model):
    """Days of a cycle on which treatment runs: ``d1-28``."""

    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """``d1-28``."""
        return [{"type": "string", "pattern": _DAYS.pattern}]

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = _DAYS.match(value)
        if not found:
            raise ValueError(f'"{value}" is not a span of days; write it as in "d1-28"')
        return {"first": int(found[1]), "last": int(found[2])}

    @model_validator(mode="after")
    def _ordered(self) -> Days:
        if self.last < self.first:
            raise ValueError(f"day {self.last} comes before day {self.first}")
        return self


class Test(Model):
    """A sample taken for an assay, whose result arrives in an attribute after the turnaround."""

    assay: Name
    into: Name
    at: Literal["start", "end"] = "end"
    cycles: list[Annotated[int, Field(ge=1)]] | None = None
    site: str | None = None


class Await(Model):
    """Hold the end of the phase until a result has arrived, at most so long."""

    result: Name
    at_most: DurationExpr


class Outcome(Model):
    """One of several exclusive ends of a phase; exactly one takes the rest of the probability."""

    p: Probability | None = None
    rest: Literal[True] | None = None
    event: Names = []
    set: dict[Name, Distribution] = {}
    goto: Name | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Outcome:
        if (self.p is None) == (self.rest is None):
            raise ValueError("give exactly one of p and rest: true")
        return self


class Row(Model):
    """A guarded choice: the first row whose guard holds wins; ``else`` stands last."""

    when: Guard | None = None
    event: Names = []
    goto: str | None = None
    else_: str | None = Field(default=None, alias="else")

    @model_validator(mode="after")
    def _one_way(self) -> Row:
        if self.else_ is None and (self.when is None or self.goto is None):
            raise ValueError("write a row as {when: GUARD, goto: PHASE} or {else: PHASE}")
        if self.else_ is not None and (self.when is not None or self.goto is not None):
            raise ValueError("else stands alone: {else: PHASE}")
        return self

    @property
    def target(self) -> str:
        """The phase this row leads to, or ``continue``."""
        return self.goto or self.else_ or ""


class Timeout(Model):
    """What happens when ``until`` has not come true in time."""

    after: DurationExpr
    event: Names = []
    goto: Name


class Phase(Model):
    """A stretch of the treatment track; its length is one of ``lasts``, ``until``, ``cycles``, ``open``, ``final``."""

    title: str = ""
    lasts: Distribution | None = None
    until: Guard | None = None
    timeout: Timeout | None = None
    cycles: Cycles | None = None
    days: Days | None = None
    open: bool = False
    final: bool = False
    needs: dict[Name, Annotated[int, Field(ge=1)]] = {}
    emits: Names = []
    give: dict[Name, Give] = {}
    shift: dict[Name, MarkerExpr] = {}
    toxicities: Names = []
    tests: list[Test] = []
    outcomes: list[Outcome] = []
    await_: Await | None = Field(default=None, alias="await")
    after_each_cycle: list[Row] = []
    choose: list[Row] = []
    goto: Name | None = None
    site: str | None = None

    @model_validator(mode="after")
    def _shape(self) -> Phase:
        lengths = ("lasts", "until", "cycles", "open", "final")
        given = [name for name in lengths if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(lengths)}; found {', '.join(given) or 'none'}")
        if (self.until is None) != (self.timeout is None):
            raise ValueError("until and timeout go together: a state that never comes needs a path of its own")
        if self.cycles is None and (self.days or self.after_each_cycle):
            raise ValueError("days and after_each_cycle belong to a phase with cycles")
        return self


class Resource(Model):
    """A shared thing with so many places, such as beds or apheresis slots; queues are first come, first served."""

    capacity: Annotated[int, Field(ge=1)]
    title: str = ""


class Toxicity(Model):
    """An adverse event that a phase, or each of its cycles, may bring."""

    title: str = ""
    probability: Probability
    onset: Distribution
    grades: dict[str, Probability] | None = None
    emits: Names = []
    consequence: Literal["none"] = "none"
    site: str | None = None


class Delay(Model):
    """An event that follows others after a drawn time, such as the recovery of a blood count."""

    since: Names
    after: Distribution
    happens: Probability = "1"
    while_in: Names | None = None
    emits: Names = []
    site: str | None = None


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
    emits: Annotated[list[Name] | None, BeforeValidator(one_or_more), WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    )] = None
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
    """A whole protocol, explicit: what the human form leaves to defaults and shorthand is written out."""

    schema_: Literal["engraft/1"] = Field(alias="schema")
    id: Identifier
    title: str
    notes: str = ""
    sources: dict[Name, str] = {}
    enrolment: Enrolment = Enrolment()
    switches: dict[Name, Switch] = {}
    parameters: dict[Name, Parameter] = {}
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
    phases: Annotated[dict[Name, Phase], Field(min_length=1)]
    hazards: dict[Name, Hazard] = {}
    checks: dict[Name, list[PathTotal]] = {}
    endpoints: dict[Name, Endpoint] = {}
