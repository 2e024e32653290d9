"""How every mistake leaves the command line: an exit code, one clear text on stderr, never a traceback."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

import sim
from sim.cli import main
from tests.cli.conftest import Engraft


def test_version_and_help(engraft: Engraft) -> None:
    assert engraft("--version").out == f"engraft {sim.__version__}\n"
    told = engraft("--help")
    assert told.code == 0
    for command in ("lint", "resolve", "graph", "diff", "simulate", "trace", "compare"):
        assert f"\n  {command} " in told.out
        assert engraft(command, "--help").code == 0
    assert "not for the care of patients" in told.out


@pytest.mark.parametrize("command", ["simulate", "trace", "compare"])
def test_help_names_the_defaults_of_the_library(engraft: Engraft, command: str) -> None:
    told = " ".join(engraft(command, "--help").out.split())
    taken, simulated = (inspect.signature(getattr(sim, name)).parameters for name in (command, "simulate"))
    for option in {"engine", "replicate", "horizon", "workers"} & set(taken):
        start, default = told.index(f"--{option} "), taken[option].default
        default = simulated[option].default if default is None else default  # a trace follows a patient as `simulate`
        assert f"; else {default}." in told[start : start + 160], option


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["simulte", "x"], "No such command 'simulte'. Did you mean 'simulate'?"),
        (["simulate", "x", "--patiens", "4"], "--patients"),
        (["simulate", "x", "--seed", "1"], "Missing option '--patients'"),
        (["simulate", "x", "--seed", "1", "--patients", "0"], "--patients"),
        (["simulate", "x", "--seed", "1", "--patients", "many"], "--patients"),
        (
            ["simulate", "x", "--seed", "1", "--patients", "5", "--engine", "fast"],
            "'simpy', 'compiled', 'auto', 'python'",
        ),
        (["trace", "x"], "Missing option '--patient'"),
        (["resolve", "all-mrd2109"], 'did you mean "all-mrd2019"?'),
        (["resolve", "small.yaml", "--format", "toml"], 'yaml or json, found "toml"'),
        (["lint"], "Missing argument"),
        (["lint", "nowhere"], 'no protocol, population, evidence, config, design or trial is named "nowhere"'),
        (["diff", "small.yaml"], "diff needs two protocols"),
        (["graph", "small.yaml", "-o", "picture.png"], "ends in .svg"),
        (["compare", "all-mrd2019-vs-2024"], 'did you mean "all-mrd2019-vs-2023"?'),
        (["simulate", "small.yaml", "--patients", "5", "--seed", "1", "--horizon", "soon"], '"soon" is not a duration'),
        (["simulate", "small.yaml", "--patients", "5", "--seed", "1", "--population", "nobody"], '"nobody"'),
        (["simulate", "small.yaml", "--patients", "5", "--seed", "1", "--out", "small.yaml"], "is a file"),
    ],
)
def test_a_wrong_command_ends_with_two(engraft: Engraft, small: Path, typed: list[str], told: str) -> None:
    done = engraft(*typed)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["small.yaml"], "nothing was written"


def test_an_invalid_document_ends_with_one_and_tells_every_place(engraft: Engraft, small: Path) -> None:
    text = (
        small.read_text("utf-8")
        .replace("goto: ALLO", "goto: ALO")
        .replace("probability: 0.5, onset", "probability: 1.5, onset")
    )
    small.write_text(text, "utf-8")
    for command in (
        ["resolve"],
        ["trace", "--patient", "0", "--seed", "1"],
        ["simulate", "--patients", "3", "--seed", "1"],
    ):
        done = engraft(command[0], "small.yaml", *command[1:])
        assert done.code == 1
        lines = done.err.splitlines()
        assert lines[-1] == f"{len(lines) - 1} problems"
        assert any(line.startswith("small.yaml:") and 'did you mean "ALLO"?' in line for line in lines)
        assert all(line.count(":") >= 4 for line in lines[:-1]), "file:line:column: path: message"


def test_an_override_is_checked_like_the_file(engraft: Engraft, small: Path) -> None:
    done = engraft("resolve", "small.yaml", "--set", "parameters.cure.value=lots")
    assert done.code == 1
    assert "parameters.cure.value" in done.err
    assert engraft("resolve", "small.yaml", "--set", "parameters.cure.vale=1").code == 1
    assert engraft("resolve", "small.yaml", "--set", "nonsense").code != 0


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [
        (KeyboardInterrupt(), 130, "stopped by Ctrl-C"),
        (MemoryError(), 1, "not enough memory"),
        (PermissionError(13, "Permission denied", "small.yaml"), 1, "small.yaml: Permission denied"),
    ],
)
def test_what_the_machine_does_is_said_in_words(
    engraft: Engraft, small: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, told: str
) -> None:
    def fails(*_: object, **__: object) -> NoReturn:
        raise raised

    monkeypatch.setattr("sim.protocol.resolve.load_protocol", fails)
    done = engraft("resolve", "small.yaml")
    assert done.code == code
    assert told in done.err


def test_ctrl_c_that_python_drops_is_sent_again() -> None:
    # Python drops what a callback of ctypes raises, and only reports it; an object's end stands for such a callback.
    script = (
        "import sys, time\n"
        "from sim.cli import main\n"
        "class Callback:\n"
        "    def __del__(self): raise KeyboardInterrupt\n"
        "sys.unraisablehook = main.heed_lost_interrupt\n"
        "Callback()\n"
        "try:\n"
        "    time.sleep(30)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=25, check=False)
    assert (done.stdout, done.stderr) == ("stopped\n", "")


def test_a_mistake_of_ours_is_not_hidden(small: Path, monkeypatch: pytest.MonkeyPatch, engraft: Engraft) -> None:
    def fails(*_: object, **__: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr("sim.protocol.resolve.load_protocol", fails)
    with pytest.raises(ZeroDivisionError):
        engraft("resolve", "small.yaml")


COMMAND = [sys.executable, "-c", "from sim.cli.main import main; main()"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}


def test_ctrl_c_stops_a_long_run_and_leaves_nothing_that_looks_whole(small: Path, tmp_path: Path) -> None:
    typed = [
        *COMMAND,
        "simulate",
        "small.yaml",
        "--patients",
        "2000000",
        "--seed",
        "1",
        "--out",
        "out",
        "--engine",
        "python",
    ]
    running = subprocess.Popen(
        typed, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(4.0)
    assert running.poll() is None, "the run should take longer than that"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert (out, err) == ("", "engraft: stopped by Ctrl-C; unfinished results have no manifest.json\n")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_reader_who_leaves_early_causes_no_complaint(small: Path, tmp_path: Path) -> None:
    running = subprocess.Popen(
        [*COMMAND, "resolve", "small.yaml"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(timeout=60) == main.WRONG
