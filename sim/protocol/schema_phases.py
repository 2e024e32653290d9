"""The models of a phase and of everything written inside one. No references are checked here."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sim.protocol.fields import (
    Distribution,
    DurationExpr,
    Guard,
    MarkerExpr,
    Model,
    Name,
    Names,
    Probability,
)

_PER_DAY = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s+per\s+day\s*$")
_CYCLES = re.compile(r"^\s*q\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*[x×]\s*([0-9]{1,4})\s*$")
_DAYS = re.compile(r"^\s*d\s*([0-9]{1,4})\s*[-–]\s*d?\s*([0-9]{1,4})\s*$")


class Give(Model):
    """An amount added to a counter: at the start of the phase or of the named cycles, or for each day in the phase."""

    each: float | None = None
    per_day: float | None = None
    cycles: list[Annotated[int, Field(ge=1)]] | None = None
    omit: Probability | None = None

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
        if self.per_day is not None and self.omit is not None:
            raise ValueError("per_day counts every day in the phase; omit goes with each")
        return self


class CycleDelay(Model):
    """With a probability the next cycle comes later than planned, by a drawn time."""

    p: Probability
    by: Distribution


class Cycles(Model):
    """Repetition in the clinic's shorthand: ``q42d x 4`` is four cycles of 42 days.

    The number is drawn when the phase begins, and rounded down; the length is drawn for each cycle.
    """

    every: Distribution
    count: Distribution
    last: Distribution | None = None
    omit: Probability | None = None
    delay: CycleDelay | None = None

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

    @property
    def planned(self) -> int | None:
        """The number of cycles where it stands bare, None where it is drawn or has a name."""
        text = self.count.fixed or ""
        return int(text) if text.isdecimal() else None


class Days(Model):
    """Days of a cycle on which treatment runs: ``d1-28``; where it may be cut short, how long it is ``given``."""

    first: Annotated[int, Field(ge=1, le=9999)]
    last: Annotated[int, Field(ge=1, le=9999)]
    given: Distribution | None = None

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
