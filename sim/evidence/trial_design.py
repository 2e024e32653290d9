"""The published design of a trial as data, schema engraft/trial/1: reading and checking. No trial is simulated here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from sim.errors import EngraftError, InvalidDocument, Problem, UsageError, did_you_mean
from sim.evidence.records import Duration
from sim.protocol.document import Document, DocumentPath, format_path, load_document, problems_from_pydantic
from sim.protocol.fields import Identifier, Model, Name, Names
from sim.protocol.library import find
from sim.protocol.resolve import load_protocol
from sim.protocol.schema import Protocol

SCHEMA = "engraft/trial/1"

Count = Annotated[int, Field(ge=1, le=10**9)]


class Stated(Model):
    """What a design says, and where from: a key of ``sources``, or an assumption where the registration is silent."""

    source: Name | None = None
    assumption: str | None = None

    @model_validator(mode="after")
    def _traced(self) -> Stated:
        if self.source is None and not self.assumption:
            raise ValueError("say where this comes from: source (a key of sources) or assumption (in words)")
        return self


class TrialArm(Stated):
    """One arm: the protocol that stands for it, and its share in the allocation."""

    title: str = ""
    protocol: str
    set: dict[str, Any] = {}
    ratio: Annotated[float, Field(gt=0)] = 1


class Allocation(Stated):
    """How and when patients come to their arm; ``at`` is an event of the protocols, or ``enrolment``."""

    method: Literal["single arm", "randomised", "not randomised"]
    at: Name = "enrolment"
    stratified_by: list[Name] = []
    blinded: bool = False


class TrialEndpoint(Stated):
    """An endpoint by its name in the protocols; ``at`` where the design reads it at one time."""

    endpoint: Name
    at: Duration | None = None
    time_zero: Name | None = None
    analysis: str = ""


class Accrual(Stated):
    """How many patients come, and how fast."""

    patients: Count
    over: Duration | None = None


class Horizon(Stated):
    """For how long patients are followed: each for so long, or until so long after the last has entered."""

    follow_up: Duration
    after: Literal["own entry", "last entry"] = "own entry"


class Open(Model):
    """What the registration leaves open, and what is assumed instead."""

    item: str
    assumption: str


class Trial(Model):
    """The published design of one trial."""

    schema_: Literal["engraft/trial/1"] = Field(alias="schema")
    id: Identifier
    title: str
    registration: str = ""
    phase: str = ""
    notes: str = ""
    sources: dict[Name, str]
    population: str
    arms: Annotated[dict[str, TrialArm], Field(min_length=1)]
    allocation: Allocation
    primary: TrialEndpoint
    secondary: list[TrialEndpoint] = []
    safety: Names = []
    accrual: Accrual
    horizon: Horizon
    open: Annotated[list[Open], Field(min_length=1)]

    @model_validator(mode="after")
    def _arms_fit(self) -> Trial:
        single = self.allocation.method == "single arm"
        if single != (len(self.arms) == 1):
            raise ValueError(f"{len(self.arms)} arms do not go with the allocation {self.allocation.method!r}")
        return self


def load_trial(name_or_path: str | Path) -> Trial:
    """Read a trial design by path, or by the name of a shipped one such as ``sandwich-nct06507514``.

    Raises
    ------
    UsageError
        There is no such file.
    InvalidDocument
        The file cannot be used; holds every problem found, each with its line and column.
    """
    return trial_of(load_document(find(name_or_path, "trial")))


def trial_of(document: Document) -> Trial:
    """The trial that a document holds, its protocols and population looked up; see `load_trial`."""
    try:
        trial = Trial.model_validate(document.plain())
    except ValidationError as error:
        raise InvalidDocument(problems_from_pydantic(document, error, Trial)) from None
    problems = [
        Problem(document.locate(path), format_path(path), message)
        for path, message in (*_sources(trial), *_references(trial, document))
    ]
    if problems:
        raise InvalidDocument(problems)
    return trial


def trial_problems(document: Document) -> list[Problem]:
    """Everything that is wrong with a trial design, for `engraft lint`."""
    try:
        trial_of(document)
    except InvalidDocument as invalid:
        return list(invalid.problems)
    return []


def _sources(trial: Trial) -> Iterator[tuple[DocumentPath, str]]:
    stated: dict[DocumentPath, Stated] = {
        **{("arms", name): arm for name, arm in trial.arms.items()},
        ("allocation",): trial.allocation,
        ("primary",): trial.primary,
        **{("secondary", index): each for index, each in enumerate(trial.secondary)},
        ("accrual",): trial.accrual,
        ("horizon",): trial.horizon,
    }
    for path, each in stated.items():
        if each.source is not None and each.source not in trial.sources:
            yield (*path, "source"), f'"{each.source}" is not declared in sources' + _near(each.source, trial.sources)
    for key in trial.sources:
        if all(each.source != key for each in stated.values()):
            yield ("sources", key), f"nothing cites {key}; cite it or remove it"


def _references(trial: Trial, document: Document) -> Iterator[tuple[DocumentPath, str]]:
    """Names that the protocols, in the trial's population, do not know."""
    beside = Path(document.file) if document.file is not None else None
    try:
        population = find(trial.population, "population", beside=beside)
    except UsageError as error:
        yield ("population",), str(error)
        return
    protocols: list[Protocol] = []
    for name, arm in trial.arms.items():
        overrides = [f"{path}={_plain(value)}" for path, value in arm.set.items()]
        try:
            found = find(arm.protocol, "protocol", beside=beside)
            protocol = load_protocol(found, set=overrides, population=population)
        except EngraftError as error:
            yield ("arms", name, "protocol"), str(error).splitlines()[0]
            continue
        protocols.append(protocol)
        yield from _unknown(trial, name, protocol)
    for index, name in enumerate(trial.safety):
        if len(protocols) == len(trial.arms) and not any(
            name in (*each.toxicities, *_events(each)) for each in protocols
        ):
            yield ("safety", index), f'no arm has a toxicity or event "{name}"'


def _unknown(trial: Trial, arm: str, protocol: Protocol) -> Iterator[tuple[DocumentPath, str]]:
    events = _events(protocol)
    named: list[tuple[DocumentPath, TrialEndpoint]] = [(("primary",), trial.primary)]
    named += [(("secondary", index), each) for index, each in enumerate(trial.secondary)]
    for path, each in named:
        if each.endpoint not in protocol.endpoints:
            near = _near(each.endpoint, protocol.endpoints)
            yield (*path, "endpoint"), f'{protocol.id} (arm {arm}) has no endpoint "{each.endpoint}"{near}'
        elif each.time_zero is not None and each.time_zero != protocol.endpoints[each.endpoint].from_:
            counted = protocol.endpoints[each.endpoint].from_
            yield (*path, "time_zero"), f"{protocol.id} counts {each.endpoint} from {counted}, not {each.time_zero}"
    if trial.allocation.at not in ("enrolment", *events):
        near = _near(trial.allocation.at, dict.fromkeys(events))
        yield ("allocation", "at"), f'{protocol.id} (arm {arm}) has no event "{trial.allocation.at}"{near}'
    for index, name in enumerate(trial.allocation.stratified_by):
        if name not in protocol.patient:
            near = _near(name, protocol.patient)
            yield ("allocation", "stratified_by", index), f'{protocol.id} has no attribute "{name}"{near}'


def _events(protocol: Protocol) -> list[str]:
    """Events that phases, their outcomes and choices, toxicities, delays and hazards of a protocol name."""
    found: dict[str, None] = {}
    for phase in protocol.phases.values():
        found |= dict.fromkeys(phase.emits)
        for outcome in phase.outcomes:
            found |= dict.fromkeys(outcome.event)
        for row in (*phase.choose, *phase.after_each_cycle):
            found |= dict.fromkeys(row.event)
    for toxicity in protocol.toxicities.values():
        found |= dict.fromkeys(toxicity.emits)
        for consequence in toxicity.consequence.values():
            found |= dict.fromkeys(consequence.emits)
    for delay in protocol.delays.values():
        found |= dict.fromkeys(delay.emits)
    for name, hazard in protocol.hazards.items():
        found |= dict.fromkeys(hazard.emits or [name])
    return list(found)


def _plain(value: Any) -> str:
    return "true" if value is True else "false" if value is False else str(value)


def _near(word: str, known: Mapping[str, Any]) -> str:
    return did_you_mean(word, list(known))
