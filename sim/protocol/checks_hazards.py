"""Checks of what runs beside the phases: hazards, crossings, delays, flags, markers. Their numbers: checks_numbers."""

from __future__ import annotations

from collections.abc import Iterator

from sim.protocol.addresses import addresses
from sim.protocol.course import DEATH, Course
from sim.protocol.expression_tree import Expression, Name, unparse, walk
from sim.protocol.findings import Finding
from sim.protocol.paths import DocumentPath, format_path
from sim.protocol.satisfiable import can_hold
from sim.protocol.schema import Hazard
from sim.protocol.scope import ENROLMENT, START
from sim.protocol.subject import Subject


def scopes(subject: Subject, course: Course) -> Iterator[Finding]:
    """Every hazard is live in some state that can be reached."""
    for name, hazard in subject.protocol.hazards.items():
        if name in course.fired:
            continue
        path: DocumentPath = ("hazards", name, "while")
        since = hazard.clock.since
        started = since is None or any(
            course.happened(event, state) and event in _can_happen(subject, course)
            for state in course.moves
            for event in since
        )
        seen = course.verdicts.get(path, {None})
        tree = subject.sound(*path)
        if not started and since is not None:
            told = " or ".join(since)
            message = f"the clock never starts: no course leads to {told}; change the events or remove the hazard"
            yield Finding(("hazards", name, "clock"), message)
        elif seen == {False} and tree is not None:
            if can_hold([tree], subject.scope)[0]:
                message = f"the scope is empty: {unparse(tree)} is false in every state that can be reached"
                yield Finding(path, f"{message}; change the guard or remove the hazard")
        else:
            told = " or ".join(since or [])
            message = (
                f"the scope is empty: {unparse(tree) if tree else 'the guard'} is false wherever {told} has happened"
            )
            yield Finding(path, f"{message}; change the guard or the clock")


def _can_happen(subject: Subject, course: Course) -> set[str]:
    """Events whose emission lies on some course."""
    found = {START, ENROLMENT}
    for event, paths in subject.emitters.items():
        for path in paths:
            if path[0] != "phases" or path[1] in course.phases:
                found.add(event)
    return found


def heights(subject: Subject) -> Iterator[Finding]:
    """The height of a baseline is given once: by its own arguments or by a level."""
    for name, hazard in subject.protocol.hazards.items():
        yield from _height(hazard, ("hazards", name))


def _height(hazard: Hazard, here: DocumentPath) -> Iterator[Finding]:
    given = hazard.baseline.latent_class.uncured if hazard.baseline.latent_class is not None else hazard.baseline
    below: DocumentPath = ("latent_class", "uncured") if hazard.baseline.latent_class is not None else ()
    path: DocumentPath = (*here, "baseline", *below)
    own = {"exponential": "mean", "weibull": "scale"}.get(given.family)
    if own is not None:
        has = getattr(given.arguments, own) is not None
        if has and hazard.level is not None:
            yield Finding(
                (*path, given.family, own), f"{own} and level both give the height of this hazard; keep one of them"
            )
        if not has and hazard.level is None:
            message = f"nothing gives the height of this hazard; add a level, or {given.family}: {{{own}: ...}}"
            yield Finding(path, message)
    elif given.family == "gompertz" and hazard.level is None:
        yield Finding(path, "nothing gives the height of this hazard; a gompertz baseline needs a level")
    if hazard.level is None:
        return
    if hazard.baseline.latent_class is not None and hazard.level.of is None:
        message = "say whom the level is of: of: uncured (multipliers act on them), or of: all (the cured included)"
        yield Finding((*here, "level"), message)
    if hazard.baseline.latent_class is None and hazard.level.of is not None:
        yield Finding(
            (*here, "level", "of"), "of goes with latent_class: there are no cured patients here; remove it", key=True
        )
    if hazard.level.hazard_per_year is not None and given.arguments.plateau is not None:
        message = "hazard_per_year does not go with a plateau; give probability or cumulative_hazard"
        yield Finding((*here, "level", "hazard_per_year"), message, key=True)


def vain(subject: Subject) -> Iterator[Finding]:
    """Crossings, delays and hazards do something when they come."""
    for name, crossing in subject.protocol.crossings.items():
        if not crossing.emits and crossing.goto is None:
            yield Finding(("crossings", name), "nothing follows from this crossing; give it emits or goto", key=True)
    for name, delay in subject.protocol.delays.items():
        if not delay.emits:
            yield Finding(
                ("delays", name), f"nothing follows from this delay; give it an event, as in emits: {name}", key=True
            )
    for name, hazard in subject.protocol.hazards.items():
        if hazard.emits == [] and hazard.goto is None:
            yield Finding(("hazards", name), "nothing follows from this hazard; give it emits or goto", key=True)


def deaths(subject: Subject) -> Iterator[Finding]:
    """Who has died does not go on."""
    phases = subject.protocol.phases

    def goes_on(target: str | None) -> bool:
        return target is None or (target in phases and not phases[target].final)

    for path in subject.emitters.get(DEATH, []):
        section, name = path[0], str(path[1])
        if section == "hazards":
            lives = goes_on(subject.protocol.hazards[name].goto)
        elif section == "crossings":
            lives = goes_on(subject.protocol.crossings[name].goto)
        elif section == "surveillance":
            lives = goes_on(subject.protocol.surveillance[name].goto)
        elif section == "toxicities" and path[2] == "consequence":
            lives = goes_on(subject.protocol.toxicities[name].consequence[str(path[3])].goto)
        elif section != "phases":
            lives = True
        else:
            lives = _lives(subject, path)
        if lives:
            yield Finding(
                path, f"{DEATH} is emitted here, but the patient goes on; lead to a final phase that emits {DEATH}"
            )


def _lives(subject: Subject, path: DocumentPath) -> bool:
    phases = subject.protocol.phases
    phase = phases[str(path[1])]
    if path[2] == "emits":
        return not phase.final
    target: str | None
    if path[2] == "timeout":
        target = phase.timeout.goto if phase.timeout is not None else None
    elif path[2] == "outcomes":
        target = phase.outcomes[int(path[3])].goto
    else:
        target = (phase.choose if path[2] == "choose" else phase.after_each_cycle)[int(path[3])].target
    return target is None or (target in phases and not phases[target].final)


def flags(subject: Subject) -> Iterator[Finding]:
    """A flag can change, and no event both sets and clears it."""
    for name, flag in subject.protocol.flags.items():
        here: DocumentPath = ("flags", name)
        for index, event in enumerate(flag.cleared_by):
            if event in flag.set_by:
                message = f"{event} both sets and clears {name}; let it do one of the two"
                yield Finding((*here, "cleared_by", index), message)
        if not flag.set_by and not flag.initially:
            yield Finding(here, f"nothing sets {name}; give it set_by, or initially: true", key=True)
        elif not flag.cleared_by and flag.initially:
            yield Finding(here, f"nothing clears {name}, which is true from the start; give it cleared_by", key=True)


def drifts(subject: Subject) -> Iterator[Finding]:
    """Hazards that read a drifting marker say how often; crossings have a drift that can bring them about."""
    protocol = subject.protocol
    for name, marker in protocol.markers.items():
        readers = [
            hazard for hazard, entry in protocol.hazards.items() if name in _markers_read(subject, hazard, entry)
        ]
        if marker.drift is not None and readers and marker.hazards_read_every is None:
            message = (
                f"{name} drifts and the hazard {readers[0]} reads it; say how often, as in hazards_read_every: 7 d"
            )
            yield Finding(("markers", name), message, key=True)
        if marker.hazards_read_every is not None and (marker.drift is None or not readers):
            why = "does not drift" if marker.drift is None else "is read by no hazard"
            yield Finding(("markers", name, "hazards_read_every"), f"{name} {why}; remove hazards_read_every", key=True)
    for name, crossing in protocol.crossings.items():
        if crossing.marker in protocol.markers and protocol.markers[crossing.marker].drift is None:
            message = f"{crossing.marker} never rises by itself, as it has no drift; give it one, or use a hazard"
            yield Finding(("crossings", name, "marker"), message)


def _markers_read(subject: Subject, name: str, hazard: Hazard) -> set[str]:
    trees: list[Expression] = [tree for located, tree in subject.below("hazards", name)]
    return {node.word for tree in trees for node in walk(tree) if isinstance(node, Name)} & set(
        subject.protocol.markers
    )


def sites(subject: Subject) -> Iterator[Finding]:
    """Each address of draws is used once."""
    protocol = subject.protocol
    seen: dict[str, str] = {}
    twice: set[str] = set()
    for section, entries in (
        ("patient", protocol.patient),
        ("toxicities", protocol.toxicities),
        ("delays", protocol.delays),
        ("surveillance", protocol.surveillance),
        ("phases", protocol.phases),
        ("hazards", protocol.hazards),
    ):
        for name, entry in entries.items():
            kept: list[tuple[DocumentPath, str | None]] = [((section, name, "site"), entry.site)]
            tests = getattr(entry, "tests", [])
            kept += [((section, name, "tests", index, "site"), test.site) for index, test in enumerate(tests)]
            for path, site in kept:
                if site is None:
                    continue
                if site in seen:
                    twice.add(site)
                    message = (
                        f'the site "{site}" is taken by {seen[site]}, and two decisions must not share luck; rename one'
                    )
                    yield Finding(path, message)
                seen.setdefault(site, ".".join(str(part) for part in path[:2]))
    drawing: dict[str, DocumentPath] = {}
    told: set[tuple[DocumentPath, DocumentPath]] = set()
    for path, address in addresses(protocol):
        first = drawing.setdefault(address, path)
        taken = any(address == site or address.startswith(f"{site}.") for site in twice)
        if first is not path and not taken and (first, path) not in told:
            told.add((first, path))
            message = f'this would draw with the luck of {format_path(first)} ("{address}"); give one a site of its own'
            yield Finding(path, message)


_EVENTS = ("phases", "hazards", "crossings", "delays", "toxicities", "surveillance")
FLAG_CHECKS = ((flags, ("flags",)),)
HAZARD_CHECKS = (
    (heights, ("hazards",)),
    (vain, ("hazards", "crossings", "delays")),
    (deaths, _EVENTS),
    (drifts, ("markers", "hazards", "crossings")),
    (sites, ("patient", *_EVENTS)),
)
FILE_COURSE_CHECKS = (scopes,)
