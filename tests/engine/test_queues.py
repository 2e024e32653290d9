"""Places that patients share: waits against Pollaczek-Khinchine and exact recursions, hazards in the queue, ties."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import special

from sim.batch.run import simulate
from sim.engine.draws import site_hash, uniform
from sim.engine.history import History
from sim.errors import UsageError

ONE_BED = Path(__file__).parent / "protocols" / "one-bed.yaml"
SEED = 77


def arrivals(patients: int, mean_days: float) -> np.ndarray:
    """Poisson arrivals: each gap is drawn at an address of its own, as everything else is."""
    site = site_hash("arrival")
    gaps = [-math.log(uniform(SEED, 0, patient, site, 0)) for patient in range(patients)]
    return np.round(np.cumsum(gaps) * mean_days, 5)


def stays(patients: int, median: float = 20.0, sigma: float = 0.5) -> np.ndarray:
    """The length of stay that each patient is going to draw, days."""
    site = site_hash("phase.TRANSPLANT.lasts")
    u = np.array([uniform(SEED, 0, patient, site, 0) for patient in range(patients)])
    return np.round(median * np.exp(sigma * special.ndtri(u)), 5)


def waits(history: History) -> np.ndarray:
    """Days from asking to being granted, per patient."""
    return (history.first_tick("granted") - history.first_tick("waiting")) / 1e5


def within_four_errors_of_batches(series: np.ndarray, expected: float, batches: int = 25) -> None:
    """The mean of a correlated series agrees with theory; its standard error comes from the means of 25 batches.

    Batches of 780 patients or more are long beside the memory of a queue at 70 % load, which is some tens of patients.
    """
    series = series[500:]
    series = series[: len(series) // batches * batches]
    means = series.reshape(batches, -1).mean(axis=1)
    error = means.std(ddof=1) / math.sqrt(batches)
    assert abs(means.mean() - expected) < 4.0 * error, f"{means.mean():.4f}, expected {expected:.4f}, error {error:.4f}"
    assert error < 0.12 * expected, "too few patients to say anything"


SIZES = [20_000, pytest.param(200_000, marks=pytest.mark.verify, id="large")]


@pytest.mark.parametrize("patients", SIZES)
def test_mean_waiting_time_is_that_of_pollaczek_and_khinchine(patients: int) -> None:
    """M/G/1: W = lambda E[S^2] / (2 (1 - rho)). With 200,000 patients 8 % more or less would be caught."""
    mean = 20.0 * math.exp(0.125)
    square = 400.0 * math.exp(0.5)
    load = 0.7
    rate = load / mean
    history = simulate(ONE_BED, patients=patients, seed=SEED, arrivals=arrivals(patients, 1 / rate), horizon="30 y")
    found = waits(history)
    within_four_errors_of_batches(found, rate * square / (2 * (1 - load)))
    within_four_errors_of_batches((found == 0).astype(float), 1 - load)


@pytest.mark.parametrize("beds", [1, 2, 5])
def test_each_wait_is_that_of_the_recursion_over_arrivals_and_stays(beds: int) -> None:
    """Kiefer and Wolfowitz (1955): the next patient takes the bed that is free first. Exact, patient by patient."""
    patients = 3_000
    come = arrivals(patients, 24.0 / beds)
    history = simulate(
        ONE_BED,
        patients=patients,
        seed=SEED,
        arrivals=come,
        set=[f"resources.bed.capacity={beds}"] if beds > 1 else [],
        horizon="30 y",
    )
    free = np.zeros(beds)
    expected = np.empty(patients)
    for k, (at, stay) in enumerate(zip(come, stays(patients), strict=True)):
        bed = int(np.argmin(free))
        begin = max(at, free[bed])
        expected[k] = begin - at
        free[bed] = begin + stay
    # A stay within half a tick of a boundary may round either way, and every later wait of that busy period with it.
    assert np.abs(waits(history) - expected).max() < 0.001
    assert (waits(history) > 0).mean() > 0.3


WARD = """
resources: {bed: {capacity: 1}}
phases:
  UNIT: {needs: {bed: 1}, lasts: 100 d, emits: treated, goto: HOME}
  HOME: {open: true}
"""


def story(lab: Any, probe: str, come: list[float], horizon: str = "10 y") -> list[list[tuple[float, str]]]:
    """For each patient, calendar day and name of every event but phase entries, the entry and the data cut."""
    history = lab.run(probe, len(come), "simpy", arrivals=np.array(come), horizon=horizon)
    events = history.events[~history.events.event.isin(["enrolment", "end", "phase"])]
    told: list[list[tuple[float, str]]] = [[] for _ in come]
    for patient, day, event in zip(events.patient, events.time_days, events.event, strict=True):
        told[patient].append((round(day + come[patient], 5), event))
    return told


def test_the_queue_is_first_come_first_served_and_ties_go_by_patient(lab: Any) -> None:
    told = story(lab, WARD, [50.0, 0.0, 50.0, 20.0])
    granted = [next(day for day, event in events if event == "granted") for events in told]
    # Patient 1 has the bed from day 0, 3 is next in line; 0 and 2 ask at one tick.
    assert granted == [200.0, 0.0, 300.0, 100.0]


def test_a_request_at_the_tick_of_a_release_comes_after_those_who_wait(lab: Any) -> None:
    granted = [events[1][0] for events in story(lab, WARD, [100.0, 0.0, 99.0])]
    assert granted == [200.0, 0.0, 100.0]
    # With nobody in the queue it is served at that very tick.
    assert [events[1][0] for events in story(lab, WARD, [100.0, 0.0])] == [100.0, 0.0]


def test_two_places_are_held_by_two(lab: Any) -> None:
    told = story(lab, WARD.replace("capacity: 1", "capacity: 2"), [0.0, 10.0, 20.0, 30.0, 40.0])
    assert [events[1][0] for events in told] == [0.0, 10.0, 100.0, 110.0, 200.0]


def test_a_phase_may_need_two_places_of_a_kind_and_those_behind_wait_their_turn(lab: Any) -> None:
    probe = """
    resources: {bed: {capacity: 2}}
    phases:
      FIRST: {needs: {bed: 1}, lasts: 60 d, goto: BIG}
      BIG: {needs: {bed: 2}, lasts: 10 d, goto: HOME}
      HOME: {open: true}
    """
    told = story(lab, probe, [0.0, 30.0])
    # 0 asks for both beds on day 60, when 1 holds one till 90; 1 asks for both on 90, behind 0.
    assert [day for day, event in told[0] if event == "granted"] == [0.0, 90.0]
    assert [day for day, event in told[1] if event == "granted"] == [30.0, 100.0]


TWO_KINDS = """
resources: {bed: {capacity: 1}, slot: {capacity: 1}}
phases:
  APHERESIS: {needs: {slot: 1}, lasts: 30 d, goto: BOTH}
  BOTH: {needs: {bed: 1, slot: 1}, lasts: 50 d, goto: HOME}
  HOME: {open: true}
"""


def test_two_resources_at_once_are_waited_for_together_and_given_back_together(lab: Any) -> None:
    told = story(lab, TWO_KINDS, [0.0, 0.0, 5.0])
    granted = [[day for day, event in events if event == "granted"] for events in told]
    # The slot is handed round by order of asking: 0, 1, 2 for apheresis, then 0 (asked on 30), 1 (on 60), 2 (on 90).
    assert granted == [[0.0, 90.0], [30.0, 140.0], [60.0, 190.0]]
    opposite = TWO_KINDS.replace("{bed: 1, slot: 1}", "{slot: 1, bed: 1}")
    assert story(lab, opposite, [0.0, 0.0, 5.0]) == told


IN_QUEUE = (
    WARD
    + """
hazards:
  fatal: {clock: {since: enrolment}, while: "phase(UNIT) and not visited(UNIT)", baseline: {piecewise: {cuts: [WHEN],
        hazards_per_year: [0, 1e12]}}, goto: TARGET}
"""
)


@pytest.mark.parametrize("target", ["DEAD", "ILL"])
def test_who_dies_or_relapses_while_waiting_leaves_the_queue(lab: Any, target: str) -> None:
    probe = IN_QUEUE.replace("WHEN", "39.999999 d").replace("TARGET", target)
    if target == "ILL":
        probe = probe.replace("  HOME:", "  ILL: {open: true}\n  HOME:")
    told = story(lab, probe, [0.0, 10.0, 70.0])
    assert (50.0, "fatal") in told[1]
    assert not any(event == "granted" for _, event in told[1])
    assert (100.0, "granted") in told[2]


def test_hazards_come_before_the_grant_at_one_tick_and_the_place_goes_to_the_next(lab: Any) -> None:
    probe = IN_QUEUE.replace("WHEN", "89.999999 d").replace("TARGET", "DEAD")
    told = story(lab, probe, [0.0, 10.0, 70.0])
    assert told[1] == [(10.0, "waiting"), (100.0, "fatal"), (100.0, "death")]
    assert (100.0, "granted") in told[2]


def test_a_bed_is_free_again_when_its_patient_dies_or_is_cut_off(lab: Any) -> None:
    probe = (
        WARD
        + """
hazards:
  fatal: {clock: {since: treated},
      baseline: {piecewise: {cuts: [29.999999 d], hazards_per_year: [0, 1e12]}}, goto: DEAD}
"""
    )
    told = story(lab, probe, [0.0, 10.0, 12.0])
    assert [next(day for day, event in events if event == "granted") for events in told] == [0.0, 30.0, 60.0]
    cut = story(lab, WARD, [0.0, 10.0], horizon="40 d")
    assert (40.0, "granted") in cut[1]


def test_a_phase_is_only_visited_once_it_has_begun(lab: Any) -> None:
    probe = """
    resources: {bed: {capacity: 1}}
    counters: {days: days}
    phases:
      UNIT: {needs: {bed: 1}, lasts: 100 d, give: {days: 1 per day}, emits: treated, goto: HOME}
      HOME: {open: true}
    hazards:
      waited: {clock: {since: enrolment}, while: "phase(UNIT) and not visited(UNIT)",
            baseline: {piecewise: {cuts: [20 d], hazards_per_year: [0, 1e12]}}, emits: waited}
    """
    told = story(lab, probe, [0.0, 10.0])
    assert told[0] == [(0.0, "waiting"), (0.0, "granted"), (0.0, "treated")]
    assert told[1] == [(10.0, "waiting"), (30.0, "waited"), (100.0, "granted"), (100.0, "treated")]
    history = lab.run(probe, 2, "simpy", arrivals=np.array([0.0, 10.0]))
    assert history.patients.days.to_numpy() == pytest.approx([100.0, 100.0])


def test_deaths_in_the_queue_follow_their_hazard(lab: Any) -> None:
    """One patient blocks the only bed, so that all others wait for good: exponential deaths, to 4 standard errors."""
    probe = (
        WARD.replace("lasts: 100 d", "lasts: 100 y")
        + """
hazards:
  dying: {clock: {since: enrolment}, while: "phase(UNIT) and not visited(UNIT)", baseline: {weibull: {shape: 1.5,
        scale: 400 d}}, goto: DEAD}
"""
    )
    patients = 5_000
    history = lab.run(probe, patients, "simpy", arrivals=np.linspace(0.0, 300.0, patients))
    days = lab.days(history, "death")
    assert np.isinf(days[0])
    lab.curve(days[1:], lambda t: -math.expm1(-((t / 400) ** 1.5)), (100, 300, 600), "death in the queue")


@pytest.mark.parametrize("patients", SIZES)
def test_queue_with_deaths_has_the_occupancy_of_its_birth_and_death_process(lab: Any, patients: int) -> None:
    """M/M/1 whose waiters die at rate theta: 1 - mu (1 - p0) / lambda of them die (Ancker and Gafarian, 1963)."""
    arrive, serve, die = 1 / 20, 1 / 22, 1 / 90
    weights = np.cumprod([1.0, *(arrive / (serve + k * die) for k in range(200))])
    empty = 1.0 / weights.sum()
    probe = """
    resources: {bed: {capacity: 1}}
    phases:
      UNIT: {needs: {bed: 1}, lasts: {exponential: 22 d}, emits: treated, goto: HOME}
      HOME: {open: true}
    hazards:
      dying: {clock: {since: enrolment}, while: not visited(UNIT), baseline: {exponential: {mean: 90 d}}, goto: DEAD}
    """
    history = lab.run(probe, patients, "simpy", seed=SEED, arrivals=arrivals(patients, 20.0), horizon="20 y")
    died = (history.first_tick("death") >= 0).astype(float)
    within_four_errors_of_batches(died, 1 - serve * (1 - empty) / arrive)
    at_once = (history.first_tick("granted") == 0).astype(float)
    within_four_errors_of_batches(at_once, empty)


def test_sharing_changes_no_draw_of_those_who_never_wait() -> None:
    """The same protocol with a bed for everyone, and with none needed, draws the same stays."""
    patients = 200
    enough = simulate(ONE_BED, patients=patients, seed=SEED, set=[f"resources.bed.capacity={patients}"])
    assert (waits(enough) == 0).all()
    length = (
        enough.first_tick("phase", after=enough.first_tick("transplant") + 1) - enough.first_tick("transplant")
    ) / 1e5
    assert np.abs(length - stays(patients)).max() < 1.1e-5


def test_a_queue_does_not_depend_on_the_size_of_the_calendar_ahead() -> None:
    """Patients who arrive later change nothing for those before them."""
    come = arrivals(400, 25.0)
    all_of_them = simulate(ONE_BED, patients=400, seed=SEED, arrivals=come)
    first = simulate(ONE_BED, patients=150, seed=SEED, arrivals=come[:150])
    assert np.array_equal(waits(all_of_them)[:150], waits(first))


@pytest.mark.parametrize("engine", ["compiled", "python"])
def test_engines_without_a_calendar_refuse_shared_places(engine: str) -> None:
    with pytest.raises(
        UsageError, match="patients compete for bed, which only the simpy engine can do; use --engine simpy"
    ):
        simulate(ONE_BED, patients=2, seed=1, engine=engine)


def test_auto_takes_simpy_where_places_are_shared() -> None:
    assert simulate(ONE_BED, patients=2, seed=1, engine="auto").engine == "simpy"
    assert simulate("all-mrd2019", patients=2, seed=1, engine="auto").engine == "compiled"
