"""Errors a user can cause, as values: what was found, what would be right, and where. Nothing here prints or exits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

_ENDLESS_WORD = re.compile(r"(\S{80})\S{120,}")
"""What a file holds may be quoted in a message; a word of thousands of characters is shown by its beginning."""


class EngraftError(Exception):
    """Base of every error that a user can cause; its text is complete without a traceback."""


class UsageError(EngraftError):
    """The command or call itself was wrong (exit code 2): an unknown option, a missing file, a refused folder."""


@dataclass(frozen=True, order=True)
class Position:
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in a document: where, at which document path, what was found and what would be right."""

    position: Position
    path: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", _ENDLESS_WORD.sub(r"\1...", self.message))

    def __str__(self) -> str:
        return f"{self.position}: {self.path or '(document)'}: {self.message}"


class InvalidDocument(EngraftError):
    """A document cannot be used; carries every problem found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A suggestion in words for a misspelt name: ``'; did you mean "x"?'``, or the known names when none is near."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{near[0]}"?'
    if not known:
        return "; none is declared"
    shown = ", ".join(sorted(known)[:12])
    return f"; known: {shown}" + (", ..." if len(known) > 12 else "")
