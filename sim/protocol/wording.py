"""How values found in a document are shown in messages. Nothing is judged here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

_TRUE_WORDS = ("true", "yes", "y", "on")
_FALSE_WORDS = ("false", "no", "n", "off")


def shown(text: str, *, quote: bool = True) -> str:
    """Text as it is quoted in a message: in double quotes, shortened to 60 characters, unprintable ones escaped."""
    short = text if len(text) <= 60 else text[:57] + "..."
    quoted = json.dumps(short, ensure_ascii=not short.isprintable())
    return quoted if quote else quoted[1:-1]


def describe(value: object) -> str:
    """What was found, in words: a text in quotes, a number, ``a list of 3``, ``a mapping with the keys a, b``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {shown(value)}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, Mapping):
        if not value:
            return "an empty mapping"
        keys = [shown(str(key), quote=False) for key in value]
        noun = "key" if len(keys) == 1 else "keys"
        return f"a mapping with the {noun} " + ", ".join(keys[:6]) + (", ..." if len(keys) > 6 else "")
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def either(choices: Iterable[str]) -> str:
    """Alternatives in words: ``a``, ``a or b``, ``a, b or c``; repeated ones once."""
    words = list(dict.fromkeys(choices))
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def boolean_meant(value: object) -> bool | None:
    """The boolean that a word such as ``yes``, ``off`` or a quoted ``"True"`` is likely to stand for, else None."""
    word = value.strip().lower() if isinstance(value, str) else ""
    return True if word in _TRUE_WORDS else False if word in _FALSE_WORDS else None
