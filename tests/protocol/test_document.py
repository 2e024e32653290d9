"""Reading documents: values, positions, and the problems of a file with their places and words."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sim.errors import InvalidDocument, Position, UsageError
from sim.protocol.document import Document, ScalarNode, boolean_meant, load_document

TEXT = """\
schema: engraft/1
phases:
  A1:
    lasts: 28 d
    outcomes:
      - {p: cr_rate, goto: B1}
      - {p: 0.04, goto: "DEAD"}
  # a comment
  B1: {when: "a and\\tb", notes: |

      first
      second}
"""


def load(text: str) -> Document:
    return load_document("f.yaml", text=text)


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        load(text)
    return [str(problem).removeprefix("f.yaml:") for problem in caught.value.problems]


def place(position: Position) -> tuple[int, int]:
    return position.line, position.column


class TestValues:
    def test_core_scalars_of_yaml_1_2(self) -> None:
        text = "[true, True, FALSE, 5, -7, +3, 007, 0o17, 0x1F, 1e3, .5, 5., -1.5E-3, 1.0, 'true', \"1\"]"
        expected = [True, True, False, 5, -7, 3, 7, 15, 31, 1000.0, 0.5, 5.0, -0.0015, 1.0, "true", "1"]
        values = load(f"a: {text}").plain()["a"]
        assert values == expected
        assert [type(value) for value in values] == [type(value) for value in expected]

    @pytest.mark.parametrize(
        "word",
        [
            *("yes", "No", "on", "OFF", "y", "n", "1_000", "12:30:45", "2026-11-20", "0b1", "0o8", "0x", "1e", "e3"),
            *("=", ".", "+", "-.", "tRue", "nUll", "~x", "inf", "nan", "1.2.3", "1,5", "28 d", "q42d x 4", "d1-28"),
        ],
    )
    def test_other_words_are_text(self, word: str) -> None:
        assert load(f"a: {word}").plain() == {"a": word}

    def test_words_that_are_keys_of_other_yaml_versions_are_text(self) -> None:
        assert load("on: 1\n2026-11-20: 2\n'1': 3\n").plain() == {"on": 1, "2026-11-20": 2, "1": 3}

    def test_block_and_flow_styles(self) -> None:
        text = "a:\n- - 1\n  - b: |\n      x\n       y\n- >-\n  p\n  q\nc: {d: [e: 1], 'f g': \"\\u00e9\\n\"}\n"
        assert load(text).plain() == {"a": [[1, {"b": "x\n y\n"}], "p q"], "c": {"d": [{"e": 1}], "f g": "é\n"}}

    def test_line_ends_of_other_systems_and_a_byte_order_mark(self, tmp_path: Path) -> None:
        path = tmp_path / "a.yaml"
        path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
        document = load_document(path)
        assert document.plain() == {"a": 1, "b": 2}
        assert document.locate(("b",)) == Position(str(path), 2, 4)


class TestPositions:
    @pytest.fixture
    def document(self) -> Document:
        return load(TEXT.replace("notes: |\n\n      first\n      second}", "notes: 'it''s'}"))

    @pytest.mark.parametrize(
        ("path", "value", "key"),
        [
            (("schema",), (1, 9), (1, 1)),
            (("phases",), (3, 3), (2, 1)),
            (("phases", "A1"), (4, 5), (3, 3)),
            (("phases", "A1", "outcomes"), (6, 7), (5, 5)),
            (("phases", "A1", "outcomes", 0), (6, 9), (6, 9)),
            (("phases", "A1", "outcomes", 1, "goto"), (7, 25), (7, 19)),
            (("phases", "A1", "outcomes", 2), (6, 7), (5, 5)),
            (("phases", "A1", "lasts", "gamma", "mean"), (4, 12), (4, 5)),
            (("phases", "Z", "lasts"), (3, 3), (2, 1)),
            (("phases", 0), (3, 3), (2, 1)),
            (("nothing",), (1, 1), (1, 1)),
            ((), (1, 1), (1, 1)),
        ],
    )
    def test_values_and_keys_or_their_nearest_ancestor(
        self, document: Document, path: tuple[str | int, ...], value: tuple[int, int], key: tuple[int, int]
    ) -> None:
        assert place(document.locate(path)) == value
        assert place(document.locate(path, key=True)) == key

    def test_the_node_at_a_path(self, document: Document) -> None:
        assert document.node(("phases", "A1", "outcomes", 1, "p")).plain() == 0.04
        with pytest.raises(KeyError, match=r"phases\.Z does not exist"):
            document.node(("phases", "Z"))

    @pytest.mark.parametrize(
        ("text", "style", "start", "later"),
        [
            ("a: x y z", "plain", (1, 4), (1, 6)),
            ("a: 'x y z'", "single", (1, 5), (1, 7)),
            ('a:  "x y z"', "double", (1, 6), (1, 8)),
            ("{a: [x y z]}", "plain", (1, 6), (1, 8)),
            ("a: é y", "plain", (1, 4), (1, 6)),
            ('a: "x\\ty"', "double", (1, 5), (1, 5)),
            ("a: 'it''s'", "single", (1, 5), (1, 5)),
            ("a: |\n\n   x y", "literal", (3, 4), (3, 4)),
            ("a: x\n  y", "plain", (1, 4), (1, 4)),
        ],
    )
    def test_a_character_within_a_text(
        self, text: str, style: str, start: tuple[int, int], later: tuple[int, int]
    ) -> None:
        node = load(text).root.entries["a"].node
        while not isinstance(node, ScalarNode):
            node = node.items[0]  # type: ignore[union-attr]
        assert node.style == style
        assert place(node.text_position) == start
        assert place(node.position_at(2)) == later


class TestProblems:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a: 1\nb:\nc: 2", '2:1: b: found no value for the key "b"; write a value or leave the key out'),
            ("a: {b: , c: 1}", '1:5: a.b: found no value for the key "b"; write a value or leave the key out'),
            ("a: {b:1}", '1:5: a.b:1: found no value for the key "b:1"; write a blank after the colon'),
            ("a: ~", "1:4: a: found ~; write a value or leave the line out"),
            ("a: [1, Null]", "1:8: a[1]: found Null; write a value or leave the line out"),
            ("a:\n  - 1\n  -\n", "3:4: a[1]: found an empty list item; write a value or leave the item out"),
            ("a: 1\nb: 2\na: 3", '3:1: a: found the key "a" again; it first stands on line 1'),
            ("x: {a: 1, 'a': 2}", '1:11: x.a: found the key "a" again; it first stands on line 1'),
            ("x:\n  1: a", '2:3: x: found the key 1, which is a number; keys are text: write "1" in quotes'),
            ("1.5: a", '1:1: (document): found the key 1.5, which is a number; keys are text: write "1.5" in quotes'),
            (
                "true: a",
                '1:1: (document): found the key true, which is a boolean; keys are text: write "true" in quotes',
            ),
            ("~: a", '1:1: (document): found the key ~, which is null; keys are text: write "~" in quotes'),
            (": a", "1:1: (document): found no key before the colon; write a key"),
            ("? [a]\n: 1", "1:3: (document): found a list as a key; keys are text (put text with braces in quotes)"),
            (
                "{{a: 1}: 1}",
                "1:2: (document): found a mapping as a key; keys are text (put text with braces in quotes)",
            ),
            ("a: &x 1", "1:4: a: found the anchor &x; write the value out where it is needed"),
            ("a: {<<: {b: 1}}", '1:5: a: found the merge key "<<"; write the keys out'),
            ("a: !!str 1", '1:4: a: found the tag "tag:yaml.org,2002:str"; write the value without a tag'),
            ("a: !x [1]", '1:4: a: found the tag "!x"; write the value without a tag'),
            ("a: -.inf", "1:4: a: found -.inf; write a finite number"),
            ("a: .NaN", "1:4: a: found .NaN; write a finite number"),
            ("a: 1e999", "1:4: a: found 1e999; write a finite number"),
            ("a: 9223372036854775808", "1:4: a: found 9223372036854775808; write a whole number of at most 64 bits"),
            ("", '1:1: (document): found an empty file; write "key: value" lines'),
            ("# only this\n---\n", '1:1: (document): found an empty file; write "key: value" lines'),
            ("- a\n- b", '1:1: (document): found a list of 2 at the top; write "key: value" lines'),
            ("words", '1:1: (document): found the text "words" at the top; write "key: value" lines'),
            ("a: 1\n---\nb: 1", "2:1: (document): found a second document; keep one document in a file"),
            (
                "a: 1\n...\nb: 1",
                "3:1: (document): found text after the end of the document; keep one document in a file",
            ),
            ("a:\n\tb: 1\n\tc: 1", "2:1: (document): found a tab for indentation (and 1 more); indent with blanks"),
            (
                "a: 1\t# x",
                '1:5: (document): found a tab; write a blank, or "\\t" in double quotes where a tab is meant',
            ),
            ("a: \x00", "1:4: (document): found the control character U+0000; a document is plain UTF-8 text"),
            ("a: x\u2028y", "1:5: (document): found the control character U+2028; a document is plain UTF-8 text"),
            ("a: \ud800", "1:4: (document): found the control character U+D800; a document is plain UTF-8 text"),
            ('a: "\\0"', "1:4: a: found the control character U+0000 in a text; leave it out"),
            ("%YAML 1.1\n---\na: 1", "1:1: (document): found a line that starts with %; directives have no place here"),
        ],
    )
    def test_what_is_refused(self, text: str, expected: str) -> None:
        assert problems(text) == [expected]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a: b: c", '1:5: found a second ": " in a value; put the text in quotes, or check the indentation'),
            ("a: 1\n  b: 2", '2:4: found a second ": " in a value; put the text in quotes, or check the indentation'),
            ("a:\n  b: 1\n c: 2", "3:2: found a line that does not fit those above; check its indentation"),
            ("a: 1\n- b", "2:1: found a list item among keys; give the list a key, or check the indentation"),
            ("a: - b", '1:4: found "- " in the middle of a line; begin the list on a line of its own'),
            ("a: ? b", '1:4: found "? " at the start of a value; put the text in quotes'),
            ("a: 1\nb\nc: 2", '2:1: found "b" without a colon; write "key: value"'),
            ("a: 'x' y", '1:8: found "y" after a complete value; put the whole value in quotes, or check the brackets'),
            ("a: 'x\nb: 1\n", "1:4: found no closing ' for this quote; close it"),
            ('a: "x\n---\n', '1:4: found no closing " for this quote; close it'),
            ('a: "x \\q"', '1:7: found the unknown escape \\q in double quotes; write "\\\\" for a backslash'),
            ("a: [1, 2\nb: 3", "1:4: found no ] that closes this [; close it, or check its commas"),
            ("a: {b: 1", "1:4: found no } that closes this {; close it, or check its commas"),
            ("a: {b: 1]", '1:9: found "]" where a comma or } is due; check commas, brackets and quotes'),
            ("a: [1,, 2]", '1:7: found "," where a value is due; write the value'),
            ("a: @x", "1:4: found a value that starts with @; put such text in quotes"),
            ("a: `x`", "1:4: found a value that starts with `; put such text in quotes"),
            ("a: * 2", "1:4: found a value that starts with *; put such text in quotes"),
            ("a: & b", "1:4: found a value that starts with &; put such text in quotes"),
            ("a: !<x", "1:4: found a value that starts with !; put such text in quotes"),
            ("a: | x\n  y", '1:6: found "x" after | or >; begin the text on the next line'),
        ],
    )
    def test_syntax_in_one_short_sentence(self, text: str, expected: str) -> None:
        (found,) = problems(text)
        where, _, message = found.split(": ", 2)
        assert f"{where}: {message}" == expected

    def test_all_in_one_go_in_the_order_of_the_file(self) -> None:
        text = "a:\nb: ~\n1: x\nb: .inf\nc: &x [*x, {<<: 1}]\nd:\tx\ne: [1,,2]\n"
        assert [line.split(": ")[:2] for line in problems(text)] == [
            ["1:1", "a"],
            ["2:4", "b"],
            ["3:1", "(document)"],
            ["4:1", "b"],
            ["4:4", "b"],
            ["5:4", "c"],
            ["5:8", "c[0]"],
            ["5:13", "c[1]"],
            ["6:3", "(document)"],
            ["7:7", "e[0]"],
        ]

    def test_nesting_is_bounded_and_60_levels_are_fine(self) -> None:
        assert load("a: " + "[" * 59 + "]" * 59).plain()
        for text in ("a: " + "[" * 100_000, "a: " + "{a: " * 5000, "- " * 5000, "? " * 5000):
            (found,) = problems(text)
            assert found.endswith("found more than 60 levels of nesting; write it flatter")

    def test_nothing_expands(self) -> None:
        text = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(50))
        assert len(problems(text)) == 151

    def test_a_very_long_number_is_refused_at_once(self) -> None:
        (found,) = problems("a: " + "9" * 200_000)
        assert found.endswith("9...; write a whole number of at most 64 bits")
        assert len(found) < 150


class TestFiles:
    def test_the_file_is_named_and_hashed(self, tmp_path: Path) -> None:
        path = tmp_path / "a.yaml"
        path.write_text("a: 1\n")
        document = load_document(path)
        assert document.file == str(path)
        assert document.inputs == ((str(path), hashlib.sha256(b"a: 1\n").hexdigest()),)
        assert load_document(path, name="short").locate(("a",)) == Position("short", 1, 4)

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("none.yaml", "no such file"),
            ("", "not a file; it is a folder"),
            ("a" * 300, "cannot be read (File name too long)"),
        ],
    )
    def test_what_is_no_file(self, tmp_path: Path, name: str, message: str) -> None:
        with pytest.raises(UsageError) as caught:
            load_document(tmp_path / name)
        assert message in str(caught.value)

    def test_text_that_is_not_utf_8(self, tmp_path: Path) -> None:
        path = tmp_path / "a.yaml"
        path.write_bytes("a: é\nb: é\xe9".encode() + b"\xe9")
        with pytest.raises(InvalidDocument) as caught:
            load_document(path, name="f")
        assert str(caught.value) == (
            "f:2:6: (document): found the byte 0xE9, which is not UTF-8; save the file as UTF-8 text"
        )

    def test_a_file_that_is_too_large(self, tmp_path: Path) -> None:
        path = tmp_path / "a.yaml"
        path.write_bytes(b"a: " + b"x" * 5_000_000)
        with pytest.raises(InvalidDocument, match="found a file of more than 5 MB; a document has at most 5 MB"):
            load_document(path)


def test_words_meant_as_booleans() -> None:
    assert [boolean_meant(word) for word in ("Yes", "on", "TRUE", "y")] == [True] * 4
    assert [boolean_meant(word) for word in ("no", "Off", "false", "N")] == [False] * 4
    assert [boolean_meant(word) for word in ("maybe", 1, True, None)] == [None] * 4
