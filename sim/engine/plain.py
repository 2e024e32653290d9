"""The kernel as plain Python: the same functions without numba, and numpy's own Philox, as the oracle."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from numba.core.registry import CPUDispatcher

from sim.engine import (
    clocks,
    code,
    curves,
    draws,
    events,
    phases,
    samples,
    schedules,
    screening,
    step,
    surveillance,
    toxicities,
)


@cache
def plain_kernel() -> dict[str, Callable[..., Any]]:
    """Every kernel function by name, calling only plain ones.

    Each is rebuilt from its own code in a namespace without compiled functions, so that nothing is written twice.
    """
    modules: tuple[ModuleType, ...] = (
        *(draws, curves, code, clocks, schedules, events, samples, toxicities),
        *(phases, surveillance, screening, step),
    )
    plain: dict[str, Callable[..., Any]] = {}
    namespaces: list[dict[str, Any]] = []
    for module in modules:
        namespace = dict(vars(module))
        namespaces.append(namespace)
        for name, value in vars(module).items():
            if isinstance(value, CPUDispatcher) and value.py_func.__module__ == module.__name__:
                plain[name] = FunctionType(value.py_func.__code__, namespace, name)
    plain["uniform"] = draws.uniform_by_numpy
    for namespace in namespaces:
        namespace.update({name: function for name, function in plain.items() if name in namespace})
    quiet = plain["run_patients"]
    plain["run_patients"] = lambda *arguments: _silently(quiet, arguments)
    return plain


def _silently(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Compiled arithmetic is IEEE 754 and says nothing of infinities; numpy's scalars warn unless told not to."""
    with np.errstate(all="ignore"):
        return function(*arguments)
