"""Intervals of a proportion, and differences between two arms with and without pairing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from sim.errors import EngraftError
from sim.stats import binomial_interval, paired_difference, unpaired_difference

# datasets::sleep, extra hours of sleep of ten patients under two drugs.
SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


@pytest.mark.parametrize(("successes", "trials"), [(3, 91), (4, 10), (88, 113)])
def test_exact_limits_are_where_each_tail_holds_its_half(successes: int, trials: int) -> None:
    found = binomial_interval(successes, trials)
    assert binom.sf(successes - 1, trials, found.ci_low) == pytest.approx(0.025, rel=1e-9)
    assert binom.cdf(successes, trials, found.ci_high) == pytest.approx(0.025, rel=1e-9)


@pytest.mark.parametrize("method", ["clopper-pearson", "wilson"])
def test_limits_end_at_0_and_1(method: str) -> None:
    none, every = (binomial_interval(hits, 10, method=method) for hits in (0, 10))  # type: ignore[arg-type]
    assert (none.ci_low, every.ci_high) == (0.0, 1.0)
    assert none.ci_high == pytest.approx(1 - every.ci_low, rel=1e-12)


def test_exact_interval_never_covers_less_than_its_level() -> None:
    trials = 23
    intervals = [binomial_interval(hits, trials) for hits in range(trials + 1)]
    for share in np.linspace(0.005, 0.995, 199):
        covered = sum(binom.pmf(i.successes, trials, share) for i in intervals if i.ci_low <= share <= i.ci_high)
        assert covered >= 0.95


def test_a_proportion_prints_itself() -> None:
    assert repr(binomial_interval(3, 91)) == (
        "Proportion: 3/91 = 0.032967 (0.00685089 to 0.0933324)\n  interval: two-sided 95% exact (Clopper-Pearson)"
    )


def test_a_proportion_is_a_row_with_conventions() -> None:
    found = binomial_interval(3, 91, method="wilson")
    assert found.to_frame().loc[0, "ci_high"] == found.ci_high
    assert found.conventions == "interval: two-sided 95% score (Wilson), no continuity correction"


@pytest.mark.parametrize(
    ("successes", "trials", "text"),
    [
        (1, 0, "trials: found 0; it must be a whole number, 1 or more"),
        (-1, 5, "successes: found -1; it must be a whole number, 0 or more"),
        (6, 5, "successes: found 6; it must be at most the number of trials, 5"),
        (1.5, 5, "successes: found 1.5; it must be a whole number, 0 or more"),
        (float("nan"), 5, "successes: found nan; it must be a whole number, 0 or more"),
        (1, "many", "trials: found many; it must be a whole number, 1 or more"),
    ],
)
def test_counts_that_cannot_be_are_refused(successes: float, trials: object, text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        binomial_interval(successes, trials)  # type: ignore[arg-type]
    assert str(caught.value) == text


def test_unknown_method_is_refused() -> None:
    with pytest.raises(EngraftError, match=r'^method: found "wilsn"; did you mean "wilson"'):
        binomial_interval(1, 2, method="wilsn")  # type: ignore[arg-type]


def test_paired_difference_of_the_sleep_data() -> None:
    # R: d <- sleep$extra[1:10] - sleep$extra[11:20]; mean(d); sd(d) / sqrt(10); mean(d) + c(-1, 1) * qnorm(.975) * se
    found = paired_difference(SLEEP_1, SLEEP_2)
    assert found.estimate == pytest.approx(-1.58, rel=1e-12)
    assert found.mc_se == pytest.approx(0.388958723888, rel=1e-11)
    assert (found.ci_low, found.ci_high) == pytest.approx((-2.34234509029, -0.817654909706), rel=1e-11)


def test_unpaired_difference_of_the_sleep_data() -> None:
    # R: sqrt(var(a) / 10 + var(b) / 10), a and b as above; mean(a) - mean(b) + c(-1, 1) * qnorm(.975) * se
    found = unpaired_difference(SLEEP_1, SLEEP_2)
    assert found.estimate == pytest.approx(-1.58, rel=1e-12)
    assert found.mc_se == pytest.approx(0.849091017239, rel=1e-11)
    assert (found.ci_low, found.ci_high) == pytest.approx((-3.24418781338, 0.0841878133845), rel=1e-11)


def test_proportions_from_booleans() -> None:
    a, b = np.arange(100) < 60, np.arange(100) < 50
    found = paired_difference(a, b)
    assert found.estimate == pytest.approx(0.1)
    # Ten discordant pairs of a hundred: variance of the pairs is 0.1 * 0.9 * 100 / 99.
    assert found.mc_se == pytest.approx(np.sqrt(0.1 * 0.9 / 99))
    assert unpaired_difference(a, b).mc_se == pytest.approx(np.sqrt((0.24 + 0.25) / 99))
    assert (found.mean_a, found.mean_b, found.n_a, found.n_b, found.paired) == (0.6, 0.5, 100, 100, True)


def test_shared_luck_narrows_the_interval_and_both_cover() -> None:
    # 2,000 data sets of 100 pairs with correlation 0.8: coverage within 4 standard errors (0.5% each) of 95%.
    rng = np.random.default_rng(5)
    repeats, covered, widths = 2000, np.zeros(2), np.zeros(2)
    for _ in range(repeats):
        luck = rng.normal(size=100)
        a, b = 1 + luck + 0.5 * rng.normal(size=100), luck + 0.5 * rng.normal(size=100)
        apart = rng.permutation(rng.normal(size=100) + 0.5 * rng.normal(size=100))
        for place, found in enumerate((paired_difference(a, b), unpaired_difference(a, apart))):
            covered[place] += found.ci_low <= 1 <= found.ci_high
            widths[place] += found.mc_se
    assert (abs(covered / repeats - 0.95) < 4 * np.sqrt(0.95 * 0.05 / repeats)).all()
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(0.2), rel=0.02)


def test_equal_arms_differ_by_exactly_nothing() -> None:
    found = paired_difference(SLEEP_1, SLEEP_1)
    assert (found.estimate, found.mc_se, found.ci_low, found.ci_high) == (0, 0, 0, 0)


def test_a_difference_says_what_its_interval_is() -> None:
    assert "paired by patient: Monte Carlo error only" in repr(paired_difference(SLEEP_1, SLEEP_2))
    assert "unpaired arms" in repr(unpaired_difference(SLEEP_1, SLEEP_2))


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        ([1, np.nan], [1, 2], "a: row 1 is nan; it must be a finite number"),
        ([1, 2], [np.inf, 2], "b: row 0 is inf; it must be a finite number"),
        ([1, 2], [1, 2, 3], "b: found 3 rows, but a has 2; paired arms hold the same patients"),
        ([1], [1], "a: found 1 row; a standard error needs at least two patients"),
        ([], [], "a: found no rows; at least one is needed"),
    ],
)
def test_arms_that_cannot_be_compared_are_refused(a: list[float], b: list[float], text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        paired_difference(a, b)
    assert str(caught.value) == text
