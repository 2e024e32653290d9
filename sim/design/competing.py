"""Laws for a cause of interest beside a competing cause: from incidences, and as a subdistribution. No tests here."""

from __future__ import annotations

import math

from sim.design.course import Arm
from sim.design.inputs import number, positive
from sim.design.laws import Law, exponential, mixture_cure
from sim.design.quadrature import time_grid
from sim.errors import EngraftError


def hazards_from_incidence(incidence: float, competing: float, *, time: float) -> tuple[float, float]:
    """Constant cause-specific hazards that give the cumulative incidences of two causes at a time.

    With constant hazards the causes keep their proportion: h_k = F_k / (F_1 + F_2) * -log(1 - F_1 - F_2) / t (Pintilie
    2002, Stat Med 21:3317).

    Parameters
    ----------
    incidence, competing
        Cumulative incidences of the cause of interest, above 0, and of the competing one, 0 or more, at `time`.

    Raises
    ------
    EngraftError
        If they are out of range or add up to 1 or more.
    """
    of_interest, other = positive("incidence", incidence), number("competing_incidence", competing)
    at = positive("time", time)
    if other < 0.0:
        raise EngraftError(f"competing_incidence: found {other:.12g}; it must be 0 or more")
    if of_interest + other >= 1.0:
        raise EngraftError(
            f"competing_incidence: found {other:.12g}; with an incidence of {of_interest:.12g} it must leave some "
            "patients without either event"
        )
    total = -math.log1p(-(of_interest + other)) / at
    share = of_interest / (of_interest + other)
    return share * total, (1.0 - share) * total


def subdistribution(hazard: float, competing_hazard: float) -> Law:
    """The improper law of the time to the cause of interest, never for those whom the other cause takes first.

    With constant cause-specific hazards F_1(t) = h_1 / (h_1 + h_2) (1 - exp(-(h_1 + h_2) t)), a mixture cure law. Its
    hazard is that of the subdistribution, and `changed_hazard` of it the model of Fine and Gray (1999, JASA 94:496):
    with it a log-rank design sizes the test of a subdistribution hazard ratio, for which Latouche, Porcher and
    Chevret (2004, Stat Med 23:3263) take Schoenfeld's number of events of the cause of interest.

    Parameters
    ----------
    hazard, competing_hazard
        Cause-specific hazards per unit of time, above 0, and 0 or more.
    """
    of_interest = positive("hazard", hazard)
    total = of_interest + exponential(competing_hazard).rates[0]
    return mixture_cure(1.0 - of_interest / total, exponential(total))


def incidence(arm: Arm, time: float) -> float:
    """Cumulative incidence of an arm's event by a time, its competing event taken into account and dropout not."""
    grid = time_grid(positive("time", time), (*arm.event.knots, *arm.competing.knots))
    free = Arm(arm.event, competing=arm.competing).observed(grid.times)
    return grid.integral(arm.event.hazard(grid.times) * free)
