"""Distributions and baselines of a protocol as rows of the plan. Quantiles and hazards are computed in the kernel."""

from __future__ import annotations

import numpy as np

from sim.engine import layout as at
from sim.engine.builder import Builder
from sim.errors import EngraftError
from sim.protocol.baselines import Unfit, curve_of
from sim.protocol.fields import AttributeDraw, Distribution
from sim.protocol.paths import format_path
from sim.protocol.schema import Hazard
from sim.units import parse_duration

TABLE_NODES = 1025
"""Nodes of a quantile table over normal scores -8 to 8: linear between them errs by at most 1e-4 of an sd."""

_TWO_ARGUMENTS = {
    "normal": (at.NORMAL, "mean", "sd"),
    "lognormal": (at.LOGNORMAL, "median", "sigma"),
    "uniform": (at.UNIFORM, "low", "high"),
    "weibull": (at.WEIBULL, "shape", "scale"),
    "loglogistic": (at.LOGLOGISTIC, "shape", "median"),
}
_FAMILIES = {
    "exponential": at.B_EXPONENTIAL,
    "weibull": at.B_WEIBULL,
    "gompertz": at.B_GOMPERTZ,
    "loglogistic": at.B_LOGLOGISTIC,
    "lognormal": at.B_LOGNORMAL,
    "piecewise": at.B_PIECEWISE,
}


def distribution(
    build: Builder,
    rows: list[list[int]],
    drawn: Distribution | AttributeDraw,
    *,
    site: str,
    owner: str,
) -> int:
    """Add a distribution that draws at a site for its owner, whom errors name; returns its number."""
    family, given = drawn.family, drawn.arguments
    row = [at.FIXED, at.NONE, at.NONE, at.NONE, at.NONE, 0, build.label(owner)]
    if family == "fixed":
        row[at.D_A] = build.expression(given)
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
    elif family == "one_of":
        # A histogram whose bins have no width, with empty bins in between.
        values = sorted((_amount(word), weight) for word, weight in given.items())
        weights = [text for _, weight in values for text in (weight, "0")][:-1]
        row[at.D_FAMILY], row[at.D_COUNT] = at.HISTOGRAM, len(weights)
        row[at.D_A] = build.ints([build.expression(weight) for weight in weights])
        row[at.D_TABLE] = build.floats([value for value, _ in values for _ in range(2)])
    elif family in ("gamma", "beta"):
        row[at.D_FAMILY], row[at.D_COUNT] = at.TABLE, TABLE_NODES
        row[at.D_TABLE] = build.floats(_quantiles(build, family, given))
    rows.append(row)
    return len(rows) - 1


def _amount(word: str) -> float:
    """A number, or a duration in days."""
    try:
        return float(word)
    except ValueError:
        return parse_duration(word)


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
    try:
        curve = curve_of(hazard, build.value)
    except Unfit as unfit:
        raise EngraftError(f"{format_path(unfit.path)}: {unfit}") from None
    place = build.floats([curve.power, curve.plateau, curve.a, curve.b, *curve.pieces])
    cured = at.NONE if hazard.baseline.latent_class is None else build.constant(curve.cured)
    return _FAMILIES[curve.family], place, cured
