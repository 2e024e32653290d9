"""Samples and their results. When a sample is due, phases and schedules say."""

from __future__ import annotations

from sim.engine.code import draw, duration_ticks, evaluate, fail, finite, marker_level, next_uniform, probability
from sim.engine.events import log_row
from sim.engine.jit import compiled, small
from sim.engine.layout import *


@small
def listed(I, cycles, cycle):
    """Whether a cycle is in a list of cycles; no list means all."""
    if cycles < 0:
        return True
    found = False
    for k in range(I[cycles]):
        found = found or I[cycles + 1 + k] == cycle
    return found


@compiled
def deliver_result(I, F, log, t):
    """A result arrives: the attribute takes its state."""
    row = I[H_TESTS] + t * T_WIDTH
    state = I[I[SI_TEST] + t]
    F[I[row + T_VARIABLE]] = float(state)
    F[I[row + T_VARIABLE] + 1] = 1.0
    I[DIRTY] |= I[row + T_BIT]
    log_row(I, log, LOG_RESULT, t * DETAIL_SHIFT + DETAIL_SHIFT // 2 + state)
    if I[HOLD] == AWAITING and I[I[H_PHASES] + I[PHASE] * P_WIDTH + P_AWAIT] == I[row + T_ATTRIBUTE]:
        I[I[SI_TIMERS] + I[H_SLOT_END]] = I[NOW]


@compiled
def take_sample(I, F, log, t):
    """Read the marker through an assay; the state is fixed now and told after the turnaround."""
    row = I[H_TESTS] + t * T_WIDTH
    timer = I[SI_TIMERS] + I[row + T_SLOT]
    if I[timer] != NEVER:
        fail(I, E_PENDING_RESULT, I[row + T_LABEL])
        return
    level = marker_level(I, F, I[row + T_MARKER])
    if I[row + T_NOISE] >= 0:
        level += finite(I, draw(I, F, I[row + T_NOISE]), I[row + T_LABEL])
    limit = finite(I, evaluate(I, F, I[row + T_LIMIT]), I[row + T_LABEL])
    evaluable = next_uniform(I, I[row + T_SITE]) < probability(I, F, I[row + T_EVALUABLE], I[row + T_LABEL])
    positive = level >= limit and I[I[SI_MARKER] + I[row + T_MARKER] * MI_WIDTH + MI_ERADICATED] == 0
    I[I[SI_TEST] + t] = 0 if not evaluable else (2 if positive else 1)
    log_row(I, log, LOG_SAMPLE, t)
    ticks = duration_ticks(I, F, I[row + T_TURNAROUND])
    if ticks == 0:
        deliver_result(I, F, log, t)
    else:
        I[timer] = I[NOW] + ticks


@compiled
def take_samples(I, F, log, phase, at_end):
    """Take the samples due at the start or the end of this phase or cycle."""
    tests = I[phase + P_TESTS]
    for t in range(tests, tests + I[phase + P_N_TESTS]):
        row = I[H_TESTS] + t * T_WIDTH
        if I[row + T_AT_END] == at_end and listed(I, I[row + T_CYCLES], I[CYCLE]):
            take_sample(I, F, log, t)


@compiled
def take_last_samples(I, F, log, phase):
    """Take the samples due at the end of a treatment that is stopped, but for those of which a result is on its way."""
    tests = I[phase + P_TESTS]
    for t in range(tests, tests + I[phase + P_N_TESTS]):
        row = I[H_TESTS] + t * T_WIDTH
        idle = I[I[SI_TIMERS] + I[row + T_SLOT]] == NEVER
        if idle and I[row + T_AT_END] == AT_END and listed(I, I[row + T_CYCLES], I[CYCLE]):
            take_sample(I, F, log, t)


@compiled
def result_pending(I, attribute):
    """Whether a result for an attribute is on its way."""
    for t in range(I[H_N_TESTS]):
        row = I[H_TESTS] + t * T_WIDTH
        if I[row + T_ATTRIBUTE] == attribute and I[I[SI_TIMERS] + I[row + T_SLOT]] != NEVER:
            return True
    return False
