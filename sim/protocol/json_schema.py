"""JSON Schemas of the documents, made from the models, for editors that check while one types. Nothing is loaded here.

``python -m sim.protocol.json_schema`` rewrites those of protocols and populations under ``schemas/``; rooms above have
documents of their own and write theirs with `write`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sim.protocol.population import Population
from sim.protocol.schema import Protocol

FOLDER = Path(__file__).parents[2] / "schemas"


def schema_of(model: type[BaseModel], title: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a model as documents write it: shorthand included, no nulls."""
    schema = _without_null(model.model_json_schema(by_alias=True))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas of this room by file name."""
    return {
        "engraft-1.schema.json": _with_extends(schema_of(Protocol, "Engraft protocol")),
        "engraft-population-1.schema.json": schema_of(Population, "Engraft population"),
    }


def text_of(schema: Mapping[str, Any]) -> str:
    """A JSON Schema as its file holds it."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def write(given: Mapping[str, Mapping[str, Any]], folder: Path = FOLDER) -> None:
    """Write JSON Schemas to files of the given names."""
    folder.mkdir(exist_ok=True)
    for name, schema in given.items():
        (folder / name).write_text(text_of(schema), encoding="utf-8")


def _with_extends(schema: dict[str, Any]) -> dict[str, Any]:
    """A protocol in full, or as changes to another."""
    properties = schema["properties"]
    header = {name: properties[name] for name in ("schema", "id", "title", "notes", "sources")}
    changes = {
        "type": "object",
        "properties": {
            **header,
            "extends": {"type": "string", "minLength": 1},
            "change": {"type": "object"},
            "remove": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["schema", "id", "extends"],
        "additionalProperties": False,
    }
    shared = ("$schema", "$defs", "title")
    whole = {key: value for key, value in schema.items() if key not in shared}
    return {**{key: schema[key] for key in shared}, "anyOf": [whole, changes]}


def _without_null(schema: Any) -> Any:
    """The schema without the nulls that absent values have in Python: a document leaves the key out."""
    if isinstance(schema, list):
        return [_without_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _without_null(value) for key, value in schema.items() if not (key == "default" and value is None)}
    options = kept.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        options.remove({"type": "null"})
        if len(options) == 1:
            del kept["anyOf"]
            kept = {**options[0], **kept}
    return kept


if __name__ == "__main__":
    write(schemas())
