"""A folder of results: when it is refused, how tables are spelled, what the manifest and a second run leave behind."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.batch.folder import NOTICE, ResultFolder, csv_text, manifest, run_info, write_atomically
from sim.errors import UsageError


def close(folder: ResultFolder) -> None:
    folder.finish(
        manifest(inputs={"p.yaml": "id: p"}, seed=7, command="engraft x"), run_info(started=0.0, finished=2.5)
    )


def test_table_spelling_is_pinned() -> None:
    frame = pd.DataFrame(
        {
            "patient": [0, 1, 2],
            "time_days": [28.0, np.nan, 0.00001],
            "age": [1 / 3, -0.0, 1234567.0],
            "donor": [True, False, True],
            "status": ["dead", None, 'a "b", c'],
        }
    )
    assert csv_text(frame) == (
        "patient,time_days,age,donor,status\n"
        "0,28.00000,0.3333333333,true,dead\n"
        "1,,0,false,\n"
        '2,0.00001,1234567,true,"a ""b"", c"\n'
    )


def test_manifest_lists_inputs_and_files_by_hash_and_no_time(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path / "new" / "deep")
    folder.write_text("figures/OS.svg", "<svg/>")
    close(folder)
    written = json.loads((folder.path / "manifest.json").read_text())
    assert written["files"] == {"figures/OS.svg": hashlib.sha256(b"<svg/>").hexdigest()}
    assert written["inputs"] == {"p.yaml": hashlib.sha256(b"id: p").hexdigest()}
    assert written["notice"] == NOTICE
    assert written["seed"] == 7
    assert set(written["versions"]) >= {"engraft", "python", "numpy"}
    assert "started" not in written
    run = json.loads((folder.path / "run.json").read_text())
    assert (run["started"], run["seconds"]) == ("1970-01-01T00:00:00+00:00", 2.5)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"is not empty; .* with --overwrite \(in Python: overwrite=True\)"):
        ResultFolder(tmp_path)
    (tmp_path / "empty").mkdir()
    ResultFolder(tmp_path / "empty")
    with pytest.raises(UsageError, match="is a file; --out needs a folder"):
        ResultFolder(tmp_path / "thesis.txt", overwrite=True)


def test_overwriting_removes_stale_results_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = ResultFolder(out)
    first.write_text("old.csv", "1")
    first.write_text("both.csv", "1")
    close(first)
    (out / "thesis.txt").write_text("mine")
    second = ResultFolder(out, overwrite=True)
    second.write_text("both.csv", "2")
    assert not (out / "manifest.json").exists(), "half-replaced results must not look whole"
    close(second)
    assert sorted(p.name for p in out.iterdir()) == ["both.csv", "manifest.json", "run.json", "thesis.txt"]
    assert (out / "both.csv").read_text() == "2"


def test_nothing_of_a_killed_run_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = ResultFolder(out)
    first.write_text("figures/first.svg", "1")
    close(first)
    (out / "mine.txt").write_text("mine")
    killed = ResultFolder(out, overwrite=True)
    killed.write_text("killed.csv", "2")
    assert not (out / "manifest.json").exists()
    assert {path.name for path in out.iterdir()} == {
        "figures",
        "mine.txt",
        "killed.csv",
        "run.json",
        ".unfinished.json",
    }
    last = ResultFolder(out, overwrite=True)
    last.write_text("last.csv", "3")
    close(last)
    assert {path.name for path in out.rglob("*") if path.is_file()} == {
        *("last.csv", "mine.txt", "run.json", "manifest.json")
    }


def test_a_manifest_cannot_have_files_outside_the_folder_removed(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "manifest.json").write_text(json.dumps({"files": {"../precious.txt": ""}}))
    close(ResultFolder(out, overwrite=True))
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"^cannot write into .*file; choose another --out$"):
        ResultFolder(tmp_path / "file" / "results")
    monkeypatch.setattr("os.access", lambda *_: False)  # whoever runs this may be allowed everything
    with pytest.raises(UsageError, match=f"^cannot write into {tmp_path}; choose another --out$"):
        ResultFolder(tmp_path / "new" / "results")


def test_a_write_that_fails_leaves_the_old_file_and_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")

    def full(self: Path, other: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match=r"cannot write .*table\.csv: No space left on device"):
        write_atomically(target, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]
    assert target.read_text() == "old"
