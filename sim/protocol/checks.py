"""All static checks of a protocol, run together. The checks themselves live in the files checks_*.py."""

from __future__ import annotations

from sim.protocol import checks_doses, checks_graph, checks_guards, checks_hazards
from sim.protocol.checks_expressions import EXPRESSION_CHECKS
from sim.protocol.checks_numbers import NUMBER_CHECKS
from sim.protocol.checks_references import FLOW_CHECKS, REFERENCE_CHECKS
from sim.protocol.course import explore
from sim.protocol.findings import Finding
from sim.protocol.subject import Subject

_FOUNDATION = (*EXPRESSION_CHECKS, *FLOW_CHECKS, *checks_graph.GRAPH_CHECKS)

CHECKS = (
    *_FOUNDATION,
    *REFERENCE_CHECKS,
    *NUMBER_CHECKS,
    *checks_guards.GUARD_CHECKS,
    *checks_hazards.HAZARD_CHECKS,
    *checks_doses.DOSE_CHECKS,
)
"""Every check of single places, with the sections it relies on."""

COURSE_CHECKS = (
    *checks_graph.COURSE_CHECKS,
    *checks_guards.COURSE_CHECKS,
    *checks_hazards.COURSE_CHECKS,
    *checks_doses.COURSE_CHECKS,
)
"""Every check of whole courses through the phases."""

_FLOW = frozenset({"phases", "hazards", "flags", "crossings", "delays", "toxicities"})


def findings_in(subject: Subject) -> list[Finding]:
    """What all checks find.

    A check whose sections do not fit the schema is not made; courses are explored once everything that makes them is
    right, as one misspelt target would make half a protocol unreachable.
    """
    found: list[Finding] = []
    sound = not _FLOW & set(subject.broken)
    for check, sections in CHECKS:
        if not set(sections) & set(subject.broken):
            more = list(check(subject))
            found += more
            if (check, sections) in _FOUNDATION and any(finding.path[0] in _FLOW for finding in more):
                sound = False
    if sound and not subject.syntax:
        course = explore(subject)
        for check_course in COURSE_CHECKS:
            found += check_course(subject, course)
    return [*found, *subject.syntax]
