"""The committed JSON Schemas of comparisons and evidence: those of the models, and they take the shipped files."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from sim.compare.json_schema import schemas
from sim.protocol.document import load_document
from sim.protocol.json_schema import text_of
from sim.protocol.library import find, names

ROOT = Path(__file__).parents[2]
KINDS = {"config": "engraft-compare-1.schema.json", "evidence": "engraft-evidence-1.schema.json"}
FILES = [(kind, name) for kind in KINDS for name in names(kind)]


def validator(kind):
    text = (ROOT / "schemas" / KINDS[kind]).read_text("utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


@pytest.mark.parametrize("name", list(schemas()))
def test_committed_schema_is_that_of_the_models(name):
    stored = (ROOT / "schemas" / name).read_text("utf-8")
    assert stored == text_of(schemas()[name]), "run python -m sim.compare.json_schema"


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_shipped_files_validate(kind, name):
    document = load_document(find(name, kind)).plain()
    judge = validator(kind)
    judge.check_schema(judge.schema)
    assert [error.message for error in judge.iter_errors(document)] == []
    assert not judge.is_valid({**document, "titel": "x"})


def test_one_note_needs_no_list():
    document = load_document(find("all-mrd2019-vs-2023", "config")).plain()
    assert validator("config").is_valid({**document, "notes": "one"})
    assert not validator("config").is_valid({**document, "notes": 1})
