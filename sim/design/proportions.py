"""Moments of tests of two proportions, pooled, unpooled, arcsine, or with a margin. Exact tests are not here."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np

from sim.design.inputs import number, positive, probability
from sim.design.moments import Moments
from sim.errors import EngraftError, did_you_mean

ProportionMethod = Literal["pooled", "unpooled", "arcsine"]
METHODS: tuple[str, ...] = get_args(ProportionMethod)


def difference_of_proportions(
    control: float,
    treatment: float,
    *,
    margin: float = 0.0,
    higher_is_better: bool = True,
    allocation: float = 1.0,
    method: ProportionMethod = "pooled",
) -> Moments:
    """Moments of the test of the difference of two proportions, a patient.

    Parameters
    ----------
    control, treatment
        Proportions under the alternative, inside (0, 1).
    margin
        0 for superiority. For non-inferiority, above 0: by how much the treatment may do worse; the hypothesis
        to reject is that it does worse by the margin or more.
    higher_is_better
        Whether the proportion is of something good. Without a margin the effect is taken in its own direction.
    allocation
        Patients of the treatment arm for each of the control arm.
    method
        ``pooled``: the variance under the hypothesis to reject at the proportions that satisfy it (pooled without
        margin; Farrington and Manning 1990, Stat Med 9:1447, their maximum likelihood, with one), the other at the
        alternative; ``unpooled``: both at the alternative; ``arcsine``: difference of 2 arcsin(sqrt(p)), no margin.

    Raises
    ------
    EngraftError
        If a number is out of range or the method is unknown.
    """
    before, after = probability("control", control), probability("treatment", treatment)
    r, allowed = positive("allocation", allocation), number("margin", margin)
    if method not in METHODS:
        raise EngraftError(f'method: no test of proportions is called "{method}"{did_you_mean(str(method), METHODS)}')
    if not 0.0 <= allowed < 1.0:
        raise EngraftError(f"margin: found {allowed:.12g}; it must be 0 (superiority) or more, and below 1")
    share, other = r / (1.0 + r), 1.0 / (1.0 + r)
    sign = 1.0 if higher_is_better else -1.0
    if method == "arcsine":
        if allowed > 0.0:
            raise EngraftError(f"margin: found {allowed:.12g}; with the method arcsine it must be 0")
        effect = abs(2.0 * math.asin(math.sqrt(after)) - 2.0 * math.asin(math.sqrt(before)))
        sd = math.sqrt(1.0 / share + 1.0 / other)
        return Moments(effect, sd, sd)
    difference = sign * (after - before)
    effect = abs(difference) if allowed == 0.0 else difference + allowed
    sd = math.sqrt(after * (1.0 - after) / share + before * (1.0 - before) / other)
    if method == "unpooled":
        return Moments(effect, sd, sd)
    null_after, null_before = restricted_proportions(after, before, -sign * allowed, r)
    null_sd = math.sqrt(null_after * (1.0 - null_after) / share + null_before * (1.0 - null_before) / other)
    return Moments(effect, null_sd, sd)


def restricted_proportions(
    treatment: float, control: float, difference: float, allocation: float
) -> tuple[float, float]:
    """Proportions of treatment and control nearest in likelihood to those given that differ by a given amount.

    The root of the cubic of Farrington and Manning (1990), appendix; the pooled proportion when the difference is 0.
    """
    theta = 1.0 / allocation
    s = difference
    cubic = np.array(
        [
            1.0 + theta,
            -(1.0 + theta + treatment + theta * control + s * (theta + 2.0)),
            s**2 + s * (2.0 * treatment + theta + 1.0) + treatment + theta * control,
            -treatment * s * (1.0 + s),
        ]
    )
    a, b, c, d = cubic
    v = b**3 / (3.0 * a) ** 3 - b * c / (6.0 * a**2) + d / (2.0 * a)
    u = math.copysign(math.sqrt(max(b**2 / (3.0 * a) ** 2 - c / (3.0 * a), 0.0)), v)
    angle = (math.pi + math.acos(min(max(v / u**3, -1.0), 1.0))) / 3.0 if u else 0.0
    first = 2.0 * u * math.cos(angle) - b / (3.0 * a)
    return first, first - s


def ratio_of_proportions(control: float, treatment: float, *, null_ratio: float, allocation: float = 1.0) -> Moments:
    """Moments of the test whether the ratio of two proportions lies above a ratio to reject, a patient.

    The statistic is treatment minus ratio times control, with the variance under the hypothesis to reject at the
    restricted maximum likelihood (Farrington and Manning 1990). For ratios above 1 and below, the effect is positive
    when the treatment's proportion is the larger one for a ratio below 1, and the smaller one for a ratio above 1.

    Parameters
    ----------
    control, treatment
        Proportions under the alternative, inside (0, 1).
    null_ratio
        The ratio to reject, above 0 and not 1: below 1 for the non-inferiority of something good, above 1 of something
        bad.
    allocation
        Patients of the treatment arm for each of the control arm.
    """
    before, after = probability("control", control), probability("treatment", treatment)
    r, ratio = positive("allocation", allocation), positive("margin", null_ratio)
    share, other = r / (1.0 + r), 1.0 / (1.0 + r)
    # (share + other ratio') is not needed in full: the root of the quadratic of Farrington and Manning, appendix.
    a = 1.0 + 1.0 / r
    b = -(ratio * (1.0 + before / r) + 1.0 / r + after)
    c = ratio * (after + before / r)
    null_after = (-b - math.sqrt(b**2 - 4.0 * a * c)) / (2.0 * a)
    null_before = null_after / ratio
    effect = (after - ratio * before) * (1.0 if ratio <= 1.0 else -1.0)
    null_sd = math.sqrt(null_after * (1.0 - null_after) / share + ratio**2 * null_before * (1.0 - null_before) / other)
    sd = math.sqrt(after * (1.0 - after) / share + ratio**2 * before * (1.0 - before) / other)
    return Moments(effect, null_sd, sd)
