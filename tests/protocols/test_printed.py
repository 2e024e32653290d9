"""ALL/MRD2019 and ALL/MRD2023, each simulated in its own population, against every figure that was printed of them.

Fitted and checked figures must lie within 3 points. The suite runs 6,000 patients a study and allows 3 points and 3.5
standard errors of the simulated share, so that a right value fails with a chance below 1 in 2,000 a row, and one that
is 3 points and 7 standard errors off is found with 99.9 %. `verify` runs 60,000 and allows 3 points and 2 standard
errors. Rows without a death are judged by their Clopper-Pearson bound, the single death by the Clopper-Pearson interval
of one in so many at risk, and figures that are never fitted by their own interval.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim.batch.run import simulate
from sim.endpoints.table import time_to_event
from sim.engine.history import History
from sim.evidence.load import load_evidence
from sim.evidence.schema import Record
from sim.stats.binomial import binomial_interval

EVIDENCE = load_evidence("fbmtg")
STUDIES = ("MRD2019", "MRD2023")
RECORDS = [
    record
    for study in STUDIES
    for record in EVIDENCE.of_study(study)
    if record.unit == "percent" and (record.endpoint or record.share)
]


@cache
def _history(study: str, patients: int) -> History:
    described = EVIDENCE.studies[study]
    assert described.protocol is not None
    return simulate(
        described.protocol,
        population=described.population,
        patients=patients,
        seed=20261120,
        engine="compiled",
        horizon="2.5 y",
    )


def simulated(record: Record, patients: int) -> tuple[float, float]:
    """The record's share in its own study, simulated, and its standard error; both in percent."""
    history = _history(record.study[0], patients)
    if record.share is not None:
        assert record.share.of == "enrolled"
        hits = history.attribute(record.share.attribute)[history.enrolled] == record.share.is_
    else:
        assert record.endpoint is not None
        assert record.time_days is not None
        times = time_to_event(history, history.protocol.endpoints[record.endpoint])
        hits = (times.code != 1) | (times.days > record.time_days)
        if record.group is not None:
            hits = hits[history.attribute(record.group.by)[times.row] == record.group.is_]
    share = float(np.mean(hits))
    return 100 * share, 100 * float(np.sqrt(share * (1 - share) / len(hits)))


def _bounds(record: Record, allowed: float) -> tuple[float, float]:
    """The limits between which a simulated share may lie, before its own sampling error."""
    if record.endpoint == "OS" and record.events is not None:
        assert record.at_risk is not None
        exact = binomial_interval(record.at_risk.low - record.events, record.at_risk.low)
        return 100 * exact.ci_low, 100 * exact.ci_high
    if record.use == "validate":
        assert record.interval is not None
        return record.interval.low, record.interval.high
    assert isinstance(record.value, float)
    return record.value - allowed, record.value + allowed


def _check(record: Record, patients: int, errors: float) -> None:
    value, error = simulated(record, patients)
    low, high = _bounds(record, 3.0)
    found = f"{record.id}: printed {record.value}, simulated {value:.1f}, allowed {low:.1f} to {high:.1f}"
    assert low - errors * error <= value <= high + errors * error, found


def test_the_rows_are_all_there() -> None:
    assert len(RECORDS) == 27
    assert {record.use for record in RECORDS} == {"fit", "check", "validate"}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.id)
def test_a_small_run_reproduces_what_was_printed(record: Record) -> None:
    _check(record, 6_000, 3.5)


@pytest.mark.verify
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.id)
def test_a_large_run_reproduces_what_was_printed(record: Record) -> None:
    _check(record, 60_000, 2.0)
