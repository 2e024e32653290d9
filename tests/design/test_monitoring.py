"""Interim and final readings: chances to come, repeated intervals and p values, inference after stopping."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from sim.design.integration import NormalPrior
from sim.design.monitoring import (
    conditional_error,
    conditional_power,
    final_inference,
    predictive_power,
    repeated_interval,
    repeated_p,
)
from sim.design.scales import hazard_ratio
from sim.design.sequential import GroupSequentialDesign, group_sequential
from sim.design.spending import obrien_fleming, pocock, spending
from sim.errors import EngraftError

LOOKS = (0.3, 0.7, 1.0)


@pytest.fixture(scope="module")
def design() -> GroupSequentialDesign:
    return group_sequential(alpha=0.025, information=LOOKS, efficacy=spending("obrien-fleming"), power=0.9)


def test_one_look_ahead_is_the_closed_form(design: GroupSequentialDesign) -> None:
    z, drift = 1.7, 3.1
    ahead = (design.efficacy[2] - z * np.sqrt(0.7) - 0.3 * drift) / np.sqrt(0.3)
    assert conditional_power(design, look=2, z=z, drift=drift) == pytest.approx(1.0 - ndtr(ahead), abs=1e-12)
    observed = z / np.sqrt(0.7)
    assert conditional_power(design, look=2, z=z, drift="observed") == pytest.approx(
        conditional_power(design, look=2, z=z, drift=observed), abs=1e-15
    )
    flat = (z * np.sqrt(0.7) - design.efficacy[2] * 0.7) / np.sqrt(0.3 * 0.7)
    assert predictive_power(design, look=2, z=z) == pytest.approx(ndtr(flat), abs=1e-10)


@pytest.mark.parametrize("drift", [0.0, 2.0, 3.3])
def test_conditional_power_averages_to_power(design: GroupSequentialDesign, drift: float) -> None:
    z = np.linspace(-8.0, design.efficacy[0], 1201)
    mean = drift * np.sqrt(0.3)
    density = np.exp(-0.5 * (z - mean) ** 2) / np.sqrt(2.0 * np.pi)
    ahead = np.array([conditional_power(design, look=1, z=float(value), drift=drift) for value in z[::40]])
    smooth = np.interp(z, z[::40], ahead)
    later = np.trapezoid(smooth * density, z)
    assert 1.0 - ndtr(design.efficacy[0] - mean) + later == pytest.approx(design.power_at(drift), abs=2e-3)


def test_a_certain_belief_is_a_fixed_drift(design: GroupSequentialDesign) -> None:
    sure = predictive_power(design, look=1, z=1.0, prior=NormalPrior(mean=3.0, information=1e8))
    assert sure == pytest.approx(conditional_power(design, look=1, z=1.0, drift=3.0), abs=1e-6)


def test_conditional_error_counts_on_futility_only_when_it_binds() -> None:
    options = {"alpha": 0.025, "information": LOOKS, "power": 0.9}
    rule = spending("obrien-fleming")
    free = group_sequential(**options, efficacy=rule, futility=rule)
    bound = group_sequential(**options, efficacy=rule, futility=rule, binding=True)
    plain = group_sequential(**options, efficacy=rule)
    assert conditional_error(free, look=1, z=1.0) == pytest.approx(conditional_error(plain, look=1, z=1.0), abs=1e-12)
    assert conditional_error(bound, look=1, z=1.0) == pytest.approx(
        conditional_power(bound, look=1, z=1.0, drift=0.0), abs=1e-12
    )
    assert conditional_power(free, look=1, z=1.0) < conditional_power(free, look=1, z=1.0, obey_futility=False)


@pytest.mark.parametrize("sided", [1, 2])
@pytest.mark.parametrize("rule", [spending("obrien-fleming"), spending("pocock"), obrien_fleming(), pocock()], ids=str)
def test_the_repeated_p_value_is_alpha_on_the_boundary(sided: int, rule) -> None:  # type: ignore[no-untyped-def]
    alpha = 0.025 * sided
    design = group_sequential(alpha=alpha, sided=sided, information=LOOKS, efficacy=rule)
    for look in (1, 2, 3):
        z = float(design.efficacy[look - 1])
        assert repeated_p(design, look=look, z=z) == pytest.approx(alpha, rel=1e-5)
        assert repeated_p(design, look=look, z=z + 0.1) < alpha < repeated_p(design, look=look, z=z - 0.1)


def test_repeated_p_values_of_a_design_at_observed_information_end_at_alpha(design: GroupSequentialDesign) -> None:
    for observed in ([0.35, 0.6, 0.9], [0.35, 0.8, 1.2]):
        read = design.at_observed(observed)
        for look in (1, 2, 3):
            assert repeated_p(read, look=look, z=float(read.efficacy[look - 1])) == pytest.approx(0.025, rel=1e-6)


def test_a_repeated_interval_excludes_no_effect_just_when_the_boundary_is_crossed(
    design: GroupSequentialDesign,
) -> None:
    for look in (1, 2, 3):
        for gap, outside in ((0.01, True), (-0.01, False)):
            z = float(design.efficacy[look - 1]) + gap
            found = repeated_interval(design, look=look, estimate=z * 0.4, std_error=0.4)
            assert (found.low > 0.0) is outside
            assert found.level == pytest.approx(0.95)


def test_stage_wise_p_is_alpha_at_the_last_boundary_and_falls_with_evidence(design: GroupSequentialDesign) -> None:
    last = final_inference(design, look=3, z=float(design.efficacy[2]))
    assert last.p_value == pytest.approx(0.025, abs=1e-8)
    assert last.low == pytest.approx(0.0, abs=1e-6)
    outcomes = [(3, 0.0), (3, 2.5), (2, 2.5), (2, 3.5), (1, 4.0)]
    p = [final_inference(design, look=look, z=z).p_value for look, z in outcomes]
    assert p == sorted(p, reverse=True)
    assert final_inference(design, look=1, z=4.0).p_value == pytest.approx(1.0 - ndtr(4.0), rel=1e-9)


def test_without_interim_looks_inference_is_the_usual_one() -> None:
    design = group_sequential(alpha=0.025, information=[1.0], efficacy=pocock())
    found = final_inference(design, look=1, z=2.3)
    assert found.estimate == pytest.approx(2.3, abs=1e-8)
    assert found.low == pytest.approx(2.3 - ndtri(0.975), abs=1e-8)
    assert found.high == pytest.approx(2.3 + ndtri(0.975), abs=1e-8)


def test_two_sided_and_binding_outcomes_are_mirror_images() -> None:
    two = group_sequential(alpha=0.05, sided=2, information=LOOKS, efficacy=pocock())
    up, down = final_inference(two, look=2, z=2.6), final_inference(two, look=2, z=-2.6)
    assert up.p_value + down.p_value == pytest.approx(1.0, abs=1e-9)
    assert up.estimate == pytest.approx(-down.estimate, abs=1e-7)
    bound = group_sequential(
        alpha=0.025, information=LOOKS, efficacy=pocock(), futility=spending("pocock"), binding=True, power=0.9
    )
    stopped = final_inference(bound, look=1, z=-0.5)
    assert stopped.p_value == pytest.approx(1.0 - ndtr(-0.5), abs=1e-9)


@pytest.mark.verify
def test_stage_wise_intervals_cover_and_estimates_are_median_unbiased() -> None:
    design = group_sequential(alpha=0.05, sided=2, information=LOOKS, efficacy=pocock(), power=0.9)
    generator = np.random.default_rng(20261121)
    drift, trials = 2.2, 500
    steps = generator.normal(size=(trials, 3)) * np.sqrt([0.3, 0.4, 0.3]) + drift * np.array([0.3, 0.4, 0.3])
    z = np.cumsum(steps, axis=1) / np.sqrt(LOOKS)
    covered = above = 0
    for row in z:
        stop = np.flatnonzero(np.abs(row) >= design.efficacy)
        look = int(stop[0]) + 1 if stop.size else 3
        found = final_inference(design, look=look, z=float(row[look - 1]))
        covered += found.low <= drift <= found.high
        above += found.estimate > drift
    assert abs(covered / trials - 0.95) < 3.0 * np.sqrt(0.95 * 0.05 / trials)
    assert abs(above / trials - 0.5) < 3.0 * np.sqrt(0.25 / trials)


def test_hazard_ratios_follow_schoenfeld() -> None:
    assert hazard_ratio(2.0, events=100.0)[0] == pytest.approx(np.exp(-2.0 * 2.0 / 10.0), rel=1e-12)
    assert hazard_ratio(2.0, events=100.0, null=1.3)[0] == pytest.approx(1.3 * np.exp(-0.4), rel=1e-12)
    np.testing.assert_allclose(
        hazard_ratio([1.0, -1.0], events=[90.0, 90.0], allocation=2.0),
        np.exp(np.array([-1.0, 1.0]) / np.sqrt(20.0)),
        rtol=1e-12,
    )


def test_looks_that_are_none_are_refused(design: GroupSequentialDesign) -> None:
    with pytest.raises(EngraftError, match="look: found 3; interim looks are numbered from 1 to 2"):
        conditional_power(design, look=3, z=1.0)
    with pytest.raises(EngraftError, match="look: found 0; looks are numbered from 1 to 3"):
        repeated_p(design, look=0, z=1.0)
    bare = group_sequential(alpha=0.025, information=LOOKS, efficacy=pocock())
    with pytest.raises(EngraftError, match="drift: the design was made without power"):
        conditional_power(bare, look=1, z=1.0)
