"""The sandwich study in its own population, gate and follow-up, against every figure printed of it, and its page.

Each record is a count of at most 14 patients; a simulated share must lie inside the Clopper-Pearson 95 % interval of
that count, under either structure of relapse. What the paths and switches do is in `test_sandwich_paths`.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from printed_values import PATIENTS, SEED, STRUCTURES, history_of, printed, simulated

from sim.compare.published import follow_up_cut
from sim.evidence.load import load_evidence
from sim.evidence.schema import Record
from sim.stats.binomial import binomial_interval

EVIDENCE = load_evidence("sandwich")
STUDY = EVIDENCE.studies["SANDWICH"]
SHARES = [record for record in EVIDENCE.of_study("SANDWICH") if record.share is not None]
DOCS = Path(__file__).parents[2] / "docs"


def test_every_fitted_figure_is_among_the_shares() -> None:
    fitted = {record.id for record in EVIDENCE.of_study("SANDWICH") if record.use == "fit"}
    assert fitted <= {record.id for record in SHARES}
    assert len(fitted) == 13
    assert {record.use for record in SHARES} == {"fit", "validate"}


def _check(record: Record, structure: str, patients: int, seed: int) -> None:
    stated, found = printed(record), simulated("SANDWICH", structure, patients, seed)[record.id]
    assert found.of > 1000
    assert stated.low <= found.value <= stated.high, found


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("record", SHARES, ids=lambda record: record.id)
def test_a_printed_share_is_reproduced_within_its_exact_interval(record: Record, structure: str) -> None:
    _check(record, structure, PATIENTS, SEED)


@pytest.mark.verify
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("record", SHARES, ids=lambda record: record.id)
def test_a_printed_share_is_reproduced_with_another_seed_too(record: Record, structure: str) -> None:
    _check(record, structure, 100_000, 20261121)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_survivors_among_the_evaluable_are_as_many_as_counted(structure: str) -> None:
    record = EVIDENCE.find("S0-R22")
    assert record.events is not None
    assert record.n is not None
    history = history_of("SANDWICH", structure)
    cut = follow_up_cut(history, STUDY.follow_up, seed=SEED)
    death, done = history.first_tick("death"), history.first_tick("first_cycle_done")
    evaluable = history.enrolled & (done >= 0) & (done <= cut)
    alive = float(np.mean(~((death >= 0) & (death <= cut))[evaluable]))
    exact = binomial_interval(record.events, record.n)
    assert exact.ci_low < alive < exact.ci_high


def test_the_study_as_enrolled_is_the_population() -> None:
    history = history_of("SANDWICH", "hazard")
    enrolled = history.enrolled
    for identifier, attribute, value in (
        ("S0-R07", "ph", "yes"),
        ("S0-R08", "high_risk", "yes"),
        ("S0-R25", "kmt2a", "rearranged"),
    ):
        record = EVIDENCE.find(identifier)
        assert record.events is not None
        assert record.n is not None
        share = float(np.mean(history.attribute(attribute)[enrolled] == value))
        assert share == pytest.approx(record.events / record.n, abs=0.02)
    follow_up = (
        (follow_up_cut(history, STUDY.follow_up, seed=SEED) - history.enrolment_tick)[enrolled] / 100_000 / 30.4375
    )
    assert np.median(follow_up) == pytest.approx(9, abs=0.2)
    assert history.protocol.enrolment.at == "consolidated"
    assert not (history.first_tick("induction_death")[enrolled] >= 0).any()


def _rows(page: str, after: str) -> dict[str, list[str]]:
    """The rows of the first table behind a line, by their first cell."""
    text = (DOCS / page).read_text("utf-8").split(after, 1)[1]
    table = re.search(r"(\n\|[^\n]*)+", text)
    assert table is not None
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in table[0].strip().splitlines()[2:]]
    return {row[0]: row[1:] for row in cells}


def test_the_page_covers_every_design_record() -> None:
    rows = _rows("protocols/sandwich.md", "## The design statements")
    records = {record.id: record for record in EVIDENCE.records if record.use == "design"}
    assert len(records) == 22
    assert set(rows) == set(records)
    for identifier, record in records.items():
        where = record.modelled if record.modelled else f"left out: {record.left_out}"
        assert rows[identifier][-1] == where
