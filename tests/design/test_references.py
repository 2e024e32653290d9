"""Designs against reference values: other programs, published tables, closed forms. The values are in tests/tables."""

from __future__ import annotations

import pytest
from reference_check import Check
from write import checks_of

CHECKS = checks_of("designs")


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_value_is_that_of_the_reference(check: Check) -> None:
    value = check.compute()
    assert check.holds(value), f"{value:.12g} is not {check.expected:.12g}: {check.source}"


def test_every_value_has_a_name_of_its_own() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
