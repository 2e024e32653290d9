"""Group-sequential plans that cannot be: one error each, naming the field, what was found and what would be right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.design.sequential import group_sequential
from sim.design.spending import (
    fixed_bounds,
    haybittle_peto,
    obrien_fleming,
    pocock,
    spending,
    spending_by,
    user_spending,
    wang_tsiatis,
)
from sim.errors import EngraftError

GOOD: dict[str, Any] = {"alpha": 0.025, "information": [0.3, 0.7, 1.0], "efficacy": spending("pocock")}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"alpha": 0.0}, "alpha: found 0; it must lie between 0 and 1, neither included"),
        ({"alpha": 1.2}, "alpha: found 1.2; it must lie between 0 and 1, neither included"),
        ({"alpha": "5%"}, "alpha: found 5%; it must be a finite number"),
        ({"alpha": np.nan}, "alpha: found nan; it must be a finite number"),
        ({"sided": 3}, "sided: found 3; it must be 1 or 2"),
        ({"power": 1.0}, "power: found 1; it must lie between 0 and 1, neither included"),
        ({"power": 0.02}, "power: found 0.02; it must be above 0.025, what chance alone gives"),
        (
            {"information": [0.5, 0.3, 1.0]},
            "information: row 1 is 0.3, after 0.5; looks must be in order and information must increase",
        ),
        ({"information": [0.0, 1.0]}, "information: row 0 is 0; it must be above 0"),
        ({"information": []}, "information: found no rows; at least one is needed"),
        ({"information": [0.5, np.inf]}, "information: row 1 is inf; it must be a finite number"),
        (
            {"information": [0.5, 0.5001, 1.0]},
            "information: row 1 is 0.5001; a look must add at least 0.1% to the information before it",
        ),
        ({"information": np.arange(1, 102)}, "information: found 101 looks; at most 100 can be planned"),
        (
            {"efficacy": "pocock"},
            "efficacy: found pocock; it must be a spending function or a shape of boundaries",
        ),
        ({"efficacy": fixed_bounds([3.0])}, "efficacy: found 1 given boundaries; 3 looks need 2"),
        (
            {"efficacy": fixed_bounds([1.0, 1.0])},
            "efficacy: the boundaries before the last look spend more than alpha (0.025 on one side); raise them",
        ),
        (
            {"efficacy": user_spending([0.5, 1.0])},
            "spending: found 2 shares for 3 looks; user-defined spending gives one share a look",
        ),
        ({"efficacy_at": [2, 1]}, "efficacy_at: found 1 after 2; looks must be in order, each once"),
        ({"efficacy_at": [4]}, "efficacy_at: found 4; looks are numbered from 1 to 3"),
        ({"efficacy_at": 3}, "efficacy_at: found 3; give a list of looks, numbered from 1 to 3"),
        ({"futility_at": [1]}, "futility_at: given without futility; say by which rule the boundary is made"),
        (
            {"futility": spending("pocock")},
            "power: missing; spending of the type II error needs the power that is wanted",
        ),
        (
            {"futility": pocock(), "power": 0.9},
            "futility: found Pocock boundaries; it must be a spending function or values of z as given",
        ),
        ({"futility": fixed_bounds([0.0])}, "futility: found 1 given boundaries; 3 looks need 2"),
        (
            {"futility": fixed_bounds([0.0, 4.0])},
            "futility: at look 2 its boundary reaches the efficacy boundary (2.2583); spend less there, or lower it",
        ),
    ],
)
def test_a_plan_is_refused(change: dict[str, Any], text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        group_sequential(**{**GOOD, **change})
    assert str(caught.value) == text


def test_a_power_that_futility_forbids_is_refused() -> None:
    with pytest.raises(
        EngraftError,
        match=r"power: found 0\.9999999; it cannot be reached with these boundaries, however large the effect",
    ):
        group_sequential(
            alpha=0.025,
            information=[0.01, 1.0],
            efficacy=obrien_fleming(),
            futility=fixed_bounds([4.0]),
            power=0.9999999,
        )


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: spending("obrien"), 'spending: found "obrien"; did you mean "obrien-fleming"?'),
        (lambda: spending("pocock", 1.0), "spending: pocock takes no parameter; found 1.0"),
        (lambda: spending("kim-demets"), "rho: missing; it is the parameter of this family"),
        (lambda: spending("kim-demets", 0.0), "rho: found 0; it must be above 0"),
        (lambda: spending("hwang-shih-decani", np.nan), "gamma: found nan; it must be a finite number"),
        (lambda: user_spending([0.5, 0.3, 1.0]), "spending: row 1 is 0.3; cumulative shares must not decrease"),
        (lambda: user_spending([0.2, 0.9]), "spending: the last share is 0.9; the last look spends all: 1"),
        (lambda: user_spending([0.2, 1.2]), "spending: row 1 is 1.2; it must be a cumulative share from 0 to 1"),
        (lambda: wang_tsiatis(2.0), "delta: found 2; it must lie within -1 and 1"),
        (lambda: fixed_bounds(["high"]), "z: found high; it must be a finite number"),  # type: ignore[list-item]
        (lambda: haybittle_peto(-1.0), "z: found -1; the boundary before the last look lies between 0 and 10"),
    ],
)
def test_a_rule_is_refused(make: Any, text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        make()
    assert str(caught.value) == text


def test_functions_that_spend_wrongly_are_refused() -> None:
    for function, text in (
        (lambda t: 0.5 * t, "spending: the function gives 0.5 at fraction 1; it must give 1 there"),
        (lambda t: 1.0 - t, "a spending function must not decrease"),
        (lambda t: 2.0 * t, "a spending function gives shares of the error from 0 to 1"),
    ):
        with pytest.raises(EngraftError) as caught:
            group_sequential(**{**GOOD, "efficacy": spending_by(function)})
        assert text in str(caught.value)


def test_observed_information_that_cannot_be_is_refused() -> None:
    design = group_sequential(**GOOD)
    with pytest.raises(EngraftError, match=r"information: row 1 is 0.2, after 0.3"):
        design.at_observed([0.3, 0.2])
    with pytest.raises(EngraftError, match=r"final: found False, but the information 1.1 is not below the planned"):
        design.at_observed([0.3, 1.1], final=False)
    with pytest.raises(EngraftError, match=r'last_look: found "planned"; it must be "remaining"'):
        design.at_observed([0.3], last_look="planned")  # type: ignore[arg-type]
    shaped = group_sequential(**{**GOOD, "efficacy": pocock()})
    with pytest.raises(EngraftError, match="information: found 5 looks, but 3 were planned"):
        shaped.at_observed([0.1, 0.2, 0.3, 0.4, 0.5])


def test_characteristics_that_do_not_fit_are_refused() -> None:
    design = group_sequential(**GOOD)
    with pytest.raises(EngraftError, match="drift: missing; the design was made without power"):
        design.characteristics()
    with pytest.raises(EngraftError, match="patients: found 2 values; 3 looks need 3"):
        design.characteristics(1.0, patients=[10, 20])
    with pytest.raises(EngraftError, match="time: row 2 is 5; later looks cannot have less"):
        design.characteristics(1.0, time=[10, 20, 5])
