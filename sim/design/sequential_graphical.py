"""Several hypotheses tested over several looks: graphs with spending, and a secondary endpoint after the primary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from sim.design.graphical import Graph
from sim.design.inputs import number, probability
from sim.design.paths import SCRAMBLES, box_probability, factor
from sim.design.sequential import GroupSequentialDesign, group_sequential
from sim.design.spending import Spending
from sim.errors import EngraftError
from sim.stats.arrays import Floats, column, readonly

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class GraphicalSequentialTest:
    """What a group-sequential graph rejects, and when.

    Attributes
    ----------
    alpha
        Familywise error, one-sided.
    rejected_at
        Look (from 1) of each hypothesis' rejection; 0 where it is not rejected, shape (m,).
    levels
        Nominal one-sided level last used for each hypothesis at each look held, shape (K, m); 0 without weight, NaN
        after its rejection.
    weights
        Of the hypotheses at the end, shape (m,).
    """

    alpha: float
    rejected_at: tuple[int, ...]
    levels: Floats
    weights: Floats

    @property
    def rejected(self) -> tuple[bool, ...]:
        """Whether each hypothesis is rejected."""
        return tuple(look > 0 for look in self.rejected_at)

    def __repr__(self) -> str:
        return f"GraphicalSequentialTest(alpha {self.alpha:.4g}, rejected at looks {self.rejected_at})"

    def to_frame(self) -> pd.DataFrame:
        """One row a look and hypothesis: its nominal level; and whether it was rejected there."""
        import pandas as pd

        looks, size = self.levels.shape
        at = np.repeat(np.arange(1, looks + 1), size)
        return pd.DataFrame(
            {
                "look": at,
                "hypothesis": np.tile(np.arange(1, size + 1), looks),
                "level": self.levels.ravel(),
                "rejected": np.tile(self.rejected_at, looks) == at,
            }
        )


def nominal_levels(*, alpha: float, information: ArrayLike, efficacy: Spending) -> Floats:
    """Nominal one-sided levels at the looks for a share of alpha, shape (K,); all 0 for no share."""
    if alpha <= 0.0:
        return np.zeros(np.size(information))
    design = group_sequential(alpha=alpha, information=information, efficacy=efficacy)
    return np.asarray(ndtr(-design.efficacy))


def graphical_sequential(
    p: Sequence[ArrayLike],
    *,
    alpha: float,
    graph: Graph,
    information: ArrayLike,
    efficacy: Spending | Sequence[Spending],
) -> GraphicalSequentialTest:
    """Test several hypotheses along a graph at each of several looks.

    Maurer and Bretz, Statistics in Biopharmaceutical Research 5 (2013) 311-320. A hypothesis with weight w is tested at
    a look by the boundary of its spending function at level w alpha; when it is rejected its weight goes along the
    arrows, and the others are tested again at that look, at their larger levels. Earlier looks are not read again.
    Nominal levels must not fall at any look when alpha grows, which holds for the named spending functions.

    Parameters
    ----------
    p
        One-sided p values of the looks held so far, each of shape (m,); NaN for a hypothesis that is not tested there.
    information
        Planned fractions of all looks, shape (K,) for all hypotheses, or (m, K).
    efficacy
        One spending function for all, or one each.
    """
    level = probability("alpha", alpha)
    size = len(graph.weights)
    if not isinstance(efficacy, Spending | Sequence):
        raise EngraftError(f"efficacy: found {efficacy!s}; shares of alpha that change need a spending function")
    rules = [efficacy] * size if isinstance(efficacy, Spending) else list(efficacy)
    if len(rules) != size or not all(isinstance(rule, Spending) for rule in rules):
        raise EngraftError(f"efficacy: found {len(rules)} rules; give one spending function, or one for each of {size}")
    planned = np.asarray(information, dtype=np.float64)
    planned = np.tile(planned, (size, 1)) if planned.ndim == 1 else planned
    if planned.ndim != 2 or planned.shape[0] != size:
        raise EngraftError(f"information: found shape {planned.shape}; give one row for all, or one for each of {size}")
    if not 1 <= len(p) <= planned.shape[1]:
        raise EngraftError(f"p: found {len(p)} looks; {planned.shape[1]} are planned")
    known: dict[tuple[int, float], Floats] = {}

    def nominal(row: int, weight: float, look: int) -> float:
        key = (row, round(weight, 12))
        if key not in known:
            known[key] = nominal_levels(alpha=weight * level, information=planned[row], efficacy=rules[row])
        return float(known[key][look])

    now = graph
    rejected_at = [0] * size
    levels = np.full((len(p), size), np.nan)
    for look, found in enumerate(p):
        values = column("p", found)
        if values.size != size:
            raise EngraftError(f"p: look {look + 1} has {values.size} values; the graph has {size} hypotheses")
        if ((values < 0.0) | (values > 1.0)).any():
            raise EngraftError(f"p: look {look + 1} holds a value outside 0 and 1")
        again = True
        while again:
            again = False
            for row in range(size):
                if rejected_at[row]:
                    continue
                levels[look, row] = nominal(row, float(now.weights[row]), look)
                if values[row] <= levels[look, row] and levels[look, row] > 0.0:
                    rejected_at[row] = look + 1
                    now = now.without(row)
                    again = True
                    break
    return GraphicalSequentialTest(level, tuple(rejected_at), readonly(levels), now.weights)


def secondary_error(
    primary: GroupSequentialDesign, secondary: GroupSequentialDesign, *, correlation: float, primary_drift: float
) -> float:
    """Probability of rejecting a secondary endpoint without effect, tested once, at the look that rejects the primary.

    Glimm, Maurer and Bretz, Statistics in Medicine 29 (2010) 219-228; Hung, Wang and O'Neill, Journal of
    Biopharmaceutical Statistics 17 (2007) 1201-1210.

    Parameters
    ----------
    primary, secondary
        One-sided designs with the same looks; no futility stop is counted on.
    correlation
        Of the two endpoints' statistics at one look, from -1 to 1.
    primary_drift
        Mean of the primary statistic at full information.
    """
    if primary.sided != 1 or secondary.sided != 1:
        raise EngraftError("sided: found a two-sided design; both endpoints are tested one-sided")
    if not np.allclose(primary.information, secondary.information, rtol=0.0, atol=1e-9):
        raise EngraftError(
            "information: the two designs have different looks; the endpoints are tested at the same ones"
        )
    rho = number("correlation", correlation)
    if not -1.0 <= rho <= 1.0:
        raise EngraftError(f"correlation: found {rho:.12g}; it must lie between -1 and 1")
    fractions = primary.information
    own = np.sqrt(np.minimum.outer(fractions, fractions) / np.maximum.outer(fractions, fractions))
    upper = primary.efficacy - number("primary_drift", primary_drift) * np.sqrt(fractions)
    found = np.zeros(SCRAMBLES)
    for look in range(len(fractions)):
        if not (np.isfinite(primary.efficacy[look]) and np.isfinite(secondary.efficacy[look])):
            continue
        before = [row for row in reversed(range(look)) if np.isfinite(upper[row])]
        order = [look, *before]
        matrix = np.ones((len(order) + 1, len(order) + 1))
        matrix[1:, 1:] = own[np.ix_(order, order)]
        matrix[0, 1:] = matrix[1:, 0] = rho * own[look, order]
        low = np.array([secondary.efficacy[look], upper[look], *[-np.inf] * len(before)])
        high = np.array([np.inf, np.inf, *upper[before]])
        found += box_probability(factor(matrix), low, high)
    return float(found.mean())


def worst_secondary_error(
    primary: GroupSequentialDesign, secondary: GroupSequentialDesign, *, correlation: float
) -> tuple[float, float]:
    """The largest `secondary_error` over effects on the primary endpoint, and the drift where it lies."""
    drifts = np.linspace(0.0, 12.0, 25)
    errors = [secondary_error(primary, secondary, correlation=correlation, primary_drift=drift) for drift in drifts]
    best = int(np.argmax(errors))
    low, high = drifts[max(best - 1, 0)], drifts[min(best + 1, len(drifts) - 1)]
    refined = minimize_scalar(
        lambda drift: -secondary_error(primary, secondary, correlation=correlation, primary_drift=float(drift)),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-4},
    )
    if -float(refined.fun) < errors[best]:
        return float(errors[best]), float(drifts[best])
    return -float(refined.fun), float(refined.x)
