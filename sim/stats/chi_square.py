"""A quadratic-form test: statistic, degrees of freedom and p-value from the chi-square distribution. No estimator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.stats.arrays import Floats
from sim.stats.tails import chi_squared_upper


@dataclass(frozen=True)
class ChiSquare:
    """A test whose statistic is chi-square with `df` degrees of freedom under the null; two-sided when `df` is 1."""

    statistic: float
    df: int
    p_value: float

    def __repr__(self) -> str:
        return f"chi-square {self.statistic:.6g} on {self.df} df, p = {self.p_value:.4g}"


def chi_square(statistic: float, df: int) -> ChiSquare:
    """The test for a statistic of 0 or more; with no degrees of freedom p is 1."""
    value = max(float(statistic), 0.0)
    return ChiSquare(value, df, chi_squared_upper(value, df) if df > 0 else 1.0)


def quadratic_form(score: Floats, variance: Floats) -> ChiSquare:
    """Score' V^- score with the rank of V as degrees of freedom: what does not vary is not tested.

    Directions whose variance is below 1e-12 of the largest count as 0, since the variance of scores that sum to 0 is
    singular only up to rounding.
    """
    scale = np.sqrt(np.maximum(np.diag(variance), 0.0))
    scale = np.where(scale > 0.0, scale, 1.0)
    values, vectors = np.linalg.eigh(variance / np.outer(scale, scale))
    kept = values > 1e-12 * max(float(values.max(initial=0.0)), 0.0)
    kept &= values > 0.0
    projected = vectors.T @ (score / scale)
    return chi_square(float(np.sum(projected[kept] ** 2 / values[kept])), int(kept.sum()))
