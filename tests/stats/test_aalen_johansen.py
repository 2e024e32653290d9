"""Aalen-Johansen: published values, its ties to Kaplan-Meier, a step-by-step oracle, properties, and coverage."""

from __future__ import annotations

import time as clock
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.stats import AalenJohansen, aalen_johansen, kaplan_meier

TIES_TIME, TIES_CAUSE = [1, 1, 1, 2, 2, 3, 3, 4], [1, 2, 0, 1, 2, 1, 0, 2]


def rows(curves: AalenJohansen) -> list[bytes]:
    names = "time at_risk events censored survival cumulative_incidence std_error ci_low ci_high"
    return [getattr(curves, name).tobytes() for name in names.split()]


@st.composite
def samples(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time, cause (0 to 3) and entry on a grid of quarters, so that ties of all kinds are common."""
    size = draw(st.integers(1, 25))
    quarters = draw(st.lists(st.integers(0, 12), min_size=size, max_size=size))
    cause = draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    wait = draw(st.lists(st.integers(1, 12), min_size=size, max_size=size))
    time = np.array(quarters) / 4
    return time, np.array(cause), time - np.array(wait) / 4


def step_by_step(curves: AalenJohansen, cause: int) -> tuple[np.ndarray, np.ndarray]:
    """Incidence and standard error by the covariance recursion of (survival, incidence), one time after the other."""
    survival, incidence, var_s, cov, var_f = 1.0, 0.0, 0.0, 0.0, 0.0
    found = []
    for at_risk, events in zip(curves.at_risk.tolist(), curves.events.tolist(), strict=True):
        own, every = events[cause - 1] / at_risk, sum(events) / at_risk
        var_f += 2 * own * cov + own**2 * var_s + survival**2 * own * (1 - own) / at_risk
        cov = (1 - every) * (cov + own * var_s) - survival**2 * own * (1 - every) / at_risk
        var_s = (1 - every) ** 2 * var_s + survival**2 * every * (1 - every) / at_risk
        incidence += survival * own
        survival *= 1 - every
        found.append((incidence, max(var_f, 0.0) ** 0.5))
    table = np.array(found)
    return table[:, 0], table[:, 1]


def test_tied_times_of_two_causes() -> None:
    # R: timepoints(cmprsk::cuminc(time, cause), 1:4)$est and survival::survfit(Surv(time, factor(cause)) ~ 1)$pstate
    found = aalen_johansen(TIES_TIME, TIES_CAUSE).at([1, 2, 3, 4])
    assert found.cumulative_incidence[:, 0] == pytest.approx([0.125, 0.275, 0.425, 0.425], abs=1e-14)
    assert found.cumulative_incidence[3, 1] == pytest.approx(0.575, abs=1e-14)
    # R: survival::survfit(Surv(time, factor(cause)) ~ 1)$std.err
    assert found.std_error[:, 0] == pytest.approx(
        [0.116926793337, 0.167098399155, 0.187208106128, 0.187208106128], rel=1e-11
    )


def test_prints_its_conventions() -> None:
    assert repr(aalen_johansen(TIES_TIME, TIES_CAUSE)) == (
        "AalenJohansen: 8 subjects, events: 3 of cause 1, 3 of cause 2\n"
        "  variance: Greenwood type; interval: pointwise 95% log-log of the incidence; ties: events before censorings"
    )


def test_a_cause_without_events_has_its_column() -> None:
    curves = aalen_johansen([1, 2], [1, 0], causes=3)
    assert curves.causes == 3
    assert curves.cumulative_incidence[:, 1:].tolist() == [[0, 0], [0, 0]]
    assert curves.std_error[:, 1:].tolist() == [[0, 0], [0, 0]]
    assert aalen_johansen([1, 2], [0, 0]).causes == 1


def test_reading_before_the_first_event_and_past_the_last_time() -> None:
    found = aalen_johansen([1, 2, 3], [1, 2, 0], conf_type="plain").at([0.5, 3, 3.5])
    assert found.cumulative_incidence[0].tolist() == found.ci_low[0].tolist() == found.ci_high[0].tolist() == [0, 0]
    assert found.survival[:2].tolist() == pytest.approx([1, 1 / 3])
    assert np.isnan(found.cumulative_incidence[2]).all()
    assert np.isnan(found.survival[2])
    assert found.at_risk.tolist() == [3, 1, 0]
    everyone = aalen_johansen([1, 2], [1, 2]).at([2, 50])
    assert everyone.cumulative_incidence.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert everyone.std_error[1].tolist() == pytest.approx([np.sqrt(1 / 8)] * 2)


def test_tables_are_tidy() -> None:
    curves = aalen_johansen(TIES_TIME, TIES_CAUSE)
    frame = curves.to_frame()
    assert frame["cause"].tolist() == [1] * 4 + [2] * 4
    assert frame["time"].tolist() == [1, 2, 3, 4] * 2
    assert frame["cumulative_incidence"].tolist()[4:] == curves.cumulative_incidence[:, 1].tolist()
    assert frame["events"].tolist() == [1, 1, 1, 0, 1, 1, 0, 1]
    assert frame["at_risk"].tolist() == [8, 5, 3, 1] * 2
    read = curves.at([4, 1]).to_frame()
    assert read[["cause", "time"]].to_numpy().tolist() == [[1, 4], [1, 1], [2, 4], [2, 1]]


@settings(deadline=None)
@given(samples())
def test_incidences_rise_and_sum_with_survival_to_one(sample: tuple[np.ndarray, ...]) -> None:
    time, cause, entry = sample
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        curves = aalen_johansen(time, cause, entry=entry)
        curves.at(np.arange(0, 4, 0.125))
    assert (np.diff(curves.cumulative_incidence, axis=0, prepend=0) >= 0).all()
    np.testing.assert_allclose(curves.cumulative_incidence.sum(axis=1) + curves.survival, 1.0, rtol=0, atol=1e-14)
    assert np.array_equal(curves.survival, kaplan_meier(time, cause > 0, entry=entry).survival)


@settings(deadline=None)
@given(samples(), st.sampled_from(["plain", "log", "log-log"]))
def test_one_cause_is_one_minus_kaplan_meier(sample: tuple[np.ndarray, ...], kind: str) -> None:
    time, cause, entry = sample
    curves = aalen_johansen(time, cause > 0, entry=entry, conf_type=kind)  # type: ignore[arg-type]
    survival = kaplan_meier(time, cause > 0, entry=entry)
    assert np.array_equal(curves.cumulative_incidence[:, 0], 1 - survival.survival)
    alive = survival.survival > 0
    np.testing.assert_allclose(curves.std_error[alive, 0], survival.std_error[alive], rtol=1e-13)
    assert (curves.std_error[~alive] == 0).all()


@settings(deadline=None)
@given(samples())
def test_agrees_with_the_step_by_step_oracle(sample: tuple[np.ndarray, ...]) -> None:
    time, cause, entry = sample
    curves = aalen_johansen(time, cause, entry=entry, causes=3)
    for number in (1, 2, 3):
        incidence, std_error = step_by_step(curves, number)
        np.testing.assert_allclose(curves.cumulative_incidence[:, number - 1], incidence, rtol=0, atol=1e-14)
        np.testing.assert_allclose(curves.std_error[:, number - 1] ** 2, std_error**2, rtol=1e-9, atol=1e-15)


@settings(deadline=None)
@given(samples())
def test_causes_taken_together_add_up(sample: tuple[np.ndarray, ...]) -> None:
    time, cause, entry = sample
    apart = aalen_johansen(time, cause, entry=entry, causes=3).cumulative_incidence
    together = aalen_johansen(time, np.minimum(cause, 2), entry=entry, causes=2).cumulative_incidence
    np.testing.assert_allclose(together[:, 1], apart[:, 1] + apart[:, 2], rtol=0, atol=1e-14)
    np.testing.assert_allclose(together[:, 0], apart[:, 0], rtol=0, atol=1e-14)


@settings(deadline=None)
@given(samples(), st.randoms(use_true_random=False), st.floats(1e-6, 1e6))
def test_order_of_rows_and_unit_of_time_do_not_matter(
    sample: tuple[np.ndarray, ...], random: object, factor: float
) -> None:
    time, cause, entry = sample
    order = np.array(random.sample(range(time.size), time.size))  # type: ignore[attr-defined]
    curves = rows(aalen_johansen(time, cause, entry=entry, causes=3))
    assert rows(aalen_johansen(time[order], cause[order], entry=entry[order], causes=3)) == curves
    assert rows(aalen_johansen(time * factor, cause, entry=entry * factor, causes=3))[1:] == curves[1:]


@settings(deadline=None)
@given(samples())
def test_entry_at_minus_infinity_is_no_truncation(sample: tuple[np.ndarray, ...]) -> None:
    time, cause, _ = sample
    endless = np.full(time.shape, -np.inf)
    assert rows(aalen_johansen(time, cause, entry=endless)) == rows(aalen_johansen(time, cause))


def test_closed_form_coverage_and_variance_under_late_entry() -> None:
    # Two exponential causes (0.5, 0.3 a year), exponential censoring (0.2); half enter at the start, half uniformly
    # on (0, 0.5): were all late, the first risk sets would be of one or two, and no formula holds there. 2,000 data
    # sets: a coverage of 95% has standard error 0.5%, so the bound of 4 of them, 0.93 to 0.97, fails a true coverage
    # below 0.92 with probability 0.95; the ratio of variances has standard error 3.2%.
    rng = np.random.default_rng(20190401)
    own, other, horizon, repeats = 0.5, 0.3, 1.5, 2000
    truth = own / (own + other) * (1 - np.exp(-(own + other) * horizon))
    alive = np.exp(-(own + other) * horizon)
    found = np.empty((repeats, 5))
    for repeat in range(repeats):
        event_time = rng.exponential(1 / (own + other), 310)
        censoring = rng.exponential(1 / 0.2, 310)
        entry = np.where(rng.random(310) < 0.5, -np.inf, rng.uniform(0, 0.5, 310))
        time = np.minimum(event_time, censoring)
        cause = np.where(event_time <= censoring, np.where(rng.random(310) < own / (own + other), 1, 2), 0)
        seen = entry < time
        read = aalen_johansen(time[seen], cause[seen], entry=entry[seen]).at(horizon)
        curve = kaplan_meier(time[seen], cause[seen] > 0, entry=entry[seen]).at(horizon)
        found[repeat] = (
            read.cumulative_incidence[0, 0],
            read.std_error[0, 0] ** 2,
            read.ci_low[0, 0] <= truth <= read.ci_high[0, 0],
            curve.survival[0],
            curve.ci_low[0] <= alive <= curve.ci_high[0],
        )
    estimate, variance, covered, survival, survival_covered = found.T
    assert abs(estimate.mean() - truth) < 4 * estimate.std() / np.sqrt(repeats)
    assert abs(survival.mean() - alive) < 4 * survival.std() / np.sqrt(repeats)
    assert abs(covered.mean() - 0.95) < 4 * np.sqrt(0.95 * 0.05 / repeats)
    assert abs(survival_covered.mean() - 0.95) < 4 * np.sqrt(0.95 * 0.05 / repeats)
    assert abs(variance.mean() / estimate.var() - 1) < 4 * np.sqrt(2 / repeats)


def random_cohort(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    time = rng.exponential(1000, size)
    return time, rng.integers(0, 3, size), time * rng.random(size) - 100


def test_running_sums_keep_their_digits_with_20_000_rows() -> None:
    time, cause, entry = random_cohort(20_000)
    for late in (None, entry):
        curves = aalen_johansen(time, cause, entry=late)
        for number in (1, 2):
            incidence, std_error = step_by_step(curves, number)
            np.testing.assert_allclose(curves.cumulative_incidence[:, number - 1], incidence, rtol=1e-12)
            np.testing.assert_allclose(curves.std_error[:, number - 1], std_error, rtol=1e-11)


@pytest.mark.verify
def test_a_million_rows_are_fast_and_keep_their_digits() -> None:
    time, cause, entry = random_cohort(1_000_000)
    started = clock.perf_counter()
    curves = aalen_johansen(time, cause, entry=entry)
    kaplan_meier(time, cause > 0, entry=entry)
    assert clock.perf_counter() - started < 10
    np.testing.assert_allclose(curves.std_error[:, 0], step_by_step(curves, 1)[1], rtol=1e-9)
