"""Maximum of the partial likelihood over sorted risk sets, coefficients at infinity included. No input is checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import EngraftError
from sim.stats.arrays import Floats, Integers
from sim.stats.cox_data import Matrix, RiskSets

# A regular fit needs five to ten steps; one whose likelihood rises without end moves on by about one each step.
SUSPICIOUS_STEPS = 12
MOST_STEPS = 60
FLAT = 1e-8
"""Share of the information at 0 that is left in some direction, below which the likelihood has no maximum there."""


@dataclass(frozen=True, eq=False)
class PartialFit:
    """Maximum of a log partial likelihood over p coefficients.

    `data` holds the risk sets left once infinite coefficients are at their limits, with the finite covariates alone,
    and `rows` says where its rows stand among those of the fit.
    """

    coefficients: Floats
    covariance: Matrix
    log_likelihood: float
    log_likelihood_null: float
    score_statistic: float
    data: RiskSets
    rows: Integers

    def sorted_like(self, values: Integers | None) -> Integers | None:
        """A column of the fit's rows in the order of `data`."""
        return None if values is None else values[self.rows]


@dataclass(frozen=True, eq=False)
class Newton:
    """What a run of Newton's method left: state (see the kernel), iterations, likelihoods, estimate, derivatives."""

    state: int
    singular: int
    iterations: int
    log_likelihood_start: float
    log_likelihood: float
    beta: Floats
    score: Floats
    information: Matrix


def newton(data: RiskSets, beta: Floats, free: Integers, efron: bool, most: int = MOST_STEPS) -> Newton:
    """Maximise over the coefficients listed in `free`, the others staying as in `beta`."""
    from sim.stats.kernels.cox import cox_fit

    n, p = data.sizes
    estimate = np.array(beta, dtype=np.float64)
    score, information = np.zeros(p), np.zeros((p, p))
    work, room = np.zeros((2, n)), np.zeros((2, p + 1, p + 1))
    found = cox_fit(
        *data.columns, estimate, free, most, efron, score, information, work, room, np.zeros(p), np.zeros(p)
    )
    lower = np.tril(information)
    state, singular, iterations, start, end = found
    return Newton(state, singular, iterations, start, end, estimate, score, lower + np.tril(information, -1).T)


def score_residuals(data: RiskSets, beta: Floats, efron: bool) -> Matrix:
    """Score residuals in the order of the sorted rows, shape (n, p)."""
    from sim.stats.kernels.cox import cox_residuals

    n, p = data.sizes
    residual = np.zeros((n, p))
    cox_residuals(
        *data.columns,
        np.ascontiguousarray(beta),
        efron,
        residual,
        np.zeros(n),
        np.zeros((n, p + 1)),
        np.zeros((2, p + 1)),
        np.zeros((2, n)),
        np.zeros((2, p + 1, p + 1)),
    )
    return residual


def fit_with_limits(data: RiskSets, names: Sequence[str], efron: bool) -> PartialFit:
    """The maximum, with infinite coefficients where the likelihood rises without end along one covariate.

    Raises
    ------
    EngraftError
        If covariates cannot be told apart, or the likelihood rises without end along a combination of them.
    """
    p = data.sizes[1]
    null = newton(data, np.zeros(p), np.arange(p), efron, most=0)
    coefficients = np.zeros(p)
    covariance = np.zeros((p, p))
    left = list(range(p))
    reduced = data
    while True:
        found, place, sign = _limit_or_maximum(reduced, [names[place] for place in left], efron)
        if place < 0:
            break
        coefficients[left[place]] = sign * np.inf
        covariance[left[place], left[place]] = np.inf
        reduced = reduced.restricted(place).without(place)
        left.pop(place)
    coefficients[left] = found.beta
    if left:
        covariance[np.ix_(left, left)] = np.linalg.inv(found.information)
    return PartialFit(
        coefficients=coefficients,
        covariance=covariance,
        log_likelihood=found.log_likelihood,
        log_likelihood_null=null.log_likelihood,
        score_statistic=float(null.score @ np.linalg.solve(null.information, null.score)),
        data=reduced,
        rows=np.searchsorted(data.order, reduced.order, sorter=np.argsort(data.order)).astype(np.int64)
        if reduced is not data
        else np.arange(data.order.size),
    )


def _limit_or_maximum(data: RiskSets, names: Sequence[str], efron: bool) -> tuple[Newton, int, float]:
    """The fit; or the place of a covariate whose coefficient is infinite, and its sign."""
    p = data.sizes[1]
    _refuse_indistinct(data, names, efron)
    found = newton(data, np.zeros(p), np.arange(p), efron)
    if found.state == 0 and found.iterations <= SUSPICIOUS_STEPS:
        return found, -1, 0.0
    for place in range(p):
        for sign in (1.0, -1.0):
            if rises_without_end(data, sign * data.x[:, place], 0.0):
                return found, place, sign
    size = float(np.abs(found.beta).max(initial=0.0))
    direction = data.x @ (found.beta / size) if size > 0.0 and np.isfinite(size) else np.zeros(data.time.size)
    if np.isfinite(direction).all() and rises_without_end(data, direction, 1e-2 * float(np.ptp(direction))):
        raise endless([name for name, value in zip(names, found.beta, strict=True) if abs(value) > 1e-2 * size])
    null = newton(data, np.zeros(p), np.arange(p), efron, most=0)
    if found.state == 0 and (flat := flat_direction(null.information, found.information, names)):
        raise endless(flat)
    if found.state != 0:
        raise EngraftError(
            f"covariates: the fit of {', '.join(names)} does not converge; look for values far from all others"
        )
    return found, -1, 0.0


def flat_direction(at_zero: Matrix, at_maximum: Matrix, names: Sequence[str]) -> list[str]:
    """Covariates of a direction in which next to no information is left at the maximum found; none if there is none."""
    scale = np.sqrt(np.diag(at_zero))
    values, vectors = np.linalg.eigh(at_maximum / np.outer(scale, scale))
    if values[0] > FLAT:
        return []
    return [name for name, weight in zip(names, np.abs(vectors[:, 0]), strict=True) if weight > 1e-2]


def endless(names: Sequence[str]) -> EngraftError:
    """The error for a likelihood that has no maximum along a combination of covariates."""
    return EngraftError(
        f"covariates: the likelihood rises without end along a combination of {', '.join(names)} (an arm without "
        "events); leave one out, or take the arm without events as a group of its own"
    )


def rises_without_end(data: RiskSets, values: Floats, slack: float) -> bool:
    """Whether the likelihood never falls along a direction of the covariates, and rises somewhere."""
    from sim.stats.kernels.cox import rises_without_end as kernel

    return bool(kernel(*data.columns[:5], np.ascontiguousarray(values), slack))


def _refuse_indistinct(data: RiskSets, names: Sequence[str], efron: bool) -> None:
    """Covariates must vary, and differ from combinations of others, among those at risk at the event times."""
    p = data.sizes[1]
    if p == 0:
        return
    null = newton(data, np.zeros(p), np.arange(p), efron, most=0)
    spread = np.diag(null.information)
    variance = np.var(data.x, axis=0) * data.event.sum()
    for place, name in enumerate(names):
        if not spread[place] > 1e-12 * max(variance[place], 1e-300):
            raise EngraftError(
                f"covariates: {name} does not vary among the patients at risk at any event; "
                "its hazard ratio has no estimate"
            )
    scale = np.sqrt(spread)
    lower = np.linalg.eigh(null.information / np.outer(scale, scale))
    if lower[0][0] < 1e-11:
        shared = np.abs(lower[1][:, 0])
        together = [name for name, weight in zip(names, shared, strict=True) if weight > 1e-3]
        raise EngraftError(
            f"covariates: {', '.join(together)} are combinations of one another at the event times; leave one out"
        )
