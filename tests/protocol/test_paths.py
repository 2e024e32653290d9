"""Paths into documents: how they are written and read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.paths import format_path, parse_path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("phases", "A1", "outcomes", 0, "p"), "phases.A1.outcomes[0].p"),
        (("subgroups", "MRD after C-1", "by"), 'subgroups."MRD after C-1".by'),
        (("set", "phases.BLINA.cycles"), 'set."phases.BLINA.cycles"'),
        (("a", 'say "x"'), 'a."say \\"x\\""'),
        (("a", ""), 'a.""'),
        (("a=b",), '"a=b"'),
        (("tägliche-Gabe", 0, 1), "tägliche-Gabe[0][1]"),
    ],
)
def test_a_path_is_written_and_read_back(path: tuple[str | int, ...], text: str) -> None:
    assert format_path(path) == text
    assert parse_path(text) == path


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers(0, 10**9 - 1), min_size=1, max_size=5))
def test_reading_undoes_writing(path: list[str | int]) -> None:
    assert parse_path(format_path(path)) == tuple(path)


def test_the_top_is_an_empty_text() -> None:
    assert format_path(()) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'a key is missing in the path ""; write keys and dots, as in "phases.A1"'),
        ("a..b", 'a key is missing in the path "a..b"; write keys and dots, as in "phases.A1"'),
        ("a.", 'a key is missing in the path "a."; write keys and dots, as in "phases.A1"'),
        ("a[-1]", '"[-1]" is not a list index; write a whole number from 0, as in [0]'),
        ("a[x]", '"[x]" is not a list index; write a whole number from 0, as in [0]'),
        ("a[0", '"[0" is not a list index; write a whole number from 0, as in [0]'),
        ("a[0]b", '"b" follows a complete step; put a dot before the next key'),
        ('a."b', 'the quotes in "\\"b" do not hold one key; close them'),
        ("a. b", 'blanks around the key " b"; leave them out or put the key in double quotes'),
        ('"\\ud800"', 'the key "\\"\\\\ud800\\"" is not Unicode text'),
    ],
)
def test_a_bad_path_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_path(text)


@given(st.text())
def test_any_text_is_a_path_or_a_value_error(text: str) -> None:
    try:
        path = parse_path(text)
    except ValueError as error:
        str(error).encode()  # can be printed
    else:
        assert parse_path(format_path(path)) == path
