"""Documents that change others, and overrides: what comes out, where it was written, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InvalidDocument, Position, UsageError
from sim.protocol.document import Document, MappingNode, load_document
from sim.protocol.merge import apply_changes, apply_extends, apply_overrides

BASE = """\
schema: engraft/1
id: base
title: Base
sources: {a: one, b: two}
counters: {doses: doses}
phases:
  A1:
    lasts: 28 d
    outcomes:
      - {p: 0.9, goto: B1}
      - {p: 0.04, goto: DEAD}
      - {rest: true, goto: C1}
  B1: {lasts: 28 d, give: 1.0}
  C1: {goto: B1}
"""
HEAD = "schema: engraft/1\nid: diff\nextends: base\n"


def folder(**texts: str) -> Callable[[str, str], Document]:
    """Names of documents to documents, as a loader."""

    def find(name: str, beside: str) -> Document:
        if name not in texts:
            raise UsageError(f'no protocol is named "{name}" (for {beside})')
        return load_document(name, text=texts[name], name=f"{name}.yaml")

    return find


def extended(text: str, **others: str) -> Document:
    return apply_extends(load_document("diff.yaml", text=text), folder(base=BASE, **others))


def refused(act: Callable[[], Any]) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        act()
    return [str(problem) for problem in caught.value.problems]


def problems(body: str) -> list[str]:
    return [line.removeprefix("diff.yaml:") for line in refused(lambda: extended(HEAD + body))]


def base() -> Document:
    return load_document("base.yaml", text=BASE)


class TestExtends:
    def test_a_document_without_a_base_is_left_as_it_is(self) -> None:
        document = base()
        assert apply_extends(document, folder()) is document

    def test_the_diff_replaces_adds_and_removes(self) -> None:
        merged = extended(
            HEAD + "title: Diff\nsources: {b: new, c: three}\nnotes: why\n"
            "change:\n"
            "  phases.A1.lasts: {gamma: {mean: 3}}\n"
            "  phases.D1: {goto: C1}\n"
            "  phases.A1.outcomes[0].goto: D1\n"
            "  phases.A1.outcomes[3]: {p: 0.01, goto: C1}\n"
            "remove: [phases.B1, counters.doses, 'phases.A1.outcomes[1]']\n"
        )
        assert merged.plain() == {
            "schema": "engraft/1",
            "id": "diff",
            "title": "Diff",
            "sources": {"a": "one", "b": "new", "c": "three"},
            "counters": {},
            "phases": {
                "A1": {
                    "lasts": {"gamma": {"mean": 3}},
                    "outcomes": [
                        {"p": 0.9, "goto": "D1"},
                        {"rest": True, "goto": "C1"},
                        {"p": 0.01, "goto": "C1"},
                    ],
                },
                "C1": {"goto": "B1"},
                "D1": {"goto": "C1"},
            },
            "notes": "why",
        }
        assert list(merged.plain()["phases"]) == ["A1", "C1", "D1"]  # type: ignore[arg-type]

    def test_indices_speak_of_the_base_whatever_is_removed_before_them(self) -> None:
        body = "remove: ['phases.A1.outcomes[0]', 'phases.A1.outcomes[1]']\nchange: {'phases.A1.outcomes[2].goto': D}\n"
        assert extended(HEAD + body).node(("phases", "A1", "outcomes")).plain() == [{"rest": True, "goto": "D"}]

    def test_values_keep_the_position_where_they_were_written(self) -> None:
        merged = extended(HEAD + "change:\n  phases.A1.lasts: 30 d\n  phases.B1: {lasts: 20 d}\n")
        assert merged.locate(("phases", "A1", "lasts")) == Position("diff.yaml", 5, 20)
        assert merged.locate(("phases", "A1", "lasts"), key=True) == Position("diff.yaml", 5, 3)
        assert merged.locate(("phases", "B1", "lasts")) == Position("diff.yaml", 6, 22)
        assert merged.locate(("phases", "A1", "outcomes", 1, "p")) == Position("base.yaml", 11, 13)
        assert merged.locate(("phases", "A1"), key=True) == Position("base.yaml", 7, 3)
        assert merged.locate(("id",)) == Position("diff.yaml", 2, 5)
        assert merged.locate(()) == Position("diff.yaml", 1, 1)

    def test_a_changed_value_is_replaced_whole(self) -> None:
        merged = extended(HEAD + "change: {phases.B1: {goto: C1}}\n")
        assert merged.node(("phases", "B1")).plain() == {"goto": "C1"}

    def test_a_chain_and_the_files_that_took_part(self) -> None:
        middle = "schema: engraft/1\nid: middle\nextends: base\nremove: [phases.B1]\n"
        text = HEAD.replace("base", "middle") + "change: {phases.B1: {goto: X}}\n"
        merged = extended(text, middle=middle)
        assert merged.node(("phases", "B1")).plain() == {"goto": "X"}
        assert [file for file, _ in merged.inputs] == ["diff.yaml", "middle.yaml", "base.yaml"]

    def test_circles_are_refused_with_their_chain(self) -> None:
        texts = {name: f"id: {name}\nextends: {base}\n" for name, base in (("p", "q"), ("q", "r"), ("r", "p"))}
        find = folder(**texts)
        assert refused(lambda: apply_extends(find("p", ""), find)) == [
            "r.yaml:2:10: extends: found a circle: p -> q -> r -> p; let one of them stand alone"
        ]
        itself = folder(p="id: p\nextends: p\n")
        assert refused(lambda: apply_extends(itself("p", ""), itself)) == [
            "p.yaml:2:10: extends: found a circle: p -> p; let one of them stand alone"
        ]

    def test_the_problems_of_a_base_come_with_those_of_the_diff(self) -> None:
        text = HEAD.replace("base", "bad") + "phases: {}\n"
        assert refused(lambda: extended(text, bad="a:\n")) == [
            'bad.yaml:1:1: a: found no value for the key "a"; write a value or leave the key out',
            'diff.yaml:4:1: phases: found the section "phases" in a document that changes another; put it under change',
        ]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("id: x\nchange: {a: 1}", "2:1: change: found change without extends; name the document that is changed"),
            ("id: x\nremove: [a]", "2:1: remove: found remove without extends; name the document that is changed"),
            ("id: x\nextends: [base]", "2:10: extends: found a list of 1; write the name or path of one document"),
            ("id: x\nextends: bse", '2:10: extends: no protocol is named "bse" (for diff.yaml)'),
            ("extends: base", "1:1: id: found no id; a document that extends another needs an id of its own"),
            (
                "id: base\nextends: base",
                '1:5: id: found the text "base", which is the id of the base; give an id of its own',
            ),
        ],
    )
    def test_a_wrong_head(self, text: str, expected: str) -> None:
        assert refused(lambda: extended(text)) == [f"diff.yaml:{expected}"]

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ("change: [a]", "4:9: change: found a list of 1; write a mapping of paths and values"),
            ("remove: a", '4:9: remove: found the text "a"; write a list of paths'),
            ("remove: [1]", '4:10: remove[0]: found the number 1; write a path, as in "phases.A1"'),
            (
                "change: {a..b: 1}",
                '4:10: change."a..b": a key is missing in the path "a..b"; write keys and dots, as in "phases.A1"',
            ),
            (
                "change: {phases.A2.lasts: 1 d}",
                '4:10: change."phases.A2.lasts": phases.A2 does not exist; known: A1, B1, C1',
            ),
            ("change: {phase.A1: {}}", '4:10: change."phase.A1": phase does not exist; did you mean "phases"?'),
            ("remove: [phases.A2]", "4:10: remove[0]: phases.A2 does not exist; known: A1, B1, C1"),
            ("remove: [phases.A1.last]", '4:10: remove[0]: phases.A1.last does not exist; did you mean "lasts"?'),
            (
                "remove: ['phases.A1.outcomes[3]']",
                "4:10: remove[0]: phases.A1.outcomes[3] does not exist; phases.A1.outcomes has 3 items, counted from 0",
            ),
            (
                "change: {'phases.A1.outcomes[4]': 1}",
                (
                    '4:10: change."phases.A1.outcomes[4]": phases.A1.outcomes[4] does not exist; '
                    "phases.A1.outcomes has 3 items, counted from 0"
                ),
            ),
            (
                "change: {phases.A1.lasts.mean: 1}",
                (
                    '4:10: change."phases.A1.lasts.mean": phases.A1.lasts.mean does not exist: '
                    'phases.A1.lasts is the text "28 d", which has no place for a key'
                ),
            ),
            (
                "change: {'phases[0]': 1}",
                (
                    '4:10: change."phases[0]": phases[0] does not exist: phases is a mapping with the keys A1, B1, C1, '
                    "which has no place for a list index"
                ),
            ),
            (
                "change: {phases.A1.lasts: '28 d'}",
                '4:10: change."phases.A1.lasts": phases.A1.lasts is the text "28 d" already; this changes nothing',
            ),
            (
                "change: {phases.B1: {give: 1, lasts: 28 d}}",
                (
                    '4:10: change."phases.B1": phases.B1 is a mapping with the keys lasts, give already; '
                    "this changes nothing"
                ),
            ),
            (
                "change: {phases.B1: 1, phases.B1.lasts: 2}",
                (
                    '4:24: change."phases.B1.lasts": phases.B1.lasts lies inside phases.B1, '
                    "which is changed on line 4; keep one of the two"
                ),
            ),
            (
                "change: {phases.B1.lasts: 2, phases.B1: 1}",
                (
                    '4:30: change."phases.B1": phases.B1 contains phases.B1.lasts, which is changed on line 4; '
                    "keep one of the two"
                ),
            ),
            (
                "change: {phases.B1.lasts: 2}\nremove: [phases.B1]",
                "5:10: remove[0]: phases.B1 contains phases.B1.lasts, which is changed on line 4; keep one of the two",
            ),
            (
                "remove: [phases.B1]\nchange: {phases.B1: {}}",
                '5:10: change."phases.B1": phases.B1 is removed already on line 4; keep one of the two',
            ),
            (
                "remove: [phases.B1, phases.B1]",
                "4:21: remove[1]: phases.B1 is removed already on line 4; keep one of the two",
            ),
            (
                "phases: {}",
                '4:1: phases: found the section "phases" in a document that changes another; put it under change',
            ),
            (
                "change: {title: x}",
                "4:10: change.title: title cannot be changed here; write title at the top of the document",
            ),
            (
                "change: {sources.a: x}",
                '4:10: change."sources.a": sources cannot be changed here; write sources at the top of the document',
            ),
            ("change: {extends: x}", "4:10: change.extends: extends cannot be changed"),
            ("remove: [id]", "4:10: remove[0]: id cannot be removed"),
        ],
    )
    def test_what_is_refused(self, body: str, expected: str) -> None:
        assert problems(body) == [expected]

    def test_true_is_not_one(self) -> None:
        merged = extended(HEAD + "change: {phases.B1.give: true}")
        assert merged.node(("phases", "B1", "give")).plain() is True

    def test_all_in_one_go(self) -> None:
        body = "parameters: {}\nchange: {phases.X.lasts: 1, phases.A1.lasts: 28 d}\nremove: [phases.Y, 3]\n"
        assert [line.split(": ")[0] for line in problems(body)] == ["4:1", "5:10", "5:29", "6:10", "6:20"]


class TestOverrides:
    def test_values_are_yaml(self) -> None:
        texts = [
            "phases.A1.lasts=q42d x 2",
            "phases.B1.give={each: [1, 2]}",
            "phases.C1.until=a == 1",
            "counters.x=true",
        ]
        changed = apply_overrides(base(), texts)
        assert changed.node(("phases", "A1", "lasts")).plain() == "q42d x 2"
        assert changed.node(("phases", "B1", "give")).plain() == {"each": [1, 2]}
        assert changed.node(("phases", "C1", "until")).plain() == "a == 1"
        assert changed.node(("counters", "x")).plain() is True

    def test_positions_name_the_option_and_the_column(self) -> None:
        changed = apply_overrides(base(), ["title=x", "phases.B1={give: {each: 3}}"])
        assert changed.locate(("phases", "B1", "give", "each")) == Position("--set[2]", 1, 25)
        assert changed.locate(("phases", "B1"), key=True) == Position("--set[2]", 1, 1)

    def test_equals_signs_in_quoted_keys(self) -> None:
        assert apply_overrides(base(), ['counters."a=\\"b"=1']).node(("counters", 'a="b')).plain() == 1

    def test_python_values(self) -> None:
        changed = apply_overrides(base(), {"phases.A1.lasts": "30 d", "phases.B1.give": {"each": [1, 2.5]}})
        assert changed.node(("phases", "B1")).plain() == {"lasts": "28 d", "give": {"each": [1, 2.5]}}
        assert changed.locate(("phases", "B1", "give")) == Position("set[2]", 1, 1)

    def test_the_document_itself_does_not_change(self) -> None:
        document = base()
        apply_overrides(document, ["phases.A1.lasts=1 d"])
        assert document.plain() == base().plain()

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("phases.A1", '1:1: (document): found "phases.A1" without "="; write path=value'),
            ("=3", '1:1: (document): a key is missing in the path ""; write keys and dots, as in "phases.A1"'),
            ("phases.A1.lasts=", '1:17: phases.A1.lasts: found no value after "="; write path=value'),
            ("phases.A1.lasts=null", "1:17: phases.A1.lasts: found null; write a value or leave the line out"),
            ("phases.A1.lasts=[1, .inf]", "1:21: phases.A1.lasts[1]: found .inf; write a finite number"),
            (
                "phases.A1.lasts={a: 1",
                "1:17: phases.A1.lasts: found no } that closes this {; close it, or check its commas",
            ),
            (
                "phases.A1.lasts=\udce9",
                "1:17: phases.A1.lasts: found the control character U+DCE9; a document is plain UTF-8 text",
            ),
            ("phases.A9.lasts=1", "1:1: phases.A9.lasts: phases.A9 does not exist; known: A1, B1, C1"),
            (
                "phases.A1.lasts=28 d",
                '1:1: phases.A1.lasts: phases.A1.lasts is the text "28 d" already; this changes nothing',
            ),
        ],
    )
    def test_what_is_refused(self, text: str, expected: str) -> None:
        found = refused(lambda: apply_overrides(base(), [text]))
        assert [line.removeprefix("--set[1]:") for line in found] == [expected]

    def test_two_for_one_value(self) -> None:
        texts = ["phases.A1.lasts=1 d", "phases.A1.lasts=2 d", "x"]
        assert refused(lambda: apply_overrides(base(), texts)) == [
            "--set[2]:1:1: phases.A1.lasts: phases.A1.lasts is changed already by --set[1]; keep one of the two",
            '--set[3]:1:1: (document): found "x" without "="; write path=value',
        ]

    def test_the_value_that_is_there_can_be_let_be(self) -> None:
        assert apply_overrides(base(), ["phases.A1.lasts=28 d"], allow_same=True).plain() == base().plain()

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (None, "found nothing; give text, a number, a boolean, a list or a mapping"),
            (float("nan"), "found nan; write a finite number"),
            ({1: 2}, "found the number 1 as a key; keys are text"),
        ],
    )
    def test_python_values_that_no_document_holds(self, value: object, message: str) -> None:
        found = refused(lambda: apply_overrides(base(), {"phases.A1.lasts": value}))
        assert found == [f"set[1]:1:1: phases.A1.lasts: {message}"]

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["phases", "phases.A1.outcomes[1]", "phases.A1.outcomes[3]", "phases.B1.give", "x.y"])
                | st.text('pha.[]01"=', max_size=8),
                st.sampled_from(["1", "{a: [1, 2]}", "null", "[", "a: b: c", "'", ""]) | st.text(max_size=6),
            ).map("=".join),
            max_size=3,
        )
    )
    def test_any_overrides_are_made_or_refused(self, texts: list[str]) -> None:
        try:
            changed = apply_overrides(base(), texts)
        except InvalidDocument as error:
            str(error).encode("utf-8")  # can be printed
        else:
            assert (changed.plain() != base().plain()) == bool(texts)

    def test_changes_that_stand_in_another_document(self) -> None:
        config = load_document("c.yaml", text="arms:\n  X: {set: {phases.A1.lasts: 3 d, phases.Q.lasts: 1 d}}\n")
        node = config.node(("arms", "X", "set"))
        assert isinstance(node, MappingNode)
        assert refused(lambda: apply_changes(base(), node, written_at=("arms", "X", "set"))) == [
            'c.yaml:2:35: arms.X.set."phases.Q.lasts": phases.Q does not exist; known: A1, B1, C1'
        ]
