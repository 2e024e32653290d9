"""No computed index of the kernel is negative, so that compiled code need not look: watched in plain Python."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numba
import numpy as np
import pytest

from sim.engine.loop import run_loop
from sim.engine.plan import compile_plan
from sim.protocol.resolve import load_protocol
from sim.unsigned_indices import KernelCompiler


class FromStart(np.ndarray):
    """An array that refuses to count from its end."""

    def __getitem__(self, key: Any) -> Any:
        refuse_negative(key)
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        refuse_negative(key)
        super().__setitem__(key, value)


def refuse_negative(key: Any) -> None:
    """Raise for a negative index; a slice may have one."""
    if not isinstance(key, slice | tuple) and key < 0:
        raise AssertionError(f"index {key}")


@pytest.mark.parametrize("protocol", ["all-mrd2019", "all-mrd2023"])
def test_the_kernel_counts_from_the_start(protocol: str) -> None:
    plan = compile_plan(load_protocol(protocol))
    ints = plan.for_run(seed=3, replicate=0, horizon_days=1826.25).view(FromStart)
    watched = run_loop(replace(plan, F=plan.F.view(FromStart)), ints, first=0, count=100, plain=True)
    assert len(watched.log) > 1_000


def test_the_watch_sees_a_negative_index() -> None:
    with pytest.raises(AssertionError, match="index -1"):
        np.zeros(3).view(FromStart)[np.int64(-1)]


def total(values: np.ndarray, places: np.ndarray) -> float:
    """Reads and writes at computed places."""
    found = 0.0
    for k in range(places.shape[0]):
        values[places[k]] += 1.0
        found += values[places[k]]
    return found


def test_code_without_the_check_gives_the_same_numbers() -> None:
    places = np.array([0, 3, 3, 1])
    quick, plain = np.arange(4.0), np.arange(4.0)
    compiled = numba.njit(pipeline_class=KernelCompiler)(total)
    assert compiled(quick, places) == total(plain, places)
    np.testing.assert_array_equal(quick, plain)
    with_check = numba.njit(total)
    with_check(np.arange(4.0), places)
    looks = [next(iter(way.inspect_llvm().values())).count("icmp slt i64") for way in (compiled, with_check)]
    assert looks[0] < looks[1], "numba leaves out the look at the sign"
