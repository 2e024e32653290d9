"""Correlated statistics over looks: boundaries against recursion, moments against fixed designs and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from sim.design.accrual import accrual
from sim.design.correlated import correlated_sequential
from sim.design.course import Arm, Course
from sim.design.curve_moments import milestone_difference, rmst_difference
from sim.design.laws import changed_hazard, exponential_from_median, weibull
from sim.design.look_moments import logrank_looks, milestone_looks, rmst_looks
from sim.design.paths import box_probability, factor
from sim.design.sequential import group_sequential
from sim.design.spending import Shape, Spending, haybittle_peto, obrien_fleming, pocock, spending
from sim.design.survival_moments import fleming_harrington, weighted_logrank
from sim.errors import EngraftError

LOOKS = np.array([0.3, 0.7, 1.0])
INDEPENDENT = np.sqrt(np.minimum.outer(LOOKS, LOOKS) / np.maximum.outer(LOOKS, LOOKS))
TIMES = [18.0, 27.0, 36.0]


@pytest.fixture(scope="module")
def course() -> Course:
    control = exponential_from_median(12.0)
    return Course(
        Arm(control, dropout=exponential_from_median(120.0)),
        Arm(changed_hazard(control, [1.0, 0.5], starts=[0.0, 4.0]), dropout=exponential_from_median(80.0)),
        accrual(time=24.0, rates=[6.0, 12.0], starts=[0.0, 6.0]),
        follow_up=12.0,
        allocation=1.5,
    )


@pytest.mark.parametrize("sided", [1, 2])
@pytest.mark.parametrize(
    "rule", [spending("obrien-fleming"), spending("pocock"), obrien_fleming(), pocock(), haybittle_peto()], ids=str
)
def test_independent_increments_give_the_boundaries_of_the_recursion(rule: Spending | Shape, sided: int) -> None:
    exact = group_sequential(alpha=0.025 * sided, sided=sided, information=LOOKS, efficacy=rule, power=0.9)
    found = correlated_sequential(
        alpha=0.025 * sided, sided=sided, correlation=INDEPENDENT, information=LOOKS, efficacy=rule
    )
    np.testing.assert_allclose(found.efficacy, exact.efficacy, atol=1e-5)
    assert found.error < 1e-6
    assert exact.drift is not None
    assert found.power_at(exact.drift * np.sqrt(LOOKS)) == pytest.approx(0.9, abs=1e-5)
    assert found.patients_for(0.1 * np.sqrt(LOOKS), power=0.9) == pytest.approx((exact.drift / 0.1) ** 2, rel=1e-4)


def test_looks_without_boundary_are_passed() -> None:
    rule = spending("pocock")
    exact = group_sequential(alpha=0.025, information=LOOKS, efficacy=rule, efficacy_at=[2, 3])
    found = correlated_sequential(
        alpha=0.025, correlation=INDEPENDENT, information=LOOKS, efficacy=rule, efficacy_at=[2, 3]
    )
    assert np.isinf(found.efficacy[0])
    np.testing.assert_allclose(found.efficacy[1:], exact.efficacy[1:], atol=1e-5)


def test_boxes_have_the_probability_of_the_normal_law() -> None:
    matrix = np.array([[1.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 1.0]])
    low, high = np.array([-1.0, -np.inf, 0.2]), np.array([0.5, 1.0, np.inf])
    found = box_probability(factor(matrix), low, high).mean()
    law = multivariate_normal(np.zeros(3), matrix, seed=1, maxpts=1_000_000, abseps=1e-8, releps=1e-8)
    assert found == pytest.approx(law.cdf(np.minimum(high, 20.0), lower_limit=np.maximum(low, -20.0)), abs=2e-6)


def test_a_statistic_that_repeats_another_adds_nothing() -> None:
    same = correlated_sequential(
        alpha=0.025,
        correlation=np.kron(INDEPENDENT, np.ones((2, 2))),
        information=LOOKS,
        statistics=2,
        efficacy=spending("pocock"),
    )
    one = group_sequential(alpha=0.025, information=LOOKS, efficacy=spending("pocock"))
    np.testing.assert_allclose(same.efficacy, one.efficacy, atol=2e-4)


def test_log_rank_moments_at_the_last_look_are_those_of_the_fixed_design(course: Course) -> None:
    for weight in (None, fleming_harrington(0.0, 1.0), fleming_harrington(1.0, 1.0)):
        moments = logrank_looks(course, TIMES, weights=[weight])
        assert moments.effect[-1, 0] == pytest.approx(weighted_logrank(course, weight).effect, rel=1e-8)
        information = moments.information
        independent = np.sqrt(np.minimum.outer(information, information) / np.maximum.outer(information, information))
        np.testing.assert_allclose(moments.correlation, independent, atol=1e-9)


def test_late_weights_have_less_information_early_than_events_say(course: Course) -> None:
    plain = logrank_looks(course, TIMES)
    late = logrank_looks(course, TIMES, weights=[fleming_harrington(0.0, 1.0)])
    early = logrank_looks(course, TIMES, weights=[fleming_harrington(1.0, 0.0)])
    share = plain.events / plain.events[-1]
    np.testing.assert_allclose(plain.information, share, atol=0.02)
    assert late.information[0] < 0.5 * share[0]
    assert early.information[0] > 1.05 * share[0]


def test_restricted_means_have_independent_increments_only_with_one_horizon(course: Course) -> None:
    fixed = rmst_looks(course, TIMES, until=10.0)
    np.testing.assert_allclose(fixed.correlation[:-1, -1], np.sqrt(fixed.information[:-1]), rtol=1e-9)
    growing = rmst_looks(course, TIMES, until=[10.0, 15.0, 20.0])
    assert growing.information[0] > 1.5  # a shorter horizon is known better: not an information fraction at all
    assert growing.correlation[0, -1] < 0.9
    moments = rmst_difference(course, until=20.0)
    assert growing.effect[-1, 0] == pytest.approx(moments.effect / moments.sd, rel=1e-8)


def test_milestones_have_independent_increments(course: Course) -> None:
    looks = milestone_looks(course, TIMES, time=12.0)
    np.testing.assert_allclose(looks.correlation[:-1, -1], np.sqrt(looks.information[:-1]), rtol=1e-9)
    moments = milestone_difference(course, time=12.0)
    assert looks.effect[-1, 0] == pytest.approx(moments.effect / moments.sd, rel=1e-8)


def test_maxcombo_costs_little_and_gains_where_effects_come_late(course: Course) -> None:
    weights = [None, fleming_harrington(0.0, 1.0)]
    both = logrank_looks(course, TIMES[1:], weights=weights)
    combined = correlated_sequential(
        alpha=0.025,
        correlation=both.correlation,
        information=both.information,
        statistics=2,
        efficacy=spending("obrien-fleming"),
    )
    plain = logrank_looks(course, TIMES[1:])
    alone = group_sequential(alpha=0.025, information=plain.information, efficacy=spending("obrien-fleming"), power=0.9)
    assert alone.efficacy[-1] < combined.efficacy[-1] < alone.efficacy[-1] + 0.25
    assert alone.drift is not None
    needed = (alone.drift / plain.effect[-1, 0]) ** 2
    assert combined.patients_for(both.effect, power=0.9) < needed


@pytest.mark.verify
def test_moments_are_those_of_simulated_trials() -> None:
    """1,500 trials of 400 patients: means and correlations of log-rank, late-weighted and RMST over two looks."""
    generator = np.random.default_rng(7)
    n, trials, looks, tau = 400, 1500, (14.0, 24.0), (6.0, 12.0)
    control, treatment = weibull(shape=1.2, median=8.0), weibull(shape=1.2, median=10.0)
    plan = Course(Arm(control), Arm(treatment), accrual(time=12.0, rates=[n / 12.0]), follow_up=12.0)
    weights = [None, fleming_harrington(0.0, 1.0)]
    expected = logrank_looks(plan, looks, weights=weights)
    mean_expected = rmst_looks(plan, looks, until=tau)
    found = np.empty((trials, 4))
    restricted = np.empty((trials, 2))
    for trial in range(trials):
        arm = np.arange(n) % 2
        entry = generator.uniform(0.0, 12.0, n)
        scale = np.where(arm == 1, treatment.scale, control.scale)
        time = scale * generator.weibull(1.2, n)
        for look, calendar in enumerate(looks):
            here = entry < calendar
            seen = np.minimum(time, calendar - entry)[here]
            event = (time <= calendar - entry)[here]
            found[trial, 2 * look : 2 * look + 2] = _log_rank(seen, event, arm[here])
            restricted[trial, look] = _restricted(seen, event, arm[here], tau[look])
    near = 4.0 / np.sqrt(trials)
    np.testing.assert_allclose(found.mean(axis=0), np.sqrt(n) * expected.effect.ravel(), atol=near + 0.08)
    np.testing.assert_allclose(np.corrcoef(found.T), expected.correlation, atol=near)
    np.testing.assert_allclose(np.corrcoef(restricted.T), mean_expected.correlation, atol=near)
    np.testing.assert_allclose(restricted.mean(axis=0), np.sqrt(n) * mean_expected.effect.ravel(), atol=near + 0.08)


def _log_rank(time: np.ndarray, event: np.ndarray, arm: np.ndarray) -> tuple[float, float]:
    """Standardised log-rank and late-weighted statistics of one data set, without ties."""
    order = np.argsort(time)
    died, treated = event[order].astype(float), (arm[order] == 1).astype(float)
    at_risk = np.arange(len(order), 0, -1)
    treated_at_risk = np.cumsum(treated[::-1])[::-1]
    survival = np.concatenate(([1.0], np.cumprod(1.0 - died / at_risk)[:-1]))
    share = treated_at_risk / at_risk
    result = []
    for weight in (np.ones(len(order)), 1.0 - survival):
        score = np.sum(weight * died * (share - treated))
        result.append(score / np.sqrt(np.sum(weight**2 * died * share * (1.0 - share))))
    return result[0], result[1]


def _restricted(time: np.ndarray, event: np.ndarray, arm: np.ndarray, tau: float) -> float:
    """Standardised difference of restricted means of one data set."""
    means, variance = [], 0.0
    for which in (0, 1):
        order = np.argsort(time[arm == which])
        at, died = time[arm == which][order], event[arm == which][order].astype(float)
        at_risk = np.arange(len(at), 0, -1)
        survival = np.cumprod(1.0 - died / at_risk)
        inside = at < tau
        steps = np.diff(np.concatenate(([0.0], at[inside], [tau])))
        areas = steps * np.concatenate(([1.0], survival[inside]))
        means.append(areas.sum())
        remaining = areas.sum() - np.cumsum(areas)[:-1]
        variance += np.sum(remaining**2 * died[inside] / at_risk[inside] ** 2)
    return float((means[1] - means[0]) / np.sqrt(variance))


@pytest.mark.parametrize(
    ("matrix", "text"),
    [
        ([[1.0, 0.9, 0.1], [0.9, 1.0, 0.9], [0.1, 0.9, 1.0]], "correlation: its smallest eigenvalue is"),
        ([[1.0, 0.5], [0.5, 1.0]], "correlation: found 2 rows; 3 looks with 1 statistics each need 3"),
        ([[1.0, 0.5, 0.2], [0.4, 1.0, 0.2], [0.2, 0.2, 1.0]], "row 0, column 1 is 0.5, but row 1, column 0 is 0.4"),
        ([[1.0, 0.5], [0.5]], "correlation: it must be a square table of numbers"),
        (np.zeros((3, 3)), "correlation: row 0 has variance 0; it must be above 0"),
        (np.full((3, 3), np.nan), "correlation: found a missing or infinite entry"),
    ],
)
def test_matrices_that_are_no_covariance_are_refused(matrix: list[list[float]], text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        correlated_sequential(alpha=0.025, correlation=matrix, information=LOOKS, efficacy=pocock())
    assert text in str(caught.value)


def test_looks_that_cannot_be_are_refused(course: Course) -> None:
    with pytest.raises(EngraftError, match="times: row 1 is 18; looks must be in order of time"):
        logrank_looks(course, [18.0, 18.0])
    with pytest.raises(
        EngraftError, match="until: found 30 at look 1; nobody is followed for so long without an event by then"
    ):
        rmst_looks(course, TIMES, until=30.0)
    with pytest.raises(EngraftError, match="until: row 1 is 5; it must not decrease over looks"):
        rmst_looks(course, TIMES, until=[10.0, 5.0, 20.0])
    with pytest.raises(EngraftError, match="sided: found 2; the largest of several statistics is tested one-sided"):
        correlated_sequential(
            alpha=0.05, sided=2, correlation=np.eye(2), information=[1.0], statistics=2, efficacy=pocock()
        )
