"""Tables of patients and criteria of eligibility in the schema. No table is read here, no patient is judged."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sim.protocol.fields import Guard, Model, Name, one_or_more
from sim.protocol.wording import describe, either

WITH_REPLACEMENT = "with replacement"
WITHOUT_REPLACEMENT = "without replacement"


def _categories(value: Any) -> Any:
    """A list of words stands for words that are spelt in the file as they are here."""
    if isinstance(value, list):
        if not all(isinstance(word, str) for word in value):
            raise ValueError(
                f"found {describe(value)}; categories are words: [female, male], or {{female: F, male: M}}"
            )
        if len(set(value)) < len(value):
            raise ValueError(f"found {either(str(word) for word in value)} as a category; each is named once")
        return {word: [word] for word in value}
    if isinstance(value, dict):
        return {word: one_or_more(spelling) for word, spelling in value.items()}
    return value


_SPELLINGS: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Categories = Annotated[
    dict[str, list[str]],
    BeforeValidator(_categories),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": _SPELLINGS},
            ]
        }
    ),
]


class Column(Model):
    """The column of the table of patients from which an attribute is read, and what its cells may be."""

    type: Literal["number", "integer", "boolean", "category"]
    header: str | None = None
    range: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    categories: Categories = {}
    missing: Literal["refused", "dropped", "kept"] = "refused"
    missing_is: float | bool | str | None = None
    carry: bool = False

    @property
    def numeric(self) -> bool:
        """Whether cells are numbers."""
        return self.type in ("number", "integer")

    @property
    def words(self) -> tuple[str, ...]:
        """The categories, in the order of the file."""
        return tuple(self.categories)

    @model_validator(mode="after")
    def _fits(self) -> Column:
        if self.range is not None and not self.numeric:
            raise ValueError(f"a range is for numbers, and the type is {self.type}")
        if self.range is not None and self.range[0] > self.range[1]:
            raise ValueError(f"range goes from low to high, found {self.range[0]:g} and {self.range[1]:g}")
        if (self.type == "category") != bool(self.categories):
            due = "needs categories, as in [female, male]" if self.type == "category" else "has no categories"
            raise ValueError(f"the type {self.type} {due}")
        seen: dict[str, str] = {}
        for word, spellings in self.categories.items():
            for text in (word, *spellings):
                if not text.strip() or text != text.strip() or "\n" in text:
                    raise ValueError(f"found {text!r} as a category; write a word without blanks at its ends")
            for text in spellings:
                if text in seen:
                    raise ValueError(f'"{text}" is given for {seen[text]} and for {word}; keep one')
                seen[text] = word
        return self

    @model_validator(mode="after")
    def _missing(self) -> Column:
        if self.missing_is is None:
            if self.missing == "kept" and not self.numeric:
                raise ValueError("only numbers can be kept missing; give missing_is, the word for a missing one")
            return self
        if self.missing != "refused":
            raise ValueError(f"missing_is says what a missing cell is, and missing that it is {self.missing}; keep one")
        value = self.missing_is
        if self.numeric:
            fits = isinstance(value, float) and self.inside(value) and (self.type == "number" or value == int(value))
        elif self.type == "boolean":
            fits = isinstance(value, bool)
        else:
            fits = value in self.categories
        if not fits:
            due = {"boolean": "true or false", "category": f"one of {', '.join(self.categories)}"}
            raise ValueError(f"missing_is is {describe(value)}; write {due.get(self.type, self.span)}")
        return self

    def inside(self, value: float) -> bool:
        """Whether a number lies in the range."""
        return self.range is None or self.range[0] <= value <= self.range[1]

    @property
    def span(self) -> str:
        """What a cell holds, in words."""
        kind = "a whole number" if self.type == "integer" else "a number"
        return kind if self.range is None else f"{kind} from {self.range[0]:g} to {self.range[1]:g}"


class Table(Model):
    """A table of patients, of which each virtual patient is one row: a file, or the rows themselves.

    ``sha256`` is that of the file, and ``left_out`` counts its rows that miss a value which may not be missing; both
    are written by resolving.
    """

    file: str | None = None
    draw: Literal["with replacement", "without replacement"] = "with replacement"
    weight: str | None = None
    missing: list[str] = ["", "NA"]
    source: Name | None = None
    assumption: str | None = None
    site: str | None = None
    sha256: str | None = None
    left_out: int = 0
    rows: str | None = None

    @model_validator(mode="after")
    def _given(self) -> Table:
        if self.file is None and self.rows is None:
            raise ValueError("give the file that holds the patients, as in file: patients.csv")
        if self.source is None and not self.assumption:
            raise ValueError("say where these patients come from: source (a key of sources) or assumption (in words)")
        return self


class Criterion(Model):
    """What a patient must be to be eligible: a guard over parameters, switches and what is known at entry."""

    when: Guard
    title: str = ""
    source: Name | None = None
    assumption: str | None = None

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """The guard alone."""
        return [{"type": ["string", "boolean"]}]

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return value if isinstance(value, dict | list) else {"when": value}
