"""Looks that were held, read by their statistics: against rpact, and through design files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.design.config_run import design
from sim.design.interim import interim_table
from sim.design.scales import hazard_ratio
from sim.design.sequential import group_sequential
from sim.design.spending import pocock, spending
from sim.errors import InvalidDocument

PLAN: dict[str, Any] = {
    "schema": "engraft/design/1",
    "title": "T",
    "alpha": 0.025,
    "power": 0.9,
    "survival": {
        "control": {"median": "14 months"},
        "treatment": {"hazard_ratio": 0.65},
        "accrual": {"time": "24 months"},
        "follow_up": "15 months",
    },
}
LOOKS: dict[str, Any] = {"information": [0.4, 0.75, 1], "efficacy": {"spending": "obrien-fleming"}}


def read(observed: dict[str, Any], **changes: Any) -> Any:
    """The table of the interim looks of a trial."""
    looks = {**LOOKS, **changes.pop("looks", {}), "observed": observed}
    return design({**PLAN, **changes, "group_sequential": looks}).tables["interim"]


def test_readings_are_those_of_rpact() -> None:
    """Values of rpact 3.3.4: getAnalysisResults of overallEvents 80, 150 of 200, overallLogRanks 1.5, 2.3, thetaH1 1.4.

    Its ratios are of the other arm, so that its limits are the inverse ones.
    """
    plan = group_sequential(alpha=0.025, information=[0.4, 0.75, 1], efficacy=spending("obrien-fleming"))
    table = interim_table(
        plan,
        [1.5, 2.3],
        planned=200,
        drift=np.log(1.4) * np.sqrt(200) / 2,
        ratio=lambda z, events: hazard_ratio(z, events=events),
    )
    assert table["hr_low"].tolist() == pytest.approx([1 / 2.962486436, 1 / 2.135093004], rel=2e-5)
    assert table["hr_high"].tolist() == pytest.approx([1 / 0.6602025952, 1 / 0.9926934512], rel=2e-5)
    assert table["repeated_p"].tolist() == pytest.approx([0.24634507366, 0.02744673826], abs=1e-5)
    assert table["conditional_power"].iloc[1] == pytest.approx(0.8745856304, abs=1e-6)
    assert table["decision"].tolist() == ["go on", "go on"]


def test_a_file_is_read_at_its_observed_events() -> None:
    table = read({"counts": [80, 150], "z": [1.5, 3.0]})
    assert table["decision"].tolist() == ["go on", "reject"]
    assert table["hr"].tolist() == pytest.approx([np.exp(-1.5 * 2 / np.sqrt(80)), np.exp(-3.0 * 2 / np.sqrt(150))])
    assert table["hr_high"].iloc[1] < 1.0 < table["hr_high"].iloc[0]
    assert table["repeated_p"].iloc[1] < 0.025 < table["repeated_p"].iloc[0]
    last = read({"counts": [80, 150], "z": [1.5, 1.9], "final": True}).iloc[-1]
    assert last["decision"] == "no rejection"
    assert np.isnan(last["conditional_power"])


def test_futility_sides_and_shapes_are_read_too() -> None:
    stop = {"futility": {"spending": "kim-demets", "parameter": 1.0}}
    assert read({"counts": [80], "z": [-1.0]}, looks=stop)["decision"].tolist() == ["stop for futility"]
    both = read({"counts": [80], "z": [-4.5]}, alpha=0.05, sided=2)
    assert both["decision"].tolist() == ["reject the other way"]
    assert both["hr_low"].iloc[0] > 1.0
    assert "repeated_p" not in read({"counts": [80], "z": [2.0]}, looks={"efficacy": {"shape": "pocock"}})


def test_a_ratio_above_1_is_read_above_1() -> None:
    better = {**PLAN["survival"], "treatment": {"hazard_ratio": 1.5}}
    tables = design(
        {**PLAN, "survival": better, "group_sequential": {**LOOKS, "observed": {"counts": [80], "z": [2.0]}}}
    ).tables
    assert tables["interim"]["hr"].iloc[0] == pytest.approx(np.exp(2.0 * 2 / np.sqrt(80)))
    assert (tables["observed"]["efficacy_hr"] > 1.0).all()
    assert (tables["looks"]["efficacy_hr"] > 1.0).all()


def test_proportions_are_read_as_shares_of_the_assumed_effect() -> None:
    config = {
        "schema": "engraft/design/1",
        "title": "T",
        "alpha": 0.025,
        "power": 0.9,
        "proportions": {"control": 0.3, "treatment": 0.5, "method": "unpooled"},
        "group_sequential": {**LOOKS, "observed": {"counts": [100], "z": [1.2]}},
    }
    found = design(config)
    row, plan = found.tables["interim"].iloc[0], found.result
    share = 100 / sum(plan.fixed.arms)
    assert row["effect"] == pytest.approx(1.2 / np.sqrt(share) / plan.drift)
    bound = found.tables["observed"]["efficacy_z"].iloc[0]
    assert row["effect_low"] == pytest.approx((1.2 - bound) / np.sqrt(share) / plan.drift)


def test_a_look_without_boundary_has_no_interval() -> None:
    plan = group_sequential(alpha=0.025, information=[0.5, 1], efficacy=pocock(), efficacy_at=[2], power=0.8)
    assert "effect_low" not in interim_table(plan, [1.0], planned=100, drift=2.8)


def test_statistics_that_do_not_fit_the_looks_are_refused() -> None:
    with pytest.raises(InvalidDocument, match=r"observed\.z: found 1 values; 2 looks were held"):
        read({"counts": [80, 150], "z": [1.5]})
