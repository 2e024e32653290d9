"""Futility at looks with any covariance: recursive integration, one statistic twice, draws, whole files, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.design.config_run import design
from sim.design.correlated import CorrelatedDesign, correlated_sequential
from sim.design.correlated_futility import with_futility
from sim.design.sequential import group_sequential
from sim.design.spending import Spending, fixed_bounds, spending, user_spending
from sim.errors import EngraftError
from sim.stats.arrays import Floats

LOOKS = np.array([0.4, 0.7, 1.0])


def canonical(looks: Floats = LOOKS, copies: int = 1) -> CorrelatedDesign:
    """Statistics with independent increments, each so many times."""
    levels = np.repeat(looks, copies)
    correlation = np.sqrt(np.minimum.outer(levels, levels) / np.maximum.outer(levels, levels))
    return correlated_sequential(
        alpha=0.025,
        correlation=correlation,
        information=looks,
        efficacy=spending("obrien-fleming"),
        statistics=copies,
    )


@pytest.mark.parametrize(
    ("rule", "at", "copies"),
    [
        (spending("hwang-shih-decani", -2.0), None, 1),
        (spending("hwang-shih-decani", -2.0), None, 2),
        (spending("pocock"), [1], 1),
        (spending("kim-demets", 2.0), [2], 2),
        (user_spending([0.3, 0.3, 1.0]), None, 1),
    ],
    ids=str,
)
def test_independent_increments_have_the_boundaries_of_recursive_integration(
    rule: Spending, at: list[int] | None, copies: int
) -> None:
    efficacy = spending("obrien-fleming")
    known = group_sequential(
        alpha=0.025, information=LOOKS, efficacy=efficacy, futility=rule, futility_at=at, power=0.9
    )
    assert known.drift is not None
    effect = np.repeat(np.sqrt(LOOKS), copies)
    found, patients = with_futility(canonical(copies=copies), effect, rule=rule, power=0.9, futility_at=at)
    assert found.futility == pytest.approx(known.futility, abs=1e-4)
    assert math.sqrt(patients) == pytest.approx(known.drift, rel=1e-5)
    exits = known.exits(known.drift)
    means = known.drift * effect
    assert found.exits(means) == pytest.approx(exits.efficacy, abs=1e-5)
    assert found.futile(means)[:-1] == pytest.approx(exits.futility[:-1], abs=1e-5)


def test_the_power_of_given_patients_leaves_what_is_spent() -> None:
    rule = spending("hwang-shih-decani", -1.0)
    effect = np.sqrt(LOOKS)
    made, patients = with_futility(canonical(), effect, rule=rule, power=0.85)
    back, same = with_futility(canonical(), effect, rule=rule, patients=patients)
    assert same == pytest.approx(patients)
    assert back.futility == pytest.approx(made.futility, abs=1e-5)
    assert back.power_at(math.sqrt(patients) * effect) == pytest.approx(0.85, abs=1e-6)


def test_given_boundaries_cost_what_recursive_integration_says() -> None:
    rule = fixed_bounds([0.2, None])
    known = group_sequential(
        alpha=0.025, information=LOOKS, efficacy=spending("obrien-fleming"), futility=rule, power=0.9
    )
    found, patients = with_futility(canonical(), np.sqrt(LOOKS), rule=rule, power=0.9)
    assert found.futility.tolist()[:2] == [0.2, -np.inf]
    assert math.sqrt(patients) == pytest.approx(known.drift, rel=1e-5)


def test_maxcombo_stops_as_often_as_draws_do() -> None:
    looks = {"times": ["24 months", "32 months", "44 months"], "efficacy": {"spending": "pocock"}}
    looks |= {"futility": {"spending": "linear"}}
    found = design("late-effect-maxcombo", set=[f"group_sequential={looks}"])
    plan, draws = found.result, 400_000
    root = np.linalg.cholesky(plan.moments.correlation + 1e-12 * np.eye(6))
    noise = np.random.default_rng(41).standard_normal((draws, 6)) @ root.T
    largest = (noise + plan.means.ravel()).reshape(draws, 3, 2).max(axis=2)
    going = np.ones(draws, dtype=bool)
    stated = plan.characteristics()
    spent = 0.0
    for look in range(3):
        up = going & (largest[:, look] > plan.design.efficacy[look])
        down = going & (largest[:, look] <= plan.design.futility[look])
        for share, expected in ((up.mean(), stated.efficacy[look]), (down.mean(), stated.futility[look])):
            assert abs(share - expected) <= 3.0 * math.sqrt(expected * (1.0 - expected) / draws)
        going &= ~(up | down)
        spent += float(stated.futility[look])
        # Patients are whole, so a little less is spent than the function allows.
        assert spent == pytest.approx(0.2 * plan.moments.information[look], abs=0.01)
    assert not going.any()
    assert stated.power == pytest.approx(0.8, abs=0.01)
    assert stated.power >= 0.8


@pytest.mark.parametrize(
    "test", [{"restricted_mean": {"until": "12 months"}}, {"max_combo": {"weights": [[0, 0], [0, 1]]}}]
)
@pytest.mark.parametrize("futility", [{"spending": "pocock", "at": [2]}, {"shares": [0, 1]}])
@pytest.mark.parametrize("power", [0.8, 0.95])
def test_futility_that_spends_nothing_before_the_last_look_costs_no_patients(
    test: dict[str, Any], futility: dict[str, Any], power: float
) -> None:
    plain: dict[str, Any] = {
        "schema": "engraft/design/1",
        "title": "T",
        "alpha": 0.025,
        "power": power,
        "survival": {
            "control": {"median": "12 months"},
            "treatment": {"hazard_ratio": 0.6},
            "accrual": {"time": "12 months"},
            "test": test,
        },
    }
    looks = {"times": ["14 months", "24 months"], "efficacy": {"spending": "obrien-fleming"}}
    found = design({**plain, "group_sequential": {**looks, "futility": futility}}).result
    without = design({**plain, "group_sequential": looks}).result
    assert found.exact_patients == pytest.approx(without.exact_patients, rel=1e-6)
    assert found.design.futility[0] == -np.inf


def test_files_show_their_futility() -> None:
    futility = "group_sequential.futility={spending: hwang-shih-decani, parameter: -2}"
    found = design("late-effect-maxcombo", set=[futility])
    without = design("late-effect-maxcombo")
    assert found.result.design.efficacy == pytest.approx(without.result.design.efficacy, abs=1e-9)  # not binding
    assert sum(found.result.arms) > sum(without.result.arms)
    looks = found.tables["looks"]
    assert looks["futility_z"].iloc[-1] == looks["efficacy_z"].iloc[-1]
    assert looks["stop"].sum() == pytest.approx(1.0)
    assert f"z = {looks['futility_z'].iloc[0]:.4f} at the interim looks" in found.paragraph
    assert "non-binding (the type I error does not count on it)" in found.conventions[-1]
    assert "its stops obeyed in power" in found.conventions[-1]
    table = found.tables["operating characteristics"].set_index("hypothesis")
    assert table.loc["null hypothesis", "rejected"] < 0.0235
    assert table.loc["null hypothesis", "stopped_early"] > 0.8
    assert "futility_z" not in without.tables["looks"]


@pytest.mark.parametrize("binding", [False, True])
@pytest.mark.parametrize(
    ("name", "looks"),
    [("late-effect-maxcombo", {"times": ["44 months"]}), ("efs-and-os", {"information": [1.0]})],
)
def test_futility_at_the_only_look_changes_nothing(name: str, looks: dict[str, Any], binding: bool) -> None:
    given: dict[str, Any] = {**looks, "efficacy": {"spending": "pocock"}}
    without = design(name, set=[f"group_sequential={given}"])
    futility = {"spending": "pocock"} | ({"binding": True} if binding and "information" in looks else {})
    found = design(name, set=[f"group_sequential={given | {'futility': futility}}"])
    assert found.paragraph == without.paragraph
    assert found.tables["looks"]["stop"].tolist() == pytest.approx([1.0])


def test_power_is_solved_for_with_futility() -> None:
    futility = "group_sequential.futility={spending: hwang-shih-decani, parameter: -2}"
    asked = design("late-effect-maxcombo", set=[futility])
    patients = f"survival.accrual.patients={sum(asked.result.arms)}"
    found = design(_without_power("late-effect-maxcombo"), set=[futility, patients])
    assert found.result.power == pytest.approx(asked.result.power, abs=3e-3)
    # All that is not power is spent as type II error.
    assert found.result.characteristics().futility.sum() == pytest.approx(1.0 - found.result.power, abs=1e-6)


def _without_power(name: str) -> dict[str, Any]:
    from sim.protocol.document import load_document
    from sim.protocol.library import find

    plain = load_document(find(name, "design")).plain()
    return {**{key: value for key, value in plain.items() if key != "power"}, "solve": "power"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rule": fixed_bounds([5.0, 0.0])}, r"futility: at look 1 its boundary reaches the efficacy boundary \(3\.3"),
        ({"rule": fixed_bounds([0.0])}, "futility: found 1 given boundaries; 3 looks need 2"),
        ({"futility_at": [7]}, "futility_at: found 7; looks are numbered from 1 to 3"),
        ({"power": None, "patients": 1e-6}, "futility: "),
    ],
)
def test_boundaries_that_cannot_be_are_refused(change: dict[str, Any], told: str) -> None:
    given: dict[str, Any] = {"rule": spending("pocock"), "power": 0.9} | change
    with pytest.raises(EngraftError, match=told):
        with_futility(canonical(), np.sqrt(LOOKS), **given)


def test_two_sided_tests_and_many_looks_are_refused() -> None:
    both = correlated_sequential(
        alpha=0.05, correlation=np.eye(2), information=[1, 2], efficacy=spending("pocock"), sided=2
    )
    with pytest.raises(EngraftError, match="futility: found a two-sided test"):
        with_futility(both, np.array([1.0, 1.0]), rule=spending("pocock"), power=0.9)
    many = canonical(np.arange(1, 9) / 8.0, copies=2)
    with pytest.raises(EngraftError, match="futility_at: found 7 looks; with several statistics at most 6 before"):
        with_futility(many, np.ones(16), rule=spending("pocock"), power=0.9)
