"""The command that sizes trials and simulates nothing: design."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from sim.cli.console import print_json, print_prose, print_table
from sim.cli.options import Set


def add_to(app: typer.Typer) -> None:
    """Register the command of this file."""
    app.command()(design)


def design(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Name of a design (os-schoenfeld), or a path.")],
    set_: Set = None,
    form: Annotated[
        Literal["text", "json", "csv", "markdown"], typer.Option("--format", help="How to print the design.")
    ] = "text",
) -> None:
    """Compute events, sample size, boundaries and power of a design; tables, and a paragraph for a protocol."""
    from sim.design.config_run import design as compute
    from sim.design.report import printed

    found = compute(config, set=set_ or ())
    if form == "json":
        print_json(found.as_dict())
    elif form == "csv":
        sys.stdout.write(found.to_csv())
    elif form == "markdown":
        sys.stdout.write(found.to_markdown())
    else:
        print_prose(found.paragraph, title=found.title)
        for name, table in found.tables.items():
            print_table(printed(table), title=name.capitalize(), notice=False)
        print_prose("", title="Conventions", items=found.conventions)
