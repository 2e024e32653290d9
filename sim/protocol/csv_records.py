"""Splits the text of a CSV file into records whose cells know where they stand. What cells mean is not known here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a text: line and column (from 1), the heading, if any, and the message."""

    line: int
    column: int
    heading: str
    message: str


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one row, without blanks at their ends.

    `line` is where it begins; `starts` holds line and column of each cell, None where a comma ends each cell and no
    cell is quoted.
    """

    line: int
    raw: str
    cells: tuple[str, ...]
    starts: tuple[tuple[int, int], ...] | None = None

    def place(self, index: int) -> tuple[int, int]:
        """Line and column of the first character of a cell; of the end of the row for one that is not there."""
        if index >= len(self.cells):
            lines = self.raw.split("\n")
            return self.line + len(lines) - 1, len(lines[-1]) + 1
        if self.starts is not None:
            return self.starts[index]
        parts = self.raw.split(",")
        blank = len(parts[index]) - len(parts[index].lstrip())
        return self.line, 1 + sum(len(part) + 1 for part in parts[:index]) + (blank if parts[index].strip() else 0)


def records(text: str) -> tuple[list[Record], list[Fault]]:
    r"""The records of a text as RFC 4180 has them: commas between cells, quotes around those that hold commas or lines.

    Lines end in ``\n``, ``\r\n`` or ``\r``; empty lines are no records.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: list[Record] = []
    faults: list[Fault] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if '"' not in line:
            if line.strip():
                found.append(Record(at + 1, line, tuple(cell.strip() for cell in line.split(","))))
            at += 1
            continue
        record, used = _quoted(lines, at, faults)
        if record is not None:
            found.append(record)
        at += used
    return found, faults


def _quoted(lines: list[str], first: int, faults: list[Fault]) -> tuple[Record | None, int]:
    """The record that begins in a line with quotes, and how many lines it takes."""
    cells: list[str] = []
    starts: list[tuple[int, int]] = []
    row, at = first, 0
    while True:
        line = lines[row]
        here = at + len(line[at:]) - len(line[at:].lstrip())
        starts.append((row + 1, here + 1))
        if not line.startswith('"', here):
            end = line.find(",", at)
            end = len(line) if end < 0 else end
            if '"' in line[at:end]:
                place = line.index('"', at) + 1
                faults.append(Fault(row + 1, place, "", 'found a quote inside a cell; write the cell as "..." with ""'))
                return None, row - first + 1
            cells.append(line[at:end].strip())
        else:
            content, row, end = _content(lines, row, here + 1)
            if end < 0:
                faults.append(Fault(*starts[-1], "", "found a quote that is never closed; close it"))
                return None, len(lines) - first
            cells.append(content)
            line = lines[row]
            rest = line[end:].split(",", 1)[0]
            if rest.strip():
                faults.append(Fault(row + 1, end + 1, "", "found text after a quote; put a comma between cells"))
                return None, row - first + 1
            end += len(rest)
        if end >= len(lines[row]):
            raw = "\n".join(lines[first : row + 1])
            return Record(first + 1, raw, tuple(cells), tuple(starts)), row - first + 1
        at = end + 1


def _content(lines: list[str], row: int, at: int) -> tuple[str, int, int]:
    """A quoted cell from after its opening quote: its text, and row and place after its closing quote (-1: none)."""
    parts: list[str] = []
    while row < len(lines):
        line = lines[row]
        end = line.find('"', at)
        while end >= 0 and line.startswith('""', end):
            parts.append(line[at:end] + '"')
            at = end + 2
            end = line.find('"', at)
        if end >= 0:
            parts.append(line[at:end])
            return "".join(parts), row, end + 1
        parts.append(line[at:] + "\n")
        row, at = row + 1, 0
    return "", row, -1


def spelled(cells: Iterator[str] | tuple[str, ...]) -> str:
    """One row of cells as CSV writes it."""
    return ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & set(',"\n') else cell for cell in cells)
