"""Adaptive designs: stages combined with weights fixed in advance, and what may be decided anew. No simulation.

Everything rests on p values of stages that are uniform (or larger) and independent when there is no effect. For
survival that needs stages of patients, not of calendar time: see `survival_stages`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from sim.design.inputs import number, positive, probability
from sim.design.monitoring import conditional_error
from sim.design.multiple import MultipleTest, bonferroni_p, closed_test, dunnett_p, p_values, sidak_p, simes_p
from sim.design.sequential import GroupSequentialDesign, group_sequential
from sim.design.spending import Shape, Spending
from sim.errors import EngraftError
from sim.stats.arrays import Floats, finite, readonly, refuse

Intersection = Literal["simes", "bonferroni", "sidak", "dunnett"]
INTERSECTIONS: dict[str, Callable[[ArrayLike], float]] = {
    "simes": simes_p,
    "bonferroni": bonferroni_p,
    "sidak": sidak_p,
    "dunnett": dunnett_p,
}


def inverse_normal(p: ArrayLike, *, weights: ArrayLike) -> Floats:
    """Stages combined by the weighted inverse normal method, after each stage.

    Z_k = sum w_i Phi^-1(1 - p_i) / sqrt(sum w_i^2), sums over i <= k (Lehmacher and Wassmer, Biometrics 55 (1999)
    1286-1290; Cui, Hung and Wang, Biometrics 55 (1999) 853-857).

    Parameters
    ----------
    p
        One-sided p values of the stages, each of its own data alone, shape (k,).
    weights
        Fixed before the trial, above 0, shape (K,) with K at least k; they need not have squares that sum to 1.

    Returns
    -------
    Floats
        Standard normal statistics after stages 1 to k, shape (k,).
    """
    values, chosen = p_values("p", p), _weights(weights)
    if values.size > chosen.size:
        raise EngraftError(f"p: found {values.size} stages; weights were fixed for {chosen.size}")
    used = chosen[: values.size]
    z = -ndtri(np.clip(values, 1e-300, 1.0 - 1e-16))
    return np.asarray(np.cumsum(used * z) / np.sqrt(np.cumsum(used**2)))


def _weights(weights: ArrayLike) -> Floats:
    chosen = finite("weights", weights)
    refuse("weights", chosen, chosen <= 0.0, "it must be above 0")
    return chosen


def planned_weights(design: GroupSequentialDesign) -> Floats:
    """Weights of the stages of a group-sequential plan: roots of the planned increments of information."""
    return np.asarray(np.sqrt(np.diff(design.information, prepend=0.0)))


@dataclass(frozen=True, eq=False)
class CombinationResult:
    """A combination test so far: statistics after each stage, the boundaries they meet, and the first rejection.

    `rejected_at` is a look from 1, or None.
    """

    z: Floats
    efficacy: Floats
    rejected_at: int | None


def combination_test(design: GroupSequentialDesign, p: ArrayLike) -> CombinationResult:
    """Test a group-sequential plan by its stages, whatever their sizes became.

    With the planned weights the statistics have, without effect, the joint law for which the boundaries were made, so
    that sample sizes and even endpoints of later stages may depend on earlier ones.

    Parameters
    ----------
    design
        One-sided.
    p
        One-sided p values of the stages so far, each of its own data alone.
    """
    if design.sided != 1:
        raise EngraftError("design: found a two-sided one; stages are combined one-sided")
    z = inverse_normal(p, weights=planned_weights(design))
    bounds = design.efficacy[: z.size]
    crossed = np.flatnonzero(z >= bounds)
    return CombinationResult(readonly(z), bounds, int(crossed[0]) + 1 if crossed.size else None)


def redesigned(
    design: GroupSequentialDesign,
    *,
    look: int,
    z: float,
    information: ArrayLike = (1.0,),
    efficacy: Spending | Shape,
    power: float | None = None,
) -> GroupSequentialDesign:
    """The rest of a trial designed anew at an interim look, at the conditional rejection probability that is left.

    Mueller and Schaefer (2001). The new design tests data from after the look alone; its alpha is the chance of a false
    rejection that the old plan had left given Z = `z`, and so the type I error of the whole stays what it was.

    Parameters
    ----------
    design
        The plan up to now, one-sided.
    look, z
        Where the change is made, from 1, and the statistic there.
    information, efficacy, power
        Of the new part alone, as in `group_sequential`.
    """
    if design.sided != 1:
        raise EngraftError("design: found a two-sided one; the conditional rejection probability is used one-sided")
    left = conditional_error(design, look=look, z=z)
    if not 1e-12 < left < 1.0:
        raise EngraftError(f"z: found {z:.6g}; the error left is {left:.3g}, and no design can have it")
    return group_sequential(alpha=left, information=information, efficacy=efficacy, power=power)


@dataclass(frozen=True, eq=False)
class SurvivalStages:
    """A two-stage survival trial whose stages are two cohorts of patients (Jenkins, Stone and Jennison 2011).

    Attributes
    ----------
    alpha
        One-sided.
    events
        Planned in the patients enrolled before the interim look, and in those after, shape (2,).
    weights
        sqrt of the planned shares of events.
    critical
        Of the combined statistic: there is no early rejection.
    """

    alpha: float
    events: Floats
    weights: Floats
    critical: float

    @property
    def conventions(self) -> str:
        """What must be fixed beforehand for the type I error to hold."""
        return (
            "Stage 1 are the patients enrolled before the interim look, followed until their planned number of events "
            "is reached, also after the look and whatever is decided there; stage 2 are those enrolled after. Both "
            "numbers of events and the weights are fixed in advance. Then all data known at the look may guide the "
            "decision, early endpoints included."
        )

    def combined(self, p_first: float, p_second: float) -> float:
        """The combined statistic from the one-sided p values of the two cohorts."""
        return float(inverse_normal([p_first, p_second], weights=self.weights)[-1])

    def rejected(self, p_first: float, p_second: float) -> bool:
        """Whether the combined statistic reaches the critical value."""
        return self.combined(p_first, p_second) >= self.critical

    def level_left(self, p_first: float) -> float:
        """The conditional rejection form: the level at which the second cohort alone must be tested.

        1 - Phi((c - w1 z1) / w2) with z1 from the first cohort at its end; the same decision as `rejected`.
        """
        first = -ndtri(np.clip(p_values("p_first", [p_first])[0], 1e-300, 1.0 - 1e-16))
        return float(ndtr(-(self.critical - self.weights[0] * first) / self.weights[1]))

    def power(self, log_hazard_ratio: float, *, events: ArrayLike | None = None, allocation: float = 1.0) -> float:
        """Power when both cohorts have this log hazard ratio and `events` (planned by default), by Schoenfeld's drift.

        The weights stay as planned even when the events do not.
        """
        counts = self.events if events is None else finite("events", events)
        share = positive("allocation", allocation)
        if counts.size != 2 or (counts <= 0.0).any():
            raise EngraftError(f"events: found {counts.tolist()}; both cohorts need events above 0")
        drift = -number("log_hazard_ratio", log_hazard_ratio) * np.sqrt(counts * share) / (1.0 + share)
        return float(ndtr(self.weights @ drift - self.critical))


def survival_stages(*, alpha: float, events: ArrayLike) -> SurvivalStages:
    """Plan a survival trial with an adaptation, by cohorts.

    Jenkins, Stone and Jennison, Pharmaceutical Statistics 10 (2011) 347-356. A log-rank increment between calendar
    looks is not independent of what is known of patients still at risk; the two cohorts are.

    Parameters
    ----------
    alpha
        One-sided.
    events
        Planned in the first and in the second cohort.
    """
    level = probability("alpha", alpha)
    counts = finite("events", events)
    refuse("events", counts, counts <= 0.0, "it must be above 0")
    if counts.size != 2:
        raise EngraftError(f"events: found {counts.size} values; give those of the first and of the second cohort")
    return SurvivalStages(level, readonly(counts), readonly(np.sqrt(counts / counts.sum())), float(-ndtri(level)))


def adaptive_closed_test(
    p_first: ArrayLike,
    p_second: ArrayLike,
    *,
    weights: ArrayLike,
    alpha: float,
    intersection: Intersection = "simes",
) -> MultipleTest:
    """Closed testing of several hypotheses (arms, populations) over two stages, some dropped between them.

    Each intersection has a p value of each stage, by `intersection`, and the two are combined with the weights (Bretz,
    Schmidli, Koenig, Racine and Maurer, Biometrical Journal 48 (2006) 623-634; Jenkins et al. 2011). In the second
    stage an intersection is tested by those of its hypotheses that went on.

    Parameters
    ----------
    p_first
        One-sided, first stage, shape (m,).
    p_second
        Second stage, shape (m,); NaN for hypotheses that were dropped, which cannot be rejected.
    weights
        Of the two stages, fixed in advance.
    intersection
        Simes (default), Bonferroni, Sidak, or Dunnett for arms and a control of one size.
    """
    first = p_values("p_first", p_first)
    second = np.asarray(p_second, dtype=np.float64)
    if second.shape != first.shape:
        raise EngraftError(f"p_second: found shape {second.shape}; the first stage has {first.size} hypotheses")
    went_on = ~np.isnan(second)
    if went_on.any():
        p_values("p_second", second[went_on])
    chosen = _weights(weights)
    if chosen.size != 2:
        raise EngraftError(f"weights: found {chosen.size}; two stages need two")
    if intersection not in INTERSECTIONS:
        raise EngraftError(f'intersection: found "{intersection}"; it must be one of {", ".join(INTERSECTIONS)}')
    single = INTERSECTIONS[intersection]

    def combined(members: tuple[int, ...]) -> float:
        rows = np.array(members)
        later = second[rows[went_on[rows]]]
        if later.size == 0:
            return 1.0
        return float(ndtr(-inverse_normal([single(first[rows]), single(later)], weights=chosen)[-1]))

    return closed_test(first.size, alpha=alpha, intersection=combined)
