"""Seeded mutations of documents, in their text and in their tree. What a mutated file must do is said in the tests."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable
from typing import Any

TOKEN = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|[0-9]+(?:\.[0-9]+)?|[=!<>]=|[^\sA-Za-z_0-9]")
WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
NUMBER = re.compile(r"(?<![A-Za-z_])[0-9]+(?:\.[0-9]+)?")
DURATION = re.compile(r"^([0-9.]+) ?(d|days|weeks|months|y|years)$")
OPERATORS = ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", " and ", " or ", " in ", " not ")
UNITS = ("d", "weeks", "months", "y", "h", "days days", "", "log10", "per day")
NUMBERS = (
    0, 1, -1, 2, 0.5, -0.5, 1e-12, -1e-12, 5e-324, 1e-300, 1e300, -1e300, 1.7976931348623157e308, 1e9, -1e9,
    1e15, 2**62, 2**63 - 1, 2**63, -(2**63), 10**30, 1e-5, 0.999999999999, 1.0000001, 16, 56, 100, 1000, 1001,
    365.25,
)  # fmt: skip
WORDS = (
    "", " ", "nan", "NaN", ".nan", "inf", "-inf", ".inf", "null", "~", "yes", "no", "on", "true", "0x10",
    "1_000", "1e400", "1e-400", "--1", "0 d", "-5 y", "1e300 y", "28", "28 d d", "q0d x 4", "q42d x 0",
    "q42d x 9999", "q1e9d x 4", "d28-1", "d0-28", "if(1, 2)", "if(true, 1, 0)", "1 / 0", "log(0)", "exp(1000)",
    "sqrt(-1)", "-(-(-1))", "min()", "band(age, 5)", "since(relapse)", "count(relapse)", "within(relapse, 1 d)",
    "phase(DEAD)", "visited(ALLO)", "cycle", "continue", "else", "__import__('os')", "a.b.c", "x" * 5000,
    "(" * 500, "1" + " + 1" * 400, "not " * 300 + "true", "\u00e4\u00f6\u00fc", "\u767d\u8840\u75c5",
    "\U0001f600", "\u202e", "\x00", "\ufeff", "a\tb", "a\nb", "'", '"', "{", "}", "[", "*x", "&x", "!!int 3",
    "<<", "#", ": ", "- ", "%YAML 1.1", "---", "...",
)  # fmt: skip
TREES: tuple[Any, ...] = (
    [],
    {},
    [[]],
    [{}],
    {"": ""},
    True,
    False,
    ["x"] * 50,
    {"a": {"b": {"c": {"d": [1, [2, [3]]]}}}},
)

Way = Callable[[Any, random.Random], str]


def mutated(document: dict[str, Any], text: str, luck: random.Random) -> str:
    """The text of a document after one to four mutations.

    Parameters
    ----------
    document
        The plain tree of the same document.
    text
        Its text as written.
    """
    if luck.random() < 0.4:
        for _ in range(luck.choice((1, 1, 1, 2, 4))):
            text = luck.choice(TEXT_WAYS)(text, luck)
        return text
    tree = copy.deepcopy(document)
    for _ in range(luck.choice((1, 1, 1, 2, 3))):
        luck.choice(TREE_WAYS)(tree, luck)
    return "".join(f"{_key(key)}: {_flow(value)}\n" for key, value in tree.items()) or "{}\n"


def _key(key: str) -> str:
    return key if WORD.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _flow(value: Any) -> str:
    """A value as JSON, which is YAML."""
    return json.dumps(value, ensure_ascii=False)


# Text


def _lines(change: Callable[[list[str], int, random.Random], None]) -> Way:
    def way(text: str, luck: random.Random) -> str:
        lines = text.split("\n")
        change(lines, luck.randrange(len(lines)), luck)
        return "\n".join(lines) or "\n"

    return way


def _delete_line(lines: list[str], at: int, luck: random.Random) -> None:
    del lines[at : at + luck.choice((1, 1, 3))]


def _repeat_line(lines: list[str], at: int, luck: random.Random) -> None:
    lines.insert(luck.choice((at, luck.randrange(len(lines)))), lines[at])


def _indent_line(lines: list[str], at: int, luck: random.Random) -> None:
    lines[at] = luck.choice((" " * luck.randrange(9), "\t")) + lines[at].lstrip()


def _swap_lines(lines: list[str], at: int, luck: random.Random) -> None:
    other = luck.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]


def _swap_token(text: str, luck: random.Random) -> str:
    spots = list(TOKEN.finditer(text))
    if not spots:
        return text
    spot = luck.choice(spots)
    new = luck.choice(spots)[0] if luck.random() < 0.5 else str(luck.choice((*NUMBERS, *WORDS)))
    return text[: spot.start()] + new + text[spot.end() :]


def _swap_number(text: str, luck: random.Random) -> str:
    spots = list(NUMBER.finditer(text))
    if not spots:
        return text
    spot = luck.choice(spots)
    return text[: spot.start()] + str(_number(float(spot[0]), luck)) + text[spot.end() :]


def _cut(text: str, luck: random.Random) -> str:
    at = luck.randrange(len(text) + 1)
    return text[:at] + text[at + luck.choice((1, 2, 10, 10**6)) :] or "\n"


def _insert(text: str, luck: random.Random) -> str:
    at = luck.randrange(len(text) + 1)
    return text[:at] + luck.choice((*WORDS, ",", ":", "\n", "    ", "\r", "}")) + text[at:]


TEXT_WAYS: tuple[Way, ...] = (
    _lines(_delete_line),
    _lines(_repeat_line),
    _lines(_indent_line),
    _lines(_swap_lines),
    _swap_token,
    _swap_token,
    _swap_number,
    _swap_number,
    _swap_number,
    _cut,
    _insert,
)

# Trees


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every (container, key or index) of a tree."""
    found: list[tuple[Any, Any]] = []
    due = [tree]
    for node in due:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        for key in keys:
            found.append((node, key))
            if isinstance(node[key], dict | list):
                due.append(node[key])
    return found


def _place(tree: Any, luck: random.Random, kind: type | tuple[type, ...] = object) -> tuple[Any, Any] | None:
    fitting = [(node, key) for node, key in places(tree) if isinstance(node[key], kind)]
    return luck.choice(fitting) if fitting else None


def _delete(tree: Any, luck: random.Random) -> None:
    if place := _place(tree, luck):
        del place[0][place[1]]


def _repeat(tree: Any, luck: random.Random) -> None:
    if place := _place(tree, luck):
        node, key = place
        if isinstance(node, list):
            node.insert(luck.randrange(len(node) + 1), copy.deepcopy(node[key]))
        else:
            node[luck.choice((f"{key}2", "x", "", key.upper(), str(luck.choice(WORDS))))] = copy.deepcopy(node[key])


def _rename(tree: Any, luck: random.Random) -> None:
    mappings = [(node, key) for node, key in places(tree) if isinstance(node, dict)]
    if mappings:
        node, key = luck.choice(mappings)
        other = luck.choice(mappings)[1] if luck.random() < 0.6 else str(luck.choice(WORDS))
        node[other] = node.pop(key)


def _exchange(tree: Any, luck: random.Random) -> None:
    one, other = _place(tree, luck), _place(tree, luck)
    if one and other:
        first, second = copy.deepcopy(one[0][one[1]]), copy.deepcopy(other[0][other[1]])
        one[0][one[1]], other[0][other[1]] = second, first


def _retype(tree: Any, luck: random.Random) -> None:
    if place := _place(tree, luck):
        node, key = place
        value = node[key]
        new = luck.choice(
            (*TREES, [value], {"x": value}, json.dumps(value), value if isinstance(value, str) else str(value))
        )
        node[key] = copy.deepcopy(new)  # what later mutations do to it stays in this file


def _extreme(tree: Any, luck: random.Random) -> None:
    if place := _place(tree, luck, (str, int, float)):
        place[0][place[1]] = luck.choice((*NUMBERS, *WORDS))


def _nest(tree: Any, luck: random.Random) -> None:
    if place := _place(tree, luck):
        node, key = place
        for _ in range(luck.choice((2, 30, 80))):
            node[key] = [node[key]] if luck.random() < 0.5 else {"a": node[key]}


def _number(value: float, luck: random.Random) -> float | int:
    near = (-value, value * 1000, value / 1000, value + 1, value - 1, 1 - value, value / 2, value * 2, value * 1.3)
    return luck.choice((*near, *NUMBERS[:16], *NUMBERS))


def _change_number(tree: Any, luck: random.Random) -> None:
    if place := _place(tree, luck, (int, float)):
        node, key = place
        node[key] = _number(float(node[key]), luck)


def _change_duration(tree: Any, luck: random.Random) -> None:
    fitting = [(n, k, m) for n, k in places(tree) if isinstance(n[k], str) and (m := DURATION.match(n[k]))]
    if fitting:
        node, key, found = luck.choice(fitting)
        amount = found[1] if luck.random() < 0.4 else f"{_number(float(found[1]), luck)}"
        node[key] = f"{amount} {found[2] if luck.random() < 0.7 else luck.choice(UNITS)}".strip()


def _change_expression(tree: Any, luck: random.Random) -> None:
    texts = [(node, key) for node, key in places(tree) if isinstance(node[key], str) and TOKEN.search(node[key])]
    if not texts:
        return
    node, key = luck.choice([place for place in texts if re.search(r"[(*+<>=]| and ", place[0][place[1]])] or texts)
    text = node[key]
    spot = luck.choice(list(TOKEN.finditer(text)))
    way = luck.random()
    if WORD.fullmatch(spot[0]) and way < 0.6:
        other_node, other_key = luck.choice(texts)
        new = luck.choice(WORD.findall(other_node[other_key]) or ["age"])
    elif NUMBER.fullmatch(spot[0]):
        new = str(_number(float(spot[0]), luck))
    elif way < 0.8:
        new = luck.choice(OPERATORS)
    else:
        new = (
            f"({spot[0]})" if way < 0.9 else luck.choice(("", f"{spot[0]} {spot[0]}", f"not {spot[0]}", f"-{spot[0]}"))
        )
    node[key] = text[: spot.start()] + new + text[spot.end() :]


TREE_WAYS: tuple[Callable[[Any, random.Random], None], ...] = (
    _delete,
    _repeat,
    _rename,
    _exchange,
    _retype,
    _extreme,
    _nest,
    _change_number,
    _change_number,
    _change_number,
    _change_number,
    _change_duration,
    _change_duration,
    _change_expression,
    _change_expression,
    _change_expression,
)
