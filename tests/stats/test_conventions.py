"""Every result says, and prints, what was computed: variance, tie rule, sides, type of interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from degenerate_calls import CALLS

from sim import stats

i = np.arange(40)
TIME, EVENT, GROUP = (1.0 + (37 * i) % 41 + i % 3) / 10, ((7 * i + i // 5) % 3 > 0).astype(int), (i // 2) % 2

CURVE = stats.kaplan_meier(TIME, EVENT, conf_type="log")
VISITS = stats.turnbull(TIME - 0.1, TIME)
DESIGN = stats.simon_design(0.1, 0.3, alpha=0.05, power=0.8)
OTHERS: dict[str, Any] = {
    "survival at": CURVE.at([2, 3]),
    "quantiles": CURVE.quantile(0.5),
    "incidence at": stats.aalen_johansen(TIME, EVENT).at(3),
    "hazard at": stats.nelson_aalen(TIME, EVENT).at(3),
    "turnbull": VISITS,
    "interval-censored at": VISITS.at(3),
    "visits": stats.interval_score_test(TIME - 0.1, TIME, GROUP),
    "binomial": stats.binomial_interval(3, 10),
    "design": DESIGN,
    "design at": DESIGN.properties(0.2),
    "paired": stats.paired_difference([0, 1, 1], [0, 0, 1]),
    "unpaired": stats.unpaired_difference([0, 1, 1], [0, 0, 1]),
}


@pytest.mark.parametrize("name", CALLS)
def test_functions_of_times_say_their_conventions(name: str) -> None:
    result: Any = CALLS[name](TIME, EVENT, GROUP)
    assert result.conventions in repr(result)


@pytest.mark.parametrize("name", OTHERS)
def test_other_results_say_their_conventions(name: str) -> None:
    assert OTHERS[name].conventions in repr(OTHERS[name])


def test_every_type_of_result_has_conventions() -> None:
    types = {value for value in vars(stats).values() if isinstance(value, type)} - {stats.ChiSquare}
    made = {type(CALLS[name](TIME, EVENT, GROUP)) for name in CALLS} | {type(result) for result in OTHERS.values()}
    assert types == made


def test_what_is_read_from_a_curve_keeps_its_conventions_and_columns() -> None:
    read = CURVE.at([2, 3])
    assert "Greenwood; interval: pointwise 95% log; ties: events before censorings" in repr(read)
    assert list(read.to_frame().columns) == [
        "time",
        "at_risk",
        "events",
        "survival",
        "std_error",
        "ci_low",
        "ci_high",
    ]
    assert "quantiles: limits of the curve, inverted" in repr(CURVE.quantile(0.5))
    ties = {rule: stats.baseline_hazard(stats.cox(TIME, EVENT, GROUP, ties=rule)) for rule in ("efron", "breslow")}
    assert "Efron form" in repr(ties["efron"])
    assert "Efron" not in repr(ties["breslow"])
