"""Every stored reference value of sim/stats: from references.R, run by hand; compared number by number, without R."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from sim.stats import aalen_johansen, binomial_interval, kaplan_meier

HERE = Path(__file__).parent
Reference = dict[str, str]
QUANTILES = {"quantile": "time", "quantile_low": "ci_low", "quantile_high": "ci_high"}


def rows_of(name: str) -> list[Reference]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cases() -> Iterator[tuple[str, list[Reference]]]:
    keys = ("dataset", "estimator", "conf_type", "conf_level")
    ordered = sorted(rows_of("references.csv"), key=lambda row: [row[key] for key in keys])
    for values, rows in groupby(ordered, key=lambda row: [row[key] for key in keys]):
        yield "-".join(value for value in values if value), list(rows)


CASES = dict(cases())


def dataset(name: str) -> dict[str, np.ndarray]:
    rows = [row for row in rows_of("datasets.csv") if row["dataset"] == name]
    return {field: np.array([float(row[field]) for row in rows]) for field in ("entry", "time", "cause")}


def computed(reference: Reference) -> float:
    """The number that Engraft gives for one reference."""
    level, quantity, at = float(reference["conf_level"]), reference["quantity"], float(reference["at"])
    if reference["estimator"] in ("clopper-pearson", "wilson"):
        successes, trials = map(int, reference["dataset"].split("/"))
        proportion = binomial_interval(successes, trials, conf_level=level, method=reference["estimator"])  # type: ignore[arg-type]
        return float(getattr(proportion, quantity))
    data = dataset(reference["dataset"])
    shared = {"entry": data["entry"], "conf_level": level, "conf_type": reference["conf_type"]}
    if reference["estimator"] == "kaplan_meier":
        curve = kaplan_meier(data["time"], data["cause"] > 0, **shared)
        if quantity in QUANTILES:
            return float(getattr(curve.quantile(at), QUANTILES[quantity])[0])
        return float(getattr(curve.at(at), quantity)[0])
    curves = aalen_johansen(data["time"], data["cause"], **shared)
    return float(getattr(curves.at(at), quantity)[0, int(reference["cause"]) - 1])


def agrees(value: float, reference: Reference) -> bool:
    expected, tolerance = float(reference["expected"]), float(reference["tolerance"])
    if np.isnan(expected):
        return bool(np.isnan(value))
    return abs(value - expected) <= tolerance * max(abs(expected), 1e-3)


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_r(case: str) -> None:
    wrong = [
        f"{row['quantity']} of cause {row['cause']} at {row['at']}: {value!r}, {row['source']} gives {row['expected']}"
        for row in CASES[case]
        if not agrees(value := computed(row), row)
    ]
    assert wrong == []


def test_references_cover_every_estimator_and_option() -> None:
    rows = rows_of("references.csv")
    assert len(rows) > 1000
    assert {row["estimator"] for row in rows} == {"kaplan_meier", "aalen_johansen", "clopper-pearson", "wilson"}
    assert {row["conf_type"] for row in rows} == {"plain", "log", "log-log", ""}
    assert all(row["source"] and 0 < float(row["tolerance"]) <= 1e-9 for row in rows)
