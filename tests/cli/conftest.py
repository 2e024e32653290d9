"""Runs a command as a user does, in an empty folder, and returns its exit code and what it printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sim.cli.main import run

SMALL = Path(__file__).parents[1] / "report" / "small.yaml"


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str


Engraft = Callable[..., Done]


@pytest.fixture
def engraft(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engraft:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Done:
        capsys.readouterr()
        code = run(arguments)
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Done(code, printed.out, printed.err)

    return call


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A copy of the small protocol in the folder where the command runs."""
    copy = tmp_path / "small.yaml"
    copy.write_text(SMALL.read_text("utf-8"), "utf-8")
    return Path("small.yaml")
