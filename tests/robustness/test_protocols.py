"""Mutated protocol files: each is used or refused with positions, in under a second and without a traceback.

Every shipped protocol is mutated. One that extends another lies beside its base, which is sound, or for one seed in
five is mutated too.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from sim.protocol.document import load_document
from sim.protocol.library import find, names
from sim.protocol.resolve import load_protocol

from .judge import verdict, warm_up
from .mutations import mutated

NAMES = names("protocol")
PART = 500
"""Mutations a test; ten tests make the 5,000 of a file that `make verify` runs."""

UPON_A_MUTATED_BASE = 0.2


@cache
def source(name: str) -> tuple[dict[str, Any], str]:
    """The plain tree of a protocol file, and its text."""
    file = find(name, "protocol")
    return load_document(file).plain(), file.read_text("utf-8")


def written(name: str, seed: int, folder: Path) -> Path:
    """A protocol mutated by seed, in a folder that also holds its base if it has one."""
    luck = random.Random(seed)
    base = source(name)[0].get("extends")
    if base is not None:
        text = source(base)[1]
        if luck.random() < UPON_A_MUTATED_BASE:
            text = mutated(*source(base), luck)
        (folder / f"{base}.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    file = folder / f"{name}.yaml"
    file.write_bytes(mutated(*source(name), luck).encode("utf-8", "surrogatepass"))
    return file


def verdicts(name: str, seeds: range, folder: Path) -> Counter[str]:
    """How the mutated files of these seeds end."""
    warm_up(find(name, "protocol"))
    ended: Counter[str] = Counter()
    for seed in seeds:
        file = written(name, seed, folder)
        try:
            ended[verdict(partial(load_protocol, file), by_machine_form=seed % 10 == 0)] += 1
        except Exception as error:
            error.add_note(f"{name}, seed {seed}")
            raise
    return ended


@pytest.mark.parametrize("name", NAMES)
def test_a_mutated_protocol_is_used_or_refused_with_positions(name: str, tmp_path: Path) -> None:
    ended = verdicts(name, range(25), tmp_path)
    assert ended["refused"] >= 10  # about one in five is used: of 25 sometimes none


@pytest.mark.verify
@pytest.mark.parametrize("start", range(0, 10 * PART, PART))
@pytest.mark.parametrize("name", NAMES)
def test_five_thousand_mutations_of_each_protocol(name: str, start: int, tmp_path: Path, record_property: Any) -> None:
    """The counts go into the report that ``--junit-xml`` writes."""
    ended = verdicts(name, range(start, start + PART), tmp_path)
    for word, count in ended.items():
        record_property(word, count)
    assert ended["simulated"] >= 10
