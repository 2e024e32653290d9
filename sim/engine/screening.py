"""Who a patient is and whether they are eligible: a row of a table, and the criteria. What follows is in step.py."""

from __future__ import annotations

from sim.engine.code import evaluate
from sim.engine.draws import uniform
from sim.engine.events import log_row
from sim.engine.jit import entry, part
from sim.engine.layout import *


@entry
def take_row(I, F, table, patient):
    """Let a patient be one row of the table: its values are those with which the patient's attributes start.

    The first cell of a row is the cumulative share of its weight, or without replacement the row that the patient of
    that number has; see `Plan.table_for`. Drawn by inverse of the one, read from the other.
    """
    rows = table.shape[0]
    if rows == 0:
        return
    if I[H_TABLE_ONCE] == 1:
        row = int(table[patient, 0])
    else:
        u = uniform(I[H_SEED], I[H_REPLICATE], patient, I[H_TABLE_SITE], FIRST)
        row = 0
        last = rows - 1
        while row < last:
            middle = (row + last) // 2
            if table[middle, 0] > u:
                last = middle
            else:
                row = middle + 1
    columns = I[H_TABLE_COLUMNS]
    for c in range(I[columns]):
        F[I[H_INITIAL] + I[columns + 1 + c]] = table[row, c + 1]


@part
def turned_away(I, F, log):
    """Whether a patient fails a criterion of eligibility; each that is not met is logged, in no phase."""
    criteria = I[H_CRITERIA]
    for c in range(I[criteria]):
        if evaluate(I, F, I[criteria + 1 + c]) == 0.0:
            I[PHASE] = NONE
            log_row(I, log, LOG_INELIGIBLE, c)
            I[PHASE] = I[H_FIRST_PHASE]
            if I[STATUS] == RUNNING:
                I[STATUS] = INELIGIBLE
    return I[STATUS] == INELIGIBLE
