"""Power of each design against draws: of its statistic's law, of exact binomial outcomes, and of whole trials as data.

A share must lie within 3 Monte Carlo standard errors of the power that the design states; seeds are fixed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.design.config_run import design
from sim.design.exact import one_arm_power, rejection_region, two_arm_power
from sim.design.fixed import FixedSurvival
from sim.design.fixed_proportions import FixedProportions, fixed_proportions
from sim.design.moments import critical_value
from sim.design.proportions import difference_of_proportions
from sim.design.sequential_plan import SequentialSurvival
from sim.protocol.library import names
from sim.stats import batch
from tests.design import simulated_trials as simulated

pytestmark = pytest.mark.verify

DRAWS = 1_000_000
TRIALS = 5_000


def close(share: float, power: float, draws: int) -> bool:
    return abs(share - power) <= 3.0 * math.sqrt(power * (1.0 - power) / draws)


LOOKED = ("os-group-sequential", "efs-and-os", "late-effect-maxcombo", "mrd-single-arm")
FIXED = [name for name in names("design") if name not in LOOKED]
METHODS: list[dict[str, Any]] = [
    {"method": method} for method in ("schoenfeld", "freedman", "hsieh_freedman", "lachin_foulkes", "weighted")
] + [{"method": "lachin_foulkes_difference"}, {"method": "weighted", "gamma": 1.0}]


def rejected_draws(moments: Any, patients: float, alpha: float, sided: int, seed: int) -> float:
    """Share of draws of the statistic that exceed its critical value."""
    z = np.random.default_rng(seed).normal(math.sqrt(patients) * moments.effect, moments.sd, DRAWS)
    return float(np.mean(z > critical_value(alpha, sided) * moments.null_sd))


@pytest.mark.parametrize("name", FIXED)
def test_statistic_of_shipped_designs_rejects_as_often_as_stated(name: str) -> None:
    found = design(name).result
    if isinstance(found, FixedProportions):
        patients = np.array(found.arms, dtype=float)
        region = rejection_region(*found.arms, alpha=found.alpha, sided=found.sided)
        rng = np.random.default_rng(1)
        rows = rng.binomial(found.arms[0], found.control, DRAWS), rng.binomial(found.arms[1], found.treatment, DRAWS)
        assert patients.sum() > 0
        assert close(float(region[rows].mean()), found.power, DRAWS)
        return
    assert isinstance(found, FixedSurvival)
    moments = found.test.moments(found.course)
    patients_at_events = found.course.patients
    if found.test.event_driven and found.wanted is not None:
        patients_at_events *= found.events / sum(found.course.events())
    share = rejected_draws(moments, patients_at_events, found.alpha, found.sided, 2)
    assert close(share, found.power, DRAWS)
    if found.wanted is not None:
        assert found.power >= found.wanted


@pytest.mark.parametrize("options", METHODS, ids=str)
@pytest.mark.parametrize(("sided", "allocation"), [(1, 1.0), (2, 1.0), (1, 2.0)])
def test_statistic_of_each_log_rank_method_has_the_power(
    options: dict[str, Any], sided: int, allocation: float
) -> None:
    config = {
        "schema": "engraft/design/1",
        "title": "T",
        "alpha": 0.05,
        "sided": sided,
        "power": 0.85,
        "allocation": allocation,
        "survival": {
            "control": {"median": "12 months"},
            "treatment": {"hazard_ratio": 0.65},
            "accrual": {"time": "18 months"},
            "follow_up": "12 months",
            "dropout": {"control": {"share": 0.1, "by": "12 months"}},
            "test": {"log_rank": options},
        },
    }
    found = design(config).result
    share = rejected_draws(found.test.moments(found.course), found.exact_patients, 0.05, sided, 3)
    assert close(share, 0.85, DRAWS)


@pytest.mark.parametrize("method", ["fisher", "z_pooled"])
@pytest.mark.parametrize(("before", "after", "arms"), [(0.2, 0.5, (40, 40)), (0.6, 0.35, (50, 100))])
@pytest.mark.parametrize("sided", [1, 2])
def test_exact_tests_of_two_arms(method: Any, before: float, after: float, arms: tuple[int, int], sided: int) -> None:
    region = rejection_region(*arms, alpha=0.05, sided=sided, higher=after > before, test=method)
    rng = np.random.default_rng(4)
    share = region[rng.binomial(arms[0], before, DRAWS), rng.binomial(arms[1], after, DRAWS)].mean()
    assert close(float(share), two_arm_power(before, after, arms, alpha=0.05, sided=sided, test=method), DRAWS)
    for common in (0.05, 0.2, 0.5, 0.8):
        null = region[rng.binomial(arms[0], common, DRAWS), rng.binomial(arms[1], common, DRAWS)].mean()
        assert null <= 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / DRAWS)


def test_single_arm() -> None:
    found = one_arm_power(37, 0.5, 0.7, alpha=0.05)
    rng = np.random.default_rng(5)
    for proportion, expected in ((0.5, found.alpha), (0.7, found.power)):
        share = np.mean(rng.binomial(37, proportion, DRAWS) >= found.reject_from)
        assert close(float(share), expected, DRAWS)


@pytest.mark.parametrize(("method", "margin"), [("pooled", 0.0), ("unpooled", 0.0), ("arcsine", 0.0), ("pooled", 0.08)])
def test_normal_tests_of_proportions(method: Any, margin: float) -> None:
    after = 0.42 if margin else 0.55
    found = fixed_proportions(0.4, after, alpha=0.025, power=0.9, method=method, margin=margin)
    moments = difference_of_proportions(0.4, after, method=method, margin=margin)
    assert close(rejected_draws(moments, found.exact_patients, 0.025, 1, 6), 0.9, DRAWS)


def log_rank_z(seen: batch.Trials, **weights: float) -> np.ndarray:
    """Log-rank statistics, above 0 where the treatment does better."""
    return -np.asarray(batch.log_rank(seen, **weights).z)


def shares(found: FixedSurvival, z: np.ndarray) -> float:
    return float(np.mean(z > critical_value(found.alpha, found.sided)))


@pytest.mark.parametrize("name", ["os-schoenfeld", "efs-follow-up", "relapse-competing"])
def test_trials_as_data_reject_at_the_planned_events(name: str) -> None:
    found = design(name).result
    drawn = simulated.patients_of(found.course, TRIALS, seed=7)
    looks = drawn.time_of(round(found.events))
    z = log_rank_z(drawn.seen_at(looks))
    assert close(shares(found, z), found.power, TRIALS)
    spread = looks.std() / math.sqrt(TRIALS)
    # The mean time of event d is not the time at which d events are expected; they differ by the order of 1 / d.
    assert abs(looks.mean() - found.duration) <= 3.0 * spread + found.duration / found.events


def test_non_inferiority_as_data_by_the_margin() -> None:
    found = design("non-inferiority").result
    drawn = simulated.patients_of(found.course, TRIALS, seed=8)
    fitted = batch.cox(drawn.seen_at(drawn.time_of(round(found.events))))
    known = fitted.finite
    z = (math.log(1.3) - fitted.log_hazard_ratio[known]) / fitted.std_error[known]
    assert close(shares(found, z), found.power, TRIALS)


def test_cause_specific_hazards_as_data() -> None:
    plain = {
        "control": {"incidence": {"event": 0.3, "competing": 0.15, "at": "24 months"}},
        "treatment": {"hazard_ratio": 0.6},
        "accrual": {"time": "24 months"},
        "follow_up": "24 months",
    }
    found = design({"schema": "engraft/design/1", "title": "T", "alpha": 0.025, "power": 0.8, "survival": plain}).result
    drawn = simulated.patients_of(found.course, TRIALS, seed=14)
    z = log_rank_z(drawn.seen_at(drawn.time_of(round(found.events))))
    assert close(shares(found, z), found.power, TRIALS)


@pytest.mark.parametrize("gamma", [0.0, 1.0])
def test_late_effect_as_data(gamma: float) -> None:
    config = {
        "schema": "engraft/design/1",
        "title": "T",
        "alpha": 0.025,
        "power": 0.8,
        "survival": {
            "control": {"median": "14 months"},
            "treatment": {"hazard_ratio": {"ratios": [1.0, 0.5], "from": [0, "6 months"]}},
            "accrual": {"time": "24 months"},
            "follow_up": "18 months",
            "test": {"log_rank": {"method": "weighted", "gamma": gamma}},
        },
    }
    found = design(config).result
    drawn = simulated.patients_of(found.course, TRIALS, seed=9)
    looks = np.full(TRIALS, found.course.duration)
    z = log_rank_z(drawn.seen_at(looks), gamma=gamma)
    moments = found.test.moments(found.course)
    drift = math.sqrt(found.course.patients) * moments.effect
    # Under a late effect the statistic's variance is not that of the null hypothesis; its mean is what is checked.
    assert abs(z.mean() - drift) <= 3.0 * z.std() / math.sqrt(TRIALS) + 0.02 * drift
    assert abs(shares(found, z) - found.power) <= 0.02


def test_milestone_and_restricted_mean_as_data() -> None:
    found = design("cure-milestone").result
    drawn = simulated.patients_of(found.course, TRIALS, seed=10)
    arms = batch.milestone(drawn.seen_at(np.full(TRIALS, found.course.duration)), at=36.0)
    survival, error = arms.estimate, arms.std_error
    scaled = -np.log(-np.log(survival))
    spread = error / np.abs(survival * np.log(survival))
    z = (scaled[:, 1] - scaled[:, 0]) / np.hypot(spread[:, 0], spread[:, 1])
    assert close(shares(found, z), found.power, TRIALS)

    found = design("late-effect-rmst").result
    drawn = simulated.patients_of(found.course, TRIALS, seed=11)
    means = batch.rmst(drawn.seen_at(np.full(TRIALS, found.course.duration)), tau=36.0)
    assert close(shares(found, means.z), found.power, TRIALS)


def test_looks_as_data() -> None:
    plan = design("os-group-sequential").result
    assert isinstance(plan, SequentialSurvival)
    trials = 3_000
    drawn = simulated.patients_of(plan.fixed.course, trials, seed=12)
    going = np.ones(trials, dtype=bool)
    rejected, duration, events = np.zeros(trials, dtype=bool), np.zeros(trials), np.zeros(trials)
    for look, count in enumerate(plan.events):
        at = drawn.time_of(round(float(count)))
        z = log_rank_z(drawn.seen_at(at))
        last = look == plan.design.looks - 1
        crossed = z > plan.design.efficacy[look]
        stops = going & (crossed | (z < plan.design.futility[look]) | last)
        rejected |= going & crossed
        duration[stops], events[stops] = at[stops], count
        going &= ~stops
    stated = plan.characteristics()
    assert close(float(rejected.mean()), stated.power, trials)
    assert abs(events.mean() - (stated.expected_events or 0.0)) <= 3.0 * events.std() / math.sqrt(trials)
    assert abs(duration.mean() - (stated.expected_time or 0.0)) <= 3.0 * duration.std() / math.sqrt(trials) + 0.3


def test_assurance_is_the_mean_over_draws_of_the_effect() -> None:
    found = design("os-group-sequential")
    plan = found.result
    rng = np.random.default_rng(13)
    effects = rng.normal(-0.43, 0.2, 20_000)
    scale = math.sqrt(plan.fixed.events) / 2.0
    information = plan.design.information
    steps = np.sqrt(np.diff(np.concatenate(([0.0], information))))
    walks = np.cumsum(rng.standard_normal((effects.size, information.size)) * steps, axis=1)
    z = (walks + np.outer(-effects * scale, information)) / np.sqrt(information)
    lost = np.zeros(effects.size, dtype=bool)
    won = np.zeros(effects.size, dtype=bool)
    for look in range(information.size):
        won |= ~lost & (z[:, look] > plan.design.efficacy[look])
        lost |= ~won & (z[:, look] < plan.design.futility[look])
    assert close(float(won.mean()), float(found.tables["assurance"]["assurance"].iloc[0]), effects.size)


def test_the_quantile_that_draws_is_that_of_the_law() -> None:
    found = design("late-effect-rmst").result
    law = found.course.treatment.event
    assert law.survival(simulated.times_of(law, np.array([0.2, 0.5]))) == pytest.approx([0.8, 0.5], abs=1e-6)
