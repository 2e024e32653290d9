"""`start` and `step`: what happens next to one patient. Clinical semantics live here and in what this calls, and nowhere else.

The contract: ``start`` sets a patient at tick 0 and ``step`` performs the event whose time has come; both return the tick of the
next event, or a negative number when there is none (``NONE``) or when the log needs room first (``LOG_FULL``: nothing has
happened, call again). One timer is served a call. After a call ``si[SIGNAL]`` says whether the patient asks for the places that
its phase needs, gives them back, or withdraws the request; the hazards' next tick is returned all the same, because they go on
while a patient waits. ``grant`` says that the places are there.
"""

from __future__ import annotations

import math

from sim.engine.clocks import eradicate, hold_on_grid, refresh, set_marker, start_hazard, stop_hazard
from sim.engine.code import counter_value, draw_value, evaluate, fail, marker_level, next_uniform
from sim.engine.draws import normal_quantile, uniform
from sim.engine.jit import compiled, entry
from sim.engine.layout import *
from sim.engine.phases import (
    begin_phase,
    deliver_result,
    emit,
    emit_all,
    end_cycle,
    end_phase,
    enter_phase,
    go,
    leave_phase,
    log_row,
    log_value,
    shift_markers,
    time_out,
    toxicity_occurs,
)


@compiled
def _correlated_uniform(I, F, si, d_row, terms):
    """The uniform of an attribute whose normal score is a fixed sum of independent scores (a Cholesky row)."""
    z = 0.0
    for k in range(I[terms]):
        site = I[terms + 1 + 2 * k]
        u = uniform(I[H_SEED], I[H_REPLICATE], si[PATIENT], I[I[H_SITES] + site], FIRST)
        z += F[I[terms + 2 + 2 * k]] * normal_quantile(u)
    si[I[SI_OCCURRENCES] + I[d_row + D_SITE]] += 1
    return min(max(0.5 * math.erfc(-z * 0.7071067811865476), 1e-300), 1.0 - 1.2e-16)


@compiled
def _draw_attributes(I, F, si, sf, log):
    """Draw and derive the patient's attributes in their declared order."""
    for a in range(I[H_N_ATTRIBUTES]):
        row = I[H_ATTRIBUTES] + a * A_WIDTH
        place = I[SF_VARIABLES] + I[row + A_VARIABLE]
        kind = I[row + A_KIND]
        if kind == DERIVED:
            sf[place] = evaluate(I, F, si, sf, I[row + A_EXPRESSION])
        elif kind == DRAWN:
            d = I[row + A_DISTRIBUTION]
            d_row = I[H_DISTRIBUTIONS] + d * D_WIDTH
            if I[d_row + D_FAMILY] == FIXED:
                sf[place] = evaluate(I, F, si, sf, I[d_row + D_A])
            elif I[row + A_CORRELATED] >= 0:
                sf[place] = draw_value(I, F, si, sf, d, _correlated_uniform(I, F, si, d_row, I[row + A_CORRELATED]))
            else:
                sf[place] = draw_value(I, F, si, sf, d, next_uniform(I, si, I[d_row + D_SITE]))
        log_value(I, si, log, LOG_ATTRIBUTE, a, sf[place])


@compiled
def _next(I, si):
    """The tick of the next event; slots lie in the order in which they go at one tick."""
    if si[STATUS] != RUNNING:
        return NONE
    timers = I[SI_TIMERS]
    soonest = NEVER
    for s in range(I[H_N_SLOTS]):
        if si[timers + s] < soonest:
            soonest = si[timers + s]
    return soonest


@entry
def start(I, F, si, sf, log, patient):
    """Set a patient at the start of the protocol; returns the tick of the first event."""
    if log[0, 0] + I[H_LOG_MARGIN] > log.shape[0]:
        return LOG_FULL
    for k in range(I[SI_SIZE]):
        si[k] = 0
    for k in range(I[SF_SIZE]):
        sf[k] = 0.0
    si[PATIENT] = patient
    si[ENROLLED] = NONE
    si[PHASE] = I[H_FIRST_PHASE]
    for s in range(I[H_N_SLOTS]):
        si[I[SI_TIMERS] + s] = NEVER
    for e in range(I[H_N_EVENTS]):
        si[I[SI_EVENT_LAST] + e] = NONE
    for h in range(I[H_N_HAZARDS]):
        si[I[SI_HAZARD] + h * HI_WIDTH + HI_CURED] = NONE
    si[I[SI_TIMERS] + I[H_SLOT_HORIZON]] = I[H_HORIZON]
    si[CAUSE] = NONE
    _set_initial_flags(I, F, sf)
    _draw_attributes(I, F, si, sf, log)
    for m in range(I[H_N_MARKERS]):
        set_marker(I, F, si, sf, m, evaluate(I, F, si, sf, I[I[H_MARKERS] + m * K_WIDTH + K_START]))
    for h in range(I[H_N_HAZARDS]):
        if I[I[H_HAZARDS] + h * Z_WIDTH + Z_AGE] >= 0:
            start_hazard(I, F, si, sf, h)
    emit(I, F, si, sf, log, START_EVENT)
    if I[H_ENROL_EVENT] == ENROLMENT_EVENT:
        emit(I, F, si, sf, log, ENROLMENT_EVENT)
    enter_phase(I, F, si, sf, log, I[H_FIRST_PHASE])
    si[DIRTY] = -1
    refresh(I, F, si, sf)
    return _next(I, si)


@compiled
def _set_initial_flags(I, F, sf):
    """Variables start at the values laid out after the last counter's place."""
    for v in range(I[H_N_VARIABLES]):
        sf[I[SF_VARIABLES] + v] = F[v]


@entry
def step(I, F, si, sf, log):
    """Perform the next event of a patient; returns the tick of the one after."""
    if log[0, 0] + I[H_LOG_MARGIN] > log.shape[0]:
        return LOG_FULL
    timers = I[SI_TIMERS]
    slot = 0
    soonest = NEVER
    for s in range(I[H_N_SLOTS]):
        if si[timers + s] < soonest:
            soonest = si[timers + s]
            slot = s
    si[NOW] = soonest
    si[timers + slot] = NEVER
    si[SIGNAL] = NO_SIGNAL
    si[N_EVENTS] += 1
    if si[N_EVENTS] > I[H_MAX_EVENTS]:
        fail(si, E_TOO_MANY_EVENTS, I[I[H_PHASES] + si[PHASE] * P_WIDTH + P_LABEL])
        return NONE
    row = I[H_SLOTS] + slot * SLOT_WIDTH
    _serve(I, F, si, sf, log, I[row + SLOT_KIND], I[row + SLOT_INDEX])
    refresh(I, F, si, sf)
    return _next(I, si)


@compiled
def _serve(I, F, si, sf, log, kind, k):
    """What each kind of timer does when its time has come."""
    if kind == ON_PHASE_END:
        _serve_phase_end(I, F, si, sf, log)
    elif kind == ON_HAZARD:
        _fire_hazard(I, F, si, sf, log, k)
    elif kind == ON_INFUSION:
        shift_markers(I, F, si, sf, log, I[H_PHASES] + si[PHASE] * P_WIDTH)
    elif kind == ON_RESULT:
        deliver_result(I, si, sf, log, k)
    elif kind == ON_HORIZON:
        si[STATUS] = CUT
        log_row(si, log, LOG_END, si[CAUSE])
    elif kind == ON_FLOOR:
        eradicate(I, F, si, sf, k)
    elif kind == ON_GRID:
        hold_on_grid(I, F, si, sf, k)
    elif kind == ON_CROSSING:
        _cross(I, F, si, sf, log, k)
    elif kind == ON_WITHIN:
        si[DIRTY] |= I[I[H_WITHINS] + k * W_WIDTH + W_BIT]
    elif kind == ON_DELAY:
        _follow(I, F, si, sf, log, k)
    else:
        toxicity_occurs(I, F, si, sf, log, k)


@compiled
def _serve_phase_end(I, F, si, sf, log):
    """The phase's own timer: its end, a cycle's end, the end of waiting for a result, or a time-out."""
    kind = I[I[H_PHASES] + si[PHASE] * P_WIDTH + P_KIND]
    if si[HOLD] == AWAITING:
        si[CAUSE] = I[I[H_PHASES] + si[PHASE] * P_WIDTH + P_LABEL]
        leave_phase(I, F, si, sf, log)
    elif kind == CYCLES:
        end_cycle(I, F, si, sf, log)
    elif kind == UNTIL and si[UNTIL_MET] == 0:
        time_out(I, F, si, sf, log)
    else:
        end_phase(I, F, si, sf, log)


@compiled
def _fire_hazard(I, F, si, sf, log, h):
    """A hazard has reached its threshold."""
    row = I[H_HAZARDS] + h * Z_WIDTH
    stop_hazard(I, si, h)
    si[CAUSE] = I[row + Z_LABEL]
    emit_all(I, F, si, sf, log, I[row + Z_EMITS])
    if I[row + Z_GOTO] >= 0:
        go(I, F, si, sf, log, I[row + Z_GOTO])


@compiled
def _cross(I, F, si, sf, log, c):
    """A rising marker has met a level; it must fall or be set anew before it can meet it again."""
    row = I[H_CROSSINGS] + c * C_WIDTH
    si[I[SI_CROSSING] + c] = 1
    si[CAUSE] = I[row + C_LABEL]
    emit_all(I, F, si, sf, log, I[row + C_EMITS])
    if I[row + C_GOTO] >= 0:
        go(I, F, si, sf, log, I[row + C_GOTO])


@compiled
def _follow(I, F, si, sf, log, k):
    """A delayed event happens, unless it belongs to phases that the patient has left."""
    row = I[H_DELAYS] + k * L_WIDTH
    phases = I[row + L_WHILE]
    if phases >= 0:
        there = False
        for p in range(I[phases]):
            if I[phases + 1 + p] == si[PHASE]:
                there = True
        if not there:
            return
    si[CAUSE] = I[row + L_LABEL]
    emit_all(I, F, si, sf, log, I[row + L_EMITS])


@entry
def grant(I, F, si, sf, log, tick):
    """The places that the patient waits for are there: the phase begins now."""
    si[NOW] = tick
    si[SIGNAL] = NO_SIGNAL
    log_row(si, log, LOG_GRANTED, si[CAUSE])
    begin_phase(I, F, si, sf, log)
    refresh(I, F, si, sf)
    return _next(I, si)


@entry
def summarise(I, F, si, sf, ints, floats):
    """A patient's last state: [patient, status, phase, tick, enrolled, error, error site] and all variables, markers last."""
    ints[0] = si[PATIENT]
    ints[1] = si[STATUS]
    ints[2] = si[PHASE]
    ints[3] = si[NOW]
    ints[4] = si[ENROLLED]
    ints[5] = si[ERROR]
    ints[6] = si[ERROR_SITE]
    for v in range(I[H_N_VARIABLES]):
        floats[v] = sf[I[SF_VARIABLES] + v]
    for c in range(I[H_N_COUNTERS]):
        floats[I[I[H_COUNTERS] + c]] = counter_value(I, F, si, sf, c)
    for m in range(I[H_N_MARKERS]):
        floats[I[H_N_VARIABLES] + m] = marker_level(I, F, si, sf, m)


@entry
def run_patients(I, F, si, sf, log, first, count, done, resume, ints, floats):
    """The compiled loop over independent patients; returns how many are done, so that the caller can give the log more room."""
    k = done
    while k < count:
        if resume == 0:
            tick = start(I, F, si, sf, log, first + k)
            if tick == LOG_FULL:
                return k, 0
        else:
            tick = step(I, F, si, sf, log)
        resume = 0
        while tick >= 0:
            tick = step(I, F, si, sf, log)
        if tick == LOG_FULL:
            return k, 1
        summarise(I, F, si, sf, ints[k], floats[k])
        k += 1
    return k, 0
