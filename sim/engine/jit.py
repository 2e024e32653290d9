"""How the engine's kernel functions are compiled, and who is told about it. No model code here."""

from __future__ import annotations

import sys
from pathlib import Path

import numba

from sim.jit import Compiler

_ENGINE = Compiler("the engine", Path(__file__).parent, indices_from_start=True)
CACHE = _ENGINE.cache
compiled, small, part, entry = _ENGINE.compiled, _ENGINE.small, _ENGINE.part, _ENGINE.entry


def announce() -> None:
    """Say on stderr that the engine is about to be compiled, if this machine has not compiled it yet."""
    if CACHE is None or getattr(numba.config, "DISABLE_JIT", False) or any(CACHE.rglob("step.*.nbi")):
        return
    print("engraft: compiling the engine, once on this machine; half a minute to a minute", file=sys.stderr)
