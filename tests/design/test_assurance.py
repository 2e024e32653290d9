"""Assurance and predictive power: between their limits, equal by every way to compute them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.design.assurance import (
    assurance_by_events,
    assurance_normal,
    assurance_of_sample,
    power_in_favour,
    predictive_power,
    predictive_power_of_sample,
)
from sim.design.logrank import power_by_events

HR = 0.7


def power_at(effect: float) -> float:
    return power_in_favour(math.exp(effect), 250.0, alpha=0.025, allocation=2.0)


def test_a_sure_prior_gives_power() -> None:
    sure = assurance_by_events(250.0, mean=math.log(HR), sd=1e-6, alpha=0.025, allocation=2.0)
    assert sure.probability == pytest.approx(power_by_events(250.0, HR, alpha=0.025, allocation=2.0), abs=1e-6)


def test_a_wide_prior_makes_a_good_design_less_sure_and_a_poor_one_more() -> None:
    for events, less in ((330.0, True), (60.0, False)):
        narrow, wide = (assurance_by_events(events, mean=math.log(HR), sd=sd, alpha=0.025) for sd in (0.01, 0.4))
        assert (wide.probability < narrow.probability) is less
        assert wide.probability < wide.benefit


def test_normal_prior_by_closed_form_quadrature_and_sample() -> None:
    closed = assurance_by_events(250.0, mean=math.log(HR), sd=0.25, alpha=0.025, allocation=2.0)
    by_nodes = assurance_normal(power_at, mean=math.log(HR), sd=0.25)
    assert by_nodes.probability == pytest.approx(closed.probability, abs=1e-9)
    draws = np.random.default_rng(1).normal(math.log(HR), 0.25, 20_000)
    sample = assurance_of_sample(power_at, draws)
    assert abs(sample.probability - closed.probability) <= 3.0 * sample.std_error
    assert sample.std_error < 0.003


def test_harm_is_not_counted_as_success() -> None:
    assert power_in_favour(1.5, 250.0, alpha=0.025) < 1e-4
    assert assurance_by_events(250.0, mean=math.log(1.5), sd=0.05, alpha=0.025).probability < 1e-3


def test_predictive_power_of_a_posterior_sample_is_that_of_its_normal_law() -> None:
    z, seen, planned = 1.3, 120.0, 260.0
    information = seen / 4.0
    belief = 1.0 / 0.3**2
    mean = (-z * math.sqrt(information) + belief * math.log(0.8)) / (information + belief)
    draws = np.random.default_rng(2).normal(mean, 1.0 / math.sqrt(information + belief), 200_000)
    common = {"events": seen, "planned_events": planned, "alpha": 0.025}
    exact = predictive_power(z, mean=math.log(0.8), sd=0.3, **common)
    assert predictive_power_of_sample(z, draws, **common) == pytest.approx(exact, abs=3e-3)
    prior = np.random.default_rng(3).normal(math.log(0.8), 0.3, 200_000)
    likelihood = np.exp(-0.5 * information * (prior + z / math.sqrt(information)) ** 2)
    assert predictive_power_of_sample(z, prior, weights=likelihood, **common) == pytest.approx(exact, abs=5e-3)


def test_predictive_power_ends_as_certainty() -> None:
    common = {"planned_events": 200.0, "alpha": 0.025}
    assert predictive_power(2.5, events=199.999, **common) > 0.999
    assert predictive_power(1.4, events=199.999, **common) < 0.001
