"""Distributions and baselines of a protocol as rows of the plan. Quantiles and hazards are computed in the kernel."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from sim.engine import layout as at
from sim.engine.builder import Builder
from sim.errors import EngraftError
from sim.protocol.fields import AttributeDraw, Distribution, ProperBaseline
from sim.protocol.schema import Hazard

TABLE_NODES = 1025
"""Nodes of a quantile table over normal scores -8 to 8: linear between them errs by about 1e-5 of an sd."""

_TWO_ARGUMENTS = {
    "normal": (at.NORMAL, "mean", "sd"),
    "lognormal": (at.LOGNORMAL, "median", "sigma"),
    "uniform": (at.UNIFORM, "low", "high"),
    "weibull": (at.WEIBULL, "shape", "scale"),
    "loglogistic": (at.LOGLOGISTIC, "shape", "median"),
}


def distribution(
    build: Builder,
    rows: list[list[int]],
    drawn: Distribution | AttributeDraw,
    *,
    site: str,
    owner: str,
    states: tuple[str, ...] | None = None,
) -> int:
    """Add a distribution that draws at a site for its owner, whom errors name; returns its number."""
    family, given = drawn.family, drawn.arguments
    row = [at.FIXED, at.NONE, at.NONE, at.NONE, at.NONE, 0, build.label(owner)]
    if family == "fixed":
        row[at.D_A] = build.expression(given, states=states)
    else:
        row[at.D_SITE] = build.site(site)
    if family in _TWO_ARGUMENTS:
        row[at.D_FAMILY], first, second = _TWO_ARGUMENTS[family]
        row[at.D_A] = build.expression(getattr(given, first))
        row[at.D_B] = build.expression(getattr(given, second))
    elif family == "exponential":
        row[at.D_FAMILY], row[at.D_A] = at.EXPONENTIAL, build.expression(given.mean)
    elif family == "bernoulli":
        row[at.D_FAMILY], row[at.D_A] = at.BERNOULLI, build.expression(given)
    elif family == "categorical":
        row[at.D_FAMILY], row[at.D_COUNT] = at.CATEGORICAL, len(given)
        row[at.D_A] = build.ints([build.expression(weight) for weight in given.values()])
    elif family == "histogram":
        row[at.D_FAMILY], row[at.D_COUNT] = at.HISTOGRAM, len(given.weights)
        row[at.D_A] = build.ints([build.expression(weight) for weight in given.weights])
        row[at.D_TABLE] = build.floats(given.edges)
    elif family in ("gamma", "beta"):
        row[at.D_FAMILY], row[at.D_COUNT] = at.TABLE, TABLE_NODES
        row[at.D_TABLE] = build.floats(_quantiles(build, family, given))
    rows.append(row)
    return len(rows) - 1


def _quantiles(build: Builder, family: str, given: object) -> np.ndarray:
    """Quantiles of a distribution without a closed inverse, at evenly spaced normal scores."""
    from scipy import special

    scores = np.linspace(-8.0, 8.0, TABLE_NODES)
    lower, upper = special.ndtr(scores), special.ndtr(-scores)
    if family == "gamma":
        mean, sd = build.value(given.mean), build.value(given.sd)  # type: ignore[attr-defined]
        if mean <= 0 or sd <= 0:
            raise EngraftError(f"a gamma distribution needs a mean and an sd above 0, found {mean:g} and {sd:g}")
        shape = (mean / sd) ** 2
        low, high = special.gammaincinv(shape, lower), special.gammainccinv(shape, upper)
        return np.asarray(np.where(scores < 0, low, high) * (mean / shape))
    a, b = build.value(given.a), build.value(given.b)  # type: ignore[attr-defined]
    if a <= 0 or b <= 0:
        raise EngraftError(f"a beta distribution needs a and b above 0, found {a:g} and {b:g}")
    return np.asarray(np.where(scores < 0, special.betaincinv(a, b, lower), 1.0 - special.betaincinv(b, a, upper)))


def baseline(build: Builder, hazard: Hazard) -> tuple[int, int, int]:
    """Add a hazard's baseline; returns (family, place of its curve in F, place of the cured share in F or NONE)."""
    given = hazard.baseline
    cured = 0.0
    proper: ProperBaseline = given
    if given.latent_class is not None:
        cured = build.value(given.latent_class.cured)
        if not 0 <= cured < 1:
            raise EngraftError(f"the cured share must be at least 0 and below 1, found {cured:g}")
        proper = given.latent_class.uncured
    family, a, b, table = _shape(build, proper)
    plateau = 0.0 if proper.arguments.plateau is None else build.value(proper.arguments.plateau)
    if not 0 <= plateau < 1:
        raise EngraftError(f"a plateau must be at least 0 and below 1, found {plateau:g}")
    scale = _scale(build, hazard, proper, cured, plateau)
    curve = build.floats([scale, plateau, a, b, *table])
    return family, curve, (build.constant(cured) if given.latent_class is not None else at.NONE)


def _shape(build: Builder, proper: ProperBaseline) -> tuple[int, float, float, list[float]]:
    """Family and parameters of a baseline; what the level is to set is one day or one year."""
    given = proper.arguments
    match proper.family:
        case "exponential":
            return (
                at.B_EXPONENTIAL,
                _above_zero("mean", 1.0 if given.mean is None else build.value(given.mean)),
                0.0,
                [],
            )
        case "weibull":
            scale = 365.25 if given.scale is None else build.value(given.scale)
            return at.B_WEIBULL, _above_zero("shape", build.value(given.shape)), _above_zero("scale", scale), []
        case "gompertz":
            return at.B_GOMPERTZ, _above_zero("rate", build.value(given.rate)) / 365.25, 0.0, []
        case "loglogistic":
            shape, median = build.value(given.shape), build.value(given.median)
            return at.B_LOGLOGISTIC, _above_zero("shape", shape), _above_zero("median", median), []
        case "lognormal":
            median, sigma = build.value(given.median), build.value(given.sigma)
            return at.B_LOGNORMAL, _above_zero("median", median), _above_zero("sigma", sigma), []
        case _:
            return _pieces(build, given)


def _pieces(build: Builder, given: object) -> tuple[int, float, float, list[float]]:
    """Constant pieces as (start, hazard a day, cumulative hazard at the start)."""
    starts = [0.0, *(build.value(cut) for cut in given.cuts)]  # type: ignore[attr-defined]
    rates = [build.value(rate) / 365.25 for rate in given.hazards_per_year]  # type: ignore[attr-defined]
    if any(later <= earlier for earlier, later in pairwise(starts)) or min(rates) < 0:
        raise EngraftError(
            f"cuts must increase from 0 and hazards must not be negative, found {starts[1:]} and {rates}"
        )
    table, total = [], 0.0
    for k, (begin, rate) in enumerate(zip(starts, rates, strict=True)):
        if k:
            total += rates[k - 1] * (begin - starts[k - 1])
        table += [begin, rate, total]
    return at.B_PIECEWISE, float(len(rates)), 0.0, table


def _above_zero(name: str, value: float) -> float:
    if not value > 0:
        raise EngraftError(f"{name} must be above 0, found {value:g}")
    return value


def _scale(build: Builder, hazard: Hazard, proper: ProperBaseline, cured: float, plateau: float) -> float:
    """The power k of S0 that gives the stated level at reference covariates."""
    level = hazard.level
    if level is None:
        return 1.0
    time, since = build.value(level.at), build.value(level.from_)
    family, a, b, table = _shape(build, proper)
    if level.hazard_per_year is not None:
        if plateau:
            raise EngraftError(
                "a level given as hazard_per_year does not go with a plateau; give probability or cumulative_hazard"
            )
        return build.value(level.hazard_per_year) / 365.25 / _unit_hazard(family, a, b, table, time)
    between = _unit_cumulative(family, a, b, table, time) - _unit_cumulative(family, a, b, table, since)
    if not between > 0:
        raise EngraftError(f"the baseline has no hazard up to {time:g} d, so no level can be met there")
    if since and (plateau or cured):
        raise EngraftError("from does not go with a plateau or a cured class; give the level from time 0")
    if level.probability is not None:
        survival = 1.0 - build.value(level.probability)
    else:
        survival = math.exp(-build.value(level.cumulative_hazard or "0"))
    if level.of == "all":
        survival = (survival - cured) / (1.0 - cured)
    proper_part = (survival - plateau) / (1.0 - plateau)
    if not 0 < proper_part <= 1:
        raise EngraftError(
            f"the level leaves {survival:.4g} event-free, "
            f"which a plateau of {plateau:g} and a cured share of {cured:g} do not allow"
        )
    return max(-math.log(proper_part), 0.0) / between


def _unit_cumulative(family: int, a: float, b: float, table: list[float], u: float) -> float:
    """-log S0(u) before scale and plateau, by the kernel's own function."""
    from sim.engine.curves import cumulative_hazard

    curve = np.array([1.0, 0.0, a, b, *table])
    return float(cumulative_hazard(np.zeros(1, dtype=np.int64), curve, family, 0, u))


def _unit_hazard(family: int, a: float, b: float, table: list[float], u: float) -> float:
    """The hazard a day at u before scale, as the slope of the cumulative hazard over a second on either side."""
    step = 1.0 / 86400.0
    low = max(u - step, 0.0)
    slope = (_unit_cumulative(family, a, b, table, u + step) - _unit_cumulative(family, a, b, table, low)) / (
        u + step - low
    )
    if not slope > 0:
        raise EngraftError(f"the baseline has no hazard at {u:g} d, so no level can be met there")
    return slope
