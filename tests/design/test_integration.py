"""Recursive integration: against the multivariate normal law, finer grids, close looks, and averages over beliefs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import multivariate_normal

from sim.design.integration import (
    NormalPrior,
    SubDensity,
    exit_probabilities,
    from_point,
    grid_size,
    simpson,
    standard_grid,
    start,
)

NONE = -np.inf


def correlation(information: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.minimum.outer(information, information) / np.maximum.outer(information, information)))


def test_the_grid_is_that_of_jennison_and_turnbull() -> None:
    grid = standard_grid(16)
    assert grid.size == 6 * 16 - 1
    assert grid[15] == -3.0
    assert grid[16 * 5 - 1] == 3.0
    assert grid[0] == pytest.approx(-3.0 - 4.0 * np.log(16.0), abs=1e-14)
    np.testing.assert_allclose(grid, -grid[::-1], atol=1e-14)


def test_simpsons_weights_integrate_cubics_exactly() -> None:
    points, weights = simpson((-1.3, 2.1), centre=0.2, scale=1.0, r=16)
    assert points[0] == -1.3
    assert points[-1] == 2.1
    assert weights @ points**3 == pytest.approx((2.1**4 - 1.3**4) / 4.0, abs=1e-12)


@pytest.mark.parametrize("drift", [0.0, 1.0, 3.0, -2.0])
def test_two_looks_equal_the_bivariate_normal_law(drift: float) -> None:
    information = np.array([0.4, 1.0])
    means = drift * np.sqrt(information)
    exits = exit_probabilities(information, np.array([2.4, 2.0]), np.array([0.3, 2.0]), sided=1, drift=drift)
    law = multivariate_normal(means, correlation(information), seed=1, maxpts=2_000_000, abseps=1e-7, releps=1e-7)
    within = law.cdf([2.4, 2.0], lower_limit=[0.3, -20.0])
    assert exits.efficacy[0] == pytest.approx(1.0 - ndtr(2.4 - means[0]), abs=1e-12)
    assert exits.futility[0] == pytest.approx(ndtr(0.3 - means[0]), abs=1e-12)
    assert exits.futility[1] == pytest.approx(within, abs=1e-8)


@pytest.mark.parametrize("drift", [0.0, 2.5])
def test_five_looks_equal_the_multivariate_normal_law(drift: float) -> None:
    information = np.array([0.15, 0.4, 0.55, 0.8, 1.0])
    upper = np.array([3.5, 2.9, 2.5, 2.2, 2.05])
    exits = exit_probabilities(information, upper, np.full(5, NONE), sided=2, drift=drift)
    law = multivariate_normal(
        drift * np.sqrt(information), correlation(information), seed=1, maxpts=2_000_000, abseps=1e-7, releps=1e-7
    )
    inside = law.cdf(upper, lower_limit=-upper)
    assert exits.futility[-1] == pytest.approx(inside, abs=3e-6)
    assert exits.stopping.sum() == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("looks", [2, 3, 5, 10, 20])
@pytest.mark.parametrize("drift", [0.0, 1.5, 4.0])
def test_twice_as_fine_a_grid_changes_nothing_that_counts(looks: int, drift: float) -> None:
    information = np.arange(1, looks + 1) / looks
    upper = 2.1 * information**-0.5
    lower = np.append(3.0 * np.sqrt(information[:-1]) - 2.0, upper[-1])
    size = grid_size(information)
    coarse = exit_probabilities(information, upper, lower, sided=1, drift=drift, r=size)
    fine = exit_probabilities(information, upper, lower, sided=1, drift=drift, r=2 * size)
    np.testing.assert_allclose(coarse.efficacy, fine.efficacy, atol=1e-7)
    np.testing.assert_allclose(coarse.futility, fine.futility, atol=1e-7)


def test_looks_one_per_cent_apart_keep_the_accuracy() -> None:
    information = np.array([0.5, 0.505, 1.0])
    upper = np.array([2.2, 2.2, 2.0])
    exits = exit_probabilities(information, upper, np.full(3, NONE), sided=1, drift=0.0)
    law = multivariate_normal(np.zeros(3), correlation(information), seed=1, maxpts=2_000_000, abseps=1e-7, releps=1e-7)
    assert exits.futility[-1] == pytest.approx(law.cdf(upper), abs=2e-6)


def test_an_inner_wedge_splits_the_paths() -> None:
    information = np.array([0.5, 1.0])
    exits = exit_probabilities(information, np.array([2.5, 2.0]), np.array([0.5, 2.0]), sided=2, drift=0.0)
    law = multivariate_normal(np.zeros(2), correlation(information), seed=1, maxpts=2_000_000, abseps=1e-7, releps=1e-7)
    upper_leg = law.cdf([2.5, 2.0], lower_limit=[0.5, -2.0])
    assert exits.futility[0] == pytest.approx(ndtr(0.5) - ndtr(-0.5), abs=1e-12)
    assert exits.futility[1] == pytest.approx(2.0 * upper_leg, abs=1e-8)
    assert exits.harm[1] == pytest.approx(exits.efficacy[1], abs=1e-12)


def test_paths_from_a_point_have_independent_increments() -> None:
    begin = from_point(1.2, 0.3)
    found = begin.above(1.9, information=1.0, drift=2.0)
    mean = (1.2 * np.sqrt(0.3) + 0.7 * 2.0) / 1.0
    assert found == pytest.approx(1.0 - ndtr((1.9 - mean) / np.sqrt(0.7)), abs=1e-14)


def test_a_belief_gives_the_average_over_it() -> None:
    information = np.array([0.3, 0.7, 1.0])
    upper, lower = np.array([3.9, 2.44, 2.0]), np.array([-0.95, 1.14, 2.0])
    prior = NormalPrior(mean=2.5, information=0.8)
    predicted = exit_probabilities(information, upper, lower, sided=1, drift=prior)
    steps = np.linspace(-8.0, 8.0, 161)
    weights = np.exp(-0.5 * steps**2)
    weights /= weights.sum()
    average = sum(
        weight * exit_probabilities(information, upper, lower, sided=1, drift=2.5 + step / np.sqrt(0.8)).efficacy
        for step, weight in zip(steps, weights, strict=True)
    )
    np.testing.assert_allclose(predicted.efficacy, average, atol=1e-7)


def test_before_the_first_look_all_paths_are_at_zero() -> None:
    begin = start()
    assert isinstance(begin, SubDensity)
    assert begin.total == 1.0
    assert begin.above(1.959964, information=0.2, drift=0.0) == pytest.approx(0.025, abs=1e-8)
