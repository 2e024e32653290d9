"""Executes the notebooks: from each percent-format source the paired .ipynb, with outputs and without what changes.

`python notebooks/execute.py` writes them; `make docs` does so too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
SOURCES = tuple(sorted(path for path in HERE.glob("*.py") if path.name != Path(__file__).name))


def executed(source: Path, *, patients: int | None = None) -> Any:
    """A source as a notebook with outputs.

    Parameters
    ----------
    source
        The percent-format file.
    patients
        In place of the number in the cell that is tagged ``parameters``.
    """
    notebook = jupytext.read(source)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        if patients is not None and "parameters" in cell.metadata.get("tags", ()):
            cell.source = re.sub(r"patients = \d+", f"patients = {patients}", cell.source)
    NotebookClient(notebook, timeout=600, kernel_name="python3", record_timing=False).execute()
    version = {"name": "python"}
    notebook.metadata["language_info"] = version
    notebook.metadata.pop("jupytext", None)
    notebook.metadata["jupytext"] = {"formats": "ipynb,py:percent"}
    return notebook


def text(notebook: Any) -> str:
    """A notebook as it is stored."""
    return str(nbformat.writes(notebook, version=4)).rstrip("\n") + "\n"


if __name__ == "__main__":
    for source in SOURCES:
        source.with_suffix(".ipynb").write_text(text(executed(source)), "utf-8")
        print(source.with_suffix(".ipynb").name)
