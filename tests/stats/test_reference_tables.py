"""Every reference value of the validation document of statistics, one test a check."""

from __future__ import annotations

import pytest
from reference_check import Check
from write import checks_of

CHECKS = {check.id: check for check in checks_of("statistics")}


def test_ids_are_unique() -> None:
    assert len(CHECKS) == len(checks_of("statistics"))


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_value_is_within_its_tolerance(check: Check) -> None:
    value = float(check.compute())
    assert check.holds(value), f"{value!r}; {check.source} gives {check.expected!r}"
