"""Checks that the numbers of each hazard go together: its baseline, its shares that never fail, and its level."""

from __future__ import annotations

from collections.abc import Iterator

from sim.protocol.baselines import Unfit, curve_of
from sim.protocol.checks_hazards import heights
from sim.protocol.checks_numbers import orders, ranges
from sim.protocol.findings import Finding
from sim.protocol.subject import Subject


class _Unknown(Exception):
    """An expression has no value that can be told; other checks say why."""


def curves(subject: Subject) -> Iterator[Finding]:
    """Every hazard has a curve at its stated height; silent where one of its numbers is wrong by itself."""
    told: set[str] | None = None
    for name, hazard in subject.protocol.hazards.items():
        known = {
            located.text: subject.constant(*path)
            for path, (located, _) in subject.trees.items()
            if path[:2] == ("hazards", name) and located.constant
        }

        def value(text: str, known: dict[str, float | None] = known) -> float:
            found = known.get(text)
            if found is None:
                raise _Unknown
            return found

        try:
            curve_of(hazard, value)
        except _Unknown:
            continue
        except Unfit as unfit:
            if told is None:
                others = (*ranges(subject), *orders(subject), *heights(subject))
                told = {str(finding.path[1]) for finding in others if finding.path[0] == "hazards"}
            if name not in told:
                yield Finding(("hazards", name, *unfit.path), str(unfit))


CURVE_CHECKS = ((curves, ("hazards",)),)
