"""Errors of a pydantic model as problems with positions, in our words. What the models demand is not said here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sim.errors import Position, Problem, did_you_mean
from sim.protocol.nodes import Document, Node, ScalarNode, SequenceNode, child, child_at
from sim.protocol.paths import DocumentPath, format_path
from sim.protocol.wording import boolean_meant, describe, either, shown

_KINDS = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen_set": "a list",
    "dict": "a mapping, as in {key: value}",
    "mapping": "a mapping, as in {key: value}",
    "model": "a mapping, as in {key: value}",
    "model_attributes": "a mapping, as in {key: value}",
}
_BOUNDS = {
    "greater_than": ("gt", "a number above"),
    "greater_than_equal": ("ge", "a number of at least"),
    "less_than": ("lt", "a number below"),
    "less_than_equal": ("le", "a number of at most"),
    "multiple_of": ("multiple_of", "a multiple of"),
}
_LENGTHS = {
    "too_short": ("min_length", "at least", "item"),
    "too_long": ("max_length", "at most", "item"),
    "string_too_short": ("min_length", "at least", "character"),
    "string_too_long": ("max_length", "at most", "character"),
}
_KINDS_OF_FILE = {
    "engraft/1": ("a protocol", "engraft simulate reads those"),
    "engraft/population/1": ("a population", "it goes with --population"),
    "engraft/compare/1": ("a comparison", "engraft compare reads those"),
    "engraft/evidence/1": ("an evidence file", "engraft evidence reads those"),
    "engraft/design/1": ("a design", "engraft design reads those"),
    "engraft/trial/1": ("the published design of a trial", "engraft lint reads those"),
}
"""What each kind of document is called, and what to do with one."""


@dataclass(frozen=True)
class _Finding:
    """One problem; `due` is what would be right where the kind of value is wrong, `known` what keys there may be."""

    position: Position
    path: DocumentPath
    message: str
    due: str = ""
    missing: str = ""
    extra: str = ""
    known: tuple[str, ...] = ()
    found: str = ""


@dataclass
class _Place:
    """Errors at one place of the document, those further down, and those of the branches of a union at this place."""

    path: DocumentPath = ()
    own: list[_Finding] = field(default_factory=list)
    below: dict[str | int, _Place] = field(default_factory=dict)
    branches: dict[str | int, _Place] = field(default_factory=dict)

    def findings(self) -> list[_Finding]:
        collected = list(self.own)
        for place in self.below.values():
            collected += place.findings()
        if self.branches:
            collected += _of_union(self.path, [branch.findings() for branch in self.branches.values()])
        return collected


def problems_from_pydantic(
    document: Document, error: ValidationError, model: type[BaseModel], *, at: Sequence[str | int] = ()
) -> list[Problem]:
    """The errors of a validation as problems of the document, in the order of the file and each once.

    Parameters
    ----------
    document
        What was validated, as ``model.model_validate(document.plain())``.
    error
        What pydantic raised. A ValueError of our own validators is passed on in its words; if it (or the context of
        a PydanticCustomError) has a whole number ``offset``, the problem stands at that character of the text.
    model
        The model, for the keys that would have been right.
    at
        Where the validated value stands, if it is not the whole document.
    """
    wrong_kind = None if at else _wrong_kind(document, model)
    if wrong_kind is not None:
        return [wrong_kind]
    top = _Place(tuple(at))
    for item in error.errors(include_url=False):
        _place(document, top, model, item)
    findings = top.findings()
    misspelt = {(one.path[:-1], did_you_mean(one.extra, one.known)) for one in findings if one.extra}
    said = [one for one in findings if (one.path[:-1], f'; did you mean "{one.missing}"?') not in misspelt]
    return sorted({Problem(one.position, format_path(one.path), one.message) for one in said})


def _wrong_kind(document: Document, model: type[BaseModel]) -> Problem | None:
    """The one problem of a document that is of another kind than the model: all others would follow from it."""
    schema = child(document.root, "schema")
    stated = schema.plain() if schema is not None else None
    due = next((word for word in get_args(_fields(model).get("schema")) if word in _KINDS_OF_FILE), None)
    if due is None or not isinstance(stated, str) or stated not in _KINDS_OF_FILE or stated == due:
        return None
    (found, use), (wanted, _) = _KINDS_OF_FILE[stated], _KINDS_OF_FILE[due]
    message = f"found {shown(stated)}: this is {found}, and {use}; here {wanted} is due, {shown(due)}"
    return Problem(document.locate(("schema",)), "schema", message)


def _place(document: Document, place: _Place, model: type[BaseModel], item: Mapping[str, Any]) -> None:
    """Follow an error's location down the document and the types, and leave a finding where it ends.

    pydantic's locations also name branches of unions and validators, and keys that shorthand left out.
    """
    types: list[Any] = list(_leaves(model))
    node: Node | None = child_at(document.root, place.path)
    loc = list(item["loc"])
    of_key = bool(loc) and loc[-1] == "[key]"
    last = loc.pop() if of_key or (loc and item["type"] in ("missing", "extra_forbidden")) else None
    implicit = ""
    for part in loc:
        further = [leaf for kind in types for leaf in _step(kind, part)]
        step = _positional(types, node, part)
        below = child(node, step) if node is not None else None
        if below is not None and (further or not any(_walkable(kind) for kind in types)):
            node, implicit = below, ""
            place = place.below.setdefault(step, _Place((*place.path, step)))
        elif further:
            implicit = str(part)
        else:
            further = [kind for kind in types if getattr(kind, "__name__", None) == part] or types
            place = place.branches.setdefault(part, _Place(place.path))
        types = further
    place.own.append(_finding(document, place.path, node, types, item, last, implicit, of_key=of_key))


def _leaves(kind: Any) -> Iterator[Any]:
    """The types a value may have, without Annotated, aliases and unions around them."""
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _leaves(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for option in get_args(kind):
            yield from _leaves(option)
    elif hasattr(kind, "__value__"):
        yield from _leaves(kind.__value__)
    elif kind is not type(None):
        yield kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _walkable(kind: Any) -> bool:
    return _is_model(kind) or get_origin(kind) in (dict, list, tuple) or kind in (str, int, float, bool)


def _fields(kind: type[BaseModel]) -> dict[str, Any]:
    return {info.alias or name: info.annotation for name, info in kind.model_fields.items()}


def _step(kind: Any, part: str | int) -> list[Any]:
    """The types one step below a type; none if the type has no such step."""
    origin, arguments = get_origin(kind), get_args(kind)
    if _is_model(kind) and part in _fields(kind):
        return list(_leaves(_fields(kind)[str(part)]))
    if origin is dict and isinstance(part, str) and arguments:
        return list(_leaves(arguments[1]))
    if origin in (list, tuple) and isinstance(part, int) and arguments:
        repeated = origin is list or arguments[-1] is Ellipsis
        return list(_leaves(arguments[0 if repeated else min(part, len(arguments) - 1)]))
    return []


def _positional(types: list[Any], node: Node | None, part: str | int) -> str | int:
    """The index of a named argument that the document gives in a list, in the order of the model's fields."""
    if isinstance(node, SequenceNode) and isinstance(part, str):
        for kind in types:
            if _is_model(kind) and part in _fields(kind):
                return list(_fields(kind)).index(part)
    return part


def _finding(
    document: Document,
    path: DocumentPath,
    node: Node | None,
    types: list[Any],
    item: Mapping[str, Any],
    last: str | int | None,
    implicit: str,
    *,
    of_key: bool,
) -> _Finding:
    value = node.plain() if node is not None else item["input"]
    here = document.locate(path)
    if item["type"] == "missing":
        owner = f" of {implicit}" if implicit else ""
        message = f"{shown(str(last))}{owner} is missing"
        return _Finding(document.locate(path, key=True), (*path, str(last)), message, missing=str(last))
    if item["type"] == "extra_forbidden":
        known = tuple(name for kind in types if _is_model(kind) for name in _fields(kind))
        at = document.locate((*path, str(last)), key=True)
        meant = "" if path else _valued(document, str(last))
        if meant:
            message = f'found the unknown key {shown(str(last))}; did you mean "{meant}"?'
            return _Finding(at, (str(last),), message, extra=str(last), known=known)
        return _unknown_key(at, path, str(last), known)
    if of_key:
        here = document.locate(path, key=True)
        value = path[-1] if path else value
    context = item.get("ctx", {})
    offset = getattr(context.get("error"), "offset", context.get("offset"))
    if isinstance(offset, int) and isinstance(node, ScalarNode) and not of_key:
        here = node.position_at(offset)
    message, due = _words(item, value, context)
    named = any(_is_model(kind) and "value" in _fields(kind) for kind in types)
    if item["type"] in ("model_type", "model_attributes_type") and named and not isinstance(value, list):
        cure = f"as in {{value: {value}}}"
        if here.file.startswith("--set"):
            cure += f"; its value alone is {format_path((*path, 'value'))}"
        message = message.replace("as in {key: value}", cure)
    return _Finding(here, path, message, due=due, found=_found(value))


def _valued(document: Document, name: str) -> str:
    """The path of the value of a parameter or switch that stands at the top without its section."""
    for section in ("parameters", "switches"):
        if child_at(document.root, (section, name, "value")) is not None:
            return format_path((section, name, "value"))
    return ""


def _unknown_key(position: Position, path: DocumentPath, key: str, known: tuple[str, ...]) -> _Finding:
    message = f"found the unknown key {shown(key)}{did_you_mean(key, known)}"
    return _Finding(position, (*path, key), message, extra=key, known=known)


def _found(value: object) -> str:
    return f"found {describe(value)}"


def _words(item: Mapping[str, Any], value: object, context: Mapping[str, Any]) -> tuple[str, str]:
    """The message, and what would be right where the kind of value is wrong."""
    kind = str(item["type"])
    base, _, ending = kind.rpartition("_")
    meant = boolean_meant(value)
    if kind in ("bool_type", "bool_parsing") and meant is not None:
        return f"found the word {shown(str(value))}; write {'true' if meant else 'false'}", ""
    if kind == "int_from_float":
        return f"{_found(value)}; write a whole number", ""
    if ending in ("type", "parsing") and base in _KINDS:
        due = _KINDS[base]
        if base == "string" and isinstance(value, int | float) and not isinstance(value, bool):
            return f'{_found(value)}; write text, as in "{value}" with quotes', due
        return f"{_found(value)}; write {due}", due
    if kind in ("literal_error", "enum"):
        return _choice(
            value,
            re.findall(r"'([^']*)'", str(context.get("expected", ""))),
            str(context.get("expected")).replace("True", "true").replace("False", "false"),
        )
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _choice(value, re.findall(r"'([^']*)'", str(context.get("expected_tags", ""))), "another form")
    if kind in _BOUNDS:
        name, due = _BOUNDS[kind]
        return f"{_found(value)}; write {due} {context[name]:g}", ""
    if kind in _LENGTHS:
        name, due, unit = _LENGTHS[kind]
        limit = context[name]
        return f"{_found(value)}; write {due} {limit} {unit}{'' if limit == 1 else 's'}", ""
    if kind == "string_pattern_mismatch":
        return f"{_found(value)}; write text of the form {context['pattern']}", ""
    if kind in ("value_error", "assertion_error") and "error" in context:
        return str(context["error"]) or f"{_found(value)}, which has no meaning here", ""
    message = str(item["msg"])
    return message[:1].lower() + message[1:], ""


def _choice(value: object, options: list[str], otherwise: str) -> tuple[str, str]:
    if not options:
        return f"{_found(value)}; write {otherwise}", ""
    word = value if isinstance(value, str) else ""
    if isinstance(value, dict) and len(value) == 1:
        word = str(next(iter(value)))
    near = did_you_mean(word, options) if word else ""
    if near.startswith("; did"):
        return f"{_found(value)}{near}", ""
    return f"{_found(value)}; write {either(options)}", either(options)


def _of_union(path: DocumentPath, branches: list[list[_Finding]]) -> list[_Finding]:
    """What is wrong where a value fits none of several forms: with the nearest one, or which forms there are."""
    if len(branches) == 1:
        return branches[0]
    near = [findings for findings in branches if not any(one.due and one.path == path for one in findings)]
    if not near:
        first = branches[0][0]
        dues = [one.due for findings in branches for one in findings if one.due]
        return [
            _Finding(first.position, path, f"{first.found}; write {either(dues)}", due=either(dues), found=first.found)
        ]

    def distance(findings: list[_Finding]) -> tuple[int, int]:
        return sum(1 for one in findings if one.path[:-1] == path and (one.missing or one.extra)), len(findings)

    least = min(distance(findings) for findings in near)
    tied = [findings for findings in near if distance(findings) == least]
    if len(tied) == 1:
        return tied[0]
    shared = [one for one in tied[0] if all(any(one.path == other.path for other in rest) for rest in tied)]
    unknown = [one for one in shared if one.extra]
    if unknown:
        known = tuple(dict.fromkeys(name for rest in near for one in rest for name in one.known))
        return [_unknown_key(one.position, path, one.extra, known) for one in unknown]
    first = tied[0][0]
    if all(findings[0].missing for findings in tied):
        names = either(shown(findings[0].missing) for findings in tied)
        return [_Finding(first.position, path, f"one of the keys is missing: {names}")]
    return [_Finding(first.position, path, "; or ".join(dict.fromkeys(rest[0].message for rest in tied)))]
