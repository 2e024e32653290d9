"""Group-sequential designs of a given trial: the power that its drift has when beta spending depends on that power."""

from __future__ import annotations

from collections.abc import Callable

from scipy.optimize import brentq
from scipy.special import ndtr

from sim.design.inputs import number
from sim.design.moments import critical_value
from sim.design.sequential import GroupSequentialDesign
from sim.errors import EngraftError

MOST_POWER = 1.0 - 1e-9
"""Beyond it hardly a type II error is left to spend."""


def design_at_drift(
    make: Callable[[float], GroupSequentialDesign], drift: float, *, alpha: float, sided: int = 1
) -> GroupSequentialDesign:
    """The design that spends as type II error just what a trial of this size leaves.

    Parameters
    ----------
    make
        The design planned for a power.
    drift
        Mean of Z at full information, above 0.
    alpha, sided
        As those of the design.

    Returns
    -------
    GroupSequentialDesign
        With `drift` as given, its `power` being what was looked for; with a larger drift than `MOST_POWER` needs, the
        design for that power.

    Raises
    ------
    EngraftError
        If the drift is not above 0, or boundaries of a design with so little power cannot be found.
    """
    wanted = number("drift", drift)
    if wanted <= 0.0:
        raise EngraftError(
            "futility: the assumed effect is none, or points the other way; there is no type II error to spend"
        )
    level = alpha / sided
    high = min(float(ndtr(wanted - critical_value(alpha, sided))), MOST_POWER)  # one analysis has the most
    most = make(high)
    if _drift(most) <= wanted:
        return most
    low, step = high, 0.02 * (high - level)
    while _drift(make(low)) > wanted:
        low, step = max(low - step, level + 0.5 * (low - level)), 2.0 * step
    return make(float(brentq(lambda power: _drift(make(power)) - wanted, low, high, xtol=1e-9)))


def _drift(design: GroupSequentialDesign) -> float:
    assert design.drift is not None
    return design.drift
