"""Runs a protocol over many patients: chunks, drivers and workers. No result depends on these; no medicine here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from sim.errors import UsageError
from sim.units import TICKS_PER_DAY, parse_duration

if TYPE_CHECKING:
    from sim.engine.history import History
    from sim.engine.loop import Chunk
    from sim.engine.plan import Plan
    from sim.protocol.schema import Protocol

Engine = Literal["simpy", "compiled", "python", "auto"]
ENGINES: tuple[Engine, ...] = ("simpy", "compiled", "python", "auto")
CHUNKS = {"simpy": 100, "compiled": 20_000, "python": 500}
"""Patients a chunk at most: a SimPy calendar is quickest when short; processes hand over no more at once."""

MOST_PATIENTS = 5_000_000
"""A run is kept in memory, about 1.5 kB a patient; beyond this use replicates."""
MOST_WORKERS = 1_000


def simulate(
    protocol: str | Path | Protocol,
    *,
    patients: int,
    seed: int,
    replicate: int = 0,
    engine: Engine = "simpy",
    horizon: str | float = "5 y",
    workers: int = 1,
    set: Sequence[str] = (),
    population: str | Path | None = None,
    first: int = 0,
    chunk: int | None = None,
    arrivals: np.ndarray | None = None,
    detail: bool = False,
) -> History:
    """Simulate virtual patients of one protocol.

    Parameters
    ----------
    protocol
        A name from the library, a path, or a protocol already loaded.
    patients, first
        How many patients, and the number of the first; a patient is the same whoever else is simulated.
    seed, replicate
        The key of all draws, with `replicate` for repetitions of the whole run.
    engine
        ``simpy`` (the reference), ``compiled`` (the fast loop), ``python`` (the slow oracle) or ``auto`` (``compiled``
        unless patients compete for places). All give the same History.
    horizon
        The data cut, as a duration such as "5 y" or as days since each patient's own time zero.
    workers
        Processes to use.
    set, population
        Overrides and population, as in `load_protocol`.
    chunk
        Patients handled together; by default what suits the engine.
    arrivals
        Days on the common calendar at which patients arrive, shape (patients,); they matter where places are shared.
    detail
        Also log attributes, doses and marker levels, as a trace needs them.

    Raises
    ------
    InvalidDocument
        The protocol has errors; all are told with their places.
    UsageError
        An argument is out of range, or the engine cannot do what the protocol needs.
    EngraftError
        A patient's run could not go on; the text names patient and site.
    """
    from sim.engine.history import History
    from sim.engine.jit import announce
    from sim.engine.plan import compile_plan
    from sim.protocol.resolve import load_protocol

    days = horizon_days(horizon)
    whole = {"patients": patients, "seed": seed, "replicate": replicate, "first": first}
    whole |= {"workers": workers} | ({} if chunk is None else {"chunk": chunk})
    for name, value in whole.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise UsageError(f"{name} must be a whole number, found {value!r}")
    for name in ("patients", "first", "workers", "chunk"):
        least = 0 if name == "first" else 1
        if name in whole and whole[name] < least:
            raise UsageError(f"{name} must be at least {least}, found {whole[name]}")
    if first + patients > 2**62:
        raise UsageError(f"patients are numbered below 2**62, found {patients} from {first}")
    if patients > MOST_PATIENTS or workers > MOST_WORKERS:
        raise UsageError(
            f"one run takes at most {MOST_PATIENTS:,} patients and {MOST_WORKERS:,} workers, "
            f"found {patients} and {workers}; for more patients run several replicates"
        )
    plan = compile_plan(load_protocol(protocol, set=set, population=population))
    most = plan.most_patients
    if most is not None and first + patients > most:
        raise UsageError(
            f"patients are numbered from 0 to {first + patients - 1:,} here, and the table of {plan.protocol.id} has "
            f"{most:,}, each drawn once; ask for fewer, or draw with replacement (table.draw)"
        )
    chosen = _engine(plan, engine, arrivals)
    ints = plan.for_run(seed=seed, replicate=replicate, horizon_days=days, detail=detail)
    if chosen != "python":
        announce()
    ticks = None if arrivals is None else _ticks(arrivals, patients)
    chunks = run_chunks(plan, ints, chosen, first=first, patients=patients, workers=workers, chunk=chunk, ticks=ticks)
    return History.of(plan, chunks, seed=seed, replicate=replicate, horizon_days=days, engine=chosen)


def run_chunks(
    plan: Plan,
    ints: np.ndarray,
    engine: str,
    *,
    first: int,
    patients: int,
    workers: int = 1,
    chunk: int | None = None,
    ticks: np.ndarray | None = None,
) -> list[Chunk]:
    """Run patients in a row with one driver, in chunks of the size asked for or of what suits driver and workers."""
    size = patients if plan.shares_resources else chunk or min(CHUNKS[engine], -(-patients // workers))
    if engine == "compiled" and workers == 1 and chunk is None:
        size = patients  # one log, in memory that is touched once
    spans = [(start, min(size, first + patients - start)) for start in range(first, first + patients, size)]
    if workers == 1 or len(spans) == 1:
        return [
            run_chunk(plan, ints, engine, start, count, None if ticks is None else ticks[start - first :][:count])
            for start, count in spans
        ]
    from joblib import Parallel, delayed

    run_chunk(plan, ints, engine, first, 1, None)  # compiles here, so that the workers find it done
    work = (delayed(run_chunk)(plan, ints, engine, start, count, None) for start, count in spans)
    return list(Parallel(n_jobs=min(workers, len(spans)))(work))


def run_chunk(plan: Plan, ints: np.ndarray, engine: str, first: int, count: int, arrivals: np.ndarray | None) -> Chunk:
    """Run patients in a row with one driver."""
    if engine == "simpy":
        from sim.engine.simpy_driver import run_simpy

        return run_simpy(plan, ints, first=first, count=count, arrivals=arrivals)
    from sim.engine.loop import run_loop

    return run_loop(plan, ints, first=first, count=count, plain=engine == "python")


def _ticks(arrivals: np.ndarray, patients: int) -> np.ndarray:
    """Ticks of arrival, one a patient."""
    days = np.asarray(arrivals, dtype=float)
    if days.shape != (patients,) or not np.isfinite(days).all() or days.min() < 0:
        raise UsageError(
            f"arrivals must be {patients} finite days that are not negative, found an array of shape {days.shape}"
        )
    ticks: np.ndarray = np.rint(days * TICKS_PER_DAY).astype(np.int64)
    return ticks


def horizon_days(horizon: str | float) -> float:
    """Days in a horizon such as "5 y" or 730.5."""
    if isinstance(horizon, str):
        try:
            return parse_duration(horizon)
        except ValueError as error:
            raise UsageError(f"horizon: {error}") from None
    return float(horizon)


def _engine(plan: Plan, engine: Engine, arrivals: np.ndarray | None) -> str:
    """The driver to use, or why the one asked for cannot."""
    if engine not in ENGINES:
        raise UsageError(f'engine "{engine}" is not known; choose one of {", ".join(ENGINES)}')
    if plan.shares_resources:
        if engine in ("compiled", "python"):
            places = ", ".join(name for name, _ in plan.resources)
            raise UsageError(f"patients compete for {places}, which only the simpy engine can do; use --engine simpy")
        return "simpy"
    if arrivals is not None and engine != "simpy":
        raise UsageError("arrivals are for the simpy engine")
    return "compiled" if engine == "auto" else engine
