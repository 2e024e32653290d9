"""Power and patients of any asymptotically normal test from its effect and variances. No test is known here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri

from sim.design.inputs import probability, sides
from sim.errors import EngraftError


@dataclass(frozen=True)
class Moments:
    """Mean and standard deviations of a statistic, each times the square root of the number of patients.

    With n patients the statistic is normal with mean ``sqrt(n) effect`` and standard deviation ``sd``, and is compared
    with the quantile of a normal law with standard deviation ``null_sd``. The effect is positive in the direction in
    which the treatment is hoped to differ.
    """

    effect: float
    null_sd: float
    sd: float

    def mean_of_z(self, patients: float, *, alpha: float, sided: int = 1) -> float:
        """Mean of the statistic Z, with variance 1 and the usual critical value, that has the power."""
        z = critical_value(alpha, sided)
        return (math.sqrt(patients) * self.effect - z * self.null_sd) / self.sd + z


def critical_value(alpha: float, sided: int) -> float:
    """The upper alpha quantile of the standard normal law, alpha/2 if two-sided."""
    return -float(ndtri(probability("alpha", alpha) / sides(sided)))


def power_of(moments: Moments, patients: float, *, alpha: float, sided: int = 1) -> float:
    """Probability to reject in the direction of the effect: Phi((sqrt(n) effect - z null_sd) / sd).

    Parameters
    ----------
    moments
        Of the statistic, a patient.
    patients
        Number of patients that the moments refer to, above 0.
    alpha, sided
        Type I error of the whole test, and 1 or 2 sides; a two-sided test spends half of it on each.
    """
    drift = math.sqrt(patients) * moments.effect
    return float(ndtr((drift - critical_value(alpha, sided) * moments.null_sd) / moments.sd))


def patients_for(moments: Moments, *, alpha: float, power: float, sided: int = 1) -> float:
    """Number of patients for a power, not rounded: ((z_alpha null_sd + z_beta sd) / effect)^2.

    Raises
    ------
    EngraftError
        If the power is not above alpha (alpha/2 if two-sided), or the effect is not in the direction hoped for.
    """
    attainable(power, alpha, sided)
    if moments.effect <= 0.0:
        raise EngraftError(
            f"power: {power:.12g} cannot be reached: the assumed effect is none, or points the other way"
        )
    both = critical_value(alpha, sided) * moments.null_sd + float(ndtri(power)) * moments.sd
    return (both / moments.effect) ** 2


def attainable(power: float, alpha: float, sided: int) -> float:
    """The power, if it lies above the level of its side and below 1."""
    wanted, level = probability("power", power), probability("alpha", alpha) / sides(sided)
    if wanted <= level:
        raise EngraftError(f"power: found {wanted:.12g}; it must be above the level of its side, {level:.12g}")
    return wanted


def round_up(value: float) -> int:
    """The next whole number, numbers within 1e-9 above a whole one taken as that one."""
    return math.ceil(value - 1e-9 * max(1.0, abs(value)))


def whole_arms(patients: float, allocation: float) -> tuple[int, int]:
    """Patients of the control and the treatment arm, each arm rounded up on its own."""
    control = round_up(patients / (1.0 + allocation))
    return control, round_up(patients * allocation / (1.0 + allocation))
