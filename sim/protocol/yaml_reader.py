"""YAML text to a tree of nodes with positions: YAML 1.2 core scalars, and no aliases, tags, nulls or duplicate keys.

Both parsers of PyYAML (C and pure Python) serve and give the same tree; only their events are used, so nothing is ever
constructed or expanded. What the words and numbers mean is not judged here.
"""

from __future__ import annotations

import math
import re
from importlib import import_module
from typing import Any, Protocol, cast

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from sim.errors import Position, Problem
from sim.protocol.nodes import Entry, MappingNode, Node, Scalar, ScalarNode, SequenceNode
from sim.protocol.paths import DocumentPath, format_path
from sim.protocol.wording import shown
from sim.protocol.yaml_words import COLON, NOT_TEXT, check_characters, syntax_problem

MAX_DEPTH = 60
_STYLES = {"": "plain", "'": "single", '"': "double", "|": "literal", ">": "folded"}
_HEADER = re.compile(r"[|>][-+0-9]*#")
_NULL, _BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float"))


class _EventSource(Protocol):
    def get_event(self) -> Any: ...
    def resolve(self, kind: type, value: str, implicit: tuple[bool, bool]) -> Any: ...
    def dispose(self) -> None: ...


class _CoreResolver(BaseResolver):
    """Plain scalars of the YAML 1.2 core schema (yaml.org/spec/1.2.2, section 10.3.2)."""


for _tag, _pattern, _first in (
    (_NULL, r"(?:~|null|Null|NULL|)\Z", ["~", "n", "N", ""]),
    (_BOOL, r"(?:true|True|TRUE|false|False|FALSE)\Z", list("tTfF")),
    (_INT, r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z", list("-+0123456789")),
    (
        _FLOAT,
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z",
        list("-+.0123456789"),
    ),
):
    _CoreResolver.add_implicit_resolver(_tag, re.compile(_pattern), _first)


class _PureSource(Reader, Scanner, Parser, _CoreResolver):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        _CoreResolver.__init__(self)


SOURCES: dict[str, type[Any]] = {"pure": _PureSource}
"""The parsers at hand, the preferred one last."""

try:
    _CParser: Any = import_module("yaml.cyaml").CParser
except ImportError:  # PyYAML was built without libyaml
    _CParser = None

if _CParser is not None:

    class _FastSource(_CParser, _CoreResolver):  # type: ignore[misc]
        def __init__(self, text: str) -> None:
            _CParser.__init__(self, text)
            _CoreResolver.__init__(self)

    SOURCES["c"] = _FastSource


class _Stop(Exception):
    """Reading cannot go on; the reason is among the problems."""


def read_tree(
    text: str, file: str, *, path: DocumentPath = (), first_column: int = 1, parser: str | None = None
) -> tuple[Node | None, list[Problem]]:
    """Read one YAML value.

    Parameters
    ----------
    text
        The YAML text.
    file
        Its name in positions.
    path
        Where the value stands in a document, for the paths of problems.
    first_column
        The column of the first character of the text, in its first line.
    parser
        A key of `SOURCES`; the fastest one by default.

    Returns
    -------
    The tree (None where there is no value) and every problem found. The tree is of use only when there are none.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text, problems, stop = check_characters(text, file, format_path(path), first_column)
    if stop:
        return None, problems
    if not text.endswith("\n"):
        text += "\n"
    source = SOURCES[parser or list(SOURCES)[-1]](text)
    builder = _Builder(cast(_EventSource, source), text.split("\n"), file, first_column, problems)
    try:
        return builder.document(path), problems
    except _Stop:
        return None, problems
    except yaml.MarkedYAMLError as error:
        line, column, message = syntax_problem(error, builder.lines)
        problems.append(Problem(builder.place(line, column), format_path(builder.reached), message))
        return None, problems
    finally:
        source.dispose()


class _Builder:
    def __init__(
        self, source: _EventSource, lines: list[str], file: str, first_column: int, problems: list[Problem]
    ) -> None:
        self.source = source
        self.lines = lines
        self.file = file
        self.first_column = first_column
        self.problems = problems
        self.reached: DocumentPath = ()
        self.brackets = 0

    def place(self, line: int, column: int) -> Position:
        """Position of a line and column that count from 0."""
        return Position(self.file, line + 1, column + (self.first_column if line == 0 else 1))

    def document(self, path: DocumentPath) -> Node | None:
        self.source.get_event()
        event = self.source.get_event()
        if not isinstance(event, yaml.DocumentStartEvent):
            return None
        event = self.source.get_event()
        empty = (
            isinstance(event, yaml.ScalarEvent) and event.value == "" and not (event.style or event.anchor or event.tag)
        )
        node = None if empty else self._node(event, path, None)
        self.source.get_event()
        event = self.source.get_event()
        if isinstance(event, yaml.DocumentStartEvent):
            self._problem(self._start(event), (), "found a second document; keep one document in a file")
        return node

    def _start(self, event: Any) -> Position:
        return self.place(event.start_mark.line, event.start_mark.column)

    def _problem(self, position: Position, path: DocumentPath, message: str) -> None:
        self.problems.append(Problem(position, format_path(path), message))

    def _node(self, event: Any, path: DocumentPath, key_position: Position | None, depth: int = 1) -> Node:
        self.reached = path
        position = self._start(event)
        if isinstance(event, yaml.AliasEvent):
            self._problem(position, path, f"found the alias *{event.anchor}; write the value out")
            return ScalarNode(position, "", position)
        if event.anchor is not None:
            self._problem(position, path, f"found the anchor &{event.anchor}; write the value out where it is needed")
        if event.tag is not None:
            self._problem(position, path, f"found the tag {shown(event.tag)}; write the value without a tag")
        if isinstance(event, yaml.ScalarEvent):
            value = self._value(event, path, key_position)
            return self._scalar(event, position, value)
        if depth > MAX_DEPTH:
            self._problem(position, path, f"found more than {MAX_DEPTH} levels of nesting; write it flatter")
            raise _Stop
        if isinstance(event, yaml.SequenceStartEvent):
            self.brackets += bool(event.flow_style)
            items: list[Node] = []
            while not isinstance(item := self.source.get_event(), yaml.SequenceEndEvent):
                items.append(self._node(item, (*path, len(items)), None, depth + 1))
            self.brackets -= bool(event.flow_style)
            self.reached = path
            return SequenceNode(position, tuple(items))
        self.brackets += bool(event.flow_style)
        entries = self._entries(path, depth)
        self.brackets -= bool(event.flow_style)
        return MappingNode(position, entries)

    def _entries(self, path: DocumentPath, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self.source.get_event(), yaml.MappingEndEvent):
            key_position = self._start(event)
            key = self._key(event, path, depth)
            below = path if key is None else (*path, key)
            if key is not None and key in entries:
                first = entries[key].key_position.line
                self._problem(key_position, below, f"found the key {shown(key)} again; it first stands on line {first}")
            self.reached = below
            node = self._node(self.source.get_event(), below, key_position, depth + 1)
            if key is not None:
                entries.setdefault(key, Entry(key_position, node))
            self.reached = path
        return entries

    def _key(self, event: Any, path: DocumentPath, depth: int) -> str | None:
        position = self._start(event)
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._node(event, path, position, depth + 1)
            kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "list"
            self._problem(position, path, f"found a {kind} as a key; keys are text (put text with braces in quotes)")
            return None
        if isinstance(event, yaml.AliasEvent):
            self._problem(position, path, f"found the alias *{event.anchor} as a key; write the key out")
            return None
        if event.anchor is not None:
            self._problem(position, path, f"found the anchor &{event.anchor}; write the value out where it is needed")
        if event.tag is not None:
            self._problem(position, path, f"found the tag {shown(event.tag)}; write the key without a tag")
        text = str(event.value)
        self._check_text(text, position, path)
        self._check_in_brackets(event, path)
        if event.implicit[0]:
            if text == "<<":
                self._problem(position, path, 'found the merge key "<<"; write the keys out')
                return None
            tag = self.source.resolve(yaml.ScalarNode, text, event.implicit)
            if tag == _NULL:
                missing = "found no key before the colon; write a key"
                self._problem(position, path, _key_words(text, "null") if text else missing)
                return None
            if tag in (_BOOL, _INT, _FLOAT):
                self._problem(position, path, _key_words(text, "a boolean" if tag == _BOOL else "a number"))
        return text

    def _value(self, event: Any, path: DocumentPath, key_position: Position | None) -> Scalar:
        text = str(event.value)
        position = self._start(event)
        self._check_in_brackets(event, path)
        tag = self.source.resolve(yaml.ScalarNode, text, event.implicit)
        if tag == _NULL:
            self._problem(position if text or not key_position else key_position, path, _null_words(text, path))
        elif tag == _BOOL:
            return text.lower() == "true"
        elif tag == _INT:
            return self._integer(text, position, path)
        elif tag == _FLOAT:
            number = float(text) if "n" not in text.lower() else math.nan
            if not math.isfinite(number):
                self._problem(position, path, f"found {shown(text, quote=False)}; write a finite number")
            return number
        else:
            self._check_text(text, position, path)
        self._check_block_header(event, path)
        return text

    def _integer(self, text: str, position: Position, path: DocumentPath) -> int:
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        # The length is looked at first: Python refuses to read very long decimal numbers.
        number = int(text[2:] if base != 10 else text, base) if len(text) < 100 else 2**63
        if not -(2**63) <= number < 2**63:
            self._problem(position, path, f"found {shown(text, quote=False)}; write a whole number of at most 64 bits")
        return number

    def _check_text(self, text: str, position: Position, path: DocumentPath) -> None:
        control = NOT_TEXT.search(text)
        if control:
            code = f"U+{ord(control[0]):04X}"
            self._problem(position, path, f"found the control character {code} in a text; leave it out")

    def _check_in_brackets(self, event: Any, path: DocumentPath) -> None:
        """Refuse what only one of the two parsers takes in text without quotes between brackets."""
        if not self.brackets or event.style or not event.value:
            return
        if "?" in event.value:
            self._problem(self._start(event), path, "found a question mark between brackets; put the text in quotes")
            raise _Stop
        line, column = event.end_mark.line, event.end_mark.column
        following = self.lines[line][column : column + 2] if line < len(self.lines) else ""
        if len(following) == 2 and following[0] == ":" and following[1] in ",?[]{}":
            self._problem(self.place(line, column), path, COLON)
            raise _Stop

    def _check_block_header(self, event: Any, path: DocumentPath) -> None:
        """Refuse a comment right after | or >, which only one of the two parsers takes."""
        line, column = event.start_mark.line, event.start_mark.column
        header = _HEADER.match(self.lines[line], column) if event.style in ("|", ">") else None
        if header:
            found = shown(self.lines[line][header.end() - 1 :])
            message = f"found {found} after | or >; begin the text on the next line"
            self._problem(self.place(line, header.end() - 1), path, message)
            raise _Stop

    def _scalar(self, event: Any, position: Position, value: Scalar) -> ScalarNode:
        style = _STYLES[event.style or ""]
        line, column = event.start_mark.line, event.start_mark.column
        if style in ("single", "double"):
            column += 1
        elif style in ("literal", "folded"):
            line += 1
            while line < len(self.lines) - 1 and not self.lines[line].strip(" "):
                line += 1
            column = len(self.lines[line]) - len(self.lines[line].lstrip(" "))
        text = str(event.value)
        verbatim = bool(text) and self.lines[line][column : column + len(text)] == text
        return ScalarNode(position, value, self.place(line, column), style, verbatim)


def _key_words(text: str, kind: str) -> str:
    return f"found the key {shown(text, quote=False)}, which is {kind}; keys are text: write {shown(text)} in quotes"


def _null_words(text: str, path: DocumentPath) -> str:
    if text:
        return f"found {text}; write a value or leave the line out"
    if path and isinstance(path[-1], str):
        if ":" in path[-1]:
            return f"found no value for the key {shown(path[-1])}; write a blank after the colon"
        return f"found no value for the key {shown(path[-1])}; write a value or leave the key out"
    return "found an empty list item; write a value or leave the item out"
