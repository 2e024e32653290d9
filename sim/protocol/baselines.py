"""Baseline hazards in plain Python: their curves, and the power that gives a hazard its stated level. No clocks here.

Compiling and checking a protocol need a few values of a curve, once; these formulas serve both. The engine has compiled
ones of its own for every patient, and tests hold the two against each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from sim.protocol.fields import ProperBaseline
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Hazard
from sim.units import DAYS_PER_UNIT, LONGEST_DAYS

YEAR = DAYS_PER_UNIT["y"]
_SECOND = 1.0 / 86400.0
_SMALLEST, _LARGEST = 1e-100, 1e100
"""Sums, products and quotients of what lies between are finite."""

Value = Callable[[str], float]
"""Works out an expression of constants."""


class Unfit(ValueError):
    """Numbers of a hazard that do not go together: where, below the hazard, and why."""

    def __init__(self, path: DocumentPath, message: str) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True)
class Curve:
    """A baseline by family: S(t) = plateau + (1 - plateau) S0(t)^power, for those who are not cured.

    Attributes
    ----------
    family
        exponential, weibull, gompertz, loglogistic, lognormal or piecewise.
    a, b
        Its parameters: mean; shape and scale; rate a day; shape and median; median and sigma; number of pieces. Days.
    pieces
        (start, hazard a day, cumulative hazard at the start) of each piece, one after the other.
    plateau, cured
        Shares that never have the event, within the curve and beside it.
    power
        Sets the height.
    """

    family: str
    a: float
    b: float = 0.0
    pieces: tuple[float, ...] = ()
    plateau: float = 0.0
    cured: float = 0.0
    power: float = 1.0


def curve_of(hazard: Hazard, value: Value) -> Curve:
    """The curve of a hazard at its stated height, all multipliers one; Unfit where its numbers do not go together.

    What the level is to set is one day (mean) or one year (scale) before it is set.
    """
    proper: ProperBaseline = hazard.baseline
    path: DocumentPath = ("baseline",)
    cured = 0.0
    if hazard.baseline.latent_class is not None:
        cured = value(hazard.baseline.latent_class.cured)
        _require(0 <= cured < 1, (*path, "latent_class", "cured"), cured, "must be at least 0 and below 1")
        proper, path = hazard.baseline.latent_class.uncured, (*path, "latent_class", "uncured")
    path = (*path, proper.family)
    curve = _proper(proper, path, value)
    plateau = 0.0 if proper.arguments.plateau is None else value(proper.arguments.plateau)
    _require(0 <= plateau < 1, (*path, "plateau"), plateau, "must be at least 0 and below 1")
    curve = replace(curve, plateau=plateau, cured=cured)
    return curve if hazard.level is None else replace(curve, power=_power(curve, hazard, value))


def _require(fits: bool, path: DocumentPath, found: float, due: str) -> None:
    if not fits:
        raise Unfit(path, f"found {found:g}; {path[-1]} {due}")


def _proper(proper: ProperBaseline, path: DocumentPath, value: Value) -> Curve:
    given = proper.arguments

    def above_zero(key: str, otherwise: float = 1.0) -> float:
        text = getattr(given, key)
        found = otherwise if text is None else value(text)
        _require(found > 0, (*path, key), found, "must be above 0")
        _require(_SMALLEST < found < _LARGEST, (*path, key), found, "must be of a size that can be reckoned with")
        return found

    match proper.family:
        case "exponential":
            return Curve("exponential", above_zero("mean"))
        case "weibull":
            return Curve("weibull", above_zero("shape"), above_zero("scale", YEAR))
        case "gompertz":
            return Curve("gompertz", above_zero("rate") / YEAR)
        case "loglogistic":
            return Curve("loglogistic", above_zero("shape"), above_zero("median"))
        case "lognormal":
            return Curve("lognormal", above_zero("median"), above_zero("sigma"))
    starts = [0.0, *(value(cut) for cut in given.cuts)]
    rates = [value(rate) / YEAR for rate in given.hazards_per_year]
    table: list[float] = []
    total = 0.0
    for k, (begin, rate) in enumerate(zip(starts, rates, strict=True)):
        if k:
            _require(begin > starts[k - 1], (*path, "cuts", k - 1), begin, "must increase from 0")
            total += rates[k - 1] * (begin - starts[k - 1])
        _require(rate >= 0, (*path, "hazards_per_year", k), rate * YEAR, "must not be negative")
        _require(total < _LARGEST, (*path, "hazards_per_year", k - 1), rates[k - 1] * YEAR, "is too large for a hazard")
        table += [begin, rate, total]
    return Curve("piecewise", float(len(rates)), pieces=tuple(table))


def _power(curve: Curve, hazard: Hazard, value: Value) -> float:
    """The power of S0 that gives the stated level at reference covariates."""
    level = hazard.level
    assert level is not None
    time, since = value(level.at), value(level.from_)
    for key, days in (("at", time), ("from", since)):
        _require(0 <= days < LONGEST_DAYS, ("level", key), days, f"must be a time below {LONGEST_DAYS:,.0f} d")
    if level.hazard_per_year is not None:
        stated: float = value(level.hazard_per_year)
        if curve.plateau:
            message = "hazard_per_year does not go with a plateau; give probability or cumulative_hazard"
            raise Unfit(("level", "hazard_per_year"), message)
        slope = _slope(curve, time)
        _require_hazard(0 < slope < _LARGEST, time)
        power = stated / YEAR / slope
        key = "hazard_per_year"
    else:
        between = cumulative_hazard(curve, time) - cumulative_hazard(curve, since)
        _require_hazard(0 < between < _LARGEST, time)
        if since and (curve.plateau or curve.cured):
            message = "from does not go with a plateau or a cured class; give the level from time 0"
            raise Unfit(("level", "from"), message)
        key = "probability" if level.probability is not None else "cumulative_hazard"
        stated = value(level.probability or level.cumulative_hazard or "0")
        survival = 1.0 - stated if level.probability is not None else math.exp(-stated)
        power = max(-math.log(_proper_part(curve, survival, key, level.of == "all")), 0.0) / between
    _require(0 <= power < _LARGEST, ("level", key), stated, "cannot be met by this baseline at that time")
    return power


def _proper_part(curve: Curve, survival: float, key: str, of_all: bool) -> float:
    """The value of S0 to the power at which so many are event-free."""
    most = (1.0 - curve.plateau) * (1.0 - curve.cured if of_all else 1.0)
    uncured = (survival - curve.cured) / (1.0 - curve.cured) if of_all else survival
    part = (uncured - curve.plateau) / (1.0 - curve.plateau)
    if not 0 < part <= 1:
        what = f"{1 - survival:.4g} have the event by then, but the baseline lets only {most:.4g} ever have it"
        raise Unfit(("level", key), f"{what}; lower the level")
    return part


def _require_hazard(fits: bool, time: float) -> None:
    if not fits:
        message = f"the baseline has no hazard by {time:g} d that a level could set; change the baseline or the time"
        raise Unfit(("level", "at"), message)


def _slope(curve: Curve, u: float) -> float:
    """The hazard a day at u days: the slope of the cumulative hazard over a second on either side."""
    low = max(u - _SECOND, 0.0)
    return (cumulative_hazard(curve, u + _SECOND) - cumulative_hazard(curve, low)) / (u + _SECOND - low)


def cumulative_hazard(curve: Curve, u: float) -> float:
    """-log S0(u), u in days on the clock, before power, plateau and cure."""
    if u <= 0.0:
        return 0.0
    a, b = curve.a, curve.b
    match curve.family:
        case "exponential":
            return u / a
        case "weibull":
            return math.exp(min(a * math.log(u / b), 700.0)) if u / b > 0 else 0.0
        case "gompertz":
            return math.expm1(min(a * u, 700.0)) / a
        case "loglogistic":
            return math.log1p(math.exp(min(a * math.log(u / b), 700.0))) if u / b > 0 else 0.0
        case "lognormal":
            return -_log_upper_normal((math.log(u) - math.log(a)) / b)
    k = len(curve.pieces) // 3 - 1
    while k > 0 and curve.pieces[3 * k] > u:
        k -= 1
    start, rate, total = curve.pieces[3 * k : 3 * k + 3]
    return total + rate * (u - start)


def _log_upper_normal(z: float) -> float:
    """Log of the standard normal upper tail: erfc where it has digits, else Laplace's continued fraction."""
    if z < 20.0:
        return math.log(0.5 * math.erfc(z * 0.7071067811865476))
    tail = z
    for k in range(40, 0, -1):
        tail = z + k / tail
    return -0.5 * z * z - 0.9189385332046727 - math.log(tail)
