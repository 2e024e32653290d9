"""Every fitted figure of every family, simulated under both structures: inside its printed interval, and on its page.

`tests/tables/printed_values.py` simulates, and writes the page.
"""

from __future__ import annotations

import re

import pytest
from printed_values import PAGE, STRUCTURES, expected_range, fitted, page, printed, simulated, studies

from sim.evidence.schema import Record

FITTED = fitted()

pytestmark = pytest.mark.xdist_group("printed values")


def test_the_page_holds_every_fitted_record_once_and_is_current() -> None:
    rows = re.findall(r"^\| ([A-Z0-9]+-[A-Za-z0-9]+) \|", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    assert sorted(rows) == sorted(FITTED)
    assert len(rows) == 45
    assert PAGE.read_text("utf-8") == page(), "run `python tests/tables/printed_values.py`: the page is not current"


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("name", FITTED)
def test_a_fitted_figure_lies_in_its_interval(name: str, structure: str) -> None:
    record, study = FITTED[name]
    stated, found = printed(record), simulated(study, structure)[name]
    assert found.of > 500
    assert stated.low <= found.value <= stated.high, found


def outcomes_at_md_anderson() -> list[Record]:
    file = studies()["MDANDERSON"]
    return [each for each in file.of_study("MDANDERSON") if each.use == "validate" and (each.share or each.n == 21)]


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("record", outcomes_at_md_anderson(), ids=lambda record: record.id)
def test_outcomes_that_were_not_fitted_lie_in_their_intervals_too(record: Record, structure: str) -> None:
    stated = printed(record)
    assert stated.low <= simulated("MDANDERSON", structure)[record.id].value <= stated.high


@pytest.mark.verify
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("name", FITTED)
def test_a_fitted_figure_lies_in_its_interval_with_another_seed_too(name: str, structure: str) -> None:
    record, study = FITTED[name]
    stated, found = printed(record), simulated(study, structure, 60_000, 20261121)[name]
    assert stated.low <= found.value <= stated.high, found


@pytest.mark.parametrize(("n", "published"), [(2, 1.128), (5, 2.326), (7, 2.704), (21, 3.778)])
def test_the_mean_range_of_normal_values_is_that_of_the_tables(n: int, published: float) -> None:
    """d2 of control charts, as in ISO 7870-2 and Tippett 1925."""
    assert expected_range(n) == pytest.approx(published, abs=6e-4)
