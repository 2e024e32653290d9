"""Paths into a document and how they are written (``phases.A1.outcomes[0].p``). No document is read here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from json.decoder import JSONDecodeError

DocumentPath = tuple[str | int, ...]
"""Keys (text) and list indices (whole numbers, from 0) from the top of a document down to one value."""

_UNQUOTED = re.compile(r"[^\s.\[\]\"=]+")
_BARE = re.compile(r"[^.\[\]\"]+")
_INDEX = re.compile(r"\[([0-9]{1,9})\]")


def format_path(path: Sequence[str | int]) -> str:
    """Write a path; a key with a space, dot, bracket, quote or equals sign is put in double quotes."""
    written = ""
    for part in path:
        if isinstance(part, int):
            written += f"[{part}]"
            continue
        bare = _UNQUOTED.fullmatch(part) and part.isprintable()
        written += ("." if written else "") + (part if bare else json.dumps(part, ensure_ascii=not part.isprintable()))
    return written


def parse_path(text: str) -> DocumentPath:
    """Read a path as `format_path` writes it; ValueError says what is wrong with the text."""
    parts: list[str | int] = []
    at = 0
    while at < len(text) or not parts:
        if text[at : at + 1] == "[":
            index = _INDEX.match(text, at)
            if not index:
                raise ValueError(f"{_shown(text[at:])} is not a list index; write a whole number from 0, as in [0]")
            parts.append(int(index[1]))
            at = index.end()
            continue
        if parts:
            if text[at] != ".":
                raise ValueError(f"{_shown(text[at:])} follows a complete step; put a dot before the next key")
            at += 1
        key, at = _key(text, at)
        parts.append(key)
    return tuple(parts)


def _key(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] == '"':
        try:
            key, end = json.JSONDecoder().raw_decode(text, at)
        except JSONDecodeError:
            raise ValueError(f"the quotes in {_shown(text[at:])} do not hold one key; close them") from None
        if not key.isascii() and re.search(r"[\ud800-\udfff]", key):
            raise ValueError(f"the key {_shown(text[at:end])} is not Unicode text")
        return key, end
    bare = _BARE.match(text, at)
    if not bare:
        raise ValueError(f'a key is missing in the path {_shown(text)}; write keys and dots, as in "phases.A1"')
    if bare[0] != bare[0].strip() or not bare[0].isprintable():
        raise ValueError(f"blanks around the key {_shown(bare[0])}; leave them out or put the key in double quotes")
    return bare[0], bare.end()


def _shown(text: str) -> str:
    return json.dumps(text if len(text) <= 60 else text[:57] + "...", ensure_ascii=not text.isprintable())
