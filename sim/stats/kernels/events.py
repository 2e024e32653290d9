"""Event tables: at each distinct event time the numbers at risk and the events of each group. No estimator here.

A table is a float64 array of shape (lines, 1 + 3 K) for K groups; a line is one event time, ascending. Place 0 holds
the time, places 1 + g the numbers at risk of group g, 1 + K + g its events of any cause, 1 + 2 K + g those of cause 1.
"""

from __future__ import annotations

from sim.stats.kernels.jit import compiled


@compiled
def event_table(time, event, group, late_time, late_group, groups, table, stop, at_risk):
    """Write the event table of one sample (or stratum) before line `stop` of `table`; return its first line.

    Rows are taken from the last to the first, since the number at risk is then what has been seen; hence a table grows
    from its end. A line is written at every time and kept at event times, which is quicker than to ask first.

    Parameters
    ----------
    time, event, group
        Rows sorted by time, shape (n,): float64; int64, 0 for censored, else the cause of the event; int64 code
        0..groups - 1. Tied rows in any order: events come before censorings at the same time.
    late_time, late_group
        Entry times of left-truncated rows, ascending, with their groups; empty without truncation. Such a row is at
        risk at t when entry < t <= time.
    groups
        Number of groups K.
    table
        Written to; n lines before `stop` are always enough.
    stop
        Line behind the last one to be written: the length of the table, or the first line of the stratum behind.
    at_risk
        Working space, float64, shape (K,).

    Returns
    -------
    int
        First line of the table.
    """
    i, j = time.size - 1, late_time.size - 1
    first = stop
    for g in range(groups):
        at_risk[g] = 0.0
    while i >= 0:
        now = time[i]
        at = first - 1
        for place in range(1 + groups, 1 + 3 * groups):
            table[at, place] = 0.0
        struck = 0
        while i >= 0 and time[i] == now:
            g, happened = group[i], event[i] != 0
            at_risk[g] += 1.0
            table[at, 1 + groups + g] += happened
            table[at, 1 + 2 * groups + g] += event[i] == 1
            struck |= happened
            i -= 1
        while j >= 0 and late_time[j] >= now:
            at_risk[late_group[j]] -= 1.0
            j -= 1
        table[at, 0] = now
        for g in range(groups):
            table[at, 1 + g] = at_risk[g]
        first -= struck
    return first
