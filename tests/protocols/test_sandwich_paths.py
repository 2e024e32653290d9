"""What the sandwich and allo-HSCT do to patients: doses, paths of their own, CD19, TKI, both structures of relapse."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import stats

from sim.batch.run import simulate
from sim.engine.history import History
from sim.protocol.resolve import load_protocol

SANDWICH, ALLO = "sandwich-auto-hsct", "allo-hsct-standard"
STUDY, DECLINERS = "sandwich-2025", "allo-decliners"
REGROWTH = "switches.relapse_structure.value=regrowth"
STRUCTURES = ((), (REGROWTH,))
DAY = 100_000
YEAR = 365.25


@cache
def run(protocol: str, *overrides: str, population: str = STUDY, patients: int = 20_000, years: int = 6) -> History:
    return simulate(
        protocol, population=population, patients=patients, seed=7, engine="compiled", horizon=f"{years} y",
        set=overrides,
    )  # fmt: skip


def had(history: History, *events: str) -> np.ndarray:
    return np.any([history.first_tick(event) >= 0 for event in events], axis=0)


def days(history: History, start: str, end: str) -> np.ndarray:
    """Days from one event to the next occurrence of another; infinite where it never comes, or nothing starts."""
    begin = history.first_tick(start)
    found = history.first_tick(end, after=begin)
    return np.where((begin >= 0) & (found >= 0), (found - begin) / DAY, np.inf)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("protocol", [SANDWICH, ALLO])
def test_all_drivers_write_the_same_log(protocol: str, structure: tuple[str, ...]) -> None:
    logs = [
        simulate(
            protocol, population=STUDY, patients=60, seed=3, engine=engine, horizon="5 y", set=structure
        ).events.to_csv()
        for engine in ("simpy", "compiled", "python")
    ]
    assert logs[0] == logs[1] == logs[2]
    assert logs[0].count("\n") > 500


def test_doses_on_full_paths() -> None:
    history = run(SANDWICH)
    whole = history.attribute("ngs_in_maintenance") != "not_evaluable"  # the fourth cycle is over
    whole &= had(history, "autologous") & ~had(history, "mrd_persists", "blinatumomab_stopped")
    stepped = history.attribute("blasts_after_consolidation") == "positive"
    table = history.patients
    assert set(table["blinatumomab"][whole]) == {5.0}
    assert (whole & ~stepped).sum() > 5000
    assert (whole & stepped).sum() > 100
    assert set(table["blinatumomab_ug"][whole & ~stepped]) == {3920.0}
    assert set(table["blinatumomab_ug"][whole & stepped]) == {3787.0}


def test_patients_not_in_remission_take_the_stepped_dose_and_carry_more_crs() -> None:
    history = run(SANDWICH)
    exposed = had(history, "blinatumomab_start") & history.enrolled
    overt = exposed & (history.attribute("blasts_after_consolidation") == "positive")
    events = history.events
    seen = np.isin(history.patient_ids, events.patient[events.event == "toxicity"][events.detail.str.contains("cytok")])
    assert float(np.mean(seen[overt])) == pytest.approx(0.10, abs=0.02)
    assert float(np.mean(seen[exposed & ~overt])) == pytest.approx(0.034, abs=0.006)
    remitted = (history.attribute("blasts_after_blina") == "negative")[overt & had(history, "first_cycle_done")]
    assert 0.44 < np.mean(remitted) < 0.8
    failed = overt & had(history, "refractory")
    assert failed.sum() > 100
    assert not had(history, "autologous")[failed].any()


def test_only_flow_negative_patients_are_mobilised_one_week_after_blinatumomab() -> None:
    history = run(SANDWICH)
    mobilised = had(history, "mobilised")
    assert set(history.attribute("flow_after_blina")[mobilised]) == {"negative"}
    assert set(np.unique(days(history, "first_cycle_done", "mobilised")[mobilised])) == {7.0}
    persisting = had(history, "mrd_persists")
    assert set(history.attribute("flow_after_blina")[persisting]) == {"positive"}
    assert not mobilised[persisting].any()
    back = run(SANDWICH, "switches.auto_after_conversion.value=true")
    assert np.array_equal(had(back, "mrd_persists"), persisting)
    converted = had(back, "mobilised")[persisting]
    assert 0.2 < converted.mean() < 0.9
    assert set(back.attribute("flow_after_second")[persisting & had(back, "mobilised")]) == {"negative"}


def test_reconstitution_waits_for_both_counts_and_has_paths_of_its_own() -> None:
    history = run(SANDWICH)
    grafted = had(history, "autologous")
    white, platelets = days(history, "autologous", "wbc_recovered"), days(history, "autologous", "platelets_recovered")
    both = np.maximum(white, platelets)
    maintained = days(history, "autologous", "blinatumomab_maintenance")
    on_time = grafted & (maintained <= 90)
    assert on_time.sum() > 10_000
    np.testing.assert_allclose(maintained[on_time], both[on_time], atol=2e-5)
    assert np.median(both[on_time]) == pytest.approx(25, abs=2)
    late = grafted & had(history, "poor_graft")
    assert 0.015 < late[grafted].mean() < 0.04  # never, or beyond 90 days
    assert (both[late] > 89.999).all()
    recovered = late & had(history, "blinatumomab_maintenance")
    assert recovered.sum() > 50
    assert (maintained[recovered] > 90).all()
    never = late & had(history, "never_reconstituted")
    assert never.sum() > 50
    assert not had(history, "blinatumomab_maintenance")[never].any()


def test_failed_mobilisation_leads_to_a_second_and_to_maintenance_without_a_graft() -> None:
    history = run(SANDWICH)
    mobilised, failed, none = (had(history, name) for name in ("mobilised", "mobilisation_failed", "no_harvest"))
    assert np.mean(failed[mobilised]) == pytest.approx(0.09, abs=0.01)
    assert np.mean(none[failed]) == pytest.approx(0.5, abs=0.04)
    assert not had(history, "autologous")[none].any()
    assert np.mean(had(history, "blinatumomab_maintenance")[none]) > 0.95


def test_severe_icans_in_the_first_cycle_ends_the_study_treatment() -> None:
    history = run(SANDWICH)
    left = had(history, "left_for_icans")
    assert np.mean(left[had(history, "blinatumomab_start")]) == pytest.approx(1 / 14, abs=0.01)
    assert not had(history, "first_cycle_done", "autologous", "mobilised")[left].any()
    assert np.mean(had(history, "off_study", "refractory", "death")[left]) > 0.99  # the others relapse while recovering


def test_cd19_is_lost_under_blinatumomab_more_with_kmt2a_and_blinds_drug_and_assay() -> None:
    history = run(SANDWICH)
    lost = had(history, "cd19_loss")
    rearranged = history.attribute("kmt2a") == "rearranged"
    exposed = had(history, "blinatumomab_start")
    assert not lost[~exposed].any()
    assert lost[exposed & rearranged].mean() > 10 * lost[exposed & ~rearranged].mean()
    # flow gated on CD19 reads nothing once it is lost; without that gate it reads the level
    early = lost & (days(history, "cd19_loss", "first_cycle_done") < 28)
    assert early.sum() > 500
    assert set(history.attribute("flow_after_blina")[early]) == {"negative"}
    seeing = run(SANDWICH, "switches.flow_cd19_gated.value=false")
    assert np.mean(seeing.attribute("flow_after_blina")[early] == "positive") > 0.1
    # the drug no longer lowers MRD: at the end these patients have far more of it
    maintained = had(history, "blinatumomab_maintenance") & ~had(history, "relapse", "molecular_relapse")
    level = history.patients["mrd"].to_numpy()
    assert np.median(level[maintained & early]) > np.median(level[maintained & ~lost]) + 2


def test_faster_relapse_of_a_clone_without_cd19_is_a_scenario() -> None:
    plain, escaping = run(SANDWICH), run(SANDWICH, "switches.cd19_escape.value=true")
    kept = ~had(plain, "cd19_loss") & ~had(escaping, "cd19_loss")
    assert np.array_equal(plain.first_tick("relapse")[kept], escaping.first_tick("relapse")[kept])
    lost = had(plain, "cd19_loss") & had(escaping, "cd19_loss")
    assert had(escaping, "relapse")[lost].mean() > had(plain, "relapse")[lost].mean() + 0.05


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_tki_helps_ph_positive_patients_and_touches_no_others(structure: tuple[str, ...]) -> None:
    given, withheld = run(SANDWICH, *structure), run(SANDWICH, *structure, "switches.tki.value=false")
    positive = given.attribute("ph") == "yes"
    for event in ("remission", "relapse", "autologous", "death"):
        assert np.array_equal(given.first_tick(event)[~positive], withheld.first_tick(event)[~positive])
    failures = [had(history, "relapse", "refractory")[positive].mean() for history in (given, withheld)]
    assert failures[1] > failures[0] + 0.05
    assert had(given, "remission")[positive].mean() > had(withheld, "remission")[positive].mean()


def test_mrd_is_that_of_blast_and_parameters_shared_with_other_families_are_equal() -> None:
    history = run(SANDWICH)
    value = {name: parameter.value for name, parameter in history.protocol.parameters.items()}
    level = np.minimum(-1.31, value["mrd_induction"] + value["mrd_spread"] * history.attribute("induction_response"))
    high = level >= -3
    after = (level + history.attribute("blina_kill"))[high]
    converted = float(np.mean(stats.norm.cdf((-4 - after) / value["assay_noise"])))
    assert converted == pytest.approx(88 / 113, abs=0.03)
    for other in ("all-mrd2019", "direct-allo-hsct"):
        known = load_protocol(other).parameters
        for protocol in (SANDWICH, ALLO):
            own = load_protocol(protocol).parameters
            both = [name for name in own if name in known and (own[name].shared or known[name].shared)]
            assert len(both) >= 20
            assert {name: own[name].value for name in both} == {name: known[name].value for name in both}
            assert all(own[name].shared and known[name].shared for name in both)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_without_effect_of_blinatumomab_relapse_after_auto_is_that_of_the_literature(
    structure: tuple[str, ...],
) -> None:
    history = run(
        SANDWICH, *structure, "parameters.resistant.value=0.999", "parameters.molecular_first.value=0", years=7
    )
    grafted = had(history, "autologous")
    relapse = np.minimum(days(history, "autologous", "relapse"), days(history, "autologous", "molecular_relapse"))
    death = days(history, "autologous", "death")
    within = relapse[grafted & (relapse < 5 * YEAR)]
    assert 0.48 < np.mean(np.minimum(relapse, death)[grafted] > 5 * YEAR) < 0.66  # EWALL: 57 % below 1e-3
    shares = [np.mean(within < years * YEAR) for years in (1, 2, 3)]
    assert shares[0] == pytest.approx(0.70, abs=0.16)
    assert shares[1] == pytest.approx(0.90, abs=0.09)
    assert shares[2] > 0.95
    assert 5 < np.median(within) / 30.4375 < 9
    early = np.minimum(death, relapse)[grafted]
    nrm = (death < relapse)[grafted]
    assert 0.008 < np.mean(nrm & (early < 100)) < 0.025  # 1 to 2 % by 100 days
    assert 0.015 < np.mean(nrm & (early < 2 * YEAR)) < 0.045


@pytest.mark.parametrize("protocol", [SANDWICH, ALLO])
def test_both_structures_of_relapse_tell_alike_stories(protocol: str) -> None:
    outcome = {}
    for structure in STRUCTURES:
        history = run(protocol, *structure, population=DECLINERS)
        failed = had(history, "relapse", "refractory", "death")[history.enrolled]
        outcome[structure] = (failed.mean(), had(history, "death")[history.enrolled].mean())
    assert outcome[()] == pytest.approx(outcome[(REGROWTH,)], abs=0.06)
    grown = run(protocol, REGROWTH, population=DECLINERS)
    hazards = [name for name in grown.protocol.hazards if name.startswith("relapse")]
    sites = grown.events[grown.events.event == "relapse"].detail
    assert not sites.isin(hazards).any()
    assert sites.str.contains("regrown").any()


def test_regrowth_is_seen_as_molecular_relapse_before_haematological_relapse() -> None:
    history = run(SANDWICH, REGROWTH)
    grafted = had(history, "autologous")
    relapse, molecular = days(history, "autologous", "relapse"), days(history, "autologous", "molecular_relapse")
    seen = grafted & np.isfinite(np.minimum(relapse, molecular))
    first = molecular[seen] < relapse[seen]
    assert 0.25 < first.mean() < 0.8
    confirmed = history.events[history.events.event == "molecular_relapse"].detail
    assert set(confirmed) == {"serial_ngs"}


@pytest.mark.parametrize("structure", STRUCTURES)
def test_transplants_realised_are_those_planned_less_those_lost_before(structure: tuple[str, ...]) -> None:
    history = run(ALLO, *structure, population=DECLINERS)
    enrolled, gate = history.enrolled, history.enrolment_tick
    planned = had(history, "transplant_planned") & enrolled
    transplant, relapse = history.first_tick("transplant"), history.first_tick("relapse")
    first = (transplant >= 0) & ((relapse < 0) | (relapse > transplant)) & enrolled & ~had(history, "refractory")
    within = first & (transplant - gate < YEAR * DAY)
    assert 0.57 < within[enrolled].mean() < 0.84  # EBMT: 57 to 82 % within a year
    assert not first[~planned].any()
    # all who were planned and not transplanted relapsed or died while they waited: nothing else takes them away
    lost = planned & ~first & (history.first_tick("transplant_planned") < 5 * YEAR * DAY)
    assert had(history, "relapse", "death")[lost].all()
    donor = history.attribute("donor")[enrolled] == "yes"
    assert not planned[enrolled][~donor].any()
    assert planned[enrolled][donor].mean() < 1


def test_after_allo_relapse_nrm_and_gvhd_are_those_of_the_literature() -> None:
    history = run(ALLO, population=DECLINERS)
    relapse, death = days(history, "transplant", "relapse"), days(history, "transplant", "death")
    first = had(history, "transplant") & (
        (history.first_tick("relapse") < 0) | (history.first_tick("relapse") > history.first_tick("transplant"))
    )
    assert 0.15 < np.mean(relapse[first] < 4 * YEAR) < 0.27  # 15.9 to 26.3 % in first remission
    assert 0.07 < np.mean((death < relapse)[first] & (death[first] < 4 * YEAR)) < 0.14
    severe, chronic = had(history, "agvhd_3_4")[first].mean(), had(history, "cgvhd_onset", "cgvhd_severe_onset")[first]
    assert severe == pytest.approx(0.11, abs=0.015)
    assert severe + had(history, "agvhd_2")[first].mean() == pytest.approx(0.31, abs=0.02)
    assert chronic.mean() == pytest.approx(0.27, abs=0.04)  # 29 %, less those who die before
    hurt = first & had(history, "agvhd_3_4")
    unhurt = first & ~had(history, "agvhd_3_4", "cgvhd_severe_onset")
    assert np.mean((death < relapse)[hurt]) > 1.5 * np.mean((death < relapse)[unhurt])


def test_arms_of_the_comparison_enrol_the_same_patients_who_could_be_transplanted() -> None:
    arms = [
        run(SANDWICH, population=DECLINERS),
        run(ALLO, population=DECLINERS),
        run(ALLO, "switches.blina_before_allo.value=true", population=DECLINERS),
    ]
    for other in arms[1:]:
        assert np.array_equal(arms[0].enrolled, other.enrolled)
        assert np.array_equal(arms[0].enrolment_tick, other.enrolment_tick)
    assert set(arms[0].attribute("declines_allo")[arms[0].enrolled]) == {"yes"}
    assert not had(arms[1], "blinatumomab_start").any()
    assert set(arms[2].patients["blinatumomab"][had(arms[2], "first_cycle_done")]) == {1.0}


@pytest.mark.parametrize("protocol", [SANDWICH, ALLO])
def test_nobody_is_immortal_and_nobody_is_forgotten_outside_remission(protocol: str) -> None:
    old = run(protocol, patients=400, years=110)
    assert had(old, "death").all()
    history = run(protocol)
    resting = history.patients["last_phase"].isin(["OFF_STUDY", "ORAL_MAINTENANCE", "MAINTENANCE", "FOLLOW_UP"])
    never = resting.to_numpy() & ~had(history, "remission", "later_remission", "salvage_failed")
    assert not never.any()
