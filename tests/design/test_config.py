"""Design files: shipped ones compute, wrong ones are refused in place, the schema is that of the models."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import sim
from sim.design.config_run import design
from sim.design.config_schema import schemas
from sim.errors import InvalidDocument, UsageError
from sim.protocol.document import load_document
from sim.protocol.json_schema import text_of
from sim.protocol.library import find, names

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("invalid_designs", Path(__file__).parent / "store.py")
assert _spec is not None
assert _spec.loader is not None
store = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(store)

SCHEMA = "engraft-design-1.schema.json"


def planned(config: Any, quantity: str, **options: Any) -> float:
    table = design(config, **options).tables["design"].set_index("quantity")
    return float(table.loc[quantity, "planned"])


def changed(name: str, survival: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A shipped design with other values; None takes a key out."""
    plain = load_document(find(name, "design")).plain()
    plain["survival"] = {k: v for k, v in {**plain["survival"], **(survival or {})}.items() if v is not None}
    return {key: value for key, value in {**plain, **changes}.items() if value is not None}


def changed_proportions(name: str, **changes: Any) -> dict[str, Any]:
    """As `changed`, for a design of proportions."""
    plain = load_document(find(name, "design")).plain()
    return {key: value for key, value in {**plain, **changes}.items() if value is not None}


@pytest.mark.parametrize("path", store.files(), ids=lambda path: path.stem)
def test_what_is_wrong_is_said_where_it_stands(path: Path) -> None:
    assert store.found(path) == store.stated(path) != [], "python tests/design/store.py"


@pytest.mark.parametrize("name", names("design"))
def test_shipped_designs_compute_and_state_their_conventions(name: str) -> None:
    found = design(name)
    text = " ".join(found.conventions)
    assert all(word in text for word in ("Variance:", "ided test at", "Rounding:"))
    assert "does not come" in text or "nothing depends on a number of events" in text or "planned time" in text
    assert found.paragraph.startswith("The ")
    assert "nan" not in found.to_markdown()


@pytest.mark.parametrize("name", names("design"))
def test_shipped_designs_fit_the_schema(name: str) -> None:
    validator = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / SCHEMA).read_text("utf-8")))
    document = load_document(find(name, "design")).plain()
    assert [error.message for error in validator.iter_errors(document)] == []
    assert not validator.is_valid({**document, "folow_up": 1})


def test_committed_schema_is_that_of_the_models() -> None:
    stored = (ROOT / "schemas" / SCHEMA).read_text("utf-8")
    assert stored == text_of(schemas()[SCHEMA]), "run python -m sim.design.config_schema"


def test_the_verb_is_the_room() -> None:
    report = sim.design("os-schoenfeld")
    assert report.result.exact_events == pytest.approx(87.4793, abs=5e-5)
    assert report.result.arms == (84, 84)


def test_overrides_change_the_design_and_are_checked_like_the_file() -> None:
    assert planned("os-schoenfeld", "events") == 88
    assert planned("os-schoenfeld", "events", set=["survival.treatment.hazard_ratio=0.6"]) == 162
    with pytest.raises(InvalidDocument, match=r"alpha: found 2; it must lie between 0 and 1"):
        design("os-schoenfeld", set=["alpha=2"])


def test_values_that_no_file_can_hold_are_refused() -> None:
    with pytest.raises(InvalidDocument, match="found nothing; give text, a number"):
        design({"schema": "engraft/design/1", "title": None})


def test_a_look_may_have_no_given_boundary() -> None:
    looks = "group_sequential={information: [0.5, 0.7, 1], efficacy: {z: [none, 2.5]}}"
    table = design("mrd-response", set=[looks, "proportions.method=pooled"]).tables["looks"]
    assert table["efficacy_z"].isna().tolist() == [True, False, False]
    assert table["alpha_spent"].tolist() == pytest.approx([0.0, 0.0124193, 0.05], abs=1e-6)


def test_proportions_with_looks_state_the_power_of_their_looks() -> None:
    looks = "group_sequential={information: [0.5, 1], efficacy: {shape: pocock}}"
    found = design("mrd-response", set=[looks, "proportions.method=pooled"])
    power = found.tables["operating characteristics"]["rejected"].iloc[0]
    assert f"a power of {100 * power:.1f} %" in found.paragraph
    assert found.result.fixed.power > power + 0.02


@pytest.mark.parametrize("futility", ["{spending: kim-demets, parameter: 2}", "{spending: pocock, binding: true}"])
def test_power_is_found_where_futility_spends_what_it_leaves(futility: str) -> None:
    looks = f"group_sequential={{information: [0.5, 1], efficacy: {{spending: pocock}}, futility: {futility}}}"
    asked = design("mrd-response", set=[looks, "proportions.method=arcsine"])
    whole = f"proportions.patients={sum(asked.result.fixed.arms)}"
    given = changed_proportions("mrd-response", power=None, solve="power")
    found = design(given, set=[looks, "proportions.method=arcsine", whole])
    rejected = found.tables["operating characteristics"]["rejected"].iloc[0]
    assert rejected == pytest.approx(asked.tables["operating characteristics"]["rejected"].iloc[0], abs=2e-3)
    assert found.result.design.power == pytest.approx(rejected, abs=1e-8)


@pytest.mark.parametrize("patients", [30, 60, 200])
@pytest.mark.parametrize("binding", [False, True])
def test_a_trial_that_cannot_fail_leaves_next_to_nothing_to_spend(patients: int, binding: bool) -> None:
    plain: dict[str, Any] = {"schema": "engraft/design/1", "title": "T", "alpha": 0.025, "solve": "power"}
    plain["proportions"] = {"control": 0.1, "treatment": 0.95, "method": "unpooled", "patients": patients}
    looks = {"information": [0.5, 1], "efficacy": {"spending": "obrien-fleming"}}
    futility = {"spending": "linear", "binding": binding}
    found = design({**plain, "group_sequential": {**looks, "futility": futility}})
    assert planned({**plain, "group_sequential": looks}, "power") == pytest.approx(1.0, abs=1e-7)
    assert found.tables["looks"]["power"].iloc[-1] == pytest.approx(1.0, abs=1e-7)
    row = found.tables["operating characteristics"].set_index("hypothesis").loc["null hypothesis"]
    assert row["rejected"] <= 0.025 + 1e-7


def test_power_of_a_survival_trial_with_beta_spending() -> None:
    looks = {"information": [0.5, 1], "efficacy": {"spending": "pocock"}, "futility": {"spending": "pocock"}}
    accrual = {"time": "24 months", "patients": 400}
    plain = changed("os-schoenfeld", {"accrual": accrual}, solve="power", power=None, group_sequential=looks)
    found = design(plain)
    rejected = found.tables["operating characteristics"]["rejected"].iloc[0]
    assert found.result.design.power == pytest.approx(rejected, abs=1e-8)
    assert found.result.design.drift == pytest.approx(found.result.drift, abs=1e-6)
    worse = ["survival.test={log_rank: {margin: 1.1}}", "survival.treatment.hazard_ratio=1.2"]
    with pytest.raises(InvalidDocument, match=r"hazard_ratio|the assumed effect is none, or points the other way"):
        design(plain, set=worse)


def test_no_futility_is_shown_where_none_was_asked_for() -> None:
    looks = "group_sequential={information: [0.5, 1], efficacy: {shape: pocock}}"
    for found in (
        design("os-schoenfeld", set=[looks]),
        design("mrd-response", set=[looks, "proportions.method=pooled"]),
    ):
        assert "futility" not in found.to_csv()
    assert "futility_z" in design("os-group-sequential").tables["looks"]


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(UsageError, match=r'no design is named "os-shoenfeld".*did you mean "os-schoenfeld"'):
        design("os-shoenfeld")


def test_solving_one_quantity_gives_back_another() -> None:
    months = planned("efs-follow-up", "follow-up after accrual")
    exact = design("efs-follow-up").result.course.follow_up
    assert exact < months  # whole events take a little longer
    found = design(changed("efs-follow-up", {"follow_up": f"{exact!r} months"}, solve="power", power=None))
    assert found.result.power == pytest.approx(0.8, abs=1e-9)


def test_the_time_unit_changes_figures_and_not_the_design() -> None:
    years = planned("os-schoenfeld", "study duration", set=["time_unit=years"])
    assert years * 12 == pytest.approx(planned("os-schoenfeld", "study duration"), rel=1e-9)
    assert planned("os-schoenfeld", "patients", set=["time_unit=days"]) == 168


def test_the_hazard_ratio_that_is_found_has_the_power() -> None:
    accrual = {"time": "12 months", "patients": 300}
    asked = changed("os-schoenfeld", {"treatment": None, "accrual": accrual}, solve="hazard_ratio")
    ratio = planned(asked, "hazard ratio")
    back = {"treatment": {"hazard_ratio": ratio}, "accrual": accrual}
    assert planned(changed("os-schoenfeld", back, solve="power", power=None), "power") == pytest.approx(0.9, abs=1e-9)


def test_looks_inflate_and_the_last_one_is_at_the_planned_events() -> None:
    found = design("os-group-sequential")
    plan = found.result
    looks = found.tables["looks"]
    one = design(changed("os-group-sequential", group_sequential=None)).result
    assert plan.design.inflation > 1.0
    assert plan.fixed.exact_patients == pytest.approx(plan.design.inflation * one.exact_patients)
    assert looks["events"].iloc[-1] == plan.fixed.events
    assert looks["power"].iloc[-1] == pytest.approx(0.9, abs=2e-3)
    assert looks["stop"].sum() == pytest.approx(1.0)
    assert (looks["time_null"] < looks["time"]).all()  # events come sooner without an effect


def test_accrual_may_begin_with_a_pause() -> None:
    paused = planned("non-inferiority", "accrual time", set=["survival.accrual={rates: [0, 20], from: [0, 6 months]}"])
    at_once = planned("non-inferiority", "accrual time", set=["survival.accrual={rates: [20]}"])
    assert paused == pytest.approx(at_once + 6.0, rel=1e-6)


def test_accrual_time_with_looks_has_the_power() -> None:
    looks = "group_sequential={information: [0.5, 1], efficacy: {spending: pocock}}"
    found = design("non-inferiority", set=[looks])
    rejected = found.tables["operating characteristics"].set_index("hypothesis")["rejected"]
    assert rejected["alternative"] == pytest.approx(0.8, abs=2e-3)
    assert rejected["null hypothesis"] == pytest.approx(0.025, abs=1e-6)


def test_shares_of_alpha_size_the_hypothesis_of_the_file() -> None:
    table = design("efs-and-os").tables["multiplicity"].set_index("hypothesis")
    assert table.loc["EFS", "alpha_first"] == pytest.approx(0.02)
    assert table.loc["OS", "alpha_last"] == pytest.approx(0.025)
    assert design("efs-and-os").result.design.alpha == pytest.approx(0.02)


def test_csv_and_json_hold_every_number() -> None:
    found = design("os-group-sequential")
    lines = found.to_csv().splitlines()
    assert lines[0] == "table,row,column,value"
    assert f"looks,3,events,{found.result.fixed.events}" in lines
    assert json.loads(json.dumps(found.as_dict()))["tables"]["looks"][2]["efficacy_z"] == pytest.approx(
        2.0141, abs=1e-4
    )


def test_looks_that_were_held_are_read_at_their_own_events() -> None:
    plain = changed("os-group-sequential")
    held = {**plain["group_sequential"], "observed": {"counts": [125, 170]}}
    found = design({**plain, "group_sequential": held})
    table = found.tables["observed"]
    planned = found.result.fixed.events
    assert table["count"].iloc[:2].tolist() == pytest.approx([125, 170])
    assert table["information"].iloc[0] == pytest.approx(125 / planned)
    assert table["alpha_spent"].iloc[-1] == pytest.approx(0.025)
    early = {**plain["group_sequential"], "observed": {"counts": [125, 170], "final": True}}
    last = design({**plain, "group_sequential": early}).tables["observed"].iloc[-1]
    assert last["count"] == pytest.approx(170)
    assert last["alpha_spent"] == pytest.approx(0.025)
    assert last["power"] < 0.9


def test_power_at_the_latest_time_is_that_of_the_events_there_are() -> None:
    one = design("os-schoenfeld").result
    assert one.power_by(one.course.duration) == pytest.approx(0.9, abs=1e-3)
    assert one.power_by(15.0) < 0.75
    plan = design("os-group-sequential").result
    assert plan.power_by(84.0) == pytest.approx(plan.characteristics().power)
    assert 0.5 < plan.power_by(48.0) < 0.85


def test_the_null_hypothesis_of_a_margin_is_the_margin() -> None:
    plan = design(
        "non-inferiority", set=["group_sequential={information: [0.5, 1], efficacy: {spending: pocock}}"]
    ).result
    control, treatment = plan.null_course.events()
    assert treatment > control
    looks = plan.looks()
    assert (looks["time_null"] < looks["time"]).all()


@pytest.mark.parametrize(
    ("efficacy", "words"),
    [
        ("{shape: obrien-fleming}", "with O'Brien-Fleming efficacy boundaries: z = "),
        ("{spending: pocock}", "with efficacy boundaries by Lan-DeMets Pocock-like spending: z = "),
    ],
)
def test_the_paragraph_names_a_rule_once(efficacy: str, words: str) -> None:
    asked = [f"group_sequential.efficacy={efficacy}", "group_sequential.futility={z: [0, 0.5]}"]
    told = " ".join(design("os-group-sequential", set=asked).paragraph.split())
    assert words in told
    assert "and non-binding futility boundaries as given: z = 0.0000 and 0.5000 at the interim looks" in told
