"""What the audit reads and returns: an evidence file with its positions, and findings. Nothing is checked here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from sim.errors import Position
from sim.evidence.records import Record
from sim.evidence.relations import CheckName
from sim.evidence.schema import Evidence, Study
from sim.protocol.document import Document, DocumentPath, format_path
from sim.protocol.library import shown

Level = Literal["hard", "soft", "note"]
"""hard: cannot be right as printed; soft: odd, or only unlikely; note: sound, with what to use in its place."""


@dataclass(frozen=True)
class Found:
    """What a check finds: the arithmetic, what to use instead, and whose figures it speaks of.

    Attributes
    ----------
    arithmetic, repair
        In words and numbers.
    records
        The records involved, the one at fault first.
    level
        If it is not that of the check.
    endpoints
        Names of study endpoints, as (study, endpoint), where a definition is at fault and no figure.
    relation
        Index of the relation that is broken, if there are no records to point at.
    """

    arithmetic: str
    repair: str
    records: tuple[Record, ...] = ()
    level: Level | None = None
    endpoints: tuple[tuple[str, str], ...] = ()
    relation: int | None = None


@dataclass(frozen=True)
class EvidenceFile:
    """An evidence file as the checks see it."""

    evidence: Evidence
    document: Document

    @cached_property
    def by_id(self) -> dict[str, Record]:
        """The records by their id."""
        return {record.id: record for record in self.evidence.records}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {record.id: index for index, record in enumerate(self.evidence.records)}

    @property
    def records(self) -> list[Record]:
        """All records, in the order of the file."""
        return self.evidence.records

    def study(self, record: Record) -> Study | None:
        """The study of a record that belongs to one alone."""
        return self.evidence.studies[record.study[0]] if len(record.study) == 1 else None

    def most_patients(self, record: Record) -> int | None:
        """The largest number of patients a record can speak of: its own, else those enrolled."""
        study = self.study(record)
        return record.n if record.n is not None else study.enrolled if study is not None else None

    def path(self, found: Found) -> DocumentPath:
        """Where a finding points."""
        if found.records:
            return ("records", self._places[found.records[0].id])
        if found.endpoints:
            study, endpoint = found.endpoints[0]
            return ("studies", study, "endpoints", endpoint)
        return () if found.relation is None else ("relations", found.relation)

    def codes(self, check: CheckName, found: Found) -> tuple[str, ...]:
        """The audit codes a finding goes by: those of its records and endpoints that this kind of check finds."""
        named = {code for record in found.records for code in record.audit}
        for study, endpoint in found.endpoints:
            named.update(self.evidence.studies[study].endpoints[endpoint].audit)
        known = self.evidence.audit
        return tuple(code for code in known if code in named and check in (known[code].checks or ()))


@dataclass(frozen=True)
class Check:
    """One check: its name, what it looks for, how grave its findings are, and the function that makes them."""

    name: CheckName
    title: str
    level: Level
    look: Callable[[EvidenceFile], Iterator[Found]]


@dataclass(frozen=True)
class Finding:
    """One thing the audit has to say of a file.

    Attributes
    ----------
    position, path
        Where the first figure involved stands.
    check, title, level
        Which check found it, and how grave it is.
    records
        Ids of the records involved.
    codes
        Codes of the file's own audit that this finding answers; none where the file describes none.
    arithmetic, repair
        What was computed, and what to use instead.
    """

    position: Position
    path: str
    check: CheckName
    title: str
    level: Level
    records: tuple[str, ...]
    codes: tuple[str, ...]
    arithmetic: str
    repair: str

    def __str__(self) -> str:
        return f"{self.position}: {self.check}: {self.arithmetic}; {self.repair}"

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain values, for JSON."""
        return {
            "file": self.position.file,
            "line": self.position.line,
            "column": self.position.column,
            "path": self.path,
            "check": self.check,
            "title": self.title,
            "level": self.level,
            "codes": list(self.codes),
            "records": list(self.records),
            "arithmetic": self.arithmetic,
            "repair": self.repair,
        }


def finding(file: EvidenceFile, check: Check, found: Found) -> Finding:
    """A finding with its place in the file and its codes."""
    path = file.path(found)
    position = file.document.locate(path)
    return Finding(
        position=replace(position, file=shown(Path(position.file))),
        path=format_path(path),
        check=check.name,
        title=check.title,
        level=found.level or check.level,
        records=tuple(record.id for record in found.records),
        codes=file.codes(check.name, found),
        arithmetic=found.arithmetic,
        repair=found.repair,
    )
