"""Group-sequential designs: what boundaries, error spent, power and expectations must fulfil whatever the rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from sim.design.sequential import group_sequential
from sim.design.spending import (
    Shape,
    Spending,
    fixed_bounds,
    haybittle_peto,
    obrien_fleming,
    pocock,
    spending,
    spending_by,
    user_spending,
    wang_tsiatis,
)

LOOKS = (0.3, 0.7, 1.0)
OF_LIKE = spending("obrien-fleming")
RULES: list[Spending | Shape] = [
    OF_LIKE,
    spending("pocock"),
    spending("hwang-shih-decani", -4.0),
    spending("hwang-shih-decani", 0.0),
    spending("kim-demets", 2.0),
    spending("linear"),
    user_spending([0.1, 0.5, 1.0]),
    spending_by(lambda t: t**2.5),
    obrien_fleming(),
    pocock(),
    wang_tsiatis(0.3),
    haybittle_peto(),
    fixed_bounds([None, 2.5]),
]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("sided", [1, 2])
def test_every_rule_spends_alpha_exactly_and_reaches_its_power(rule: Spending | Shape, sided: int) -> None:
    design = group_sequential(alpha=0.025 * sided, sided=sided, information=LOOKS, efficacy=rule, power=0.85)
    assert design.alpha_spent[-1] == pytest.approx(0.025 * sided, abs=1e-9)
    assert design.drift is not None
    assert design.inflation is not None
    assert design.power_at(design.drift) == pytest.approx(0.85, abs=1e-9)
    assert design.inflation >= 1.0
    assert design.inflation == pytest.approx((design.drift / (ndtri(0.975) + ndtri(0.85))) ** 2, rel=1e-12)
    if isinstance(rule, Spending) and rule.shares is None:
        np.testing.assert_allclose(design.alpha_spent, sided * rule.spent(np.array(LOOKS), 0.025), atol=1e-9)


def test_one_look_is_the_fixed_test() -> None:
    design = group_sequential(alpha=0.025, information=[1.0], efficacy=OF_LIKE, power=0.9)
    assert design.efficacy[0] == pytest.approx(ndtri(0.975), abs=1e-9)
    assert design.inflation == pytest.approx(1.0, abs=1e-9)


def test_known_special_cases_coincide() -> None:
    linear = group_sequential(alpha=0.025, information=LOOKS, efficacy=spending("linear"))
    for same in (spending("kim-demets", 1.0), spending("hwang-shih-decani", 0.0), spending_by(lambda t: t)):
        np.testing.assert_allclose(
            group_sequential(alpha=0.025, information=LOOKS, efficacy=same).efficacy, linear.efficacy, atol=1e-9
        )
    for delta, shape in ((0.0, obrien_fleming()), (0.5, pocock())):
        np.testing.assert_allclose(
            group_sequential(alpha=0.025, information=LOOKS, efficacy=wang_tsiatis(delta)).efficacy,
            group_sequential(alpha=0.025, information=LOOKS, efficacy=shape).efficacy,
            atol=1e-8,
        )


def test_counts_of_events_are_information_as_well_as_fractions() -> None:
    by_events = group_sequential(alpha=0.025, information=[90, 210, 300], efficacy=OF_LIKE)
    np.testing.assert_allclose(
        by_events.efficacy, group_sequential(alpha=0.025, information=LOOKS, efficacy=OF_LIKE).efficacy, atol=1e-10
    )


def test_non_binding_futility_leaves_the_efficacy_boundary_alone_and_binding_lowers_it() -> None:
    alone = group_sequential(alpha=0.025, information=LOOKS, efficacy=OF_LIKE, power=0.9)
    options: dict[str, Any] = {"alpha": 0.025, "information": LOOKS, "efficacy": OF_LIKE, "power": 0.9}
    free = group_sequential(**options, futility=OF_LIKE)
    binding = group_sequential(**options, futility=OF_LIKE, binding=True)
    np.testing.assert_allclose(free.efficacy, alone.efficacy, atol=1e-10)
    assert binding.efficacy[-1] < free.efficacy[-1] - 0.03
    assert alone.drift is not None
    assert free.drift is not None
    assert binding.drift is not None
    assert alone.drift < binding.drift < free.drift
    assert free.exits(0.0).efficacy.sum() < 0.0245  # obeyed, it takes type I error away
    assert binding.exits(0.0).efficacy.sum() == pytest.approx(0.025, abs=1e-9)


@pytest.mark.parametrize("binding", [True, False])
@pytest.mark.parametrize("sided", [1, 2])
@pytest.mark.parametrize("efficacy", [OF_LIKE, pocock()], ids=str)
def test_beta_is_spent_as_said_and_the_boundaries_meet(binding: bool, sided: int, efficacy: Spending | Shape) -> None:
    rule = spending("kim-demets", 1.5)
    design = group_sequential(
        alpha=0.025 * sided,
        sided=sided,
        information=LOOKS,
        efficacy=efficacy,
        futility=rule,
        binding=binding,
        power=0.9,
    )
    assert design.beta_spent is not None
    np.testing.assert_allclose(design.beta_spent[:-1], rule.spent(np.array(LOOKS), 0.1)[:-1], atol=1e-9)
    wrong_side = float(design.exits(design.drift or 0.0).harm.sum())
    assert design.beta_spent[-1] == pytest.approx(0.1 - wrong_side, abs=1e-7)
    assert wrong_side < (2e-5 if sided == 2 else 1e-300)
    assert design.futility[-1] == design.efficacy[-1]
    assert design.alpha_spent[-1] == pytest.approx(0.025 * sided, abs=1e-9)


def test_looks_without_a_boundary_have_none_and_leave_their_error_to_the_next() -> None:
    design = group_sequential(
        alpha=0.025,
        information=[0.25, 0.5, 0.75, 1.0],
        efficacy=OF_LIKE,
        futility=spending("pocock"),
        power=0.9,
        efficacy_at=[3, 4],
        futility_at=[1, 3],
    )
    assert np.isinf(design.efficacy[:2]).all()
    np.testing.assert_array_equal(np.isfinite(design.futility), [True, False, True, True])
    spent = OF_LIKE.spent(design.information, 0.025)
    np.testing.assert_allclose(design.alpha_spent, [0.0, 0.0, spent[2], 0.025], atol=1e-9)
    beta = spending("pocock").spent(design.information, 0.1)
    assert design.beta_spent is not None
    np.testing.assert_allclose(design.beta_spent, [beta[0], beta[0], beta[2], 0.1], atol=1e-7)


def test_two_sided_boundaries_are_almost_those_of_one_side() -> None:
    one = group_sequential(alpha=0.025, information=LOOKS, efficacy=OF_LIKE)
    two = group_sequential(alpha=0.05, sided=2, information=LOOKS, efficacy=OF_LIKE)
    np.testing.assert_allclose(two.efficacy, one.efficacy, atol=1e-5)
    exits = two.exits(0.0)
    np.testing.assert_allclose(exits.efficacy, exits.harm, atol=1e-12)


def test_expectations_are_means_over_the_looks() -> None:
    design = group_sequential(alpha=0.025, information=LOOKS, efficacy=OF_LIKE, futility=OF_LIKE, power=0.9)
    for drift in (0.0, 2.0, design.drift):
        found = design.characteristics(drift, events=300, patients=[200, 400, 400], time=lambda t: 10.0 + 26.0 * t)
        stop = found.efficacy + found.harm + found.futility
        assert stop.sum() == pytest.approx(1.0, abs=1e-8)
        assert found.expected_information == pytest.approx(float(stop @ np.array(LOOKS)), abs=1e-12)
        assert found.expected_events == pytest.approx(300.0 * found.expected_information, rel=1e-12)
        assert found.expected_patients == pytest.approx(float(stop @ [200, 400, 400]), rel=1e-12)
        assert found.expected_time == pytest.approx(10.0 + 26.0 * found.expected_information, rel=1e-7)
    assert design.characteristics().power == pytest.approx(0.9, abs=1e-9)
    assert len(design.characteristics().to_frame()) == 3


def test_remaining_alpha_is_spent_at_the_last_look_however_much_information_came() -> None:
    design = group_sequential(alpha=0.025, information=LOOKS, efficacy=OF_LIKE, power=0.9)
    for observed in ([0.35, 0.6, 0.9], [0.35, 0.8, 1.2], [0.2, 0.4, 0.6, 0.95], [0.8]):
        read = design.at_observed(observed)
        assert read.alpha_spent[-1] == pytest.approx(0.025, abs=1e-9)
        np.testing.assert_allclose(read.alpha_spent[:-1], OF_LIKE.spent(np.array(observed), 0.025)[:-1], atol=1e-9)
    under, over = design.at_observed([0.3, 0.7, 0.8]), design.at_observed([0.3, 0.7, 1.3])
    assert under.power is not None
    assert over.power is not None
    assert under.power < 0.9 < over.power
    np.testing.assert_allclose(design.at_observed(LOOKS).efficacy, design.efficacy, atol=1e-9)


def test_the_boundary_as_planned_says_what_error_it_makes() -> None:
    design = group_sequential(alpha=0.025, information=LOOKS, efficacy=OF_LIKE, power=0.9)
    read = design.at_observed([0.3, 0.7, 1.3], last_look="as-planned")
    assert read.efficacy[-1] == design.efficacy[-1]
    assert read.alpha_spent[-1] > 0.025 + 1e-4
    assert design.at_observed([0.3, 0.7, 0.85], last_look="as-planned").alpha_spent[-1] < 0.025 - 1e-4


def test_an_interim_look_is_read_with_the_planned_looks_ahead() -> None:
    design = group_sequential(alpha=0.025, information=LOOKS, efficacy=OF_LIKE, futility=OF_LIKE, power=0.9)
    read = design.at_observed([0.4], final=False)
    np.testing.assert_allclose(read.information, [0.4, 0.7, 1.0])
    assert read.alpha_spent[0] == pytest.approx(float(OF_LIKE.spent(np.array([0.4]), 0.025)[0]), abs=1e-10)
    assert read.alpha_spent[-1] == pytest.approx(0.025, abs=1e-9)


def test_shapes_keep_their_planned_boundaries_before_the_last_look() -> None:
    design = group_sequential(alpha=0.025, information=LOOKS, efficacy=pocock(), power=0.9)
    read = design.at_observed([0.4, 0.9])
    assert read.efficacy[0] == pytest.approx(design.efficacy[0], abs=1e-12)
    assert read.alpha_spent[-1] == pytest.approx(0.025, abs=1e-9)
    assert read.efficacy[1] < design.efficacy[1]


def test_user_shares_are_read_between_the_planned_looks() -> None:
    design = group_sequential(alpha=0.025, information=LOOKS, efficacy=user_spending([0.1, 0.5, 1.0]))
    read = design.at_observed([0.5, 1.0])
    assert read.alpha_spent[0] == pytest.approx(0.025 * 0.3, abs=1e-9)


def test_the_table_shows_every_scale() -> None:
    design = group_sequential(alpha=0.025, information=LOOKS, efficacy=OF_LIKE, futility=OF_LIKE, power=0.9)
    table = design.to_frame(events=300, allocation=2.0)
    assert table["events"].tolist() == pytest.approx([90.0, 210.0, 300.0])
    hazard = np.exp(-design.efficacy / np.sqrt(design.information * 300 * 2 / 9))
    np.testing.assert_allclose(table["efficacy_hr"], hazard, rtol=1e-12)
    assert table["efficacy_p"].iloc[-1] == pytest.approx(0.02275, abs=1e-5)
    assert table["efficacy_conditional_power"].isna().tolist() == [False, False, True]
    assert table["futility_predictive_power"].iloc[1] < 0.2
    assert "non-binding" in design.conventions
    assert "OF" not in repr(design)
    assert "z 3.9286, 2.4387, 2.0000" in repr(design)


@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(st.floats(0.05, 1.0), min_size=1, max_size=4),
    alpha=st.floats(0.001, 0.2),
    rho=st.floats(0.3, 4.0),
)
def test_any_spending_function_spends_what_it_says(steps: list[float], alpha: float, rho: float) -> None:
    information = np.cumsum(steps)
    rule = spending("kim-demets", rho)
    design = group_sequential(alpha=alpha, information=information, efficacy=rule)
    np.testing.assert_allclose(design.alpha_spent, rule.spent(design.information, alpha), atol=2e-9)
