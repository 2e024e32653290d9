"""Simon's two-stage designs: the search against a plain one, exact properties by counting, refused input."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from sim.errors import EngraftError
from sim.stats import simon_design, two_stage_design


def plain(p0: float, p1: float, alpha: float, power: float, most: int) -> dict[str, tuple[float, ...]]:
    """Every design with n up to `most` by trial: expected size, n and design of the best of both criteria."""
    found = []
    for n in range(2, most + 1):
        for n1 in range(1, n):
            for r1 in range(n1):
                x = np.arange(r1 + 1, n1 + 1)
                stops = binom.cdf(r1, n1, p0)
                for r in range(r1, n):
                    error, reach = (float(binom.pmf(x, n1, p) @ binom.sf(r - x, n - n1, p)) for p in (p0, p1))
                    if error <= alpha and reach >= power:
                        found.append((n1 + (1 - stops) * (n - n1), n, r1, n1, r))
    return {"optimal": min(found), "minimax": min(found, key=lambda design: (design[1], design[0]))}


@pytest.mark.parametrize(("p0", "p1", "alpha", "power"), [(0.1, 0.5, 0.1, 0.8), (0.3, 0.7, 0.05, 0.7)])
def test_search_finds_what_trying_all_finds(p0: float, p1: float, alpha: float, power: float) -> None:
    best = plain(p0, p1, alpha, power, 16)
    for criterion in ("optimal", "minimax"):
        design = simon_design(p0, p1, alpha=alpha, power=power, criterion=criterion, most=16)  # type: ignore[arg-type]
        assert (design.n, design.r1, design.n1, design.r) == best[criterion][1:]
        assert design.expected_n == pytest.approx(best[criterion][0])


def test_properties_are_those_of_every_sequence_of_responses() -> None:
    design = two_stage_design(1, 3, 3, 6, p0=0.2, p1=0.6)
    rate, rejects, stops = 0.35, 0.0, 0.0
    for responses in itertools.product((0, 1), repeat=6):
        chance = float(np.prod([rate if response else 1 - rate for response in responses]))
        early = sum(responses[:3]) <= 1
        stops += chance * early
        rejects += chance * (not early and sum(responses) > 3)
    found = design.properties(rate)
    assert found.rejects == pytest.approx(rejects)
    assert found.stops_early == pytest.approx(stops)
    assert found.expected_n == pytest.approx(3 + 3 * (1 - stops))


def test_errors_are_held_and_reported() -> None:
    design = simon_design(0.05, 0.2, alpha=0.05, power=0.8)
    assert design.alpha <= 0.05
    assert design.power >= 0.8
    frame = design.to_frame()
    assert frame["rejects"].tolist() == [design.alpha, design.power]
    assert "exact binomial; one-sided" in repr(design)
    assert design.properties(0).rejects == 0
    assert design.properties(1).rejects == 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"p1": 0.1}, "p1: found 0.1 with p0 0.2; it must be 0 < p0 < p1 < 1"),
        ({"p0": "low"}, "p0: found low; it must lie between 0 and 1"),
        ({"alpha": 0}, "power: found 0.8 with alpha 0; both must lie strictly between 0 and 1"),
        ({"most": 10}, "most: found 10; no design with so few patients holds both errors"),
        ({"most": 10.5}, "most: found 10.5; it must be a whole number, 2 or more"),
        ({"criterion": "optimum"}, 'criterion: found "optimum"; did you mean "optimal"?'),
    ],
)
def test_designs_that_cannot_be_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        simon_design(**({"p0": 0.2, "p1": 0.4, "alpha": 0.05, "power": 0.8} | options))
    assert str(caught.value) == text


def test_a_given_design_must_be_one() -> None:
    with pytest.raises(EngraftError, match=r"^r1: found 3/3, then 4/6; it must be r1 < n1 < n and r1 <= r < n"):
        two_stage_design(3, 3, 4, 6, p0=0.1, p1=0.3)
