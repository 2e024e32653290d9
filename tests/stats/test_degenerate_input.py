"""Degenerate data sets: every public function gives a defined result or one clear error, never a warning and a NaN."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from degenerate_calls import CALLS, WITHOUT_TIMES

from sim import stats
from sim.errors import EngraftError

DEFINED = {
    "no events": ([1.0, 2.0, 3.0, 4.0], [0, 0, 0, 0], [0, 1, 0, 1]),
    "an arm empty": ([1.0, 2.0, 3.0, 4.0], [1, 0, 1, 1], [0, 0, 0, 0]),
    "an arm without events": ([1.0, 2.0, 3.0, 4.0], [1, 0, 1, 0], [0, 1, 0, 1]),
    "all tied": ([2.0, 2.0, 2.0, 2.0], [1, 1, 1, 1], [0, 1, 0, 1]),
    "all tied, one event": ([2.0, 2.0, 2.0, 2.0], [1, 0, 0, 0], [0, 1, 0, 1]),
    "one patient": ([3.0], [1], [0]),
    "one censored patient": ([3.0], [0], [0]),
    "one patient an arm": ([1.0, 2.0], [1, 1], [0, 1]),
    "time zero": ([0.0, 0.0, 1.0, 2.0], [1, 0, 1, 1], [0, 1, 1, 0]),
    "all at time zero": ([0.0, 0.0, 0.0, 0.0], [1, 1, 0, 1], [0, 1, 1, 0]),
    "arms apart": ([1.0, 2.0, 3.0, 4.0], [1, 1, 1, 1], [0, 0, 1, 1]),
}
"""Whatever comes, it must be defined: a result without a warning, or an error that says what is wrong."""

REFUSED = {
    "infinite": [1.0, math.inf, 3.0, 4.0],
    "missing": [1.0, math.nan, 3.0, 4.0],
    "negative": [1.0, -2.0, 3.0, 4.0],
    "empty": [],
}

TESTS = ("statistic", "z", "p_value", "p_lower", "p_higher")
"""Fields that a result may have and that are never NaN: a test that cannot be made is an error."""


def test_every_public_function_is_tried() -> None:
    functions = {name for name in stats.__all__ if not isinstance(getattr(stats, name), type)}
    functions = {name for name in functions if callable(getattr(stats, name))}
    assert functions == {name.split()[0] for name in CALLS} | WITHOUT_TIMES


@pytest.mark.parametrize("data", DEFINED)
@pytest.mark.parametrize("name", CALLS)
def test_result_is_defined_or_refused(name: str, data: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result: Any = CALLS[name](*DEFINED[data])
        except EngraftError as error:
            field, found = str(error).split(": ", maxsplit=1)
            assert field.isidentifier()
            assert "nan" not in found
            assert "\n" not in found
            return
        assert repr(result)
        if hasattr(result, "to_frame"):
            result.to_frame()
    for field in TESTS:
        value = getattr(result, field, None)
        assert value is None or not np.isnan(value).any(), field


@pytest.mark.parametrize("data", REFUSED)
@pytest.mark.parametrize("name", CALLS)
def test_times_that_no_method_can_use_are_refused_by_name(name: str, data: str) -> None:
    time = REFUSED[data]
    event, group = [1, 0, 1, 1][: len(time)], [0, 1, 0, 1][: len(time)]
    with pytest.raises(EngraftError, match=r"^time: "):
        CALLS[name](time, event, group)
