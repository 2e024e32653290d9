"""Maintenance after transplant: one gate for both arms, printed counts, immortal time, no effect but what is said.

That every fitted figure lies in its interval is shown in `test_printed_values`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim.batch.run import simulate
from sim.engine.history import History
from sim.stats import kaplan_meier
from sim.stats.binomial import binomial_interval

OBSERVATION, MAINTENANCE = "post-transplant-observation", "post-transplant-blinatumomab"
HUANG, MDANDERSON = "huang-2024", "mdanderson-2022"
REGROWTH = "switches.relapse_structure.value=regrowth"
BY_MRD = "switches.effect.value=mrd"
DAY = 100_000
LATE = 2**62


@cache
def run(protocol: str, population: str, *overrides: str) -> History:
    return simulate(
        protocol, population=population, patients=20_000, seed=21, engine="compiled", horizon="4 y", set=overrides
    )


def event_free(history: History, counted: np.ndarray, zero: np.ndarray, entry: np.ndarray | None = None) -> float:
    """Kaplan-Meier at one year of life without relapse, from a tick, with left truncation at another."""
    ticks = np.full(history.n, LATE)
    for event in ("relapse", "death"):
        found = history.first_tick(event)
        ticks = np.minimum(ticks, np.where(found < 0, LATE, found))
    happened = ticks <= history.end_tick
    time = (np.where(happened, ticks, history.end_tick) - zero) / DAY
    late = None if entry is None else ((entry - zero) / DAY)[counted]
    return float(kaplan_meier(time[counted], happened[counted], entry=late).at([365.25]).survival[0])


def test_the_raw_comparison_claims_an_effect_where_there_is_none() -> None:
    """C-05, with a hazard ratio of one: from transplant ten points, through one gate nothing."""
    treated, other = run(MAINTENANCE, HUANG), run(OBSERVATION, HUANG)
    transplant = np.zeros(treated.n, dtype=np.int64)
    everybody = np.ones(other.n, dtype=bool)
    raw = event_free(treated, treated.enrolled, transplant) - event_free(other, everybody, transplant)
    assert 0.08 < raw < 0.13
    gates = [(history, history.enrolled, history.enrolment_tick) for history in (treated, other)]
    truncated = [event_free(history, inside, transplant, day) for history, inside, day in gates]
    from_entry = [event_free(history, inside, day) for history, inside, day in gates]
    assert abs(truncated[0] - truncated[1]) < 0.006
    assert abs(from_entry[0] - from_entry[1]) < 0.006


def test_both_arms_enter_through_one_gate() -> None:
    treated, other = run(MAINTENANCE, HUANG), run(OBSERVATION, HUANG)
    np.testing.assert_array_equal(treated.enrolled, other.enrolled)
    np.testing.assert_array_equal(treated.enrolment_tick, other.enrolment_tick)
    inside = treated.enrolled
    np.testing.assert_array_equal(treated.first_tick("blinatumomab_start")[inside], treated.enrolment_tick[inside])
    assert set(treated.attribute("mrd_after_hsct")[inside]) == {"negative"}


def test_the_first_cycle_comes_when_it_did() -> None:
    """Median 102 days (42 to 227) and 78 (44 to 105): medians, and the spread of the ranges of 21 patients."""
    for population, median, low, high in ((HUANG, 102, 42, 227), (MDANDERSON, 78, 44, 105)):
        history = run(MAINTENANCE, population)
        days = history.enrolment_tick[history.enrolled] / DAY
        assert abs(np.median(days) - median) < 5
        outside = np.mean((days < low) | (days > high))
        assert outside < 0.20, "21 patients seldom leave the range of 21 patients"
        assert outside > 0.005


def counted(history: History, event: str) -> int:
    ticks = history.first_tick(event)
    return int(((ticks >= history.enrolment_tick) & history.enrolled).sum())


def test_cycles_given_are_those_of_the_21_patients() -> None:
    """Each count inside its exact interval, and drawn by the printed weights where nothing stops it."""
    history = run(MAINTENANCE, HUANG)
    cycles = history.patients["blinatumomab"].to_numpy()[history.enrolled]
    assert set(cycles) <= {1, 2, 3, 4, 5, 6}
    for number, patients in ((cycles == 1, 10), (cycles == 2, 6), (cycles == 3, 2), (cycles >= 4, 3)):
        interval = binomial_interval(patients, 21)
        assert interval.ci_low < number.mean() < interval.ci_high
    planned = history.patients["planned_huang"].to_numpy()
    assert [round(21 * float(np.mean(planned == k)), 1) for k in (1, 2, 3, 4, 6)] == pytest.approx(
        [10, 6, 2, 2, 1], abs=0.4
    )


def test_four_cycles_are_completed_as_often_as_at_md_anderson() -> None:
    history = run(MAINTENANCE, MDANDERSON)
    cycles = history.patients["blinatumomab"].to_numpy()[history.enrolled]
    assert cycles.max() == 4
    interval = binomial_interval(12, 21)
    assert interval.ci_low < np.mean(cycles == 4) < interval.ci_high
    assert abs(np.mean(cycles == 4) - 12 / 21) < 0.06


def test_a_hazard_ratio_of_one_leaves_relapse_as_in_observation() -> None:
    """The centre of the prior: apart from deaths after GVHD the same patients relapse on the same day."""
    for structure in ((), (REGROWTH,)):
        treated, other = run(MAINTENANCE, HUANG, *structure), run(OBSERVATION, HUANG, *structure)
        first = [
            np.where(history.first_tick("relapse") < 0, LATE, history.first_tick("relapse"))
            for history in (treated, other)
        ]
        differ = (first[0] != first[1]) & treated.enrolled
        assert differ.mean() < 0.01


def test_by_mrd_relapse_is_rarer_and_the_two_readings_never_meet() -> None:
    none, by_mrd = run(MAINTENANCE, HUANG), run(MAINTENANCE, HUANG, BY_MRD)
    assert counted(by_mrd, "relapse") < 0.75 * counted(none, "relapse")
    halved = run(MAINTENANCE, HUANG, BY_MRD, "parameters.hr_maintenance.value=0.5")
    np.testing.assert_array_equal(halved.first_tick("relapse"), by_mrd.first_tick("relapse"))
    # Not by leaving no cell alone: also the hazard of those who keep some follows the level.
    level_ignored = run(MAINTENANCE, HUANG, BY_MRD, "parameters.allo_slope_mrd.value=0")
    assert counted(by_mrd, "relapse") < 0.9 * counted(level_ignored, "relapse")


def test_relapse_as_hazard_follows_the_level_after_transplant_without_maintenance_too() -> None:
    history = run(OBSERVATION, HUANG)
    relapsed = history.first_tick("relapse") >= 0
    in_cr1 = history.enrolled & (history.attribute("remission_at_hsct") == "CR1")
    deviation = history.attribute("mrd_deviation")
    high, low = (in_cr1 & (deviation > 0.5)), (in_cr1 & (deviation < -0.5))
    assert relapsed[high].mean() > 1.2 * relapsed[low].mean()


def test_severe_gvhd_stops_maintenance() -> None:
    history = run(MAINTENANCE, HUANG)
    severe = history.first_tick("severe_agvhd")
    events = history.events
    cycles = events[(events.event == "cycle")].groupby("patient").time_days.max()
    late = cycles.reindex(history.patient_ids).to_numpy() * DAY > severe
    assert not (late & (severe >= 0)).any()


@pytest.mark.parametrize("protocol", [OBSERVATION, MAINTENANCE])
@pytest.mark.parametrize("structure", [(), (REGROWTH,)])
def test_all_drivers_write_the_same_log(protocol: str, structure: tuple[str, ...]) -> None:
    logs = [
        simulate(protocol, population=HUANG, patients=150, seed=5, engine=engine, set=structure).log
        for engine in ("simpy", "compiled", "python")
    ]
    np.testing.assert_array_equal(logs[0], logs[1])
    np.testing.assert_array_equal(logs[0], logs[2])
