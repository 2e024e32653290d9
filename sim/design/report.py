"""What `engraft design` prints: tables, a paragraph for a protocol, conventions. Nothing is computed or read here."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 4
"""Decimals of numbers in printed tables; data frames and JSON have all."""


@dataclass(frozen=True, eq=False, repr=False)
class DesignReport:
    """A design computed from its file.

    Attributes
    ----------
    title
        Of the file.
    tables
        Data frames by name: ``design`` always; ``calendar``, ``accrual``, ``looks``, ``boundaries``, ``observed``,
        ``interim``, ``operating characteristics``, ``stopping``, ``assurance`` and ``multiplicity`` where they apply.
    paragraph
        Text that could go into a protocol.
    conventions
        Variance, sides, rounding, and what happens when the planned events do not come; one sentence or two each.
    result
        The design itself: `FixedSurvival`, `FixedProportions`, `OneArm` and so on.
    """

    title: str
    tables: dict[str, pd.DataFrame]
    paragraph: str
    conventions: tuple[str, ...]
    result: Any

    def __repr__(self) -> str:
        return f"DesignReport({self.title!r}, tables {', '.join(self.tables)})"

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values; empty cells are None."""
        return {
            "title": self.title,
            "tables": {name: _records(table) for name, table in self.tables.items()},
            "paragraph": self.paragraph,
            "conventions": list(self.conventions),
        }

    def to_csv(self) -> str:
        """All tables below one another as one: table, row, column, value."""
        import pandas as pd

        cells = [
            {"table": name, "row": row, "column": column, "value": value}
            for name, table in self.tables.items()
            for row, record in enumerate(_records(table), 1)
            for column, value in record.items()
            if value is not None
        ]
        buffer = io.StringIO()
        pd.DataFrame(cells).to_csv(buffer, index=False, lineterminator="\n")
        return buffer.getvalue()

    def to_markdown(self) -> str:
        """The report as a markdown page."""
        lines = [f"# {self.title}", "", self.paragraph, ""]
        for name, table in self.tables.items():
            shown = printed(table)
            lines += [f"## {name.capitalize()}", ""]
            lines.append("| " + " | ".join(shown.columns) + " |")
            numeric = [table[column].dtype.kind in "if" for column in table.columns]
            lines.append("|" + "|".join("--:" if right else "---" for right in numeric) + "|")
            lines += ["| " + " | ".join(row) + " |" for row in shown.itertuples(index=False, name=None)]
            lines.append("")
        lines += ["## Conventions", "", *(f"- {sentence}" for sentence in self.conventions), ""]
        return "\n".join(lines)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """A table as text: whole numbers without decimals, others with four, empty where there is no number."""
    import pandas as pd

    return pd.DataFrame(
        {str(name): [_cell(value) for value in table[name]] for name in table.columns}, columns=list(table.columns)
    )


def _cell(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(plain, float):
        whole = abs(plain) < 1e15 and abs(plain - round(plain)) <= 1e-9 * max(1.0, abs(plain))
        return str(round(plain)) if whole else f"{plain:.{DIGITS}f}"
    return str(plain)
