"""Overrides are checked like the file: 500 of them, right and wrong, on the command line's form and in a comparison."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sim.compare.config import load_config
from sim.compare.prepare import prepare
from sim.errors import InvalidDocument
from sim.protocol.document import load_document
from sim.protocol.paths import format_path
from sim.protocol.resolve import load_protocol, machine_form

from .judge import check_problems, verdict, warm_up
from .mutations import NUMBERS, TREES, WORDS, places

CONFIG = Path(__file__).parents[2] / "configs" / "all-mrd2019-vs-2023.yaml"
POPULATION = "fbmtg-2019-2023-pooled"


@pytest.fixture(scope="module")
def leaves() -> list[tuple[str, Any]]:
    """Every path of the protocol's machine form with its value."""
    warm_up("all-mrd2023")
    document = load_document("all-mrd2023", text=machine_form(load_protocol("all-mrd2023")))
    tree = document.plain()
    found: list[tuple[str, Any]] = []
    due: list[tuple[tuple[str | int, ...], Any]] = [((), tree)]
    for path, node in due:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        due += [((*path, key), value) for key, value in items]
        if path:
            found.append((format_path(path), node))
    assert len(found) > len(places(tree)) * 0.9
    return found


def override(leaves: list[tuple[str, Any]], luck: random.Random) -> tuple[str, Any]:
    """A path that exists or nearly so, and a value that fits or not."""
    path, value = luck.choice(leaves)
    way = luck.random()
    if way < 0.1:
        wrong = (path + ".x", path[:-1], path + "[0]", path + "[99]", path.replace(".", ".."), luck.choice(WORDS))
        return luck.choice(wrong), value
    if way < 0.4:
        path, number = luck.choice([leaf for leaf in leaves if type(leaf[1]) in (int, float)])
        return path, luck.choice((number * 1.1, number / 2, -number, number + 1, number * 1000))
    others = (value, luck.choice(leaves)[1], luck.choice(NUMBERS), luck.choice(WORDS), luck.choice(TREES))
    return path, luck.choice(others)


@pytest.mark.parametrize(
    "start", [0, *(pytest.param(start, marks=pytest.mark.verify) for start in range(125, 500, 125))]
)
def test_an_override_is_used_or_refused_with_positions(start: int, leaves: list[tuple[str, Any]]) -> None:
    ended: Counter[str] = Counter()
    for seed in range(start, start + 125):
        luck = random.Random(seed)
        given = [override(leaves, luck) for _ in range(luck.choice((1, 1, 2)))]
        texts = [f"{path}={value if luck.random() < 0.3 else json.dumps(value)}" for path, value in given]
        if luck.random() < 0.1:
            texts.append(
                luck.choice(("", "=", "x", "phases", "phases.A1.lasts", "=3", "parameters.crs.value=", "a=b=c"))
            )
        population = POPULATION if luck.random() < 0.3 else None

        def use(texts: list[str] = texts, population: str | None = population) -> Any:
            return load_protocol("all-mrd2023", set=texts, population=population)

        try:
            ended[verdict(use)] += 1
        except Exception as error:
            error.add_note(f"seed {seed}: {texts!a}"[:500])
            raise
    assert ended["simulated"] >= 10
    assert ended["refused"] >= 30


def test_a_comparison_says_the_same_of_an_override(leaves: list[tuple[str, Any]], tmp_path: Path) -> None:
    """What ``--set`` says at ``--set[1]``, a comparison says at the key of ``set``, in the same words."""
    plain = load_document(CONFIG).plain()
    refused = 0
    for seed in range(40):
        luck = random.Random(seed)
        path, value = override(leaves, luck)
        try:
            load_protocol("all-mrd2023", set=[f"{path}={json.dumps(value)}"], population=POPULATION)
            expected = []
        except InvalidDocument as invalid:
            expected = [(problem.path, problem.message) for problem in invalid.problems]
        arms = {"one": {"protocol": "all-mrd2023", "set": {path: value}}}
        file = tmp_path / "config.yaml"
        file.write_text(json.dumps({**plain, "arms": arms, "as_published": [], "subgroups": {}}), "utf-8")
        found: list[tuple[str, str]] = []
        try:
            prepare(*load_config(file))
        except InvalidDocument as invalid:
            check_problems(invalid.problems)
            found = [(problem.path, problem.message) for problem in invalid.problems]
        if expected:
            refused += 1
            said = " ".join(message for _, message in found)
            assert all(message in said for _, message in expected), (seed, path, value, expected, found)
    assert refused >= 10
