"""Attributes, hazards, markers, crossings, delays and toxicities as rows of the plan. Phases are in plan_phases.py."""

from __future__ import annotations

import numpy as np

from sim.engine import layout as at
from sim.engine.builder import Builder
from sim.engine.plan_curves import baseline, distribution
from sim.errors import EngraftError
from sim.protocol.addresses import attribute_site, delay_site, hazard_site, toxicity_site
from sim.protocol.schema import Consequence, Toxicity
from sim.units import to_ticks


def attribute_rows(build: Builder, distributions: list[list[int]]) -> list[list[int]]:
    """Patient attributes in their declared order."""
    rows = []
    for name, attribute in build.protocol.patient.items():
        drawn = code = at.NONE
        kind = at.STATE
        if attribute.draw is not None:
            kind = at.DRAWN
            drawn = distribution(build, distributions, attribute.draw, site=attribute_site(name, attribute), owner=name)
        elif attribute.derive is not None:
            kind, code = at.DERIVED, build.expression(attribute.derive)
        rows.append([kind, drawn, code, build.variables["attribute", name], at.NONE, build.label(name)])
    _correlate(build, rows, distributions)
    return rows


def _correlate(build: Builder, rows: list[list[int]], distributions: list[list[int]]) -> None:
    """Replace the scores of correlated attributes by rows of the Cholesky factor of their correlation matrix."""
    pairs = build.protocol.correlations
    names = [name for name in build.protocol.patient if any(name in pair.of for pair in pairs)]
    if not names:
        return
    matrix = np.eye(len(names))
    for pair in pairs:
        i, j = (names.index(name) for name in pair.of)
        matrix[i, j] = matrix[j, i] = pair.rho
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise EngraftError(f"correlations: the matrix of {', '.join(names)} is not positive definite") from None
    order = list(build.protocol.patient)
    sites = [distributions[rows[order.index(name)][at.A_DISTRIBUTION]][at.D_SITE] for name in names]
    for k, name in enumerate(names):
        terms = [word for j in range(k + 1) for word in (sites[j], build.constant(factor[k, j]))]
        rows[order.index(name)][at.A_CORRELATED] = build.ints([k + 1, *terms])


def _multiplier(build: Builder, name: str) -> tuple[int, list[str]]:
    """One expression for the product of a hazard's factors, and the texts it reads."""
    symbols: list[tuple[str, object]] = []
    texts: list[str] = []
    for k, factor in enumerate(build.protocol.hazards[name].multiply):
        text = factor.exp if factor.exp is not None else factor.factor or "1"
        texts += [text, factor.when]
        term = build.symbols(text) + ([("exp", None)] if factor.exp is not None else [])
        when = build.symbols(factor.when)
        if when != [("const", 1.0)]:
            term = [*when, *term, ("const", 1.0), ("if", None)]
        symbols += term + ([("mul", None)] if k else [])
    return (build.code(symbols, held=True) if symbols else at.NONE), texts


def hazard_rows(build: Builder) -> list[list[int]]:
    """Competing hazards."""
    rows = []
    for name, hazard in build.hazards.items():
        try:
            family, curve, cured = baseline(build, hazard)
        except EngraftError as error:
            raise EngraftError(f"hazards.{name}: {error}") from None
        multiplier, texts = _multiplier(build, name)
        row = [at.NONE] * at.Z_WIDTH
        if hazard.clock.age is not None:
            row[at.Z_AGE] = build.variables["attribute", hazard.clock.age]
            unit = build.protocol.patient[hazard.clock.age].unit or "years"
            row[at.Z_AGE_SCALE] = to_ticks(365.25 if unit.startswith("y") else 1.0)
        site = hazard_site(name, hazard)
        row[at.Z_FAMILY], row[at.Z_CURVE], row[at.Z_CURED] = family, curve, cured
        row[at.Z_SITE], row[at.Z_CURE_SITE] = build.site(site), build.site(f"{site}.cured")
        row[at.Z_SCOPE], row[at.Z_MULTIPLIER] = build.expression(hazard.while_, held=True), multiplier
        row[at.Z_EMITS] = build.listed([build.events[e] for e in hazard_events(name, hazard.emits)])
        row[at.Z_GOTO] = at.NONE if hazard.goto is None else build.phases[hazard.goto]
        row[at.Z_DEPENDS], row[at.Z_LABEL] = build.depends(hazard.while_, *texts), build.label(name)
        rows.append(row)
    return rows


def hazard_events(name: str, emits: list[str] | None) -> list[str]:
    """What a hazard emits when it fires: its own name unless said otherwise."""
    return [name] if emits is None else emits


def marker_rows(build: Builder) -> list[list[int]]:
    """Latent markers."""
    rows = []
    for name, marker in build.protocol.markers.items():
        drift = build.drifts.get(name)
        grid = 0 if marker.hazards_read_every is None else to_ticks(build.value(marker.hazards_read_every))
        row = [at.NONE] * at.K_WIDTH
        row[at.K_START] = build.expression(marker.start)
        row[at.K_CAP] = build.constant(np.inf if marker.at_most is None else marker.at_most)
        row[at.K_FLOOR] = build.constant(-np.inf if marker.eradicated_below is None else marker.eradicated_below)
        row[at.K_DEPENDS], row[at.K_GRID] = 0, grid
        row[at.K_BIT], row[at.K_HELD] = build.bit("marker", name), build.variables["held", name]
        row[at.K_LABEL] = build.label(name)
        if drift is not None:
            row[at.K_SLOPE], row[at.K_WHILE] = build.expression(drift.per_day), build.expression(drift.while_)
            row[at.K_DEPENDS] = build.depends(drift.per_day, drift.while_)
        rows.append(row)
    return rows


def crossing_rows(build: Builder) -> list[list[int]]:
    """Levels at which a rising marker sets events off."""
    rows = []
    for name, crossing in build.crossings.items():
        rows.append([
            build.markers[crossing.marker],
            build.expression(crossing.rises_to),
            build.expression(crossing.while_),
            build.listed([build.events[e] for e in crossing.emits]),
            at.NONE if crossing.goto is None else build.phases[crossing.goto],
            build.depends(crossing.rises_to, crossing.while_),
            at.NONE,
            build.label(name),
        ])  # fmt: skip
    return rows


def delay_rows(build: Builder, distributions: list[list[int]]) -> list[list[int]]:
    """Events that follow others after a drawn time."""
    rows = []
    for name, delay in build.delays.items():
        site = delay_site(name, delay)
        rows.append([
            build.expression(delay.happens),
            build.site(site),
            distribution(build, distributions, delay.after, site=f"{site}.after", owner=name),
            at.NONE if delay.while_in is None else build.listed([build.phases[p] for p in delay.while_in]),
            build.listed([build.events[e] for e in delay.emits]),
            at.NONE,
            build.label(name),
        ])  # fmt: skip
    return rows


def _consequences(build: Builder, distributions: list[list[int]], name: str, toxicity: Toxicity) -> int:
    """What follows from each grade, from 0 for none on; NONE where nothing ever does."""
    if not toxicity.consequence:
        return at.NONE
    site = toxicity_site(name, toxicity)
    delays = {
        grade: distribution(build, distributions, each.delay, site=f"{site}.delay.{grade}", owner=name)
        for grade, each in toxicity.consequence.items()
        if each.delay is not None
    }
    words: list[int] = []
    for grade in (None, *(toxicity.grades or ())):
        follows = toxicity.follows(grade) or Consequence()
        delay = next((delays[key] for key, each in toxicity.consequence.items() if each is follows and each.delay), -1)
        goto = at.NONE if follows.goto is None else build.phases[follows.goto]
        emits = build.listed([build.events[e] for e in follows.emits])
        words += [at.CONSEQUENCES.index(follows.kind), delay, goto, emits]
    return build.ints(words)


def toxicity_rows(build: Builder, distributions: list[list[int]]) -> list[list[int]]:
    """Adverse events of exposure."""
    rows = []
    for name, toxicity in build.protocol.toxicities.items():
        site = toxicity_site(name, toxicity)
        grades = toxicity.grades
        rows.append([
            build.expression(toxicity.probability),
            build.site(site),
            distribution(build, distributions, toxicity.onset, site=f"{site}.onset", owner=name),
            at.NONE if grades is None else build.listed([build.expression(p) for p in grades.values()]),
            build.site(f"{site}.grade"),
            build.listed([build.events[e] for e in toxicity.emits]),
            _consequences(build, distributions, name, toxicity),
            at.NONE,
            build.label(name),
        ])  # fmt: skip
    return rows
