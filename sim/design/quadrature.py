"""Integrals over time of integrands that jump at known times, on one grid of nodes. No survival law is known here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sim.stats.arrays import Floats

NODES = 16
HALVINGS = 40
"""A segment is halved towards its beginning, where a Weibull hazard may be without bound or decay may be fast."""

_AT, _WEIGHT = np.polynomial.legendre.leggauss(NODES)


def _running() -> Floats:
    """The matrix that takes values at the nodes of (-1, 1) to their integrals from -1 to each node."""
    degree = np.arange(NODES)
    legendre = np.polynomial.legendre.legvander(_AT, NODES)
    coefficients = (degree[:, None] + 0.5) * legendre[:, :NODES].T * _WEIGHT
    steps = (legendre[:, 2:] - legendre[:, :-2]) / (2.0 * degree[1:] + 1.0)
    return np.asarray(np.column_stack((_AT + 1.0, steps)) @ coefficients)


_RUNNING = _running()


@dataclass(frozen=True, eq=False)
class TimeGrid:
    """Gauss-Legendre nodes on panels: `times` ascending, shape (panels * 16,), and the half width of each panel."""

    times: Floats
    half: Floats

    def integral(self, values: Floats) -> float:
        """Integral over the whole grid of an integrand given at `times`."""
        return float(self.half @ (values.reshape(-1, NODES) @ _WEIGHT))

    def running_integral(self, values: Floats) -> Floats:
        """Integral from 0 to each of `times`."""
        within = values.reshape(-1, NODES) @ _RUNNING.T * self.half[:, None]
        whole = self.half * (values.reshape(-1, NODES) @ _WEIGHT)
        return np.asarray((within + (np.cumsum(whole) - whole)[:, None]).ravel())


def time_grid(upper: float, knots: Iterable[float] = ()) -> TimeGrid:
    """Nodes on (0, upper), on panels that shrink towards 0 and towards every knot from its right.

    Integrands of the form t^(k-1) with k above 0.2 and decays of any speed are integrated to about 1e-10, relative.

    Parameters
    ----------
    upper
        End of the integral, above 0.
    knots
        Times where the integrand jumps or bends; those outside (0, upper) are left out.
    """
    ends = np.unique([0.0, upper, *(knot for knot in knots if 0.0 < knot < upper)])
    shares = np.concatenate(([0.0], 0.5 ** np.arange(HALVINGS, -1, -1.0)))
    width = np.diff(ends)[:, None]
    low, half = (
        (ends[:-1, None] + width * shares)[:, :-1].reshape(-1, 1),
        (width * np.diff(shares)).reshape(-1, 1) / 2.0,
    )
    return TimeGrid((low + half * (_AT + 1.0)).ravel(), half.ravel())
