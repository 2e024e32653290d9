"""Common random numbers: a change in a protocol changes its own draws and no others; luck is shared by site."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.batch.run import simulate
from sim.engine.history import History
from sim.protocol.machine import machine_form
from sim.protocol.resolve import load_protocol

BASE = """
patient:
  age: {draw: {uniform: [20, 60]}, unit: years}
  fit: {draw: {bernoulli: 0.6}}
  reading: {states: [not_evaluable, negative, positive]}
flags: {on_drug: {set_by: drug, cleared_by: drug_end}}
markers: {mrd: {start: "-3 - age / 60"}}
assays: {pcr: {reads: mrd, limit: -3.6, noise: {normal: [0, 0.5]}, evaluable: 0.9, turnaround: {uniform: [2 d, 9 d]}}}
toxicities: {rash: {probability: 0.4, onset: {uniform: [1 d, 8 d]}, grades: {low: 0.7, high: 0.3}}}
delays: {fever: {since: begun, happens: 0.5, after: {exponential: 20 d}, emits: fever}}
phases:
  INDUCTION:
    lasts: {lognormal: [30 d, 0.2]}
    emits: begun
    toxicities: rash
    tests: [{assay: pcr, into: reading, at: start}]
    outcomes: [{p: 0.8, event: remission, goto: CARE}, {rest: true, event: failure, goto: SALVAGE}]
  SALVAGE: {lasts: {gamma: {mean: 40 d, sd: 10 d}}, outcomes: [{p: 0.4, event: remission, goto: CARE}, {rest: true,
        goto: CARE}]}
  CARE: {lasts: {uniform: [90 d, 400 d]}, emits: drug, goto: AFTER}
  AFTER: {open: true, emits: drug_end}
hazards:
  relapse:
    {clock: {since: remission}, baseline: {weibull: {shape: 0.8, scale: 900 d}}, goto: SALVAGE, multiply: [DRUG]}
  dying: {clock: {since: begun}, baseline: {weibull: {shape: 1.2, scale: 2000 d}}, goto: DEAD}
""".replace("DRUG", "{factor: 0.5, when: on_drug}")
N = 1_500
COLUMNS = ["patient", "time_days", "event", "phase", "detail"]


def rows(history: History, without: tuple[str, ...] = ()) -> pd.DataFrame:
    """The events of a history, but for those at some phases or of some names."""
    events = history.events
    keep = ~events.event.isin(without) & ~events.phase.isin(without)
    return events[keep][COLUMNS].reset_index(drop=True)


@pytest.fixture
def base(lab: Any) -> History:
    return lab.run(BASE, N)


def test_a_phase_of_zero_length_and_zero_effect_changes_no_event(lab: Any, base: History) -> None:
    added = BASE.replace(
        "event: remission, goto: CARE}, {rest: true, event: failure",
        "event: remission, goto: PAUSE}, {rest: true, event: failure",
    )
    added = added.replace("  SALVAGE:", "  PAUSE: {lasts: 0 d, goto: CARE}\n  SALVAGE:", 1)
    assert added.count("PAUSE") == 2
    # The way into CARE is told as coming from PAUSE; times, draws and all else are the same.
    after = rows(lab.run(added, N), without=("PAUSE",))
    before = rows(base)
    entering = (before.event.isin(["phase", "drug"])) & (before.phase == "CARE")
    same = after.detail.eq(before.detail) | entering
    assert same.all()
    assert after.drop(columns="detail").equals(before.drop(columns="detail"))


def test_an_unreachable_draw_in_a_new_phase_changes_nothing_elsewhere(lab: Any, base: History) -> None:
    """A phase with draws of its own that only some patients visit: the others, and all draws before it, stay."""
    added = BASE.replace("rest: true, event: failure, goto: SALVAGE", "rest: true, event: failure, goto: REST")
    added = added.replace(
        "  SALVAGE:", "  REST: {lasts: {uniform: [1 d, 30 d]}, toxicities: rash, goto: SALVAGE}\n  SALVAGE:", 1
    )
    changed = lab.run(added, N)
    untouched = base.patient_ids[base.first_tick("failure") < 0]
    assert 0.5 * N < len(untouched) < 0.95 * N
    spared = [frame[frame.patient.isin(untouched)].reset_index(drop=True) for frame in (rows(base), rows(changed))]
    assert spared[0].equals(spared[1])
    # In the others the length and the outcome of SALVAGE are drawn as before, only later.
    failed = np.flatnonzero((base.first_tick("failure") >= 0) & (changed.first_tick("failure") >= 0))
    assert len(failed) > 100

    def stays(history: History, phase: str) -> pd.Series:
        entries = history.events[history.events.event == "phase"]
        length = entries.groupby("patient").time_days.shift(-1) - entries.time_days
        first = entries.assign(length=length, follows=entries.groupby("patient").phase.shift(-1))
        first = first[(first.phase == phase) & (first.follows == "CARE")].groupby("patient").length.first()
        return first[first.index.isin(failed)]

    before, after = stays(base, "SALVAGE"), stays(changed, "SALVAGE")
    both = before.index.intersection(after.index)
    assert len(both) > 100
    assert np.allclose(before[both], after[both], atol=2.1e-5)


def test_an_intervention_that_is_switched_off_is_an_intervention_that_is_not_there(lab: Any, base: History) -> None:
    off = lab.run(BASE.replace("factor: 0.5", "factor: 1"), N)
    without = lab.run(BASE.replace("{factor: 0.5, when: on_drug}", ""), N)
    assert rows(off).equals(rows(without))
    # Switched on, it delays relapse and never hastens it; whoever does not relapse under observation keeps every event.
    on, plain = base.first_tick("relapse"), off.first_tick("relapse")
    later = np.where(on < 0, np.iinfo(np.int64).max, on) >= np.where(plain < 0, np.iinfo(np.int64).max, plain)
    assert later.all()
    assert (on != plain).any()
    spared = base.patient_ids[(on < 0) & (plain < 0)]
    a, b = rows(base), rows(off)
    assert a[a.patient.isin(spared)].reset_index(drop=True).equals(b[b.patient.isin(spared)].reset_index(drop=True))


def test_renaming_with_a_kept_site_keeps_every_draw(lab: Any, base: History) -> None:
    new = BASE.replace("INDUCTION:\n    lasts", "FIRST_COURSE:\n    site: phase.INDUCTION\n    lasts")
    new = new.replace("  relapse:\n    {clock", "  recurrence:\n    {site: hazard.relapse, emits: relapse, clock")
    new = new.replace("  age: {draw", "  years: {site: patient.age, draw").replace("- age / 60", "- years / 60")
    new = (
        new.replace("delays: {fever: {since", "delays: {chill: {site: delay.fever, since")
        .replace("toxicities: {rash: {prob", "toxicities: {itch: {site: toxicity.rash, prob")
        .replace("toxicities: rash", "toxicities: itch")
    )
    renamed = rows(lab.run(new, N))
    words = {
        "FIRST_COURSE": "INDUCTION",
        "recurrence": "relapse",
        "chill": "fever",
        "itch=low": "rash=low",
        "itch=high": "rash=high",
    }
    assert renamed.replace(words).equals(rows(base))
    unkept = lab.run(new.replace("    site: phase.INDUCTION\n", ""), N)
    assert not rows(unkept).replace(words).equals(rows(base))


@pytest.mark.parametrize(
    ("old", "new", "touched"),
    [
        ("evaluable: 0.9", "evaluable: 0.2", ("result",)),
        ("probability: 0.4", "probability: 0.9", ("toxicity",)),
        ("happens: 0.5", "happens: 0.1", ("fever",)),
        ("{uniform: [2 d, 9 d]}", "3 d", ("result",)),
        ("{low: 0.7, high: 0.3}", "{low: 0.1, high: 0.9}", ("toxicity",)),
    ],
)
def test_a_number_on_which_nothing_depends_changes_nothing_else(
    lab: Any, base: History, old: str, new: str, touched: tuple[str, ...]
) -> None:
    changed = lab.run(BASE.replace(old, new), N)
    assert not rows(changed).equals(rows(base))
    assert rows(changed, without=touched).equals(rows(base, without=touched))


def test_a_probability_moves_only_those_between_the_old_and_the_new(lab: Any, base: History) -> None:
    more = lab.run(BASE.replace("p: 0.8", "p: 0.85"), N)
    events = [
        h.events[(h.events.phase == "INDUCTION") & h.events.event.isin(["remission", "failure"])]
        .set_index("patient")
        .event
        for h in (base, more)
    ]
    moved = events[0].index[events[0] != events[1].reindex(events[0].index)]
    assert set(events[0][moved]) == {"failure"}
    assert 0.03 * N < len(moved) < 0.07 * N
    kept = [rows(h) for h in (base, more)]
    kept = [frame[~frame.patient.isin(moved)].reset_index(drop=True) for frame in kept]
    assert kept[0].equals(kept[1])


def test_occurrences_are_counted_by_site_and_patient(lab: Any) -> None:
    """The k-th visit has the k-th draw, whatever else is drawn in between."""
    from sim.engine.draws import site_hash, uniform

    probe = """
    toxicities: {rash: {probability: 0.5, onset: 0 d}}
    phases:
      ROUND: {lasts: {uniform: [0 d, 100 d]}, EXTRAgoto: ROUND}
    """
    plain = lab.run(
        probe.replace("EXTRA", "").replace("toxicities: {rash: {probability: 0.5, onset: 0 d}}", ""), 20, horizon="2 y"
    )
    noisy = lab.run(probe.replace("EXTRA", "toxicities: rash, "), 20, horizon="2 y")
    for history in (plain, noisy):
        entries = history.events[history.events.event == "phase"]
        for patient, days in entries.groupby("patient").time_days:
            u = [uniform(20_261, 0, int(patient), site_hash("phase.ROUND.lasts"), k) for k in range(len(days) - 1)]
            assert np.allclose(np.diff(days), 100.0 * np.array(u), atol=1.1e-5)


def test_two_protocols_that_share_a_site_share_the_luck(lab: Any) -> None:
    """The protocol's id is no part of an address: attributes and the first courses are the same in both."""
    one, two = (
        simulate(name, patients=800, seed=1, engine="compiled", population="fbmtg-2019-2023-pooled")
        for name in ("all-mrd2019", "all-mrd2023")
    )
    for name in one.plan.attributes:
        if one.protocol.patient[name].states is None:
            assert np.array_equal(one.attribute(name), two.attribute(name)), name
    start = [
        h.events[h.events.phase.isin(["A1", "B1", "C1"])][["patient", "time_days", "event", "phase"]].reset_index(
            drop=True
        )
        for h in (one, two)
    ]
    assert start[0].equals(start[1])
    assert not rows(one).equals(rows(two))
    other = machine_form(load_protocol("all-mrd2019")).replace("id: all-mrd2019", "id: another-name")
    file = lab.folder / "another.yaml"
    file.write_text(other, encoding="utf-8")
    renamed, original = (simulate(p, patients=100, seed=1, engine="compiled") for p in (file, "all-mrd2019"))
    assert renamed.log.tobytes() == original.log.tobytes()


def test_the_machine_form_gives_the_same_history(lab: Any) -> None:
    protocol = load_protocol("all-mrd2023")
    file = lab.folder / "machine.yaml"
    file.write_text(machine_form(protocol), encoding="utf-8")
    logs = {simulate(p, patients=200, seed=2, engine="compiled").log.tobytes() for p in (file, protocol, "all-mrd2023")}
    assert len(logs) == 1


def test_two_decisions_with_one_address_are_refused(lab: Any) -> None:
    from sim.errors import EngraftError

    clash = BASE.replace("  dying: {clock", "  dying: {site: delay.fever, clock")
    with pytest.raises(EngraftError, match=r"delay\.fever"):
        lab.run(clash, 1)
