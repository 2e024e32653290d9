"""Addresses of draws: the name of every decision of a protocol that draws. What is drawn there, the engine knows.

An address is a site (given with ``site:``, or made from the name) with what is decided there after it. Names that are
kept keep their luck.
"""

from __future__ import annotations

from collections.abc import Iterator

from sim.protocol.fields import AttributeDraw, Distribution
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Attribute, Delay, Hazard, Phase, Protocol, Surveillance, Table, Test, Toxicity


def attribute_site(name: str, attribute: Attribute) -> str:
    """The address of an attribute's draw."""
    return attribute.site or f"patient.{name}"


def table_site(table: Table) -> str:
    """The address at which a patient's row is drawn; without replacement that of each row's luck."""
    return table.site or "population.row"


def phase_site(name: str, phase: Phase) -> str:
    """What the addresses of a phase begin with."""
    return phase.site or f"phase.{name}"


def test_site(phase: str, test: Test) -> str:
    """What the addresses of a test begin with, in a phase of that site."""
    return test.site or f"{phase}.test.{test.into}"


def hazard_site(name: str, hazard: Hazard) -> str:
    """The address of a hazard's threshold."""
    return hazard.site or f"hazard.{name}"


def delay_site(name: str, delay: Delay) -> str:
    """The address at which it is drawn whether a delayed event happens."""
    return delay.site or f"delay.{name}"


def toxicity_site(name: str, toxicity: Toxicity) -> str:
    """The address at which it is drawn whether a toxicity occurs."""
    return toxicity.site or f"toxicity.{name}"


def surveillance_site(name: str, surveillance: Surveillance) -> str:
    """What the addresses of samples under surveillance begin with."""
    return surveillance.site or f"surveillance.{name}"


def addresses(protocol: Protocol) -> Iterator[tuple[DocumentPath, str]]:
    """Every address at which a protocol draws, with the place of what draws there."""
    if protocol.table is not None:
        yield ("table",), table_site(protocol.table)
    for name, attribute in protocol.patient.items():
        if attribute.draw is not None:
            yield from _drawn(("patient", name), attribute_site(name, attribute), attribute.draw)
    for name, toxicity in protocol.toxicities.items():
        path, site = ("toxicities", name), toxicity_site(name, toxicity)
        yield path, site
        yield from _drawn(path, f"{site}.onset", toxicity.onset)
        yield path, f"{site}.grade"
        for grade, consequence in toxicity.consequence.items():
            if consequence.delay is not None:
                yield from _drawn(path, f"{site}.delay.{grade}", consequence.delay)
    for name, delay in protocol.delays.items():
        path, site = ("delays", name), delay_site(name, delay)
        yield path, site
        yield from _drawn(path, f"{site}.after", delay.after)
    for name, watch in protocol.surveillance.items():
        yield from _of_sample(protocol, ("surveillance", name), surveillance_site(name, watch), watch.assay)
    for name, phase in protocol.phases.items():
        yield from _of_phase(protocol, name, phase)
    for name, hazard in protocol.hazards.items():
        path, site = ("hazards", name), hazard_site(name, hazard)
        yield path, site
        yield path, f"{site}.cured"


def _of_phase(protocol: Protocol, name: str, phase: Phase) -> Iterator[tuple[DocumentPath, str]]:
    path, site = ("phases", name), phase_site(name, phase)
    if phase.lasts is not None:
        yield from _drawn(path, f"{site}.lasts", phase.lasts)
    if phase.outcomes:
        yield path, f"{site}.outcomes"
    for number, outcome in enumerate(phase.outcomes):
        for target, drawn in outcome.set.items():
            yield from _drawn(path, f"{site}.outcomes[{number}].set.{target}", drawn)
    for number, test in enumerate(phase.tests):
        yield from _of_sample(protocol, (*path, "tests", number), test_site(site, test), test.assay)
    for counter, give in phase.give.items():
        if give.omit is not None:
            yield path, f"{site}.give.{counter}"
    if phase.cycles is not None:
        drawn_for: dict[str, Distribution | None] = {
            "every": phase.cycles.every,
            "count": phase.cycles.count,
            "last": phase.cycles.last,
        }
        drawn_for["delay.by"] = phase.cycles.delay.by if phase.cycles.delay is not None else None
        drawn_for["given"] = phase.days.given if phase.days is not None else None
        for key, each in drawn_for.items():
            if each is not None:
                yield from _drawn(path, f"{site}.cycles.{key}", each)
        if phase.cycles.omit is not None:
            yield path, f"{site}.cycles.omit"
        if phase.cycles.delay is not None:
            yield path, f"{site}.cycles.delay"


def _of_sample(protocol: Protocol, path: DocumentPath, site: str, assay: str) -> Iterator[tuple[DocumentPath, str]]:
    yield path, f"{site}.evaluable"
    if assay in protocol.assays:
        if (noise := protocol.assays[assay].noise) is not None:
            yield from _drawn(path, f"{site}.noise", noise)
        yield from _drawn(path, f"{site}.turnaround", protocol.assays[assay].turnaround)


def _drawn(path: DocumentPath, address: str, drawn: Distribution | AttributeDraw) -> Iterator[tuple[DocumentPath, str]]:
    if drawn.family != "fixed":
        yield path, address
