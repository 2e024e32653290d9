"""The life of a phase: entering, waiting, beginning, cycles, ending, choosing."""

from __future__ import annotations

import math

from sim.engine.clocks import set_marker, shift_marker
from sim.engine.code import (
    counter_value,
    draw,
    duration_ticks,
    evaluate,
    fail,
    keep_draw_in_step,
    marker_level,
    next_uniform,
    probability,
)
from sim.engine.events import emit_all, log_row, log_value
from sim.engine.jit import compiled, part, small
from sim.engine.layout import *
from sim.engine.samples import listed, result_pending, take_last_samples, take_samples
from sim.engine.toxicities import expose


@compiled
def _happens(I, F, code, site, label):
    """Whether something with a probability happens this time."""
    p = probability(I, F, code, label)
    return next_uniform(I, site) < p


@compiled
def _give(I, F, log, phase):
    """Add what this phase or cycle gives to the counters; a dose may be left out."""
    for g in range(I[phase + P_N_GIVES]):
        give = I[phase + P_GIVES] + g * G_WIDTH
        if I[give + G_PER_DAY] == 0 and listed(I, I[give + G_CYCLES], I[CYCLE]):
            missed = I[OMITTED] == 1
            if I[give + G_OMIT] >= 0:
                missed = _happens(I, F, I[give + G_OMIT], I[give + G_SITE], I[phase + P_LABEL]) or missed
            if missed:
                continue
            counter = I[give + G_COUNTER]
            F[I[I[H_COUNTERS] + counter]] += F[I[give + G_AMOUNT]]
            I[DIRTY] |= I[give + G_BIT]
            if I[H_DETAIL] == 1:
                log_value(I, log, LOG_DOSE, counter, F[I[give + G_AMOUNT]])


@part
def _cycle_ticks(I, F, phase):
    """How long this cycle lasts: its own length, and perhaps a delay of the next one; all is drawn for each cycle."""
    last = I[CYCLE] >= I[PLANNED]
    ticks = I[phase + P_CYCLE]
    if ticks < 0:
        ticks = duration_ticks(I, F, I[phase + P_EVERY])
    if last and I[phase + P_LAST] >= 0:
        ticks = duration_ticks(I, F, I[phase + P_LAST])
    if I[phase + P_DELAY] >= 0:
        site = I[phase + P_DELAY_SITE]
        if _happens(I, F, I[phase + P_DELAY], site, I[phase + P_LABEL]) and not last:
            keep_draw_in_step(I, I[phase + P_DELAY_BY], site)
            ticks += duration_ticks(I, F, I[phase + P_DELAY_BY])
    return ticks


@part
def _infusion_ticks(I, F, phase):
    """How long after the start of the cycle its infusion ends, which may be cut short."""
    ticks = I[phase + P_INFUSION]
    if I[phase + P_GIVEN] >= 0:
        ticks = min(ticks, I[phase + P_INFUSION_START] + duration_ticks(I, F, I[phase + P_GIVEN]))
    return ticks


@compiled
def start_cycle(I, F, log, phase):
    """The next cycle begins, or is left out: doses, exposure, samples, and the timers of its infusion and its end."""
    I[CYCLE] += 1
    I[CYCLE_START] = I[NOW]
    I[DIRTY] |= I[phase + P_CYCLE_BIT]
    I[OMITTED] = I[SKIP]
    I[SKIP] = 0
    if I[phase + P_OMIT] >= 0 and _happens(I, F, I[phase + P_OMIT], I[phase + P_OMIT_SITE], I[phase + P_LABEL]):
        I[OMITTED] = 1
    log_row(I, log, LOG_CYCLE if I[OMITTED] == 0 else LOG_OMITTED, I[CYCLE])
    _give(I, F, log, phase)
    expose(I, F, I[phase + P_TOXICITIES])
    take_samples(I, F, log, phase, AT_START)
    timers = I[SI_TIMERS]
    if I[phase + P_INFUSION] >= 0:
        ends = I[NOW] + _infusion_ticks(I, F, phase)
        if I[OMITTED] == 0:
            I[timers + I[H_SLOT_INFUSION]] = ends
    I[timers + I[H_SLOT_END]] = I[NOW] + _cycle_ticks(I, F, phase)


@part
def _plan_cycles(I, F, phase):
    """Draw how many cycles there are to be."""
    planned = draw(I, F, I[phase + P_CYCLES])
    if not (planned >= 1.0 and planned < 1001.0):
        fail(I, E_BAD_CYCLES, I[phase + P_LABEL])
        planned = 1.0
    I[PLANNED] = math.floor(planned)


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
        if I[STATUS] == RUNNING:  # a run that has failed on the way here has failed
            I[STATUS] = FINISHED
        return
    if kind == CYCLES:
        _plan_cycles(I, F, phase)
        start_cycle(I, F, log, phase)
        return
    _give(I, F, log, phase)
    expose(I, F, I[phase + P_TOXICITIES])
    take_samples(I, F, log, phase, AT_START)
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
    return phases < 0 or listed(I, phases, I[PHASE])


@compiled
def enter_phase(I, F, log, target):
    """Go to a phase: it begins at once, or the patient waits in it for the places it needs."""
    phase = I[H_PHASES] + target * P_WIDTH
    I[DIRTY] |= I[phase + P_BIT] | I[I[H_PHASES] + I[PHASE] * P_WIDTH + P_BIT]
    I[PHASE] = target
    I[STAY] += 1
    I[OMITTED] = 0
    I[SKIP] = 0
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
def shift_markers(I, F, log, phase, share):
    """What the treatment of this phase or cycle does to the markers, or the share of it that was given."""
    for k in range(I[phase + P_N_SHIFTS]):
        row = I[phase + P_SHIFTS] + k * S_WIDTH
        m = I[row + S_MARKER]
        shift_marker(I, F, m, evaluate(I, F, I[row + S_EXPRESSION]) * share)
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
        m = I[setting + SET_MARKER]
        set_marker(I, F, m, draw(I, F, I[setting + SET_DISTRIBUTION]))
        if I[H_DETAIL] == 1:
            log_value(I, log, LOG_MARKER, m, marker_level(I, F, m))
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


@small
def _is_final(I, target):
    """Whether a phase ends the patient, of whom no sample is taken any more."""
    return target >= 0 and I[I[H_PHASES] + target * P_WIDTH + P_KIND] == FINAL


@compiled
def _conclude(I, F, log):
    """After treatment: one outcome, samples; where the phase leads, or NONE while a result is awaited."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    I[OUTCOME_GOTO] = NONE
    if I[phase + P_N_OUTCOMES] > 0:
        I[OUTCOME_GOTO] = _draw_outcome(I, F, log, phase)
    if I[phase + P_KIND] != CYCLES and not _is_final(I, I[OUTCOME_GOTO]):
        take_samples(I, F, log, phase, AT_END)
    if I[phase + P_AWAIT] >= 0 and result_pending(I, I[phase + P_AWAIT]):
        I[HOLD] = AWAITING
        I[I[SI_TIMERS] + I[H_SLOT_END]] = I[NOW] + I[phase + P_AWAIT_TICKS]
        return NONE
    return way_out(I, F, log)


@part
def end_phase(I, F, log):
    """A phase without cycles has run its length."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    I[CAUSE] = I[phase + P_LABEL]
    shift_markers(I, F, log, phase, 1.0)
    return _conclude(I, F, log)


@small
def _infusion_given(I, phase):
    """The share of a cycle's infusion, as planned, that has been given by now."""
    given = I[NOW] - I[CYCLE_START] - I[phase + P_INFUSION_START]
    return max(given, 0) / (I[phase + P_INFUSION] - I[phase + P_INFUSION_START])


@compiled
def end_infusion(I, F, log):
    """The infusion of a cycle ends: what was given of it moves the markers."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    I[I[SI_TIMERS] + I[H_SLOT_INFUSION]] = NEVER
    shift_markers(I, F, log, phase, _infusion_given(I, phase))


@part
def end_cycle(I, F, log):
    """A cycle has run its length: samples, then the next cycle, or where a way out or the end of the phase leads."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    I[CAUSE] = I[phase + P_LABEL]
    if I[phase + P_INFUSION] < 0 and I[OMITTED] == 0:
        shift_markers(I, F, log, phase, 1.0)
    elif I[I[SI_TIMERS] + I[H_SLOT_INFUSION]] != NEVER:
        end_infusion(I, F, log)  # a cycle that was drawn shorter than its infusion cuts it off
    take_samples(I, F, log, phase, AT_END)
    target = CONTINUE
    if I[phase + P_N_EACH] > 0:
        target = _choose(I, F, log, I[phase + P_EACH], I[phase + P_N_EACH])
    if target != CONTINUE:
        return target
    if I[CYCLE] < I[PLANNED]:
        start_cycle(I, F, log, phase)
        return NONE
    return _conclude(I, F, log)


@small
def _share_given(I, phase):
    """The share of this cycle's or phase's treatment that has been given by now, in proportion to the time."""
    timers = I[SI_TIMERS]
    if I[OMITTED] == 1:
        return 0.0
    if I[phase + P_KIND] == CYCLES and I[phase + P_INFUSION] >= 0:
        if I[timers + I[H_SLOT_INFUSION]] == NEVER:
            return 0.0  # its infusion is over and has had its effect
        return _infusion_given(I, phase)
    if I[phase + P_KIND] not in (CYCLES, LASTS):
        return 1.0
    begun = I[CYCLE_START] if I[phase + P_KIND] == CYCLES else I[ENTERED]
    ends = I[timers + I[H_SLOT_END]]
    return (I[NOW] - begun) / (ends - begun) if ends > begun else 1.0


@compiled
def stop_phase(I, F, log):
    """Treatment is stopped: what was given has its effect, samples are taken, and the phase ends or leads elsewhere."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    share = _share_given(I, phase)
    I[I[SI_TIMERS] + I[H_SLOT_INFUSION]] = NEVER
    I[I[SI_TIMERS] + I[H_SLOT_END]] = NEVER
    if share > 0.0:
        shift_markers(I, F, log, phase, share)
    elsewhere = I[OUTCOME_GOTO]
    if I[phase + P_KIND] == CYCLES or elsewhere >= 0:
        take_last_samples(I, F, log, phase)
    return elsewhere if elsewhere >= 0 else _conclude(I, F, log)


@part
def time_out(I, F, log):
    """The guard of ``until`` has not come true in time: where that leads."""
    phase = I[H_PHASES] + I[PHASE] * P_WIDTH
    I[CAUSE] = I[phase + P_LABEL]
    emit_all(I, F, log, I[phase + P_TIMEOUT_EMITS])
    return I[phase + P_TIMEOUT_GOTO]
