"""All static checks of a protocol, run together. The checks themselves live in the files checks_*.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sim.protocol import checks_doses, checks_graph, checks_guards, checks_hazards, checks_treatment
from sim.protocol.checks_curves import CURVE_CHECKS
from sim.protocol.checks_expressions import EXPRESSION_CHECKS
from sim.protocol.checks_numbers import NUMBER_CHECKS
from sim.protocol.checks_patients import PATIENT_CHECKS
from sim.protocol.checks_provenance import PROVENANCE_CHECKS
from sim.protocol.checks_references import REFERENCE_CHECKS, USE_CHECKS
from sim.protocol.course import explore
from sim.protocol.findings import Finding
from sim.protocol.subject import Subject

Check = Callable[[Subject], Iterable[Finding]]

# Each check with the sections it relies on.
_NAMES = (*EXPRESSION_CHECKS, *REFERENCE_CHECKS)
_SHAPE = (*checks_graph.GRAPH_CHECKS, *checks_hazards.FLAG_CHECKS, *checks_treatment.TREATMENT_CHECKS)
_OTHERS = (*PATIENT_CHECKS, *NUMBER_CHECKS, *CURVE_CHECKS, *checks_hazards.HAZARD_CHECKS, *checks_doses.DOSE_CHECKS)
_COURSE = (*checks_graph.COURSE_CHECKS, *checks_guards.COURSE_CHECKS)

# Checks that what the file says is true and of use. They are made of files as they stand: "what if only two cycles are
# given" leaves doses and phases idle that the protocol as published needs.
_FILE = (*checks_guards.GUARD_CHECKS, *checks_doses.FILE_CHECKS, *PROVENANCE_CHECKS)
_FILE_USE = (*USE_CHECKS, *checks_guards.USE_CHECKS)
_FILE_COURSE = (
    *checks_graph.FILE_COURSE_CHECKS,
    *checks_guards.FILE_COURSE_CHECKS,
    *checks_hazards.FILE_COURSE_CHECKS,
    *checks_doses.FILE_COURSE_CHECKS,
)
_FLOW = frozenset({"phases", "hazards", "flags", "crossings", "delays", "toxicities", "surveillance"})


def findings_in(subject: Subject) -> list[Finding]:
    """What all checks find.

    A check whose sections do not fit the schema is not made. What is unused is told once every name is right;
    courses are explored once everything that makes them is right, as one misspelt target would make half a protocol
    unreachable.
    """
    as_file = not subject.altered
    names = _made(subject, _NAMES)
    flow = _made(subject, _SHAPE)
    found = [*names, *flow, *_made(subject, _OTHERS), *subject.syntax]
    if as_file:
        found += _made(subject, _FILE)
    if as_file and not names and not subject.syntax:
        found += _made(subject, _FILE_USE)
    if not _FLOW & {*subject.broken, *(str(finding.path[0]) for finding in (*names, *flow, *subject.syntax))}:
        course = explore(subject)
        for check in (*_COURSE, *_FILE_COURSE) if as_file else _COURSE:
            found += check(subject, course)
    return found


def _made(subject: Subject, checks: Iterable[tuple[Check, tuple[str, ...]]]) -> list[Finding]:
    """What those of the checks find whose sections fit the schema."""
    found: list[Finding] = []
    for check, sections in checks:
        if not set(sections) & set(subject.broken):
            found += check(subject)
    return found
