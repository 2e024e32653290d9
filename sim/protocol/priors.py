"""What is believed of a parameter before fitting, as the schema writes it. What is drawn for patients: fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sim.protocol.fields import Arguments, OneOf


class BetaPrior(Arguments):
    a: Annotated[float, Field(gt=0)]
    b: Annotated[float, Field(gt=0)]


class NormalPrior(Arguments):
    mean: float
    sd: Annotated[float, Field(gt=0)]


class LogNormalPrior(Arguments):
    median: Annotated[float, Field(gt=0)]
    sigma: Annotated[float, Field(gt=0)]


class UniformPrior(Arguments):
    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> UniformPrior:
        if self.low >= self.high:
            raise ValueError(f"low must be below high, found {self.low:g} and {self.high:g}")
        return self


class Prior(OneOf):
    """What is believed of a parameter before fitting.

    beta [a, b], normal [mean, sd], lognormal [median, sigma], uniform [low, high].
    """

    beta: BetaPrior | None = None
    normal: NormalPrior | None = None
    lognormal: LogNormalPrior | None = None
    uniform: UniformPrior | None = None

    def interval(self, share: float = 0.95) -> tuple[float, float]:
        """The central interval that holds a share of the prior."""
        from scipy import stats

        given = list(self.arguments.model_dump().values())
        if self.family == "lognormal":
            law = stats.lognorm(given[1], scale=given[0])
        elif self.family == "uniform":
            law = stats.uniform(given[0], given[1] - given[0])
        else:
            law = {"beta": stats.beta, "normal": stats.norm}[self.family](*given)
        low, high = law.interval(share)
        return float(low), float(high)
