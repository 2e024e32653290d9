"""The engine is compiled once on a machine, and says so; `python -m sim.engine.warm` does it before the first use."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.batch.run import simulate
from sim.engine import jit, warm

LINE = "engraft: compiling the engine, once on this machine; half a minute to a minute"


def test_a_machine_that_has_not_compiled_is_told_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    simulate("all-mrd2019", patients=1, seed=1)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(jit, "CACHE", tmp_path)
    simulate("all-mrd2019", patients=1, seed=1, engine="python")
    assert capsys.readouterr().err == "", "plain Python compiles nothing"
    for engine in ("simpy", "compiled"):
        simulate("all-mrd2019", patients=1, seed=1, engine=engine)
        told = capsys.readouterr()
        assert told.err.splitlines() == [
            "engraft: compiling the engine, once on this machine; half a minute to a minute"
        ]
        assert told.out == ""
    (tmp_path / "step.step-1.py311.nbi").touch()
    simulate("all-mrd2019", patients=1, seed=1)
    assert capsys.readouterr().err == ""


def test_warming_leaves_compiled_code_and_says_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    warm.main()
    assert capsys.readouterr().out == ""
    assert jit.CACHE is None or any(jit.CACHE.rglob("step.*.nbi"))
