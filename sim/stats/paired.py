"""Differences of means or proportions of two arms: paired by shared luck, and unpaired. Values in, a result out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError
from sim.stats.arrays import Floats, finite
from sim.stats.intervals import checked_level, normal_quantile


@dataclass(frozen=True)
class Difference:
    """Difference `mean_a` - `mean_b` of per-patient values between two arms.

    `mc_se` is the standard error of `estimate` over the draws; the interval is estimate -/+ z mc_se (normal).
    `paired` tells whether row i of both arms was the same virtual patient.
    """

    estimate: float
    mc_se: float
    ci_low: float
    ci_high: float
    mean_a: float
    mean_b: float
    n_a: int
    n_b: int
    paired: bool
    conf_level: float

    @property
    def conventions(self) -> str:
        """Source of the error, sides and type of interval, in words."""
        kind = "paired by patient: Monte Carlo error only" if self.paired else "unpaired arms"
        return f"{kind}; interval: {100 * self.conf_level:g}% normal, two-sided"

    def __repr__(self) -> str:
        return (
            f"Difference: {self.mean_a:.6g} - {self.mean_b:.6g} = {self.estimate:.6g} "
            f"({self.ci_low:.6g} to {self.ci_high:.6g})\n"
            f"  standard error {self.mc_se:.3g}, {self.conventions}"
        )


def paired_difference(a: ArrayLike, b: ArrayLike, *, conf_level: float = 0.95) -> Difference:
    """Difference between two arms that the same virtual patients went through with the same luck.

    Its interval is Monte Carlo error only: how far the estimate may be from what endlessly many virtual patients of the
    same protocols and parameters would show. It holds no uncertainty about parameters or structure and is not the
    interval of a trial, whose arms are different patients (`unpaired_difference`). Pairing assumes rank-preserving
    potential outcomes, so no share of "patients who benefit" may be read from the pairs.

    Parameters
    ----------
    a, b
        One value a patient, shape (n,), row i of both being the same patient, n at least 2: 0 and 1 give a difference
        of proportions, other numbers one of means.
    conf_level
        Level of the normal interval. All pairs alike give a standard error of 0 and an interval of one point.

    Raises
    ------
    EngraftError
        If a value is missing or infinite, the arms differ in length, or there are fewer than two patients.
    """
    level = checked_level(conf_level)
    first, second = _arm("a", a), _arm("b", b)
    if first.size != second.size:
        raise EngraftError(f"b: found {second.size} rows, but a has {first.size}; paired arms hold the same patients")
    pairs = first - second
    return _difference(float(np.mean(pairs)), _squared_error(pairs), first, second, True, level)


def unpaired_difference(a: ArrayLike, b: ArrayLike, *, conf_level: float = 0.95) -> Difference:
    """Difference between two arms of different patients: variances of both arms add, not pooled (Wald, Welch's error).

    Parameters
    ----------
    a, b
        One value a patient, shapes (n_a,) and (n_b,), each at least 2.
    conf_level
        Level of the normal interval.

    Raises
    ------
    EngraftError
        If a value is missing or infinite, or an arm has fewer than two patients.
    """
    level = checked_level(conf_level)
    first, second = _arm("a", a), _arm("b", b)
    estimate = float(np.mean(first)) - float(np.mean(second))
    return _difference(estimate, _squared_error(first) + _squared_error(second), first, second, False, level)


def _arm(field: str, values: ArrayLike) -> Floats:
    numbers = finite(field, values)
    if numbers.size < 2:
        raise EngraftError(f"{field}: found 1 row; a standard error needs at least two patients")
    return numbers


def _squared_error(values: Floats) -> float:
    return float(np.var(values, ddof=1)) / values.size


def _difference(estimate: float, variance: float, a: Floats, b: Floats, paired: bool, level: float) -> Difference:
    error = float(np.sqrt(variance))
    reach = normal_quantile(level) * error
    return Difference(
        estimate=estimate,
        mc_se=error,
        ci_low=estimate - reach,
        ci_high=estimate + reach,
        mean_a=float(np.mean(a)),
        mean_b=float(np.mean(b)),
        n_a=a.size,
        n_b=b.size,
        paired=paired,
        conf_level=level,
    )
