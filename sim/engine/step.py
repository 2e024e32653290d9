"""`start` and `step`: what happens next to one patient. Clinical semantics live here and in what this calls, only.

The contract: ``start`` sets a patient at tick 0 and ``step`` performs the event whose time has come; both return the
tick of the next event, or a negative number when there is none (``NONE``) or when the log needs room first
(``LOG_FULL``: nothing has happened, call again). One timer is served a call. After a call ``I[SIGNAL]`` says whether
the patient asks for the places that its phase needs, gives them back, or withdraws the request; the next tick is
returned all the same, because hazards go on while a patient waits. ``grant`` says that the places are there.
"""

from __future__ import annotations

import math

from sim.engine.clocks import eradicate, hold_on_grid, refresh, set_marker, start_hazard, stop_hazard
from sim.engine.code import counter_value, draw_value, evaluate, fail, finite, marker_level, next_uniform
from sim.engine.draws import normal_quantile, uniform
from sim.engine.events import emit, emit_all, log_row, log_value
from sim.engine.jit import entry, part, small
from sim.engine.layout import *
from sim.engine.phases import (
    begin_phase,
    belongs_here,
    end_cycle,
    end_infusion,
    end_phase,
    enter_phase,
    go,
    stop_phase,
    time_out,
    way_out,
)
from sim.engine.samples import deliver_result
from sim.engine.screening import take_row, turned_away
from sim.engine.surveillance import judge, surveil
from sim.engine.toxicities import toxicity_occurs


@part
def _correlated_uniform(I, F, d_row, terms):
    """The uniform of an attribute whose normal score is a fixed sum of independent scores (a Cholesky row)."""
    z = 0.0
    for k in range(I[terms]):
        site = I[terms + 1 + 2 * k]
        u = uniform(I[H_SEED], I[H_REPLICATE], I[PATIENT], I[I[H_SITES] + site], FIRST)
        z += F[I[terms + 2 + 2 * k]] * normal_quantile(u)
    I[I[SI_OCCURRENCES] + I[d_row + D_SITE]] += 1
    return min(max(0.5 * math.erfc(-z * 0.7071067811865476), 1e-300), 1.0 - 1.2e-16)


@part
def _draw_attributes(I, F, log):
    """Draw and derive the patient's attributes in their declared order."""
    for a in range(I[H_N_ATTRIBUTES]):
        row = I[H_ATTRIBUTES] + a * A_WIDTH
        place = I[row + A_VARIABLE]
        kind = I[row + A_KIND]
        if kind == DERIVED:
            F[place] = evaluate(I, F, I[row + A_EXPRESSION])
        elif kind == DRAWN:
            d = I[row + A_DISTRIBUTION]
            d_row = I[H_DISTRIBUTIONS] + d * D_WIDTH
            if I[d_row + D_FAMILY] == FIXED:
                F[place] = evaluate(I, F, I[d_row + D_A])
            elif I[row + A_CORRELATED] >= 0:
                F[place] = draw_value(I, F, d, _correlated_uniform(I, F, d_row, I[row + A_CORRELATED]))
            else:
                F[place] = draw_value(I, F, d, next_uniform(I, I[d_row + D_SITE]))
        if kind != STATE:  # a number that the table of patients lacks is no mistake
            F[place] = finite(I, F[place], I[row + A_LABEL])
        if I[H_DETAIL] == 1 and F[place] == F[place]:  # a number that is missing is not told
            log_value(I, log, LOG_ATTRIBUTE, a, F[place])


@small
def _next(I):
    """The tick of the next event; slots lie in the order in which they go at one tick."""
    if I[STATUS] != RUNNING:
        return NONE
    timers = I[SI_TIMERS]
    soonest = NEVER
    for s in range(I[H_N_SLOTS]):
        if I[timers + s] < soonest:
            soonest = I[timers + s]
            I[NEXT_SLOT] = s
    return soonest


@entry
def start(I, F, log, patient):
    """Set a patient at the start of the protocol; returns the tick of the first event."""
    if log[0, 0] + I[H_LOG_MARGIN] > log.shape[0]:
        return LOG_FULL
    for k in range(STATE_SCALARS, HEADER):
        I[k] = 0
    for k in range(I[SI_BLOCKS], I[SI_PENDING]):
        I[k] = 0
    for k in range(I[SF_BLOCKS], F.shape[0]):
        F[k] = 0.0
    for v in range(I[H_N_VARIABLES]):
        F[v] = F[I[H_INITIAL] + v]
    I[PATIENT] = patient
    I[ENROLLED] = NONE
    I[PHASE] = I[H_FIRST_PHASE]
    for s in range(I[H_N_SLOTS]):
        I[I[SI_TIMERS] + s] = NEVER
    for e in range(I[H_N_EVENTS]):
        I[I[SI_EVENT_LAST] + e] = NONE
    for h in range(I[H_N_HAZARDS]):
        I[I[SI_HAZARD] + h * HI_WIDTH + HI_CURED] = NONE
    I[I[SI_TIMERS] + I[H_SLOT_HORIZON]] = I[H_HORIZON]
    I[CAUSE] = NONE
    _draw_attributes(I, F, log)
    for m in range(I[H_N_MARKERS]):
        set_marker(I, F, m, evaluate(I, F, I[I[H_MARKERS] + m * K_WIDTH + K_START]))
    if turned_away(I, F, log):
        return NONE
    for h in range(I[H_N_HAZARDS]):
        if I[I[H_HAZARDS] + h * Z_WIDTH + Z_AGE] >= 0:
            start_hazard(I, F, h)
    emit(I, F, log, START_EVENT)
    if I[H_ENROL_EVENT] == ENROLMENT_EVENT:
        emit(I, F, log, ENROLMENT_EVENT)
    enter_phase(I, F, log, I[H_FIRST_PHASE])
    I[DIRTY] = -1
    refresh(I, F)
    return _next(I)


@entry
def step(I, F, log):
    """Perform the next event of a patient; returns the tick of the one after."""
    if log[0, 0] + I[H_LOG_MARGIN] > log.shape[0]:
        return LOG_FULL
    slot = I[NEXT_SLOT]
    timer = I[SI_TIMERS] + slot
    I[NOW] = I[timer]
    I[timer] = NEVER
    I[SIGNAL] = NO_SIGNAL
    I[N_EVENTS] += 1
    if I[N_EVENTS] > I[H_MAX_EVENTS]:
        fail(I, E_TOO_MANY_EVENTS, I[I[H_PHASES] + I[PHASE] * P_WIDTH + P_LABEL])
        return NONE
    row = I[H_SLOTS] + slot * SLOT_WIDTH
    target = _serve(I, F, log, I[row + SLOT_KIND], I[row + SLOT_INDEX])
    if target >= 0:
        go(I, F, log, target)
    refresh(I, F)
    return _next(I)


@part
def _serve(I, F, log, kind, k):
    """What each kind of timer does when its time has come; the phase to go to, or NONE."""
    if kind == ON_PHASE_END:
        return _serve_phase_end(I, F, log)
    if kind == ON_HAZARD:
        return _fire_hazard(I, F, log, k)
    if kind == ON_CROSSING:
        return _cross(I, F, log, k)
    if kind == ON_TOXICITY:
        return _toxicity(I, F, log, k)
    if kind == ON_SURVEILLANCE:
        return surveil(I, F, log, k)
    if kind == ON_RESULT:
        return _result(I, F, log, k)
    if kind == ON_INFUSION:
        end_infusion(I, F, log)
    elif kind == ON_HORIZON:
        I[STATUS] = CUT
        log_row(I, log, LOG_END, I[CAUSE])
    elif kind == ON_FLOOR:
        eradicate(I, F, k)
    elif kind == ON_GRID:
        hold_on_grid(I, F, k)
    elif kind == ON_WITHIN:
        I[DIRTY] |= I[I[H_WITHINS] + k * W_WIDTH + W_BIT]
    else:
        _follow(I, F, log, k)
    return NONE


@part
def _toxicity(I, F, log, x):
    """A toxicity appears, and may stop the treatment that brought it."""
    target = toxicity_occurs(I, F, log, x)
    return stop_phase(I, F, log) if target == STOPPED else target


@part
def _result(I, F, log, t):
    """A result arrives, and is judged where its sample was one of a schedule."""
    deliver_result(I, F, log, t)
    v = I[I[H_TESTS] + t * T_WIDTH + T_SURVEILLANCE]
    return NONE if v < 0 else judge(I, F, log, v)


@part
def _serve_phase_end(I, F, log):
    """The phase's own timer: its end, a cycle's end, the end of waiting for a result, or a time-out."""
    kind = I[I[H_PHASES] + I[PHASE] * P_WIDTH + P_KIND]
    if I[HOLD] == AWAITING:
        I[CAUSE] = I[I[H_PHASES] + I[PHASE] * P_WIDTH + P_LABEL]
        return way_out(I, F, log)
    if kind == CYCLES:
        return end_cycle(I, F, log)
    if kind == UNTIL and I[UNTIL_MET] == 0:
        return time_out(I, F, log)
    return end_phase(I, F, log)


@part
def _fire_hazard(I, F, log, h):
    """A hazard has reached its threshold: what it emits, and where it leads."""
    row = I[H_HAZARDS] + h * Z_WIDTH
    stop_hazard(I, h)
    I[CAUSE] = I[row + Z_LABEL]
    emit_all(I, F, log, I[row + Z_EMITS])
    return I[row + Z_GOTO]


@part
def _cross(I, F, log, c):
    """A rising marker has met a level; it must fall or be set anew before it can meet it again."""
    row = I[H_CROSSINGS] + c * C_WIDTH
    I[I[SI_CROSSING] + c] = 1
    I[CAUSE] = I[row + C_LABEL]
    emit_all(I, F, log, I[row + C_EMITS])
    return I[row + C_GOTO]


@part
def _follow(I, F, log, k):
    """A delayed event happens, unless it belongs to phases that the patient has left."""
    row = I[H_DELAYS] + k * L_WIDTH
    if not belongs_here(I, k):
        return
    I[CAUSE] = I[row + L_LABEL]
    emit_all(I, F, log, I[row + L_EMITS])


@entry
def grant(I, F, log, tick):
    """The places that the patient waits for are there: the phase begins now."""
    I[NOW] = tick
    I[SIGNAL] = NO_SIGNAL
    log_row(I, log, LOG_GRANTED, I[CAUSE])
    begin_phase(I, F, log)
    refresh(I, F)
    return _next(I)


@entry
def summarise(I, F, ints, floats):
    """A patient's last state: patient, status, phase, tick, enrolled, error, its site; all variables, then markers."""
    ints[0] = I[PATIENT]
    ints[1] = I[STATUS]
    ints[2] = I[PHASE]
    ints[3] = I[NOW]
    ints[4] = I[ENROLLED]
    ints[5] = I[ERROR]
    ints[6] = I[ERROR_SITE]
    for v in range(I[H_N_VARIABLES]):
        floats[v] = F[v]
    for c in range(I[H_N_COUNTERS]):
        floats[I[I[H_COUNTERS] + c]] = counter_value(I, F, c)
    for m in range(I[H_N_MARKERS]):
        floats[I[H_N_VARIABLES] + m] = marker_level(I, F, m)


@entry
def run_patients(I, F, log, table, first, count, done, resume, ints, floats):
    """The compiled loop over independent patients; returns how many are done, so that the log can grow."""
    k = done
    while k < count:
        if resume == 0:
            take_row(I, F, table, first + k)
            tick = start(I, F, log, first + k)
            if tick == LOG_FULL:
                return k, 0
        else:
            tick = step(I, F, log)
        resume = 0
        while tick >= 0:
            tick = step(I, F, log)
        if tick == LOG_FULL:
            return k, 1
        summarise(I, F, ints[k], floats[k])
        k += 1
    return k, 0
