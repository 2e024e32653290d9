"""The schema of a population: whose patients are simulated, apart from how they are treated. It is applied by resolve.py."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.protocol.fields import Model, Name
from sim.protocol.schema import Attribute, Correlation, Enrolment, Parameter, Switch


class Population(Model):
    """Attributes, study-level parameter values and switches that replace those of a protocol of the same names."""

    schema_: Literal["engraft/population/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    notes: str = ""
    sources: dict[Name, str] = {}
    enrolment: Enrolment | None = None
    patient: dict[Name, Attribute] = {}
    correlations: list[Correlation] = []
    switches: dict[Name, Switch] = {}
    parameters: dict[Name, Parameter] = {}
