"""Designs against reference values: other programs, published tables, closed forms. The values are in tests/tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reference_check import Check
from write import checks_of

CHECKS = checks_of("designs")
PAGE = (Path(__file__).parents[2] / "docs" / "validation" / "designs.md").read_text("utf-8")
ROWS = {
    cells[0]: cells[1:]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| check |")
    for cells in [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]]
}


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_value_is_that_of_the_reference_and_of_the_page(check: Check) -> None:
    value = check.compute()
    assert check.holds(value), f"{value:.12g} is not {check.expected:.12g}: {check.source}"
    inputs, expected, computed, tolerance, source = ROWS[check.id]
    current = "run `python tests/tables/write.py`: the page is not current"
    assert (inputs, source) == (check.inputs, check.source), current
    assert (expected, tolerance) == (f"{check.expected:.10g}", f"{check.tolerance:.1g}"), current
    assert float(computed) == pytest.approx(value, rel=1e-7, abs=1e-9), current


def test_the_page_has_every_check_and_no_other() -> None:
    assert list(ROWS) == [check.id for check in sorted(CHECKS, key=lambda check: check.method)]
    assert len({check.id for check in CHECKS}) == len(CHECKS) >= 80
    assert f"{len(CHECKS)} of {len(CHECKS)} computed values lie within their tolerance." in PAGE
