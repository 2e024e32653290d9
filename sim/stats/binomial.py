"""Intervals of one proportion: exact (Clopper-Pearson) and score (Wilson). Counts in, a small result object out."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Literal, SupportsFloat, get_args

from sim.errors import EngraftError, did_you_mean
from sim.stats.intervals import checked_level, normal_quantile

if TYPE_CHECKING:
    import pandas as pd

BinomialMethod = Literal["clopper-pearson", "wilson"]


@dataclass(frozen=True)
class Proportion:
    """A proportion with its interval: `estimate` is successes / trials."""

    estimate: float
    ci_low: float
    ci_high: float
    successes: int
    trials: int
    conf_level: float
    method: BinomialMethod

    @property
    def conventions(self) -> str:
        """Type of interval and sides, in words."""
        kind = {"clopper-pearson": "exact (Clopper-Pearson)", "wilson": "score (Wilson), no continuity correction"}
        return f"interval: two-sided {100 * self.conf_level:g}% {kind[self.method]}"

    def to_frame(self) -> pd.DataFrame:
        """One row: successes, trials, estimate, ci_low, ci_high."""
        import pandas as pd

        names = ("successes", "trials", "estimate", "ci_low", "ci_high")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})

    def __repr__(self) -> str:
        return (
            f"Proportion: {self.successes}/{self.trials} = {self.estimate:.6g} "
            f"({self.ci_low:.6g} to {self.ci_high:.6g})\n  {self.conventions}"
        )


def binomial_interval(
    successes: int, trials: int, *, conf_level: float = 0.95, method: BinomialMethod = "clopper-pearson"
) -> Proportion:
    """Two-sided confidence interval of a proportion.

    Parameters
    ----------
    successes, trials
        Whole numbers, 0 <= successes <= trials, trials at least 1.
    conf_level
        Level; each tail of the exact interval has at most half of the rest, also at 0 and at all successes.
    method
        "clopper-pearson": exact, coverage never below the level. "wilson": inverts the score test, without continuity
        correction; coverage is right on average and can fall below the level.

    Raises
    ------
    EngraftError
        If a count is not a whole number or out of range.

    References
    ----------
    Clopper and Pearson, Biometrika 26 (1934) 404-413; Wilson, JASA 22 (1927) 209-212.
    """
    level = checked_level(conf_level)
    total = whole_number("trials", trials, least=1)
    hits = whole_number("successes", successes, least=0)
    if hits > total:
        raise EngraftError(f"successes: found {hits}; it must be at most the number of trials, {total}")
    if method == "clopper-pearson":
        low, high = _clopper_pearson(hits, total, level)
    elif method == "wilson":
        low, high = _wilson(hits, total, level)
    else:
        raise EngraftError(f'method: found "{method!s}"{did_you_mean(str(method), get_args(BinomialMethod))}')
    return Proportion(hits / total, low, high, hits, total, level, method)


def _clopper_pearson(hits: int, total: int, level: float) -> tuple[float, float]:
    from scipy.special import betaincinv

    tail = (1.0 - level) / 2.0
    low = 0.0 if hits == 0 else float(betaincinv(hits, total - hits + 1, tail))
    high = 1.0 if hits == total else float(betaincinv(hits + 1, total - hits, 1.0 - tail))
    return low, high


def _wilson(hits: int, total: int, level: float) -> tuple[float, float]:
    z = normal_quantile(level)
    share = hits / total
    centre = (share + z * z / (2.0 * total)) / (1.0 + z * z / total)
    half = z * sqrt(share * (1.0 - share) / total + z * z / (4.0 * total * total)) / (1.0 + z * z / total)
    # Exactly 0 and 1 at the ends, where rounding would leave a residue of either sign.
    return (0.0 if hits == 0 else centre - half), (1.0 if hits == total else centre + half)


def whole_number(field: str, value: SupportsFloat, *, least: int) -> int:
    """A whole number, `least` or more, or an error."""
    try:
        number = float("nan") if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not number.is_integer() or number < least:
        raise EngraftError(f"{field}: found {value!s}; it must be a whole number, {least} or more")
    return int(number)
