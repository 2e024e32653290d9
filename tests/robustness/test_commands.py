"""Commands with bad arguments: exit code 1 or 2, one clear text, no traceback, and nothing written."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from sim.cli.main import run

from .judge import warm_up

SMALL = Path(__file__).parents[1] / "report" / "small.yaml"
CONFIG = Path(__file__).parents[1] / "report" / "small-compare.yaml"
BYTES = b"\xff\xfe".decode("utf-8", "surrogateescape")
"""How an argument arrives that is not UTF-8."""

LONG = "x" * 5000
PATHS = (
    "", ".", "nowhere", "small", "all-mrd2109", "empty", "empty.yaml", "binary.yaml", "deep.yaml",
    "null.yaml", "/dev/null", "/proc/self/mem", "a/b/c.yaml", "small.yaml/x", LONG, f"{BYTES}.yaml",
    "\u767d\u8840\u75c5", "*", "-",
    "--", "~", "config.yaml", "all-mrd2019-vs-2023x", "locked.yaml", "all-mrd2019.yaml", "all-mrd2019.yml", "pipe",
)  # fmt: skip
NUMBERS = ("-1", "0", "", "x", "1e3", "1.5", "9" * 30, str(2**63), str(2**64), "-0", "0x10", "nan", "\u0663", BYTES)
HORIZONS = ("", "0 d", "-1 y", "soon", "1e400 y", "3000 y", "1", "nan d", "5y y", "1e-9 d", BYTES, LONG)
SETS = (
    "", "=", "x", "x=", "=1", "phases", "phases.A1.lasts=", "id=other", f"title={BYTES}", f"phases.{BYTES}=1",
    "schema=engraft/2", "phases={}", "hazards={}", "extends=all-mrd2019", "phases[0]=1", "a..b=1",
    "parameters.x.value=1", LONG, f"title={LONG}=",
    "patient=" + "[" * 100, "title=&a x", "title=*a", "title: x",
)  # fmt: skip
OUTS = ("small.yaml", "small.yaml/out", "full", "/proc/out", "/dev/null", "locked/out", LONG, "a/" * 2000)
ENGINES = ("fast", "", "SIMPY", BYTES)
PATIENTS = (*NUMBERS, str(10**12), str(10**15), str(2**62))

OPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "lint": {},
    "resolve": {"--set": SETS, "--population": PATHS, "--format": ("toml", "", BYTES)},
    "graph": {"-o": ("x.png", "", ".svg/", "full", "small.yaml", "/proc/x.svg", f"{LONG}.svg", "small.yaml/x.svg")}
    | {"--set": SETS, "--population": PATHS},
    "diff": {"--set": SETS, "--population": PATHS, "--format": ("xml",)},
    "simulate": {"--patients": PATIENTS, "--seed": NUMBERS, "--out": OUTS, "--engine": ENGINES, "--horizon": HORIZONS}
    | {"--workers": NUMBERS, "--replicate": NUMBERS, "--set": SETS, "--population": PATHS, "--format": ("csv",)},
    "trace": {"--patient": PATIENTS, "--seed": NUMBERS, "--replicate": NUMBERS, "--horizon": HORIZONS}
    | {"--set": SETS, "--population": PATHS},
    "compare": {"--patients": PATIENTS, "--seed": NUMBERS, "--out": OUTS, "--set": SETS, "--workers": NUMBERS}
    | {"--engine": ENGINES},
}
NEEDED: dict[str, tuple[tuple[str, str], ...]] = {
    "graph": (("-o", "picture.svg"),),
    "simulate": (("--patients", "3"), ("--seed", "1"), ("--out", "out")),
    "trace": (("--patient", "1"), ("--seed", "1")),
    "compare": (("--patients", "30"), ("--seed", "1"), ("--out", "out")),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with good and bad files, where commands run."""
    warm_up(SMALL)
    monkeypatch.chdir(tmp_path)
    shutil.copy(SMALL, "small.yaml")
    for part in SMALL.parent.glob("*.yaml"):
        shutil.copy(part, part.name)
    Path("empty").mkdir()
    Path("empty.yaml").touch()
    Path("null.yaml").write_bytes(b"schema: engraft/1\nid: a\x00b\n")
    Path("binary.yaml").write_bytes(bytes(range(256)) * 20)
    Path("deep.yaml").write_text("[" * 3000, "utf-8")
    Path("full").mkdir()
    Path("full/other.txt").write_text("not ours", "utf-8")
    os.mkfifo("pipe")
    return tmp_path


def command(luck: random.Random) -> list[str]:
    """A command in which one to three arguments are bad."""
    name = luck.choice((*OPTIONS, "simulate", "compare", "trace"))
    bad = luck.sample(list(OPTIONS[name]), k=min(len(OPTIONS[name]), luck.choice((0, 1, 1, 2))))
    good = "small-compare.yaml" if name == "compare" else "small.yaml"
    words = [name, luck.choice(PATHS) if not bad or luck.random() < 0.2 else good]
    if name == "diff":
        words.append("small.yaml")
    for option, value in NEEDED.get(name, ()):
        if option not in bad and luck.random() < 0.95:
            words += [option, value]
    for option in bad:
        words += [option, luck.choice(OPTIONS[name][option])]
    if luck.random() < 0.05:
        words.append(luck.choice(("--nonsense", "--seed", "extra", BYTES, "--set")))
    return words


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("start", [0, *(pytest.param(start, marks=pytest.mark.verify) for start in (100, 200))])
def test_a_bad_command_says_so_and_writes_nothing(start: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = listing(folder)
    ended: Counter[int] = Counter()
    for seed in range(start, start + 100):
        words = command(random.Random(seed))
        begun = time.process_time()
        try:
            code = run(words)
            printed = capsys.readouterr()
            ended[code] += 1
            assert code in (0, 1, 2)
            assert "Traceback" not in printed.err
            assert time.process_time() - begun < 20
            if code == 0:
                for path in sorted(listing(folder) - before, reverse=True):
                    (folder / path).rmdir() if (folder / path).is_dir() else (folder / path).unlink()
            else:
                assert printed.err.strip()
                assert len(printed.err) < 20_000
                assert listing(folder) == before
        except Exception as error:
            error.add_note(f"seed {seed}: {[ascii(word[:80]) for word in words]}")
            raise
    assert ended[1] >= 5
    assert ended[2] >= 20


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_names_that_no_encoding_spells(encoding: str, folder: Path) -> None:
    """Arguments as the system hands them over, on terminals that cannot show every character."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    program = [sys.executable, "-c", "import sim.cli.main as m; m.main()"]

    def call(*arguments: str | bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*program, *arguments], env=environment, capture_output=True, check=False, timeout=120)

    wrong = call("lint", b"\xff\xfe.yaml")
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert b"Traceback" not in wrong.stderr
    done = call("simulate", "small.yaml", "--patients", "3", "--seed", "1", "--engine", "simpy", "--out", b"out-\xff")
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    assert (folder / os.fsdecode(b"out-\xff") / "manifest.json").is_file()
