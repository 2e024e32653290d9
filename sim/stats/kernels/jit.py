"""How the statistics kernels are compiled: decorators keyed by the sources of this folder alone. No estimator here.

Kernels import nothing of Engraft from outside this folder, so that the cache's key sees all they depend on.
"""

from __future__ import annotations

from pathlib import Path

from sim.jit import Compiler

FOLDER = Path(__file__).parent
"""What a room whose compiled code calls these kernels gives to its own Compiler, beside its own folder."""

_KERNELS = Compiler("the statistics", FOLDER)
compiled, small, entry = _KERNELS.compiled, _KERNELS.small, _KERNELS.entry
