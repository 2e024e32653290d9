"""Graphical tests of several hypotheses at one analysis: weights, arrows, and what happens when one is rejected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from sim.design.inputs import probability
from sim.design.multiple import p_values
from sim.errors import EngraftError
from sim.stats.arrays import Floats, finite, readonly, refuse

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Graph:
    """Shares of alpha and where they go: `weights` of hypotheses, shape (m,), and `transitions`, shape (m, m).

    When hypothesis i is rejected, the share ``transitions[i, j]`` of its alpha goes to hypothesis j. Made by `graph`.
    """

    weights: Floats
    transitions: Floats

    def __repr__(self) -> str:
        return f"Graph({len(self.weights)} hypotheses, weights {np.round(self.weights, 6).tolist()})"

    def without(self, rejected: int) -> Graph:
        """The graph after a hypothesis (from 0) is rejected.

        Bretz, Maurer, Brannath and Posch, Statistics in Medicine 28 (2009) 586-604, algorithm 1. The rejected one keeps
        its place with weight 0 and no arrows.
        """
        g, w = self.transitions, self.weights
        weights = w + w[rejected] * g[rejected]
        weights[rejected] = 0.0
        through = g + np.outer(g[:, rejected], g[rejected])
        returning = g[:, rejected] * g[rejected]
        kept = returning < 1.0 - 1e-12
        updated = np.where(kept[:, None], through / np.where(kept, 1.0 - returning, 1.0)[:, None], 0.0)
        updated[rejected] = 0.0
        np.fill_diagonal(updated, 0.0)
        updated[:, rejected] = 0.0
        return Graph(readonly(weights), readonly(updated))

    def weights_of(self, members: tuple[int, ...]) -> Floats:
        """Weights of the intersection of some hypotheses: what is left when all others are rejected, in any order."""
        graph = self
        for other in range(len(self.weights)):
            if other not in members:
                graph = graph.without(other)
        return graph.weights


def graph(*, weights: ArrayLike, transitions: ArrayLike) -> Graph:
    """A graph, checked: weights of 0 or more that sum to 1 at most, and so does each row of transitions.

    Raises
    ------
    EngraftError
        Naming the row that is wrong.
    """
    shares = finite("weights", weights)
    refuse("weights", shares, shares < 0.0, "it must be 0 or more")
    if shares.sum() > 1.0 + 1e-9:
        raise EngraftError(f"weights: they sum to {shares.sum():.6g}; together they may have at most 1")
    try:
        arrows = np.asarray(transitions, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise EngraftError("transitions: it must be a square table of numbers") from problem
    if arrows.shape != (shares.size, shares.size):
        raise EngraftError(
            f"transitions: found shape {arrows.shape}; {shares.size} hypotheses need a square table of them"
        )
    for row in range(shares.size):
        values = arrows[row]
        if not np.isfinite(values).all() or (values < 0.0).any():
            raise EngraftError(f"transitions: row {row} holds {values.min():.6g}; shares must be 0 or more")
        if values[row] != 0.0:
            raise EngraftError(f"transitions: row {row} goes to itself; its entry on the diagonal must be 0")
        if values.sum() > 1.0 + 1e-9:
            raise EngraftError(f"transitions: row {row} sums to {values.sum():.6g}; it may give away at most 1")
    return Graph(readonly(shares.copy()), readonly(arrows.copy()))


def holm_graph(size: int) -> Graph:
    """The graph of Bonferroni-Holm: equal weights, equal arrows to all others."""
    others = (np.ones((size, size)) - np.eye(size)) / max(size - 1, 1)
    return graph(weights=np.full(size, 1.0 / size), transitions=others)


def fixed_sequence_graph(size: int) -> Graph:
    """The graph of hierarchical testing: all weight on the first, each handing on to the next."""
    return graph(weights=np.eye(size)[0], transitions=np.eye(size, k=1))


def fallback_graph(weights: ArrayLike) -> Graph:
    """The fallback procedure (Wiens, Pharmaceutical Statistics 2 (2003) 211-215): each weight goes to the next."""
    shares = finite("weights", weights)
    return graph(weights=shares, transitions=np.eye(shares.size, k=1))


@dataclass(frozen=True, eq=False, repr=False)
class GraphicalTest:
    """What a graph rejects; arrays have shape (m,).

    Attributes
    ----------
    alpha
        Familywise error.
    p, adjusted_p
        As given, and the smallest alpha at which the hypothesis is rejected.
    order
        Numbers (from 0) of the rejected hypotheses in the order of rejection at `alpha`.
    steps
        The graph before each rejection and at the end.
    """

    alpha: float
    p: Floats
    adjusted_p: Floats
    order: tuple[int, ...]
    steps: tuple[Graph, ...]

    @property
    def rejected(self) -> tuple[bool, ...]:
        """Whether each hypothesis is rejected."""
        return tuple(row in self.order for row in range(len(self.p)))

    def __repr__(self) -> str:
        return f"GraphicalTest(alpha {self.alpha:.4g}, rejected {self.rejected})"

    def to_frame(self) -> pd.DataFrame:
        """One row a hypothesis: p, adjusted p, rejected, and its share of alpha at the end."""
        import pandas as pd

        return pd.DataFrame(
            {
                "hypothesis": np.arange(1, len(self.p) + 1),
                "p": self.p,
                "adjusted_p": self.adjusted_p,
                "rejected": self.rejected,
                "weight": self.steps[-1].weights,
            }
        )


def graphical_test(p: ArrayLike, *, alpha: float, graph: Graph) -> GraphicalTest:
    """Weighted Bonferroni tests along a graph (Bretz et al. 2009, algorithms 1 and 2).

    Parameters
    ----------
    p
        Of the hypotheses, in the order of the graph, shape (m,).
    alpha
        Familywise error of all, in (0, 1).
    """
    values, level = p_values("p", p), probability("alpha", alpha)
    if values.size != len(graph.weights):
        raise EngraftError(f"p: found {values.size} values; the graph has {len(graph.weights)} hypotheses")
    left = set(range(values.size))
    adjusted = np.ones(values.size)
    now, highest, sequence = graph, 0.0, []
    while left:
        ratios = {row: values[row] / now.weights[row] for row in left if now.weights[row] > 0.0}
        if not ratios:
            break
        best = min(ratios, key=lambda row: ratios[row])
        highest = min(max(highest, ratios[best]), 1.0)
        adjusted[best] = highest
        left.remove(best)
        sequence.append(best)
        now = now.without(best)
    order, steps = [], [graph]
    for row in sequence:
        if adjusted[row] > level * (1.0 + 1e-12):
            break
        order.append(row)
        steps.append(steps[-1].without(row))
    return GraphicalTest(level, readonly(values), readonly(adjusted), tuple(order), tuple(steps))
