"""Names, types and units of expressions: what fits, and what every misfit is told."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.protocol.expression_types import Boolean, Number, Scope, States, Type, check, is_continuous
from sim.protocol.expression_units import format_unit, parse_unit
from sim.protocol.expressions import ExpressionErrors, parse

from .expression_cases import MRD, SCOPE


def unit_of(text: str) -> str | None:
    found = check(parse(text), SCOPE)
    assert isinstance(found, Number)
    return found.unit


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("mrd_after_c1 == positive and donor", "boolean"),
        ("positive == mrd_after_c1", "boolean"),
        ("mrd_after_c1 in (positive, 'negative')", "boolean"),
        ("mrd_after_a1 != mrd_reversed", "boolean"),
        ("gate == remission or a2_stays", "boolean"),
        ("not in_remission and not phase(A1) and not visited(ALLO)", "boolean"),
        ("in_remission == donor", "boolean"),
        ("within(relapse, 28 d) or within(transplant, 2 * window)", "boolean"),
        ("result(mrd_after_c1) and eradicated(mrd)", "boolean"),
        ("intrathecal >= 7 and cycle in (1, 2) and count(relapse) < 2", "boolean"),
        ("age >= 16 and mrd > -4 and since(relapse) > 28 d and hospital < 5 d", "boolean"),
        ("age_band == '16-35' or band(age, 16, 36, 66) == '36-65'", "boolean"),
        ("1 - cure", "probability"),
        ("1 - cr_rate", "probability"),
        ("blina_active * (kill_blina + kill_factor)", "log10"),
        ("kill_chemo + 0.3 * kill_factor", "log10 per course"),
        ("slope_mrd * (mrd + 4)", "log hazard"),
        ("exp(slope_mrd * (mrd + 4)) * sqrt(abs(log(cure)))", "hazard ratio"),
        ("kill_chemo * intrathecal + max(mrd, -8)", "log10"),
        ("if(donor, -1, mrd)", "log10"),
        ("if(donor, window, 2 * 28 d)", "duration"),
        ("0", "duration"),
        ("donor + in_remission", "number"),
        ("3", "years"),
    ],
)
def test_well_typed_expressions_of_the_clinic(text: str, expect: str) -> None:
    check(parse(text), SCOPE, expect=expect)


def test_the_type_is_returned() -> None:
    assert check(parse("donor"), SCOPE) == Boolean()
    assert check(parse("mrd"), SCOPE) == Number("log10")
    assert check(parse("if(donor, positive, mrd_after_a1)"), SCOPE) == States(MRD)
    assert check(parse("if(donor, 'young', if(donor, 'old', 'young'))"), SCOPE) == States(("young", "old"))
    assert check(parse("if(donor, 'x', if(donor, 'y', 'z'))"), SCOPE) == States(("x", "y", "z"))
    assert check(parse("if(donor, if(donor, 'male', 'female'), sex)"), SCOPE) == States(("female", "male"))
    assert check(parse("if(donor, young, old)"), SCOPE, expect=States(("old", "young"))) == States(("old", "young"))


@pytest.mark.parametrize(
    ("cuts", "words"),
    [
        ("16, 36, 56, 66", ("16-35", "36-55", "56-65", "outside")),
        ("0, 1, 3", ("0", "1-2", "outside")),
        ("-8, -4, 0", ("-8 to <-4", "-4 to <0", "outside")),
        ("0.5, 2", ("0.5 to <2", "outside")),
    ],
)
def test_bands_are_named_by_their_limits(cuts: str, words: tuple[str, ...]) -> None:
    assert check(parse(f"band(age, {cuts})"), SCOPE) == States(words)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("slope_mrd * mrd", "none"),
        ("mrd / kill_factor", "none"),
        ("mrd * mrd", "log10^2"),
        ("sqrt(mrd * mrd)", "log10"),
        ("1 / window", "per day"),
        ("mrd / (1 d * 1 d)", "log10 per day^2"),
        ("growth / slope_mrd", "log10^2 per month"),
        ("2 * growth", "log10 per month"),
        ("mrd * cr_rate", None),
        ("mrd + cr_rate", "log10"),
        ("cr_rate + mrd", "log10"),
        ("2 + 3", None),
    ],
)
def test_units_of_products_and_sums(text: str, unit: str | None) -> None:
    assert unit_of(text) == unit


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("log10 per course", "log10"),
        ("log10 per cycles", "log10"),
        ("doses", "none"),
        ("log hazard per log10", "1/log10"),
        ("per month", "hazard per months"),
        ("1/month", "per  month"),
        ("y", "years"),
        ("d", "days"),
        ("mg/m2", "mg per m2"),
        ("cumulative hazard", "probability"),
    ],
)
def test_units_that_are_one(text: str, same: str) -> None:
    assert parse_unit(text) == parse_unit(same)


@pytest.mark.parametrize("pair", [("years", "days"), ("months", "days"), ("log10", "none"), ("per month", "months")])
def test_units_that_are_not(pair: tuple[str, str]) -> None:
    assert parse_unit(pair[0]) != parse_unit(pair[1])


@given(st.dictionaries(st.sampled_from(["log10", "days", "years", "mg"]), st.integers(-3, 3).filter(bool)))
def test_the_text_of_a_unit_reads_back(factors: dict[str, int]) -> None:
    assert parse_unit(format_unit(factors)) == factors


@pytest.mark.parametrize(
    ("text", "expect", "offset", "message"),
    [
        ("donr", None, 0, '"donr" is not declared; did you mean "donor"?'),
        (
            "donor and ALLO",
            None,
            10,
            "ALLO is a phase; write phase(ALLO) while in it, visited(ALLO) once it was entered",
        ),
        ("relapse", None, 0, "relapse is an event; write count(relapse), since(relapse) or within(relapse, 28 d)"),
        ("time > 3", None, 0, '"time" is not offered; write since(enrolment) for the days since enrolment'),
        ("exp > 3", None, 0, "exp is a function; write exp(x)"),
        ("visted(ALLO)", None, 0, '"visted" is not a function; did you mean "visited"?'),
        ("age(3)", None, 0, "age is not a function; write * for a product"),
        ("ALLO()", None, 0, "ALLO is a phase; write phase(ALLO)"),
        ("visited(ALO)", None, 8, '"ALO" is not a declared phase; did you mean "ALLO"?'),
        ("visited(relapse)", None, 8, "relapse is an event, not a phase; write count(relapse) > 0"),
        ("since(ALLO)", None, 6, "ALLO is a phase, not an event; write visited(ALLO) or an event it emits"),
        ("phase('A1')", None, 6, "phase() takes the name of one phase, but 'A1' was found"),
        ("eradicated(mrdd)", None, 11, '"mrdd" is not a declared marker; did you mean "mrd"?'),
        ("since(relapse, 3 d)", None, 0, "since() does not take 2 arguments; write since(event)"),
        ("within(relapse)", None, 0, "within() does not take 1 arguments; write within(event, 28 d)"),
        ("within(relapse, 28)", None, 16, 'a duration is due, but 28 is a bare number; write its unit, as in "28 d"'),
        ("within(relapse, age)", None, 16, "a duration is due, but age is in years; a duration is in days"),
        (
            "within(relapse, hospital)",
            None,
            16,
            "within() takes a constant duration, but hospital differs between patients or in time",
        ),
        ("mrd_after_c1 == positve", None, 16, '"positve" is not a state of mrd_after_c1; did you mean "positive"?'),
        (
            "mrd_after_c1 in (negative, 'x')",
            None,
            27,
            '"x" is not a state of mrd_after_c1; known: negative, not_evaluable, positive',
        ),
        ("remision == gate", None, 0, '"remision" is not a state of gate; did you mean "remission"?'),
        (
            "mrd_after_a1 == sex",
            None,
            0,
            (
                "mrd_after_a1 is one of not_evaluable, negative, positive, sex is one of female, male; "
                "only equal sets of states can be compared"
            ),
        ),
        ("sex < male", None, 0, "states have no order; write sex in (...) instead of <"),
        ("'a' == 'b'", None, 0, "'a' and 'b' are both fixed words; compare with something declared"),
        (
            "age_band == 16-35",
            None,
            0,
            "age_band is one of 16-35, 36-65, outside, 16 - 35 is a bare number; write '16-35' in quotes",
        ),
        ("donor == 1", None, 0, "donor is true or false, 1 is a bare number; write donor or not donor alone"),
        ("donor < in_remission", None, 0, "true and false have no order; write and, or, not instead of <"),
        ("donor == sex", None, 0, "donor is true or false, sex is one of female, male; they cannot be compared"),
        ("not mrd", None, 4, "a condition is due, but mrd is in log10; write mrd > 0"),
        ("donor and cr_rate + 1", None, 10, "a condition is due, but cr_rate + 1 is a number; write (cr_rate + 1) > 0"),
        ("donor or sex", None, 9, "a condition is due, but sex is one of female, male; write sex == female"),
        ("if(age, 1, 2)", None, 3, "a condition is due, but age is in years; write age > 0"),
        ("sex + 1", None, 0, "a number is due, but sex is one of female, male"),
        ("age + mrd", None, 0, "age is in years, mrd is in log10; they cannot be added"),
        ("cure + mrd", None, 0, "cure is a pure number, mrd is in log10; they cannot be added"),
        ("1 + age - (mrd + 3)", None, 0, "1 + age is in years, mrd + 3 is in log10; they cannot be subtracted"),
        ("donor and age < 60 y", None, 10, "age is in years, 60 y is a duration; write 60"),
        ("28 d > age", None, 0, "28 d is a duration, age is in years; write 0.0766598"),
        ("growth < 1 d", None, 0, "growth is in log10 per month, 1 d is a duration; they cannot be compared"),
        ("min(1, mrd, age)", None, 0, "mrd is in log10, age is in years; they cannot be compared"),
        ("if(donor, age, mrd)", None, 0, "age is in years, mrd is in log10; they cannot be alternatives of one if()"),
        (
            "if(donor, 1, donor)",
            None,
            0,
            "1 is a bare number, donor is true or false; both alternatives of if() must be of one kind",
        ),
        ("exp(mrd)", None, 4, "exp() takes a pure number, but mrd is in log10; multiply by a coefficient per unit"),
        ("log(2 d)", None, 4, "log() takes a pure number, but 2 d is a duration; multiply by a coefficient per unit"),
        ("sqrt(mrd)", None, 5, "mrd is in log10, which has no square root"),
        (
            "band(age, 36, 16)",
            None,
            10,
            "the limits of band() are at least two rising bare numbers, as in band(age, 16, 36, 66)",
        ),
        (
            "band(age, 0, cure)",
            None,
            10,
            "the limits of band() are at least two rising bare numbers, as in band(age, 16, 36, 66)",
        ),
        ("band(age, 0, 1 y)", None, 13, "age is in years, 1 y is a duration; write 1"),
        ("mrd", "boolean", 0, "a condition is due, but mrd is in log10; write mrd > 0"),
        ("donor", "number", 0, "a number is due, but donor is true or false; write if(donor, 1, 0)"),
        ("sex", "log10", 0, "a number is due, but sex is one of female, male"),
        ("age", "log10", 0, "a value in log10 is due, but age is in years"),
        ("mrd", "probability", 0, "a pure number is due, but mrd is in log10"),
        ("28", "duration", 0, 'a duration is due, but 28 is a bare number; write its unit, as in "28 d"'),
        ("age", "duration", 0, "a duration is due, but age is in years; a duration is in days"),
        ("3", "states", 0, "a state word is due, but 3 is a bare number"),
        ("sex", States(MRD), 0, "one of not_evaluable, negative, positive is due, but sex is one of female, male"),
        ("positve", States(MRD), 0, '"positve" is not a state of the value due; did you mean "positive"?'),
    ],
)
def test_misfits_are_told_with_place_and_cure(text: str, expect: str | Type | None, offset: int, message: str) -> None:
    with pytest.raises(ExpressionErrors) as found:
        check(parse(text), SCOPE, expect=expect)
    assert [(error.offset, error.message) for error in found.value.errors] == [(offset, message)]


def test_all_errors_are_told_in_the_order_of_the_text() -> None:
    with pytest.raises(ExpressionErrors) as found:
        check(parse("visted(ALLO) and since(relaps) > 30 d and (agee > 3 or mrd)"), SCOPE)
    assert [(error.offset, error.message.split(";")[0]) for error in found.value.errors] == [
        (0, '"visted" is not a function'),
        (23, '"relaps" is not a declared event'),
        (43, '"agee" is not declared'),
        (55, "a condition is due, but mrd is in log10"),
    ]


def test_a_state_word_may_be_called_as_a_flag_but_not_as_another_attribute_with_states() -> None:
    scope = Scope(attributes={"one": States(("a", "b")), "a": States(("a", "b"))}, flags=("b",))
    assert check(parse("one == b"), scope) == Boolean()
    with pytest.raises(ExpressionErrors) as found:
        check(parse("one == a"), scope)
    assert str(found.value) == "a is declared and is a state of one; write 'a' for the state"
    assert check(parse("one == 'a'"), scope) == Boolean()


def test_names_are_looked_up_in_the_order_of_the_sections() -> None:
    scope = Scope(parameters={"x": (1.0, "log10")}, attributes={"x": Boolean()}, flags=("x",))
    assert check(parse("x"), scope) == Number("log10")


@pytest.mark.parametrize(
    ("text", "continuous"),
    [
        ("since(relapse) > 28 d", True),
        ("donor and mrd > 1 + since(enrolment)", True),
        ("within(relapse, 28 d) and mrd > -4 and age < 3 and count(relapse) > 1", False),
    ],
)
def test_only_since_changes_with_the_clock_alone(text: str, continuous: bool) -> None:
    assert is_continuous(parse(text)) is continuous


NAMES = [*SCOPE.names(), *SCOPE.phases, *SCOPE.events, "positive", "cycle", "odd", "1", "28 d", "'16-35'", "true"]
OPERATORS = ["or", "and", "==", "<", "+", "*", "/", "-"]
FUNCTIONS = ["phase", "since", "band", "if", "within", "exp", "sqrt", "min", "odd"]
TEXTS = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds("{}({})".format, st.sampled_from(FUNCTIONS), st.lists(inner, max_size=3).map(", ".join)),
        st.builds("({} in ({}, {}))".format, inner, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("-{}".format, inner),
    ),
    max_leaves=8,
)
EXPECTED = st.sampled_from([None, "boolean", "number", "duration", "states", "log10", States(MRD), Boolean()])


@settings(derandomize=True, max_examples=400, deadline=None)
@given(TEXTS, EXPECTED)
def test_any_expression_has_a_type_or_errors_inside_its_text(text: str, expect: str | Type | None) -> None:
    told: list[int] = []
    with contextlib.suppress(ExpressionErrors):
        try:
            assert isinstance(check(parse(text), SCOPE, expect=expect), Number | Boolean | States)
        except ExpressionErrors as errors:
            told = [error.offset for error in errors.errors]
            raise
    assert all(0 <= offset <= len(text) for offset in told)
