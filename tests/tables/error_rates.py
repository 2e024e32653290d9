"""Simulate error rates, and write their page in docs/validation: `python tests/tables/error_rates.py [NAME ..]`.

Without names every rate of the files `rates_*.py` beside is simulated anew. A name is one of these files or the id of
one rate: then only those are, and the rest of the page keeps the counts found before, which are in
statistics-error-rates.csv beside the page.
"""

from __future__ import annotations

import csv
import importlib
import itertools
import sys
import time
from pathlib import Path

from rate_check import MOST, Rate

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "docs" / "validation"
COUNTS = FOLDER / "statistics-error-rates.csv"
PAGE = FOLDER / "statistics-error-rates.md"


def files() -> list[str]:
    """The files of rates: all beside whose name starts with `rates_`."""
    return sorted(path.stem for path in HERE.glob("rates_*.py"))


def rates(names: list[str] | None = None) -> list[Rate]:
    """All rates of some files (of all without names): their RATES."""
    return [rate for name in names or files() for rate in importlib.import_module(name).RATES]


def stored() -> dict[str, int]:
    """Counts found before, by the id of the rate; those of another number of data sets are stale."""
    if not COUNTS.is_file():
        return {}
    sizes = {rate.id: str(rate.data_sets) for rate in rates()}
    with COUNTS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if sizes.get(row["id"]) == row["data_sets"]]
    return {row["id"]: int(row["count"]) for row in rows}


def line(rate: Rate, count: int) -> str:
    """One row of the table."""
    observed = count / rate.data_sets
    bound = "exact" if rate.exact is not None else "at most" if rate.kind == "type I error" else "at least"
    level = rate.exact if rate.exact is not None else rate.nominal
    verdict = "yes" if rate.holds(observed) else "**no**"
    if rate.deviation:
        verdict = f"{'deviates' if rate.holds(observed) else '**no**'} (accepted: {rate.accepted:g}): {rate.deviation}"
    cells = (
        rate.kind,
        rate.setting,
        f"{rate.data_sets:,}",
        f"{bound} {level:.6g}",
        f"{observed:.5f}",
        f"{rate.mc_error():.5f}",
        verdict,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def page(counts: dict[str, int]) -> str:
    """The document as markdown, from the counts of the rates that have been simulated."""
    known = sorted((rate for rate in rates() if rate.id in counts), key=lambda rate: rate.method)
    lines = [
        "# Error rates of the statistics",
        "",
        "Type I error of each test and coverage of each interval in simulated data sets, with fixed seeds. A rate",
        f"holds when it is on the wrong side of its nominal level by at most {MOST:g} Monte Carlo standard errors; the",
        "exact rate of a discrete procedure must be met on both sides. Where an asymptotic method misses its level at",
        "a stated size, the row says why and which rate is accepted there instead. Made by",
        "`python tests/tables/error_rates.py`; `make verify` simulates every row anew.",
    ]
    for method, group in itertools.groupby(known, key=lambda rate: rate.method):
        lines += [
            "",
            f"## {method}",
            "",
            "| what | setting | data sets | nominal | observed | MC error | holds |",
            "|---|---|--:|--:|--:|--:|---|",
        ]
        lines += [line(rate, counts[rate.id]) for rate in group]
    return "\n".join(lines) + "\n"


def chosen(names: list[str]) -> set[str]:
    """Ids of the rates that names ask for, files or ids; all without names."""
    asked = {rate.id for rate in rates() if rate.id in names} if names else {rate.id for rate in rates()}
    for name in names:
        if name.removesuffix(".py") in files():
            asked |= {rate.id for rate in rates([name.removesuffix(".py")])}
        elif name not in asked:
            raise SystemExit(f"{name}: neither a file of rates ({', '.join(files())}) nor the id of a rate")
    return asked


def main(names: list[str]) -> None:
    """Simulate what was asked for, and write counts and page."""
    FOLDER.mkdir(exist_ok=True)
    counts = stored()
    again = chosen(names)
    for rate in rates():
        if rate.id in again:
            started = time.perf_counter()
            counts[rate.id] = rate.count()
            spent = time.perf_counter() - started
            print(f"{counts[rate.id] / rate.data_sets:.5f}  {spent:6.1f} s  {rate.id}", file=sys.stderr, flush=True)
    with COUNTS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "data_sets", "count"])
        writer.writerows([rate.id, rate.data_sets, counts[rate.id]] for rate in rates() if rate.id in counts)
    PAGE.write_text(page(counts), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
