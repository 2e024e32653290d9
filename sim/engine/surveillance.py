"""Samples under surveillance: taken when due, judged when their results arrive. When they are due: schedules."""

from __future__ import annotations

from sim.engine.code import evaluate
from sim.engine.events import emit_all
from sim.engine.jit import compiled
from sim.engine.layout import *
from sim.engine.samples import take_sample
from sim.engine.schedules import next_due


@compiled
def surveil(I, F, log, v):
    """A sample of a schedule, or one that is to confirm another, is due; where its result leads if that is at once.

    Outside the scope no sample is taken, and a suspicion is dropped; nor is one while a result is on its way.
    """
    row = I[H_SURVEILLANCE] + v * V_WIDTH
    place = I[SI_SURVEILLANCE] + v * VI_WIDTH
    test = I[H_TESTS] + I[row + V_TEST] * T_WIDTH
    result = I[SI_TIMERS] + I[test + T_SLOT]
    I[I[SI_TIMERS] + I[row + V_SLOT]] = next_due(I, v)
    if evaluate(I, F, I[row + V_WHILE]) == 0.0:
        I[place + VI_FOUND] = 0
        return NONE
    if I[result] != NEVER:
        return NONE
    I[CAUSE] = I[row + V_LABEL]
    I[place + VI_SAMPLED] = I[NOW]
    take_sample(I, F, log, I[row + V_TEST])
    return NONE if I[result] != NEVER else judge(I, F, log, v)


@compiled
def judge(I, F, log, v):
    """A result has arrived: positive ones count up to the last confirmation, negative ones end a suspicion.

    Once confirmed, events happen and the schedule rests until it is started again. A sample that is to confirm comes so
    long after the one before, and not before its result; one that cannot be read is repeated. A result that arrives
    outside the scope only tells: who has relapsed meanwhile has no molecular relapse after it.
    """
    row = I[H_SURVEILLANCE] + v * V_WIDTH
    place = I[SI_SURVEILLANCE] + v * VI_WIDTH
    timer = I[SI_TIMERS] + I[row + V_SLOT]
    state = I[I[SI_TEST] + I[row + V_TEST]]
    if I[place + VI_SAMPLED] < 0 or (I[I[row + V_EMITS]] == 0 and I[row + V_GOTO] < 0):
        return NONE
    if state == 1 or evaluate(I, F, I[row + V_WHILE]) == 0.0:
        if I[place + VI_FOUND] > 0:
            I[timer] = next_due(I, v)
        I[place + VI_FOUND] = 0
        return NONE
    if state == 2:
        I[place + VI_FOUND] += 1
    if I[place + VI_FOUND] > I[row + V_TIMES]:
        I[timer] = NEVER
        I[place + VI_SAMPLED] = NONE
        I[place + VI_FOUND] = 0
        I[CAUSE] = I[row + V_LABEL]
        emit_all(I, F, log, I[row + V_EMITS])
        return I[row + V_GOTO]
    if I[place + VI_FOUND] > 0:
        I[timer] = max(I[place + VI_SAMPLED] + I[row + V_AFTER], I[NOW])
    return NONE
