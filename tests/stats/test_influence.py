"""Influence values against a weighted estimator written out plainly, closed forms, and the variances of the curves."""

from __future__ import annotations

import numpy as np
import pytest

from sim.stats import aalen_johansen, kaplan_meier, paired_difference, unpaired_difference
from sim.stats.influence import incidence_influence

TIMES = [2.0, 5.0, 9.0]
TAU = 9.0


def cohort(n, seed, truncated):
    """Tied times, three causes of leaving, and entry before each time."""
    random = np.random.default_rng(seed)
    time = random.integers(1, 14, n).astype(float)
    cause = random.integers(0, 3, n)
    entry = np.where(random.random(n) < 0.4, random.random(n) * time * 0.9, -np.inf) if truncated else None
    return time, cause, entry


def weighted(time, cause, entry, weight):
    """Incidence of cause 1 at TIMES and its integral to TAU with weights on the patients, by the definition."""
    entry = np.full(time.size, -np.inf) if entry is None else entry
    survival, incidence = 1.0, 0.0
    steps = [(0.0, 0.0)]
    for moment in np.unique(time):
        at_risk = weight[(entry < moment) & (time >= moment)].sum()
        here = time == moment
        incidence += survival * weight[here & (cause == 1)].sum() / at_risk
        survival *= 1 - weight[here & (cause > 0)].sum() / at_risk
        steps.append((moment, incidence))
    read = [max(step for step in steps if step[0] <= asked)[1] for asked in TIMES]
    ends = [min(moment, TAU) for moment, _ in steps[1:]] + [TAU]
    area = sum(level * max(end - moment, 0.0) for (moment, level), end in zip(steps, ends, strict=True))
    return np.array([*read, area])


@pytest.mark.parametrize("truncated", [False, True])
def test_values_are_the_derivatives_of_the_weighted_estimate(truncated):
    time, cause, entry = cohort(60, 3, truncated)
    found = incidence_influence(time, cause, times=TIMES, restricted_to=TAU, entry=entry)
    ones = np.ones(60)
    assert found.estimate == pytest.approx(weighted(time, cause, entry, ones), abs=1e-12)
    step = 1e-6
    for patient in range(60):
        nudge = step * np.eye(60)[patient]
        slope = (weighted(time, cause, entry, ones + nudge) - weighted(time, cause, entry, ones - nudge)) / (2 * step)
        assert found.values[:, patient] == pytest.approx(slope, abs=1e-8)
    assert found.values.sum(axis=1) == pytest.approx(np.zeros(4), abs=1e-10)


def test_sums_of_squares_are_the_variances_of_the_curves():
    time, cause, _ = cohort(200, 4, truncated=False)
    found = incidence_influence(time, cause, times=TIMES, restricted_to=TAU)
    curve = aalen_johansen(time, cause).at(TIMES)
    assert found.estimate[:3] == pytest.approx(curve.cumulative_incidence[:, 0], rel=1e-12)
    assert np.sqrt((found.values[:3] ** 2).sum(axis=1)) == pytest.approx(curve.std_error[:, 0], rel=1e-10)
    alone = incidence_influence(time, cause > 0, times=TIMES, restricted_to=TAU)
    survival = kaplan_meier(time, cause > 0).at(TIMES)
    assert alone.estimate[:3] == pytest.approx(1 - survival.survival, rel=1e-12)
    assert np.sqrt((alone.values[:3] ** 2).sum(axis=1)) == pytest.approx(survival.std_error, rel=1e-10)


def test_without_censoring_pseudo_values_are_what_was_seen():
    time = np.array([1.0, 3.0, 3.0, 6.0, 7.0, 12.0])
    found = incidence_influence(time, np.ones(6), times=[3.0, 7.0], restricted_to=7.0)
    assert found.pseudo_values(0) == pytest.approx([1, 1, 1, 0, 0, 0], abs=1e-12)
    assert found.pseudo_values(1) == pytest.approx([1, 1, 1, 1, 1, 0], abs=1e-12)
    assert found.pseudo_values(2) == pytest.approx(7.0 - np.minimum(time, 7.0), abs=1e-12)


def test_patients_who_are_no_members_have_no_influence():
    time = np.array([1.0, 3.0, 6.0])
    found = incidence_influence(time, np.ones(3), times=[3.0], restricted_to=5.0)
    spread = found.pseudo_values(0, rows=np.array([0, 2, 4]), n=5)
    assert spread[[1, 3]] == pytest.approx([2 / 3, 2 / 3])
    assert spread.mean() == pytest.approx(2 / 3)


def test_past_the_last_time_an_estimate_is_missing_unless_everyone_has_left_by_an_event():
    censored = incidence_influence([1.0, 4.0], [1, 0], times=[2.0, 5.0], restricted_to=5.0)
    assert np.isnan(censored.estimate).tolist() == [False, True, True]
    ended = incidence_influence([1.0, 4.0], [1, 1], times=[2.0, 5.0], restricted_to=5.0)
    assert ended.estimate.tolist() == [0.5, 1.0, (4.0 + 1.0) / 2]


def test_paired_and_unpaired_errors_against_closed_forms():
    """Two arms of 50,000 exponential lifetimes that share their luck: T and T / 1.5, milestone 1."""
    n, ratio = 50_000, 1.5
    luck = -np.log(np.random.default_rng(5).random(n))
    one = incidence_influence(luck, np.ones(n), times=[1.0], restricted_to=1.0)
    two = incidence_influence(luck / ratio, np.ones(n), times=[1.0], restricted_to=1.0)
    p, q = 1 - np.exp(-1.0), 1 - np.exp(-ratio)
    paired = paired_difference(two.pseudo_values(0), one.pseudo_values(0))
    unpaired = unpaired_difference(two.pseudo_values(0), one.pseudo_values(0))
    assert paired.estimate == pytest.approx(unpaired.estimate, abs=1e-12)
    # Everyone with an event in the slower arm has it in the faster one: the difference is a share of n, binomial.
    share = q - p
    exact = np.sqrt(share * (1 - share) / n)
    assert abs(paired.estimate - share) < 4 * exact
    assert paired.mc_se == pytest.approx(exact, rel=0.02)  # sd of the estimated error is about 0.6 %
    assert unpaired.mc_se == pytest.approx(np.sqrt((p * (1 - p) + q * (1 - q)) / n), rel=0.01)
