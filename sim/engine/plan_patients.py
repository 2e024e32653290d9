"""The table of patients as part of the plan, and the order in which its rows are taken. Reads no file."""

from __future__ import annotations

import math

import numpy as np

from sim.engine import layout as at
from sim.engine.builder import Builder
from sim.engine.draws import site_hash, uniform
from sim.protocol.addresses import table_site
from sim.protocol.population_table import rows_of
from sim.protocol.schema_patients import WITHOUT_REPLACEMENT


def table_rows(build: Builder) -> np.ndarray:
    """Lay down where the values of a row go; returns the rows, float64, shape (rows, 1 + columns), weights first."""
    protocol, header = build.protocol, build.I
    columns = {name: each.column for name, each in protocol.patient.items() if each.column is not None}
    header[at.H_TABLE_COLUMNS] = build.listed([build.variables["attribute", name] for name in columns])
    if protocol.table is None:
        return np.zeros((0, 1))
    site = table_site(protocol.table)
    build.site(site)
    header[at.H_TABLE_SITE] = site_hash(site)
    header[at.H_TABLE_ONCE] = int(protocol.table.draw == WITHOUT_REPLACEMENT)
    rows = rows_of(protocol.table, columns)
    return np.array([rows.weights, *rows.values], dtype=np.float64).T.copy()


def row_order(seed: int, replicate: int, *, site: int, weights: np.ndarray) -> np.ndarray:
    """The rows in the order in which patients take them without replacement, int64; those of weight 0 are left out.

    Each row has luck of its own, at an address where its number stands in the place of the patient's: it waits for an
    exponential time of rate `weight`, and the first to come is taken first. That is drawing one after the other with
    probabilities in proportion to the weights of those that are left (Efraimidis and Spirakis, Information Processing
    Letters 97 (2006) 181-185); with equal weights it is a random permutation.

    Parameters
    ----------
    weights
        One a row, not negative.
    """
    rows = np.flatnonzero(weights > 0)
    waits = [-math.log(uniform(seed, replicate, int(row), site, at.FIRST)) / weights[row] for row in rows]
    return rows[np.argsort(waits, kind="stable")]
