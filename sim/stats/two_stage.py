"""Simon's two-stage designs of one arm with a binary endpoint: exact search and exact properties. No data analysis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, SupportsFloat, get_args

import numpy as np

from sim.errors import EngraftError, did_you_mean
from sim.stats.binomial import whole_number

if TYPE_CHECKING:
    import pandas as pd

Criterion = Literal["optimal", "minimax"]


@dataclass(frozen=True)
class TwoStageProperties:
    """What a two-stage design does at one true response rate, exactly.

    `rejects` is the probability of calling the treatment worthwhile, `stops_early` that of ending after the first
    stage, `expected_n` the mean number of patients.
    """

    rate: float
    rejects: float
    stops_early: float
    expected_n: float

    @property
    def conventions(self) -> str:
        """How the probabilities are made, in words."""
        return "exact binomial; one-sided"

    def __repr__(self) -> str:
        return (
            f"TwoStageProperties at {self.rate:g}: rejects {self.rejects:.4f}, stops early {self.stops_early:.4f}, "
            f"expected size {self.expected_n:.2f}\n  {self.conventions}"
        )


@dataclass(frozen=True)
class TwoStageDesign:
    """Stop after `n1` patients with at most `r1` responses; else treat `n`, and reject p <= p0 with more than `r`.

    `alpha` and `power` are the exact error under p0 and power under p1; `expected_n` and `stops_early` hold under p0.
    """

    r1: int
    n1: int
    r: int
    n: int
    p0: float
    p1: float
    alpha: float
    power: float
    expected_n: float
    stops_early: float
    criterion: Criterion | Literal["given"]

    @property
    def conventions(self) -> str:
        """What is exact and one-sided, in words."""
        return "exact binomial; one-sided; stops for futility only, with at most r1 responses"

    def properties(self, rate: float) -> TwoStageProperties:
        """Exact properties at a true response rate between 0 and 1."""
        share = _rate("rate", rate)
        rejects, stops = _exact(self.r1, self.n1, self.r, self.n, share)
        return TwoStageProperties(share, rejects, stops, self.n1 + (1.0 - stops) * (self.n - self.n1))

    def to_frame(self) -> pd.DataFrame:
        """Two rows, the rates p0 and p1: the design, rejection and early stopping probability, expected size."""
        import pandas as pd

        found = [self.properties(rate) for rate in (self.p0, self.p1)]
        columns = {name: [getattr(self, name)] * 2 for name in ("r1", "n1", "r", "n")}
        names = ("rate", "rejects", "stops_early", "expected_n")
        return pd.DataFrame(columns | {name: [getattr(row, name) for row in found] for name in names})

    def __repr__(self) -> str:
        return (
            f"TwoStageDesign ({self.criterion}): {self.r1}/{self.n1}, then {self.r}/{self.n}; {self.p0:g} against "
            f"{self.p1:g}: type I error {self.alpha:.4f}, power {self.power:.4f}, expected size {self.expected_n:.2f}, "
            f"early stop {self.stops_early:.4f}\n  {self.conventions}"
        )


def simon_design(
    p0: float, p1: float, *, alpha: float, power: float, criterion: Criterion = "optimal", most: int = 300
) -> TwoStageDesign:
    """Simon's optimal or minimax two-stage design, by complete search.

    Parameters
    ----------
    p0, p1
        Response rate that is not worthwhile, and the one that is; 0 < p0 < p1 < 1.
    alpha, power
        Most type I error at p0, least power at p1.
    criterion
        "optimal": least expected size under p0. "minimax": least n, then least expected size.
    most
        Largest n looked at. The search is complete: the design found is the best of all with n up to this.

    Raises
    ------
    EngraftError
        If a rate or probability is out of range, or no design with n up to `most` holds both errors.

    References
    ----------
    Simon, Controlled Clinical Trials 10 (1989) 1-10.
    """
    from sim.stats.kernels.simon import simon_search

    low, high = _rate("p0", p0), _rate("p1", p1)
    if not 0.0 < low < high < 1.0:
        raise EngraftError(f"p1: found {p1!s} with p0 {p0!s}; it must be 0 < p0 < p1 < 1")
    size, beta = _rate("alpha", alpha), 1.0 - _rate("power", power)
    if not (0.0 < size < 1.0 and 0.0 < beta < 1.0):
        raise EngraftError(f"power: found {power!s} with alpha {alpha!s}; both must lie strictly between 0 and 1")
    if criterion not in get_args(Criterion):
        raise EngraftError(f'criterion: found "{criterion!s}"{did_you_mean(str(criterion), get_args(Criterion))}')
    limit = whole_number("most", most, least=2)
    best = np.zeros(5)
    tables = [np.zeros((limit + 1, limit + 2)) for _ in range(4)]
    if not simon_search(low, high, size, beta, limit, criterion == "minimax", best, *tables):
        raise EngraftError(f"most: found {limit}; no design with so few patients holds both errors")
    r1, n1, r, n = (int(value) for value in best[:4])
    return _design(r1, n1, r, n, low, high, criterion)


def two_stage_design(r1: int, n1: int, r: int, n: int, *, p0: float, p1: float) -> TwoStageDesign:
    """A given two-stage design with its exact properties.

    Parameters
    ----------
    r1, n1, r, n
        Stop with at most r1 responses of n1; else treat n and reject with more than r. 0 <= r1 < n1 < n, r1 <= r < n.
    p0, p1
        Response rates to report error and power at.

    Raises
    ------
    EngraftError
        If the numbers are no design.
    """
    first, size1 = whole_number("r1", r1, least=0), whole_number("n1", n1, least=1)
    second, size = whole_number("r", r, least=0), whole_number("n", n, least=2)
    if not (first < size1 < size and first <= second < size):
        raise EngraftError(f"r1: found {first}/{size1}, then {second}/{size}; it must be r1 < n1 < n and r1 <= r < n")
    return _design(first, size1, second, size, _rate("p0", p0), _rate("p1", p1), "given")


def _design(
    r1: int, n1: int, r: int, n: int, p0: float, p1: float, criterion: Criterion | Literal["given"]
) -> TwoStageDesign:
    alpha, stops = _exact(r1, n1, r, n, p0)
    power, _ = _exact(r1, n1, r, n, p1)
    return TwoStageDesign(r1, n1, r, n, p0, p1, alpha, power, n1 + (1.0 - stops) * (n - n1), stops, criterion)


def _exact(r1: int, n1: int, r: int, n: int, rate: float) -> tuple[float, float]:
    """Probabilities of rejection and of stopping after the first stage: sums of products of binomials."""
    first = _binomial(n1, rate)
    second = np.append(np.cumsum(_binomial(n - n1, rate)[::-1])[::-1], 0.0)
    need = np.clip(r + 1 - np.arange(n1 + 1), 0, n - n1 + 1)
    going = np.arange(n1 + 1) > r1
    return min(float(np.sum((first * second[need])[going])), 1.0), min(float(np.sum(first[~going])), 1.0)


def _binomial(n: int, rate: float) -> np.ndarray:
    return np.array([math.comb(n, k) * rate**k * (1.0 - rate) ** (n - k) for k in range(n + 1)])


def _rate(field: str, value: SupportsFloat) -> float:
    try:
        number = float("nan") if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0.0 <= number <= 1.0:
        raise EngraftError(f"{field}: found {value!s}; it must lie between 0 and 1")
    return number
