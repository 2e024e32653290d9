"""Options that several commands share, each said once. No command is here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

ProtocolName = Annotated[
    str, typer.Argument(metavar="PROTOCOL", help="Name of a protocol, such as all-mrd2019, or a path to one.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override one value of the document; may be given several times."),
]
Population = Annotated[
    str | None, typer.Option("--population", metavar="NAME", help="Use the patients of this population (name or path).")
]
Seed = Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Seed of all draws.")]
Replicate = Annotated[
    int | None, typer.Option("--replicate", metavar="K", min=0, help="Which replicate, from 0; else 0.")
]
Horizon = Annotated[
    str | None, typer.Option("--horizon", metavar="DURATION", help='Follow-up of every patient, as in "3 y"; else 5 y.')
]
Workers = Annotated[
    int | None, typer.Option("--workers", metavar="W", min=1, help="Processes; else 1. Results do not depend on it.")
]
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder of the results; else results/<name>.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the results that the folder holds.")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="How to print.")]


def given(**options: Any) -> dict[str, Any]:
    """The options a user has given; the others keep the default of the library, which is said there only."""
    return {name: value for name, value in options.items() if value is not None}


def protocol_arguments(set_: list[str] | None, population: str | None) -> list[str]:
    """How `--set` and `--population` are typed, for the command that a manifest records."""
    typed = [word for override in set_ or [] for word in ("--set", override)]
    return [*typed, "--population", population] if population is not None else typed
