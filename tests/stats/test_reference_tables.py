"""Every reference value of the validation document of statistics, one test a check; and the document is current."""

from __future__ import annotations

import pytest
from reference_check import Check
from write import checks_of, is_current, written

CHECKS = {check.id: check for check in checks_of("statistics")}
ROWS = written("statistics")


def test_the_page_has_every_check_once_and_no_other() -> None:
    assert len(CHECKS) == len(checks_of("statistics"))
    assert list(ROWS) == [check.id for check in sorted(CHECKS.values(), key=lambda check: check.method)]


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_value_is_within_its_tolerance_and_on_the_page(check: Check) -> None:
    value = float(check.compute())
    assert check.holds(value), f"{value!r}; {check.source} gives {check.expected!r}"
    assert is_current(check, value, ROWS[check.id]), "run `python tests/tables/write.py`"
