"""Exact binomial designs by enumeration: one arm, and two arms by Fisher or a z statistic. No approximations here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.stats import binom, hypergeom

from sim.design.inputs import positive, probability, sides
from sim.design.moments import attainable, round_up
from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Floats

ExactTest = Literal["fisher", "z_pooled"]
TESTS: tuple[str, ...] = get_args(ExactTest)
LARGEST = 2000
"""Patients of an arm up to which designs are looked for; the work grows with the square."""

NUISANCE = 1000
"""Steps of the common proportion over which the size of an unconditional test is maximised (R's Exact takes 100)."""


@dataclass(frozen=True)
class OneArm:
    """A single-arm binomial design: ``patients``, rejected at ``reject_from`` responses or more, with exact errors."""

    patients: int
    reject_from: int
    alpha: float
    power: float


def one_arm(null: float, alternative: float, *, alpha: float, power: float) -> OneArm:
    """The smallest single-arm design whose exact one-sided test has the power (A'Hern 2001, Stat Med 20:859).

    Power is a saw-tooth of the number of patients: one patient more may have less.

    Parameters
    ----------
    null, alternative
        Proportions inside (0, 1), the alternative above the null.
    """
    low, high = probability("control", null), probability("treatment", alternative)
    level, wanted = probability("alpha", alpha), attainable(power, alpha, 1)
    if high <= low:
        raise EngraftError(f"treatment: found {high:.12g}; it must be above the proportion to reject, {low:.12g}")
    for patients in range(1, LARGEST + 1):
        found = one_arm_power(patients, low, high, alpha=level)
        if found.power >= wanted:
            return found
    raise EngraftError(f"power: {wanted:.12g} cannot be reached with {LARGEST} patients")


def one_arm_power(patients: int, null: float, alternative: float, *, alpha: float) -> OneArm:
    """The exact one-sided test of a single proportion with so many patients."""
    low, level = probability("control", null), probability("alpha", alpha)
    reject_from = int(binom.isf(level, patients, low)) + 1
    reached = float(binom.sf(reject_from - 1, patients, probability("treatment", alternative)))
    return OneArm(int(patients), reject_from, float(binom.sf(reject_from - 1, patients, low)), reached)


def rejection_region(
    control: int, treatment: int, *, alpha: float, sided: int = 1, higher: bool = True, test: ExactTest = "fisher"
) -> np.ndarray:
    """Which outcomes an exact test of two proportions rejects.

    Parameters
    ----------
    control, treatment
        Patients of the arms.
    alpha, sided
        Level of the whole test; a two-sided test rejects where one of the two one-sided ones at alpha/2 does.
    higher
        The direction of a one-sided test: whether more responses under treatment reject.
    test
        ``fisher``: conditional on the total, p at most the level; ``z_pooled``: the z statistic with pooled variance,
        rejecting beyond the smallest value at which the size, maximised over 1,001 common proportions, is at most the
        level (Suissa and Shuster 1985, J R Stat Soc A 148:317).

    Returns
    -------
    numpy.ndarray
        Booleans of shape (control + 1, treatment + 1), by responses of the arms.
    """
    level = probability("alpha", alpha) / sides(sided)
    if test not in TESTS:
        raise EngraftError(f'method: no exact test is called "{test}"{did_you_mean(str(test), TESTS)}')
    rule = _fisher if test == "fisher" else _z_pooled
    above = rule(control, treatment, level)
    if sided == 1 and higher:
        return above
    below = rule(treatment, control, level).T
    return above | below if sided == 2 else below


def _fisher(control: int, treatment: int, level: float) -> np.ndarray:
    responses = np.arange(treatment + 1)[None, :]
    total = np.arange(control + 1)[:, None] + responses
    p = hypergeom.sf(responses - 1, control + treatment, total, treatment)
    return np.asarray(p <= level * (1.0 + 1e-12))


def _z_pooled(control: int, treatment: int, level: float) -> np.ndarray:
    x, y = np.arange(control + 1)[:, None], np.arange(treatment + 1)[None, :]
    pooled = (x + y) / (control + treatment)
    spread = np.sqrt(pooled * (1.0 - pooled) * (1.0 / control + 1.0 / treatment))
    z = np.divide(y / treatment - x / control, spread, out=np.zeros_like(spread), where=spread > 0.0)
    common = np.linspace(0.0, 1.0, NUISANCE + 1)
    of_control, of_treatment = (binom.pmf(np.arange(n + 1)[:, None], n, common) for n in (control, treatment))

    def size(bound: float) -> float:
        return float(np.max(np.einsum("xp,xp->p", of_control, (z >= bound) @ of_treatment)))

    values = np.unique(np.round(z[z > 0.0], 12))
    first, last = 0, values.size  # the smallest bound that keeps the size, by bisection: the size falls with the bound
    while first < last:
        middle = (first + last) // 2
        if size(values[middle] - 1e-11) <= level:
            last = middle
        else:
            first = middle + 1
    return np.asarray(z >= (values[first] - 1e-11 if first < values.size else np.inf))


def two_arm_power(
    control: float,
    treatment: float,
    patients: tuple[int, int],
    *,
    alpha: float,
    sided: int = 1,
    test: ExactTest = "fisher",
    higher: bool | None = None,
) -> float:
    """Exact power of a test of two proportions: rejections in the direction of the difference, as for other tests.

    Parameters
    ----------
    control, treatment
        Proportions inside (0, 1).
    patients
        Of the control and the treatment arm.
    higher
        The direction in place of that of the difference: for more responses under treatment, or for fewer.
    """
    before, after = probability("control", control), probability("treatment", treatment)
    level = probability("alpha", alpha) / sides(sided)
    upwards = after > before if higher is None else higher
    region = rejection_region(*patients, alpha=level, higher=upwards, test=test)
    return float(_law(before, patients[0]) @ region @ _law(after, patients[1]))


def _law(proportion: float, patients: int) -> Floats:
    return np.asarray(binom.pmf(np.arange(patients + 1), patients, proportion))


def two_arm_patients(
    control: float,
    treatment: float,
    *,
    alpha: float,
    power: float,
    sided: int = 1,
    allocation: float = 1.0,
    test: ExactTest = "fisher",
    start: float,
) -> tuple[int, int]:
    """The smallest size whose exact power reaches the wanted one, looked for around an approximate size.

    Power is a saw-tooth of the size: the search starts ten patients an arm below 0.9 times ``start``, the patients of
    both arms that a normal approximation gives, and takes the first size with enough power.

    Raises
    ------
    EngraftError
        If no size up to 2,000 patients in the control arm has the power.
    """
    ratio = positive("allocation", allocation)
    wanted = attainable(power, alpha, sided)

    def enough(arms: tuple[int, int]) -> bool:
        return two_arm_power(control, treatment, arms, alpha=alpha, sided=sided, test=test) >= wanted

    first = max(2, round_up(0.9 * start / (1.0 + ratio)) - 10)
    for size in range(first, LARGEST + 1):
        arms = (size, round_up(size * ratio))
        if enough(arms):
            return arms
    raise EngraftError(f"power: {wanted:.12g} cannot be reached with {LARGEST} patients in the control arm")
