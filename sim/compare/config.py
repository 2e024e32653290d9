"""What a comparison is: the schema engraft/compare/1 and the reading of its files. `prepare` looks up protocols."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema

from sim.endpoints.groups import Clock
from sim.errors import InvalidDocument, Position, Problem
from sim.evidence.schema import Duration
from sim.protocol.document import Document, DocumentPath, format_path, load_document, problems_from_pydantic
from sim.protocol.fields import Model, Name, Names, one_or_more
from sim.protocol.library import find
from sim.protocol.merge import apply_overrides
from sim.protocol.nodes import MappingNode, node_from_plain
from sim.protocol.schema import Protocol
from sim.units import parse_duration

SCHEMA = "engraft/compare/1"

AS_PUBLISHED = "as-published"
"""What stands in the column ``population`` of studies that are shown in their own populations."""


LATEST_TIME_ZERO = parse_duration("1 y")
"""Days from a patient's start within which the time zero of an endpoint (enrolment, remission) is looked for.

Patients are simulated for so much longer than the horizon, which counts from time zero.
"""


class Arm(Model):
    """One protocol, with changes of its own."""

    protocol: str
    set: dict[str, Any] = {}


class Subgroup(Model):
    """Patients grouped by an attribute; one that is known only after time zero needs a landmark."""

    by: Name
    landmark: str | None = None
    clock: Clock = "endpoint"


Notes = Annotated[
    list[str],
    BeforeValidator(one_or_more),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class CompareConfig(Model):
    """A comparison of arms in one population, and the studies shown beside it.

    ``set`` changes the protocol of every arm, ``arms.X.set`` that of one arm (and wins over ``set``): paths and values
    as in ``--set`` of a protocol. The first arm is the reference of all differences.

    ``horizon`` and ``times`` count from the time zero of each endpoint. ``notes`` are printed under the table of the
    common population and in the report.
    """

    schema_: Literal["engraft/compare/1"] = Field(alias="schema")
    title: str
    question: str = ""
    notes: Notes = []
    arms: Annotated[dict[str, Arm], Field(min_length=1)]
    population: str
    set: dict[str, Any] = {}
    as_published: list[str] = []
    patients: Annotated[int, Field(ge=2, le=100_000_000)]
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)]
    horizon: Duration
    endpoints: Annotated[Names, Field(min_length=1)]
    times: Annotated[list[Duration], Field(min_length=1)]
    subgroups: dict[str, Subgroup] = {}

    @property
    def times_days(self) -> tuple[float, ...]:
        """The times asked for, in days and rising."""
        return tuple(sorted(parse_duration(time) for time in self.times))

    @property
    def simulated_days(self) -> float:
        """Days from each patient's start for which the arms are simulated."""
        return parse_duration(self.horizon) + LATEST_TIME_ZERO

    @property
    def population_name(self) -> str:
        """The population without folder and suffix, as the tables name it."""
        return Path(self.population).stem

    def overrides(self, arm: str) -> dict[str, Any]:
        """Paths and values that change the protocol of an arm."""
        return {**self.set, **self.arms[arm].set}


def load_config(name_or_path: str | Path, *, set: Sequence[str] = ()) -> tuple[CompareConfig, Document]:
    """Read a comparison by path, or by the name of a shipped one such as ``all-mrd2019-vs-2023``.

    Parameters
    ----------
    set
        Overrides ``path=value`` of the config itself, checked like the file.

    Returns
    -------
    tuple
        The comparison, and the document that knows where each part of it stands.

    Raises
    ------
    UsageError
        There is no such file.
    InvalidDocument
        Every problem of the file and of the overrides that can be told without the protocols.
    """
    document = load_document(find(name_or_path, "config"))
    if set:
        try:
            document = apply_overrides(document, set)
        except InvalidDocument as invalid:
            raise InvalidDocument([_hinted(problem, set) for problem in invalid.problems]) from None
    return read_config(document), document


def read_config(document: Document) -> CompareConfig:
    """A document as a comparison, or InvalidDocument with every problem."""
    try:
        config = CompareConfig.model_validate(document.plain())
    except ValidationError as error:
        raise InvalidDocument(problems_from_pydantic(document, error, CompareConfig)) from None
    problems = [problem_at(document, path, message) for path, message in _contradictions(config)]
    if problems:
        raise InvalidDocument(problems)
    return config


def _hinted(problem: Problem, overrides: Sequence[str]) -> Problem:
    """A problem of an override; one that was meant for the protocols says how to reach them."""
    section = problem.path.partition(".")[0].partition("[")[0]
    if section not in Protocol.model_fields or section in CompareConfig.model_fields:
        return problem
    typed = {f"--set[{number}]": text for number, text in enumerate(overrides, 1)}
    path, _, value = typed[problem.position.file].partition("=")
    hint = f"for the protocols of all arms write --set 'set={{{json.dumps(path, ensure_ascii=False)}: {value}}}'"
    return Problem(problem.position, problem.path, f"{problem.message}; this is the comparison: {hint}")


def document_of(config: CompareConfig) -> Document:
    """A document for a comparison that was made in Python, so that its problems have a path; all stands on one line."""
    plain = config.model_dump(mode="json", by_alias=True, exclude_none=True)
    root = node_from_plain(plain, Position("(config)", 1, 1))
    assert isinstance(root, MappingNode)
    return Document(root, "(config)")


def problem_at(document: Document, path: DocumentPath, message: str) -> Problem:
    """A problem at a path of the document."""
    return Problem(document.locate(path), format_path(path), message)


def _contradictions(config: CompareConfig) -> Iterator[tuple[DocumentPath, str]]:
    if config.population_name == AS_PUBLISHED:
        yield ("population",), f'"{AS_PUBLISHED}" names the studies in their own populations; give the common one'
    horizon = parse_duration(config.horizon)
    if horizon <= 0:
        yield ("horizon",), f'found "{config.horizon}"; patients must be followed for some time'
    if horizon + LATEST_TIME_ZERO >= 1e6:
        yield ("horizon",), f'found "{config.horizon}"; write a horizon of less than 999,634 days'
    seen: dict[float, str] = {}
    for index, time in enumerate(config.times):
        days = parse_duration(time)
        if days <= 0 or days > horizon:
            where = f"after time zero and within the horizon, {config.horizon}"
            yield ("times", index), f'found "{time}"; a time lies {where}'
        if days in seen:
            yield ("times", index), f'"{time}" is given already, as "{seen[days]}"'
        seen[days] = time
    for field, values in (("endpoints", config.endpoints), ("as_published", config.as_published)):
        for index, value in enumerate(values):
            if value in values[:index]:
                yield (field, index), f'"{value}" is given already'
    for name, subgroup in config.subgroups.items():
        if subgroup.landmark is None and subgroup.clock == "landmark":
            yield ("subgroups", name, "clock"), "a clock that starts at the landmark needs a landmark"
