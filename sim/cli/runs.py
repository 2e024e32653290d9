"""Commands that simulate: simulate, trace, compare."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from sim.batch.folder import NOTICE
from sim.cli.console import count, print_json, print_table, records, working
from sim.cli.options import (
    Format,
    Horizon,
    Out,
    Overwrite,
    Population,
    ProtocolName,
    Replicate,
    Seed,
    Set,
    Workers,
    given,
    protocol_arguments,
)

Engine = Annotated[
    Literal["simpy", "compiled", "auto", "python"] | None,
    typer.Option("--engine", help="Which driver; else simpy. All give the same bytes."),
]

_UNREACHED = " – in place of an estimate: nobody is followed for so long after this endpoint's own time zero."


def add_to(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.command()(simulate)
    app.command()(trace)
    app.command()(compare)


def simulate(
    protocol: ProtocolName,
    patients: Annotated[int, typer.Option("--patients", metavar="N", min=1, help="How many patients are screened.")],
    seed: Seed,
    out: Out = None,
    engine: Engine = None,
    replicate: Replicate = None,
    horizon: Horizon = None,
    workers: Workers = None,
    set_: Set = None,
    population: Population = None,
    overwrite: Overwrite = False,
    form: Format = "text",
) -> None:
    """Simulate one protocol; write patients.csv, events.csv, endpoints.csv and funnel.csv."""
    from sim.batch.folder import ResultFolder, manifest, run_info
    from sim.batch.run import simulate as run
    from sim.batch.store import write_history
    from sim.endpoints.table import endpoint_table
    from sim.protocol.resolve import load_protocol, machine_form
    from sim.report.tables import endpoint_summary, screening

    started = time.time()
    resolved = load_protocol(protocol, set=set_ or (), population=population)
    folder = ResultFolder(out or Path("results") / resolved.id, overwrite=overwrite)
    options = given(replicate=replicate, horizon=horizon)
    with working(f"simulating {count(patients, 'patient')} of {resolved.id}"):
        history = run(resolved, patients=patients, seed=seed, **options, **given(engine=engine, workers=workers))
        endpoints = endpoint_table(history)
        write_history(history, folder, endpoints=endpoints)
    typed = ["engraft", "simulate", protocol, "--patients", str(patients), "--seed", str(seed)]
    typed += [word for name, value in options.items() for word in (f"--{name}", str(value))]
    made = manifest(
        inputs={f"{resolved.id} (machine form)": machine_form(resolved)},
        overrides=set_ or (),
        seed=seed,
        command=shlex.join([*typed, *protocol_arguments(set_, population)]),
        patients=patients,
        population=population,
        **options,
    )
    if resolved.table is not None and resolved.table.file and resolved.table.sha256:
        made["inputs"] |= {resolved.table.file: resolved.table.sha256}
    ran: dict[str, Any] = {"workers": workers or 1, "engine": engine, "arguments": sys.argv[1:]}
    folder.finish(made, run_info(started=started, finished=time.time(), **ran))
    summary, funnel = endpoint_summary(history), screening(history)
    if form == "json":
        print_json(
            {
                "summary": records(summary),
                "funnel": records(history.funnel),
                "folder": str(folder.path),
                "files": list(folder.files),
                "notice": NOTICE,
            }
        )
        return
    print_table(
        summary,
        title=resolved.title,
        caption=f"{count(patients, 'patient')}, seed {seed}; percent, with 95 % intervals: Monte Carlo error only."
        + (_UNREACHED if (summary["estimate"] == "–").any() else ""),
    )
    if funnel is not None:
        print_table(funnel, title=funnel.attrs["title"], caption=funnel.attrs["note"])
    typer.echo(f"{count(len(folder.files), 'file')} in {folder.path}: {', '.join(folder.files)}")


def trace(
    protocol: ProtocolName,
    patient: Annotated[int, typer.Option("--patient", metavar="K", min=0, help="Which patient, from 0.")],
    seed: Seed,
    replicate: Replicate = None,
    horizon: Horizon = None,
    set_: Set = None,
    population: Population = None,
) -> None:
    """Tell the story of one synthetic patient in words and days."""
    from sim.report.trace import trace as tell

    options: dict[str, Any] = given(replicate=replicate, horizon=horizon)
    story = tell(protocol, patient=patient, seed=seed, set=set_ or (), population=population, **options)
    sys.stdout.write(story.text)


def compare(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Name of a comparison, or a path to one.")],
    out: Out = None,
    patients: Annotated[
        int | None, typer.Option("--patients", metavar="N", min=1, help="Patients an arm, instead of the config's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="S", min=0, help="Seed, instead of the config's.")
    ] = None,
    set_: Set = None,
    workers: Workers = None,
    engine: Engine = None,
    overwrite: Overwrite = False,
    form: Format = "text",
) -> None:
    """Compare protocols: as published, and in one population; write tables, figures and report.html."""
    from sim.batch.folder import ResultFolder
    from sim.compare.run import compare as run
    from sim.report.html import write_report

    # Refused before the work and not after it.
    folder = ResultFolder(out or Path("results") / Path(config).stem, overwrite=overwrite)
    with working(f"comparing {config}"):
        found = run(config, patients=patients, seed=seed, set=set_ or (), **given(workers=workers, engine=engine))
        write_report(found, folder)
    published, contrast = found.tables()
    if form == "json":
        print_json(
            {
                "as_published": records(published),
                "one_population": records(contrast),
                "funnel": records(found.funnel),
                "folder": str(folder.path),
                "files": list(folder.files),
                "notice": NOTICE,
            }
        )
        return
    screening = found.screening()
    for table in (*((published,) if len(published) else ()), contrast, *(() if screening is None else (screening,))):
        print_table(table, title=table.attrs["title"], caption=table.attrs["note"])
        typer.echo()
    typer.echo(f"{count(len(folder.files), 'file')} in {folder.path}; open {folder.path / 'report.html'}")
