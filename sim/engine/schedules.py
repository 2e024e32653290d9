"""When samples under surveillance are due. What they show and what follows is not known here."""

from __future__ import annotations

from sim.engine.jit import compiled, small
from sim.engine.layout import *


@compiled
def start_schedule(I, v):
    """An event starts the schedule anew; a result still on its way no longer counts."""
    row = I[H_SURVEILLANCE] + v * V_WIDTH
    place = I[SI_SURVEILLANCE] + v * VI_WIDTH
    I[place + VI_ORIGIN] = I[NOW]
    I[place + VI_SAMPLED] = NONE
    I[place + VI_FOUND] = 0
    I[I[SI_TIMERS] + I[row + V_SLOT]] = I[NOW] + I[row + V_FIRST]


@small
def next_due(I, v):
    """The next tick of the schedule after now, or NEVER past its end."""
    row = I[H_SURVEILLANCE] + v * V_WIDTH
    origin = I[I[SI_SURVEILLANCE] + v * VI_WIDTH + VI_ORIGIN]
    past = I[NOW] - origin - I[row + V_FIRST]
    due = origin + I[row + V_FIRST] + (past // I[row + V_EVERY] + 1) * I[row + V_EVERY]
    return due if I[row + V_UNTIL] < 0 or due - origin <= I[row + V_UNTIL] else NEVER
