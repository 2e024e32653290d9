"""The one way kernel functions are compiled, and where compiled code is kept. No model code here."""

from __future__ import annotations

import hashlib
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def _source_key() -> str:
    """Hash of what compiled code depends on: every engine source, Python, numba and the processor.

    numba's own cache looks only at the file of the compiled function, and keeps stale code when another file changes.
    """
    digest = hashlib.blake2b(digest_size=10)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    cpu = getattr(numba.config, "CPU_NAME", None) or platform.processor()
    digest.update(f"{sys.version}|{numba.__version__}|{platform.machine()}|{cpu}".encode())
    return digest.hexdigest()


def _cache_folder() -> Path | None:
    """A folder that can be written, or None: the home cache, else one of this user's own under the temporary folder."""
    for base in (Path.home() / ".cache", Path(tempfile.gettempdir())):
        folder = base / "engraft" / _source_key()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return None


CACHE = _cache_folder()
if CACHE is None:
    print("engraft: no folder can be written, so the engine is compiled anew each time", file=sys.stderr)
else:
    setattr(numba.config, "CACHE_DIR", str(CACHE))  # noqa: B010 - numba types no such option


# No fast-math, so that results equal plain Python's bit for bit. The kernel allocates nothing, so it needs no reference
# counts, which would cost as much as the rest; only entry points get the wrappers that Python calls.
_njit: Any = numba.njit  # its type does not know the options below
_KERNEL: dict[str, Any] = {"cache": CACHE is not None, "nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(function: Function) -> Function:
    """Compile a function that only other compiled functions call."""
    return _njit(**_KERNEL, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)  # type: ignore[no-any-return]


def small(function: Function) -> Function:
    """Compile a small function into its callers: handing over the arrays costs more than what it does."""
    return _njit(**_KERNEL, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True)(function)  # type: ignore[no-any-return]


def part(function: Function) -> Function:
    """Compile a function as part of its only caller, since numba compiles all that a function calls along with it."""
    return _njit(**_KERNEL, no_cpython_wrapper=True, no_cfunc_wrapper=True, inline="always")(function)  # type: ignore[no-any-return]


def entry(function: Function) -> Function:
    """Compile a function that Python calls."""
    return _njit(**_KERNEL, no_cfunc_wrapper=True)(function)  # type: ignore[no-any-return]


def announce() -> None:
    """Say on stderr that the engine is about to be compiled, if this machine has not compiled it yet."""
    if CACHE is None or getattr(numba.config, "DISABLE_JIT", False) or any(CACHE.rglob("step.*.nbi")):
        return
    print("engraft: compiling the engine, once on this machine; half a minute to a minute", file=sys.stderr)
