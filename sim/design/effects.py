"""A trial under other effects than the one it was planned for: laws, when events come, direction. Nothing is solved."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from sim.design.course import Course
from sim.design.laws import Law, changed_hazard
from sim.design.logrank import LARGEST_RATIO
from sim.design.survival_moments import constant_hazard_ratio
from sim.design.survival_tests import LogRank, SurvivalTest


def with_treatment(course: Course, law: Law, *, events: float | None = None) -> Course:
    """The trial if the treatment arm had another law of the event; dropout and competing events stay.

    With `events` it is analysed when so many are expected, even before accrual ends; as planned if they never are.
    """
    changed = replace(course, treatment=replace(course.treatment, event=law))
    if events is None or events >= changed.latest_events():
        return changed
    return replace(changed, follow_up=changed.time_of(events) - changed.accrual.end)


def null_law(course: Course, test: SurvivalTest) -> Law:
    """The treatment arm's law under the hypothesis to reject: the control arm's, its hazard times the margin if any."""
    law, margin = course.control.event, test.margin if isinstance(test, LogRank) else 1.0
    return law if margin == 1.0 else changed_hazard(law, margin)


def direction(test: SurvivalTest, course: Course) -> float:
    """-1 where the treatment does worse and the test's moments take the effect in its own direction, else 1."""
    own = isinstance(test, LogRank) and test.method != "weighted" and test.margin == 1.0
    return -1.0 if own and constant_hazard_ratio(course) > 1.0 else 1.0


STEPS = 64
"""Of the logarithm of a hazard ratio from the hypothesis to reject to the least and the greatest there is."""


def ratio_with_drift(drift_of: Callable[[float], float], drift: float, *, null: float = 1.0) -> float | None:
    """The constant hazard ratio nearest to `null` under which Z has a mean; None if none in 0.0001 to 10,000 has it.

    Parameters
    ----------
    drift_of
        Mean of Z under a ratio, 0 at `null`. At a fixed time it may rise and fall again (Lachin-Foulkes): with a very
        small ratio hardly an event is left to estimate it by.
    """

    def beside(logarithm: float) -> float:
        return drift_of(math.exp(logarithm)) - drift

    start, most = math.log(null), math.log(LARGEST_RATIO)
    if abs(drift) < 1e-9:
        return null
    steps = np.arange(1, STEPS + 1) / STEPS
    before = [start, start]
    for share in steps:
        for side, end in enumerate((-most, most)):
            here = start + float(share) * (end - start)
            if beside(here) * -drift <= 0.0:
                return math.exp(float(brentq(beside, before[side], here, xtol=1e-12)))
            before[side] = here
    return None
