"""Write docs/validation/printed-values.md, every fitted figure simulated: `python tests/tables/printed_values.py`.

Curves and shares come from the rows *as published* of a comparison: the study's own population, entry gate, follow-up
and estimator. Figures that the evidence states in words (`quantity`) and times between events are counted here. The
tests of the families and the test that keeps the page current use these same values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import comb, exp, log, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, stats

from sim.batch.run import simulate
from sim.compare.config import LATEST_TIME_ZERO
from sim.compare.prepare import PreparedStudy
from sim.compare.published import as_published, follow_up_cut
from sim.engine.history import History
from sim.evidence.load import load_evidence
from sim.evidence.schema import Evidence, Record
from sim.protocol.library import names
from sim.protocol.resolve import load_protocol
from sim.stats.binomial import binomial_interval

PAGE = Path(__file__).parents[2] / "docs" / "validation" / "printed-values.md"
STRUCTURES = ("hazard", "regrowth")
PATIENTS, SEED = 20_000, 7
DAY = 100_000
Z = 1.959964

Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Printed:
    """What a study printed, its 95 % interval and its standard error, in the unit."""

    value: float
    low: float
    high: float
    error: float
    unit: str


@dataclass(frozen=True)
class Simulated:
    """What the model gives in that unit, its Monte Carlo error, and of how many patients, cycles or intervals."""

    value: float
    error: float
    of: int


# Printed


def studies() -> dict[str, Evidence]:
    """The studies with a protocol, by name, each with the evidence file that holds it."""
    files = [load_evidence(name) for name in names("evidence")]
    return {study: file for file in files for study, stated in file.studies.items() if stated.protocol is not None}


def fitted() -> dict[str, tuple[Record, str]]:
    """Every fitted record of every evidence file, and its study."""
    files = [load_evidence(name) for name in names("evidence")]
    return {record.id: (record, record.study[0]) for file in files for record in file.records if record.use == "fit"}


def printed(record: Record) -> Printed:
    """A record's value, its interval, and as its standard error the width of the interval over 3.92.

    The interval is the printed or repaired one, or the Clopper-Pearson interval of a count. Medians are told below.
    """
    assert isinstance(record.value, int | float)
    if record.unit == "days":
        return _printed_median_of_days(record)
    if record.unit == "cycles":
        return _printed_median_of_cycles()
    if record.interval is not None:
        low, high, value = record.interval.low, record.interval.high, float(record.value)
    else:
        assert record.events is not None
        assert record.n is not None
        exact = binomial_interval(record.events, record.n)
        low, high, value = 100 * exact.ci_low, 100 * exact.ci_high, 100 * record.events / record.n
    return Printed(value, low, high, (high - low) / (2 * Z), "percent")


def _printed_median_of_days(record: Record) -> Printed:
    """The log of n times is taken as normal, with the standard deviation that gives their range on average.

    The median then has 1.2533 / sqrt(n) of it as standard error (Tippett 1925 for the range).
    """
    assert record.range is not None
    assert record.n is not None
    assert isinstance(record.value, int | float)
    n, value = record.n, float(record.value)
    spread = log(record.range.high / record.range.low) / expected_range(n)
    error = sqrt(np.pi / 2 / n) * spread
    return Printed(value, value * exp(-Z * error), value * exp(Z * error), value * error, "days")


def greenwood(record: Record) -> float:
    """The standard error of a curve's value, in points, by the effective number that its interval implies."""
    assert record.n_eff is not None
    assert isinstance(record.value, int | float)
    share = record.value / 100
    return 100 * sqrt(share * (1 - share) / record.n_eff)


def expected_range(n: int) -> float:
    """The mean range of n standard normal values: the integral of 1 - F^n - (1 - F)^n (Tippett 1925)."""
    return float(integrate.quad(lambda x: 1 - stats.norm.cdf(x) ** n - stats.norm.sf(x) ** n, -np.inf, np.inf)[0])


CYCLES = Counter({1: 10, 2: 6, 3: 2, 4: 2, 6: 1})
"""Cycles of the 21 patients of Huang 2024: S2-R09a to c, and for S2-R09d what 42 courses and a largest of 6 leave."""


def _printed_median_of_cycles() -> Printed:
    """Interval from order statistics, standard error from the exact law of the median of 21 draws (the bootstrap's)."""
    given = sorted(CYCLES.elements())
    n, half = len(given), len(given) // 2 + 1
    upto = {k: sum(count for cycles, count in CYCLES.items() if cycles <= k) / n for k in sorted(CYCLES)}
    below = [sum(comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(half, n + 1)) for p in upto.values()]
    mass = np.diff([0.0, *below])
    mean = float(np.dot(mass, list(upto)))
    rank = int(stats.binom.ppf(0.025, n, 0.5))
    error = sqrt(float(np.dot(mass, np.square(list(upto)))) - mean**2)
    return Printed(given[half - 1], given[rank - 1], given[n - rank], error, "cycles")


# Simulated


@cache
def history_of(study: str, structure: str, patients: int = PATIENTS, seed: int = SEED) -> History:
    """The study's protocol in its own population, under one structure of relapse, for as long as it was followed."""
    prepared = _prepared(study, structure)
    return simulate(
        prepared.protocol, patients=patients, seed=seed, engine="compiled",
        horizon=prepared.horizon(0) + LATEST_TIME_ZERO,
    )  # fmt: skip


@cache
def _prepared(study: str, structure: str) -> PreparedStudy:
    evidence = studies()[study]
    stated = evidence.studies[study]
    assert stated.protocol is not None
    chosen = [f"switches.relapse_structure.value={structure}"]
    protocol = load_protocol(stated.protocol, population=stated.population, set=chosen)
    return PreparedStudy(evidence, study, stated, protocol, ("as_published",))


@cache
def simulated(study: str, structure: str, patients: int = PATIENTS, seed: int = SEED) -> dict[str, Simulated]:
    """Every curve value and share of a study, and what is counted in words, by the record's id."""
    history = history_of(study, structure, patients, seed)
    prepared = _prepared(study, structure)
    rows = as_published(prepared, history, seed=seed, horizon=prepared.horizon(0), names={})["summary"]
    found = {}
    for row in rows:
        name = str(np.atleast_1d(row["source"])[0]).split()[1].rstrip(",")
        estimate, error, of = (float(np.atleast_1d(row[key])[0]) for key in ("estimate", "mc_se", "n"))
        found[name] = Simulated(100 * estimate, 100 * error, int(of))
    cut = follow_up_cut(history, prepared.study.follow_up, seed=seed)
    assert cut is not None
    for record in prepared.evidence.of_study(study):
        if record.use == "fit" and record.id not in found:
            found[record.id] = _in_words(record, history, cut)
    return found


def _in_words(record: Record, history: History, cut: NDArray[np.int64]) -> Simulated:
    if record.time_between is not None:
        begin, end = (history.first_tick(name) for name in (record.time_between.from_, record.time_between.to))
        seen = history.enrolled & (begin >= 0) & (end >= begin) & (end <= cut)
        return _median((end - begin)[seen] / DAY)
    cycles = history.patients["blinatumomab"].to_numpy()
    inside = history.enrolled
    match record.id:
        case "S2-R08":
            return _median(cycles[inside])
        case "S2-R09a" | "S2-R09b" | "S2-R09c":
            return _share(cycles == {"a": 1, "b": 2, "c": 3}[record.id[-1]], inside)
        case "S2-R09d" | "S3-B10":
            return _share(cycles >= 4, inside)
        case "S2-R10":
            return _median(_between_cycles(history))
        case "S2-R24":
            return _share(_had(history, "cgvhd", cut) & ~_had(history, "severe_cgvhd", cut), inside)
        case "S2-R45":
            lost = [_had(history, name, cut) for name in ("relapse", "molecular_relapse", "death")]
            assert record.group is not None
            slow = np.isin(history.attribute(record.group.by).astype(str), record.group.values)
            return _share(~np.logical_or.reduce(lost), inside & slow)
    raise LookupError(f"{record.id}: nothing here counts {record.quantity!r}")


def _had(history: History, event: str, cut: NDArray[np.int64]) -> Truths:
    ticks = history.first_tick(event)
    had: Truths = (ticks >= 0) & (ticks <= cut)
    return had


def _between_cycles(history: History) -> NDArray[np.float64]:
    """Days from start to start of cycles that follow one another, of all enrolled patients."""
    cycles = history.events[history.events.event == "cycle"]
    cycles = cycles[history.enrolled[cycles.patient.to_numpy()]]
    return np.asarray(cycles.groupby("patient").time_days.diff().dropna(), dtype=np.float64)


def _share(hits: Truths, of: Truths) -> Simulated:
    n = int(of.sum())
    share = float(np.mean(hits[of]))
    return Simulated(100 * share, 100 * sqrt(share * (1 - share) / n), n)


def _median(values: NDArray[np.float64]) -> Simulated:
    """The median, and half the distance of the order statistics one binomial standard deviation to either side."""
    ordered = np.sort(values)
    n = len(ordered)
    low, high = (ordered[round(n / 2 + side * sqrt(n) / 2)] for side in (-1, 1))
    return Simulated(float(np.median(ordered)), float(high - low) / 2, n)


# The page


def what(record: Record) -> str:
    """A record in words."""
    if record.endpoint is not None:
        words = f"{record.endpoint} at {record.time}"
    elif record.share is not None:
        words = record.share.words
        if record.share.of not in ("enrolled", "evaluable"):
            words += f", after {record.share.of}"
    elif record.time_between is not None:
        words = f"median time from {record.time_between.from_} to {record.time_between.to}"
    else:
        words = record.quantity or ""
    if record.group is not None:
        words += f"; {record.group.by} {' or '.join(record.group.values)}"
    return words.replace("_", " ")


def signed(value: float) -> str:
    """One decimal with its sign, and no negative zero."""
    return f"{round(value, 1) + 0.0:+.1f}"


def row(record: Record, study: str) -> list[str]:
    """The cells of a record: printed, then for each structure simulated, the deviation, and that in standard errors."""
    stated = printed(record)
    counted = record.interval is None and record.events is not None and stated.unit == "percent"
    unit = "" if stated.unit == "percent" else f" {stated.unit}"
    cells = [
        record.id,
        what(record),
        (f"{record.events}/{record.n} = " if counted else "") + f"{stated.value:.1f}{unit}",
        f"{stated.low:.1f} to {stated.high:.1f}",
        f"{stated.error:.1f}",
    ]
    for structure in STRUCTURES:
        found = simulated(study, structure)[record.id]
        away = found.value - stated.value
        cells += [f"{found.value:.1f} ± {found.error:.1f}", signed(away), signed(away / stated.error)]
    return cells


HEAD = (
    "record", "what", "printed", "95 % interval", "its SE", "hazard", "points", "SE", "regrowth", "points", "SE"
)  # fmt: skip

ABOVE = """# Simulated beside printed

Every record of the evidence that was fitted (`use: fit`), each simulated in its study's own population, entry gate,
follow-up and estimator: {patients} screened patients, seed {seed}, under both structures of relapse. Percent, days or
cycles. *Points* are simulated less printed, in that unit; *SE* is the same in the publication's standard errors. Behind
± stands the Monte Carlo error of the simulated value.

- The interval is the printed one, the repaired one where that cannot be right, or the Clopper-Pearson interval of a
  count; the publication's standard error is its width over 3.92, which for values near 0 and 100 is a scale and not a
  test. By Greenwood's formula that of S1-R10, one death in 91, is {greenwood:.1f} points; what that death means is on
  [the page of the two protocols](../protocols/all-mrd.md).
- A median of days has the error of n log-normal times with the printed range; the median of cycles that of 21 draws
  from the printed counts, and an interval by order statistics. Cycles and the days between them are counted whatever
  the follow-up.
- {inside} of {values} simulated values lie inside their intervals{outside}, {near} of {values} within one standard
  error.

Made by `python tests/tables/printed_values.py`; `python -m pytest tests/protocols/test_printed_values.py` keeps it
complete and current.
"""


def page() -> str:
    """The whole page as markdown."""
    rows: dict[str, list[list[str]]] = {}
    inside, near, outside, values = 0, 0, [], 0
    for record, study in fitted().values():
        rows.setdefault(study, []).append(row(record, study))
        stated = printed(record)
        for structure in STRUCTURES:
            found = simulated(study, structure)[record.id].value
            values += 1
            near += abs(found - stated.value) <= stated.error
            inside += stated.low <= found <= stated.high
            if not stated.low <= found <= stated.high:
                outside.append(f"{record.id} ({structure})")
    text = ABOVE.format(
        patients=f"{PATIENTS:,}", seed=SEED, inside=inside, near=near, values=values,
        outside=f" (not: {', '.join(outside)})" if outside else "", greenwood=greenwood(fitted()["S1-R10"][0]),
    )  # fmt: skip
    return text + "".join(_tables(rows))


def _tables(rows: dict[str, list[list[str]]]) -> Iterator[str]:
    for study, lines in rows.items():
        yield f"\n## {study}: {studies()[study].studies[study].title}\n\n"
        yield "| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD) + "\n"
        yield from ("| " + " | ".join(cells) + " |\n" for cells in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
