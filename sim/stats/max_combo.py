"""MaxCombo: the largest of several weighted log-rank statistics, judged by their joint normal law. Two groups only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError
from sim.stats.arrays import Floats, readonly
from sim.stats.log_rank import checked_sample, exponent, rank_totals, standardised
from sim.stats.normal_box import normal_box
from sim.stats.packed import packed
from sim.stats.tails import normal_lower, normal_two_sided

if TYPE_CHECKING:
    import pandas as pd

STANDARD_WEIGHTS = ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0))


@dataclass(frozen=True, eq=False, repr=False)
class MaxCombo:
    """A MaxCombo test of two groups.

    Attributes
    ----------
    groups
        Labels, sorted; the first is the reference.
    weights
        Exponents (rho, gamma) of each weight, W of them.
    z
        Weighted log-rank statistics of the second group, shape (W,); negative where its hazard is lower.
    correlation
        Of the statistics under the null, shape (W, W).
    statistic
        Largest absolute z.
    p_value
        Two-sided: probability of an absolute value so large.
    p_lower, p_higher
        One-sided: of a minimum, or of a maximum, so far out; for a lower or a higher hazard of the second group.
    p_error
        Numerical error bound of the three (three standard errors of the integration).

    Without information (no event while both groups are at risk) every z is 0, and p is 1.
    """

    groups: tuple[Any, ...]
    weights: tuple[tuple[float, float], ...]
    z: Floats
    correlation: Floats
    statistic: float
    p_value: float
    p_lower: float
    p_higher: float
    p_error: float

    @property
    def conventions(self) -> str:
        """Weights, variance and how p-values are found, in words."""
        names = ", ".join(f"({rho:g}, {gamma:g})" for rho, gamma in self.weights)
        return (
            f"Fleming-Harrington weights {names}; covariance: hypergeometric, under the null; ties: exact, events "
            f"before censorings; p two-sided from the multivariate normal law, fixed seed, "
            f"error at most {self.p_error:.1g}"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a weight: rho, gamma, z."""
        import pandas as pd

        rho, gamma = zip(*self.weights, strict=True)
        return pd.DataFrame({"rho": rho, "gamma": gamma, "z": self.z})

    def __repr__(self) -> str:
        return (
            f"MaxCombo: max |z| {self.statistic:.6g}, p = {self.p_value:.4g} "
            f"({self.groups[1]!s} against {self.groups[0]!s})\n  {self.conventions}"
        )


def max_combo(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    weights: Sequence[tuple[float, float]] = STANDARD_WEIGHTS,
    stratum: ArrayLike | None = None,
    entry: ArrayLike | None = None,
) -> MaxCombo:
    """MaxCombo test that two groups have the same hazard: the largest of several weighted log-rank statistics.

    Parameters
    ----------
    time, event, group, stratum, entry
        As `log_rank` takes them; exactly two groups.
    weights
        Exponents (rho, gamma) of the Fleming-Harrington weights; at most 12, each once.

    Raises
    ------
    EngraftError
        Names the field and what cannot be used.

    References
    ----------
    Karrison, Stata Journal 16 (2016) 678-690; Roychoudhury, Anderson, Ye and Mukhopadhyay, Stat Biopharm Res 15 (2023)
    300-314. Numerical integration: `normal_box`.
    """
    chosen = checked_weights(weights)
    times, indicator, codes, names, strata, late = checked_sample(time, event, group, stratum, entry)
    if len(names) > 2:
        raise EngraftError(f"group: found {len(names)} groups; MaxCombo compares exactly two")
    rows = packed(times, indicator, codes, stratum=strata, entry=late)
    rho, gamma = np.array(chosen).T.copy()
    observed, expected, covariance = rank_totals(rows, 2, rho, gamma)
    # A late weight has no variance when the only informative time is the first: it says nothing and is left out.
    told = np.diagonal(covariance[0]) > 0.0
    z = standardised(observed, expected, covariance)[0]
    scale = np.sqrt(np.where(told, np.diagonal(covariance[0]), 1.0))
    correlation = np.where(np.eye(told.size, dtype=bool), 1.0, covariance[0] / np.outer(scale, scale))
    p_value, p_lower, p_higher, error = joint_p_values(z[told], correlation[np.ix_(told, told)])
    return MaxCombo(
        groups=names,
        weights=chosen,
        z=readonly(z),
        correlation=readonly(correlation),
        statistic=float(np.abs(z).max()),
        p_value=p_value,
        p_lower=p_lower,
        p_higher=p_higher,
        p_error=error,
    )


def joint_p_values(z: Floats, correlation: Floats) -> tuple[float, float, float, float]:
    """Two-sided, lower and higher p-value of the most extreme of correlated statistics, and their numerical error.

    None leaves what theory allows: at least the p-value of the most extreme one alone, at most W times it. Without any
    statistic all are 1.
    """
    if z.size == 0:
        return 1.0, 1.0, 1.0, 0.0
    largest, lowest, highest = float(np.abs(z).max()), float(z.min()), float(z.max())
    alone = normal_two_sided(largest), normal_lower(lowest), normal_lower(-highest)
    boxes = (
        normal_box(-largest, largest, correlation),
        normal_box(lowest, np.inf, correlation),
        normal_box(-np.inf, highest, correlation),
    )
    two_sided, lower, higher = (
        min(max(1.0 - box[0], single), min(z.size * single, 1.0)) for box, single in zip(boxes, alone, strict=True)
    )
    return two_sided, lower, higher, max(box[1] for box in boxes)


def checked_weights(weights: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Pairs of exponents: 1 to 12 of them, each once."""
    try:
        pairs = tuple((first, second) for first, second in weights)
    except (TypeError, ValueError) as problem:
        raise EngraftError(
            f"weights: found {weights!s}; it must be pairs (rho, gamma), for example (0, 1)"
        ) from problem
    checked = tuple((exponent("weights", rho), exponent("weights", gamma)) for rho, gamma in pairs)
    if not 1 <= len(checked) <= 12 or len(set(checked)) != len(checked):
        raise EngraftError(f"weights: found {weights!s}; it must be 1 to 12 pairs (rho, gamma), each once")
    return checked
