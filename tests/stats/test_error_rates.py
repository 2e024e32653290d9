"""Type I error and coverage of every method, by simulation: each rate of the registry holds; large, run by verify."""

from __future__ import annotations

import pytest
from error_rates import PAGE, page, rates, stored
from rate_check import Rate, covers, with_deviations

RATES = {rate.id: rate for rate in rates()}


def test_ids_are_unique_and_sizes_as_promised() -> None:
    assert len(RATES) == len(rates())
    assert all(rate.data_sets >= 100_000 or rate.deviation for rate in RATES.values() if rate.kind == "type I error")


def test_the_page_shows_the_counts_that_were_found_and_all_of_them_hold() -> None:
    counts = stored()
    assert set(counts) == set(RATES), "run `python tests/tables/error_rates.py`"
    assert PAGE.read_text("utf-8") == page(counts)
    assert [name for name, rate in RATES.items() if not rate.holds(counts[name] / rate.data_sets)] == []


@pytest.mark.verify
@pytest.mark.parametrize("name", RATES)
def test_rate_is_within_its_bound(name: str) -> None:
    rate = RATES[name]
    observed = rate.count() / rate.data_sets
    assert rate.holds(observed), f"{rate.setting}: {observed:.5f}, nominal {rate.nominal}"


def test_a_rate_off_its_level_does_not_hold() -> None:
    shared = {"id": "x", "method": "m", "setting": "s", "nominal": 0.05, "data_sets": 100_000, "count": lambda: 0}
    test = Rate(kind="type I error", **shared)  # three standard errors are 0.00207
    assert test.holds(0.052)
    assert not test.holds(0.0522)
    assert test.holds(0.02), "a test may be conservative"
    assert not Rate(kind="type I error", **shared, exact=0.03).holds(0.02)
    interval = Rate(kind="coverage", **{**shared, "nominal": 0.95})
    assert interval.holds(0.948)
    assert not interval.holds(0.9478)
    assert Rate(kind="coverage", **{**shared, "nominal": 0.95}, accepted=0.93, deviation="small").holds(0.93)
    with pytest.raises(ValueError, match="needs its reason"):
        Rate(kind="type I error", **shared, accepted=0.06)


def test_a_deviation_is_accepted_in_the_rates_whose_ids_begin_so_and_one_of_no_rate_is_refused() -> None:
    wide, narrow = covers("m", "wide; 50", lambda: 0), covers("m", "narrow; 50", lambda: 0)
    found = with_deviations([wide, narrow], {"m: narrow": (0.94, "few events")})
    assert found[0] is wide
    assert (found[1].id, found[1].accepted, found[1].deviation) == ("m: narrow; 50", 0.94, "few events")
    assert not wide.holds(0.94)
    assert found[1].holds(0.94)
    with pytest.raises(ValueError, match=r"^m: other: no rate begins so"):
        with_deviations([wide, narrow], {"m: other": (0.94, "few events")})
