"""One printed figure: what it measures, of whom, when, as printed, and what it may be used for. No files here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sim.protocol.fields import Model, Name, Names
from sim.units import parse_duration

Use = Literal["fit", "validate", "check", "prior", "design", "exclude"]
"""What a record may do: be fitted, be predicted, be a looser check, be a prior, describe the design, or nothing."""

Certainty = Literal["F", "M", "J"]
"""F: read in an abstract or table; M: from memory, citation to be verified; J: judgement without a citation."""

LARGEST = 1e15
"""No printed figure is larger."""

KINDS = ("endpoint", "share", "time_between", "quantity", "design", "patient")


def _duration(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f'expected a duration such as "2 y", found {value!r}')
    parse_duration(value)
    return value


Duration = Annotated[str, BeforeValidator(_duration), WithJsonSchema({"type": "string"})]
AuditCode = Annotated[str, Field(pattern=r"^[A-Z]-[0-9]{2}$")]
RecordId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+-[A-Za-z0-9-]+$")]
Cell = str | int | float | bool


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


class Range(Model):
    """The smallest and the largest value among the patients, as printed beside a median."""

    low: float
    high: float


class AtRisk(Model):
    """Numbers at risk between which the study's own lies, where it does not report one."""

    low: Annotated[int, Field(ge=1, le=10**9)]
    high: Annotated[int, Field(ge=1, le=10**9)]


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
    """A proportion of patients: those whose attribute has a value, or who had an event; ``of`` is the denominator.

    The denominator is ``enrolled``, ``evaluable`` (the attribute is known), ``remission``, or an event: those who had
    it.
    """

    attribute: Name | None = None
    is_: str | int | float | None = Field(alias="is", default=None)
    event: Names = []
    had: bool = True
    of: Name = "enrolled"

    @model_validator(mode="after")
    def _one_subject(self) -> Share:
        if (self.attribute is None) == (not self.event):
            raise ValueError("a share is of an attribute (attribute and is) or of an event (event); give one of them")
        if (self.attribute is None) != (self.is_ is None):
            raise ValueError("attribute and is belong together: whose value, and which")
        if self.of == "evaluable" and self.attribute is None:
            raise ValueError("of: evaluable means that the attribute is known; name another denominator for an event")
        return self

    @property
    def words(self) -> str:
        """What is counted, such as ``mrd_after_c1 = positive``, ``relapse``, ``no death``."""
        if self.attribute is not None:
            return f"{self.attribute} = {self.is_}"
        return f"{'' if self.had else 'no '}{' or '.join(self.event)}"


class TimeBetween(Model):
    """The time from one event of a patient to another."""

    from_: Name = Field(alias="from")
    to: Name


class Record(Model):
    """One printed figure.

    It says exactly one of: ``endpoint`` (a curve's value at a time), ``share`` (a proportion), ``time_between`` (a time
    from event to event), ``quantity`` (in words: a p-value, what a parameter rests on), ``design`` (in words: what the
    protocol prescribes) or ``patient`` (a row of a table of patients).
    """

    id: RecordId
    study: Names
    endpoint: Name | None = None
    share: Share | None = None
    time_between: TimeBetween | None = None
    quantity: str | None = None
    design: str | None = None
    patient: dict[Name, Cell] | None = None
    group: Group | None = None
    population: str | None = None
    time: Duration | None = None
    at: str | None = None
    value: int | float | str | None = None
    unit: str
    n: Annotated[int | None, Field(ge=1, le=10**9)] = None
    n_eff: Annotated[float | None, Field(gt=0)] = None
    at_risk: AtRisk | None = None
    events: Annotated[int | None, Field(ge=0, le=10**9)] = None
    derived: list[Literal["value", "n", "events"]] = []
    range: Range | None = None
    estimator: Literal["kaplan_meier", "cumulative_incidence", "crude"] | None = None
    printed: Interval | Literal["not reached"] | None = None
    repaired: Repaired | None = None
    assay: Name | None = None
    compares: Annotated[list[RecordId], Field(max_length=2)] = []
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
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = ", ".join(given) or "none"
            raise ValueError(f"give exactly one of {', '.join(KINDS)}; found {found}")
        return self

    @model_validator(mode="after")
    def _design_is_placed(self) -> Record:
        placed = (self.modelled is not None) + (self.left_out is not None)
        if (self.design is not None and self.use != "design") or (self.use == "design" and placed != 1):
            raise ValueError("a design record has use: design and exactly one of modelled (where) and left_out (why)")
        if self.use != "design" and placed:
            raise ValueError("modelled and left_out belong to design records")
        return self

    @model_validator(mode="after")
    def _of_this_world(self) -> Record:
        if isinstance(self.value, int | float) and abs(self.value) > LARGEST:
            raise ValueError(f"the value is too large; write one up to {LARGEST:g}")
        return self

    @model_validator(mode="after")
    def _judged(self) -> Record:
        if self.use != "design" and not self.reason:
            raise ValueError(f"say in reason why the use is {self.use}")
        if self.use in ("fit", "validate") and not isinstance(self.value, float | int):
            raise ValueError(f"use: {self.use} needs a number as value, found {self.value!r}")
        if self.events is not None and self.n is not None and self.events > self.n:
            raise ValueError(f"{self.events} events are more than the {self.n} patients")
        return self

    @property
    def time_days(self) -> float | None:
        """The time of the record in days since the endpoint's time zero."""
        return None if self.time is None else parse_duration(self.time)

    @property
    def printed_interval(self) -> Interval | None:
        """The interval as printed, if numbers were printed."""
        return self.printed if isinstance(self.printed, Interval) else None

    @property
    def interval(self) -> Interval | Repaired | None:
        """The interval to compare with: the repaired one where there is one, else the printed one."""
        return self.repaired or self.printed_interval

    @property
    def count(self) -> int | None:
        """How many patients the record counts: its events, or its value if that is a number of patients."""
        if self.events is not None:
            return self.events
        return self.value if self.unit == "patients" and isinstance(self.value, int) else None

    @property
    def subject(self) -> str:
        """What the record measures, in words."""
        if self.share is not None:
            return self.share.words
        if self.time_between is not None:
            return f"{self.time_between.from_} to {self.time_between.to}"
        return self.endpoint or self.quantity or self.design or "patient"
