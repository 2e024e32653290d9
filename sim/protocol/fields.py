"""The small building blocks of the protocol schema: expressions, distributions, priors, baselines. No sections here."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema


class Model(BaseModel):
    """Base of all schema models: unknown keys are refused, nothing is coerced, instances do not change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False, serialize_by_alias=True)

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """JSON Schemas of what may be written in place of a mapping; ``_short`` and its like turn these into one."""
        return []

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The mapping or any of its shorthands."""
        reference = handler(core)
        schema = handler.resolve_ref_schema(reference)
        if issubclass(cls, OneOf):
            schema |= {"minProperties": 1, "maxProperties": 1}
        if cls.shorthand():
            mapping = dict(schema)
            schema.clear()
            schema["anyOf"] = [mapping, *cls.shorthand()]
        return reference


class Kind:
    """Marks a text field as an expression; ``expect``: boolean, number, duration, probability, marker or any."""

    def __init__(self, expect: str) -> None:
        self.expect = expect

    def __repr__(self) -> str:
        return f"Kind({self.expect!r})"


def _expression_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if not isinstance(value, str):
        raise ValueError(f'expected an expression (a number or text such as "a + 2 * b"), found a {_kind_of(value)}')
    return value.strip()


def _kind_of(value: Any) -> str:
    return {dict: "mapping", list: "list", bool: "boolean"}.get(type(value), type(value).__name__)


_TEXT = (BeforeValidator(_expression_text), WithJsonSchema({"type": ["string", "number"]}))
Number = Annotated[str, *_TEXT, Kind("number")]
Probability = Annotated[str, *_TEXT, Kind("probability")]
DurationExpr = Annotated[str, *_TEXT, Kind("duration")]
MarkerExpr = Annotated[str, *_TEXT, Kind("marker")]
Derived = Annotated[str, *_TEXT, Kind("any")]
Guard = Annotated[
    str, BeforeValidator(_expression_text), WithJsonSchema({"type": ["string", "boolean"]}), Kind("boolean")
]

NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")
RESERVED = frozenset({"and", "or", "not", "in", "if", "true", "false", "cycle", "continue", "else"})


def _name(value: Any) -> Any:
    if isinstance(value, str) and not NAME.match(value):
        raise ValueError(f'"{value}" is not a name; use a letter followed by letters, digits and _')
    if isinstance(value, str) and value in RESERVED:
        raise ValueError(f'"{value}" is a word of the language and cannot be a name')
    return value


Name = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": NAME.pattern})]

IDENTIFIER = re.compile(r"^[a-z0-9][a-z0-9-]*$")


def _identifier(value: Any) -> Any:
    if isinstance(value, str) and not IDENTIFIER.match(value):
        raise ValueError(f'"{value}" is not an id; use small letters, digits and hyphens, as in all-mrd2019')
    return value


Identifier = Annotated[
    str, BeforeValidator(_identifier), WithJsonSchema({"type": "string", "pattern": IDENTIFIER.pattern})
]


def one_or_more(value: Any) -> Any:
    """A single word stands for a list of one."""
    return [value] if isinstance(value, str) else value


Names = Annotated[
    list[Name],
    BeforeValidator(one_or_more),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class Arguments(Model):
    """Named arguments that may also be written as a list in their declared order, or as one bare value."""

    bare: ClassVar[bool] = False

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """A list, and where ``bare`` says so one value."""
        listed: dict[str, Any] = {"type": "array", "minItems": 1, "maxItems": len(cls.model_fields)}
        return [listed, {"type": ["string", "number"]}] if cls.bare else [listed]

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        names = [field.alias or name for name, field in cls.model_fields.items()]
        if isinstance(value, list):
            if len(value) > len(names):
                raise ValueError(f"takes {len(names)} values ({', '.join(names)}), found {len(value)}")
            return dict(zip(names, value, strict=False))
        if cls.bare and not isinstance(value, dict):
            return {names[0]: value}
        return value


class OneOf(Model):
    """A mapping with exactly one key, the name of a family; a bare word stands for a family without arguments."""

    @model_validator(mode="before")
    @classmethod
    def _exactly_one(cls, value: Any) -> Any:
        families = [field.alias or name for name, field in cls.model_fields.items()]
        if isinstance(value, dict) and len(value) != 1 and all(key in families for key in value):
            raise ValueError(f"give exactly one of {', '.join(families)}; found {', '.join(value) or 'none'}")
        return value

    @property
    def family(self) -> str:
        """The name of the family that is given."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def arguments(self) -> Any:
        """The arguments of that family."""
        return getattr(self, self.family)


class Normal(Arguments):
    mean: Number
    sd: Number


class LogNormal(Arguments):
    median: Number
    sigma: Number


class Exponential(Arguments):
    bare = True
    mean: Number


class Uniform(Arguments):
    low: Number
    high: Number


class WeibullDraw(Arguments):
    shape: Number
    scale: Number


class LogLogisticDraw(Arguments):
    shape: Number
    median: Number


class Gamma(Arguments):
    """Mean and standard deviation, both constant: compiled into a quantile table."""

    mean: Number
    sd: Number


class Beta(Arguments):
    """Shape parameters a and b, both constant: compiled into a quantile table."""

    a: Number
    b: Number


class Histogram(Arguments):
    """Uniform within bins: ``edges`` has one value more than ``weights``, which need not sum to one."""

    edges: Annotated[list[float], Field(min_length=2)]
    weights: Annotated[list[Number], Field(min_length=1)]

    @model_validator(mode="after")
    def _shape(self) -> Histogram:
        if len(self.edges) != len(self.weights) + 1:
            raise ValueError(f"{len(self.weights)} weights need {len(self.weights) + 1} edges, found {len(self.edges)}")
        if any(b <= a for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError(f"edges must increase, found {self.edges}")
        return self


AMOUNT = re.compile(r"^-?[0-9]+(\.[0-9]+)?( ?[a-z]+)?$")


def _amount(value: Any) -> Any:
    if isinstance(value, str) and not AMOUNT.match(value):
        raise ValueError(f'"{value}" is not a value; write a number or a duration and its weight, as in {{28 d: 3}}')
    return value


Amount = Annotated[str, BeforeValidator(_amount), WithJsonSchema({"type": "string", "pattern": AMOUNT.pattern})]
Weights = Annotated[dict[Amount, Number], Field(min_length=1)]


class Distribution(OneOf):
    """What is drawn, by one monotone inverse of one uniform; a bare value is ``fixed``.

    ``one_of`` holds values with their weights, which need not sum to one.
    """

    fixed: Number | None = None
    normal: Normal | None = None
    lognormal: LogNormal | None = None
    exponential: Exponential | None = None
    uniform: Uniform | None = None
    weibull: WeibullDraw | None = None
    loglogistic: LogLogisticDraw | None = None
    gamma: Gamma | None = None
    beta: Beta | None = None
    histogram: Histogram | None = None
    one_of: Weights | None = None

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """A fixed value."""
        return [{"type": ["string", "number"]}]

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return value if isinstance(value, dict | list) else {"fixed": value}


class AttributeDraw(OneOf):
    """What a patient attribute is drawn from: any distribution, a yes/no, or one of several words."""

    fixed: Number | None = None
    normal: Normal | None = None
    lognormal: LogNormal | None = None
    exponential: Exponential | None = None
    uniform: Uniform | None = None
    weibull: WeibullDraw | None = None
    loglogistic: LogLogisticDraw | None = None
    gamma: Gamma | None = None
    beta: Beta | None = None
    histogram: Histogram | None = None
    one_of: Weights | None = None
    bernoulli: Probability | None = None
    categorical: dict[str, Probability] | None = None


class Plateaued(Model):
    """Common to all baselines: ``plateau`` makes it improper, S(t) = plateau + (1 - plateau) S0(t).

    Arguments of baselines always go by name.
    """

    plateau: Number | None = None


class ExponentialBaseline(Plateaued):
    mean: Number | None = None


class WeibullBaseline(Plateaued):
    shape: Number
    scale: Number | None = None


class GompertzBaseline(Plateaued):
    """Hazard proportional to exp(rate * years on the clock)."""

    rate: Number


class LogLogisticBaseline(Plateaued):
    shape: Number
    median: Number


class LogNormalBaseline(Plateaued):
    median: Number
    sigma: Number


class PiecewiseBaseline(Plateaued):
    """Constant hazards between cuts: ``hazards_per_year`` has one value more than ``cuts``."""

    cuts: list[DurationExpr]
    hazards_per_year: Annotated[list[Number], Field(min_length=1)]

    @model_validator(mode="after")
    def _shape(self) -> PiecewiseBaseline:
        hazards = len(self.hazards_per_year)
        if hazards != len(self.cuts) + 1:
            raise ValueError(f"{len(self.cuts)} cuts need {len(self.cuts) + 1} hazards, found {hazards}")
        return self


def _needs_nothing(info: Any) -> bool:
    """Whether all arguments of a family are optional."""
    family = get_args(info.annotation)[0]
    return not any(argument.is_required() for argument in family.model_fields.values())


class ProperBaseline(OneOf):
    """A baseline hazard by family."""

    exponential: ExponentialBaseline | None = None
    weibull: WeibullBaseline | None = None
    gompertz: GompertzBaseline | None = None
    loglogistic: LogLogisticBaseline | None = None
    lognormal: LogNormalBaseline | None = None
    piecewise: PiecewiseBaseline | None = None

    @classmethod
    def shorthand(cls) -> list[dict[str, Any]]:
        """The name of a family without arguments."""
        return [{"enum": [name for name, info in ProperBaseline.model_fields.items() if _needs_nothing(info)]}]

    @model_validator(mode="before")
    @classmethod
    def _bare_word(cls, value: Any) -> Any:
        return {value: {}} if isinstance(value, str) else value


class LatentClass(Model):
    """A cured share, drawn once a patient; the others follow ``uncured``, on which multipliers act."""

    cured: Probability
    uncured: ProperBaseline


class Baseline(ProperBaseline):
    """A baseline hazard by family, or a mixture with a cured class."""

    latent_class: LatentClass | None = None
