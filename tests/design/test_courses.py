"""Laws and trials: closed forms equal quadrature and known integrals; solving one quantity gives back the others."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.design.accrual import accrual
from sim.design.course import Arm, Course
from sim.design.exact import rejection_region, two_arm_power
from sim.design.fixed import fixed_survival
from sim.design.laws import (
    NEVER,
    ChangedHazard,
    changed_hazard,
    exponential,
    exponential_from_survival,
    mixture_cure,
    piecewise_exponential,
    weibull,
)
from sim.design.logrank import drift_of_an_event, events_for, hazard_ratio_for
from sim.design.moments import power_of, round_up, whole_arms
from sim.design.proportions import restricted_proportions
from sim.design.quadrature import time_grid
from sim.design.solving import course_power, for_accrual_time, for_follow_up, for_hazard_ratio, for_patients
from sim.design.survival_tests import LogRank, Milestone, RestrictedMean, SurvivalTest

LAWS = [
    exponential(0.07),
    piecewise_exponential([0, 3, 9], [0.1, 0.0, 0.04]),
    weibull(shape=0.6, scale=20.0),
    weibull(shape=2.5, median=15.0),
    mixture_cure(0.35, weibull(shape=1.4, scale=8.0)),
    ChangedHazard(weibull(shape=0.8, scale=12.0), (0.0, 5.0), (1.5, 0.5)),
]


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_hazard_integrates_to_minus_log_survival(law) -> None:
    for time in (0.5, 4.0, 30.0):
        grid = time_grid(time, law.knots)
        assert grid.integral(law.hazard(grid.times)) == pytest.approx(-math.log(float(law.survival(time))), rel=1e-9)


def test_running_integrals_end_at_the_integral() -> None:
    grid = time_grid(7.0, (2.0, 5.0))
    values = np.exp(-0.3 * grid.times)
    running = grid.running_integral(values)
    assert running == pytest.approx((1.0 - np.exp(-0.3 * grid.times)) / 0.3, abs=1e-13)


def rounded(most: float) -> st.SearchStrategy[float]:
    """Hazards of a size that is one: none so small that it is refused."""
    return st.floats(0.0, most).map(lambda value: round(value, 12))


@settings(max_examples=60, deadline=None)
@given(
    hazards=st.lists(rounded(0.5), min_size=1, max_size=4),
    dropout=rounded(0.2),
    ratio=st.floats(0.2, 3.0),
    rates=st.lists(st.floats(0.1, 20.0), min_size=1, max_size=3),
    follow_up=st.floats(0.0, 40.0),
)
def test_closed_form_of_events_is_the_quadrature(hazards, dropout, ratio, rates, follow_up) -> None:
    law = piecewise_exponential([4.0 * step for step in range(len(hazards))], hazards)
    wrapped = ChangedHazard(law, (0.0,), (1.0,))
    plan = accrual(time=11.0, rates=rates, starts=[3.0 * step for step in range(len(rates))])
    lost = exponential(dropout)
    closed = Course(Arm(law, lost), Arm(changed_hazard(law, ratio), lost), plan, follow_up)
    plain = Course(Arm(wrapped, lost), Arm(ChangedHazard(wrapped, (0.0,), (ratio,)), lost), plan, follow_up)
    for time in (1.0, 6.0, 11.0 + follow_up):
        assert closed.events(time) == pytest.approx(plain.events(time), rel=1e-9, abs=1e-12)


def test_events_grow_with_time_up_to_what_dropout_leaves() -> None:
    course = Course(Arm(exponential(0.1), exponential(0.1)), Arm(exponential(0.1)), accrual(time=10, rates=10), 5.0)
    seen = [sum(course.events(time)) for time in (0, 2, 5, 10, 20, 100)]
    assert seen[0] == 0.0
    assert (np.diff(seen) > 0).all()
    assert course.latest_events() == pytest.approx(50 * 0.5 + 50)


def test_a_stopped_accrual_enters_nobody_later() -> None:
    plan = accrual(time=10, rates=(1, 3), starts=(0, 4))
    assert plan.patients == 22
    assert plan.entered([2, 6, 10, 50]).tolist() == [2, 10, 22, 22]
    assert plan.until(20).patients == 52


TESTS: list[SurvivalTest] = [
    LogRank(),
    LogRank("freedman"),
    LogRank("hsieh_freedman"),
    LogRank("lachin_foulkes"),
    LogRank("weighted"),
    LogRank("weighted", gamma=1.0),
    Milestone(18.0, "log_log"),
    RestrictedMean(20.0),
]


def trial(ratio: float = 0.6, *, follow_up: float = 12.0, time: float = 18.0, rate: float = 20.0) -> Course:
    law = weibull(shape=0.9, median=14.0)
    lost = exponential_from_survival(0.95, time=12.0)
    return Course(Arm(law, lost), Arm(changed_hazard(law, ratio), lost), accrual(time=time, rates=rate), follow_up, 1.5)


@pytest.mark.parametrize("test", TESTS, ids=lambda test: f"{test.name} {getattr(test, 'method', '')}")
def test_every_quantity_solved_for_has_the_power(test: SurvivalTest) -> None:
    errors = {"alpha": 0.05, "power": 0.87, "sided": 2}
    solved = [
        for_patients(trial(), test, **errors),
        for_accrual_time(trial(rate=9.0), test, **errors),
        for_follow_up(trial(rate=14.0 if test.event_driven else 20.0), test, **errors),
    ]
    solved.append(trial(for_hazard_ratio(trial, test, **errors)))
    for course in solved:
        assert course_power(course, test, alpha=0.05, sided=2) == pytest.approx(0.87, abs=1e-9)


@pytest.mark.parametrize("test", TESTS, ids=lambda test: f"{test.name} {getattr(test, 'method', '')}")
def test_rounding_up_never_loses_power(test: SurvivalTest) -> None:
    found = fixed_survival(trial(), test, alpha=0.025, power=0.8)
    assert found.power >= 0.8
    assert sum(found.arms) - found.exact_patients < 2.0
    assert found.power < 0.83


def test_scale_of_time_changes_no_number_of_patients() -> None:
    law = weibull(shape=0.9, median=14.0 * 30.4375)
    days = Course(Arm(law), Arm(changed_hazard(law, 0.6)), accrual(time=18 * 30.4375), 12 * 30.4375)
    months_law = weibull(shape=0.9, median=14.0)
    months = Course(Arm(months_law), Arm(changed_hazard(months_law, 0.6)), accrual(time=18), 12)
    for test in (LogRank(), LogRank("weighted"), LogRank("lachin_foulkes")):
        sizes = [for_patients(course, test, alpha=0.025, power=0.9).patients for course in (days, months)]
        assert sizes[0] == pytest.approx(sizes[1], rel=1e-10)


@given(ratio=st.floats(0.3, 0.95), allocation=st.floats(0.3, 3.0), power=st.floats(0.6, 0.97))
def test_effect_is_the_inverse_of_events(ratio: float, allocation: float, power: float) -> None:
    for method in ("schoenfeld", "freedman", "hsieh_freedman"):
        events = events_for(ratio, alpha=0.025, power=power, allocation=allocation, method=method)
        back = hazard_ratio_for(events, alpha=0.025, power=power, allocation=allocation, method=method)
        assert back == pytest.approx(ratio, rel=1e-9)


def test_near_one_all_formulas_for_events_agree() -> None:
    drifts = [drift_of_an_event(0.999, allocation=1.0, method=m) for m in ("schoenfeld", "freedman", "hsieh_freedman")]
    assert drifts == pytest.approx([drifts[0]] * 3, rel=1e-6)


def test_limits_agree_with_schoenfeld_near_one() -> None:
    course = trial(0.98)
    sizes = [for_patients(course, test, alpha=0.025, power=0.8).patients for test in (LogRank(), LogRank("weighted"))]
    assert sizes[0] == pytest.approx(sizes[1], rel=5e-3)


@given(
    control=st.floats(0.05, 0.95),
    treatment=st.floats(0.05, 0.95),
    difference=st.floats(-0.3, 0.3),
    allocation=st.floats(0.3, 3.0),
)
def test_restricted_proportions_maximise_the_likelihood(control, treatment, difference, allocation) -> None:
    after, before = restricted_proportions(treatment, control, difference, allocation)
    assert after - before == pytest.approx(difference, abs=1e-9)
    assert -1e-9 <= before <= 1 + 1e-9
    assert -1e-9 <= after <= 1 + 1e-9

    def likelihood(p: float) -> float:
        q = p - difference
        if not (0.0 < p < 1.0 and 0.0 < q < 1.0):
            return -math.inf
        arm = allocation * (treatment * math.log(p) + (1 - treatment) * math.log(1 - p))
        return arm + control * math.log(q) + (1 - control) * math.log(1 - q)

    best = likelihood(min(max(after, 1e-12), 1 - 1e-12))
    for step in (-1e-3, 1e-3):
        assert likelihood(after + step) <= best + 1e-9


def test_fisher_rejects_where_its_p_value_says() -> None:
    region = rejection_region(12, 15, alpha=0.025)
    from scipy.stats import fisher_exact

    for control, treatment in ((0, 6), (2, 10), (3, 9), (6, 14), (5, 5)):
        table = [[treatment, 15 - treatment], [control, 12 - control]]
        assert region[control, treatment] == (fisher_exact(table, alternative="greater").pvalue <= 0.025)


def test_unconditional_test_keeps_its_level_and_gains_power() -> None:
    arms = (30, 30)
    region = rejection_region(*arms, alpha=0.025, test="z_pooled")
    from scipy.stats import binom

    for common in np.linspace(0.01, 0.99, 99):
        law = binom.pmf(np.arange(31), 30, common)
        assert law @ region @ law <= 0.025 + 1e-9
    assert two_arm_power(0.3, 0.65, arms, alpha=0.025, test="z_pooled") > two_arm_power(0.3, 0.65, arms, alpha=0.025)


def test_whole_numbers_stay_and_others_go_up() -> None:
    assert [round_up(value) for value in (87.4793, 88.0, 88.0 + 1e-12, 0.2)] == [88, 88, 88, 1]
    assert whole_arms(100.0, 2.0) == (34, 67)


def test_two_sided_power_at_half_the_level_is_one_sided() -> None:
    moments = LogRank().moments(trial())
    assert power_of(moments, 300, alpha=0.05, sided=2) == power_of(moments, 300, alpha=0.025)


def test_nobody_has_an_event_that_never_comes() -> None:
    course = Course(Arm(NEVER), Arm(NEVER), accrual(time=3), 3.0)
    assert course.events() == (0.0, 0.0)
