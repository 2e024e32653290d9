"""Toxicities: what an exposure brings, when it comes, and what it does to treatment. Phases change elsewhere."""

from __future__ import annotations

from sim.engine.code import duration_ticks, fail, keep_draw_in_step, next_uniform, probability
from sim.engine.events import emit_all, log_row
from sim.engine.jit import compiled, part, small
from sim.engine.layout import *


@compiled
def expose(I, F, toxicities):
    """Each exposure may bring each toxicity once, at a drawn time; a cycle that is left out brings none."""
    for k in range(I[toxicities]):
        x = I[toxicities + 1 + k]
        row = I[H_TOXICITIES] + x * X_WIDTH
        p = probability(I, F, I[row + X_PROBABILITY], I[row + X_LABEL])
        if next_uniform(I, I[row + X_SITE]) < p and I[OMITTED] == 0:
            keep_draw_in_step(I, I[row + X_ONSET], I[row + X_SITE])
            _expect(I, x, row, I[NOW] + duration_ticks(I, F, I[row + X_ONSET]))


@compiled
def _expect(I, x, row, tick):
    """Note a toxicity that is to come, with the exposure and the stay in a phase that it is of."""
    count = I[I[SI_PENDING_COUNT] + x]
    if count == MOST_PENDING:
        fail(I, E_MANY_PENDING, I[row + X_LABEL])
        return
    entry = I[SI_PENDING] + x * XI_WIDTH + count * XI_ENTRY
    I[entry + XI_TICK] = tick
    I[entry + XI_OCCURRENCE] = I[I[SI_OCCURRENCES] + I[row + X_SITE]] - 1
    I[entry + XI_STAY] = I[STAY]
    I[I[SI_PENDING_COUNT] + x] = count + 1
    timer = I[SI_TIMERS] + I[row + X_SLOT]
    I[timer] = min(I[timer], tick)


@part
def _due(I, x, timer):
    """Take the earliest entry out of the list and set the timer to the next; the occurrence and stay it is of."""
    count = I[I[SI_PENDING_COUNT] + x]
    listed = I[SI_PENDING] + x * XI_WIDTH
    first = listed
    for k in range(1, count):
        entry = listed + k * XI_ENTRY
        if I[entry + XI_TICK] < I[first + XI_TICK]:
            first = entry
    occurrence = I[first + XI_OCCURRENCE]
    stay = I[first + XI_STAY]
    end = listed + (count - 1) * XI_ENTRY
    for place in range(first, end):
        I[place] = I[place + XI_ENTRY]
    I[I[SI_PENDING_COUNT] + x] = count - 1
    for k in range(count - 1):
        I[timer] = min(I[timer], I[listed + k * XI_ENTRY + XI_TICK])
    return occurrence, stay


@small
def _keep_with(I, site, occurrence):
    """Let a site draw with the luck of an exposure."""
    if site >= 0:
        I[I[SI_OCCURRENCES] + site] = occurrence


@compiled
def toxicity_occurs(I, F, log, x):
    """A toxicity appears: its grade is drawn (0 where it has none), it is logged, its events happen, and what follows.

    Returns where the patient goes, NONE, or STOPPED, with the place to go to in OUTCOME_GOTO.
    """
    row = I[H_TOXICITIES] + x * X_WIDTH
    occurrence, stay = _due(I, x, I[SI_TIMERS] + I[row + X_SLOT])
    I[CAUSE] = I[row + X_LABEL]
    grade = FIRST
    grades = I[row + X_GRADES]
    if grades >= 0:
        _keep_with(I, I[row + X_GRADE_SITE], occurrence)
        rest = next_uniform(I, I[row + X_GRADE_SITE])
        for k in range(I[grades]):
            rest -= probability(I, F, I[grades + 1 + k], I[row + X_LABEL])
            grade = k + 1
            if rest < 0.0:
                break
    log_row(I, log, LOG_TOXICITY, x * DETAIL_SHIFT + DETAIL_SHIFT // 2 + grade)
    emit_all(I, F, log, I[row + X_EMITS])
    if I[row + X_CONSEQUENCES] < 0:
        return NONE
    return _follow_up(I, F, log, x, I[row + X_CONSEQUENCES] + grade * Q_WIDTH, occurrence, stay)


@part
def _follow_up(I, F, log, x, row, occurrence, stay):
    """What a toxicity of this grade does to the phase that brought it, if the patient is there; death, anywhere."""
    emit_all(I, F, log, I[row + Q_EMITS])
    kind = I[row + Q_KIND]
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    length = I[phase + P_KIND]
    here = stay == I[STAY]
    treated = here and I[HOLD] == IN_PHASE
    ticks = FIRST
    acts = False
    if kind == Q_DIES:
        acts = True
    elif kind == Q_LEAVES:
        acts = here
    elif kind == Q_STOPS:
        acts = treated and (length != OPEN or I[row + Q_GOTO] >= 0)
    elif kind == Q_SKIPS:
        acts = treated and length == CYCLES and I[CYCLE] < I[PLANNED]
    elif kind == Q_DELAYS:
        acts = treated and length in (CYCLES, LASTS)
    if not acts:
        return NONE
    if kind == Q_DELAYS:
        _keep_with(I, I[I[H_DISTRIBUTIONS] + I[row + Q_DELAY] * D_WIDTH + D_SITE], occurrence)
        ticks = duration_ticks(I, F, I[row + Q_DELAY])
        I[I[SI_TIMERS] + I[H_SLOT_END]] += ticks
    elif kind == Q_SKIPS:
        I[SKIP] = 1
    log_row(I, log, LOG_CONSEQUENCE, x * DETAIL_SHIFT + DETAIL_SHIFT // 2 + kind + Q_SHIFT * min(ticks, Q_MOST))
    if kind == Q_STOPS:
        I[OUTCOME_GOTO] = I[row + Q_GOTO]
        return STOPPED
    return I[row + Q_GOTO]
