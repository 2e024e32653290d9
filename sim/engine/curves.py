"""Cumulative hazards of the baselines and their inverses, on log S throughout. Clocks and multipliers: see clocks.py.

With a plateau the proper part is S0(t)^scale and S(t) = plateau + (1 - plateau) S0(t)^scale: ``scale`` sets the level,
``plateau`` the share that never fails at reference covariates. Powers are written exp(a log x): constant powers differ
between numba and CPython.
"""

from __future__ import annotations

import math

from sim.engine.draws import normal_quantile
from sim.engine.jit import compiled, entry, part, small
from sim.engine.layout import (
    B_EXPONENTIAL,
    B_GOMPERTZ,
    B_LOGLOGISTIC,
    B_LOGNORMAL,
    B_WEIBULL,
    CURVE_A,
    CURVE_B,
    CURVE_PLATEAU,
    CURVE_SCALE,
    CURVE_TABLE,
)

FOREVER = 1e15
"""Days beyond any horizon: what an inverse gives when the hazard is used up before."""


@compiled
def _log_upper_normal(z):
    """Log of the standard normal upper tail: erfc where it has digits, else Laplace's continued fraction."""
    if z < 20.0:
        return math.log(0.5 * math.erfc(z * 0.7071067811865476))
    tail = z
    for k in range(40, 0, -1):
        tail = z + k / tail
    return -0.5 * z * z - 0.9189385332046727 - math.log(tail)


@part
def _proper(I, F, family, curve, u):
    """Cumulative hazard of the proper baseline at clock time u (days), before scale and plateau."""
    if u <= 0.0:
        return 0.0
    a = F[curve + CURVE_A]
    b = F[curve + CURVE_B]
    if family == B_EXPONENTIAL:
        return u / a
    if family == B_WEIBULL:
        return math.exp(min(a * math.log(u / b), 700.0))
    if family == B_GOMPERTZ:
        return math.expm1(min(a * u, 700.0)) / a
    if family == B_LOGLOGISTIC:
        return math.log1p(math.exp(min(a * math.log(u / b), 700.0)))
    if family == B_LOGNORMAL:
        return -_log_upper_normal((math.log(u) - math.log(a)) / b)
    return _piecewise(F, curve + CURVE_TABLE, int(a), u)


@small
def _piecewise(F, table, n, u):
    """Cumulative hazard of n constant pieces stored as (start, hazard, cumulative hazard at start)."""
    k = n - 1
    while k > 0 and F[table + 3 * k] > u:
        k -= 1
    return F[table + 3 * k + 2] + F[table + 3 * k + 1] * (u - F[table + 3 * k])


@small
def _inverse_piecewise(F, table, n, h):
    k = n - 1
    while k > 0 and F[table + 3 * k + 2] > h:
        k -= 1
    rate = F[table + 3 * k + 1]
    if rate <= 0.0:
        return FOREVER
    return F[table + 3 * k] + (h - F[table + 3 * k + 2]) / rate


@compiled
def _inverse_lognormal(h, log_median, sigma):
    """Time at which a log-normal has cumulative hazard h; Newton steps on log S where the tail has no digits left."""
    if h < 700.0:
        tail = math.exp(-h)
        z = -normal_quantile(tail) if tail < 0.5 else normal_quantile(-math.expm1(-h))
    else:
        z = math.sqrt(2.0 * h)
        for _ in range(30):
            log_tail = _log_upper_normal(z)
            z += (log_tail + h) / z
    return math.exp(min(log_median + sigma * z, 34.0))


@part
def _inverse_proper(I, F, family, curve, h):
    if h <= 0.0:
        return 0.0
    a = F[curve + CURVE_A]
    b = F[curve + CURVE_B]
    if family == B_EXPONENTIAL:
        return h * a
    if family == B_WEIBULL:
        return b * math.exp(min(math.log(h) / a, 34.0))
    if family == B_GOMPERTZ:
        return math.log1p(h * a) / a
    if family == B_LOGLOGISTIC:
        log_odds = h if h > 700.0 else math.log(math.expm1(h))
        return b * math.exp(min(log_odds / a, 34.0))
    if family == B_LOGNORMAL:
        return _inverse_lognormal(h, math.log(a), b)
    return _inverse_piecewise(F, curve + CURVE_TABLE, int(a), h)


@entry
def cumulative_hazard(I, F, family, curve, u):
    """-log S(u) at reference covariates, u in days on the hazard's clock."""
    h = F[curve + CURVE_SCALE] * _proper(I, F, family, curve, u)
    plateau = F[curve + CURVE_PLATEAU]
    if plateau <= 0.0:
        return h
    return -math.log1p((1.0 - plateau) * math.expm1(-h))


@entry
def inverse_cumulative_hazard(I, F, family, curve, h):
    """Days on the clock until -log S reaches h; FOREVER when a plateau keeps it below."""
    scale = F[curve + CURVE_SCALE]
    if scale <= 0.0:
        return FOREVER
    plateau = F[curve + CURVE_PLATEAU]
    if plateau > 0.0:
        failed = -math.expm1(-h) / (1.0 - plateau)
        if failed >= 1.0:
            return FOREVER
        h = -math.log1p(-failed)
    return min(_inverse_proper(I, F, family, curve, h / scale), FOREVER)
