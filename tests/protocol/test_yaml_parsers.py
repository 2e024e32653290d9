"""Whatever the text: a document or its problems, alike from both parsers, and the values another reader finds."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import InvalidDocument
from sim.protocol.document import load_document
from sim.protocol.yaml_reader import SOURCES, read_tree

SEED_TEXT = """\
# A protocol in small
schema: engraft/1
title: "ALL: blinatumomab up front"
parameters:
  mrd_a1: {value: -3.7, prior: {normal: [-3.8, 1.0]}, unit: log10, calibrate: true}
phases:
  A1:
    lasts: 28 d
    notes: |
      first

      second
    outcomes:
      - {p: cr_rate, event: remission, goto: B1}
      - {rest: true, event: 'refractory', goto: SALVAGE}
  BLINA: {cycles: "q42d x 4", give: {intrathecal: {cycles: [1, 2], each: 1}}}
"""
PIECES = [*" \n:-?,[]{}#&*!|>'\"%@`\\\t~a1", "\n  ", "\n- ", ": ", "- ", "---\n", "...\n", "<<: ", "null", "\\x00", "é"]
PIECES += [
    "|2\n",
    ">-\n",
    " #",
    "\r\n",
    "\ufeff",
    "\x85",
    "!!str ",
    "&a ",
    "*a ",
    "10:20",
    "1e999",
    "0x",
    "\n\n",
    "\ud800",
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = SEED_TEXT
    start = draw(st.integers(0, len(text)))
    text = text[start : draw(st.sampled_from([start + 40, start + 200, len(text)]))]
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        end = at + draw(st.integers(0, 6))
        piece = draw(st.sampled_from(PIECES) | st.just(text[end : end + 12]))
        text = text[:at] + piece + text[end:]
    return text


def outcome(text: str, parser: str) -> Any:
    tree, problems = read_tree(text, "f", parser=parser)
    return "refused" if problems else tree


@settings(max_examples=300, deadline=None)
@given(mutated() | st.text(max_size=60))
def test_any_text_is_read_or_refused_in_time_and_alike_by_both_parsers(text: str) -> None:
    began = time.perf_counter()
    try:
        load_document("f", text=text)
    except InvalidDocument as error:
        str(error).encode("utf-8")  # can be printed
    assert time.perf_counter() - began < 1
    assert [outcome(text, parser) for parser in SOURCES] == [outcome(text, "pure")] * len(SOURCES)


@pytest.mark.parametrize("parser", list(SOURCES))
@pytest.mark.parametrize(
    ("text", "column"), [("a: [b?]", (5, 6)), ("{a:[1]}", (3,)), ("{a: [b:]}", (7,)), ("a: >#\n", (5,))]
)
def test_what_one_parser_takes_and_the_other_does_not_is_refused(
    parser: str, text: str, column: tuple[int, ...]
) -> None:
    _, problems = read_tree(text, "f", parser=parser)
    assert [problem.position.column in column for problem in problems] == [True]


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\ufeff\u2028\u2029")
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(NAMES, below, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("parser", list(SOURCES))
@given(value=st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), indent=st.sampled_from([None, 2]))
def test_json_is_read_as_json_reads_it(parser: str, value: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    tree, problems = read_tree(text, "f", parser=parser)
    assert problems == []
    assert tree is not None
    assert tree.plain() == json.loads(text)


WORDS = st.text("abcxyz -:#'\"[]{},&*!|>%@`~\n", max_size=25).map(lambda word: "w" + word + "w")
BLOCKS: st.SearchStrategy[Any] = st.recursive(
    WORDS | st.integers(-999, 999) | st.booleans(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(WORDS, below, max_size=4),
    max_leaves=12,
)


@given(value=st.dictionaries(WORDS, BLOCKS, min_size=1, max_size=4), flow=st.sampled_from([None, True, False]))
def test_what_another_writer_wrote_is_read_back(value: dict[str, Any], flow: bool | None) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, width=50, sort_keys=False)
    assert load_document("f", text=text).plain() == value


def test_without_libyaml_the_pure_parser_serves() -> None:
    code = (
        "import sys; sys.modules['yaml._yaml'] = None; "
        "from sim.protocol.yaml_reader import SOURCES, read_tree; "
        "print(list(SOURCES), read_tree('a: {b: [1e3, yes]}', 'f')[0].plain())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['pure'] {'a': {'b': [1000.0, 'yes']}}\n"
