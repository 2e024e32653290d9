"""All static checks of a protocol, run together. The checks themselves live in the files checks_*.py."""

from __future__ import annotations

from sim.protocol.checks_expressions import EXPRESSION_CHECKS
from sim.protocol.checks_references import REFERENCE_CHECKS
from sim.protocol.findings import Finding
from sim.protocol.subject import Subject

CHECKS = (*EXPRESSION_CHECKS, *REFERENCE_CHECKS)
"""Every check with the sections it relies on; a check whose sections do not fit the schema is not made."""


def findings_in(subject: Subject) -> list[Finding]:
    """What all checks find, except those that rely on sections which do not fit the schema."""
    found: list[Finding] = []
    for check, sections in CHECKS:
        if not set(sections) & set(subject.broken):
            found += check(subject)
    return [*subject.syntax, *found]
