"""Reads a YAML file into a `Document`, all its problems in one go. What the document means is not judged here."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sim.errors import InvalidDocument, Position, Problem, UsageError
from sim.protocol.nodes import Document, Entry, MappingNode, Node, ScalarNode, SequenceNode
from sim.protocol.paths import DocumentPath, format_path, parse_path
from sim.protocol.schema_problems import problems_from_pydantic
from sim.protocol.wording import boolean_meant, describe
from sim.protocol.yaml_reader import read_tree

__all__ = [
    "Document",
    "DocumentPath",
    "Entry",
    "MappingNode",
    "Node",
    "ScalarNode",
    "SequenceNode",
    "boolean_meant",
    "format_path",
    "load_document",
    "parse_path",
    "problems_from_pydantic",
    "read_text",
]

MAX_BYTES = 5_000_000


def load_document(path: Path | str, *, text: str | None = None, name: str | None = None) -> Document:
    """Read a document.

    Parameters
    ----------
    path
        The file to read.
    text
        Text to read in place of the file's.
    name
        The name to give the file in positions; by default the path as written.

    Raises
    ------
    UsageError
        The path is not a readable file.
    InvalidDocument
        The content cannot be used; holds every problem that could be found.
    """
    file = name or str(path)
    if text is None:
        text, digest = read_text(path, name=name)
    else:
        data = text.encode("utf-8", "surrogatepass")
        _check_size(data, file)
        digest = hashlib.sha256(data).hexdigest()
    root, problems = read_tree(text.removeprefix("\ufeff"), file)
    if root is None and not problems:
        raise _invalid(Position(file, 1, 1), 'found an empty file; write "key: value" lines')
    if root is not None and not isinstance(root, MappingNode):
        message = f'found {describe(root.plain())} at the top; write "key: value" lines'
        problems.append(Problem(root.position, "", message))
    if problems:
        raise InvalidDocument(problems)
    assert isinstance(root, MappingNode)
    return Document(root, file, ((file, digest),))


def read_text(path: Path | str, *, name: str | None = None) -> tuple[str, str]:
    """The text of a file, without a byte order mark, and the SHA-256 of its bytes.

    Raises
    ------
    UsageError
        The path is not a readable file.
    InvalidDocument
        It is too large, or no UTF-8.
    """
    file = name or str(path)
    data = _read(Path(path))
    _check_size(data, file)
    return _decode(data, file).removeprefix("\ufeff"), hashlib.sha256(data).hexdigest()


def _check_size(data: bytes, file: str) -> None:
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1_000_000
        raise _invalid(Position(file, 1, 1), f"found a file of more than {limit} MB; a document has at most {limit} MB")


def _invalid(position: Position, message: str) -> InvalidDocument:
    return InvalidDocument([Problem(position, "", message)])


def _read(path: Path) -> bytes:
    try:
        if not path.exists():
            raise UsageError(f"{path}: no such file")
        if not path.is_file():
            raise UsageError(f"{path}: not a file" + ("; it is a folder" if path.is_dir() else ""))
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path}: cannot be read ({reason})") from None


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        found = f"0x{data[error.start]:02X}"
        raise _invalid(
            Position(file, line, column), f"found the byte {found}, which is not UTF-8; save the file as UTF-8 text"
        ) from None
