"""Write docs/validation/statistics.md and designs.md from the tables beside: `python tests/tables/write.py`."""

from __future__ import annotations

import importlib
import itertools
import math
import re
from pathlib import Path

from reference_check import Check

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "docs" / "validation"
DOCUMENTS = {"statistics": "Statistics against references", "designs": "Designs against references"}


def checks_of(document: str) -> list[Check]:
    """All checks of a document: the CHECKS of each file beside whose name starts with the document's."""
    names = sorted(path.stem for path in HERE.glob(f"{document}_*.py"))
    return [check for name in names for check in importlib.import_module(name).CHECKS]


def page(document: str) -> str:
    """The document as markdown: a table for each method; every value is computed anew."""
    checks = sorted(checks_of(document), key=lambda check: check.method)
    values = {check.id: check.compute() for check in checks}
    held = sum(check.holds(values[check.id]) for check in checks)
    lines = [
        f"# {DOCUMENTS[document]}",
        "",
        f"{held} of {len(checks)} computed values lie within their tolerance.",
        "Made by `python tests/tables/write.py`; `make test` checks every line.",
    ]
    for method, group in itertools.groupby(checks, key=lambda check: check.method):
        lines += [
            "",
            f"## {method}",
            "",
            "| check | inputs | expected | computed | tolerance | source |",
            "|---|---|--:|--:|--:|---|",
        ]
        for check in group:
            row = (
                check.id,
                check.inputs,
                f"{check.expected:.10g}",
                f"{values[check.id]:.10g}",
                f"{check.tolerance:.1g}",
                check.source,
            )
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines) + "\n"


def written(document: str) -> dict[str, list[str]]:
    """The rows of the page as it stands: inputs, expected, computed, tolerance, source, by the id of the check."""
    rows = {}
    for line in (FOLDER / f"{document}.md").read_text("utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| check |"):
            name, *cells = (cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1])
            rows[name] = cells
    return rows


def is_current(check: Check, value: float, row: list[str]) -> bool:
    """Whether a row of the page says what the check and its value say; digits that rounding may move are left out."""
    inputs, expected, computed, tolerance, source = row
    said = (inputs, expected, tolerance, source)
    now = (check.inputs, f"{check.expected:.10g}", f"{check.tolerance:.1g}", check.source)
    return said == now and math.isclose(float(computed), value, rel_tol=1e-7, abs_tol=1e-9)


def main() -> None:
    """Write the documents that have checks."""
    FOLDER.mkdir(exist_ok=True)
    for document in DOCUMENTS:
        if checks_of(document):
            (FOLDER / f"{document}.md").write_text(page(document), encoding="utf-8")


if __name__ == "__main__":
    main()
