"""Mutated protocol files: each is used or refused with positions, in under a second and without a traceback."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sim.protocol.document import load_document
from sim.protocol.resolve import load_protocol

from .judge import verdict, warm_up
from .mutations import mutated

SHIPPED = Path(__file__).parents[2] / "protocols"
NAMES = ("all-mrd2019", "all-mrd2023")


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    for name in NAMES:
        warm_up(SHIPPED / f"{name}.yaml")


@cache
def source(name: str) -> tuple[dict[str, Any], str]:
    """The plain tree of a protocol file, and its text."""
    file = SHIPPED / f"{name}.yaml"
    return load_document(file).plain(), file.read_text("utf-8")


def files(seeds: range, folder: Path) -> Iterator[tuple[int, Path]]:
    """A mutated file for each seed: the first protocol, the second, or the second upon a mutated first."""
    for seed in seeds:
        luck = random.Random(seed)
        kind = luck.choices(("first", "second", "second upon it"), (5, 3, 2))[0]
        for name in NAMES:
            text = source(name)[1]
            if (name == NAMES[0]) != (kind == "second"):
                text = mutated(*source(name), luck)
            (folder / f"{name}.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
        yield seed, folder / f"{NAMES[kind != 'first']}.yaml"


def verdicts(seeds: range, folder: Path) -> Counter[str]:
    """How the mutated files of these seeds end."""
    ended: Counter[str] = Counter()
    for seed, file in files(seeds, folder):
        try:
            ended[verdict(lambda file=file: load_protocol(file))] += 1  # type: ignore[misc]
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
    return ended


@pytest.mark.parametrize("start", range(0, 300, 100))
def test_a_mutated_protocol_is_used_or_refused_with_positions(start: int, tmp_path: Path) -> None:
    ended = verdicts(range(start, start + 100), tmp_path)
    assert ended["simulated"] >= 10
    assert ended["refused"] >= 50


@pytest.mark.verify
@pytest.mark.parametrize("start", range(0, 10_000, 500))
def test_ten_thousand_mutated_protocols(start: int, tmp_path: Path, record_property: Any) -> None:
    """The counts go into the report that ``--junit-xml`` writes."""
    ended = verdicts(range(start, start + 500), tmp_path)
    for name, count in ended.items():
        record_property(name, count)
    assert ended["simulated"] >= 50
