"""One-sample log-rank test: references that say the same, truncation, conventions, refused input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson

from sim.errors import EngraftError
from sim.stats import one_sample_log_rank

TIME, EVENT = [1.0, 2.5, 4.0, 6.0, 9.0], [1, 0, 1, 1, 0]


def test_a_survival_function_and_its_hazards_are_one_reference() -> None:
    hazards = [(0, 0.3), (2, 0.1), (5, 0.0), (8, 0.2)]

    def survival(time: np.ndarray) -> np.ndarray:
        total = np.zeros(time.size)
        for (start, rate), end in zip(hazards, [2, 5, 8, np.inf], strict=True):
            total += rate * np.clip(np.minimum(time, end) - start, 0, None)
        return np.exp(-total)

    one, other = (
        one_sample_log_rank(TIME, EVENT, entry=[0, 1, 0.5, 5.5, -np.inf], **{"survival": survival}),
        one_sample_log_rank(TIME, EVENT, entry=[0, 1, 0.5, 5.5, -np.inf], hazards=hazards),
    )
    # By hand: .3, .3 + .05, .45 + .2, 0, .6 + .3 + 0 + .2
    assert other.expected == pytest.approx(0.3 + 0.35 + 0.65 + 0 + 1.1)
    assert one.expected == pytest.approx(other.expected, rel=1e-12)
    assert one.z == pytest.approx((3 - 2.4) / np.sqrt(2.4))
    assert one.p_lower + one.p_higher == pytest.approx(1)
    assert one.p_value == pytest.approx(2 * min(one.p_lower, one.p_higher))


def test_limits_of_the_ratio_are_where_each_tail_holds_its_half() -> None:
    found = one_sample_log_rank(TIME, EVENT, hazards=[(0, 0.1)])
    assert poisson.sf(2, found.ci_low * found.expected) == pytest.approx(0.025)
    assert poisson.cdf(3, found.ci_high * found.expected) == pytest.approx(0.025)
    none = one_sample_log_rank(TIME, np.zeros(5), hazards=[(0, 0.1)])
    assert (none.ratio, none.ci_low) == (0, 0)
    assert none.ci_high == pytest.approx(-np.log(0.025) / 2.25)


def test_the_mean_variance_lies_between() -> None:
    plain = one_sample_log_rank(TIME, EVENT, hazards=[(0, 0.4)])
    mean = one_sample_log_rank(TIME, EVENT, hazards=[(0, 0.4)], variance="mean")
    assert mean.z == pytest.approx((3 - 9) / np.sqrt(6))
    assert mean.z < plain.z < 0


def test_a_test_says_its_conventions() -> None:
    found = one_sample_log_rank(TIME, EVENT, hazards=[(0, 0.4)])
    assert "variance: expected events, under the null; p two-sided; interval of the ratio: 95% exact" in repr(found)
    assert found.to_frame().loc[0, "observed"] == 3


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "survival: give either a survival function or hazards, and not both"),
        (
            {"survival": lambda t: 1 - t / 9},
            "survival: row 4 is 0; it must be above 0 and at most 1 at every row's time",
        ),
        ({"survival": lambda t: [0.5]}, "survival: found 1 values for 5 times; it must give one for each"),
        ({"hazards": [0.1]}, "hazards: it must be pairs of start and hazard, for example [(0, 0.1), (365, 0.05)]"),
        ({"hazards": [(1, 0.1)]}, "hazards: found the starts 1; they must ascend from 0"),
        ({"hazards": [(0, -0.1)]}, "hazards: row 0 is -0.1; it must be a finite number, 0 or more"),
        (
            {"hazards": [(0, 0.0)]},
            "time: the reference expects no event up to the observed times; nothing can be tested",
        ),
        ({"hazards": [(0, 0.1)], "variance": "means"}, 'variance: found "means"; did you mean "mean"?'),
        (
            {"survival": lambda t: 0.5 + t / 100, "entry": [0.5] * 5},
            "survival: it rises between a row's entry and its time; a survival function never does",
        ),
    ],
)
def test_input_that_cannot_be_used_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        one_sample_log_rank(TIME, EVENT, **options)
    assert str(caught.value) == text
