"""Rows of many data sets behind one another, sorted for the kernels; sorting, slices and their event tables."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from sim.stats.kernels.events import event_table
from sim.stats.kernels.jit import compiled, entry


class Rows(NamedTuple):
    """Data sets as flat arrays; each is one slice, or one slice a stratum, sorted by time within.

    Attributes
    ----------
    time, event, group
        Of all rows, shape (n,): float64; int64 0 or the cause; int64 code from 0.
    start
        First row of each slice, and n; int64, shape (slices + 1,).
    first_slice
        First slice of each data set, and the number of slices; int64, shape (sets + 1,).
    late_time, late_group, late_start
        Finite entry times, ascending within each slice, with their groups, and the place of the first of each slice.
    """

    time: Any
    event: Any
    group: Any
    start: Any
    first_slice: Any
    late_time: Any
    late_group: Any
    late_start: Any


@compiled
def slice_table(rows, s, groups, table, stop, at_risk):
    """Write the event table of one slice before line `stop`; return its first line. See `event_table`."""
    a, b = rows.start[s], rows.start[s + 1]
    late, late_end = rows.late_start[s], rows.late_start[s + 1]
    return event_table(
        rows.time[a:b],
        rows.event[a:b],
        rows.group[a:b],
        rows.late_time[late:late_end],
        rows.late_group[late:late_end],
        groups,
        table,
        stop,
        at_risk,
    )


@compiled
def last_times(rows, s, groups, last):
    """Last observed time of each group in a slice; minus infinity for a group without rows. Written to `last`."""
    for g in range(groups):
        last[g] = -math.inf
    for i in range(rows.start[s], rows.start[s + 1]):
        last[rows.group[i]] = rows.time[i]


@compiled
def order_of(key, order, work):
    """Places of the keys in ascending order, equal keys as they came: bottom-up merge sort without allocation.

    Parameters
    ----------
    key
        Shape (n,).
    order, work
        Written to, int64, shape (n,); the result is in `order`.
    """
    n = key.size
    for i in range(n):
        order[i] = i
    width = 1
    while width < n:
        for low in range(0, n, 2 * width):
            middle, high = min(low + width, n), min(low + 2 * width, n)
            i, j = low, middle
            for k in range(low, high):
                if j >= high or (i < middle and key[order[i]] <= key[order[j]]):
                    work[k] = order[i]
                    i += 1
                else:
                    work[k] = order[j]
                    j += 1
        for k in range(n):
            order[k] = work[k]
        width *= 2


@entry
def orders(key, start, order, work):
    """Sort each slice of the keys by itself: places within the slice, written to `order`; all of shape (n,)."""
    for s in range(start.size - 1):
        a, b = start[s], start[s + 1]
        order_of(key[a:b], order[a:b], work[a:b])
