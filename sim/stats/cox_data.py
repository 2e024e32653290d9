"""Checked input of a regression on survival times: covariates as columns, and rows sorted into risk sets. No model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.errors import EngraftError
from sim.stats.arrays import Floats, Integers, finite, labels

Matrix = NDArray[np.float64]
Covariates = ArrayLike | Mapping[str, ArrayLike]
"""One column of numbers, a table with one column a covariate, or names with columns (a dict or a DataFrame)."""


def covariate_columns(values: Covariates, rows: int, names: Sequence[str] | None) -> tuple[Matrix, tuple[str, ...]]:
    """Covariates as a matrix of shape (n, p) and their names (x1, x2, .. unless given).

    Raises
    ------
    EngraftError
        If a value is missing, infinite or no number, or rows or names do not match.
    """
    found: dict[str, Any]
    if isinstance(values, Mapping) or hasattr(values, "columns"):
        table: Any = values
        found = {str(name): table[name] for name in (table.columns if hasattr(table, "columns") else table)}
    else:
        try:
            array = np.asarray(values)
        except ValueError as problem:
            raise EngraftError(
                "covariates: found rows of unequal length; it must be one column, or a table"
            ) from problem
        if array.ndim not in (1, 2):
            raise EngraftError(f"covariates: found {array.ndim} dimensions; it must be a column, a table or a mapping")
        columns = array[:, np.newaxis] if array.ndim == 1 else array
        found = {f"x{place + 1}": columns[:, place] for place in range(columns.shape[1])}
    if not found:
        raise EngraftError("covariates: found no column; at least one is needed")
    if names is not None:
        if isinstance(names, str) or len(names) != len(found) or len(set(names)) != len(names):
            raise EngraftError(f"names: found {names!s}; each of the {len(found)} covariates needs a name of its own")
        found = dict(zip(map(str, names), found.values(), strict=True))
    checked = []
    for name, column in found.items():
        try:
            numbers = finite(name, column)
        except EngraftError as problem:
            raise EngraftError(f"covariates: {problem}") from problem
        if numbers.size != rows:
            raise EngraftError(f"covariates: {name} has {numbers.size} rows, but time has {rows}; each row needs both")
        checked.append(numbers)
    return np.ascontiguousarray(np.column_stack(checked)), tuple(found)


def optional_labels(field: str, values: ArrayLike | None, time: Floats) -> tuple[Integers, tuple[Any, ...]]:
    """Codes 0, 1, .. of strata or clusters and their labels in order; None puts all rows into one."""
    if values is None:
        return np.zeros(time.size, dtype=np.int64), ("all",)
    return labels(field, values, time)


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Rows sorted by stratum, then by time descending, as the kernels read them.

    Attributes
    ----------
    order
        Where each sorted row stood in the input, shape (n,).
    time, event, stratum, entry
        Sorted columns; entry is minus infinity for rows at risk from the start.
    by_entry
        Rows of each stratum by entry time descending, in the stratum's places; empty without left truncation.
    x, centre
        Covariates less `centre`, their mean over the rows; shapes (n, p) and (p,).
    """

    order: Integers
    time: Floats
    event: Integers
    stratum: Integers
    entry: Floats
    by_entry: Integers
    x: Matrix
    centre: Floats

    @property
    def columns(self) -> tuple[Floats, Integers, Integers, Floats, Integers, Matrix]:
        """What every kernel takes first."""
        return self.time, self.event, self.stratum, self.entry, self.by_entry, self.x

    @property
    def sizes(self) -> tuple[int, int]:
        """Rows n and covariates p."""
        return int(self.x.shape[0]), int(self.x.shape[1])

    def restricted(self, column: int) -> RiskSets:
        """Risk sets in which only rows of one value of a column meet: its coefficient at plus or minus infinity.

        There a risk set keeps those with the value of its events alone, so that each value is a stratum of its own.
        """
        _, value = np.unique(self.x[:, column], return_inverse=True)
        stratum = self.stratum * (int(value.max()) + 1) + value
        made = risk_sets(
            self.time, self.event, self.x, self.entry if self.by_entry.size else None, stratum.astype(np.int64)
        )
        return replace(made, order=self.order[made.order])

    def without(self, column: int) -> RiskSets:
        """The same risk sets with one covariate less."""
        return replace(
            self, x=np.ascontiguousarray(np.delete(self.x, column, axis=1)), centre=np.delete(self.centre, column)
        )


def risk_sets(time: Floats, event: Integers, x: Matrix, entry: Floats | None, stratum: Integers) -> RiskSets:
    """Sort checked columns of shape (n,), (n, p) into risk sets."""
    truncated = entry is not None and bool((entry > -np.inf).any())
    begin = entry if entry is not None else np.full(time.size, -np.inf)
    order = np.lexsort((-time, stratum))
    sorted_begin = begin[order]
    by_entry = np.lexsort((-sorted_begin, stratum[order])) if truncated else np.empty(0, dtype=np.int64)
    centre = x.mean(axis=0)
    return RiskSets(
        order=order.astype(np.int64),
        time=time[order],
        event=event[order],
        stratum=stratum[order],
        entry=sorted_begin,
        by_entry=by_entry.astype(np.int64),
        x=np.ascontiguousarray(x[order] - centre),
        centre=centre,
    )
