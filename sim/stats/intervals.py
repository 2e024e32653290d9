"""Pointwise confidence limits of a probability from its standard error: plain, log, log-log. No estimator here."""

from __future__ import annotations

from statistics import NormalDist
from typing import Literal, get_args

import numpy as np

from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Floats

ConfType = Literal["plain", "log", "log-log"]


def normal_quantile(conf_level: float) -> float:
    """Two-sided standard normal quantile: 1.96 for ``conf_level`` 0.95.

    Raises
    ------
    EngraftError
        If the level is not a number strictly between 0 and 1.
    """
    return NormalDist().inv_cdf(0.5 + checked_level(conf_level) / 2.0)


def checked_level(conf_level: float) -> float:
    """A confidence level strictly between 0 and 1, or an error."""
    try:
        level = float(conf_level)
    except (TypeError, ValueError):
        level = float("nan")
    if not 0.0 < level < 1.0 or 0.5 + level / 2.0 == 1.0:
        raise EngraftError(f"conf_level: found {conf_level!s}; it must lie between 0 and 1, for example 0.95")
    return level


def checked_type(conf_type: str) -> ConfType:
    """One of the known interval types, or an error."""
    for known in get_args(ConfType):
        if conf_type == known:
            return known  # type: ignore[no-any-return]
    raise EngraftError(f'conf_type: found "{conf_type!s}"{did_you_mean(str(conf_type), get_args(ConfType))}')


def confidence_limits(
    estimate: Floats, std_error: Floats, *, conf_level: float, conf_type: ConfType
) -> tuple[Floats, Floats]:
    """Lower and upper pointwise limits of probabilities p with standard error s.

    plain: p -/+ z s, cut to [0, 1]. log: p exp(-/+ z s / p), cut at 1. log-log: p ** exp(+/- z s / (p log p)).
    A transformation that does not exist at p gives NaN for both limits: log at 0, log-log at 0 and at 1, as R's
    survival prints them; so does a standard error that is NaN.

    Parameters
    ----------
    estimate, std_error
        Arrays of one shape; the limits have the same shape.

    References
    ----------
    Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2nd ed. (2002), section 1.4;
    Borgan and Liestol, Scand J Statist 17 (1990) 35-41.
    """
    z = normal_quantile(conf_level)
    if conf_type == "plain":
        return np.maximum(estimate - z * std_error, 0.0), np.minimum(estimate + z * std_error, 1.0)
    low = np.full(estimate.shape, np.nan)
    high = np.full(estimate.shape, np.nan)
    inside = (estimate > 0.0) & (estimate < 1.0) if conf_type == "log-log" else estimate > 0.0
    p, s = estimate[inside], std_error[inside]
    with np.errstate(over="ignore", under="ignore"):  # the limits 0 and 1 are right where an exponential overflows
        if conf_type == "log":
            low[inside] = p * np.exp(-z * s / p)
            high[inside] = np.minimum(p * np.exp(z * s / p), 1.0)
        else:
            width = z * s / (p * -np.log(p))
            low[inside] = np.exp(np.log(p) * np.exp(width))
            high[inside] = np.exp(np.log(p) * np.exp(-width))
    return low, high
