"""Probabilities of boxes under a multivariate normal law of any covariance, by randomised quasi-Monte Carlo.

The place of `integration` for statistics whose increments are not independent (restricted means with a growing horizon,
several statistics a look). Separation of variables: Genz, Journal of Computational and Graphical Statistics 1 (1992)
141-149; scrambled Sobol points of a fixed seed, several scrambles to know the error. No boundary is chosen here.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from sim.errors import EngraftError
from sim.stats.arrays import Floats

SCRAMBLES = 8
POINTS = 2**12
"""Of each scramble; 32,768 points together."""
SEED = 19920
DEGENERATE = 1e-9
"""A statistic with less standard deviation than this, given those before it, is known from them."""


def correlation_matrix(field: str, values: ArrayLike) -> Floats:
    """The correlation of a covariance or correlation matrix: symmetric, positive semidefinite, no zero variance."""
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise EngraftError(f"{field}: it must be a square table of numbers") from problem
    if found.ndim != 2 or found.shape[0] != found.shape[1] or found.size == 0:
        raise EngraftError(f"{field}: found shape {found.shape}; it must be square")
    if not np.isfinite(found).all():
        raise EngraftError(f"{field}: found a missing or infinite entry; all must be finite numbers")
    variances = np.diag(found)
    if (variances <= 0.0).any():
        row = int(np.argmax(variances <= 0.0))
        raise EngraftError(f"{field}: row {row} has variance {variances[row]:.6g}; it must be above 0")
    scale = np.sqrt(variances)
    scaled = found / np.outer(scale, scale)
    if np.abs(scaled - scaled.T).max() > 1e-8:
        row, column = divmod(int(np.argmax(np.abs(scaled - scaled.T))), len(scaled))
        raise EngraftError(
            f"{field}: row {row}, column {column} is {found[row, column]:.6g}, but row {column}, column {row} is "
            f"{found[column, row]:.6g}; it must be symmetric"
        )
    lowest = float(np.linalg.eigvalsh((scaled + scaled.T) / 2.0)[0])
    if lowest < -1e-8:
        raise EngraftError(
            f"{field}: its smallest eigenvalue is {lowest:.3g}; a covariance matrix is positive semidefinite"
        )
    return np.asarray((scaled + scaled.T) / 2.0)


def factor(correlation: Floats) -> Floats:
    """The lower triangular root; a row of a degenerate statistic has 0 on the diagonal."""
    size = len(correlation)
    root = np.zeros((size, size))
    for row in range(size):
        for column in range(row):
            if root[column, column] > 0.0:
                rest = correlation[row, column] - root[row, :column] @ root[column, :column]
                root[row, column] = rest / root[column, column]
        left = correlation[row, row] - root[row, :row] @ root[row, :row]
        root[row, row] = np.sqrt(left) if left > DEGENERATE**2 else 0.0
    return root


@lru_cache(maxsize=64)
def _uniform(dimensions: int) -> Floats:
    """Scrambled Sobol points, shape (dimensions, scrambles, points), the same at every call."""
    from scipy.stats import qmc

    found = np.stack(
        [
            qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng([SEED, scramble])).random(POINTS)
            for scramble in range(SCRAMBLES)
        ]
    )
    return np.ascontiguousarray(np.moveaxis(found, 2, 0))


def box_probability(root: Floats, low: Floats, high: Floats) -> Floats:
    """Probability that each of d correlated standard normal variables lies in its interval, by scramble.

    The first variable is best the one with the rarest interval: its probability is exact, and the error of the rest is
    multiplied by it.

    Parameters
    ----------
    root
        `factor` of the correlation, shape (d, d).
    low, high
        Ends of the intervals, shape (d,); may be infinite.

    Returns
    -------
    Floats
        Shape (scrambles,); their mean is the estimate, `integration_error` its error.
    """
    size = len(root)
    uniform = _uniform(max(size - 1, 1))
    weight = np.ones(uniform.shape[1:])
    normal = np.zeros((size, *uniform.shape[1:]))
    for row in range(size):
        deviation = float(root[row, row])
        middle = np.tensordot(root[row, :row], normal[:row], axes=1) if row else np.zeros(weight.shape)
        if deviation == 0.0:
            weight = weight * ((middle > low[row]) & (middle < high[row]))
            continue
        # Integrated in the tail where the interval lies, so that far tails keep their digits.
        sign = 1.0 if low[row] < 0.0 else -1.0
        near, far = (low[row], high[row]) if sign > 0.0 else (high[row], low[row])
        start = ndtr(sign * (near - middle) / deviation)
        share = ndtr(sign * (far - middle) / deviation) - start
        weight = weight * share
        if row < size - 1:
            inner = np.clip(start + uniform[row] * share, np.finfo(np.float64).tiny, 1.0 - np.finfo(np.float64).epsneg)
            normal[row] = sign * ndtri(inner)
    return np.asarray(weight.mean(axis=1))


def integration_error(by_scramble: Floats) -> float:
    """Three standard errors of the mean over scrambles."""
    return float(3.0 * by_scramble.std(ddof=1) / np.sqrt(len(by_scramble)))
