"""The one door to numba: how a room's kernels are compiled, and where its compiled code is kept. No kernels here."""

from __future__ import annotations

import hashlib
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import numba

from sim import unsigned_indices

Function = TypeVar("Function", bound=Callable[..., object])


def source_key(folders: Iterable[Path]) -> str:
    """Hash of what compiled code depends on: every source of the folders, this door, Python, numba and the processor.

    numba's own cache looks only at the file of the compiled function, and keeps stale code when another file changes.
    """
    digest = hashlib.blake2b(digest_size=10)
    doors = [Path(__file__), Path(unsigned_indices.__file__)]
    for path in [*doors, *(path for folder in folders for path in sorted(folder.glob("*.py")))]:
        digest.update(path.read_bytes())
    cpu = getattr(numba.config, "CPU_NAME", None) or platform.processor()
    digest.update(f"{sys.version}|{numba.__version__}|{platform.machine()}|{cpu}".encode())
    return digest.hexdigest()


def cache_folder(key: str) -> Path | None:
    """A folder that can be written, or None: the home cache, else one of this user's own under the temporary folder."""
    for base in (Path.home() / ".cache", Path(tempfile.gettempdir())):
        folder = base / "engraft" / key
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return None


class Compiler:
    """Decorators for the kernels of one room, with a cache that is keyed by that room's own sources.

    No fast-math, so that results equal plain Python's bit for bit. Kernels allocate nothing (working space is handed to
    them), so they need no reference counts, which would cost as much as the rest; only entry points get the wrappers
    that Python calls.

    Parameters
    ----------
    room
        What is compiled, in words, for the line that is printed when nothing can be kept: "the engine".
    folders
        Folders of the Python files that the compiled code depends on: the room's own kernels, and those of other rooms
        that they call, since numba compiles all that a function calls along with it.
    indices_from_start
        The kernels promise that no computed index into an array is negative; see `unsigned_indices`.

    Attributes
    ----------
    cache
        Folder of the compiled code, or None where no folder can be written.
    """

    def __init__(self, room: str, *folders: Path, indices_from_start: bool = False) -> None:
        self._options = {"pipeline_class": unsigned_indices.KernelCompiler} if indices_from_start else {}
        self.cache = cache_folder(source_key(folders))
        if self.cache is None:
            print(f"engraft: no folder can be written, so {room} is compiled anew each time", file=sys.stderr)

    def compiled(self, function: Function) -> Function:
        """Compile a function that only other compiled functions call."""
        return self._decorate(function, no_cpython_wrapper=True)

    def small(self, function: Function) -> Function:
        """Compile a small function into its callers: handing over the arrays costs more than what it does."""
        return self._decorate(function, no_cpython_wrapper=True, forceinline=True)

    def part(self, function: Function) -> Function:
        """Compile a function as part of its only caller, since numba compiles all that a function calls along."""
        return self._decorate(function, no_cpython_wrapper=True, inline="always")

    def entry(self, function: Function) -> Function:
        """Compile a function that Python calls, and compiled functions too."""
        return self._decorate(function)

    def _decorate(self, function: Function, **options: Any) -> Function:
        njit: Any = numba.njit  # its type does not know the options below
        kernel = {"nogil": True, "error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
        kernel |= self._options | options
        if self.cache is None:
            return njit(**kernel)(function)  # type: ignore[no-any-return]
        # numba reads the folder when a function is decorated; each room has its own, and the rest of the process none.
        config: Any = numba.config
        before = config.CACHE_DIR
        config.CACHE_DIR = str(self.cache)
        try:
            return njit(cache=True, **kernel)(function)  # type: ignore[no-any-return]
        finally:
            config.CACHE_DIR = before
