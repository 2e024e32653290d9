"""From a comparison to what it needs: checked protocols, studies, groups; all problems in one go. Runs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sim.batch.folder import sha256
from sim.compare.config import CompareConfig, document_of, problem_at, read_config
from sim.compare.one_population import unlike, what_if
from sim.endpoints.groups import result_of
from sim.errors import EngraftError, InvalidDocument, Problem, UsageError, did_you_mean
from sim.evidence.load import load_evidence
from sim.evidence.schema import Evidence, Record, Study, StudyEndpoint
from sim.protocol.document import Document, DocumentPath, format_path, load_document
from sim.protocol.library import find
from sim.protocol.population import Population
from sim.protocol.population_table import rows_of
from sim.protocol.resolve import Resolved, resolve
from sim.protocol.schema import Endpoint, Enrolment, Protocol
from sim.protocol.schema_patients import WITHOUT_REPLACEMENT
from sim.protocol.scope import ENROLMENT, emitters
from sim.units import parse_duration

RESULT = "result(attribute)"
Inputs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PreparedStudy:
    """A published study: its evidence, the protocol that stands for it in its own population, where it is asked for."""

    evidence: Evidence
    name: str
    study: Study
    protocol: Protocol
    path: DocumentPath

    def endpoint(self, name: str) -> Endpoint:
        """The rule of an endpoint: the study's own where it states one, else the protocol's."""
        stated = self.study.endpoints.get(name)
        return self.protocol.endpoints[name] if stated is None else as_endpoint(stated)

    def horizon(self, otherwise: float) -> float:
        """Days of follow-up: the study's longest (if it states none, `otherwise`), and up to the latest record."""
        stated = self.study.follow_up
        longest = otherwise if stated is None else parse_duration(stated.longest)
        return max([longest, *(time for _, time in self.read())])

    def read(self) -> Iterator[tuple[Record, float]]:
        """Records that are read from a curve, each with its time in days."""
        for record in self.evidence.curve_values(self.name):
            assert record.time_days is not None
            yield record, record.time_days


@dataclass(frozen=True)
class Prepared:
    """A comparison ready to run.

    Attributes
    ----------
    config
        What was asked for.
    arms
        Protocol of each arm in the common population, the first being the reference.
    studies
        Published studies that are shown beside, each in its own population.
    inputs
        (file name, SHA-256) of every file that took part; with as many folders as tell files of one name apart.
    document
        Where the config was read from, for positions.
    differ
        Shared values that differ between arms because the config asks what would be if they did, in words.
    """

    config: CompareConfig
    arms: dict[str, Protocol]
    studies: tuple[PreparedStudy, ...]
    inputs: Inputs
    document: Document
    differ: tuple[str, ...]

    def endpoint(self, name: str) -> Endpoint:
        """The rule of an endpoint, which is the same in every arm."""
        return next(iter(self.arms.values())).endpoints[name]


def prepare(config: CompareConfig, document: Document | None = None) -> Prepared:
    """Load and check everything that a comparison names.

    Parameters
    ----------
    document
        Where the config was read from, for positions.

    Raises
    ------
    InvalidDocument
        Every problem of the config, its protocols, its population and its evidence.
    """
    document = document_of(config) if document is None else document
    if document.file == "(config)":
        read_config(document)
    problems: list[Problem] = []
    inputs = list(document.inputs)
    arms: dict[str, Protocol] = {}
    for name in config.arms:
        found = _arm(config, name, document, problems)
        if found is not None:
            arms[name] = found.protocol
            inputs += found.inputs
    problems += [problem_at(document, path, message) for path, message in _unmet(config, arms)]
    if len(arms) == len(config.arms):
        file = find(config.population, "population", beside=_beside(document))
        population = Population.model_validate(load_document(file).plain())
        problems += [problem_at(document, path, message) for path, message in unlike(config, arms, population)]
    problems += [problem_at(document, ("patients",), message) for message in _too_many(config, arms)]
    studies: list[PreparedStudy] = []
    for index, name in enumerate(config.as_published):
        studies += _studies(name, ("as_published", index), document, problems, inputs)
    if problems:
        raise InvalidDocument(problems)
    return Prepared(config, arms, tuple(studies), _told_apart(inputs), document, what_if(arms))


def config_problems(document: Document) -> list[Problem]:
    """Everything that is wrong with a comparison, the protocols it names included: the judge that `lint` asks."""
    try:
        prepare(read_config(document), document)
    except InvalidDocument as invalid:
        return list(invalid.problems)
    return []


def _told_apart(inputs: Iterable[tuple[str, str]]) -> Inputs:
    """Files by their name and, where several have one name, by as much of their path as tells them apart.

    Whole paths would tie a manifest to one machine.
    """
    digests = {Path(file).resolve().parts: digest for file, digest in inputs}

    def label(parts: tuple[str, ...]) -> str:
        others = [other for other in digests if other != parts]
        length = 1
        while any(other[-length:] == parts[-length:] for other in others):
            length += 1
        return "/".join(parts[-length:])

    return tuple(sorted((label(parts), digest) for parts, digest in digests.items()))


def as_endpoint(stated: StudyEndpoint) -> Endpoint:
    """A study's endpoint as a rule over a History."""
    return Endpoint.model_validate({"from": stated.time_zero, "event": stated.events, "competing": stated.competing})


def _beside(document: Document) -> Path | None:
    return Path(document.file) if document.inputs else None


def _arm(config: CompareConfig, name: str, document: Document, problems: list[Problem]) -> Resolved | None:
    overrides = config.overrides(name)
    texts = [f"{path}={json.dumps(value, ensure_ascii=False)}" for path, value in overrides.items()]
    try:
        protocol = find(config.arms[name].protocol, "protocol", beside=_beside(document))
    except UsageError as error:
        problems.append(problem_at(document, ("arms", name, "protocol"), str(error)))
        return None
    try:
        population = find(config.population, "population", beside=_beside(document))
    except UsageError as error:
        problems.append(problem_at(document, ("population",), str(error)))
        return None
    try:
        return resolve(protocol, set=texts, population=population)
    except InvalidDocument as invalid:
        keys = list(overrides)
        own = config.arms[name].set
        places = {
            f"--set[{number}]": ("arms", name, "set", key) if key in own else ("set", key)
            for number, key in enumerate(keys, 1)
        }
        for problem in invalid.problems:
            path = places.get(problem.position.file)
            if path is None:
                problems.append(problem)
            else:
                message = f"{problem.path}: {problem.message}" if problem.path else problem.message
                problems.append(Problem(document.locate(path), format_path(path), message))
    return None


def _too_many(config: CompareConfig, arms: dict[str, Protocol]) -> Iterator[str]:
    """More patients than a table has that is drawn without replacement; all arms have one population."""
    for protocol in arms.values():
        columns = {name: each.column for name, each in protocol.patient.items() if each.column is not None}
        if protocol.table is not None and protocol.table.draw == WITHOUT_REPLACEMENT:
            rows = rows_of(protocol.table, columns).drawable
            if config.patients > rows:
                cure = "ask for fewer, or draw with replacement"
                yield f"found {config.patients:,}, and the table of patients has {rows:,}, each drawn once; {cure}"
            return


def _unmet(config: CompareConfig, arms: dict[str, Protocol]) -> Iterator[tuple[DocumentPath, str]]:
    """What the comparison asks of the protocols and they do not have."""
    first = next(iter(arms), "")
    for arm, protocol in arms.items():
        for index, name in enumerate(config.endpoints):
            known = protocol.endpoints
            if name not in known:
                yield ("endpoints", index), f'{protocol.id} has no endpoint "{name}"{did_you_mean(name, list(known))}'
            elif name in arms[first].endpoints and not _same_rule(known[name], arms[first].endpoints[name]):
                yield (
                    ("endpoints", index),
                    f"{name} is not the same rule in {first} and {arm}; a contrast needs one definition",
                )
        for name, subgroup in config.subgroups.items():
            for key, message in _ungrouped(protocol, subgroup.by, subgroup.landmark):
                yield ("subgroups", name, key), message


def _same_rule(one: Endpoint, other: Endpoint) -> bool:
    return one.model_copy(update={"title": ""}) == other.model_copy(update={"title": ""})


def _ungrouped(protocol: Protocol, by: str, landmark: str | None) -> Iterator[tuple[str, str]]:
    """Why patients cannot be grouped so, as (key, message)."""
    known = protocol.patient
    if by not in known:
        yield "by", f'{protocol.id} has no attribute "{by}"{did_you_mean(by, list(known))}'
        return
    if landmark is None:
        if known[by].states is not None:
            example = f"result({by})" if by in _tested(protocol) else "the event from which it is known"
            yield "by", f"{by} is known only after time zero; give landmark: {example}"
        return
    attribute = result_of(landmark)
    if attribute is not None:
        tested = _tested(protocol)
        if attribute not in tested:
            yield "landmark", f'no test of {protocol.id} has a result "{attribute}"{did_you_mean(attribute, tested)}'
    elif "(" in landmark:
        yield "landmark", f'found "{landmark}"; write the name of an event, or {RESULT}'
    elif landmark not in (events := [ENROLMENT, *emitters(protocol)]):
        yield "landmark", f'no event is called "{landmark}" in {protocol.id}{did_you_mean(landmark, events)}'


def _tested(protocol: Protocol) -> list[str]:
    return list(dict.fromkeys(test.into for phase in protocol.phases.values() for test in phase.tests))


def _studies(
    name: str, path: DocumentPath, document: Document, problems: list[Problem], inputs: list[tuple[str, str]]
) -> Iterator[PreparedStudy]:
    try:
        file = find(name, "evidence", beside=_beside(document))
        evidence = load_evidence(file)
    except InvalidDocument as invalid:
        problems += invalid.problems
        return
    except UsageError as error:
        problems.append(problem_at(document, path, str(error)))
        return
    inputs.append((str(file), sha256(file.read_bytes())))
    shown = 0
    for label, study in evidence.studies.items():
        if study.protocol is None:
            continue
        shown += 1
        try:
            found = resolve(
                find(study.protocol, "protocol", beside=file),
                population=None if study.population is None else find(study.population, "population", beside=file),
            )
        except InvalidDocument as invalid:
            problems += invalid.problems
            continue
        except EngraftError as error:
            problems.append(problem_at(document, path, f"study {label}: {error}"))
            continue
        inputs += found.inputs
        prepared = PreparedStudy(evidence, label, study, _gated(found.protocol, study), path)
        wrong = list(_unmatched(prepared))
        problems += [problem_at(document, path, f"study {label}: {message}") for message in wrong]
        yield prepared
    if not shown:
        message = f"{evidence.id} has no study with a protocol; there is nothing to simulate"
        problems.append(problem_at(document, path, message))


def _gated(protocol: Protocol, study: Study) -> Protocol:
    """The protocol with the entry gate that the evidence states, unless a population holds, which has its own gate."""
    if study.entry_gate is None or study.population is not None:
        return protocol
    gate = Enrolment(at=study.entry_gate.at, assumption=study.entry_gate.assumption)
    return protocol.model_copy(update={"enrolment": gate})


def _unmatched(prepared: PreparedStudy) -> Iterator[str]:
    """Why records of a study cannot be matched with its protocol."""
    protocol, study = prepared.protocol, prepared.study
    events = [ENROLMENT, *emitters(protocol)]
    gate = protocol.enrolment.at
    if gate != "start" and gate not in events:
        yield f'{protocol.id} has no event "{gate}" for the entry gate{did_you_mean(gate, events)}'
    for name, stated in study.endpoints.items():
        for event in (stated.time_zero, *stated.events, *stated.competing):
            if event not in events:
                yield f'{protocol.id} has no event "{event}" for {name}{did_you_mean(event, events)}'
    known = list(protocol.patient)
    if study.follow_up is not None:
        longest = study.follow_up.longest
        for record, time in prepared.read():
            if time > parse_duration(longest):
                yield f"record {record.id}: {record.time} is later than the longest follow-up, {longest}"
    for record in prepared.evidence.of_study(prepared.name):
        if record.endpoint is not None and record.endpoint not in {*study.endpoints, *protocol.endpoints}:
            yield f'record {record.id}: {protocol.id} has no endpoint "{record.endpoint}"'
        share = record.share
        for asked in (record.group.by if record.group else None, share.attribute if share else None):
            if asked is not None and asked not in known:
                yield f'record {record.id}: {protocol.id} has no attribute "{asked}"{did_you_mean(asked, known)}'
        of = [share.of] if share is not None and share.of not in ("enrolled", "evaluable") else []
        for event in [*(share.event if share else []), *of]:
            if event not in events:
                yield f'record {record.id}: {protocol.id} has no event "{event}"{did_you_mean(event, events)}'
