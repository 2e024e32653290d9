"""Write docs/validation/statistics-error-rates.md from the rates beside: `python tests/tables/error_rates.py`."""

from __future__ import annotations

import importlib
import itertools
import sys
import time
from pathlib import Path

from rate_check import MOST, Rate

HERE = Path(__file__).parent


def rates() -> list[Rate]:
    """All rates: the RATES of each file beside whose name starts with `rates_`."""
    names = sorted(path.stem for path in HERE.glob("rates_*.py"))
    return [rate for name in names for rate in importlib.import_module(name).RATES]


def line(rate: Rate, observed: float) -> str:
    """One row of the table."""
    bound = "exact" if rate.exact is not None else "at most" if rate.kind == "type I error" else "at least"
    level = rate.exact if rate.exact is not None else rate.nominal
    verdict = "yes" if rate.holds(observed) else "**no**"
    if rate.deviation:
        verdict += f"; {rate.deviation} (accepted: {rate.accepted:g})"
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


def page() -> str:
    """The document as markdown; every rate is simulated anew, with fixed seeds."""
    lines = [
        "# Error rates of the statistics",
        "",
        "Type I error of each test and coverage of each interval in simulated data sets, with fixed seeds. A rate",
        f"holds when it is on the wrong side of its nominal level by at most {MOST:g} Monte Carlo standard errors; the",
        "exact rate of a discrete procedure must be met on both sides. Where an asymptotic method misses its level at",
        "a stated size, the row says why and which rate is accepted there. Made by",
        "`python tests/tables/error_rates.py`; `make verify` checks every row.",
    ]
    for method, group in itertools.groupby(sorted(rates(), key=lambda rate: rate.method), key=lambda rate: rate.method):
        lines += [
            "",
            f"## {method}",
            "",
            "| what | setting | data sets | nominal | observed | MC error | holds |",
            "|---|---|--:|--:|--:|--:|---|",
        ]
        for rate in group:
            started = time.perf_counter()
            lines.append(line(rate, rate.count() / rate.data_sets))
            print(f"{rate.id}: {time.perf_counter() - started:.1f} s", file=sys.stderr)
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the document."""
    folder = HERE.parents[1] / "docs" / "validation"
    folder.mkdir(exist_ok=True)
    (folder / "statistics-error-rates.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
