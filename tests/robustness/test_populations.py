"""Mutated populations and mutated tables of patients: each is used, or refused with positions."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from sim.errors import InvalidDocument
from sim.protocol.document import load_document
from sim.protocol.library import names
from sim.protocol.resolve import lint, load_protocol

from .judge import check_problems, verdict, warm_up
from .mutations import NUMBERS, WORDS, mutated

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "protocols" / "populations"
POPULATIONS = [*sorted(SHIPPED.glob("*.yaml")), Path(__file__).parent / "patients.yaml"]
TABLES = [path.with_suffix(".csv") for path in POPULATIONS if path.with_suffix(".csv").is_file()]
PART = 500
"""Mutations a test; ten tests make the 5,000 of a file that `make verify` runs."""


def parts(few: int) -> list[object]:
    """A few seeds for every run of the suite, and 5,000 for `make verify`."""
    large = [
        pytest.param(range(start, start + PART), marks=pytest.mark.verify, id=f"from-{start}")
        for start in range(0, 10 * PART, PART)
    ]
    return [pytest.param(range(few), id="few"), *large]


def named(paths: list[Path]) -> dict[str, object]:
    return {"argvalues": paths, "ids": [path.stem for path in paths]}


@cache
def protocol_of(population: Path) -> str | Path:
    """A protocol that knows what a population sets, the smallest first."""
    for protocol in (ROOT / "tests" / "report" / "small.yaml", *names("protocol")):
        try:
            load_protocol(protocol, population=population)
        except InvalidDocument:
            continue
        return protocol
    raise AssertionError(f"no protocol has what {population} sets")


def judged(population: Path, protocol: str | Path) -> str:
    """How a population ends in a protocol, and whether lint says the same of it alone."""
    ended = verdict(lambda: load_protocol(protocol, population=population))
    if problems := lint(population):
        check_problems(problems)
        assert ended == "refused"
    return ended


@pytest.mark.parametrize("seeds", parts(25))
@pytest.mark.parametrize("population", **named(POPULATIONS))
def test_a_mutated_population_is_used_or_refused(population: Path, seeds: range, tmp_path: Path) -> None:
    protocol = protocol_of(population)
    warm_up(protocol)
    tree, text = load_document(population).plain(), population.read_text("utf-8")
    for table in TABLES:
        shutil.copy(table, tmp_path)
    file = tmp_path / "population.yaml"
    ended: Counter[str] = Counter()
    for seed in seeds:
        file.write_bytes(mutated(tree, text, random.Random(seed)).encode("utf-8", "surrogatepass"))
        try:
            ended[judged(file, protocol)] += 1
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
    assert ended["simulated"] >= 2
    assert ended["refused"] >= 8


def mutated_table(text: str, luck: random.Random) -> bytes:
    """A table after one to three mutations of its cells, rows or characters."""
    for _ in range(luck.choice((1, 1, 2, 3))):
        lines = text.split("\n")
        at = luck.randrange(len(lines))
        cells = lines[at].split(",")
        place = luck.randrange(len(cells))
        way = luck.random()
        if way < 0.45:
            others = [cell for line in lines for cell in line.split(",")]
            cells[place] = luck.choice(
                (*map(str, NUMBERS), *WORDS, luck.choice(others), "", "NA", " ", '"', '""', '"a,b"')
            )
            lines[at] = ",".join(cells)
        elif way < 0.55:
            del cells[place]
            lines[at] = ",".join(cells)
        elif way < 0.65:
            cells.insert(place, luck.choice(cells))
            lines[at] = ",".join(cells)
        elif way < 0.75:
            lines.insert(luck.randrange(len(lines)), lines[at])
        elif way < 0.85:
            del lines[at : at + luck.choice((1, 1, 50))]
        text = "\n".join(lines)
        if way >= 0.85:
            spot = luck.randrange(len(text) + 1)
            new = luck.choice((*WORDS, ",", '"', "\n", "\r", "\r\n", ";", "\t", "\x00", "\ufeff"))
            text = text[:spot] + new + text[spot + luck.choice((0, 1, 10)) :]
    content = text.encode("utf-8", "surrogatepass")
    if luck.random() < 0.03:
        spot = luck.randrange(len(content) + 1)
        content = content[:spot] + bytes([luck.randrange(128, 256)]) + content[spot:]
    return content


@pytest.mark.parametrize("seeds", parts(60))
@pytest.mark.parametrize("table", **named(TABLES))
def test_a_mutated_table_is_used_or_refused(table: Path, seeds: range, tmp_path: Path) -> None:
    protocol = protocol_of(table.with_suffix(".yaml"))
    warm_up(protocol)
    population = tmp_path / f"{table.stem}.yaml"
    shutil.copy(table.with_suffix(".yaml"), population)
    file, text = tmp_path / table.name, table.read_text("utf-8")
    ended: Counter[str] = Counter()
    for seed in seeds:
        file.write_bytes(mutated_table(text, random.Random(seed)))
        try:
            end = judged(population, protocol)
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
        ended[end] += 1
        if end == "refused":
            places = {problem.position.file for problem in lint(population)}
            # What may be missing is told where it is read.
            assert places <= {str(file), str(population)}
    assert ended["simulated"] >= 5
    assert ended["refused"] >= 15
