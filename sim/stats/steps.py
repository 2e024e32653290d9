"""Reading of right-continuous step functions at chosen times, with what is known before and after. No estimator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim.stats.arrays import Flags, Floats, Integers, observed_times


@dataclass(frozen=True, eq=False)
class Steps:
    """Where chosen times fall on a curve: `row` counts the curve's times up to and including each; shape (t,).

    `unknown` marks times behind the last one of a curve that has not ended: nothing is known there.
    """

    asked: Floats
    row: Integers
    unknown: Flags

    def read(self, start: ArrayLike, values: Floats) -> Floats:
        """Values at the chosen times, `start` before the first; NaN where unknown. Shape (t,) or (t, K) as `values`."""
        taken = np.concatenate((np.asarray(start, dtype=np.float64)[np.newaxis], values))[self.row]
        taken[self.unknown] = np.nan
        return taken

    def count(self, values: Integers) -> Integers:
        """Running totals of counts up to and including the chosen times; shape (t,) or (t, K) as `values`."""
        totals = np.concatenate((np.zeros((1, *values.shape[1:]), dtype=np.int64), np.cumsum(values, axis=0)))
        return np.asarray(totals[self.row], dtype=np.int64)


def steps(times: ArrayLike, curve: Floats, *, ended: bool) -> Steps:
    """Find chosen times on a curve.

    Parameters
    ----------
    times
        One time or a column of times, finite and not negative, in any order; t of them.
    curve
        The curve's distinct times, ascending, shape (m,).
    ended
        Whether the curve stays level for good behind its last time (nobody is left without an event).
    """
    asked = observed_times("times", times, or_single=True)
    behind = np.zeros(asked.shape, dtype=np.bool_) if ended else asked > curve[-1]
    return Steps(asked, np.searchsorted(curve, asked, side="right"), behind)
