"""Dose totals on full paths of all protocols: stated in the file and checked by lint, or, where drawn, counted here.

A full path is that of a patient whom nothing stops: no relapse, no death, no toxicity that ends or lengthens treatment.
What the totals of ALL/MRD and of the sandwich are for patients is in `test_all_mrd` and `test_sandwich_paths`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim.batch.run import simulate
from sim.engine.history import History
from sim.protocol.library import names
from sim.protocol.resolve import load_protocol

STATED = {
    "all-mrd2019": {"intrathecal": {7}},
    "all-mrd2023": {"intrathecal": {12}},
    "allo-hsct-standard": {"blinatumomab": {0, 1}, "blinatumomab_ug": {651}},
    "sandwich-auto-hsct": {"blinatumomab": {5}, "blinatumomab_ug": {3920, 3787}},
}
COUNTED = {
    "direct-allo-hsct",
    "post-transplant-blinatumomab",
    "post-transplant-observation",
    "pre-transplant-blinatumomab",
}
POPULATIONS = {"pre": "pre-transplant-candidates", "direct": "pre-transplant-candidates", "post": "huang-2024"}


@cache
def run(protocol: str, *overrides: str, population: str | None = None) -> History:
    population = population or POPULATIONS[protocol.split("-")[0]]
    return simulate(
        protocol, population=population, patients=4_000, seed=3, engine="compiled", horizon="5 y", set=overrides
    )


def untouched(history: History, *others: str) -> np.ndarray:
    """Enrolled and transplanted, without relapse, death and the other events."""
    whole = history.enrolled & (history.first_tick("transplant") >= 0)
    for event in ("relapse", "death", *others):
        whole &= history.first_tick(event) < 0
    assert whole.sum() > 300
    return whole


def totals(history: History, counter: str, of: np.ndarray) -> set[float]:
    return set(history.patients[counter].to_numpy()[of].round(6))


def test_every_protocol_has_its_totals() -> None:
    assert {*STATED, *COUNTED} == set(names("protocol"))


@pytest.mark.parametrize("name", STATED)
def test_lint_checks_the_totals_that_a_file_states(name: str) -> None:
    checks = load_protocol(name).checks
    assert {counter: {total.equals for total in each} for counter, each in checks.items()} == STATED[name]


@pytest.mark.parametrize("name", sorted(COUNTED))
def test_a_transplant_is_thirty_days_in_hospital(name: str) -> None:
    """After transplant patients also wait there for the result of flow cytometry, which takes three days."""
    history = run(name)
    assert totals(history, "hospital", untouched(history)) == {33.0 if name.startswith("post") else 30.0}


def test_one_more_course_is_twenty_eight_days_more() -> None:
    history = run("direct-allo-hsct", "switches.one_consolidation.value=true")
    whole = untouched(history)
    infected = np.isin(
        history.patient_ids, history.events.query("event == 'toxicity' and phase == 'CONSOLIDATION'").patient
    )
    assert totals(history, "hospital", whole & ~infected) == {58.0}
    assert min(totals(history, "hospital", whole & infected)) > 58.0  # an infection delays what follows


def test_observation_and_direct_transplant_give_no_blinatumomab() -> None:
    for name in ("post-transplant-observation", "direct-allo-hsct"):
        assert set(run(name).protocol.counters) == {"hospital"}


def test_short_blinatumomab_is_fourteen_days() -> None:
    history = run("pre-transplant-blinatumomab")
    whole = untouched(history, "blinatumomab_stopped") & (history.first_tick("blinatumomab_start") >= 0)
    delayed = np.isin(history.patient_ids, history.events.query("event == 'toxicity' and phase == 'BLINA'").patient)
    assert totals(history, "blinatumomab", whole & ~delayed) == {14.0}


def test_maintenance_has_the_cycles_planned_for_the_patient() -> None:
    history = run("post-transplant-blinatumomab")
    whole = untouched(history, "severe_agvhd", "severe_cgvhd")
    table = history.patients[whole]
    assert set(table.blinatumomab) == {1, 2, 3, 4, 6}
    assert (table.blinatumomab == table.planned_huang).all()


def test_the_schedule_of_md_anderson_has_four_cycles() -> None:
    history = run("post-transplant-blinatumomab", population="mdanderson-2022")
    whole = untouched(history, "severe_agvhd", "severe_cgvhd", "maintenance_stopped")
    assert totals(history, "blinatumomab", whole) == {4.0}
