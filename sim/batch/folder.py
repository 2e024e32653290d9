"""A folder of results: refused when it holds others, written atomically file by file, closed by its manifest.

No table is computed here, and nothing here knows what the files mean.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from sim.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

NOTICE = "synthetic patients; not for the care of patients; doses are not guidance"
"""What every manifest, report, trace and printed table says."""

MANIFEST = "manifest.json"
RUN = "run.json"
UNFINISHED = ".unfinished.json"
"""Stands in a folder that is being filled, and lists what has been written, so that nothing of a killed run stays."""

_LIBRARIES = ("numpy", "pandas", "scipy", "numba", "simpy", "matplotlib")


class ResultFolder:
    """A folder that one command fills.

    Files are written under a temporary name and renamed, so that a reader never meets half a file. `finish` writes the
    manifest last: a folder without one is unfinished.

    Parameters
    ----------
    out
        The folder; made with its parents at the first write.
    overwrite
        Whether a folder that already holds something may be used. Files that an earlier manifest lists and that are not
        written again are removed by `finish`, and so are those of a run that was killed; anything else in the folder is
        left alone.

    Raises
    ------
    UsageError
        The path is a file, its folder cannot be written, or it holds something and `overwrite` is false.
    """

    def __init__(self, out: str | Path, *, overwrite: bool = False) -> None:
        self.path = Path(out)
        self._written: dict[str, str] = {}
        self._earlier: tuple[str, ...] = ()
        self._started = False
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is a file; --out needs a folder")
        made_in = next(place for place in (self.path, *self.path.absolute().parents) if place.exists())
        if not (made_in.is_dir() and os.access(made_in, os.W_OK | os.X_OK)):
            raise UsageError(f"cannot write into {made_in}; choose another --out")
        if self.path.is_dir() and any(self.path.iterdir()):
            if not overwrite:
                raise UsageError(
                    f"{self.path} is not empty; choose another --out, or replace the results that it holds with "
                    "--overwrite (in Python: overwrite=True)"
                )
            self._earlier = (*_files_of(self.path / MANIFEST), *_files_of(self.path / UNFINISHED))

    def __repr__(self) -> str:
        return f"ResultFolder({str(self.path)!r}, {len(self._written)} files written)"

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files written so far, sorted."""
        return tuple(sorted(self._written))

    def write_bytes(self, name: str, content: bytes) -> Path:
        """Write one file of the folder; `name` may hold folders, as in ``figures/OS.svg``."""
        if not self._started:
            # From here on the earlier results are no longer whole.
            if self._earlier:
                self._note()
            (self.path / MANIFEST).unlink(missing_ok=True)
            self._started = True
        target = self.path / name
        write_atomically(target, content)
        self._written[PurePosixPath(name).as_posix()] = sha256(content)
        self._note()
        return target

    def _note(self) -> None:
        write_atomically(self.path / UNFINISHED, _json({"files": sorted({*self._earlier, *self._written})}))

    def write_text(self, name: str, text: str) -> Path:
        """Write one file as UTF-8."""
        return self.write_bytes(name, text.encode("utf-8"))

    def write_csv(self, name: str, frame: pd.DataFrame) -> Path:
        """Write one table as `csv_text` spells it."""
        return self.write_text(name, csv_text(frame))

    def finish(self, manifest: Mapping[str, Any], run: Mapping[str, Any]) -> None:
        """Write run.json and manifest.json, the latter with the hashes of all files written, and remove stale files."""
        for name in self._earlier:
            stale = self.path / name
            inside = self.path.resolve() in stale.resolve().parents
            if inside and name not in self._written and stale.is_file():
                stale.unlink()
        write_atomically(self.path / RUN, _json(run))
        write_atomically(self.path / MANIFEST, _json({**manifest, "files": dict(sorted(self._written.items()))}))
        (self.path / UNFINISHED).unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file under a temporary name beside it, then rename it into place."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
    except RecursionError:
        raise UsageError(f"cannot write {path}: too many folders inside one another") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write one table atomically, as `csv_text` spells it."""
    write_atomically(Path(path), csv_text(frame).encode("utf-8"))


def csv_text(frame: pd.DataFrame) -> str:
    r"""A table as CSV, the same bytes under every version of pandas.

    Days (columns ``time_days`` and ``*_days``) have five decimals, which is exact in ticks; other numbers ten
    significant digits; missing values are empty; yes/no is true/false; lines end in ``\n``.
    """
    import pandas as pd

    columns = {}
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_bool_dtype(column.dtype):
            columns[name] = column.map({True: "true", False: "false"})
        elif pd.api.types.is_float_dtype(column.dtype):
            spelling = "%.5f" if str(name).endswith("_days") else "%.10g"
            # Adding zero turns minus zero into zero.
            values = (column.to_numpy(dtype=float, na_value=float("nan")) + 0.0).tolist()
            columns[name] = pd.Series(["" if v != v else spelling % v for v in values], index=frame.index, dtype=object)
        else:
            columns[name] = column
    spelled = pd.DataFrame(columns, index=frame.index, columns=frame.columns)
    text: str = spelled.to_csv(index=False, lineterminator="\n", na_rep="", float_format="%.10g")
    return text


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def manifest(
    *,
    inputs: Mapping[str, str | bytes | Path],
    overrides: Sequence[str] = (),
    seed: int,
    command: str,
    **more: Any,
) -> dict[str, Any]:
    """What is needed to make the same results again; holds no time, no machine and no path outside the inputs.

    Parameters
    ----------
    inputs
        What was read, by the name a reader should see: a file (Path), or the content itself. Only its hash is kept.
    overrides
        The ``path=value`` texts of ``--set``, in their order.
    seed
        The seed of all draws.
    command
        The command that gives the same bytes; without workers, engine and folder, on which the results do not depend.
    **more
        Further facts of the command, such as patients or horizon, that can be written as JSON.
    """
    hashes = {}
    for name, content in inputs.items():
        if isinstance(content, Path):
            content = content.read_bytes()
        hashes[name] = sha256(content.encode("utf-8") if isinstance(content, str) else content)
    return {
        "notice": NOTICE,
        "command": command,
        "seed": seed,
        "overrides": list(overrides),
        **more,
        "inputs": dict(sorted(hashes.items())),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Versions of Engraft, Python and the libraries on which the numbers rest."""
    from sim import __version__

    found = {"engraft": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def run_info(*, started: float, finished: float, workers: int = 1, **more: Any) -> dict[str, Any]:
    """What may differ between two runs of the same command: times (seconds since 1970), machine, workers, engine.

    Parameters
    ----------
    started, finished
        ``time.time()`` at the start and at the end of the work.
    workers
        Processes that shared the work.
    **more
        Further facts, such as the engine that was used and the arguments as they were typed.
    """
    from datetime import UTC, datetime

    return {
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "seconds": round(finished - started, 3),
        "workers": workers,
        **more,
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
    }


def _json(value: Mapping[str, Any]) -> bytes:
    # A name that is not UTF-8 arrives as lone surrogates, which JSON can spell and UTF-8 cannot.
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _files_of(manifest_path: Path) -> tuple[str, ...]:
    try:
        listed = json.loads(manifest_path.read_text("utf-8"))["files"]
        return tuple(str(name) for name in listed)
    except (OSError, ValueError, KeyError, TypeError):
        return ()
