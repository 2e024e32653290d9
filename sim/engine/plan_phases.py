"""Phases, with what they give, shift, test and lead to, as rows of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.engine import layout as at
from sim.engine.builder import Builder
from sim.engine.plan_curves import distribution
from sim.protocol.addresses import phase_site, surveillance_site, test_site
from sim.protocol.expressions import parse
from sim.protocol.fields import Distribution
from sim.protocol.schema import Cycles, Outcome, Phase, Row, Surveillance
from sim.units import to_ticks


@dataclass
class PhaseTables:
    """Rows of phases, tests and surveillance, kept open until every timer has its slot."""

    phases: list[list[int]]
    tests: list[list[int]]
    surveillance: list[list[int]]
    test_names: tuple[tuple[str, str], ...]

    def write(self, build: Builder) -> None:
        """Lay the tables down in the plan."""
        build.I[at.H_N_PHASES] = len(self.phases)
        build.I[at.H_PHASES] = build.ints([word for row in self.phases for word in row])
        build.I[at.H_TESTS] = build.ints([word for row in self.tests for word in row])
        build.I[at.H_SURVEILLANCE] = build.ints([word for row in self.surveillance for word in row])


def phase_tables(build: Builder, distributions: list[list[int]]) -> PhaseTables:
    """Compile all phases; distributions that they draw from are added to ``distributions``."""
    tables = PhaseTables([], [], [], ())
    names: list[tuple[str, str]] = []
    for name, phase in build.protocol.phases.items():
        row = _phase_row(build, distributions, name, phase)
        row[at.P_TESTS], row[at.P_N_TESTS] = len(tables.tests), len(phase.tests)
        site = phase_site(name, phase)
        for test in phase.tests:
            row_of_test = _test_row(build, distributions, test.assay, test.into, test_site(site, test))
            row_of_test[at.T_AT_END], row_of_test[at.T_CYCLES] = int(test.at == "end"), _cycles(build, test.cycles)
            tables.tests.append(row_of_test)
            names.append((test.assay, test.into))
        tables.phases.append(row)
    for number, (name, watch) in enumerate(build.protocol.surveillance.items()):
        row = _test_row(build, distributions, watch.assay, watch.into, surveillance_site(name, watch))
        row[at.T_SURVEILLANCE] = number
        tables.surveillance.append(_surveillance_row(build, name, watch, len(tables.tests)))
        tables.tests.append(row)
        names.append((watch.assay, watch.into))
    tables.test_names = tuple(names)
    return tables


def _phase_row(build: Builder, distributions: list[list[int]], name: str, phase: Phase) -> list[int]:
    row = [at.NONE] * at.P_WIDTH
    site = phase_site(name, phase)
    row[at.P_UNTIL_DEPENDS] = 0
    _length(build, distributions, row, name, phase, site)
    row[at.P_EMITS] = _events(build, phase.emits)
    row[at.P_N_GIVES], row[at.P_GIVES] = len(phase.give), _gives(build, phase, site)
    row[at.P_N_SHIFTS] = len(phase.shift)
    row[at.P_SHIFTS] = build.ints(
        [word for marker, text in phase.shift.items() for word in (build.markers[marker], build.expression(text))]
    )
    toxicities = list(build.protocol.toxicities)
    row[at.P_TOXICITIES] = build.listed([toxicities.index(x) for x in phase.toxicities])
    row[at.P_N_OUTCOMES] = len(phase.outcomes)
    if phase.outcomes:
        row[at.P_OUTCOME_SITE] = build.site(f"{site}.outcomes")
        row[at.P_OUTCOMES] = _outcomes(build, distributions, phase.outcomes, name, site)
    if phase.await_ is not None:
        row[at.P_AWAIT] = list(build.protocol.patient).index(phase.await_.result)
        row[at.P_AWAIT_TICKS] = to_ticks(build.value(phase.await_.at_most))
    row[at.P_N_EACH], row[at.P_EACH] = len(phase.after_each_cycle), _rows(build, phase.after_each_cycle)
    row[at.P_N_CHOOSE], row[at.P_CHOOSE] = len(phase.choose), _rows(build, phase.choose)
    row[at.P_GOTO] = at.NONE if phase.goto is None else build.phases[phase.goto]
    row[at.P_N_NEEDS] = len(phase.needs)
    resources = list(build.protocol.resources)
    row[at.P_NEEDS] = build.ints(
        [word for need, units in phase.needs.items() for word in (resources.index(need), units)]
    )
    row[at.P_BIT], row[at.P_VISITED_BIT] = build.bit("phase", name), build.bit("visited", name)
    row[at.P_CYCLE_BIT], row[at.P_LABEL] = build.bit("cycle", None), build.label(name)
    return row


def _length(build: Builder, distributions: list[list[int]], row: list[int], name: str, phase: Phase, site: str) -> None:
    """What ends the phase by itself."""
    if phase.lasts is not None:
        row[at.P_KIND], row[at.P_LASTS] = (
            at.LASTS,
            distribution(build, distributions, phase.lasts, site=f"{site}.lasts", owner=name),
        )
    elif phase.until is not None and phase.timeout is not None:
        row[at.P_KIND], row[at.P_UNTIL] = at.UNTIL, build.expression(phase.until)
        row[at.P_UNTIL_DEPENDS] = build.depends(phase.until)
        row[at.P_TIMEOUT] = to_ticks(build.value(phase.timeout.after))
        row[at.P_TIMEOUT_GOTO] = build.phases[phase.timeout.goto]
        row[at.P_TIMEOUT_EMITS] = _events(build, phase.timeout.event)
    elif phase.cycles is not None:
        row[at.P_KIND] = at.CYCLES
        _cycle(build, distributions, row, phase.cycles, name, f"{site}.cycles")
        if phase.days is not None:
            row[at.P_INFUSION_START], row[at.P_INFUSION] = to_ticks(phase.days.first - 1), to_ticks(phase.days.last)
            if phase.days.given is not None:
                row[at.P_GIVEN] = distribution(
                    build, distributions, phase.days.given, site=f"{site}.cycles.given", owner=name
                )
    else:
        row[at.P_KIND] = at.OPEN if phase.open else at.FINAL


def _cycle(
    build: Builder, distributions: list[list[int]], row: list[int], cycles: Cycles, name: str, site: str
) -> None:
    """How long cycles last, how many there are, and which are left out or late."""

    def drawn(given: Distribution | None, key: str) -> int:
        return at.NONE if given is None else distribution(build, distributions, given, site=f"{site}.{key}", owner=name)

    row[at.P_EVERY], row[at.P_CYCLES] = drawn(cycles.every, "every"), drawn(cycles.count, "count")
    row[at.P_LAST] = drawn(cycles.last, "last")
    if cycles.every.fixed is not None and build.scope.is_constant(parse(cycles.every.fixed)):
        row[at.P_CYCLE] = to_ticks(build.value(cycles.every.fixed))
    if cycles.omit is not None:
        row[at.P_OMIT], row[at.P_OMIT_SITE] = build.expression(cycles.omit), build.site(f"{site}.omit")
    if cycles.delay is not None:
        row[at.P_DELAY], row[at.P_DELAY_SITE] = build.expression(cycles.delay.p), build.site(f"{site}.delay")
        row[at.P_DELAY_BY] = drawn(cycles.delay.by, "delay.by")


def _events(build: Builder, names: Sequence[str]) -> int:
    return build.listed([build.events[name] for name in names])


def _cycles(build: Builder, cycles: list[int] | None) -> int:
    return at.NONE if cycles is None else build.listed(cycles)


def _gives(build: Builder, phase: Phase, site: str) -> int:
    words: list[int] = []
    for counter, give in phase.give.items():
        per_day = give.per_day is not None
        amount = build.constant(give.per_day if give.per_day is not None else give.each or 0.0)
        bit = build.bit("counter", counter)
        omit, omit_site = at.NONE, at.NONE
        if give.omit is not None:
            omit, omit_site = build.expression(give.omit), build.site(f"{site}.give.{counter}")
        words += [build.counters[counter], amount, int(per_day), _cycles(build, give.cycles), omit, omit_site, bit]
    return build.ints(words)


def _outcomes(build: Builder, distributions: list[list[int]], outcomes: list[Outcome], name: str, site: str) -> int:
    words: list[int] = []
    for number, outcome in enumerate(outcomes):
        sets: list[int] = []
        for marker, drawn in outcome.set.items():
            address = f"{site}.outcomes[{number}].set.{marker}"
            sets += [build.markers[marker], distribution(build, distributions, drawn, site=address, owner=name)]
        probability = at.NONE if outcome.p is None else build.expression(outcome.p)
        goto = at.NONE if outcome.goto is None else build.phases[outcome.goto]
        words += [probability, _events(build, outcome.event), build.ints(sets), len(outcome.set), goto]
    return build.ints(words)


def _rows(build: Builder, rows: list[Row]) -> int:
    words: list[int] = []
    for row in rows:
        when = at.NONE if row.when is None else build.expression(row.when)
        goto = at.CONTINUE if row.target == "continue" else build.phases[row.target]
        words += [when, _events(build, row.event), goto]
    return build.ints(words)


def _surveillance_row(build: Builder, name: str, watch: Surveillance, test: int) -> list[int]:
    every = to_ticks(build.value(watch.every))
    confirm = watch.confirm
    row = [at.NONE] * at.V_WIDTH
    row[at.V_TEST], row[at.V_EVERY], row[at.V_WHILE] = test, every, build.expression(watch.while_)
    row[at.V_FIRST] = every if watch.first is None else to_ticks(build.value(watch.first))
    row[at.V_UNTIL] = at.NONE if watch.until is None else to_ticks(build.value(watch.until))
    row[at.V_TIMES], row[at.V_AFTER] = 0, 0
    if confirm is not None:
        row[at.V_TIMES], row[at.V_AFTER] = confirm.times, to_ticks(build.value(confirm.after))
    row[at.V_EMITS], row[at.V_LABEL] = _events(build, watch.emits), build.label(name)
    row[at.V_GOTO] = at.NONE if watch.goto is None else build.phases[watch.goto]
    return row


def _test_row(build: Builder, distributions: list[list[int]], name: str, into: str, site: str) -> list[int]:
    assay = build.protocol.assays[name]
    row = [at.NONE] * at.T_WIDTH
    row[at.T_MARKER], row[at.T_LIMIT] = build.markers[assay.reads], build.expression(assay.limit)
    if assay.noise is not None:
        row[at.T_NOISE] = distribution(build, distributions, assay.noise, site=f"{site}.noise", owner=into)
    row[at.T_EVALUABLE], row[at.T_SITE] = build.expression(assay.evaluable), build.site(f"{site}.evaluable")
    row[at.T_TURNAROUND] = distribution(build, distributions, assay.turnaround, site=f"{site}.turnaround", owner=into)
    row[at.T_VARIABLE] = build.variables["attribute", into]
    row[at.T_ATTRIBUTE] = list(build.protocol.patient).index(into)
    row[at.T_BIT], row[at.T_LABEL] = build.bit("attribute", into), build.label(into)
    return row
