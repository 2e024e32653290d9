"""Expressions as text: what is read, how it is spelt, and what a mistake is told."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.protocol.expression_tree import (
    Binary,
    Call,
    DurationLiteral,
    Expression,
    Membership,
    Name,
    NumberLiteral,
    TextLiteral,
    TruthLiteral,
    Unary,
)
from sim.protocol.expressions import MAX_DEPTH, ExpressionError, parse, unparse
from sim.units import parse_duration


def test_operators_bind_from_or_to_unary_minus() -> None:
    assert parse("a or b and not c == -x * 2 + 1") == Binary(
        "or",
        Name("a"),
        Binary(
            "and",
            Name("b"),
            Unary(
                "not",
                Binary(
                    "==",
                    Name("c"),
                    Binary("+", Binary("*", Unary("-", Name("x")), NumberLiteral(2)), NumberLiteral(1)),
                ),
            ),
        ),
    )


def test_equal_operators_group_from_the_left() -> None:
    assert parse("a - b - c") == parse("(a - b) - c") != parse("a - (b - c)")
    assert parse("a / b * c") == parse("(a / b) * c") != parse("a / (b * c)")


@pytest.mark.parametrize("text", ["28 d", "28d", "8.4 months", "1 month", "2 y", "2 years", "3 weeks", "1.5e1 d"])
def test_durations_are_those_of_the_rest_of_the_document(text: str) -> None:
    literal = parse(text)
    assert isinstance(literal, DurationLiteral)
    assert literal.days == parse_duration(text)


def test_words_quoted_words_truth_and_lists() -> None:
    assert parse("band in ('16-35', \"it's\", other)") == Membership(
        Name("band"), (TextLiteral("16-35"), TextLiteral("it's"), Name("other"))
    )
    assert parse("x not in (1)") == Membership(Name("x"), (NumberLiteral(1),), negated=True)
    assert parse("if(true, f(), false)") == Call("if", (TruthLiteral(True), Call("f", ()), TruthLiteral(False)))


def test_every_node_knows_where_it_stands() -> None:
    text = "donor and (age + 2) * 3 > 28 d"
    tree = parse(text)
    assert isinstance(tree, Binary)
    comparison = tree.right
    assert isinstance(comparison, Binary)
    assert isinstance(comparison.left, Binary)
    places = [tree, tree.left, comparison, comparison.left, comparison.left.left, comparison.right]
    assert [text[start:end] for start, end in (node.span for node in places)] == [
        text,
        "donor",
        "(age + 2) * 3 > 28 d",
        "(age + 2) * 3",
        "(age + 2)",
        "28 d",
    ]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("((a))", "a"),
        ("(a*b)+(c)", "a * b + c"),
        ("a-(b-c)", "a - (b - c)"),
        ("not(a == b)", "not a == b"),
        ("(not a) == b", "(not a) == b"),
        ("-(-x)", "--x"),
        ("-(a*b)", "-(a * b)"),
        ("(a or b)and c", "(a or b) and c"),
        ("(a == b) == c", "(a == b) == c"),
        ("x in((1),2 years)", "x in (1, 2 y)"),
        ("1.50e3 + 0.10", "1500 + 0.1"),
        ("\"it's\" == 'plain'", "\"it's\" == 'plain'"),
        ("1 month < 30 days", "1 months < 30 d"),
    ],
)
def test_canonical_spelling(text: str, canonical: str) -> None:
    assert unparse(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, "the expression is empty"),
        ("  ", 2, "the expression is empty"),
        ("a and", 5, "a value is due, but the expression ends here"),
        ("a + * b", 4, 'a value is due, but "*" was found'),
        ("f(a,,b)", 4, 'a value is due, but "," was found'),
        ("a b", 2, "an operator is due before b, such as and, or, ==, +, *"),
        ("(a", 0, "this parenthesis is not closed"),
        ("f(a", 1, "this parenthesis is not closed"),
        ("a)", 1, "this parenthesis was never opened"),
        ("(a, b)", 2, '"," is not expected here; lists belong after "in" and in calls'),
        ("a == 'x", 5, "the quoted word is not closed"),
        ("a = b", 2, '"=" is not an operator; write =='),
        ("a && b", 2, '"&&" is not an operator; write and'),
        ("a || b", 2, '"||" is not an operator; write or'),
        ("!a", 0, '"!" is not expected here; write not'),
        ("a AND b", 2, '"AND" is not an operator; write and'),
        ("3 OR b", 2, '"OR" is not an operator; write or'),
        ("90 %", 3, '"%" is not part of the language; write a share as a number, 0.9 for 90 %'),
        (".5", 0, '"." is not expected here; write a number with digits on both sides, as in 0.5'),
        ("a; b", 1, '";" is not part of the language; put odd state words in quotes'),
        ("28 dys", 3, '"dys" is not a unit of time; did you mean "days"?'),
        ("2 mrd", 2, '"mrd" is not a unit of time; write 2 * mrd for a product'),
        ("1e999", 0, "1e999 is too large for a number"),
        ("1e308 y", 0, "1e308 y is too long for a duration"),
        ("a in b", 5, '"in" needs a list in parentheses, as in a in (a, b)'),
        ("a in ()", 6, 'a value is due, but ")" was found'),
        ("1 + not a", 4, 'put "not" and what it denies in parentheses here, as in (not x)'),
        ("a < b < c + 1", 6, "comparisons cannot be chained; write a < b and b < c + 1"),
        ("16 <= age < 36", 10, "comparisons cannot be chained; write 16 <= age and age < 36"),
        ("a in (b) == c", 9, "comparisons cannot be chained; write a < b and b < c"),
        ("a in (b) * 2", 9, 'put the comparison before "*" in parentheses, as in (a in (b)) * 1'),
        (
            "mrd ** 2",
            4,
            "there is no power operator, as engines and processors differ in the last bit of a power; write mrd * mrd",
        ),
        (
            "(a + b)^2",
            7,
            "there is no power operator, as engines and processors differ in the last bit of a power; write x * x",
        ),
    ],
)
def test_mistakes_are_told_with_place_and_cure(text: str, offset: int, message: str) -> None:
    with pytest.raises(ExpressionError) as found:
        parse(text)
    assert (found.value.offset, found.value.message) == (offset, message)
    assert str(found.value) == message
    assert found.value.errors == (found.value,)


TOO_DEEP = "the expression is nested more than 50 deep; give parts of it a name as derived attributes"


def test_depth_is_limited_and_the_limit_itself_is_allowed() -> None:
    assert parse(" + ".join(["x"] * MAX_DEPTH))
    assert parse("-" * (MAX_DEPTH - 1) + "x")
    for text in (" + ".join(["x"] * (MAX_DEPTH + 1)), "-" * MAX_DEPTH + "x", "(" * 900 + "x" + ")" * 900, "f(" * 600):
        with pytest.raises(ExpressionError) as found:
            parse(text)
        assert found.value.message == TOO_DEEP


def test_length_is_limited() -> None:
    assert parse("x" * 2000) == Name("x" * 2000)
    with pytest.raises(ExpressionError) as found:
        parse("x" * 2001)
    assert found.value.message == "the expression has 2001 characters; at most 2000 are read"


WORDS = st.sampled_from(["a", "mrd", "since", "d", "months", "x1", "_y"])
LEAVES = st.one_of(
    st.builds(NumberLiteral, st.floats(0, allow_infinity=False, allow_nan=False)),
    st.builds(DurationLiteral, st.floats(0, 1e300, allow_nan=False), st.sampled_from(["d", "weeks", "months", "y"])),
    st.builds(TruthLiteral, st.booleans()),
    st.builds(TextLiteral, st.sampled_from(["16-35", "it's", 'a "b"', ""])),
    st.builds(Name, WORDS),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Unary, st.sampled_from(["not", "-"]), inner),
        st.builds(
            Binary,
            st.sampled_from(["or", "and", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/"]),
            inner,
            inner,
        ),
        st.builds(Membership, inner, st.lists(inner, min_size=1, max_size=3).map(tuple), st.booleans()),
        st.builds(Call, WORDS, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=15,
)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(TREES)
def test_canonical_text_reads_back_as_the_same_tree(tree: Expression) -> None:
    text = unparse(tree)
    assert parse(text) == tree
    assert unparse(parse(text)) == text


@settings(derandomize=True, max_examples=200, deadline=None)
@given(TREES, st.data())
def test_no_parenthesis_of_the_canonical_text_can_be_left_out(tree: Expression, data: st.DataObject) -> None:
    """Leaving out any pair of parentheses that is no call or list gives another tree or none."""
    text = unparse(tree)
    opening: list[int] = []
    pairs = []
    quote = ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "(":
            opening.append(at)
        elif character == ")":
            pairs.append((opening.pop(), at))
    grouping = [(a, b) for a, b in pairs if not (text[:a][-1:].isalnum() or text[:a].endswith(("_", "in ")))]
    if grouping:
        a, b = data.draw(st.sampled_from(grouping))
        with contextlib.suppress(ExpressionError):
            assert parse(f"{text[:a]} {text[a + 1 : b]} {text[b + 1 :]}") != tree


PIECES = [
    "a",
    "1",
    "2.5",
    "d",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    "/",
    "==",
    "<",
    "in",
    "not",
    "and",
    "or",
    "if",
    "'x'",
    "^",
    "%",
]


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(st.sampled_from(PIECES)).map(" ".join)))
def test_any_text_parses_or_is_refused_inside_the_text(text: str) -> None:
    refused: tuple[ExpressionError, ...] = ()
    try:
        parse(text)
    except ExpressionError as error:
        refused = (error,)
    assert all(0 <= error.offset <= len(text) and error.message for error in refused)
