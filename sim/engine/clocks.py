"""Hazards' clocks, markers' lines and everything re-scheduled when something they read has changed. No phases here."""

from __future__ import annotations

import math

from sim.engine.code import duration_ticks, evaluate, fail, marker_level, next_uniform, probability
from sim.engine.curves import FOREVER, cumulative_hazard, inverse_cumulative_hazard
from sim.engine.jit import compiled
from sim.engine.layout import *


@compiled
def ticks_from(days):
    """Days rounded to the nearest tick, or NEVER when beyond any horizon."""
    if days >= 1e9:
        return NEVER
    return int(math.floor(days * 100000.0 + 0.5))


@compiled
def _clock(I, si, sf, row, place, tick):
    """Days on a hazard's clock at a tick: since its origin, or age."""
    u = (tick - si[place + HI_ORIGIN]) * 1e-5
    if I[row + Z_AGE] >= 0:
        u += sf[I[row + Z_AGE]] * I[row + Z_AGE_SCALE] * 1e-5
    return u


@compiled
def _multiplier(I, F, si, sf, row):
    """A hazard's present factor: zero out of its scope."""
    if evaluate(I, F, si, sf, I[row + Z_SCOPE]) == 0.0:
        return 0.0
    code = I[row + Z_MULTIPLIER]
    if code < 0:
        return 1.0
    m = evaluate(I, F, si, sf, code)
    if not (m >= 0.0 and m < math.inf):
        fail(si, E_NEGATIVE_MULTIPLIER, I[row + Z_LABEL])
        return 0.0
    return m


@compiled
def _schedule_hazard(I, F, si, sf, h, row):
    """Set the timer to where the integrated hazard will reach the threshold at the present factor."""
    place = I[SI_HAZARD] + h * HI_WIDTH
    value = I[SF_HAZARD] + h * HF_WIDTH
    timer = I[SI_TIMERS] + I[row + Z_SLOT]
    m = sf[value + HF_MULTIPLIER]
    if m <= 0.0 or si[place + HI_CURED] == 1:
        si[timer] = NEVER
        return
    left = sf[value + HF_THRESHOLD] - sf[value + HF_USED]
    target = sf[value + HF_MARK] + max(left, 0.0) / m
    u = inverse_cumulative_hazard(I, F, I[row + Z_FAMILY], I[row + Z_CURVE], target)
    if u >= FOREVER:
        si[timer] = NEVER
        return
    if I[row + Z_AGE] >= 0:
        u -= sf[I[row + Z_AGE]] * I[row + Z_AGE_SCALE] * 1e-5
    ticks = ticks_from(max(u, 0.0))
    si[timer] = NEVER if ticks == NEVER else max(si[place + HI_ORIGIN] + ticks, si[NOW])


@compiled
def start_hazard(I, F, si, sf, h):
    """Start a hazard's clock now and draw its threshold anew."""
    row = I[H_HAZARDS] + h * Z_WIDTH
    place = I[SI_HAZARD] + h * HI_WIDTH
    value = I[SF_HAZARD] + h * HF_WIDTH
    if I[row + Z_CURED] >= 0 and si[place + HI_CURED] < 0:
        si[place + HI_CURED] = 1 if next_uniform(I, si, I[row + Z_CURE_SITE]) < F[I[row + Z_CURED]] else 0
    si[place + HI_RUNNING] = 1
    si[place + HI_ORIGIN] = si[NOW]
    sf[value + HF_THRESHOLD] = -math.log(next_uniform(I, si, I[row + Z_SITE]))
    sf[value + HF_USED] = 0.0
    sf[value + HF_MARK] = cumulative_hazard(
        I, F, I[row + Z_FAMILY], I[row + Z_CURVE], _clock(I, si, sf, row, place, si[NOW])
    )
    sf[value + HF_MULTIPLIER] = _multiplier(I, F, si, sf, row)
    _schedule_hazard(I, F, si, sf, h, row)


@compiled
def stop_hazard(I, si, h):
    """A hazard that has fired is idle until its clock starts again."""
    si[I[SI_HAZARD] + h * HI_WIDTH + HI_RUNNING] = 0
    si[I[SI_TIMERS] + I[I[H_HAZARDS] + h * Z_WIDTH + Z_SLOT]] = NEVER


@compiled
def _refresh_hazards(I, F, si, sf, dirty):
    """Re-scale the remaining integral of each running hazard whose factor has changed."""
    for h in range(I[H_N_HAZARDS]):
        row = I[H_HAZARDS] + h * Z_WIDTH
        place = I[SI_HAZARD] + h * HI_WIDTH
        if si[place + HI_RUNNING] == 0 or dirty & I[row + Z_DEPENDS] == 0:
            continue
        m = _multiplier(I, F, si, sf, row)
        value = I[SF_HAZARD] + h * HF_WIDTH
        before = sf[value + HF_MULTIPLIER]
        if m == before:
            continue
        mark = cumulative_hazard(I, F, I[row + Z_FAMILY], I[row + Z_CURVE], _clock(I, si, sf, row, place, si[NOW]))
        sf[value + HF_USED] += before * (mark - sf[value + HF_MARK])
        sf[value + HF_MARK] = mark
        sf[value + HF_MULTIPLIER] = m
        _schedule_hazard(I, F, si, sf, h, row)


@compiled
def set_marker(I, F, si, sf, m, level):
    """A knot: the marker stands at a level now, capped, or eradicated when below its floor; its drift goes on from there."""
    row = I[H_MARKERS] + m * K_WIDTH
    place = I[SI_MARKER] + m * MI_WIDTH
    value = I[SF_MARKER] + m * MF_WIDTH
    level = min(level, F[I[row + K_CAP]])
    floor = F[I[row + K_FLOOR]]
    si[place + MI_ERADICATED] = 0
    if level < floor:
        level = floor
        si[place + MI_ERADICATED] = 1
        sf[value + MF_SLOPE] = 0.0
    sf[value + MF_LEVEL] = level
    si[place + MI_SINCE] = si[NOW]
    _hold(I, si, sf, m, level)
    for c in range(I[H_N_CROSSINGS]):
        if I[I[H_CROSSINGS] + c * C_WIDTH + C_MARKER] == m:
            si[I[SI_CROSSING] + c] = 0


@compiled
def _hold(I, si, sf, m, level):
    """Make a level the one that hazards read."""
    row = I[H_MARKERS] + m * K_WIDTH
    sf[I[row + K_HELD]] = level
    si[DIRTY] |= I[row + K_BIT]


@compiled
def shift_marker(I, F, si, sf, m, by):
    """Move a marker by an amount, unless it is eradicated."""
    if si[I[SI_MARKER] + m * MI_WIDTH + MI_ERADICATED] == 0:
        set_marker(I, F, si, sf, m, marker_level(I, F, si, sf, m) + by)


@compiled
def hold_on_grid(I, F, si, sf, m):
    """A grid tick: hazards read the drifting level anew, and the next grid tick is set."""
    _hold(I, si, sf, m, marker_level(I, F, si, sf, m))
    row = I[H_MARKERS] + m * K_WIDTH
    si[I[SI_TIMERS] + I[row + K_GRID_SLOT]] = si[NOW] + I[row + K_GRID]


@compiled
def eradicate(I, F, si, sf, m):
    """A falling marker has reached its floor."""
    set_marker(I, F, si, sf, m, F[I[I[H_MARKERS] + m * K_WIDTH + K_FLOOR]] - 1.0)


@compiled
def _refresh_markers(I, F, si, sf, dirty):
    """Let drifts begin, change or end, and set the timers that a drifting line needs."""
    for m in range(I[H_N_MARKERS]):
        row = I[H_MARKERS] + m * K_WIDTH
        if I[row + K_SLOPE] < 0 or dirty & (I[row + K_DEPENDS] | I[row + K_BIT]) == 0:
            continue
        place = I[SI_MARKER] + m * MI_WIDTH
        value = I[SF_MARKER] + m * MF_WIDTH
        slope = 0.0
        if si[place + MI_ERADICATED] == 0 and evaluate(I, F, si, sf, I[row + K_WHILE]) != 0.0:
            slope = evaluate(I, F, si, sf, I[row + K_SLOPE])
        if slope != sf[value + MF_SLOPE]:
            level = marker_level(I, F, si, sf, m)
            sf[value + MF_LEVEL] = level
            si[place + MI_SINCE] = si[NOW]
            sf[value + MF_SLOPE] = slope
            _hold(I, si, sf, m, level)
        elif dirty & I[row + K_BIT] == 0:
            continue
        timers = I[SI_TIMERS]
        if I[row + K_GRID] > 0:
            si[timers + I[row + K_GRID_SLOT]] = si[NOW] + I[row + K_GRID] if slope != 0.0 else NEVER
        if slope < 0.0:
            si[timers + I[row + K_FLOOR_SLOT]] = _reaches(si, sf, place, value, F[I[row + K_FLOOR]])
        else:
            si[timers + I[row + K_FLOOR_SLOT]] = NEVER


@compiled
def _reaches(si, sf, place, value, level):
    """The tick at which a drifting line meets a level, told from its last knot so that later looks do not move it."""
    days = (level - sf[value + MF_LEVEL]) / sf[value + MF_SLOPE]
    ticks = ticks_from(days)
    return NEVER if ticks == NEVER else max(si[place + MI_SINCE] + ticks, si[NOW])


@compiled
def _refresh_crossings(I, F, si, sf, dirty):
    """Set the time at which a rising marker reaches a level, while the guard holds and it is still below."""
    for c in range(I[H_N_CROSSINGS]):
        row = I[H_CROSSINGS] + c * C_WIDTH
        m = I[row + C_MARKER]
        marker = I[H_MARKERS] + m * K_WIDTH
        if dirty & (I[row + C_DEPENDS] | I[marker + K_BIT] | I[marker + K_DEPENDS]) == 0:
            continue
        timer = I[SI_TIMERS] + I[row + C_SLOT]
        slope = sf[I[SF_MARKER] + m * MF_WIDTH + MF_SLOPE]
        level = evaluate(I, F, si, sf, I[row + C_LEVEL])
        armed = si[I[SI_CROSSING] + c] == 0 and slope > 0.0 and marker_level(I, F, si, sf, m) < level
        if armed and evaluate(I, F, si, sf, I[row + C_WHILE]) != 0.0:
            si[timer] = _reaches(si, sf, I[SI_MARKER] + m * MI_WIDTH, I[SF_MARKER] + m * MF_WIDTH, level)
        else:
            si[timer] = NEVER


@compiled
def _refresh_until(I, F, si, sf, dirty):
    """End a phase that lasts until a guard holds, as soon as it does."""
    row = I[H_PHASES] + si[PHASE] * P_WIDTH
    if I[row + P_KIND] != UNTIL or si[HOLD] != IN_PHASE or si[UNTIL_MET] == 1 or dirty & I[row + P_UNTIL_DEPENDS] == 0:
        return
    if evaluate(I, F, si, sf, I[row + P_UNTIL]) != 0.0:
        si[UNTIL_MET] = 1
        si[I[SI_TIMERS] + I[H_SLOT_END]] = si[NOW]


@compiled
def refresh(I, F, si, sf):
    """Bring all timers up to date with what has changed in this event."""
    dirty = si[DIRTY]
    if dirty == 0:
        return
    _refresh_markers(I, F, si, sf, dirty)
    dirty |= si[DIRTY]
    si[DIRTY] = 0
    _refresh_crossings(I, F, si, sf, dirty)
    _refresh_hazards(I, F, si, sf, dirty)
    _refresh_until(I, F, si, sf, dirty)


@compiled
def start_delay(I, F, si, sf, k):
    """Draw whether and when a delayed event follows; an earlier pending one is replaced."""
    row = I[H_DELAYS] + k * L_WIDTH
    timer = I[SI_TIMERS] + I[row + L_SLOT]
    si[timer] = NEVER
    happens = probability(I, F, si, sf, I[row + L_HAPPENS])
    if next_uniform(I, si, I[row + L_SITE]) < happens:
        si[timer] = si[NOW] + duration_ticks(I, F, si, sf, I[row + L_AFTER])
