"""Checked columns sorted into the flat rows that the kernels read, for one data set and for many. No statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.stats.arrays import Floats, Integers

if TYPE_CHECKING:
    from sim.stats.kernels.rows import Rows


def packed(
    time: Floats,
    event: Integers,
    group: Integers,
    *,
    stratum: Integers | None = None,
    entry: Floats | None = None,
    offsets: Integers | None = None,
) -> Rows:
    """Rows of one data set, or of many behind one another, sorted by data set, stratum and time.

    Parameters
    ----------
    time, event, group, stratum, entry
        Checked columns of all data sets, shape (n,): event 0 or the cause, group and stratum codes from 0.
    offsets
        First row of each data set, and n; by default all rows are one data set.
    """
    from sim.stats.kernels.rows import Rows, orders

    bounds = np.array([0, time.size], dtype=np.int64) if offsets is None else offsets
    if stratum is None:
        start, first_slice = bounds, np.arange(bounds.size, dtype=np.int64)
    else:
        # Each data set keeps its rows together; a slice is one stratum that occurs in it.
        which = np.repeat(np.arange(bounds.size - 1), np.diff(bounds))
        by_stratum = np.lexsort((stratum, which))
        time, event, group = time[by_stratum], event[by_stratum], group[by_stratum]
        entry = None if entry is None else entry[by_stratum]
        here = stratum[by_stratum]
        new = (np.diff(which, prepend=-1) != 0) | (np.diff(here, prepend=-1) != 0)
        start = np.append(np.flatnonzero(new), time.size)
        first_slice = np.searchsorted(start, bounds)
    order, work = np.empty(time.size, dtype=np.int64), np.empty(time.size, dtype=np.int64)
    orders(time, start, order, work)
    order += np.repeat(start[:-1], np.diff(start))
    none = np.empty(0)
    late: tuple[Any, ...] = (none, np.empty(0, dtype=np.int64), np.zeros(start.size, dtype=np.int64))
    if entry is not None and np.isfinite(entry).any():
        slices = np.repeat(np.arange(start.size - 1), np.diff(start))
        finite = np.flatnonzero(np.isfinite(entry))
        finite = finite[np.lexsort((entry[finite], slices[finite]))]
        late = (entry[finite], group[finite], np.searchsorted(slices[finite], np.arange(start.size)))
    return Rows(time[order], event[order], group[order], start, first_slice, *late)


def working_space(rows: Rows, groups: int) -> tuple[Floats, Floats]:
    """An event table as long as the largest data set, and numbers at risk, for `groups` groups."""
    most = int(np.diff(rows.start[rows.first_slice]).max())
    return np.empty((max(most, 1), 1 + 3 * groups)), np.empty(groups)
