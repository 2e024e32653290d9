"""The corpus: valid files mean their stored machine forms, invalid ones give exactly the problems they state."""

from __future__ import annotations

import importlib.util
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InvalidDocument
from sim.protocol.fields import Model
from sim.protocol.resolve import lint, load_protocol, machine_form

CORPUS = Path(__file__).parents[1] / "corpus"
SHIPPED = Path(__file__).parents[2] / "protocols"

_spec = importlib.util.spec_from_file_location("corpus_store", CORPUS / "store.py")
assert _spec is not None
assert _spec.loader is not None
store = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(store)

VALID = store.valid_protocols()
INVALID = store.invalid_files()


def named(paths: list[Path]) -> dict[str, Any]:
    return {"argvalues": paths, "ids": [path.stem for path in paths]}


def test_the_corpus_is_large() -> None:
    assert len(INVALID) >= 90
    assert len(VALID) >= 25


@pytest.mark.parametrize("path", **named(INVALID))
def test_invalid_file_gives_the_problems_it_states(path: Path) -> None:
    expected = store.stated(path)
    assert expected
    found = lint(path)
    assert [store.expectation(problem, path) for problem in found] == expected
    if found[0].path != "schema" and not path.stem.startswith("population"):
        with pytest.raises(InvalidDocument) as caught:
            load_protocol(path)
        assert list(caught.value.problems) == found


@pytest.mark.parametrize("path", **named([*VALID, CORPUS / "base.yaml", CORPUS / "valid" / "population.yaml"]))
def test_valid_file_has_no_problems(path: Path) -> None:
    assert lint(path) == []


@pytest.mark.parametrize("path", **named(VALID))
def test_valid_file_means_its_stored_machine_form(path: Path) -> None:
    stored = CORPUS / "machine" / path.name
    protocol = load_protocol(path)
    assert machine_form(protocol) == stored.read_text(encoding="utf-8")
    assert lint(stored) == []
    again = load_protocol(stored)
    assert again == protocol
    assert load_protocol(protocol) == protocol
    assert machine_form(again) == machine_form(protocol)


def test_no_machine_form_is_left_over() -> None:
    assert {path.name for path in (CORPUS / "machine").glob("*.yaml")} == {path.name for path in VALID}


def test_every_feature_of_the_language_is_used_in_the_corpus() -> None:
    used: set[tuple[str, str]] = set()
    known: set[tuple[str, str]] = set()
    for path in VALID:
        for model in models(load_protocol(path)):
            for name, info in type(model).model_fields.items():
                known.add((type(model).__name__, name))
                if info.is_required() or getattr(model, name) != info.get_default(call_default_factory=True):
                    used.add((type(model).__name__, name))
    assert known - used == set()


def models(value: Any) -> Iterator[Model]:
    """A model and every model in it."""
    if isinstance(value, Model):
        yield value
        for name in type(value).model_fields:
            yield from models(getattr(value, name))
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from models(item)


WORDS = re.compile(r"[A-Za-z_0-9.]+|[^\sA-Za-z_0-9]")
EXTREME = ["-1", "0", "1e308", "1e-320", "999999999999", "true", "null", "[]", "{}", "''", ".inf", "-5 y", "x" * 3000]


def mutated(text: str, luck: random.Random) -> str:
    """The text with one to four lines deleted, repeated, moved, indented otherwise, or with a word replaced."""
    words = [*WORDS.findall(text), *EXTREME]
    for _ in range(luck.choice([1, 1, 2, 4])):
        lines = text.split("\n")
        at, way = luck.randrange(len(lines)), luck.random()
        spots = list(WORDS.finditer(lines[at]))
        if way < 0.15:
            del lines[at]
        elif way < 0.25:
            lines.insert(at, luck.choice(lines))
        elif way < 0.35:
            lines[at] = " " * luck.randrange(6) + lines[at].lstrip()
        elif spots:
            spot = luck.choice(spots)
            lines[at] = lines[at][: spot.start()] + luck.choice(words) + lines[at][spot.end() :]
        text = "\n".join(lines)
    return text


@pytest.mark.parametrize(
    "source", [CORPUS / "base.yaml", *VALID, *sorted(SHIPPED.glob("*.yaml"))], ids=lambda p: p.stem
)
def test_mutated_files_end_in_positioned_problems(source: Path, tmp_path: Path) -> None:
    luck = random.Random(source.stem)
    text = source.read_text(encoding="utf-8").replace("extends: ../base", f"extends: {CORPUS / 'base.yaml'}")
    path = tmp_path / "mutated.yaml"
    for _ in range(8):
        path.write_text(mutated(text, luck), encoding="utf-8")
        begun = time.perf_counter()
        found = lint(path)
        assert time.perf_counter() - begun < 2
        assert all(problem.position.line >= 1 and problem.message for problem in found)
        if not found and "schema: engraft/1" in path.read_text(encoding="utf-8"):
            protocol = load_protocol(path)
            assert load_protocol(protocol) == protocol
