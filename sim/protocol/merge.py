"""One document as another with changes: ``extends`` / ``change`` / ``remove``, and overrides (``--set``).

What the merged document means is not judged here. Values keep the position where they were written, in whichever file.

Every path in ``change`` and ``remove`` speaks of the base as it stands there (list indices too), and no two paths of
one file may be equal or lie inside one another: so the order in which they are written has no effect, and what is
removed cannot be added again (change it instead). A changed value replaces the whole value at its path; nothing is
blended, except that ``sources`` at the top adds to those of the base. Overrides come last, and speak of the merged
document.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sim.errors import InvalidDocument, Position, Problem, UsageError, did_you_mean
from sim.protocol.nodes import (
    Document,
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    child,
    child_at,
    node_from_plain,
    with_value,
    without,
)
from sim.protocol.paths import DocumentPath, format_path, parse_path
from sim.protocol.wording import describe, shown
from sim.protocol.yaml_reader import read_tree

REPLACED = ("schema", "id", "title", "notes")
"""Keys at the top of a document that extends another which replace those of the base."""

MERGED = ("sources",)
"""Keys at the top of a document that extends another whose entries are added to those of the base."""

_DIRECTIVES = ("extends", "change", "remove")

LoadBase = Callable[[str, str], Document]
"""Reads the document that ``extends`` names: (name, file of the document that says so) -> Document."""


@dataclass(frozen=True)
class _Edit:
    """A change (with an entry) or a removal (without one), and where it was asked for."""

    path: DocumentPath
    position: Position
    written_at: DocumentPath
    entry: Entry | None


def apply_extends(document: Document, load_base: LoadBase) -> Document:
    """The document with its base merged in, and the base's base, as far as the chain goes.

    Parameters
    ----------
    document
        Returned as it is if it has none of ``extends``, ``change`` and ``remove``.
    load_base
        Called with the name that ``extends`` gives and the file that gives it. Its UsageError becomes a problem at
        that name; its InvalidDocument is passed on.

    Raises
    ------
    InvalidDocument
        Every problem of the document's own ``extends``, ``change`` and ``remove``.
    """
    return _extended(document, load_base, (document,))


def apply_overrides(
    document: Document, overrides: Sequence[str] | Mapping[str, object], *, allow_same: bool = False
) -> Document:
    """The document with single values replaced or added.

    Parameters
    ----------
    document
        A document whose ``extends`` is merged already.
    overrides
        ``path=value`` texts, the value being YAML; or a mapping from paths to Python values. Positions are
        ``--set[1]:1:column`` and ``set[1]:1:1``, counted from 1.
    allow_same
        Let an override be that gives the value that is there already (for a sweep through the default).

    Raises
    ------
    InvalidDocument
        Every problem of the overrides.
    """
    if isinstance(overrides, str):  # a sequence of texts too, of one character each
        raise UsageError(f'set is a list of texts, as in set=["{overrides}"]; found one text')
    problems: list[Problem] = []
    edits: list[_Edit] = []
    if isinstance(overrides, Mapping):
        for number, (name, value) in enumerate(overrides.items(), 1):
            position = Position(f"set[{number}]", 1, 1)
            try:
                entry = Entry(position, node_from_plain(value, position))
            except ValueError as error:
                problems.append(Problem(position, name, str(error)))
                continue
            edits += _edit(name, position, (), entry, problems)
    else:
        for number, text in enumerate(overrides, 1):
            edits += _override(text, f"--set[{number}]", problems)
    return _edited(document, edits, problems, allow_same=allow_same)


def apply_changes(
    document: Document, changes: MappingNode, *, written_at: DocumentPath, allow_same: bool = False
) -> Document:
    """The document with the changes of a mapping ``{path: value}`` that stands at `written_at` in another document."""
    problems: list[Problem] = []
    edits = _changes(changes, written_at, problems)
    return _edited(document, edits, problems, allow_same=allow_same)


def _extended(document: Document, load_base: LoadBase, chain: tuple[Document, ...]) -> Document:
    entries = document.root.entries
    if not any(name in entries for name in _DIRECTIVES):
        return document
    problems: list[Problem] = []
    edits: list[_Edit] = []
    for name, entry in entries.items():
        if name == "change":
            if isinstance(entry.node, MappingNode):
                edits += _changes(entry.node, ("change",), problems)
            else:
                problems.append(_wrong_kind(entry.node, name, "a mapping of paths and values"))
        elif name == "remove":
            if isinstance(entry.node, SequenceNode):
                edits += _removals(entry.node, problems)
            else:
                problems.append(_wrong_kind(entry.node, name, "a list of paths"))
        elif name not in (*_DIRECTIVES, *REPLACED, *MERGED):
            message = f"found the section {shown(name)} in a document that changes another; put it under change"
            problems.append(Problem(entry.key_position, name, message))
    problems += [_header_problem(edit) for edit in edits if _is_header(edit)]
    edits = [edit for edit in edits if not _is_header(edit)]
    base = _base(document, load_base, chain, problems)
    if base is None:
        raise InvalidDocument(problems)
    problems += _identity_problems(document, base)
    merged = _edited(base, [*_header_edits(document, base), *edits], problems, header=True)
    root = MappingNode(document.root.position, merged.root.entries)
    return Document(root, document.file, (*document.inputs, *base.inputs))


def _base(
    document: Document, load_base: LoadBase, chain: tuple[Document, ...], problems: list[Problem]
) -> Document | None:
    entry = document.root.entries.get("extends")
    if entry is None:
        present = next(name for name in _DIRECTIVES if name in document.root.entries)
        message = f"found {present} without extends; name the document that is changed"
        problems.append(Problem(document.locate((present,), key=True), present, message))
        return None
    name = entry.node.value if isinstance(entry.node, ScalarNode) else ""
    if not isinstance(name, str) or not name:
        problems.append(_wrong_kind(entry.node, "extends", "the name or path of one document"))
        return None
    try:
        base = load_base(name, document.file)
        if any(_same_file(base, link) for link in chain):
            names = " -> ".join(_name(link) for link in (*chain, base))
            message = f"found a circle: {names}; let one of them stand alone"
            problems.append(Problem(entry.node.position, "extends", message))
            return None
        return _extended(base, load_base, (*chain, base))
    except UsageError as error:
        problems.append(Problem(entry.node.position, "extends", str(error)))
    except InvalidDocument as error:
        problems += error.problems
    return None


def _same_file(one: Document, other: Document) -> bool:
    return os.path.realpath(one.file) == os.path.realpath(other.file)


def _name(document: Document) -> str:
    node = child(document.root, "id")
    return str(node.value) if isinstance(node, ScalarNode) else document.file


def _wrong_kind(node: Node, name: str, due: str) -> Problem:
    return Problem(node.position, name, f"found {describe(node.plain())}; write {due}")


def _identity_problems(document: Document, base: Document) -> list[Problem]:
    own, bases = child(document.root, "id"), child(base.root, "id")
    if own is None:
        position = document.locate(("extends",), key=True)
        return [Problem(position, "id", "found no id; a document that extends another needs an id of its own")]
    if bases is not None and own.plain() == bases.plain():
        message = f"found {describe(own.plain())}, which is the id of the base; give an id of its own"
        return [Problem(own.position, "id", message)]
    return []


def _header_edits(document: Document, base: Document) -> list[_Edit]:
    edits = []
    for name, entry in document.root.entries.items():
        old = child(base.root, name)
        if name in MERGED and isinstance(entry.node, MappingNode) and isinstance(old, MappingNode):
            together = MappingNode(entry.node.position, {**old.entries, **entry.node.entries})
            entry = Entry(entry.key_position, together)
        if name in (*REPLACED, *MERGED):
            edits.append(_Edit((name,), entry.key_position, (name,), entry))
    return edits


def _is_header(edit: _Edit) -> bool:
    top = edit.path[0]
    return top in _DIRECTIVES or top in ("schema", "id") or (edit.entry is not None and top in (*REPLACED, *MERGED))


def _header_problem(edit: _Edit) -> Problem:
    top = edit.path[0]
    if edit.entry is None or top in _DIRECTIVES:
        message = f"{top} cannot be " + ("removed" if edit.entry is None else "changed")
    else:
        message = f"{top} cannot be changed here; write {top} at the top of the document"
    return Problem(edit.position, format_path(edit.written_at), message)


def _changes(changes: MappingNode, written_at: DocumentPath, problems: list[Problem]) -> list[_Edit]:
    edits: list[_Edit] = []
    for name, entry in changes.entries.items():
        edits += _edit(name, entry.key_position, (*written_at, name), entry, problems)
    return edits


def _removals(names: SequenceNode, problems: list[Problem]) -> list[_Edit]:
    edits: list[_Edit] = []
    for index, item in enumerate(names.items):
        written_at = ("remove", index)
        if isinstance(item, ScalarNode) and isinstance(item.value, str):
            edits += _edit(item.value, item.position, written_at, None, problems)
        else:
            message = f'found {describe(item.plain())}; write a path, as in "phases.A1"'
            problems.append(Problem(item.position, format_path(written_at), message))
    return edits


def _edit(
    name: str, position: Position, written_at: DocumentPath, entry: Entry | None, problems: list[Problem]
) -> list[_Edit]:
    try:
        path = parse_path(name)
    except ValueError as error:
        problems.append(Problem(position, format_path(written_at), str(error)))
        return []
    return [_Edit(path, position, written_at or path, entry)]


def _override(text: str, file: str, problems: list[Problem]) -> list[_Edit]:
    position = Position(file, 1, 1)
    at = _equals_sign(text)
    if at < 0:
        problems.append(Problem(position, "", f'found {shown(text)} without "="; write path=value'))
        return []
    edits = _edit(text[:at], position, (), None, problems)
    if not edits:
        return []
    path = edits[0].path
    node, found = read_tree(text[at + 1 :], file, path=path, first_column=at + 2)
    problems += found
    if node is None and not found:
        place = Position(file, 1, at + 2)
        problems.append(Problem(place, format_path(path), 'found no value after "="; write path=value'))
    if node is None or found:
        return []
    return [_Edit(path, position, path, Entry(position, node))]


def _equals_sign(text: str) -> int:
    """Where the first equals sign outside double quotes stands, or -1."""
    quoted = False
    at = 0
    while at < len(text):
        if quoted and text[at] == "\\":
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at] == "=" and not quoted:
            return at
        at += 1
    return -1


def _edited(
    document: Document,
    edits: Sequence[_Edit],
    problems: list[Problem],
    *,
    allow_same: bool = False,
    header: bool = False,
) -> Document:
    """Check all edits against the document as it is, then make them; InvalidDocument with all problems."""
    collisions = _collisions(edits)
    problems = [*problems, *collisions.values()]
    root: Node = document.root
    for number, edit in enumerate(edits):
        if number in collisions:
            continue
        message = _obstacle(root, edit)
        in_header = header and edit.path[0] in (*REPLACED, *MERGED)
        if message is None and edit.entry is not None and not allow_same and not in_header:
            old = child_at(document.root, edit.path)
            if old is not None and _same(old, edit.entry.node):
                message = f"{format_path(edit.path)} is {describe(old.plain())} already; this changes nothing"
        if message is not None:
            problems.append(Problem(edit.position, format_path(edit.written_at), message))
        elif edit.entry is not None:
            root = with_value(root, edit.path, edit.entry)
    if problems:
        raise InvalidDocument(problems)
    # From the last item of a list to its first, so that no index shifts before its turn.
    removals = sorted((edit.path for edit in edits if edit.entry is None), key=_indices, reverse=True)
    for path in removals:
        root = without(root, path)
    assert isinstance(root, MappingNode)
    return Document(root, document.file, document.inputs)


def _indices(path: DocumentPath) -> tuple[tuple[int, str], ...]:
    return tuple((part, "") if isinstance(part, int) else (-1, part) for part in path)


def _same(one: Node, other: Node) -> bool:
    if isinstance(one, ScalarNode) and isinstance(other, ScalarNode):
        return isinstance(one.value, bool) == isinstance(other.value, bool) and one.value == other.value
    if isinstance(one, SequenceNode) and isinstance(other, SequenceNode):
        return len(one.items) == len(other.items) and all(map(_same, one.items, other.items))
    if isinstance(one, MappingNode) and isinstance(other, MappingNode):
        return one.entries.keys() == other.entries.keys() and all(
            _same(entry.node, other.entries[key].node) for key, entry in one.entries.items()
        )
    return False


def _obstacle(node: Node, edit: _Edit) -> str | None:
    """Why an edit cannot be made, in words, or None."""
    for depth, part in enumerate(edit.path):
        last = depth == len(edit.path) - 1
        above, here = format_path(edit.path[:depth]) or "the document", format_path(edit.path[: depth + 1])
        below = child(node, part)
        if below is not None:
            node = below
            continue
        if isinstance(node, MappingNode) and isinstance(part, str):
            if last and edit.entry is not None:
                return None
            return f"{here} does not exist" + did_you_mean(part, list(node.entries))
        if isinstance(node, SequenceNode) and isinstance(part, int):
            if last and edit.entry is not None and part == len(node.items):
                return None
            return f"{here} does not exist; {above} has {_count(len(node.items))}, counted from 0"
        step = "a key" if isinstance(part, str) else "a list index"
        kind = describe(node.plain())
        return f"{here} does not exist: {above} is {kind}, which has no place for {step}"
    return None


def _count(number: int) -> str:
    return "1 item" if number == 1 else f"{number} items"


def _collisions(edits: Sequence[_Edit]) -> dict[int, Problem]:
    """Edits whose path is that of an earlier one, lies inside it or contains it, by their number."""
    problems = {}
    for number, edit in enumerate(edits):
        for other in edits[:number]:
            shared = min(len(edit.path), len(other.path))
            if edit.path[:shared] != other.path[:shared]:
                continue
            verb = "removed" if other.entry is None else "changed"
            same_file = other.position.file == edit.position.file
            place = f"on line {other.position.line}" if same_file else f"by {other.position.file}"
            mine, theirs = format_path(edit.path), format_path(other.path)
            if edit.path == other.path:
                message = f"{mine} is {verb} already {place}; keep one of the two"
            elif len(edit.path) > shared:
                message = f"{mine} lies inside {theirs}, which is {verb} {place}; keep one of the two"
            else:
                message = f"{mine} contains {theirs}, which is {verb} {place}; keep one of the two"
            problems[number] = Problem(edit.position, format_path(edit.written_at), message)
            break
    return problems
