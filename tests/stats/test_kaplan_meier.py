"""Kaplan-Meier: published values, the definition at its edges, reading the curve, and properties on random data."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.stats import KaplanMeier, kaplan_meier

# survival::aml, both groups pooled.
AML_TIME = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
AML_STATUS = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]


def rows(curve: KaplanMeier) -> list[bytes]:
    names = ("time", "at_risk", "events", "censored", "survival", "std_error", "ci_low", "ci_high")
    return [getattr(curve, name).tobytes() for name in names]


@st.composite
def samples(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Time, event and entry on a grid of quarters, so that ties of all kinds are common."""
    size = draw(st.integers(1, 25))
    quarters = draw(st.lists(st.integers(0, 12), min_size=size, max_size=size))
    event = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    wait = draw(st.lists(st.integers(1, 12), min_size=size, max_size=size))
    time = np.array(quarters) / 4
    return time, np.array(event), time - np.array(wait) / 4


def test_aml_at_24() -> None:
    # R: summary(survfit(Surv(time, status) ~ 1, data = aml, conf.type = "log-log"), times = 24)
    found = kaplan_meier(AML_TIME, AML_STATUS).at(24)
    assert found.survival[0] == pytest.approx(0.5465838509, abs=5e-11)
    assert found.std_error[0] == pytest.approx(0.1072506417, abs=5e-11)
    assert found.ci_low[0] == pytest.approx(0.319250414, abs=5e-10)
    assert found.ci_high[0] == pytest.approx(0.7264491738, abs=5e-11)
    assert (found.at_risk[0], found.events[0]) == (11, 10)


def test_prints_its_conventions() -> None:
    assert repr(kaplan_meier(AML_TIME, AML_STATUS)) == (
        "KaplanMeier: 23 subjects, 18 events, median 27 (13 to 34)\n"
        "  variance: Greenwood; interval: pointwise 95% log-log; ties: events before censorings"
    )
    truncated = repr(kaplan_meier([2, 3], [1, 0], entry=[0, 1], conf_type="plain", conf_level=0.9))
    assert "pointwise 90% plain" in truncated
    assert "left truncation" in truncated
    assert "median 2.5 (2 to not reached)" in truncated


def test_upper_limits_that_rise_again_are_read_at_their_first_crossing() -> None:
    curve = kaplan_meier(AML_TIME, AML_STATUS, conf_type="log")
    assert curve.at([43, 45, 48]).ci_high == pytest.approx([0.5148264, 0.4584468, 0.4623274], abs=1e-7)
    assert curve.quantile(0.5).ci_high[0] == 45


def test_events_come_before_censorings_at_the_same_time() -> None:
    curve = kaplan_meier([1, 1, 2], [0, 1, 0])
    assert curve.at_risk.tolist() == [3, 1]
    assert curve.survival.tolist() == [2 / 3, 2 / 3]


def test_events_at_time_zero_count() -> None:
    curve = kaplan_meier([0, 0, 1, 2], [1, 0, 1, 0])
    assert curve.survival.tolist() == [0.75, 0.375, 0.375]
    assert curve.at(0).survival[0] == 0.75
    assert curve.at(0).at_risk[0] == 4


def test_nothing_is_said_past_the_last_time_unless_all_have_had_the_event() -> None:
    censored_last = kaplan_meier([1, 2], [1, 0]).at([2, 2.001])
    assert censored_last.survival[0] == 0.5
    assert np.isnan([getattr(censored_last, name)[1] for name in ("survival", "std_error", "ci_low", "ci_high")]).all()
    assert censored_last.at_risk.tolist() == [1, 0]
    assert kaplan_meier([1, 2], [1, 1]).at([2, 99]).survival.tolist() == [0, 0]


def test_all_censored_is_a_level_curve() -> None:
    curve = kaplan_meier([1, 2, 3], [0, 0, 0], conf_type="plain")
    assert curve.survival.tolist() == [1, 1, 1]
    assert curve.std_error.tolist() == [0, 0, 0]
    assert curve.ci_low.tolist() == [1, 1, 1]
    assert np.isnan(curve.quantile([0.1, 0.5]).time).all()


def test_limits_at_survival_1_and_0_are_those_of_r() -> None:
    # R: survfit(Surv(c(1, 2, 2, 3, 4), c(0, 1, 0, 1, 1)) ~ 1, conf.type = ...)$lower and $upper
    printed = {"plain": [1, np.nan], "log": [1, np.nan], "log-log": [np.nan, np.nan]}
    for kind, expected in printed.items():
        curve = kaplan_meier([1, 2, 2, 3, 4], [0, 1, 0, 1, 1], conf_type=kind)  # type: ignore[arg-type]
        for limits in (curve.ci_low, curve.ci_high):
            np.testing.assert_array_equal(limits[[0, -1]], expected)
    assert np.isnan(curve.std_error[-1])


def test_a_late_entry_is_at_risk_only_after_it() -> None:
    curve = kaplan_meier([1, 3, 3, 4], [1, 1, 0, 1], entry=[0, 1, 2, 3])
    # At 1 the second row (entry 1) is not yet at risk; at 3 neither is the fourth (entry 3).
    assert curve.at_risk.tolist() == [1, 2, 1]
    assert curve.at([0, 0.5, 1, 1.5, 3, 3.5, 5]).at_risk.tolist() == [0, 1, 1, 1, 2, 1, 0]


def test_an_early_risk_set_of_one_takes_a_truncated_curve_to_zero() -> None:
    curve = kaplan_meier([1, 5, 6], [1, 1, 0], entry=[0, 2, 2])
    assert curve.survival.tolist() == [0, 0, 0]
    assert curve.at(9).survival[0] == 0


def test_one_value_is_read_like_a_column() -> None:
    curve = kaplan_meier(AML_TIME, AML_STATUS)
    assert curve.at(24).to_frame().equals(curve.at([24]).to_frame())
    assert curve.quantile(0.5).time.tolist() == [27]


def test_tables_are_tidy() -> None:
    curve = kaplan_meier(AML_TIME, AML_STATUS)
    frame = curve.to_frame()
    counts, estimates = ["time", "at_risk", "events"], ["survival", "std_error", "ci_low", "ci_high"]
    assert list(frame.columns) == [*counts, "censored", *estimates]
    assert frame["events"].sum() + frame["censored"].sum() == curve.n == 23
    read = curve.at([24, 48]).to_frame()
    assert list(read.columns) == [*counts, *estimates]
    quantiles = curve.quantile([0.25, 0.5]).to_frame()
    assert list(quantiles.columns) == ["probability", "time", "ci_low", "ci_high"]


def test_results_cannot_be_changed() -> None:
    curve = kaplan_meier([1, 2], [1, 0])
    with pytest.raises(ValueError, match="read-only"):
        curve.survival[0] = 0.9


@settings(deadline=None)
@given(samples())
def test_survival_falls_from_1_and_limits_enclose_it(sample: tuple[np.ndarray, ...]) -> None:
    time, event, entry = sample
    for kind in ("plain", "log", "log-log"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            curve = kaplan_meier(time, event, entry=entry, conf_type=kind)  # type: ignore[arg-type]
            curve.at(np.arange(0, 4, 0.125))
            curve.quantile([0.01, 0.5, 0.99])
            repr(curve)
        assert (np.diff(curve.survival, prepend=1.0) <= 0).all()
        assert ((curve.survival >= 0) & (curve.survival <= 1)).all()
        known = ~np.isnan(curve.ci_low)
        assert (curve.ci_low[known] <= curve.survival[known] + 1e-12).all()
        assert (curve.ci_high[known] >= curve.survival[known] - 1e-12).all()
        assert np.array_equal(known, ~np.isnan(curve.ci_high))


@settings(deadline=None)
@given(samples(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(sample: tuple[np.ndarray, ...], random: object) -> None:
    time, event, entry = sample
    order = np.array(random.sample(range(time.size), time.size))  # type: ignore[attr-defined]
    assert rows(kaplan_meier(time[order], event[order], entry=entry[order])) == rows(
        kaplan_meier(time, event, entry=entry)
    )


@settings(deadline=None)
@given(samples(), st.floats(1e-6, 1e6))
def test_the_unit_of_time_does_not_matter(sample: tuple[np.ndarray, ...], factor: float) -> None:
    time, event, entry = sample
    scaled, plain = kaplan_meier(time * factor, event, entry=entry * factor), kaplan_meier(time, event, entry=entry)
    assert rows(scaled)[1:] == rows(plain)[1:]
    assert np.array_equal(scaled.time, plain.time * factor)


@settings(deadline=None)
@given(samples())
def test_entry_at_minus_infinity_is_no_truncation(sample: tuple[np.ndarray, ...]) -> None:
    time, event, _ = sample
    assert rows(kaplan_meier(time, event, entry=np.full(time.shape, -np.inf))) == rows(kaplan_meier(time, event))


@settings(deadline=None)
@given(samples())
def test_numbers_at_risk_are_those_of_the_definition(sample: tuple[np.ndarray, ...]) -> None:
    time, event, entry = sample
    asked = np.arange(0, 4, 0.125)
    expected = [int(((time >= t) & (entry < t)).sum()) for t in asked]
    assert kaplan_meier(time, event, entry=entry).at(asked).at_risk.tolist() == expected


@settings(deadline=None)
@given(samples())
def test_every_row_twice_leaves_survival_and_halves_the_variance(sample: tuple[np.ndarray, ...]) -> None:
    time, event, entry = sample
    once = kaplan_meier(time, event, entry=entry)
    twice = kaplan_meier(np.tile(time, 2), np.tile(event, 2), entry=np.tile(entry, 2))
    np.testing.assert_allclose(twice.survival, once.survival, rtol=1e-12)
    np.testing.assert_allclose(twice.std_error * np.sqrt(2), once.std_error, rtol=1e-12)


@settings(deadline=None)
@given(samples())
def test_reading_at_the_rows_gives_the_rows(sample: tuple[np.ndarray, ...]) -> None:
    time, event, entry = sample
    curve = kaplan_meier(time, event, entry=entry)
    read = curve.at(curve.time)
    for name in ("at_risk", "survival", "std_error", "ci_low", "ci_high"):
        np.testing.assert_array_equal(getattr(read, name), getattr(curve, name))
    assert read.events.tolist() == np.cumsum(curve.events).tolist()
