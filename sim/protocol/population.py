"""The schema of a population: whose patients are simulated. It is applied to a protocol in population_merge.py."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.protocol.fields import Identifier, Model, Name
from sim.protocol.schema import Attribute, Correlation, Criterion, Enrolment, Parameter, Switch, Table


class Population(Model):
    """Attributes, study-level parameter values and switches that replace those of a protocol of the same names.

    Attributes are drawn from marginals with correlations, or are columns of a table of which each patient is a row.
    """

    schema_: Literal["engraft/population/1"] = Field(alias="schema")
    id: Identifier
    title: str
    notes: str = ""
    sources: dict[Name, str] = {}
    enrolment: Enrolment | None = None
    eligibility: dict[Name, Criterion] = {}
    table: Table | None = None
    patient: dict[Name, Attribute] = {}
    correlations: list[Correlation] = []
    switches: dict[Name, Switch] = {}
    parameters: dict[Name, Parameter] = {}
