"""The machine form: every default and shorthand written out, as YAML that reads back. Nothing is checked here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from sim.protocol.expression_tree import Expression, unparse
from sim.protocol.fields import Model
from sim.protocol.paths import DocumentPath
from sim.protocol.schema import Protocol
from sim.protocol.walk import expressions

# Words that a reader of YAML 1.1 or 1.2 would take for something other than text.
_TAKEN = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"})
_PLAIN = re.compile(r"(?=.*[A-Za-z])([A-Za-z]|[0-9.]+ )[A-Za-z0-9_ .,()/+*%;=<>&-]*")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def canonical(protocol: Protocol, trees: Mapping[DocumentPath, Expression]) -> Protocol:
    """The protocol with canonical expressions and with what its sections leave to defaults that depend on names.

    Parameters
    ----------
    trees
        Every expression of the protocol, by path.
    """
    plain = plain_form(protocol)
    for path, tree in trees.items():
        _put(plain, path, unparse(tree))
    for name, hazard in plain.get("hazards", {}).items():
        hazard.setdefault("emits", [name])
    return Protocol.model_validate(plain)


def machine_form(protocol: Protocol) -> str:
    """The machine form of a protocol as YAML, in the key order of the schema.

    Empty lists, mappings and texts are left out, as they say nothing; every other default is written.
    Resolving the text gives the same protocol and the same text.
    """
    plain = plain_form(protocol)
    for found in expressions(protocol):
        _put(plain, found.path, _Expression(found.text))
    if protocol.table is not None and protocol.table.rows is not None:
        plain["table"]["rows"] = _Lines(protocol.table.rows)
    return _yaml(plain)


def plain_form(value: Any) -> Any:
    """A model as dictionaries and lists under the keys of the document, without absent values and empty defaults."""
    if isinstance(value, Model):
        fields = type(value).model_fields
        return {
            info.alias or name: plain_form(below)
            for name, info in fields.items()
            if (below := getattr(value, name)) is not None and not (below == info.default and below in ("", [], {}))
        }
    if isinstance(value, dict):
        return {key: plain_form(below) for key, below in value.items()}
    return [plain_form(below) for below in value] if isinstance(value, list) else value


class _Expression(str):
    """Text of an expression, in which a number or a truth value needs no quotes."""


class _Lines(str):
    """Text whose lines are kept as lines."""


def _put(plain: Any, path: DocumentPath, text: str) -> None:
    for part in path[:-1]:
        plain = plain[part]
    plain[path[-1]] = text


class _Dumper(yaml.SafeDumper):
    """Writes text that is surely text without quotes, and everything else so that any YAML reader takes it alike."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    certain = _PLAIN.fullmatch(value) and value.lower() not in _TAKEN and not value.endswith(" ")
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style=None if certain else '"')


def _lines(dumper: yaml.SafeDumper, value: _Lines) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style="|")


def _expression(dumper: yaml.SafeDumper, value: _Expression) -> yaml.ScalarNode:
    if value in ("true", "false"):
        return dumper.represent_scalar("tag:yaml.org,2002:bool", str(value))
    if _NUMBER.fullmatch(value):
        kind = "float" if "." in value else "int"
        return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", str(value))
    return _text(dumper, value)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Lines, _lines)
_Dumper.add_representer(_Expression, _expression)


def _yaml(plain: Any) -> str:
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=1000)
