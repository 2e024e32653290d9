"""Designs against reference values: other programs, published tables, closed forms. The values are in tests/tables."""

from __future__ import annotations

import pytest
from reference_check import Check
from write import checks_of, is_current, written

CHECKS = checks_of("designs")
ROWS = written("designs")


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_value_is_that_of_the_reference_and_of_the_page(check: Check) -> None:
    value = check.compute()
    assert check.holds(value), f"{value:.12g} is not {check.expected:.12g}: {check.source}"
    assert is_current(check, value, ROWS[check.id]), "run `python tests/tables/write.py`"


def test_the_page_has_every_check_and_no_other() -> None:
    assert list(ROWS) == [check.id for check in sorted(CHECKS, key=lambda check: check.method)]
    assert len({check.id for check in CHECKS}) == len(CHECKS) >= 80
