"""Adaptive designs: combined stages, conditional rejection, cohorts of patients and closed tests over stages."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from sim.design.adaptive import (
    adaptive_closed_test,
    combination_test,
    inverse_normal,
    planned_weights,
    redesigned,
    survival_stages,
)
from sim.design.monitoring import conditional_error
from sim.design.sequential import group_sequential
from sim.design.spending import obrien_fleming, pocock, spending
from sim.errors import EngraftError

PLAN = group_sequential(alpha=0.025, information=[0.3, 0.7, 1.0], efficacy=spending("pocock"), power=0.9)


def test_with_the_planned_stages_the_combination_is_the_plain_statistic() -> None:
    z = np.array([0.4, 1.1, 2.6])
    steps = np.diff(z * np.sqrt(PLAN.information), prepend=0.0) / planned_weights(PLAN)
    np.testing.assert_allclose(inverse_normal(ndtr(-steps), weights=planned_weights(PLAN)), z, atol=1e-12)
    result = combination_test(PLAN, ndtr(-steps))
    assert result.rejected_at == 3
    assert combination_test(PLAN, [0.001]).rejected_at == 1
    assert combination_test(PLAN, [0.3, 0.3]).rejected_at is None


def test_the_rest_of_an_unchanged_plan_decides_as_the_plan_does() -> None:
    two = group_sequential(alpha=0.025, information=[0.4, 1.0], efficacy=pocock())
    for first in (-0.5, 1.0, 2.0):
        rest = redesigned(two, look=1, z=first, efficacy=obrien_fleming())
        for second in (0.0, 1.5, 2.0, 3.0):
            whole = np.sqrt(0.4) * first + np.sqrt(0.6) * second
            assert (second >= rest.efficacy[0]) == (whole >= two.efficacy[1])
        assert rest.alpha == pytest.approx(conditional_error(two, look=1, z=first), abs=1e-12)


def test_more_looks_may_be_put_into_what_is_left() -> None:
    rest = redesigned(PLAN, look=1, z=1.2, information=[0.5, 1.0], efficacy=spending("obrien-fleming"), power=0.8)
    assert rest.alpha_spent[-1] == pytest.approx(conditional_error(PLAN, look=1, z=1.2), abs=1e-9)
    assert rest.looks == 2


def test_cohorts_decide_alike_by_combination_and_by_the_level_left() -> None:
    stages = survival_stages(alpha=0.025, events=[120.0, 180.0])
    for first in (0.4, 0.1, 0.01, 0.001):
        left = stages.level_left(first)
        assert stages.rejected(first, left * 0.999)
        assert not stages.rejected(first, left * 1.001)
    assert stages.power(0.0) == pytest.approx(0.025, abs=1e-9)
    assert stages.power(np.log(0.7), events=[120.0, 400.0]) > stages.power(np.log(0.7))
    assert "followed until their planned number of events" in stages.conventions


def test_a_dropped_hypothesis_is_not_rejected_and_still_counts_in_the_intersection() -> None:
    weights = [1.0, 1.0]
    both = adaptive_closed_test([0.02, 0.05], [0.01, 0.02], weights=weights, alpha=0.025)
    dropped = adaptive_closed_test([0.02, 0.05], [0.01, np.nan], weights=weights, alpha=0.025)
    assert both.rejected == (True, True)
    assert dropped.rejected == (True, False)
    alone = ndtr(-(ndtri(0.98) + ndtri(0.99)) / np.sqrt(2.0))
    assert dropped.adjusted_p[0] > alone  # the intersection was tested with both in the first stage
    first = ndtr(-(-ndtri(0.04) - ndtri(0.01)) / np.sqrt(2.0))
    assert dropped.adjusted_p[0] == pytest.approx(max(alone, first), abs=1e-12)


def test_one_hypothesis_is_plain_combination() -> None:
    found = adaptive_closed_test([0.05], [0.03], weights=[0.6, 0.8], alpha=0.025)
    z = inverse_normal([0.05, 0.03], weights=[0.6, 0.8])[-1]
    assert found.adjusted_p[0] == pytest.approx(ndtr(-z), abs=1e-14)


def test_what_cannot_be_combined_is_refused() -> None:
    with pytest.raises(EngraftError, match="weights: row 1 is 0; it must be above 0"):
        inverse_normal([0.1, 0.2], weights=[1.0, 0.0])
    with pytest.raises(EngraftError, match="p: found 3 stages; weights were fixed for 2"):
        inverse_normal([0.1, 0.2, 0.3], weights=[1.0, 1.0])
    two_sided = group_sequential(alpha=0.05, sided=2, information=[0.5, 1.0], efficacy=pocock())
    with pytest.raises(EngraftError, match="design: found a two-sided one; stages are combined one-sided"):
        combination_test(two_sided, [0.1])
    with pytest.raises(EngraftError, match="events: found 1 values; give those of the first and of the second cohort"):
        survival_stages(alpha=0.025, events=[100.0])
    with pytest.raises(EngraftError, match='intersection: found "fisher"; it must be one of simes'):
        adaptive_closed_test([0.1], [0.1], weights=[1, 1], alpha=0.025, intersection="fisher")  # type: ignore[arg-type]
    with pytest.raises(EngraftError, match=r"z: found -40; the error left is 6.74e-198, and no design can have it"):
        redesigned(PLAN, look=1, z=-40.0, efficacy=pocock())
