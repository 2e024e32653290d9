"""Baseline curves in plain Python against the engine's compiled ones, and levels against what they state."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.engine import curves
from sim.engine.plan_curves import _FAMILIES
from sim.protocol.baselines import Curve, Unfit, cumulative_hazard, curve_of
from sim.protocol.schema import Hazard

CURVES = [
    Curve("exponential", 700.0),
    Curve("weibull", 0.7, 400.0),
    Curve("weibull", 2.5, 400.0),
    Curve("gompertz", 0.1 / 365.25),
    Curve("loglogistic", 1.8, 600.0),
    Curve("lognormal", 304.0, 0.8),
    Curve("lognormal", 30000.0, 0.2),
    Curve("piecewise", 3.0, pieces=(0.0, 0.001, 0.0, 90.0, 0.0, 0.09, 400.0, 0.02, 0.09)),
]


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: f"{curve.family}-{curve.a:g}")
def test_plain_and_compiled_curves_agree(curve: Curve) -> None:
    numbers = np.array([1.0, 0.0, curve.a, curve.b, *curve.pieces])
    for days in (0.0, 1e-5, 0.5, 30.0, 90.0, 365.25, 3652.5, 30000.0):
        compiled = curves.cumulative_hazard(np.zeros(1, dtype=np.int64), numbers, _FAMILIES[curve.family], 0, days)
        assert cumulative_hazard(curve, days) == pytest.approx(compiled, rel=1e-14, abs=0)


def hazard(**given: object) -> Hazard:
    return Hazard.model_validate({"clock": {"since": "start"}, **given})


def surviving(curve: Curve, days: float) -> float:
    """Event-free share of those who are not cured."""
    return curve.plateau + (1 - curve.plateau) * math.exp(-curve.power * cumulative_hazard(curve, days))


@pytest.mark.parametrize(
    "baseline",
    [
        "exponential",
        {"weibull": {"shape": 0.9, "plateau": 0.3}},
        {"gompertz": {"rate": 0.1}},
        {"lognormal": {"median": 304, "sigma": 0.8, "plateau": 0.4}},
        {"piecewise": {"cuts": [90], "hazards_per_year": [0.1, 0.4]}},
    ],
)
def test_a_level_is_met(baseline: object) -> None:
    level = {"probability": 0.25, "at": 730.5, "from": 0}
    assert surviving(curve_of(hazard(baseline=baseline, level=level), float), 730.5) == pytest.approx(0.75)
    level = {"cumulative_hazard": 0.3, "at": 730.5, "from": 0}
    assert surviving(curve_of(hazard(baseline=baseline, level=level), float), 730.5) == pytest.approx(math.exp(-0.3))


def test_a_level_of_all_counts_the_cured() -> None:
    level = {"probability": 0.5, "at": 600, "from": 0, "of": "all"}
    curve = curve_of(hazard(baseline={"latent_class": {"cured": 0.4, "uncured": "exponential"}}, level=level), float)
    assert 0.4 + 0.6 * surviving(curve, 600) == pytest.approx(0.5)


def test_a_hazard_a_year_is_the_slope() -> None:
    level = {"hazard_per_year": 0.02, "at": 1000, "from": 0}
    curve = curve_of(hazard(baseline={"gompertz": {"rate": 0.1}}, level=level), float)
    assert curve.power * math.exp(1000 * 0.1 / 365.25) * 365.25 == pytest.approx(0.02, rel=1e-6)


@pytest.mark.parametrize(
    ("baseline", "level", "where", "why"),
    [
        ({"weibull": {"shape": 0, "scale": 1}}, None, ("baseline", "weibull", "shape"), "must be above 0"),
        ({"weibull": {"shape": 1, "scale": 1, "plateau": 1}}, None, ("baseline", "weibull", "plateau"), "below 1"),
        ({"lognormal": {"median": 1e6, "sigma": 1e-3}}, {"probability": 0.5, "at": 1}, ("level", "at"), "no hazard"),
        ({"exponential": {"plateau": 0.5}}, {"probability": 0.5, "at": 1}, ("level", "probability"), "only 0.5 ever"),
        (
            {"piecewise": {"cuts": [9, 5], "hazards_per_year": [1, 1, 1]}},
            None,
            ("baseline", "piecewise", "cuts", 1),
            "must increase",
        ),
    ],
)
def test_numbers_that_do_not_fit_say_where_and_why(
    baseline: object, level: dict[str, object] | None, where: tuple[str | int, ...], why: str
) -> None:
    given = {"baseline": baseline} if level is None else {"baseline": baseline, "level": {"from": 0, **level}}
    with pytest.raises(Unfit, match=why) as caught:
        curve_of(hazard(**given), float)
    assert caught.value.path == where
