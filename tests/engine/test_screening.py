"""Who the patients are: rows of a table, drawn by address; criteria of eligibility; the funnel of both."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from sim.batch.run import run_chunk, simulate
from sim.engine.draws import site_hash, uniform_by_numpy
from sim.engine.history import History
from sim.engine.plan import compile_plan
from sim.errors import UsageError
from sim.protocol.resolve import load_protocol
from sim.protocol.schema import Protocol

from .conftest import STANDARD_ERRORS, Lab

ROWS = [(17, "F", 0.5, "no"), (34, "M", 1, "yes"), (51, "F", 2, "no"), (68, "M", 0, "no"), (85, "F", 1.5, "yes")]
PROBE = """
eligibility:
  adult: "age >= 18"
  young: {{when: "age < 80", title: "under 80 years"}}
  strong: "not frail or age < 40"
table:
  assumption: invented
  draw: {draw}
  {weight}
  rows: |
    age,sex,weight_kg,frail,times
    {rows}
patient:
  luck: {{draw: {{normal: [0, 1]}}}}
  age: {{column: {{type: number}}, unit: years}}
  sex: {{column: {{type: category, categories: {{male: M, female: F}}}}}}
  weight_kg: {{column: {{type: number}}}}
  frail: {{column: {{type: boolean}}}}
  double: {{derive: "2 * age", unit: years}}
phases:
  A: {{lasts: 10 d, outcomes: [{{p: 0.5, event: remission, goto: B}}, {{rest: true, goto: B}}]}}
  B: {{open: true}}
hazards:
  of_age:
    clock: age
    baseline: {{gompertz: {{rate: 0.09}}}}
    level: {{probability: 0.1, from: 60 y, at: 61 y}}
    goto: DEAD
"""


def probe(lab: Lab, *, draw: str = "with replacement", weighted: bool = False, criteria: bool = True) -> Protocol:
    rows = [f"{age},{sex},{60 + age / 3},{frail},{times}" for age, sex, times, frail in ROWS]
    text = PROBE.format(draw=draw, weight="weight: times" if weighted else "", rows="\n    ".join(rows))
    return lab.protocol(text, **({} if criteria else {"eligibility": {}}))


def bytes_of(history: History) -> tuple[bytes, bytes, bytes]:
    return history.log.tobytes(), history.ints.tobytes(), history.floats.tobytes()


@pytest.mark.parametrize("draw", ["with replacement", "without replacement"])
def test_every_driver_chunk_and_worker_gives_the_same_patients(draw: str, lab: Lab) -> None:
    protocol = probe(lab, draw=draw, weighted=True)
    patients = 4 if draw == "without replacement" else 300
    alike = [
        simulate(protocol, patients=patients, seed=3, engine=engine, chunk=chunk, workers=workers, detail=True)
        for engine, chunk, workers in (
            ("compiled", None, 1),
            ("simpy", None, 1),
            ("python", None, 1),
            ("compiled", 1, 1),
            ("simpy", 2, 2),
            ("compiled", 3, 2),
        )
    ]
    assert len({bytes_of(history) for history in alike}) == 1
    # A patient alone is the one of the crowd.
    for patient in (0, patients - 1):
        alone = simulate(protocol, patients=1, first=patient, seed=3, engine="compiled")
        crowd = alike[0].patients.iloc[patient]
        assert alone.patients.iloc[0].to_dict() == crowd.to_dict()


def test_attributes_are_those_of_one_row_exactly(lab: Lab) -> None:
    found = simulate(probe(lab), patients=500, seed=1, engine="compiled").patients
    words = {"F": "female", "M": "male"}
    rows = {(float(age), words[sex], 60 + age / 3, frail) for age, sex, _, frail in ROWS}
    drawn = set(found[["age", "sex", "weight_kg", "frail"]].itertuples(index=False, name=None))
    assert drawn == rows
    assert (found["double"] == 2 * found["age"]).all()
    assert found["luck"].nunique() == 500


@pytest.mark.parametrize("weighted", [False, True])
def test_the_row_of_a_patient_is_the_inverse_of_one_uniform_over_the_weights(weighted: bool, lab: Lab) -> None:
    protocol = probe(lab, weighted=weighted)
    weights = np.array([times if weighted else 1.0 for _, _, times, _ in ROWS])
    ages = np.array([age for age, *_ in ROWS], dtype=float)
    site = site_hash("population.row")
    luck = np.array([uniform_by_numpy(7, 2, patient, site, 0) for patient in range(400)])
    expected = ages[np.searchsorted(np.cumsum(weights) / weights.sum(), luck, side="right")]
    history = simulate(protocol, patients=400, seed=7, replicate=2, engine="compiled")
    assert (history.attribute("age") == expected).all()


def test_rows_are_drawn_in_proportion_to_their_weights(lab: Lab) -> None:
    n = 40_000
    ages = simulate(probe(lab, weighted=True, criteria=False), patients=n, seed=5, engine="compiled").attribute("age")
    for age, _, times, _ in ROWS:
        share = times / 5
        error = math.sqrt(share * (1 - share) / n)
        assert abs(float((ages == age).mean()) - share) <= STANDARD_ERRORS * error
    assert not (ages == 68).any()  # weight 0


def test_without_replacement_everybody_is_drawn_once_in_an_order_of_seed_and_replicate(lab: Lab) -> None:
    protocol = probe(lab, draw="without replacement")
    orders = {}
    for key in ((1, 0), (1, 1), (2, 0), (3, 0)):
        history = simulate(protocol, patients=5, seed=key[0], replicate=key[1], engine="compiled")
        orders[key] = tuple(history.attribute("age"))
        assert sorted(orders[key]) == [17, 34, 51, 68, 85]
        few = simulate(protocol, patients=2, first=1, seed=key[0], replicate=key[1], engine="simpy")
        assert tuple(few.attribute("age")) == orders[key][1:3]
    assert len(set(orders.values())) > 1
    site = site_hash("population.row")
    waits = [-math.log(uniform_by_numpy(1, 0, row, site, 0)) for row in range(5)]
    assert orders[1, 0] == tuple(ROWS[row][0] for row in np.argsort(waits))


def test_without_replacement_the_next_row_is_drawn_in_proportion_to_the_weights_that_are_left(lab: Lab) -> None:
    protocol = probe(lab, draw="without replacement", weighted=True)
    n = 3_000
    plan = compile_plan(protocol)
    age = plan.attributes["age"][0]
    runs = [plan.for_run(seed=9, replicate=r, horizon_days=1.0) for r in range(n)]
    first, second = np.array([run_chunk(plan, ints, "compiled", 0, 2, None).floats[:, age] for ints in runs]).T
    weights = {age: times for age, _, times, _ in ROWS}
    for each, weight in weights.items():
        share = weight / 5
        assert abs(float((first == each).mean()) - share) <= STANDARD_ERRORS * math.sqrt(share * (1 - share) / n)
        share = sum(weights[other] / 5 * weight / (5 - weights[other]) for other in weights if other != each)
        assert abs(float((second == each).mean()) - share) <= STANDARD_ERRORS * math.sqrt(share * (1 - share) / n)


@pytest.mark.parametrize(("weighted", "rows"), [(False, 5), (True, 4)])
def test_more_patients_than_rows_without_replacement_is_an_error(weighted: bool, rows: int, lab: Lab) -> None:
    protocol = probe(lab, draw="without replacement", weighted=weighted)
    simulate(protocol, patients=rows, seed=1, engine="compiled")
    said = f"the table of probe has {rows}, each drawn once; ask for fewer, or draw with replacement"
    with pytest.raises(UsageError, match=f"numbered from 0 to {rows} here, and {said}"):
        simulate(protocol, patients=rows + 1, seed=1, engine="compiled")
    with pytest.raises(UsageError, match=said):
        simulate(protocol, patients=1, first=rows, seed=1, engine="compiled")


def test_the_ineligible_are_screened_and_never_treated(lab: Lab) -> None:
    history = simulate(probe(lab), patients=2_000, seed=4, engine="compiled")
    patients, events = history.patients, history.events
    excluded = {17: ["adult"], 34: [], 51: [], 68: [], 85: ["young", "strong"]}
    for age, criteria in excluded.items():
        own = patients[patients["age"] == age]
        log = events[events["patient"].isin(own["patient"])]
        if criteria:
            assert set(own["status"]) == {"ineligible"}
            assert set(own["last_phase"]) == {""}
            assert not own["enrolled"].any()
            assert (own["time_days"] == 0).all()
            assert list(log["detail"]) == criteria * len(own)
            assert set(log["event"]) == {"ineligible"}
            assert set(log["phase"]) == {""}
        else:
            assert "ineligible" not in set(own["status"]) | set(log["event"])
            assert own["enrolled"].all()
    assert (history.eligible == patients["age"].between(18, 80)).all()


def test_the_funnel_counts_each_once_at_the_first_criterion_not_met_and_all_who_fail_each(lab: Lab) -> None:
    history = simulate(probe(lab), patients=2_000, seed=4, engine="simpy")
    ages = history.attribute("age")
    too_young, too_old = int((ages == 17).sum()), int((ages == 85).sum())
    eligible = 2_000 - too_young - too_old
    assert history.funnel.values.tolist() == [
        ["screened", "", 2_000, 0],
        ["excluded", "adult", too_young, too_young],
        ["excluded", "young", too_old, too_old],
        ["excluded", "strong", 0, too_old],
        ["eligible", "", eligible, 0],
        ["enrolled", "", eligible, 0],
    ]


def test_the_entry_gate_comes_after_eligibility(lab: Lab) -> None:
    protocol = probe(lab)
    gated = load_protocol(protocol, set=["enrolment={at: remission, assumption: randomised}"])
    history = simulate(gated, patients=2_000, seed=4, engine="compiled")
    stages = history.funnel.set_index("stage")["patients"]
    remitted = (history.first_tick("remission") >= 0).sum()
    assert stages["enrolled"] == remitted == history.enrolled.sum()
    assert 0 < stages["enrolled"] < stages["eligible"]
    assert not (history.enrolled & ~history.eligible).any()


def test_criteria_change_nobody_s_luck(lab: Lab) -> None:
    with_criteria = simulate(probe(lab), patients=300, seed=8, engine="compiled")
    without = simulate(probe(lab, criteria=False), patients=300, seed=8, engine="compiled")
    kept = with_criteria.patients[with_criteria.eligible].reset_index(drop=True)
    same = without.patients[with_criteria.eligible].reset_index(drop=True)
    assert kept.equals(same)
    assert without.eligible.all()
    assert list(without.funnel["stage"]) == ["screened", "eligible", "enrolled"]


def test_nobody_may_be_eligible(lab: Lab) -> None:
    protocol = load_protocol(probe(lab), set=["eligibility={nobody: age > 100}"])
    for engine in ("compiled", "simpy", "python"):
        history = simulate(protocol, patients=20, seed=1, engine=engine)  # type: ignore[arg-type]
        assert history.funnel["patients"].tolist() == [20, 20, 0, 0]
        assert len(history.patients) == len(history.events) == 20


def test_a_missing_number_is_empty_and_not_told_in_a_story(lab: Lab) -> None:
    protocol = load_protocol(
        probe(lab), set=["patient.albumin={column: {type: number, missing: kept}}", f"table.rows={json.dumps(ALBUMIN)}"]
    )
    history = simulate(protocol, patients=60, seed=1, engine="compiled", detail=True)
    missing = history.patients["age"] == 34
    assert (history.patients["albumin"].isna() == missing).all()
    told = history.events[history.events["detail"].str.startswith("albumin=")]
    assert set(told["patient"]) == set(history.patients["patient"][~missing])


ALBUMIN = "age,sex,weight_kg,frail,albumin\n34,M,70,no,\n51,F,60,no,41.5\n"


def test_results_of_patients_who_compete_for_places(lab: Lab) -> None:
    """Queues are joined by the eligible only: with one bed and every second patient turned away, half as many wait."""
    protocol = lab.protocol(
        """
resources: {bed: {capacity: 1}}
eligibility: {adult: "age >= 18"}
table: {assumption: invented, draw: without replacement, rows: "age\\n17\\n40\\n16\\n50\\n12\\n60\\n"}
patient: {age: {column: {type: number}, unit: years}}
phases: {A: {lasts: 10 d, needs: {bed: 1}, emits: begun, goto: B}, B: {open: true}}
"""
    )
    history = simulate(protocol, patients=6, seed=1)
    begun = history.first_tick("begun")
    assert sorted(begun[history.eligible].tolist()) == [0, 1_000_000, 2_000_000]
    assert (begun[~history.eligible] == -1).all()


def test_the_shipped_table_is_the_same_from_a_name_and_a_path(tmp_path: Path) -> None:
    from sim.protocol.library import folder

    shipped = simulate("all-mrd2019", population="huang-2024", patients=30, seed=1, engine="compiled")
    for name in ("huang-2024.yaml", "huang-2024.csv"):
        (tmp_path / name).write_bytes((folder("population") / name).read_bytes())
    copied = simulate("all-mrd2019", population=tmp_path / "huang-2024.yaml", patients=30, seed=1, engine="compiled")
    assert bytes_of(shipped) == bytes_of(copied)
    assert shipped.protocol == copied.protocol
