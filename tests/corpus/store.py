"""Rewrites what the corpus stores: machine forms of valid files, problems of invalid ones. Nothing is tested here.

Run ``python tests/corpus/store.py`` after a deliberate change of the language or of a message, and read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

from sim.errors import Problem
from sim.protocol.resolve import lint, load_protocol, machine_form

CORPUS = Path(__file__).parent
EXPECT = "# expect: "


def valid_protocols() -> list[Path]:
    """The valid files that are protocols."""
    return [path for path in sorted((CORPUS / "valid").glob("*.yaml")) if path.stem != "population"]


def invalid_files() -> list[Path]:
    """The files with mistakes."""
    return sorted((CORPUS / "invalid").glob("*.yaml"))


def expectation(problem: Problem, path: Path) -> str:
    """A problem as a file states it: without the file's own name, other files relative to it."""
    position = problem.position
    file = Path(position.file).resolve()
    own = "" if file == path.resolve() else Path(os.path.relpath(file, path.parent)).as_posix() + ":"
    return f"{own}{position.line}:{position.column}: {problem.path or '(document)'}: {problem.message}"


def stated(path: Path) -> list[str]:
    """The problems that a file says it has."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix(EXPECT) for line in lines if line.startswith(EXPECT)]


def _store_expectations(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(EXPECT))
    path.write_text(body, encoding="utf-8")
    room = EXPECT + "\n"
    path.write_text(room * len(lint(path)) + body, encoding="utf-8")
    found = [EXPECT + expectation(problem, path) + "\n" for problem in lint(path)]
    path.write_text("".join(found) + body, encoding="utf-8")


def main() -> None:
    """Rewrite everything that is stored."""
    machine = CORPUS / "machine"
    for old in machine.glob("*.yaml"):
        old.unlink()
    for path in valid_protocols():
        (machine / path.name).write_text(machine_form(load_protocol(path)), encoding="utf-8")
    for path in [*invalid_files(), *invalid_files()]:  # twice, as files may name lines of one another
        _store_expectations(path)


if __name__ == "__main__":
    main()
