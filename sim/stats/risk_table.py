"""Numbers at risk, events by cause and censorings at each distinct observed time, counted once. No estimator here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.stats.arrays import Floats, Integers, readonly


@dataclass(frozen=True, eq=False)
class RiskTable:
    """Counts that every estimator of this room starts from.

    Times are tied only when they are equal as floating-point numbers. Events come before censorings at the same time:
    who is censored at t is at risk at t.

    Attributes
    ----------
    time
        Distinct observed times, ascending, shape (m,).
    at_risk
        Rows with entry < t <= their time, shape (m,).
    events
        Events of each cause at t, shape (m, K); column k - 1 holds cause k.
    censored
        Rows censored at t, shape (m,).
    late_entry
        Entry times of truncated rows, ascending; empty without left truncation.
    """

    time: Floats
    at_risk: Integers
    events: Integers
    censored: Integers
    late_entry: Floats

    @property
    def n(self) -> int:
        """Number of rows (subjects)."""
        return int(self.events.sum() + self.censored.sum())

    @property
    def all_events(self) -> Integers:
        """Events of any cause at each time, shape (m,)."""
        return np.asarray(self.events.sum(axis=1), dtype=np.int64)

    def at_risk_at(self, times: Floats) -> Integers:
        """Number at risk at any times: rows with entry < t <= their time; same shape as `times`."""
        return _at_risk(times, self.time, self.all_events + self.censored, self.late_entry)


def risk_table(time: Floats, cause: Integers, causes: int, entry: Floats | None) -> RiskTable:
    """Count events, censorings and numbers at risk at each distinct time.

    Parameters
    ----------
    time, cause, entry
        Checked columns of shape (n,): observed time, 0 for censored or the cause 1..`causes`, entry time or None.
    causes
        Number of causes K.
    """
    ordered = np.sort(time)
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))
    distinct = ordered[first]
    counts = np.empty((distinct.size, causes + 1), dtype=np.int64)
    for code in range(causes + 1):
        rows = np.searchsorted(distinct, time[cause == code])
        counts[:, code] = np.bincount(rows, minlength=distinct.size)
    entered = np.empty(0) if entry is None else np.sort(entry[entry > -np.inf])
    return RiskTable(
        time=readonly(distinct),
        at_risk=readonly(_at_risk(distinct, distinct, counts.sum(axis=1), entered)),
        events=readonly(np.ascontiguousarray(counts[:, 1:])),
        censored=readonly(counts[:, 0].copy()),
        late_entry=readonly(entered),
    )


def _at_risk(times: Floats, distinct: Floats, leaving: Integers, late_entry: Floats) -> Integers:
    left = np.concatenate(([0], np.cumsum(leaving)))
    gone = left[np.searchsorted(distinct, times, side="left")]
    not_yet = late_entry.size - np.searchsorted(late_entry, times, side="left")
    return np.asarray(left[-1] - gone - not_yet, dtype=np.int64)
