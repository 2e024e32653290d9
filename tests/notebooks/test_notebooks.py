"""Notebooks: source and executed copy say the same, the code runs, and nothing of a machine or a moment is stored."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jupytext
import nbformat
import pytest

ROOT = Path(__file__).parents[2]


def _execute() -> ModuleType:
    spec = importlib.util.spec_from_file_location("engraft_notebooks_execute", ROOT / "notebooks" / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


execute = _execute()
every_notebook = pytest.mark.parametrize("source", execute.SOURCES, ids=lambda path: path.stem)


def cells(notebook: Any) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def words(notebook: Any) -> list[str]:
    """All text that the cells put out; pictures differ in bytes between versions of matplotlib."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [output.get("data", {}).get("text/plain", output.get("text", "")) for output in outputs]


def test_there_are_notebooks() -> None:
    assert [path.name for path in execute.SOURCES] == ["mrd2019-vs-2023.py"]


@every_notebook
def test_source_and_executed_copy_say_the_same(source: Path) -> None:
    stored = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    assert cells(stored) == cells(jupytext.read(source)), "run `make docs`"
    nbformat.validate(stored)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any(cell.outputs for cell in code)


@every_notebook
def test_nothing_of_a_machine_or_a_moment_is_stored(source: Path) -> None:
    text = source.with_suffix(".ipynb").read_text("utf-8")
    without_pictures = re.sub(r'"image/png": "[^"]*"', "", text)
    assert not any(str(folder) in without_pictures for folder in (ROOT, Path.home(), Path(sys.prefix)))
    assert not re.search(r"/home/|/tmp|/Users/|[0-9]{4}-[0-9]{2}-[0-9]{2}T|object at 0x", without_pictures)
    stored = nbformat.reads(text, as_version=4)
    assert set(stored.metadata) == {"jupytext", "kernelspec", "language_info"}
    assert all(set(cell.metadata) <= {"tags"} for cell in stored.cells)


@every_notebook
def test_notebook_runs(source: Path) -> None:
    ran = execute.executed(source, patients=300)
    assert sum("300 patients an arm" in text for text in words(ran)) == 1
    assert len(words(ran)) == len(words(nbformat.read(source.with_suffix(".ipynb"), as_version=4)))


@pytest.mark.verify
@every_notebook
def test_stored_outputs_are_what_the_notebook_gives(source: Path) -> None:
    assert words(execute.executed(source)) == words(nbformat.read(source.with_suffix(".ipynb"), as_version=4))
