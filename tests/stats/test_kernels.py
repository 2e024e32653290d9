"""Kernels called from other compiled code, as simulated trials will do, and as plain Python, which sees each index."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from sim.jit import Compiler
from sim.stats import batch
from sim.stats.kernels.events import event_table
from sim.stats.kernels.hazard_ratio import log_hazard_ratio
from sim.stats.kernels.jit import FOLDER
from sim.stats.kernels.rank import rank_sums
from sim.stats.kernels.rows import order_of

compiler = Compiler("a room that calls kernels", FOLDER)


@compiler.entry
def looks(time, event, group, work, integers, floats, table, found):
    """Log-rank z and log hazard ratio of growing parts of an unsorted trial, without allocation."""
    late_time, late_group = floats[:0], integers[0, :0]
    rho, weight, at_risk = floats[:1], floats[1:2], floats[2:4]
    rho[0] = 0.0
    observed, expected, covariance = work[:1, :2], work[1:2, :2], work[2:3, :1]
    for look in range(found.shape[0]):
        n = time.size * (look + 1) // found.shape[0]
        order = integers[0, :n]
        order_of(time[:n], order, integers[1, :n])
        for i in range(n):
            work[3, i] = time[order[i]]
            integers[2, i] = event[order[i]]
            integers[3, i] = group[order[i]]
        first = event_table(
            work[3, :n], integers[2, :n], integers[3, :n], late_time, late_group, 2, table, table.shape[0], at_risk
        )
        work[:3, :2] = 0.0
        rank_sums(table[first:], 2, 1, rho, rho, weight, observed, expected, covariance)
        found[look, 0] = (observed[0, 1] - expected[0, 1]) / math.sqrt(covariance[0, 0])
        found[look, 1], _ = log_hazard_ratio(table[first:], True)


def test_compiled_code_of_others_gets_the_same_numbers_as_the_batch():
    random = np.random.default_rng(9)
    n, parts = 200, 4
    time = np.ceil(random.exponential(10.0, n)) / 4
    event, group = random.integers(0, 2, n), random.integers(0, 2, n)
    found = np.empty((parts, 2))
    looks(time, event, group, np.empty((4, n)), np.empty((4, n), dtype=np.int64), np.empty(4), np.empty((n, 7)), found)
    sizes = [n * (look + 1) // parts for look in range(parts)]
    rows = np.concatenate([np.arange(size) for size in sizes])
    packed = batch.trials(time[rows], event[rows], group[rows], offsets=np.concatenate(([0], np.cumsum(sizes))))
    assert found[:, 0].tolist() == batch.log_rank(packed).z.tolist()
    assert found[:, 1].tolist() == batch.cox(packed).log_hazard_ratio.tolist()


@compiler.entry
def sorted_places(key, order, work):
    order_of(key, order, work)


def test_sorting_is_stable_and_complete():
    random = np.random.default_rng(10)
    for size in (0, 1, 2, 3, 31, 32, 33, 1000):
        key = random.integers(0, 10, size) / 2
        order, work = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
        sorted_places(key, order, work)
        assert order.tolist() == np.argsort(key, kind="stable").tolist()


def digest_of_random_batches() -> str:
    """Hash of all that the batch computes for 60 trials with ties, strata and late entries."""
    random = np.random.default_rng(12)
    shape = (60, 25)
    time = random.integers(1, 12, shape) / 4
    entry = np.where(random.random(shape) < 0.3, time - 0.25 * random.integers(1, 5, shape), -np.inf)
    columns = {"time": time, "event": random.integers(0, 3, shape), "group": random.integers(0, 2, shape)}
    whole = batch.trials(**columns, entry=entry)
    strata = batch.trials(**columns, entry=entry, stratum=random.integers(0, 3, shape))
    results = [
        batch.log_rank(strata, rho=0.5, gamma=1.0),
        batch.max_combo(whole),
        batch.cox(strata),
        batch.milestone(whole, at=1.5),
        batch.rmst(whole, tau=1.5),
        batch.cumulative_incidence(whole, at=1.5),
    ]
    fields = [getattr(result, name) for result in results for name in result.__dataclass_fields__]
    return hashlib.blake2b(b"".join(field.tobytes() for field in fields)).hexdigest()


def test_plain_python_gives_the_same_bits_and_finds_every_index_inside_its_array():
    """Compiled code does not look whether an index is inside; numpy does."""
    spec = "import importlib.util as u, sys; s = u.spec_from_file_location('kernels_test', sys.argv[1]); "
    code = spec + "m = u.module_from_spec(s); s.loader.exec_module(m); print(m.digest_of_random_batches())"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    root = Path(__file__).parents[2]
    plain = subprocess.run(
        [sys.executable, "-c", code, __file__], cwd=root, env=environment, check=True, capture_output=True, text=True
    )
    assert plain.stdout.strip() == digest_of_random_batches()
