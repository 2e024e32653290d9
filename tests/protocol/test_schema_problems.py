"""What pydantic finds, as problems with places in the document and in our words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from sim.protocol.document import load_document, problems_from_pydantic


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Normal(Strict):
    mean: float
    sd: Annotated[float, Field(gt=0)]

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        return dict(zip(cls.model_fields, value, strict=False)) if isinstance(value, list) else value


class Gamma(Strict):
    shape: float
    scale: float


class Guarded(Strict):
    when: str
    goto: str


class Otherwise(Strict):
    else_: str = Field(alias="else")


class GuardError(ValueError):
    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Phase(Strict):
    lasts: str | Normal | Gamma = "1 d"
    while_: str = Field(default="true", alias="while")
    choose: list[Guarded | Otherwise] = []
    give: dict[Annotated[str, Field(pattern="^[a-z]+$")], float | list[float]] = {}
    open: bool = False
    cycles: Annotated[int, Field(ge=1, le=9)] = 1
    after: Literal["all", "each"] = "all"
    names: Annotated[list[str], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)] = []
    weights: Annotated[list[float], Field(min_length=2)] = [1, 1]
    rest: Literal[True] | None = None

    @field_validator("while_")
    @classmethod
    def _guard(cls, value: str) -> str:
        if "&" in value:
            raise GuardError('found "&"; write and', value.index("&"))
        return value


class Whole(Strict):
    id: Annotated[str, Field(pattern="^[a-z]+$")]
    phases: dict[str, Phase] = {}


def problems(text: str) -> list[str]:
    document = load_document("f", text=text)
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(document.plain())
    found = problems_from_pydantic(document, caught.value, Whole)
    return [str(problem).removeprefix("f:") for problem in found]


def in_phase(text: str) -> list[str]:
    return [
        line.replace("2:", "", 1).replace("phases.A", "*", 1) for line in problems(f"id: x\nphases: {{A: {{{text}}}}}")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("opne: true", '14: *.opne: found the unknown key "opne"; did you mean "open"?'),
        ("while_: x", '14: *.while_: found the unknown key "while_"; did you mean "while"?'),
        ("open: yes", '20: *.open: found the word "yes"; write true'),
        ("open: 1", "20: *.open: found the number 1; write true or false"),
        ("cycles: 0", "22: *.cycles: found the number 0; write a number of at least 1"),
        ("cycles: 10", "22: *.cycles: found the number 10; write a number of at most 9"),
        ("cycles: 1.5", "22: *.cycles: found the number 1.5; write a whole number"),
        ("cycles: two", '22: *.cycles: found the text "two"; write a whole number'),
        ("after: eahc", '21: *.after: found the text "eahc"; did you mean "each"?'),
        ("after: x", '21: *.after: found the text "x"; write all or each'),
        ("rest: false", "20: *.rest: found false; write true"),
        ("names: [a, 3]", '25: *.names[1]: found the number 3; write text, as in "3" with quotes'),
        ("names: 3", "21: *.names: found the number 3; write a list"),
        ("weights: [1]", "23: *.weights: found a list of 1; write at least 2 items"),
        ("while: 'a & b'", '24: *.while: found "&"; write and'),
        ("lasts: {mean: 1, sd: 0}", "35: *.lasts.sd: found the number 0; write a number above 0"),
        ("lasts: {mean: 1}", '14: *.lasts.sd: "sd" is missing'),
        ("lasts: {mean: 1, sdd: 1}", '31: *.lasts.sdd: found the unknown key "sdd"; did you mean "sd"?'),
        ("lasts: [1, x]", '25: *.lasts[1]: found the text "x"; write a number'),
        ("lasts: 3", "21: *.lasts: found the number 3; write text or a mapping, as in {key: value}"),
        ("lasts: {shap: 1}", '22: *.lasts.shap: found the unknown key "shap"; did you mean "shape"?'),
        ("choose: [{when: a, goto: 3}]", '39: *.choose[0].goto: found the number 3; write text, as in "3" with quotes'),
        ("choose: [{when: a}]", '23: *.choose[0].goto: "goto" is missing'),
        ("choose: [{els: a}]", '24: *.choose[0].els: found the unknown key "els"; did you mean "else"?'),
        ("choose: [a]", '23: *.choose[0]: found the text "a"; write a mapping, as in {key: value}'),
        ("choose: {}", "22: *.choose: found an empty mapping; write a list"),
        ("give: {a: x}", '24: *.give.a: found the text "x"; write a number or a list'),
        ("give: {a: [1, x]}", '28: *.give.a[1]: found the text "x"; write a number'),
        ("give: {A1: 1}", '21: *.give.A1: found the text "A1"; write text of the form ^[a-z]+$'),
    ],
)
def test_one_problem_of_a_phase(text: str, expected: str) -> None:
    assert in_phase(text) == [expected]


def test_two_forms_of_which_either_would_do() -> None:
    assert in_phase("lasts: {}") == ['14: *.lasts: one of the keys is missing: "mean" or "shape"']


def test_a_missing_key_stands_at_the_key_of_its_owner() -> None:
    assert problems("phases: {}") == ['1:1: id: "id" is missing']
    assert problems("id: x\nphases:\n  A:\n    lasts:\n      mean: 1\n") == ['4:5: phases.A.lasts.sd: "sd" is missing']


def test_all_in_the_order_of_the_file_and_each_once() -> None:
    text = "titel: x\nphases:\n  B: {open: on, cycles: x}\n  A: 3\nid: Bad\n"
    assert problems(text) == [
        '1:1: titel: found the unknown key "titel"; known: id, phases',
        '3:13: phases.B.open: found the word "on"; write true',
        '3:25: phases.B.cycles: found the text "x"; write a whole number',
        "4:6: phases.A: found the number 3; write a mapping, as in {key: value}",
        '5:5: id: found the text "Bad"; write text of the form ^[a-z]+$',
    ]


def test_a_part_of_a_document() -> None:
    document = load_document("f", text="patient:\n  lasts:\n    mean: 1\n    sd: -1\n")
    with pytest.raises(ValidationError) as caught:
        Normal.model_validate(document.node(("patient", "lasts")).plain())
    (found,) = problems_from_pydantic(document, caught.value, Normal, at=("patient", "lasts"))
    assert str(found) == "f:4:9: patient.lasts.sd: found the number -1; write a number above 0"
