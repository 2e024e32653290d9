"""Type I error and power of every design family: its own exact integration against a million simulated statistics.

The registry `FAMILIES` names each family once. `exact` is what the design's integration says, `simulated` draws the
statistics and applies the boundaries, without that integration. They must agree within three Monte Carlo standard
errors; where only a bound is known, the simulated rate must not exceed it by more.
"""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from sim.design.spending import Shape, ShapeKind, Spending, SpendingKind
from tests.design.families_sequential import SEQUENTIAL, correlated_rates, sequential_rates
from tests.design.families_several import adaptive_rates, several_rates
from tests.design.family_rates import DRAWS, Rate

FAMILIES = [*sequential_rates(), *correlated_rates(), *adaptive_rates(), *several_rates()]


@pytest.mark.verify
@pytest.mark.parametrize("rate", FAMILIES, ids=[f"{rate.family}: {rate.what}" for rate in FAMILIES])
def test_a_million_draws_agree_with_the_exact_rate(rate: Rate) -> None:
    seed = [20261121, *(f"{rate.family}: {rate.what}".encode())]
    exact = rate.exact()
    observed = float(np.mean(rate.simulated(np.random.default_rng(seed))))
    reach = 3.0 * np.sqrt(exact * (1.0 - exact) / DRAWS)
    assert observed <= exact + reach
    if not rate.bound:
        assert observed >= exact - reach


def test_the_registry_covers_every_rule_once() -> None:
    names = [(rate.family, rate.what) for rate in FAMILIES]
    assert len(set(names)) == len(names)
    rules = [options["efficacy"] for options in SEQUENTIAL.values()]
    assert {rule.kind for rule in rules if isinstance(rule, Spending)} == set(get_args(SpendingKind))
    assert {rule.kind for rule in rules if isinstance(rule, Shape)} == set(get_args(ShapeKind))
    assert {rate.what for rate in FAMILIES} >= {"type I error", "power", "familywise error"}
