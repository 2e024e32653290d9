"""The committed JSON Schemas: they are those of the models, and take what the resolver takes, shorthand included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sim.protocol.document import load_document
from sim.protocol.json_schema import schemas, text_of, write

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "corpus"
FILES = [
    CORPUS / "base.yaml",
    *sorted((CORPUS / "valid").glob("*.yaml")),
    *sorted((CORPUS / "machine").glob("*.yaml")),
    *sorted((ROOT / "protocols").glob("*.yaml")),
    *sorted((ROOT / "protocols" / "populations").glob("*.yaml")),
]


@pytest.mark.parametrize("name", list(schemas()))
def test_committed_schema_is_that_of_the_models(name: str) -> None:
    stored = (ROOT / "schemas" / name).read_text(encoding="utf-8")
    assert stored == text_of(schemas()[name]), "run python -m sim.protocol.json_schema"


def test_writing_gives_the_committed_files(tmp_path: Path) -> None:
    write(schemas(), tmp_path)
    for name in schemas():
        assert (tmp_path / name).read_bytes() == (ROOT / "schemas" / name).read_bytes()


VALIDATORS = {
    name: jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / name).read_text(encoding="utf-8")))
    for name in schemas()
}


def validator(document: dict[str, Any]) -> jsonschema.Draft202012Validator:
    name = "engraft-population-1" if "population" in str(document["schema"]) else "engraft-1"
    return VALIDATORS[f"{name}.schema.json"]


@pytest.mark.parametrize("name", list(VALIDATORS))
def test_committed_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(VALIDATORS[name].schema)


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}-{path.stem}" for path in FILES])
def test_valid_files_validate(path: Path) -> None:
    document = load_document(path).plain()
    assert [error.message for error in validator(document).iter_errors(document)] == []


MINIMAL: dict[str, Any] = {"schema": "engraft/1", "id": "a", "title": "A", "phases": {"A": {"open": True}}}


@pytest.mark.parametrize(
    ("section", "value", "accepted"),
    [
        ("phases", {"A": {"lasts": "28 d", "goto": "A"}}, True),
        ("phases", {"A": {"lasts": {"normal": ["28 d", "3 d"]}, "goto": "A"}}, True),
        ("phases", {"A": {"lasts": {"normal": {"mean": "28 d", "sd": "3 d"}}, "goto": "A"}}, True),
        ("phases", {"A": {"lasts": {"normal": [1, 2, 3]}, "goto": "A"}}, False),
        ("phases", {"A": {"lasts": {"normal": [1, 2], "fixed": 1}, "goto": "A"}}, False),
        ("phases", {"A": {"cycles": "q42d x 4", "days": "d1-28", "goto": "A"}}, True),
        ("phases", {"A": {"cycles": "q42d", "goto": "A"}}, False),
        ("phases", {"A": {"open": True, "give": {"hospital": "1 per day"}}}, True),
        ("phases", {"A": {"open": True, "give": {"hospital": "daily"}}}, False),
        ("phases", {"A": {"open": True, "emits": "begun"}}, True),
        ("phases", {"A": {"open": True, "emits": ["begun", "again"]}}, True),
        ("phases", {"A": {"open": "yes"}}, False),
        ("phases", {"A": {"open": True, "opens": True}}, False),
        ("counters", {"doses": "doses"}, True),
        ("hazards", {"h": {"clock": "age", "baseline": "exponential"}}, True),
        ("hazards", {"h": {"clock": "age", "baseline": "weibull"}}, False),
        ("hazards", {"h": {"clock": "age", "baseline": "exponential", "multiply": [2, {"exp": "x"}]}}, True),
        ("hazards", {"h": {"clock": {"since": "relapse"}, "baseline": {"weibull": {"shape": 1}}}}, True),
        ("hazards", {"h": {"clock": {"since": None}, "baseline": "exponential"}}, False),
        ("title", 2019, False),
    ],
)
def test_shorthand_is_known_to_the_schema(section: str, value: object, accepted: bool) -> None:
    document = MINIMAL | {section: value}
    assert validator(document).is_valid(document) is accepted


def test_a_document_that_extends_another_validates() -> None:
    document = {"schema": "engraft/1", "id": "b", "title": "B", "extends": "a", "change": {"x": 1}, "remove": ["y"]}
    assert validator(document).is_valid(document)
    document["phases"] = {}
    assert not validator(document).is_valid(document)
