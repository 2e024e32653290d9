"""Runs every check over an evidence file and sets its findings beside the codes that the file describes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.evidence.audit import circumstances, counts, endpoints, groups, intervals, tallies
from sim.evidence.audit.finding import Check, EvidenceFile, Finding, finding
from sim.evidence.load import evidence_of
from sim.evidence.relations import Audited
from sim.evidence.schema import Evidence
from sim.protocol.document import Document, load_document
from sim.protocol.library import find, shown

if TYPE_CHECKING:
    import pandas as pd

CHECKS: tuple[Check, ...] = (
    *intervals.CHECKS,
    *counts.CHECKS,
    *groups.CHECKS,
    *endpoints.CHECKS,
    *circumstances.CHECKS,
    *tallies.CHECKS,
)
"""Every check, in the order in which findings are printed."""


@dataclass(frozen=True)
class Audit:
    """What the audit has to say of one file.

    Attributes
    ----------
    file, evidence
        What was audited.
    findings
        In the order of the checks.
    """

    file: str
    evidence: Evidence
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        levels = {level: sum(one.level == level for one in self.findings) for level in ("hard", "soft", "note")}
        return f"Audit of {self.evidence.id}: {', '.join(f'{number} {level}' for level, number in levels.items())}"

    @property
    def found(self) -> dict[str, tuple[Finding, ...]]:
        """The codes that arithmetic found, each with its findings."""
        codes = dict.fromkeys(code for one in self.findings for code in one.codes)
        return {code: tuple(one for one in self.findings if code in one.codes) for code in sorted(codes)}

    @property
    def not_found(self) -> dict[str, Audited]:
        """The codes that a check should find and none did."""
        stated = self.evidence.audit.items()
        return {code: one for code, one in stated if one.checks is not None and code not in self.found}

    @property
    def not_computable(self) -> dict[str, Audited]:
        """The codes that no arithmetic can find."""
        return {code: one for code, one in self.evidence.audit.items() if one.not_computable is not None}

    def to_frame(self) -> pd.DataFrame:
        """The findings as a table, one row each, in the order of the checks."""
        import pandas as pd

        columns = [field.name for field in fields(Finding) if field.name != "position"]
        rows = [one.as_dict() for one in self.findings]
        return pd.DataFrame(rows, columns=["file", "line", "column", *columns])

    def as_dict(self) -> dict[str, Any]:
        """The audit as plain values, for JSON."""
        return {
            "file": self.file,
            "id": self.evidence.id,
            "records": len(self.evidence.records),
            "findings": [one.as_dict() for one in self.findings],
            "codes": {
                code: {
                    "title": one.title,
                    "severity": one.severity,
                    "found_by": sorted({found.check for found in self.found.get(code, ())}),
                    **({"not_computable": one.not_computable} if one.not_computable is not None else {}),
                }
                for code, one in self.evidence.audit.items()
            },
        }


def audit(name_or_path: str | Path) -> Audit:
    """Audit an evidence file by arithmetic.

    Parameters
    ----------
    name_or_path
        A path, or the name of a shipped evidence file such as ``fbmtg``.

    Raises
    ------
    UsageError
        There is no such file.
    InvalidDocument
        The file cannot be used; holds every problem found, each with its line and column.
    """
    return audit_of(load_document(find(name_or_path, "evidence")))


def audit_of(document: Document) -> Audit:
    """Audit a document that was read; see `audit`."""
    file = EvidenceFile(evidence_of(document), document)
    findings = tuple(finding(file, check, found) for check in CHECKS for found in check.look(file))
    return Audit(shown(Path(document.file)), file.evidence, findings)
