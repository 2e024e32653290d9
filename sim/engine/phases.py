"""The life of a phase: entering, waiting, beginning, cycles, ending, choosing."""

from __future__ import annotations

from sim.engine.clocks import set_marker, shift_marker
from sim.engine.code import (
    counter_value,
    draw,
    duration_ticks,
    evaluate,
    fail,
    keep_draw_in_step,
    keep_step,
    marker_level,
    next_uniform,
    probability,
)
from sim.engine.events import emit_all, log_row, log_value
from sim.engine.jit import compiled, part, small
from sim.engine.layout import *


@small
def _listed(I, cycles, cycle):
    """Whether a cycle is in a list of cycles; no list means all."""
    if cycles < 0:
        return True
    found = False
    for k in range(I[cycles]):
        found = found or I[cycles + 1 + k] == cycle
    return found


@compiled
def _give(I, F, log, phase):
    """Add what this phase or cycle gives to the counters."""
    for g in range(I[phase + P_N_GIVES]):
        give = I[phase + P_GIVES] + g * G_WIDTH
        if I[give + G_PER_DAY] == 0 and _listed(I, I[give + G_CYCLES], I[CYCLE]):
            counter = I[give + G_COUNTER]
            F[I[I[H_COUNTERS] + counter]] += F[I[give + G_AMOUNT]]
            I[DIRTY] |= I[give + G_BIT]
            if I[H_DETAIL] == 1:
                log_value(I, log, LOG_DOSE, counter, F[I[give + G_AMOUNT]])


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
def _sample(I, F, log, t):
    """Read the marker through an assay; the state is fixed now and told after the turnaround."""
    row = I[H_TESTS] + t * T_WIDTH
    timer = I[SI_TIMERS] + I[row + T_SLOT]
    if I[timer] != NEVER:
        fail(I, E_PENDING_RESULT, I[row + T_LABEL])
        return
    level = marker_level(I, F, I[row + T_MARKER])
    if I[row + T_NOISE] >= 0:
        level += draw(I, F, I[row + T_NOISE])
    evaluable = next_uniform(I, I[row + T_SITE]) < probability(I, F, I[row + T_EVALUABLE], I[row + T_LABEL])
    positive = (
        level >= evaluate(I, F, I[row + T_LIMIT])
        and I[I[SI_MARKER] + I[row + T_MARKER] * MI_WIDTH + MI_ERADICATED] == 0
    )
    I[I[SI_TEST] + t] = 0 if not evaluable else (2 if positive else 1)
    log_row(I, log, LOG_SAMPLE, t)
    ticks = duration_ticks(I, F, I[row + T_TURNAROUND])
    if ticks == 0:
        deliver_result(I, F, log, t)
    else:
        I[timer] = I[NOW] + ticks


@compiled
def _take_samples(I, F, log, phase, at_end):
    """Take the samples due at the start or the end of this phase or cycle."""
    tests = I[phase + P_TESTS]
    for t in range(tests, tests + I[phase + P_N_TESTS]):
        row = I[H_TESTS] + t * T_WIDTH
        if I[row + T_AT_END] == at_end and _listed(I, I[row + T_CYCLES], I[CYCLE]):
            _sample(I, F, log, t)


@compiled
def _expose(I, F, toxicities):
    """Each exposure may bring each toxicity, at a drawn time; of two still to come only the earlier one does."""
    for k in range(I[toxicities]):
        row = I[H_TOXICITIES] + I[toxicities + 1 + k] * X_WIDTH
        p = probability(I, F, I[row + X_PROBABILITY], I[row + X_LABEL])
        timer = I[SI_TIMERS] + I[row + X_SLOT]
        if next_uniform(I, I[row + X_SITE]) < p:
            keep_draw_in_step(I, I[row + X_ONSET], I[row + X_SITE])
            keep_step(I, I[row + X_GRADE_SITE], I[row + X_SITE])
            onset = I[NOW] + duration_ticks(I, F, I[row + X_ONSET])
            I[timer] = min(I[timer], onset)


@compiled
def toxicity_occurs(I, F, log, x):
    """A toxicity appears: its grade is drawn (0 where it has none), it is logged, its events happen."""
    row = I[H_TOXICITIES] + x * X_WIDTH
    I[CAUSE] = I[row + X_LABEL]
    grade = FIRST
    grades = I[row + X_GRADES]
    if grades >= 0:
        rest = next_uniform(I, I[row + X_GRADE_SITE])
        for k in range(I[grades]):
            rest -= probability(I, F, I[grades + 1 + k], I[row + X_LABEL])
            grade = k + 1
            if rest < 0.0:
                break
    log_row(I, log, LOG_TOXICITY, x * DETAIL_SHIFT + DETAIL_SHIFT // 2 + grade)
    emit_all(I, F, log, I[row + X_EMITS])


@compiled
def start_cycle(I, F, log, phase):
    """The next cycle begins: doses, exposure, samples, and the timers of its infusion and its end."""
    I[CYCLE] += 1
    I[DIRTY] |= I[phase + P_CYCLE_BIT]
    log_row(I, log, LOG_CYCLE, I[CYCLE])
    _give(I, F, log, phase)
    _expose(I, F, I[phase + P_TOXICITIES])
    _take_samples(I, F, log, phase, AT_START)
    timers = I[SI_TIMERS]
    if I[phase + P_INFUSION] >= 0:
        I[timers + I[H_SLOT_INFUSION]] = I[NOW] + I[phase + P_INFUSION]
    I[timers + I[H_SLOT_END]] = I[NOW] + I[phase + P_CYCLE]


@compiled
def begin_phase(I, F, log):
    """The phase begins: its events, doses and samples, and the timer of its end."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    I[HOLD] = IN_PHASE
    I[ENTERED] = I[NOW]
    I[I[SI_VISITED] + I[PHASE]] += 1
    I[DIRTY] |= I[phase + P_VISITED_BIT]
    emit_all(I, F, log, I[phase + P_EMITS])
    kind = I[phase + P_KIND]
    if kind == FINAL:
        I[STATUS] = FINISHED
        return
    if kind == CYCLES:
        start_cycle(I, F, log, phase)
        return
    _give(I, F, log, phase)
    _expose(I, F, I[phase + P_TOXICITIES])
    _take_samples(I, F, log, phase, AT_START)
    end = I[SI_TIMERS] + I[H_SLOT_END]
    if kind == LASTS:
        I[end] = I[NOW] + duration_ticks(I, F, I[phase + P_LASTS])
    elif kind == UNTIL:
        I[UNTIL_MET] = 1 if evaluate(I, F, I[phase + P_UNTIL]) != 0.0 else 0
        I[end] = I[NOW] if I[UNTIL_MET] == 1 else I[NOW] + I[phase + P_TIMEOUT]


@compiled
def belongs_here(I, k):
    """Whether a delay may happen in the present phase."""
    phases = I[I[H_DELAYS] + k * L_WIDTH + L_WHILE]
    return phases < 0 or _listed(I, phases, I[PHASE])


@compiled
def enter_phase(I, F, log, target):
    """Go to a phase: it begins at once, or the patient waits in it for the places it needs."""
    phase = I[H_PHASES] + target * P_WIDTH
    I[DIRTY] |= I[phase + P_BIT] | I[I[H_PHASES] + I[PHASE] * P_WIDTH + P_BIT]
    I[PHASE] = target
    for k in range(I[H_N_DELAYS]):
        if not belongs_here(I, k):
            I[I[SI_TIMERS] + I[I[H_DELAYS] + k * L_WIDTH + L_SLOT]] = NEVER
    I[CYCLE] = 0
    I[DIRTY] |= I[phase + P_CYCLE_BIT]
    log_row(I, log, LOG_PHASE_ENTRY, I[CAUSE])
    if I[phase + P_N_NEEDS] > 0:
        I[HOLD] = WAITING
        I[SIGNAL] = REQUEST if I[SIGNAL] == NO_SIGNAL else I[SIGNAL] + (RELEASE_AND_REQUEST - RELEASE)
        log_row(I, log, LOG_WAITING, I[CAUSE])
    else:
        begin_phase(I, F, log)


@compiled
def go(I, F, log, target):
    """Leave the present phase for another: days are counted, its timers end, its places are given back."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    for g in range(I[phase + P_N_GIVES]):
        give = I[phase + P_GIVES] + g * G_WIDTH
        if I[give + G_PER_DAY] == 1:
            counter = I[give + G_COUNTER]
            F[I[I[H_COUNTERS] + counter]] = counter_value(I, F, counter)
            I[DIRTY] |= I[give + G_BIT]
    I[I[SI_TIMERS] + I[H_SLOT_END]] = NEVER
    I[I[SI_TIMERS] + I[H_SLOT_INFUSION]] = NEVER
    if I[phase + P_N_NEEDS] > 0:
        I[SIGNAL] = CANCEL if I[HOLD] == WAITING else RELEASE
    enter_phase(I, F, log, target)


@compiled
def shift_markers(I, F, log, phase):
    """What the treatment of this phase or cycle does to the markers."""
    for k in range(I[phase + P_N_SHIFTS]):
        row = I[phase + P_SHIFTS] + k * S_WIDTH
        m = I[row + S_MARKER]
        shift_marker(I, F, m, evaluate(I, F, I[row + S_EXPRESSION]))
        if I[H_DETAIL] == 1:
            log_value(I, log, LOG_MARKER, m, marker_level(I, F, m))


@compiled
def _draw_outcome(I, F, log, phase):
    """One of the phase's exclusive ends: its settings and events; returns where it leads, or NONE."""
    u = next_uniform(I, I[phase + P_OUTCOME_SITE])
    n = I[phase + P_N_OUTCOMES]
    chosen = n - 1
    total = 0.0
    for k in range(n - 1):
        total += probability(I, F, I[I[phase + P_OUTCOMES] + k * O_WIDTH + O_PROBABILITY], I[phase + P_LABEL])
        if u < total and chosen == n - 1:
            chosen = k
    if total > 1.0 + 1e-12:
        fail(I, E_OUTCOMES_OVER_ONE, I[phase + P_LABEL])
    row = I[phase + P_OUTCOMES] + chosen * O_WIDTH
    for k in range(I[row + O_N_SETS]):
        setting = I[row + O_SETS] + k * SET_WIDTH
        keep_draw_in_step(I, I[setting + SET_DISTRIBUTION], I[phase + P_OUTCOME_SITE])
        value = draw(I, F, I[setting + SET_DISTRIBUTION])
        if I[setting + SET_KIND] == SET_MARKER:
            m = I[setting + SET_TARGET]
            set_marker(I, F, m, value)
            if I[H_DETAIL] == 1:
                log_value(I, log, LOG_MARKER, m, marker_level(I, F, m))
        else:
            F[I[setting + SET_TARGET]] = value
            I[DIRTY] |= I[setting + SET_BIT]
    emit_all(I, F, log, I[row + O_EVENTS])
    return I[row + O_GOTO]


@compiled
def _choose(I, F, log, rows, n):
    """The target of the first row whose guard holds, after its events."""
    for k in range(n):
        row = rows + k * R_WIDTH
        if I[row + R_WHEN] < 0 or evaluate(I, F, I[row + R_WHEN]) != 0.0:
            emit_all(I, F, log, I[row + R_EVENTS])
            return I[row + R_GOTO]
    return NONE


@compiled
def way_out(I, F, log):
    """Where the phase leads after its end and any wait for a result."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    target = I[OUTCOME_GOTO]
    if target < 0:
        target = I[phase + P_GOTO]
    if target < 0:
        target = _choose(I, F, log, I[phase + P_CHOOSE], I[phase + P_N_CHOOSE])
    return target


@compiled
def _result_pending(I, attribute):
    """Whether a result for an attribute is on its way."""
    for t in range(I[H_N_TESTS]):
        row = I[H_TESTS] + t * T_WIDTH
        if I[row + T_ATTRIBUTE] == attribute and I[I[SI_TIMERS] + I[row + T_SLOT]] != NEVER:
            return True
    return False


@small
def _is_final(I, target):
    """Whether a phase ends the patient, of whom no sample is taken any more."""
    return target >= 0 and I[I[H_PHASES] + target * P_WIDTH + P_KIND] == FINAL


@compiled
def end_phase(I, F, log):
    """The phase has run its length: shifts, one outcome, samples; where it leads, or NONE while a result is awaited."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    I[CAUSE] = I[phase + P_LABEL]
    if I[phase + P_KIND] != CYCLES:
        shift_markers(I, F, log, phase)
    I[OUTCOME_GOTO] = NONE
    if I[phase + P_N_OUTCOMES] > 0:
        I[OUTCOME_GOTO] = _draw_outcome(I, F, log, phase)
    if I[phase + P_KIND] != CYCLES and not _is_final(I, I[OUTCOME_GOTO]):
        _take_samples(I, F, log, phase, AT_END)
    if I[phase + P_AWAIT] >= 0 and _result_pending(I, I[phase + P_AWAIT]):
        I[HOLD] = AWAITING
        I[I[SI_TIMERS] + I[H_SLOT_END]] = I[NOW] + I[phase + P_AWAIT_TICKS]
        return NONE
    return way_out(I, F, log)


@part
def end_cycle(I, F, log):
    """A cycle has run its length: samples, then the next cycle, or where a way out or the end of the phase leads."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    I[CAUSE] = I[phase + P_LABEL]
    if I[phase + P_INFUSION] < 0:
        shift_markers(I, F, log, phase)
    _take_samples(I, F, log, phase, AT_END)
    target = CONTINUE
    if I[phase + P_N_EACH] > 0:
        target = _choose(I, F, log, I[phase + P_EACH], I[phase + P_N_EACH])
    if target != CONTINUE:
        return target
    if I[CYCLE] < I[phase + P_CYCLES]:
        start_cycle(I, F, log, phase)
        return NONE
    return end_phase(I, F, log)


@part
def time_out(I, F, log):
    """The guard of ``until`` has not come true in time: where that leads."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    I[CAUSE] = I[phase + P_LABEL]
    emit_all(I, F, log, I[phase + P_TIMEOUT_EMITS])
    return I[phase + P_TIMEOUT_GOTO]
