"""Folding, dependencies and stack code of expressions, against the plain evaluator."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.protocol.expression_code import (
    Code,
    constants_used,
    dependencies,
    evaluate,
    fold,
    max_stack,
    postfix,
)
from sim.protocol.expression_scope import state_words
from sim.protocol.expression_types import check
from sim.protocol.expressions import ExpressionErrors, parse, unparse

from .expression_cases import MRD, SCOPE


def folded(text: str) -> str:
    check(parse(text), SCOPE)
    return unparse(fold(parse(text), SCOPE))


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2 * window + 1 d", "57"),
        ("kill_chemo + 0.3 * kill_factor", "-0.9 + 0.3 * kill_factor"),
        ("kill_chemo * 0", "-0"),
        ("mrd + 1 + 2", "mrd + 1 + 2"),
        ("gate == diagnosis and donor", "donor"),
        ("donor and a2_stays", "donor"),
        ("late and donor", "false"),
        ("donor or not late", "true"),
        ("late or donor", "donor"),
        ("if(gate in (remission), mrd, kill_factor)", "kill_factor"),
        ("if(nothing > 0, 1 / nothing, 5)", "5"),
        ("mrd_after_c1 == positive", "mrd_after_c1 == 'positive'"),
        ("band(20, 16, 36, 66) == '16-35'", "true"),
        ("min(3, exp(0), cr_rate) < max(1, 2)", "true"),
        ("within(relapse, 2 * window)", "within(relapse, 56)"),
        ("exp(slope_mrd * (mrd + 4))", "exp(0.35 * (mrd + 4))"),
        ("if(donor, gate, remission) == diagnosis", "if(donor, 'diagnosis', 'remission') == 'diagnosis'"),
    ],
)
def test_constants_are_worked_out(text: str, result: str) -> None:
    assert folded(text) == result


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("1 + cr_rate / nothing", 14, "division by zero: nothing is 0"),
        ("mrd / (1 - 1)", 6, "division by zero: 1 - 1 is 0"),
        ("2 * log(nothing)", 8, "log of 0, which is not positive"),
        ("log(kill_chemo / kill_blina - 1)", 4, "log of -0.71875, which is not positive"),
        ("sqrt(0 - cr_rate)", 5, "square root of -0.9, which is negative"),
        ("mrd + exp(1000)", 6, "the value of exp(1000) is too large for a number"),
        ("1e300 * 1e300", 0, "the value of 1e+300 * 1e+300 is too large for a number"),
        ("within(relapse, window - 28 d)", 16, "the duration of within() is 0 days; it must be positive"),
    ],
)
def test_constants_without_a_value_are_refused_in_place(text: str, offset: int, message: str) -> None:
    with pytest.raises(ExpressionErrors) as found:
        fold(parse(text), SCOPE)
    assert [(error.offset, error.message) for error in found.value.errors] == [(offset, message)]


def test_all_errors_of_constants_are_told() -> None:
    with pytest.raises(ExpressionErrors) as found:
        postfix(parse("1 / nothing + mrd * log(nothing)"), SCOPE)
    assert [error.offset for error in found.value.errors] == [4, 24]


def test_dependencies_name_everything_that_is_read() -> None:
    text = """donor and in_remission and mrd > -4 and hospital < 3 d and phase(A1) and not visited(ALLO)
        and count(relapse) < 2 and since(transplant) > 1 d and within(relapse, window) and cycle < 3
        and eradicated(mrd) and result(mrd_after_c1)"""
    assert dependencies(parse(text), SCOPE) == {
        ("attribute", "donor"),
        ("flag", "in_remission"),
        ("marker", "mrd"),
        ("counter", "hospital"),
        ("phase", "A1"),
        ("visited", "ALLO"),
        ("event_count", "relapse"),
        ("event_since", "transplant"),
        ("within", ("relapse", 28.0)),
        ("cycle", None),
        ("eradicated", "mrd"),
        ("result", "mrd_after_c1"),
    }


def test_what_is_switched_off_is_not_read_but_its_constants_are_used() -> None:
    expression = parse("if(late, kill_blina * mrd, kill_chemo * kill_factor)")
    assert dependencies(expression, SCOPE) == {("attribute", "kill_factor")}
    assert constants_used(expression, SCOPE) == {
        ("switch", "late"),
        ("parameter", "kill_blina"),
        ("parameter", "kill_chemo"),
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "donor and age < 60",
            [("attribute", "donor"), ("attribute", "age"), ("const", 60.0), ("lt", None), ("and", None)],
        ),
        ("mrd_after_c1 == positive", [("attribute", "mrd_after_c1"), ("const", 2.0), ("eq", None)]),
        (
            "sex not in (male, female)",
            [
                *[("attribute", "sex"), ("const", 1.0), ("eq", None)],
                *[("attribute", "sex"), ("const", 0.0), ("eq", None), ("or", None), ("not", None)],
            ],
        ),
        (
            "if(donor, -mrd, max(kill_factor, 1, mrd))",
            [
                *[("attribute", "donor"), ("marker", "mrd"), ("neg", None)],
                *[("attribute", "kill_factor"), ("const", 1.0), ("max", None), ("marker", "mrd"), ("max", None)],
                ("if", None),
            ],
        ),
        ("band(age, 16, 36, 66)", [("attribute", "age"), ("band", (16.0, 36.0, 66.0))]),
        ("since(relapse) >= 28 d", [("since", "relapse"), ("const", 28.0), ("ge", None)]),
        ("within(relapse, 1 month) or donor", [("within", ("relapse", 30.4375)), ("attribute", "donor"), ("or", None)]),
        ("cycle > 1", [("cycle", None), ("const", 1.0), ("gt", None)]),
        ("kill_chemo", [("const", -0.9)]),
    ],
)
def test_stack_code(text: str, code: Code) -> None:
    assert postfix(parse(text), SCOPE) == code


def test_the_index_of_a_state_points_into_the_states_asked_for() -> None:
    expression = parse("if(donor, young, old)")
    code = postfix(expression, SCOPE, states=("old", "young"))
    assert code == [("attribute", "donor"), ("const", 1.0), ("const", 0.0), ("if", None)]
    assert dependencies(expression, SCOPE, states=("old", "young")) == {("attribute", "donor")}
    turned = postfix(parse("mrd_reversed"), SCOPE, states=MRD)
    for index, word in enumerate(MRD[::-1]):
        assert run(turned, {("attribute", "mrd_reversed"): float(index)}) == MRD.index(word)


def test_the_deepest_stack_is_known() -> None:
    assert max_stack(postfix(parse("mrd"), SCOPE)) == 1
    assert max_stack(postfix(parse("mrd + mrd + mrd + mrd"), SCOPE)) == 2
    assert max_stack(postfix(parse("mrd + (mrd + (mrd + mrd))"), SCOPE)) == 4
    assert max_stack(postfix(parse("if(donor, mrd, mrd + 1)"), SCOPE)) == 4


def run(code: Code, values: Mapping[tuple[str, object], float]) -> float:
    """A small stack machine, written from the description of the code and from nothing else."""
    stack: list[float] = []
    highest = 0

    def quotient(a: float, b: float) -> float:
        if b == 0:
            sign = math.copysign(1, a) * math.copysign(1, b)
            return math.nan if a == 0 or a != a else sign * math.inf
        return a / b

    def power(a: float) -> float:
        return math.exp(a) if not a > 709.782712893384 else math.inf

    one = {
        "neg": lambda a: -a,
        "not": lambda a: 1 - a,
        "abs": abs,
        "exp": power,
        "log": lambda a: math.log(a) if a > 0 else (-math.inf if a == 0 else math.nan),
        "sqrt": lambda a: math.sqrt(a) if a >= 0 else math.nan,
    }
    two = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": quotient,
        "lt": lambda a, b: a < b,
        "le": lambda a, b: a <= b,
        "gt": lambda a, b: a > b,
        "ge": lambda a, b: a >= b,
        "eq": lambda a, b: a == b,
        "ne": lambda a, b: a != b,
        "and": lambda a, b: a * b,
        "or": lambda a, b: max(a, b),
        "min": lambda a, b: b if b < a else a,
        "max": lambda a, b: b if b > a else a,
    }
    for name, argument in code:
        if name == "const":
            assert isinstance(argument, float)
            stack.append(argument)
        elif name == "band":
            assert isinstance(argument, tuple)
            value = stack.pop()
            inside = argument[0] <= value < argument[-1]
            stack.append(float(sum(cut <= value for cut in argument) - 1 if inside else len(argument) - 1))
        elif name == "if":
            condition, yes, no = stack[-3:]
            stack[-3:] = [yes if condition else no]
        elif name in one:
            stack.append(one[name](stack.pop()))
        elif name in two:
            b, a = stack.pop(), stack.pop()
            stack.append(float(two[name](a, b)))
        else:
            stack.append(float(values[name, argument]))
        highest = max(highest, len(stack))
    assert len(stack) == 1
    assert highest == max_stack(code)
    return stack[0]


NUMERIC = [
    *["age", "kill_factor", "mrd", "intrathecal", "hospital", "cr_rate", "kill_blina", "window", "nothing", "cycle"],
    *["since(relapse)", "since(enrolment)", "count(transplant)", "1", "0", "2.5", "28 d", "700"],
]
TRUTH = [
    *["donor", "blina_active", "in_remission", "a2_stays", "late", "true", "false", "phase(A1)", "visited(ALLO)"],
    *["within(relapse, 28 d)", "within(transplant, 2 * window)", "eradicated(mrd)", "result(mrd_after_c1)"],
]
WORDS = [*MRD, "'positive'"]


@st.composite
def texts(draw: st.DrawFn, kind: str = "", depth: int = 3) -> tuple[str, str]:
    """A kind and the text of an expression of that kind; units play no part in values and are not minded."""

    def sub(kind: str) -> str:
        return draw(texts(kind, depth - 1))[1]

    def pick(*words: str) -> str:
        return draw(st.sampled_from(words))

    kind = kind or pick("number", "boolean", "states")
    form = draw(st.integers(0, 8)) if depth else 0
    if kind == "number":
        match form:
            case 0 | 1:
                return kind, pick(*NUMERIC)
            case 2 | 3 | 4:
                return kind, f"({sub(pick('number', 'boolean'))} {pick(*'+-*/')} {sub('number')})"
            case 5:
                return kind, f"{pick('min', 'max')}({sub('number')}, {sub('number')}, {sub('boolean')})"
            case 6 | 7:
                return kind, f"{pick('exp', 'log', 'sqrt', 'abs', '-')}({sub('number')})"
        return kind, f"if({sub('boolean')}, {sub('number')}, {sub('number')})"
    if kind == "boolean":
        match form:
            case 0:
                return kind, pick(*TRUTH)
            case 1 | 2:
                return kind, f"({sub('number')} {pick('==', '!=', '<', '<=', '>', '>=')} {sub('number')})"
            case 3:
                return kind, f"({sub('boolean')} {pick('and', 'or', '==', '!=')} {sub('boolean')})"
            case 4:
                return kind, f"(not {sub('boolean')})"
            case 5:
                return kind, f"({sub('states')} {pick('==', '!=')} {pick(sub('states'), *WORDS)})"
            case 6:
                return kind, f"({sub('states')} {pick('in', 'not in')} ({pick(*WORDS)}, {pick(sub('states'), *WORDS)}))"
            case 7:
                return kind, f"(if({sub('boolean')}, gate, remission) != {pick('diagnosis', 'remission')})"
        return kind, f"(band({sub('number')}, -8, 16, 36.5, 66) in (outside, '16 to <36.5'))"
    if form < 4:
        return kind, pick("mrd_after_c1", "mrd_after_a1", "mrd_reversed")
    return kind, f"if({sub('boolean')}, {sub('states')}, {pick(sub('states'), *WORDS)})"


VALUES: dict[tuple[str, object], st.SearchStrategy[float | bool]] = {
    **{("attribute", word): st.booleans() for word in ("donor", "blina_active")},
    ("attribute", "age"): st.floats(0, 100),
    ("attribute", "kill_factor"): st.floats(-5, 5),
    ("marker", "mrd"): st.floats(-9, 0),
    ("counter", "intrathecal"): st.integers(0, 12).map(float),
    ("counter", "hospital"): st.floats(0, 90),
    ("cycle", None): st.integers(1, 4).map(float),
    ("since", "relapse"): st.one_of(st.just(math.inf), st.floats(0, 1000)),
    ("since", "enrolment"): st.floats(0, 1000),
    ("count", "transplant"): st.integers(0, 2).map(float),
    ("flag", "in_remission"): st.booleans(),
    ("phase", "A1"): st.booleans(),
    ("visited", "ALLO"): st.booleans(),
    ("within", ("relapse", 28.0)): st.booleans(),
    ("within", ("transplant", 56.0)): st.booleans(),
    ("eradicated", "mrd"): st.booleans(),
    ("result", "mrd_after_c1"): st.booleans(),
}
STATES = {"mrd_after_c1": MRD, "mrd_after_a1": MRD, "mrd_reversed": MRD[::-1]}


@settings(derandomize=True, max_examples=300, deadline=None)
@given(texts(), st.fixed_dictionaries(VALUES), st.lists(st.integers(0, 2), min_size=3, max_size=3))
def test_stack_code_gives_what_the_plain_evaluator_gives(
    drawn: tuple[str, str], values: dict[tuple[str, object], float | bool], indices: list[int]
) -> None:
    kind, text = drawn
    expression = parse(text)
    try:
        code = postfix(expression, SCOPE)
    except ExpressionErrors:
        return  # a constant part without a value, refused as it should be; those have a test of their own
    chosen = list(zip(STATES.items(), indices, strict=True))
    words = {("attribute", name): words[index] for (name, words), index in chosen}
    numbers = {("attribute", name): float(index) for (name, _), index in chosen}
    plain = evaluate(expression, SCOPE, {**values, **words})
    fast = run(code, {**{key: float(value) for key, value in values.items()}, **numbers})
    if kind == "states":
        assert (state_words(expression, SCOPE) or ())[int(fast)] == plain
    elif kind == "boolean":
        assert isinstance(plain, bool)
        assert fast in (0.0, 1.0)
        assert bool(fast) is plain
    else:
        assert isinstance(plain, float)
        assert fast == plain or (math.isnan(fast) and math.isnan(plain))


def test_since_an_event_that_never_was_is_infinite() -> None:
    expression = parse("since(relapse) > 28 d")
    assert evaluate(expression, SCOPE, {("since", "relapse"): math.inf}) is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 / mrd", math.inf),
        ("-1 / mrd", -math.inf),
        ("mrd / mrd", math.nan),
        ("log(mrd)", -math.inf),
        ("log(mrd - 1)", math.nan),
        ("sqrt(mrd - 1)", math.nan),
        ("exp(mrd + 1000)", math.inf),
    ],
)
def test_arithmetic_on_patients_never_stops(text: str, value: float) -> None:
    plain = evaluate(parse(text), SCOPE, {("marker", "mrd"): 0.0})
    assert plain == value or (isinstance(plain, float) and math.isnan(plain) and math.isnan(value))


@pytest.mark.parametrize(
    ("age", "word"), [(15.9, "outside"), (16, "16-35"), (35.9, "16-35"), (36, "36-65"), (66, "outside")]
)
def test_a_band_holds_its_lower_limit_and_not_its_upper(age: float, word: str) -> None:
    assert evaluate(parse("band(age, 16, 36, 66)"), SCOPE, {("attribute", "age"): age}) == word
