"""The log, and named events: what happens is written down and sets off flags, clocks, windows and delays."""

from __future__ import annotations

from sim.engine.clocks import start_delay, start_hazard
from sim.engine.jit import compiled, small
from sim.engine.layout import *
from sim.engine.schedules import start_schedule


@small
def log_row(I, log, code, detail):
    """Append a row to the event log, whose first cell is the number of rows in use (rows start at 1)."""
    at = log[0, 0] + 1
    log[0, 0] = at
    log[at, LOG_PATIENT] = I[PATIENT]
    log[at, LOG_TICK] = I[NOW]
    log[at, LOG_SERIAL] = I[SERIAL]
    log[at, LOG_CODE] = code
    log[at, LOG_PHASE] = I[PHASE]
    log[at, LOG_DETAIL] = detail
    I[SERIAL] += 1


@compiled
def log_value(I, log, code, index, value):
    """A row of the detailed log: a thing and its value to five decimals. Asked for only where H_DETAIL is 1."""
    log_row(I, log, code, index * DETAIL_SHIFT + DETAIL_SHIFT // 2 + round(min(max(value, -1e6), 1e6) * 1e5))


@compiled
def _happen(I, F, e):
    """What an event sets off: it is counted, sets flags, opens windows, starts clocks, delays and schedules."""
    row = I[H_EVENTS] + e * E_WIDTH
    I[I[SI_EVENT_COUNT] + e] += 1
    I[I[SI_EVENT_LAST] + e] = I[NOW]
    I[DIRTY] |= I[row + E_BIT]
    flags = I[row + E_SETS]
    for k in range(I[flags]):
        F[I[flags + 1 + k]] = 1.0
    flags = I[row + E_CLEARS]
    for k in range(I[flags]):
        F[I[flags + 1 + k]] = 0.0
    windows = I[row + E_WITHINS]
    for k in range(I[windows]):
        window = I[H_WITHINS] + I[windows + 1 + k] * W_WIDTH
        I[I[SI_TIMERS] + I[window + W_SLOT]] = I[NOW] + I[window + W_TICKS]
    hazards = I[row + E_HAZARDS]
    for k in range(I[hazards]):
        start_hazard(I, F, I[hazards + 1 + k])
    delays = I[row + E_DELAYS]
    for k in range(I[delays]):
        start_delay(I, F, I[delays + 1 + k])
    schedules = I[row + E_SURVEILLANCE]
    for k in range(I[schedules]):
        start_schedule(I, I[schedules + 1 + k])


@compiled
def emit(I, F, log, e):
    """A named event happens and is logged; the first one at the entry gate enrols the patient."""
    code = I[I[H_EVENTS] + e * E_WIDTH + E_CODE]
    if code >= 0:
        log_row(I, log, code, I[CAUSE])
    _happen(I, F, e)
    if e == I[H_ENROL_EVENT] and I[ENROLLED] < 0:
        I[ENROLLED] = I[NOW]
        log_row(I, log, LOG_ENROLMENT, I[CAUSE])
        if e != ENROLMENT_EVENT:
            _happen(I, F, ENROLMENT_EVENT)


@compiled
def emit_all(I, F, log, events):
    """Emit each event of a list."""
    for k in range(I[events]):
        emit(I, F, log, I[events + 1 + k])
