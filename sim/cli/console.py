"""What the commands print and where: tables on stdout, problems and progress on stderr. Nothing is computed here."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import fill
from typing import TYPE_CHECKING, Any

from sim.batch.folder import NOTICE
from sim.errors import EngraftError, InvalidDocument

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

_PROSE = 110  # columns of running text
_NARROWEST = 110  # columns; below that a terminal wraps the lines of a table, which loses nothing
_UNBOUNDED = 10_000  # columns; a table that is piped into a file is as wide as it needs to be


def standard_output() -> Console:
    """The console of results: as wide as the terminal, or as the table when it is not read by a person."""
    return _console(stderr=False)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    if not (sys.stderr if stderr else sys.stdout).isatty():
        return Console(stderr=stderr, highlight=False, soft_wrap=True, width=_UNBOUNDED)
    console = Console(stderr=stderr, highlight=False)
    console.width = max(console.width, _NARROWEST)
    return console


def print_error(error: EngraftError) -> None:
    """One clear text on stderr: every problem of a document on a line of its own, or what was wrong with the call."""
    if isinstance(error, InvalidDocument):
        sys.stderr.write(f"{error}\n{count(len(error.problems), 'problem')}\n")
    else:
        sys.stderr.write(f"engraft: {error}\n")


def count(number: int, noun: str) -> str:
    """A number and its noun: ``1 file``, ``3 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """A value as JSON on stdout; numbers that are missing become null."""
    sys.stdout.write(json.dumps(_plain(value), indent=2, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and value != value else value


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a data frame, for `print_json`; empty cells become null."""
    return [
        {str(name): None if value is None or value != value else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def print_prose(text: str, *, title: str = "", items: Sequence[str] = ()) -> None:
    """Running text with a title, and items below it, as wide as is good to read."""
    from rich.text import Text

    console = standard_output()
    width = min(console.width, _PROSE)
    if title:
        console.print(Text(title, style="bold"))
    if text:
        sys.stdout.write(fill(text, width, break_on_hyphens=False) + "\n\n")
    for item in items:
        sys.stdout.write(fill(item, width, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False) + "\n")


def print_table(frame: pd.DataFrame, *, title: str, caption: str = "", notice: bool = True) -> None:
    """A table with its title and the notice of tables of patients; text columns left, all others right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in frame.columns:
        cells = ["" if value is None or value != value else str(value) for value in frame[name]]
        if all(_is_number(cell) for cell in cells):
            # A number is never broken or cut; the heading above it may be.
            heading = fill(str(name), max(map(len, [*str(name).split(), *cells])), break_on_hyphens=False)
            table.add_column(Text(heading), justify="right", no_wrap=True)
        else:
            table.add_column(Text(str(name)), justify="left", overflow="fold")
    for row in frame.itertuples(index=False):
        table.add_row(*(Text("" if value is None or value != value else str(value)) for value in row))
    console = standard_output()
    with console.capture() as printed:
        console.print(table)
    sys.stdout.write("\n".join(line.rstrip() for line in printed.get().splitlines()) + "\n")
    if caption:
        sys.stdout.write(fill(caption, min(console.width, _PROSE), break_on_hyphens=False) + "\n")
    if notice:
        console.print(Text(NOTICE, style="dim"))


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text[:1] in ("-", "−", "+", "") or text == "–"


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on stderr that work goes on and for how long, if a person is watching."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=_console(stderr=True), transient=True) as progress:
        progress.add_task(what, total=None)
        yield
