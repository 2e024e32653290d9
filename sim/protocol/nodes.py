"""The tree of a document: immutable nodes that know where they were written. No file is read here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sim.errors import Position
from sim.protocol.paths import format_path
from sim.protocol.wording import describe

Scalar = str | int | float | bool
Plain = Scalar | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One text, number or boolean.

    `text_position` is where the first character of the content stands (after an opening quote); `style` is one of
    plain, single, double, literal, folded. `verbatim` says that the content stands in the file in one line as it is.
    """

    position: Position
    value: Scalar
    text_position: Position
    style: str = "plain"
    verbatim: bool = False

    def position_at(self, offset: int) -> Position:
        """Where character `offset` (from 0) stands; the start of a text with escapes or several lines."""
        if not self.verbatim:
            return self.text_position
        return replace(self.text_position, column=self.text_position.column + max(offset, 0))

    def plain(self) -> Plain:
        """The value."""
        return self.value


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list."""

    position: Position
    items: tuple[Node, ...]

    def plain(self) -> Plain:
        """The values as a list."""
        return [item.plain() for item in self.items]


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands under a key of a mapping, and where the key was written."""

    key_position: Position
    node: Node


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Keys with their values, in the order of the file. The dictionary is not to be changed."""

    position: Position
    entries: Mapping[str, Entry]

    def plain(self) -> Plain:
        """The values as a dictionary."""
        return {key: entry.node.plain() for key, entry in self.entries.items()}


Node = MappingNode | SequenceNode | ScalarNode


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read: its tree, the name of its file, and what it was read from.

    `inputs` holds (file, SHA-256 of its bytes) of every file that took part, the document's own file first.
    """

    root: MappingNode
    file: str
    inputs: tuple[tuple[str, str], ...] = ()

    def plain(self) -> dict[str, Plain]:
        """The document as dictionaries, lists, texts, numbers and booleans."""
        return {key: entry.node.plain() for key, entry in self.root.entries.items()}

    def node(self, path: Sequence[str | int]) -> Node:
        """The node at a path; KeyError with the path in words where there is none."""
        found = child_at(self.root, path)
        if found is None:
            raise KeyError(f"{format_path(path)} does not exist")
        return found

    def locate(self, path: Sequence[str | int], *, key: bool = False) -> Position:
        """Where the value at a path stands (with `key`, its key), or that of its nearest existing ancestor.

        An item of a list has no key: its value's position is given.
        """
        entry = Entry(self.root.position, self.root)
        for part in path:
            below = _entry(entry.node, part)
            if below is None:
                break
            entry = below
        return entry.key_position if key else entry.node.position


def _entry(node: Node, part: str | int) -> Entry | None:
    if isinstance(node, MappingNode) and isinstance(part, str):
        return node.entries.get(part)
    if isinstance(node, SequenceNode) and isinstance(part, int) and 0 <= part < len(node.items):
        return Entry(node.items[part].position, node.items[part])
    return None


def child(node: Node, part: str | int) -> Node | None:
    """The node one step down, or None."""
    entry = _entry(node, part)
    return entry.node if entry else None


def child_at(node: Node, path: Sequence[str | int]) -> Node | None:
    """The node at a path below `node`, or None."""
    found: Node | None = node
    for part in path:
        if found is None:
            return None
        found = child(found, part)
    return found


def with_value(node: Node, path: Sequence[str | int], entry: Entry) -> Node:
    """A tree with `entry` at `path`: replaced where it is, else added at the end. The parent must exist."""
    if not path:
        return entry.node
    part, rest = path[0], path[1:]
    if isinstance(node, MappingNode) and isinstance(part, str):
        old = node.entries.get(part)
        if rest:
            assert old is not None
            entry = Entry(old.key_position, with_value(old.node, rest, entry))
        return replace(node, entries={**node.entries, part: entry})
    assert isinstance(node, SequenceNode)
    assert isinstance(part, int)
    items = list(node.items)
    items[part : part + 1] = [with_value(items[part], rest, entry) if rest else entry.node]
    return replace(node, items=tuple(items))


def without(node: Node, path: Sequence[str | int]) -> Node:
    """A tree without what stands at `path`, which must exist."""
    part, rest = path[0], path[1:]
    if isinstance(node, MappingNode) and isinstance(part, str):
        if rest:
            old = node.entries[part]
            return replace(node, entries={**node.entries, part: Entry(old.key_position, without(old.node, rest))})
        return replace(node, entries={key: entry for key, entry in node.entries.items() if key != part})
    assert isinstance(node, SequenceNode)
    assert isinstance(part, int)
    kept = [without(node.items[part], rest)] if rest else []
    return replace(node, items=(*node.items[:part], *kept, *node.items[part + 1 :]))


def node_from_plain(value: object, position: Position) -> Node:
    """A tree of a Python value, all of it at one position; ValueError for what a document cannot hold."""
    if isinstance(value, Mapping):
        entries: dict[str, Entry] = {}
        for key, below in value.items():
            if not isinstance(key, str):
                raise ValueError(f"found {describe(key)} as a key; keys are text")
            entries[key] = Entry(position, node_from_plain(below, position))
        return MappingNode(position, entries)
    if isinstance(value, list | tuple):
        return SequenceNode(position, tuple(node_from_plain(item, position) for item in value))
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"found {value}; write a finite number")
    if isinstance(value, str | int | float | bool):
        return ScalarNode(position, value, position)
    due = "text, a number, a boolean, a list or a mapping"
    raise ValueError(f"found {describe(value)}; give {due}")
