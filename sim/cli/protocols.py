"""Commands that read protocols and run nothing: lint, resolve, graph, diff."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import count, print_json, standard_output
from sim.cli.options import Format, Population, ProtocolName, Set
from sim.errors import InvalidDocument, Problem, UsageError

if TYPE_CHECKING:
    from sim.protocol.document import Document
    from sim.protocol.population import Population as PopulationModel
    from sim.protocol.schema import Protocol


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.command()(lint)
    app.command()(resolve)
    app.command()(graph)
    app.command()(diff)


def lint(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="Files, folders (walked for YAML files) or names of shipped files."),
    ],
) -> None:
    """Check documents: every problem with file, line, column, document path and what would be right."""
    from sim.protocol.resolve import lint as problems_of

    files = [file for path in paths for file in _documents(path)]
    if not files:
        raise UsageError(f"no YAML file in {', '.join(paths)}")
    found = wrong = 0
    for file in dict.fromkeys(files):
        problems = problems_of(file, judges=_judges())
        found += len(problems)
        wrong += bool(problems)
        for problem in problems:
            sys.stderr.write(f"{problem}\n")
    typer.echo(f"{count(len(set(files)), 'file')}, {count(found, 'problem')}" + (f" in {wrong:,}" if wrong else ""))
    raise typer.Exit(1 if found else 0)


def _judges() -> dict[str, Callable[[Document], list[Problem]]]:
    """What finds the problems of the kinds of document that rooms above sim/protocol define."""
    from sim.compare import config, prepare
    from sim.design.config import SCHEMA as DESIGN
    from sim.evidence import schema, trial_design

    return {
        config.SCHEMA: prepare.config_problems,
        schema.SCHEMA: _evidence_problems,
        trial_design.SCHEMA: trial_design.trial_problems,
        DESIGN: _design_problems,
    }


def _design_problems(document: Document) -> list[Problem]:
    from sim.design.config_run import design_problems

    return design_problems(document)


def _evidence_problems(document: Document) -> list[Problem]:
    from sim.evidence.load import load_evidence

    try:
        load_evidence(document.file)
    except InvalidDocument as invalid:
        return list(invalid.problems)
    return []


def _documents(path: str) -> Iterator[Path]:
    from sim.protocol.library import find_all

    folder = Path(path)
    if not folder.is_dir():
        yield from find_all(path)
        return
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.suffix in (".yaml", ".yml") and file.is_file() and not hidden:
            yield file


def resolve(
    protocol: ProtocolName,
    set_: Set = None,
    population: Population = None,
    form: Annotated[str, typer.Option("--format", metavar="yaml|json", help="How to print.")] = "yaml",
) -> None:
    """Print the explicit machine form of a protocol: no shorthand, no inheritance, every default written out."""
    from sim.protocol.resolve import load_protocol, machine_form

    if form not in ("yaml", "json"):
        raise UsageError(f'--format is yaml or json, found "{form}"')
    found = load_protocol(protocol, set=set_ or (), population=population)
    if form == "json":
        print_json(found.model_dump(mode="json", by_alias=True, exclude_none=True))
    else:
        sys.stdout.write(machine_form(found))


def graph(
    protocol: ProtocolName,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.svg", help="The SVG file to write.")],
    set_: Set = None,
    population: Population = None,
) -> None:
    """Draw the phases of a protocol, the ways between them, and the hazards."""
    from sim.protocol.resolve import load_protocol
    from sim.report.graph import graph as draw

    if out.suffix != ".svg":
        raise UsageError(f'graph writes SVG; give -o a name that ends in .svg, found "{out}"')
    draw(load_protocol(protocol, set=set_ or (), population=population), out)
    typer.echo(f"wrote {out}")


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A protocol or population (name or path).")],
    b: Annotated[str | None, typer.Argument(metavar="B", help="The other; A itself if only options differ.")] = None,
    set_: Set = None,
    population: Population = None,
    form: Format = "text",
) -> None:
    """Show what differs between two protocols or populations, by document path; options apply to the second."""
    from sim.protocol.resolve import kind_of, load_population, load_protocol
    from sim.report.difference import differences

    if b is None and not set_ and population is None:
        raise UsageError("diff needs two protocols, or one with --set or --population: engraft diff A B")
    kinds = kind_of(a), kind_of(a if b is None else b)
    if kinds[0] != kinds[1]:
        raise UsageError(f"{a} is a {kinds[0]} and {b} a {kinds[1]}; diff compares two of a kind")
    first: Protocol | PopulationModel
    second: Protocol | PopulationModel
    if kinds[0] == "population":
        if population is not None:
            raise UsageError(f"{a} is a population; --population is for protocols")
        first, second = load_population(a), load_population(a if b is None else b, set=set_ or ())
    else:
        first = load_protocol(a)
        second = load_protocol(a if b is None else b, set=set_ or (), population=population)
    found = differences(first, second)
    if form == "json":
        print_json([entry.as_dict() for entry in found])
        return
    from rich.text import Text

    console = standard_output()
    styles = {"added": "green", "removed": "red", "changed": "yellow"}
    for entry in found:
        console.print(Text(str(entry), style=styles[entry.kind]))
    console.print(f"{count(len(found), 'difference')} between {first.id} and {second.id}")
