"""The models of what runs beside the phases: toxicities, their consequences, delays, surveillance."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from sim.protocol.fields import Distribution, DurationExpr, Guard, Model, Name, Names, Probability

WORDS = ("none", "skip", "stop")
ALL_GRADES = "all"


class Consequence(Model):
    """What a toxicity does to treatment, at most one of five things; ``emits`` goes with any of them.

    ``skip: true`` leaves out the next cycle. ``stop: true`` ends the phase now, by its own end; ``stop: PHASE`` leads
    elsewhere. ``delay`` puts off what comes next by a drawn time. ``leave`` and ``death`` name the phase to go to.
    """

    delay: Distribution | None = None
    skip: Literal[True] | None = None
    stop: Literal[True] | Name | None = None
    leave: Name | None = None
    death: Name | None = None
    emits: Names = []

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """One word."""
        return [{"enum": list(WORDS)}]

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in WORDS:
            example = "write none, skip, stop, or as in {delay: 7 d}, {leave: PHASE}, {death: PHASE}"
            raise ValueError(f'"{value}" is no consequence; {example}')
        return {} if value == "none" else {value: True}

    @model_validator(mode="after")
    def _one_way(self) -> Consequence:
        given = [name for name in ("delay", "skip", "stop", "leave", "death") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"give one of delay, skip, stop, leave, death; found {', '.join(given)}")
        return self

    @property
    def kind(self) -> str:
        """Which of the five things happens; ``none`` where only events follow."""
        kinds = ("delay", "skip", "stop", "leave", "death")
        return next((name for name in kinds if getattr(self, name)), "none")

    @property
    def goto(self) -> str | None:
        """The phase that it leads to, if it names one."""
        return self.leave or self.death or (self.stop if isinstance(self.stop, str) else None)


class Toxicity(Model):
    """An adverse event that a phase, or each of its cycles, may bring.

    ``consequence`` is by grade; ``all`` stands for the grades that are not named.
    """

    title: str = ""
    probability: Probability
    onset: Distribution
    grades: dict[str, Probability] | None = None
    emits: Names = []
    consequence: dict[str, Consequence] = {}
    site: str | None = None

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Consequences by grade, or one for all."""
        reference = super().__get_pydantic_json_schema__(core, handler)
        given = handler.resolve_ref_schema(reference)["properties"]["consequence"]
        by_grade = {key: given.pop(key) for key in ("type", "additionalProperties")}
        given["anyOf"] = [by_grade["additionalProperties"], by_grade]
        return reference

    @model_validator(mode="before")
    @classmethod
    def _same_for_all(cls, value: Any) -> Any:
        """One consequence for all grades may stand without saying so."""
        if not isinstance(value, dict) or "consequence" not in value:
            return value
        given = value["consequence"]
        alone = isinstance(given, str) or (isinstance(given, dict) and set(given) <= set(Consequence.model_fields))
        return {**value, "consequence": {ALL_GRADES: given}} if alone and given else value

    def follows(self, grade: str | None) -> Consequence | None:
        """The consequence of a grade, or of a toxicity without grades."""
        return self.consequence.get(grade or ALL_GRADES, self.consequence.get(ALL_GRADES))


class Delay(Model):
    """An event that follows others after a drawn time, such as the recovery of a blood count."""

    since: Names
    after: Distribution
    happens: Probability = "1"
    while_in: Names | None = None
    emits: Names = []
    site: str | None = None


class Confirm(Model):
    """How often a positive result must be confirmed before it counts, each time so long after the sample before."""

    times: Annotated[int, Field(ge=1, le=100)]
    after: DurationExpr


class Surveillance(Model):
    """Samples on a schedule that starts with events and does not heed phases; a positive result counts once confirmed.

    ``first`` is ``every`` unless said otherwise.
    """

    title: str = ""
    assay: Name
    into: Name
    since: Names
    every: DurationExpr
    first: DurationExpr | None = None
    until: DurationExpr | None = None
    while_: Guard = Field(default="true", alias="while")
    confirm: Confirm | None = None
    emits: Names = []
    goto: Name | None = None
    site: str | None = None
