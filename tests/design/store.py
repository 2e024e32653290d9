"""Rewrites the problems that invalid designs state: run it after a message was changed, and read the diff."""

from __future__ import annotations

from pathlib import Path

from sim.design.config_run import design
from sim.errors import InvalidDocument

FOLDER = Path(__file__).parent / "invalid"
EXPECT = "# expect: "


def files() -> list[Path]:
    """The files with mistakes."""
    return sorted(FOLDER.glob("*.yaml"))


def stated(path: Path) -> list[str]:
    """The problems that a file says it has."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix(EXPECT) for line in lines if line.startswith(EXPECT)]


def found(path: Path) -> list[str]:
    """The problems that it has, without the file's own name; none if it can be used."""
    try:
        design(path)
    except InvalidDocument as invalid:
        return [
            f"{problem.position.line}:{problem.position.column}: {problem.path or '(document)'}: {problem.message}"
            for problem in invalid.problems
        ]
    return []


def main() -> None:
    """Rewrite all statements."""
    for path in files():
        text = path.read_text(encoding="utf-8")
        body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(EXPECT))
        for _ in range(2):  # the statements themselves move the lines
            path.write_text((EXPECT + "\n") * len(found(path)) + body, encoding="utf-8")
        problems = found(path)
        path.write_text("".join(f"{EXPECT}{problem}\n" for problem in problems) + body, encoding="utf-8")


if __name__ == "__main__":
    main()
