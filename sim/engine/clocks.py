"""Hazards' clocks, markers' lines and everything re-scheduled when something they read has changed. No phases here."""

from __future__ import annotations

import math

from sim.engine.code import (
    duration_ticks,
    evaluate,
    fail,
    finite,
    keep_draw_in_step,
    marker_level,
    next_uniform,
    probability,
)
from sim.engine.curves import FOREVER, cumulative_hazard, inverse_cumulative_hazard
from sim.engine.jit import compiled, part, small
from sim.engine.layout import *


@small
def ticks_from(days):
    """Days rounded to the nearest tick, or NEVER when beyond any horizon."""
    if not abs(days) < 1e9:
        return NEVER
    return math.floor(days * 100000.0 + 0.5)


@small
def _clock(I, F, row, place, tick):
    """Days on a hazard's clock at a tick: since its origin, or age."""
    u = (tick - I[place + HI_ORIGIN]) * 1e-5
    if I[row + Z_AGE] >= 0:
        u += F[I[row + Z_AGE]] * I[row + Z_AGE_SCALE] * 1e-5
    return u


@compiled
def _multiplier(I, F, row):
    """A hazard's present factor: zero out of its scope."""
    if evaluate(I, F, I[row + Z_SCOPE]) == 0.0:
        return 0.0
    code = I[row + Z_MULTIPLIER]
    if code < 0:
        return 1.0
    m = evaluate(I, F, code)
    if not (m >= 0.0 and m < math.inf):
        fail(I, E_NEGATIVE_MULTIPLIER, I[row + Z_LABEL])
        return 0.0
    return m


@compiled
def _schedule_hazard(I, F, h, row):
    """Set the timer to where the integrated hazard will reach the threshold at the present factor."""
    place = I[SI_HAZARD] + h * HI_WIDTH
    value = I[SF_HAZARD] + h * HF_WIDTH
    timer = I[SI_TIMERS] + I[row + Z_SLOT]
    m = F[value + HF_MULTIPLIER]
    if m <= 0.0 or I[place + HI_CURED] == 1:
        I[timer] = NEVER
        return
    left = F[value + HF_THRESHOLD] - F[value + HF_USED]
    target = F[value + HF_MARK] + max(left, 0.0) / m
    u = inverse_cumulative_hazard(I, F, I[row + Z_FAMILY], I[row + Z_CURVE], target)
    if u >= FOREVER:
        I[timer] = NEVER
        return
    if I[row + Z_AGE] >= 0:
        u -= F[I[row + Z_AGE]] * I[row + Z_AGE_SCALE] * 1e-5
    ticks = ticks_from(max(u, 0.0))
    I[timer] = NEVER if ticks == NEVER else max(I[place + HI_ORIGIN] + ticks, I[NOW])


@compiled
def start_hazard(I, F, h):
    """Start a hazard's clock now and draw its threshold anew."""
    row = I[H_HAZARDS] + h * Z_WIDTH
    place = I[SI_HAZARD] + h * HI_WIDTH
    value = I[SF_HAZARD] + h * HF_WIDTH
    if I[row + Z_CURED] >= 0 and I[place + HI_CURED] < 0:
        I[place + HI_CURED] = 1 if next_uniform(I, I[row + Z_CURE_SITE]) < F[I[row + Z_CURED]] else 0
    I[place + HI_RUNNING] = 1
    I[place + HI_ORIGIN] = I[NOW]
    F[value + HF_THRESHOLD] = -math.log(next_uniform(I, I[row + Z_SITE]))
    F[value + HF_USED] = 0.0
    F[value + HF_MARK] = cumulative_hazard(I, F, I[row + Z_FAMILY], I[row + Z_CURVE], _clock(I, F, row, place, I[NOW]))
    F[value + HF_MULTIPLIER] = _multiplier(I, F, row)
    _schedule_hazard(I, F, h, row)


@small
def stop_hazard(I, h):
    """A hazard that has fired is idle until its clock starts again."""
    I[I[SI_HAZARD] + h * HI_WIDTH + HI_RUNNING] = 0
    I[I[SI_TIMERS] + I[I[H_HAZARDS] + h * Z_WIDTH + Z_SLOT]] = NEVER


@part
def _refresh_hazards(I, F, dirty):
    """Re-scale the remaining integral of each running hazard whose factor has changed."""
    for h in range(I[H_N_HAZARDS]):
        row = I[H_HAZARDS] + h * Z_WIDTH
        place = I[SI_HAZARD] + h * HI_WIDTH
        if I[place + HI_RUNNING] == 0 or dirty & I[row + Z_DEPENDS] == 0:
            continue
        m = _multiplier(I, F, row)
        value = I[SF_HAZARD] + h * HF_WIDTH
        before = F[value + HF_MULTIPLIER]
        if m == before:
            continue
        mark = cumulative_hazard(I, F, I[row + Z_FAMILY], I[row + Z_CURVE], _clock(I, F, row, place, I[NOW]))
        F[value + HF_USED] += before * (mark - F[value + HF_MARK])
        F[value + HF_MARK] = mark
        F[value + HF_MULTIPLIER] = m
        _schedule_hazard(I, F, h, row)


@compiled
def set_marker(I, F, m, level):
    """A knot: the marker stands at a level now, capped, or eradicated if below its floor; drift goes on from there."""
    row = I[H_MARKERS] + m * K_WIDTH
    place = I[SI_MARKER] + m * MI_WIDTH
    value = I[SF_MARKER] + m * MF_WIDTH
    level = min(level, F[I[row + K_CAP]])
    floor = F[I[row + K_FLOOR]]
    I[place + MI_ERADICATED] = 0
    if level < floor:
        level = floor
        I[place + MI_ERADICATED] = 1
        F[value + MF_SLOPE] = 0.0
    level = finite(I, level, I[row + K_LABEL])
    F[value + MF_LEVEL] = level
    I[place + MI_SINCE] = I[NOW]
    _hold(I, F, m, level)


@small
def _hold(I, F, m, level):
    """Make a level the one that hazards read."""
    row = I[H_MARKERS] + m * K_WIDTH
    F[I[row + K_HELD]] = level
    I[DIRTY] |= I[row + K_BIT]


@compiled
def shift_marker(I, F, m, by):
    """Move a marker by an amount, unless it is eradicated."""
    if I[I[SI_MARKER] + m * MI_WIDTH + MI_ERADICATED] == 0:
        set_marker(I, F, m, marker_level(I, F, m) + by)


@compiled
def hold_on_grid(I, F, m):
    """A grid tick: hazards read the drifting level anew, and the next grid tick is set."""
    _hold(I, F, m, marker_level(I, F, m))
    row = I[H_MARKERS] + m * K_WIDTH
    I[I[SI_TIMERS] + I[row + K_GRID_SLOT]] = I[NOW] + I[row + K_GRID]


@compiled
def eradicate(I, F, m):
    """A falling marker has reached its floor."""
    set_marker(I, F, m, F[I[I[H_MARKERS] + m * K_WIDTH + K_FLOOR]] - 1.0)


@part
def _refresh_markers(I, F, dirty):
    """Let drifts begin, change or end, and set the timers that a drifting line needs."""
    for m in range(I[H_N_MARKERS]):
        row = I[H_MARKERS] + m * K_WIDTH
        if I[row + K_SLOPE] < 0 or dirty & (I[row + K_DEPENDS] | I[row + K_BIT]) == 0:
            continue
        place = I[SI_MARKER] + m * MI_WIDTH
        value = I[SF_MARKER] + m * MF_WIDTH
        slope = 0.0
        if I[place + MI_ERADICATED] == 0 and evaluate(I, F, I[row + K_WHILE]) != 0.0:
            slope = finite(I, evaluate(I, F, I[row + K_SLOPE]), I[row + K_LABEL])
        if slope != F[value + MF_SLOPE]:
            level = marker_level(I, F, m)
            F[value + MF_LEVEL] = level
            I[place + MI_SINCE] = I[NOW]
            F[value + MF_SLOPE] = slope
            _hold(I, F, m, level)
        elif dirty & I[row + K_BIT] == 0:
            continue
        timers = I[SI_TIMERS]
        if I[row + K_GRID] > 0:
            I[timers + I[row + K_GRID_SLOT]] = I[NOW] + I[row + K_GRID] if slope != 0.0 else NEVER
        if slope < 0.0:
            I[timers + I[row + K_FLOOR_SLOT]] = max(_meets(I, F, place, value, F[I[row + K_FLOOR]]), I[NOW])
        else:
            I[timers + I[row + K_FLOOR_SLOT]] = NEVER


@small
def _meets(I, F, place, value, level):
    """The tick at which a drifting line meets a level, told from its last knot so that later looks do not move it."""
    ticks = ticks_from((level - F[value + MF_LEVEL]) / F[value + MF_SLOPE])
    return NEVER if ticks == NEVER else I[place + MI_SINCE] + ticks


@part
def _refresh_crossings(I, F, dirty):
    """Set when a rising marker meets a level, while the guard holds; it must fall before it can meet it again."""
    for c in range(I[H_N_CROSSINGS]):
        row = I[H_CROSSINGS] + c * C_WIDTH
        m = I[row + C_MARKER]
        marker = I[H_MARKERS] + m * K_WIDTH
        if dirty & (I[row + C_DEPENDS] | I[marker + K_BIT] | I[marker + K_DEPENDS]) == 0:
            continue
        timer = I[SI_TIMERS] + I[row + C_SLOT]
        I[timer] = NEVER
        value = I[SF_MARKER] + m * MF_WIDTH
        slope = F[value + MF_SLOPE]
        level = finite(I, evaluate(I, F, I[row + C_LEVEL]), I[row + C_LABEL])
        # A crossing is told to the tick, so that right after it the line may still lie a tick's drift below the level.
        if marker_level(I, F, m) < level - 1e-5 * max(1.0, abs(slope)):
            I[I[SI_CROSSING] + c] = 0
        if I[I[SI_CROSSING] + c] == 1 or slope <= 0.0 or level > F[I[marker + K_CAP]]:
            continue
        tick = _meets(I, F, I[SI_MARKER] + m * MI_WIDTH, value, level)
        if tick >= I[NOW] and evaluate(I, F, I[row + C_WHILE]) != 0.0:
            I[timer] = tick


@part
def _refresh_until(I, F, dirty):
    """End a phase that lasts until a guard holds, as soon as it does."""
    row = I[H_PHASES] + I[PHASE] * P_WIDTH
    if I[row + P_KIND] != UNTIL or I[HOLD] != IN_PHASE or I[UNTIL_MET] == 1 or dirty & I[row + P_UNTIL_DEPENDS] == 0:
        return
    if evaluate(I, F, I[row + P_UNTIL]) != 0.0:
        I[UNTIL_MET] = 1
        I[I[SI_TIMERS] + I[H_SLOT_END]] = I[NOW]


@compiled
def refresh(I, F):
    """Bring all timers up to date with what has changed in this event."""
    dirty = I[DIRTY]
    if dirty == 0:
        return
    _refresh_markers(I, F, dirty)
    dirty |= I[DIRTY]
    I[DIRTY] = 0
    _refresh_crossings(I, F, dirty)
    _refresh_hazards(I, F, dirty)
    _refresh_until(I, F, dirty)


@compiled
def start_delay(I, F, k):
    """Draw whether and when a delayed event follows; an earlier pending one is replaced."""
    row = I[H_DELAYS] + k * L_WIDTH
    timer = I[SI_TIMERS] + I[row + L_SLOT]
    I[timer] = NEVER
    happens = probability(I, F, I[row + L_HAPPENS], I[row + L_LABEL])
    if next_uniform(I, I[row + L_SITE]) < happens:
        keep_draw_in_step(I, I[row + L_AFTER], I[row + L_SITE])
        I[timer] = I[NOW] + duration_ticks(I, F, I[row + L_AFTER])
