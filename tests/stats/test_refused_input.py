"""Columns that no estimator can use: one error each, which names the field, the row and what would be right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import EngraftError
from sim.stats import aalen_johansen, cox, fine_gray, kaplan_meier, log_rank, turnbull

BOTH = (kaplan_meier, aalen_johansen)


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize(
    ("time", "text"),
    [
        ([], "time: found no rows; at least one is needed"),
        ([1, -2, -3], "time: row 1 is -2; it must be a finite number, 0 or more"),
        ([1, 2, np.nan], "time: row 2 is nan; it must be a finite number, 0 or more"),
        ([np.inf, 2, 3], "time: row 0 is inf; it must be a finite number, 0 or more"),
        ([1, None, 3], "time: row 1 is nan; it must be a finite number, 0 or more"),
        (["1", "2", "3"], "time: row 0 is 1; it must be a number"),
        ([1, "late", None], "time: row 1 is late; it must be a number"),
        ([[1, 2, 3]], "time: found 2 dimensions; it must be one column of numbers"),
        ([[1, 2], [3]], "time: found rows of unequal length; it must be one column of numbers"),
        (7, "time: found 0 dimensions; it must be one column of numbers"),
        (np.array(["2020-01-01"] * 3, dtype="datetime64[D]"), "time: row 0 is 2020-01-01; it must be a number"),
        (np.ma.array([1, 2, 3], mask=[0, 1, 0]), "time: row 1 is masked; leave such rows out"),
        ([1, 1e160, 3], "time: row 1 is 1e+160; it must be of a size from 1e-100 to 1e+100, or 0; choose another unit"),
        (
            [1, 2, 1e-200],
            "time: row 2 is 1e-200; it must be of a size from 1e-100 to 1e+100, or 0; choose another unit",
        ),
    ],
)
def test_time(estimator: Any, time: Any, text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        estimator(time, [1, 0, 1])
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ([1, 0], "event: found 2 rows, but time has 3; each row needs both"),
        ([1, 0, 2], "event: row 2 is 2; it must be 0 (censored) or 1 (event)"),
        ([1, np.nan, 0], "event: row 1 is nan; it must be 0 (censored) or 1 (event)"),
    ],
)
def test_event(event: Any, text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        kaplan_meier([1, 2, 3], event)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("cause", "causes", "text"),
    [
        ([1, 0], None, "cause: found 2 rows, but time has 3; each row needs both"),
        ([1, 0.5, 0], None, "cause: row 1 is 0.5; it must be 0 (censored) or the number of a cause, 1 or more"),
        ([1, 0, -1], None, "cause: row 2 is -1; it must be 0 (censored) or the number of a cause, 1 or more"),
        ([np.inf, 0, 1], None, "cause: row 0 is inf; it must be 0 (censored) or the number of a cause, 1 or more"),
        ([1, 3, 0], 2, "cause: row 1 is 3; it must be at most 2, the number of causes"),
        ([1, 2, 0], 0, "causes: found 0; it must be a whole number from 1 to 100"),
        ([1, 730, 0], None, "cause: found the code 730; number the causes 1, 2, .. (at most 100)"),
    ],
)
def test_cause(cause: Any, causes: int | None, text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        aalen_johansen([1, 2, 3], cause, causes=causes)
    assert str(caught.value) == text


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ([0, 0], "entry: found 2 rows, but time has 3; each row needs both"),
        ([0, 2, 0], "entry: row 1 is 2; it must lie before the row's time, which is 2"),
        ([0, np.nan, 0], "entry: row 1 is nan; it must be a number (-inf: at risk from the start)"),
        ([0, 0, np.inf], "entry: row 2 is inf; it must be a number (-inf: at risk from the start)"),
    ],
)
def test_entry(estimator: Any, entry: Any, text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        estimator([1, 2, 3], [1, 0, 1], entry=entry)
    assert str(caught.value) == text


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"conf_level": 95}, "conf_level: found 95; it must lie between 0 and 1, for example 0.95"),
        ({"conf_level": np.nan}, "conf_level: found nan; it must lie between 0 and 1, for example 0.95"),
        ({"conf_level": "high"}, "conf_level: found high; it must lie between 0 and 1, for example 0.95"),
        ({"conf_type": "loglog"}, 'conf_type: found "loglog"; did you mean "log-log"?'),
    ],
)
def test_options(estimator: Any, option: dict[str, Any], text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        estimator([1, 2, 3], [1, 0, 1], **option)
    assert str(caught.value) == text


@pytest.mark.parametrize("estimator", BOTH)
@pytest.mark.parametrize("times", [-1, np.nan, [1, np.inf], [[1], [2]]])
def test_times_asked_for(estimator: Any, times: Any) -> None:
    with pytest.raises(EngraftError, match=r"^times: "):
        estimator([1, 2, 3], [1, 0, 1]).at(times)


@pytest.mark.parametrize("probability", [0, 1, -0.1, np.nan])
def test_probabilities_asked_for(probability: float) -> None:
    with pytest.raises(EngraftError, match=r"^probabilities: row 0 is .*strictly between 0 and 1"):
        kaplan_meier([1, 2, 3], [1, 0, 1]).quantile(probability)


@pytest.mark.parametrize("regression", [cox, fine_gray])
def test_covariates_whose_squares_overflow(regression: Any) -> None:
    with pytest.raises(
        EngraftError, match=r"^covariates: dose: row 1 is 1e\+160; it must be of a size .* another unit$"
    ):
        regression([1, 2, 3], [1, 0, 1], {"dose": [0, 1e160, 1]})


def test_other_columns_with_masked_rows_or_extreme_numbers() -> None:
    with pytest.raises(EngraftError, match=r"^group: row 2 is masked; leave such rows out$"):
        log_rank([1, 2, 3], [1, 0, 1], np.ma.array([0, 1, 1], mask=[0, 0, 1]))
    with pytest.raises(EngraftError, match=r"^right: row 1 is 1e\+200; it must be of a size from"):
        turnbull([1, 2], [np.inf, 1e200])


def test_one_cluster_tells_nothing_of_variance() -> None:
    with pytest.raises(EngraftError) as caught:
        cox([1, 2, 3, 4], [1, 0, 1, 1], [0, 1, 1, 0], cluster=["centre"] * 4)
    assert str(caught.value) == ("cluster: found only centre in every row; a robust variance needs at least 2 clusters")
