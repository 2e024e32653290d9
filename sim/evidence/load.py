"""Reads an evidence file into `Evidence`, all problems positioned, in one go. No arithmetic of the audit is here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from sim.errors import InvalidDocument, Problem, did_you_mean
from sim.evidence.schema import Evidence, Record, Study
from sim.protocol.document import Document, DocumentPath, format_path, load_document
from sim.protocol.library import find
from sim.protocol.schema_problems import problems_from_pydantic

__all__ = ["evidence_of", "load_evidence"]


def load_evidence(name_or_path: str | Path) -> Evidence:
    """Read an evidence file by path, or by the name of a shipped one such as ``fbmtg``.

    Raises
    ------
    UsageError
        There is no such file.
    InvalidDocument
        The file cannot be used; holds every problem found, each with its line and column.
    """
    return evidence_of(load_document(find(name_or_path, "evidence")))


def evidence_of(document: Document) -> Evidence:
    """The evidence that a document holds; see `load_evidence`."""
    try:
        evidence = Evidence.model_validate(document.plain())
    except ValidationError as error:
        raise InvalidDocument(problems_from_pydantic(document, error, Evidence)) from None
    problems = [Problem(document.locate(path), format_path(path), message) for path, message in _dangling(evidence)]
    if problems:
        raise InvalidDocument(problems)
    return evidence


def _dangling(evidence: Evidence) -> Iterator[tuple[DocumentPath, str]]:
    """References between the parts of the file that lead nowhere."""
    seen: set[str] = set()
    ids = [record.id for record in evidence.records]
    for index, record in enumerate(evidence.records):
        where: DocumentPath = ("records", index)
        if record.id in seen:
            yield (*where, "id"), f'the id "{record.id}" is given twice'
        seen.add(record.id)
        if record.source not in evidence.sources:
            yield (*where, "source"), _unknown("no source is called", record.source, evidence.sources)
        if record.same_event_as is not None and record.same_event_as not in ids:
            yield (*where, "same_event_as"), _unknown("no record has the id", record.same_event_as, ids)
        for place, other in enumerate(record.compares):
            if other not in ids:
                yield (*where, "compares", place), _unknown("no record has the id", other, ids)
        for place, code in enumerate(record.audit):
            if evidence.audit and code not in evidence.audit:
                yield (*where, "audit", place), _unknown("audit describes no code", code, evidence.audit)
        for name in record.study:
            if name in evidence.studies:
                yield from _undefined(name, evidence.studies[name], record, where)
            else:
                yield (*where, "study"), _unknown("no study is called", name, evidence.studies)
    yield from _loose_ends(evidence, ids)


def _loose_ends(evidence: Evidence, ids: list[str]) -> Iterator[tuple[DocumentPath, str]]:
    """References of relations and of endpoints that lead nowhere."""
    for index, relation in enumerate(evidence.relations):
        for record in relation.records:
            if record not in ids:
                yield ("relations", index), _unknown("no record has the id", record, ids)
        if relation.table is not None and relation.table not in evidence.studies:
            yield ("relations", index), _unknown("no study is called", relation.table, evidence.studies)
    for name, study in evidence.studies.items():
        for endpoint, stated in study.endpoints.items():
            for place, code in enumerate(stated.audit):
                if code not in evidence.audit:
                    path: DocumentPath = ("studies", name, "endpoints", endpoint, "audit", place)
                    yield path, _unknown("audit describes no code", code, evidence.audit)


def _undefined(name: str, study: Study, record: Record, where: DocumentPath) -> Iterator[tuple[DocumentPath, str]]:
    if record.endpoint is not None and record.endpoint not in study.endpoints:
        yield (*where, "endpoint"), _unknown(f"study {name} defines no endpoint", record.endpoint, study.endpoints)
    if record.assay is not None and record.assay not in study.assays:
        yield (*where, "assay"), _unknown(f"study {name} reports no assay", record.assay, study.assays)


def _unknown(what: str, word: str, known: Iterable[str]) -> str:
    return f'{what} "{word}"{did_you_mean(word, list(known))}'
