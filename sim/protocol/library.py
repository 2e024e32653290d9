"""Finds YAML files by path or by name, in a checkout, an editable install and a wheel alike. Reads none of them."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Literal

from sim.errors import UsageError, did_you_mean

Kind = Literal["protocol", "population", "evidence", "config", "design", "trial"]

SUFFIX = ".yaml"

FOLDERS: dict[Kind, str] = {
    "protocol": "protocols",
    "population": "protocols/populations",
    "evidence": "protocols/evidence",
    "config": "configs",
    "design": "configs/designs",
    "trial": "configs/trials",
}


def folder(kind: Kind) -> Path:
    """Where the shipped files of a kind are.

    A wheel carries the folders inside the package; a checkout, which an editable install points to, has them at the
    top of the repository.
    """
    package = Path(__file__).parents[1]
    packed = package / "_data"
    return (packed if packed.is_dir() else package.parent) / FOLDERS[kind]


def names(kind: Kind) -> list[str]:
    """Names of the shipped files of a kind, sorted.

    Parameters
    ----------
    kind : {"protocol", "population", "evidence", "config", "design", "trial"}
    """
    return sorted(path.stem for path in folder(kind).glob(f"*{SUFFIX}"))


def find(name_or_path: str | Path, kind: Kind, *, beside: Path | None = None) -> Path:
    """The file that a name or a path means.

    An existing file is taken as it is; a bare name is looked up among the shipped files.

    Parameters
    ----------
    name_or_path : str or Path
        A path to a file, absolute or from the current folder, or the name of a shipped file such as ``all-mrd2019``.
    kind : {"protocol", "population", "evidence", "config", "design", "trial"}
        Which of the shipped folders holds the name.
    beside : Path, optional
        The document that uses the name: its folder is searched before the shipped files, and a relative path counts
        from there. The document itself is never the answer, so that a changed copy can extend its original.

    Raises
    ------
    UsageError
        Nothing is found; the message suggests the nearest name.
    """
    wanted = str(name_or_path)
    candidates = [folder(kind) / f"{wanted}{SUFFIX}"] if _is_bare(wanted) else []
    if beside is None:
        candidates.insert(0, Path(wanted))
    else:
        candidates[:0] = [beside.parent / wanted, beside.parent / f"{wanted}{SUFFIX}"]
    for candidate in candidates:
        if _is_file(candidate) and candidate != beside:
            return candidate
    raise UsageError(_not_found(wanted, kind))


def find_all(name_or_path: str | Path) -> list[Path]:
    """Every file that a name or a path means, whatever its kind: as `find`, with all shipped folders searched.

    Raises
    ------
    UsageError
        Nothing is found; the message suggests the nearest name of any kind.
    """
    found = []
    for kind in FOLDERS:
        try:
            found.append(find(name_or_path, kind))
        except UsageError:
            continue
    if not found:
        raise UsageError(_not_found(str(name_or_path), *FOLDERS))
    return list(dict.fromkeys(found))


def find_table(name: str, *, beside: str | None) -> Path:
    """The file of a table of patients: beside the document that names it, else among the shipped populations.

    Parameters
    ----------
    name : str
        As the document has it; a relative path counts from the document's folder.
    beside : str, optional
        The document; without one a relative path counts from the current folder.

    Raises
    ------
    UsageError
        There is no such file; the message suggests the nearest name.
    """
    home = Path() if beside is None else Path(beside).parent
    shipped = folder("population")
    for candidate in (home / name, *([shipped / name] if _is_bare(name) else [])):
        if _is_file(candidate):
            return candidate
    known = sorted({path.name for place in (home, shipped) if _is_bare(name) for path in place.glob("*.csv")})
    raise UsageError(f'there is no file "{name}"' + (did_you_mean(name, known) if known else ""))


def shown(path: Path) -> str:
    """A path as messages and listings show it: from the current folder where it lies below it, else in full."""
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except (ValueError, OSError):
        return str(path)


def _is_bare(text: str) -> bool:
    return bool(text) and "/" not in text and "\\" not in text


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or that no file system can hold
        return False


def _not_found(wanted: str, *kinds: Kind) -> str:
    kind = f"{', '.join(kinds[:-1])} or {kinds[-1]}" if len(kinds) > 1 else kinds[0]
    if _is_bare(wanted) and not wanted.endswith((SUFFIX, ".yml")):
        found, near = f'no {kind} is named "{wanted}" and there is no such file', wanted
    else:
        found, near = f'there is no file "{wanted}"', PurePath(wanted.replace("\\", "/")).stem
    known = sorted({name for each in kinds for name in names(each)})
    return found + (did_you_mean(near, known) if known else "")
