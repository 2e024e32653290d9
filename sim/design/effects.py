"""A trial under other effects than the one it was planned for: laws, when events come, direction. Nothing is solved."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

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


def ratio_with_drift(drift_of: Callable[[float], float], drift: float) -> float | None:
    """The constant hazard ratio under which Z has a mean; None if there is none within 0.0001 and 10,000.

    Parameters
    ----------
    drift_of
        Mean of Z under a ratio, rising or falling throughout.
    """

    def beside(logarithm: float) -> float:
        return drift_of(math.exp(logarithm)) - drift

    most = math.log(LARGEST_RATIO)
    low, high = beside(-most), beside(most)
    if not low * high < 0.0:
        return None
    return math.exp(float(brentq(beside, -most, most, xtol=1e-12)))
