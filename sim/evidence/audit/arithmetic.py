"""Arithmetic of printed percentages and intervals, rounding included: counts, mirrors, effective numbers, steps.

Proportions are between 0 and 1; `half` is half a unit of the last printed digit. No record is read here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import ceil, erfc, exp, floor, inf, log, nan, sqrt
from typing import Literal

from sim.stats.binomial import binomial_interval
from sim.stats.intervals import normal_quantile

Scale = Literal["log-log", "log", "plain"]
SCALES: tuple[Scale, ...] = ("log-log", "log", "plain")
Z = normal_quantile(0.95)
ROUNDING = 1e-9
"""Slack for binary fractions: 0.05 is not exactly half a tenth."""

MOST_SEARCHED = 1000
"""Denominators that are searched for a count."""

MOST_AT_RISK = {1: 10**5, 2: 2000, 3: 200}
"""Numbers of patients up to which all risk sets of so many events are enumerated."""


def decimals(value: int | float) -> int:
    """Digits after the point as written: 0 for a whole number, 1 for 40.0."""
    if isinstance(value, int):
        return 0
    text = f"{value!r}"
    return max(0, len(text.partition(".")[2])) if "e" not in text else 12


def half_unit(value: int | float) -> float:
    """Half a unit of the last digit of a percentage, as a proportion."""
    return 0.5 * 10.0 ** -decimals(value) / 100.0


def rounds_to(share: float, value: int | float) -> bool:
    """Whether a proportion is printed as this percentage."""
    return abs(share - value / 100.0) <= half_unit(value) + ROUNDING


def counts_for(value: int | float, most: int) -> list[tuple[int, int]]:
    """Every count k over n that is printed as this percentage, for the last `MOST_SEARCHED` n up to `most`."""
    found = []
    for total in range(max(1, most - MOST_SEARCHED + 1), most + 1):
        nearest = round(value / 100.0 * total)
        near = (nearest - 1, nearest, nearest + 1)
        found += [(k, total) for k in near if 0 <= k <= total and rounds_to(k / total, value)]
    return found


def on_scale(scale: Scale, share: float) -> float:
    """A proportion on the scale on which its interval is symmetric; NaN where the scale does not have it."""
    if scale == "plain":
        return share
    if share <= 0.0 or (scale == "log-log" and share >= 1.0):
        return nan
    return log(share) if scale == "log" else log(-log(share))


def from_scale(scale: Scale, value: float) -> float:
    """The inverse of `on_scale`."""
    if scale == "plain":
        return value
    try:
        return exp(value) if scale == "log" else exp(-exp(value))
    except OverflowError:
        return 0.0 if scale == "log-log" else inf


def mirror(scale: Scale, share: float, limit: float) -> float:
    """The other limit of an interval that is symmetric about `share` on this scale; not cut to 0 and 1."""
    return from_scale(scale, 2.0 * on_scale(scale, share) - on_scale(scale, limit))


def _corners(share: float, limit: float, half: float) -> Iterator[tuple[float, float]]:
    """What may have been printed as this estimate and limit."""
    for a, b in product((-half, 0.0, half), (-half, 0.0, half)):
        if 0.0 < share + a < 1.0 and 0.0 < limit + b < 1.0:
            yield share + a, limit + b


def mirrors(scale: Scale, share: float, limit: float, half: float) -> tuple[float, float]:
    """Smallest and largest other limit, over all that rounds to the printed estimate and limit."""
    found = [mirror(scale, s, edge) for s, edge in _corners(share, limit, half)]
    found = [one for one in found if one == one]
    return (min(found), max(found)) if found else (nan, nan)


def is_symmetric(scale: Scale, share: float, low: float, high: float, half: float) -> bool:
    """Whether the limits are mirror images on this scale, as far as rounding tells; 1 may stand for anything above."""
    least, most = mirrors(scale, share, low, half)
    if least != least:
        return False
    if high >= 1.0 - ROUNDING and most >= 1.0 - half:
        return True
    return least - half - ROUNDING <= high <= most + half + ROUNDING


def is_binomial(share: float, low: float, high: float, total: int, half: float) -> bool:
    """Whether the limits are Clopper-Pearson's or Wilson's of a count over `total`."""
    hits = round(share * total)
    for method in ("clopper-pearson", "wilson"):
        found = binomial_interval(hits, total, method=method)
        if abs(found.ci_low - low) <= half + ROUNDING and abs(found.ci_high - high) <= half + ROUNDING:
            return True
    return False


def greenwood(scale: Scale, share: float, limit: float) -> float:
    """The Greenwood sum that a limit implies; NaN where the scale has none."""
    if not 0.0 < share < 1.0:
        return nan
    distance = abs(on_scale(scale, share) - on_scale(scale, limit)) / Z
    if scale == "plain":
        return (distance / share) ** 2
    return distance**2 if scale == "log" else (distance * log(share)) ** 2


def effective_n(scale: Scale, share: float, limit: float) -> float:
    """Size of the binomial sample with this limit: (1 - S) / (S sigma2), sigma2 being the Greenwood sum."""
    variance = greenwood(scale, share, limit)
    return inf if share * variance == 0.0 else (1.0 - share) / (share * variance)


def effective_range(scale: Scale, share: float, limit: float, half: float) -> tuple[float, float]:
    """Smallest and largest effective number, over all that rounds to the printed estimate and limit."""
    found = [effective_n(scale, s, edge) for s, edge in _corners(share, limit, half) if s != edge]
    found = [one for one in found if one == one]
    return (min(found), max(found)) if found else (nan, nan)


def limits(scale: Scale, share: float, variance: float) -> tuple[float, float]:
    """Limits of an estimate with this Greenwood sum, not cut to 1.

    Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2nd ed. (2002), section 1.4.
    """
    width = Z * sqrt(variance)
    if scale == "plain":
        return share - share * width, share + share * width
    if scale == "log":
        return share * exp(-width), share * exp(width)
    width /= abs(log(share))
    centre = on_scale(scale, share)
    return from_scale(scale, centre + width), from_scale(scale, centre - width)


def survival_steps(at_risk: tuple[int, ...]) -> tuple[float, float]:
    """Kaplan-Meier estimate and Greenwood sum after one event at each of these numbers at risk."""
    share, variance = 1.0, 0.0
    for number in at_risk:
        share *= 1.0 - 1.0 / number
        variance += 1.0 / (number * (number - 1))
    return share, variance


def risk_sets(
    value: float, low: float, *, events: int, most: int, scale: Scale, half: float
) -> Iterator[tuple[int, ...]]:
    """Numbers at risk n1 > n2 > .. at which one event each gives the printed estimate and lower limit.

    One patient leaves with each event, so that the numbers fall strictly. None for more than three events, or for more
    patients than can be enumerated.
    """
    if most > MOST_AT_RISK.get(events, 0):
        return

    def last(taken: tuple[int, ...], share: float, highest: int) -> Iterator[tuple[int, ...]]:
        """The number at the last event follows from what is left to fall."""
        least_fall = 1.0 - (value + half + ROUNDING) / share
        most_fall = 1.0 - (value - half - ROUNDING) / share
        if most_fall * highest < 1.0:
            return
        top = highest if least_fall * highest <= 1.0 else floor(1.0 / least_fall)
        for number in range(top, max(1, ceil(1.0 / most_fall) - 1), -1):
            found, variance = survival_steps((*taken, number))
            if (
                abs(found - value) <= half + ROUNDING
                and abs(limits(scale, found, variance)[0] - low) <= half + ROUNDING
            ):
                yield (*taken, number)

    def further(taken: tuple[int, ...], share: float, highest: int) -> Iterator[tuple[int, ...]]:
        left = events - len(taken)
        if left == 1:
            yield from last(taken, share, highest)
            return
        for number in range(highest, left, -1):
            if share * (1.0 - 1.0 / number) ** left < value - half - ROUNDING:
                return  # smaller numbers fall further still
            yield from further((*taken, number), share * (1.0 - 1.0 / number), number - 1)

    yield from further((), 1.0, most)


def two_sided(z: float) -> float:
    """Two-sided p-value of a standard normal statistic."""
    return erfc(abs(z) / sqrt(2.0))


def log_log_z(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Difference of two survival estimates at one time on the log(-log) scale, in standard errors.

    Each is (estimate, Greenwood sum). Klein et al., Statistics in Medicine 26 (2007) 4505-4519, test of fixed time
    points with the log(-log) transformation.
    """
    difference = on_scale("log-log", one[0]) - on_scale("log-log", other[0])
    error = sqrt(sum(variance / log(share) ** 2 for share, variance in (one, other)))
    return difference / error if error > 0.0 else nan
