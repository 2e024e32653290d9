"""A protocol compiled into a plan: two flat arrays that `step` reads, and the names to tell what happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np

from sim.engine import layout as at
from sim.engine.builder import Builder
from sim.engine.draws import site_hash
from sim.engine.plan_patients import row_order, table_rows
from sim.engine.plan_phases import PhaseTables, phase_tables
from sim.engine.plan_tables import attribute_rows, crossing_rows, delay_rows, hazard_rows, marker_rows, toxicity_rows
from sim.errors import EngraftError
from sim.protocol.expression_code import dependencies
from sim.protocol.expressions import parse
from sim.protocol.schema import Protocol
from sim.protocol.walk import expressions
from sim.units import to_ticks

MAX_EVENTS = 20_000
"""Events after which a patient's run counts as endless; a patient of the largest protocol has about a hundred."""


@dataclass(frozen=True, eq=False)
class Plan:
    """A compiled protocol.

    Attributes
    ----------
    protocol
        The explicit machine form that it was made from.
    I, F
        Tables, constants and the places of a patient's state; see `engine/layout`. Read-only: a run works on copies.
    event_names
        Names of the log's event codes: the built-in ones, then the protocol's own.
    rows
        The table of patients, float64, shape (rows, 1 + columns): weight, then the values of the attributes that are
        columns; no rows without a table.
    """

    protocol: Protocol
    I: np.ndarray = field(repr=False)
    F: np.ndarray = field(repr=False)
    event_names: tuple[str, ...]
    phase_names: tuple[str, ...]
    labels: tuple[str, ...]
    attributes: dict[str, tuple[int, tuple[str, ...] | None]]
    counters: dict[str, int]
    markers: tuple[str, ...]
    tests: tuple[tuple[str, str], ...]
    toxicities: tuple[tuple[str, tuple[str, ...]], ...]
    resources: tuple[tuple[str, int], ...]
    rows: np.ndarray = field(repr=False)
    _tables: dict[tuple[int, int], np.ndarray] = field(default_factory=dict, init=False, repr=False)

    @property
    def shares_resources(self) -> bool:
        """Whether any phase needs a place that patients compete for."""
        return any(phase.needs for phase in self.protocol.phases.values())

    def for_run(self, *, seed: int, replicate: int, horizon_days: float, detail: bool = False) -> np.ndarray:
        """A copy of ``I`` with the scalars of one run filled in; horizon in days."""
        for name, value in (("seed", seed), ("replicate", replicate)):
            if not 0 <= value < 2**63:
                raise EngraftError(f"{name} must be a whole number from 0 to 2**63 - 1, found {value}")
        if not (0 < horizon_days < 1e6 and to_ticks(horizon_days) > 0):
            limits = "above 0 (by 0.00001 days, the finest time, or more) and below 1,000,000 days"
            raise EngraftError(f"the horizon must be {limits}, found {horizon_days:g} days")
        ints = self.I.copy()
        ints[at.H_SEED], ints[at.H_REPLICATE] = seed, replicate
        ints[at.H_HORIZON], ints[at.H_DETAIL] = to_ticks(horizon_days), int(detail)
        return ints

    def table_for(self, ints: np.ndarray) -> np.ndarray:
        """The table of patients as the kernel reads it, for one run; the shape of `rows`.

        Weights give way to the cumulative share of the weights, which a uniform is held against; or, without
        replacement, to the row that the patient of that number has. Rows of weight 0 are then no patients at all.

        Parameters
        ----------
        ints
            What `for_run` gave.
        """
        if not len(self.rows):
            return self.rows
        once = bool(ints[at.H_TABLE_ONCE])
        run = (int(ints[at.H_SEED]), int(ints[at.H_REPLICATE])) if once else (0, 0)
        if run not in self._tables:
            table = self.rows.copy()
            if once:
                order = row_order(*run, site=int(ints[at.H_TABLE_SITE]), weights=self.rows[:, 0])
                table[: len(order), 0] = order
            else:
                total = np.cumsum(self.rows[:, 0])
                table[:, 0] = total / total[-1]
            self._tables.clear()  # chunks of one run follow one another; thousands of runs need not be kept
            self._tables[run] = table
        return self._tables[run]

    @property
    def most_patients(self) -> int | None:
        """How many patients there can be: as many as rows that can be drawn, without replacement."""
        once = bool(self.I[at.H_TABLE_ONCE]) and len(self.rows) > 0
        return int((self.rows[:, 0] > 0).sum()) if once else None


def compile_plan(protocol: Protocol) -> Plan:
    """Compile a checked protocol; EngraftError names the part that has no consistent numbers."""
    build = Builder(protocol)
    attributes = _variables(build)
    _events(build)
    windows = _windows(build)
    distributions: list[list[int]] = []
    tables = phase_tables(build, distributions)
    hazards = hazard_rows(build)
    markers, crossings = marker_rows(build), crossing_rows(build)
    drawn = attribute_rows(build, distributions)
    delays, toxicities = delay_rows(build, distributions), toxicity_rows(build, distributions)
    event_rows, codes = _event_rows(build, windows)

    _slots(build, tables, markers, crossings, windows, delays, toxicities, hazards)
    header = build.I
    header[at.H_MAX_EVENTS] = MAX_EVENTS
    header[at.H_FIRST_PHASE] = 0
    gate = protocol.enrolment.at
    header[at.H_ENROL_EVENT] = 1 if gate == "start" else build.events[gate]
    header[at.H_SITES] = build.ints([site_hash(name) for name in build.sites])
    header[at.H_SLOTS] = build.ints([word for slot in build.slots for word in slot])
    header[at.H_CRITERIA] = build.listed([build.expression(each.when) for each in protocol.eligibility.values()])
    table = table_rows(build)
    for place, rows in {
        at.H_ATTRIBUTES: drawn,
        at.H_DISTRIBUTIONS: distributions,
        at.H_HAZARDS: hazards,
        at.H_EVENTS: event_rows,
        at.H_WITHINS: windows,
        at.H_DELAYS: delays,
        at.H_TOXICITIES: toxicities,
        at.H_MARKERS: markers,
        at.H_CROSSINGS: crossings,
    }.items():
        header[place] = build.ints([word for row in rows for word in row])
    header[at.H_COUNTERS] = build.ints([build.variables["counter", name] for name in protocol.counters])
    tables.write(build)
    for place, count in {
        at.H_N_SLOTS: len(build.slots),
        at.H_N_SITES: len(build.sites),
        at.H_N_ATTRIBUTES: len(drawn),
        at.H_N_HAZARDS: len(hazards),
        at.H_N_EVENTS: len(event_rows),
        at.H_N_DELAYS: len(delays),
        at.H_N_MARKERS: len(markers),
        at.H_N_CROSSINGS: len(crossings),
        at.H_N_COUNTERS: len(protocol.counters),
        at.H_N_TESTS: len(tables.tests),
        at.H_N_PHASES: len(protocol.phases),
        # All that a step can log (events, doses, samples, attributes) stands in I, and it passes each part once.
        at.H_LOG_MARGIN: 32 + len(build.I),
    }.items():
        header[place] = count
    _state_layout(build, tables, len(crossings), len(toxicities))
    ints, floats = np.array(build.I, dtype=np.int64), np.array(build.F, dtype=np.float64)
    ints.flags.writeable = floats.flags.writeable = table.flags.writeable = False
    return Plan(
        protocol=protocol,
        I=ints,
        F=floats,
        event_names=(*at.BUILT_IN_EVENTS, *codes),
        phase_names=tuple(protocol.phases),
        labels=tuple(build.labels),
        attributes=attributes,
        counters={name: build.variables["counter", name] for name in protocol.counters},
        markers=tuple(protocol.markers),
        tests=tables.test_names,
        toxicities=tuple((name, tuple(x.grades or ())) for name, x in protocol.toxicities.items()),
        resources=tuple((name, resource.capacity) for name, resource in protocol.resources.items()),
        rows=table,
    )


def _state_layout(build: Builder, tables: PhaseTables, crossings: int, toxicities: int) -> None:
    """Give the blocks of the patient's state their places after the plan's own numbers."""
    header = build.I
    header[at.H_INITIAL] = build.floats(build.F[: header[at.H_N_VARIABLES]])
    header[at.SI_BLOCKS], header[at.SF_BLOCKS] = len(build.I), len(build.F)
    for entry, size in (
        (at.SI_TIMERS, len(build.slots)),
        (at.SI_OCCURRENCES, len(build.sites)),
        (at.SI_EVENT_COUNT, header[at.H_N_EVENTS]),
        (at.SI_EVENT_LAST, header[at.H_N_EVENTS]),
        (at.SI_VISITED, header[at.H_N_PHASES]),
        (at.SI_HAZARD, header[at.H_N_HAZARDS] * at.HI_WIDTH),
        (at.SI_MARKER, header[at.H_N_MARKERS] * at.MI_WIDTH),
        (at.SI_TEST, len(tables.tests)),
        (at.SI_CROSSING, crossings),
        (at.SI_SURVEILLANCE, len(tables.surveillance) * at.VI_WIDTH),
        (at.SI_PENDING_COUNT, toxicities),
        (at.SI_PENDING, toxicities * at.XI_WIDTH),
    ):
        header[entry] = build.ints([0] * size)
    for entry, size in (
        (at.SF_HAZARD, header[at.H_N_HAZARDS] * at.HF_WIDTH),
        (at.SF_MARKER, header[at.H_N_MARKERS] * at.MF_WIDTH),
        (at.SF_STACK, build.stack + 2),
    ):
        header[entry] = build.floats([0.0] * size)


def _variables(build: Builder) -> dict[str, tuple[int, tuple[str, ...] | None]]:
    """Give every attribute, flag, counter and marker its place; returns the attributes' places and states."""
    from sim.protocol.expression_scope import Boolean, States

    found: dict[str, tuple[int, tuple[str, ...] | None]] = {}
    for name in build.protocol.patient:
        kind = build.scope.attributes[name]
        states = kind.words if isinstance(kind, States) else ("no", "yes") if isinstance(kind, Boolean) else None
        found[name] = (build.variable("attribute", name, 0.0, width=2), states)
    for name, flag in build.protocol.flags.items():
        build.variable("flag", name, float(flag.initially))
    for name in build.protocol.counters:
        build.variable("counter", name, 0.0)
    for name in build.protocol.markers:
        build.variable("held", name, 0.0)
    build.I[at.H_N_VARIABLES] = len(build.F)
    return found


def _events(build: Builder) -> None:
    from sim.protocol.scope import emitters

    for name in emitters(build.protocol):
        build.events.setdefault(name, len(build.events))


def _windows(build: Builder) -> list[list[int]]:
    """One row for each distinct within(event, duration)."""
    rows: list[list[int]] = []
    for located in expressions(build.protocol):
        reads = (
            dependencies(parse(located.text), build.scope)
            if located.expect == "boolean" or "within" in located.text
            else ()
        )
        for kind, name in sorted(reads, key=str):
            if kind == "within" and name not in build.windows:
                event, days = cast("tuple[str, float]", name)
                build.windows[event, days] = len(rows)
                rows.append([build.events[event], to_ticks(days), at.NONE, build.bit("event", event)])
    return rows


def _event_rows(build: Builder, windows: list[list[int]]) -> tuple[list[list[int]], list[str]]:
    """What each event sets off, and the names of those that the log tells."""
    protocol = build.protocol
    hazards, delays = list(build.hazards.values()), list(build.delays.values())
    codes: list[str] = []
    rows = []
    for name, number in build.events.items():
        logged = number >= 2
        flags_set = [build.variables["flag", f] for f, flag in protocol.flags.items() if name in flag.set_by]
        cleared = [build.variables["flag", f] for f, flag in protocol.flags.items() if name in flag.cleared_by]
        bits = build.bit("event", name)
        for f, flag in protocol.flags.items():
            if name in flag.set_by or name in flag.cleared_by:
                bits |= build.bit("flag", f)
        rows.append([
            build.listed(flags_set),
            build.listed(cleared),
            build.listed([h for h, hazard in enumerate(hazards) if name in (hazard.clock.since or ())]),
            build.listed([w for w, row in enumerate(windows) if row[at.W_EVENT] == number]),
            build.listed([k for k, delay in enumerate(delays) if name in delay.since]),
            build.listed([v for v, watch in enumerate(protocol.surveillance.values()) if name in watch.since]),
            bits,
            len(at.BUILT_IN_EVENTS) + len(codes) if logged else at.NONE,
        ])  # fmt: skip
        if logged:
            codes.append(name)
    return rows, codes


def _slots(
    build: Builder,
    tables: PhaseTables,
    markers: list[list[int]],
    crossings: list[list[int]],
    windows: list[list[int]],
    delays: list[list[int]],
    toxicities: list[list[int]],
    hazards: list[list[int]],
) -> None:
    """Give every timer its slot: results, attributes and markers, toxicities, hazards, phase ends, cut-off."""
    drifting = len(build.drifts) > 0
    for kind, rows, column in (
        (at.ON_RESULT, tables.tests, at.T_SLOT),
        (at.ON_FLOOR, markers if drifting else [], at.K_FLOOR_SLOT),
        (at.ON_GRID, markers if drifting else [], at.K_GRID_SLOT),
        (at.ON_CROSSING, crossings, at.C_SLOT),
        (at.ON_WITHIN, windows, at.W_SLOT),
        (at.ON_DELAY, delays, at.L_SLOT),
        (at.ON_SURVEILLANCE, tables.surveillance, at.V_SLOT),
        (at.ON_TOXICITY, toxicities, at.X_SLOT),
        (at.ON_HAZARD, hazards, at.Z_SLOT),
    ):
        for index, row in enumerate(rows):
            row[column] = build.slot(kind, index)
    build.I[at.H_SLOT_INFUSION] = build.slot(at.ON_INFUSION, 0)
    build.I[at.H_SLOT_END] = build.slot(at.ON_PHASE_END, 0)
    build.I[at.H_SLOT_HORIZON] = build.slot(at.ON_HORIZON, 0)
