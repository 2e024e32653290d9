"""The pre-transplant trial: one effect and not two, what the registered clock hides, both relapse structures."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim.batch.run import simulate
from sim.endpoints.table import time_to_event
from sim.engine.history import History
from sim.protocol.resolve import load_protocol
from sim.stats import aalen_johansen
from sim.stats.binomial import binomial_interval

CONTROL, STUDY = "direct-allo-hsct", "pre-transplant-blinatumomab"
POPULATION = "pre-transplant-candidates"
REGROWTH = "switches.relapse_structure.value=regrowth"
AS_RATIO = "switches.effect.value=hazard_ratio"
COURSE = "switches.one_consolidation.value=true"
DAY = 100_000
TWO_YEARS = 730.5


@cache
def run(protocol: str, *overrides: str, patients: int = 20_000) -> History:
    return simulate(
        protocol, population=POPULATION, patients=patients, seed=11, engine="compiled", horizon="5 y", set=overrides
    )


def share(history: History, endpoint: str, days: float = TWO_YEARS) -> tuple[float, float]:
    """Cumulative incidence of an endpoint's event, and its standard error."""
    times = time_to_event(history, history.protocol.endpoints[endpoint])
    found = aalen_johansen(times.days, times.code, causes=max(int(times.code.max()), 1)).at([days])
    return float(found.cumulative_incidence[0, 0]), float(found.std_error[0, 0])


def test_only_mrd_negative_patients_in_remission_are_randomised() -> None:
    history = run(CONTROL)
    screened = history.attribute("mrd_screening")
    assert set(screened[history.enrolled]) == {"negative"}
    assert 0.55 < history.enrolled.mean() < 0.8
    relapsed = history.first_tick("relapse")
    assert not ((relapsed >= 0) & (relapsed < history.enrolment_tick) & history.enrolled).any()


@pytest.mark.parametrize("structure", [(), (REGROWTH,)])
def test_arms_enrol_the_same_patients_at_the_same_time(structure: tuple[str, ...]) -> None:
    one, other = run(CONTROL, *structure), run(STUDY, *structure)
    np.testing.assert_array_equal(one.enrolled, other.enrolled)
    np.testing.assert_array_equal(one.enrolment_tick, other.enrolment_tick)


def test_without_effect_blinatumomab_changes_relapse_by_the_delay_alone() -> None:
    """Where the drug does nothing both readings give the same histories."""
    by_level = run(STUDY, "parameters.short_share.value=0")
    by_ratio = run(STUDY, AS_RATIO, "parameters.hr_blina.value=1")
    np.testing.assert_array_equal(by_level.first_tick("relapse"), by_ratio.first_tick("relapse"))
    np.testing.assert_array_equal(by_level.first_tick("death"), by_ratio.first_tick("death"))


def test_the_effect_is_read_in_one_way_and_never_in_both() -> None:
    levels, ratios = run(STUDY), run(STUDY, AS_RATIO)
    given = levels.first_tick("blinatumomab_start") >= 0
    idle = run(STUDY, "parameters.short_share.value=0")
    before = idle.patients["mrd"].to_numpy()
    untouched = given.copy()
    for history in (levels, ratios, idle):
        untouched &= history.first_tick("relapse") < 0
    assert (levels.patients["mrd"].to_numpy()[untouched] <= before[untouched]).all()
    assert (levels.patients["mrd"].to_numpy()[untouched] < before[untouched]).mean() > 0.85
    np.testing.assert_array_equal(ratios.patients["mrd"].to_numpy()[untouched], before[untouched])
    no_ratio = run(STUDY, "parameters.hr_blina.value=0.1")
    np.testing.assert_array_equal(no_ratio.first_tick("relapse"), levels.first_tick("relapse"))


def test_the_hazard_ratio_reading_has_its_hazard_ratio() -> None:
    """Plateau p becomes p^m: relapse after transplant without death and with one MRD level for all."""
    alike = ("parameters.mrd_spread.value=0", "parameters.kill_chemo_spread.value=0", "parameters.allo_nrm.value=0.001")
    hr = 0.65
    one, n = _never_relapsed(run(CONTROL, *alike))
    other, m = _never_relapsed(run(STUDY, AS_RATIO, *alike))
    ratio = np.log(other) / np.log(one)
    error = ratio * np.sqrt((1 - one) / (n * one * np.log(one) ** 2) + (1 - other) / (m * other * np.log(other) ** 2))
    assert abs(ratio - hr) < 4 * error
    assert error < 0.04


def _never_relapsed(history: History) -> tuple[float, int]:
    grafted = history.first_tick("transplant")
    relapsed = history.first_tick("relapse")
    first = (grafted >= 0) & ((relapsed < 0) | (relapsed > grafted))
    late = history.end_tick[first] - grafted[first]
    inside = (relapsed[first] < 0) | (relapsed[first] - grafted[first] > 3 * 365 * DAY)
    seen = (late > 3 * 365 * DAY) | ~inside
    return float(np.mean(inside[seen])), int(seen.sum())


def test_the_registered_clock_hides_losses_before_transplant() -> None:
    for structure in ((), (REGROWTH,)):
        history = run(STUDY, *structure)
        transplanted, _ = share(history, "TRANSPLANTED", 365.25)
        assert 0.85 < transplanted < 0.97
        lost = history.enrolled & (history.first_tick("transplant") < 0)
        reasons = [history.first_tick(event)[lost] >= 0 for event in ("relapse", "death")]
        assert np.logical_or(*reasons).mean() > 0.2, "some lost to relapse or death, others to refusal and toxicity"
        assert lost.sum() > len(time_to_event(history, history.protocol.endpoints["OS"]).days) * 0.04


def test_one_more_course_delays_transplant_and_its_toxicity_shows() -> None:
    direct, course = run(CONTROL), run(CONTROL, COURSE)
    waits = []
    for history in (direct, course):
        start, graft = history.enrolment_tick, history.first_tick("transplant")
        there = history.enrolled & (graft >= 0) & (history.first_tick("relapse") < 0)
        waits.append(np.mean((graft - start)[there]) / DAY)
    assert 15 < waits[1] - waits[0] < 35, "E-01: 4 to 6 weeks of course, of which the work-up takes some"
    severe = [share(history, "SEVERE_AE") for history in (direct, course)]
    assert severe[1][0] - severe[0][0] > 0.1


def test_blinatumomab_is_given_for_at_most_its_days_and_stops_for_grade_4() -> None:
    history = run(STUDY)
    days = history.patients["blinatumomab"].to_numpy()
    stopped = history.first_tick("blinatumomab_stopped") >= 0
    whole = (history.first_tick("blinatumomab_start") >= 0) & ~stopped & (history.first_tick("relapse") < 0)
    assert (days[whole] >= 14).mean() > 0.99
    assert (days[stopped] <= 14).mean() > 0.9
    n = int((history.first_tick("blinatumomab_start") >= 0).sum())
    interval = binomial_interval(int(stopped.sum()), n, conf_level=0.9999)
    assert interval.ci_low < 0.27 * 0.06 < interval.ci_high


@pytest.mark.parametrize("protocol", [CONTROL, STUDY])
def test_results_after_transplant_are_near_the_series_behind_the_priors(protocol: str) -> None:
    """Peking B-ALL series at 5 years: relapse 20.7, NRM 13.9, OS 70.4 %; here high risk, so relapse may be higher."""
    for structure in ((), (REGROWTH,)):
        history = run(protocol, *structure)
        relapse, _ = share(history, "CIR", 3 * 365.25)
        nrm, _ = share(history, "NRM", 3 * 365.25)
        death, _ = share(history, "OS", 3 * 365.25)
        assert 0.10 < relapse < 0.27
        assert 0.07 < nrm < 0.14
        assert 0.65 < 1 - death < 0.88


@pytest.mark.parametrize("structure", [(), (REGROWTH,)], ids=["hazard", "regrowth"])
def test_high_risk_means_more_relapse_under_either_structure(structure: tuple[str, ...]) -> None:
    low, high = (share(run(CONTROL, *structure, f"parameters.high_risk.value={value}"), "CIR")[0] for value in (1, 2))
    assert high > low + 0.06


def test_regrowth_gives_about_the_relapse_of_the_hazard_and_molecular_relapse_comes_first() -> None:
    hazard, regrowth = (share(run(CONTROL, *how), "CIR")[0] for how in ((), (REGROWTH,)))
    assert abs(hazard - regrowth) < 0.04
    history = run(CONTROL, REGROWTH)
    relapsed, warned = history.first_tick("relapse"), history.first_tick("molecular_relapse")
    after = (relapsed >= 0) & (history.first_tick("transplant") >= 0) & (relapsed > history.first_tick("transplant"))
    in_time = (warned >= 0) & (warned < relapsed)
    assert in_time[after].mean() > 0.25
    assert share(history, "MOLECULAR_RELAPSE")[0] > 2 * share(run(CONTROL), "MOLECULAR_RELAPSE")[0]


@pytest.mark.parametrize("protocol", [CONTROL, STUDY])
@pytest.mark.parametrize("structure", [(), (REGROWTH,)])
def test_all_drivers_write_the_same_log(protocol: str, structure: tuple[str, ...]) -> None:
    logs = [
        simulate(protocol, population=POPULATION, patients=150, seed=5, engine=engine, set=structure).log
        for engine in ("simpy", "compiled", "python")
    ]
    np.testing.assert_array_equal(logs[0], logs[1])
    np.testing.assert_array_equal(logs[0], logs[2])


def test_values_shared_with_other_protocols_are_the_same_everywhere() -> None:
    from sim.protocol.library import folder

    said: dict[str, dict[str, tuple[object, ...]]] = {}
    for path in sorted(folder("protocol").glob("*.yaml")):
        for name, each in load_protocol(path).parameters.items():
            if each.shared:
                said.setdefault(name, {})[path.stem] = (each.value, str(each.prior), each.unit)
    different = {name: values for name, values in said.items() if len(set(values.values())) > 1}
    assert different == {}
    assert len(said["slope_mrd"]) >= 4
