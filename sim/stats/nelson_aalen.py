"""Nelson-Aalen cumulative hazard with variance, intervals and left truncation. Arrays in, a result object out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError, did_you_mean
from sim.stats.arrays import Floats, Integers, entry_times, event_indicator, observed_times, readonly
from sim.stats.intervals import checked_level, normal_quantile
from sim.stats.reading import Reading
from sim.stats.risk_table import RiskTable, risk_table
from sim.stats.steps import steps

if TYPE_CHECKING:
    import pandas as pd

HazardInterval = Literal["plain", "log"]
HazardVariance = Literal["aalen", "binomial"]


@dataclass(frozen=True, eq=False, repr=False)
class CumulativeHazardAt(Reading):
    """A Nelson-Aalen curve read at chosen times; all arrays have the shape of `time`."""

    time: Floats
    at_risk: Integers
    events: Integers
    cumulative_hazard: Floats
    std_error: Floats
    ci_low: Floats
    ci_high: Floats


@dataclass(frozen=True, eq=False, repr=False)
class NelsonAalen:
    """A cumulative hazard: one entry per distinct observed time (events and censorings), shape (m,) each.

    Attributes
    ----------
    time, at_risk, events, censored
        As in `KaplanMeier`.
    cumulative_hazard, std_error
        Sum of events over numbers at risk up to and including t, and its standard error.
    ci_low, ci_high
        Pointwise limits; of type log both 0 where the hazard is 0.
    conf_level, conf_type, variance
        Of the limits and the standard error.
    risk
        The counts the curve was made from.
    """

    time: Floats
    at_risk: Integers
    events: Integers
    censored: Integers
    cumulative_hazard: Floats
    std_error: Floats
    ci_low: Floats
    ci_high: Floats
    conf_level: float
    conf_type: HazardInterval
    variance: HazardVariance
    risk: RiskTable

    @property
    def n(self) -> int:
        """Number of subjects (rows)."""
        return self.risk.n

    @property
    def conventions(self) -> str:
        """Variance, type of interval and tie rule, in words."""
        truncated = "; left truncation" if self.risk.late_entry.size else ""
        return (
            f"variance: {self.variance}; interval: pointwise {100 * self.conf_level:g}% {self.conf_type}; "
            f"ties: events before censorings{truncated}"
        )

    def at(self, times: ArrayLike) -> CumulativeHazardAt:
        """Read the curve at chosen times: 0 before the first event, NaN past the last observed time.

        Parameters
        ----------
        times
            One time or a column of times, finite and not negative, in any order.
        """
        found = steps(times, self.time, ended=False)
        return CumulativeHazardAt(
            time=found.asked,
            at_risk=self.risk.at_risk_at(found.asked),
            events=found.count(self.events),
            cumulative_hazard=found.read(0.0, self.cumulative_hazard),
            std_error=found.read(0.0, self.std_error),
            ci_low=found.read(0.0, self.ci_low),
            ci_high=found.read(0.0, self.ci_high),
            conventions=self.conventions,
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a distinct time: time, at_risk, events, censored, cumulative_hazard, std_error, ci_low, ci_high."""
        import pandas as pd

        names = ("time", "at_risk", "events", "censored", "cumulative_hazard", "std_error", "ci_low", "ci_high")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        return (
            f"NelsonAalen: {self.n} subjects, {int(self.events.sum())} events, "
            f"cumulative hazard {self.cumulative_hazard[-1]:.6g} by {self.time[-1]:.6g}\n"
            f"  {self.conventions}"
        )


def nelson_aalen(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: HazardInterval = "log",
    variance: HazardVariance = "aalen",
) -> NelsonAalen:
    """Nelson-Aalen estimate of the cumulative hazard.

    Parameters
    ----------
    time, event, entry
        As `kaplan_meier` takes them, shape (n,).
    conf_level
        Level of the pointwise limits.
    conf_type
        "plain": H -/+ z s, cut at 0. "log": H exp(-/+ z s / H).
    variance
        "aalen": the sum of d / n^2, as R's survival prints it. "binomial": the sum of (n - d) d / ((n - 1) n^2), which
        allows for ties, and is 0 for a time at which all fail.

    Raises
    ------
    EngraftError
        Names the field and the first row that cannot be used.

    References
    ----------
    Aalen, Ann Statist 6 (1978) 701-726; Klein, Scand J Statist 18 (1991) 333-340 (both variances); Bie, Borgan and
    Liestol, Scand J Statist 14 (1987) 221-233 (log limits).
    """
    level, kind = checked_level(conf_level), _known("conf_type", conf_type, get_args(HazardInterval))
    rule = _known("variance", variance, get_args(HazardVariance))
    times = observed_times("time", time)
    indicator = event_indicator(event, times)
    risk = risk_table(times, indicator, 1, None if entry is None else entry_times(entry, times))
    n, d = risk.at_risk.astype(np.float64), risk.all_events.astype(np.float64)
    hazard = np.cumsum(d / n)
    terms = d / n**2
    if rule == "binomial":
        terms = terms * np.divide(n - d, n - 1.0, out=np.zeros(n.shape), where=n > 1.0)
    std_error = np.sqrt(np.cumsum(terms))
    reach = normal_quantile(level) * std_error
    if kind == "plain":
        low, high = np.maximum(hazard - reach, 0.0), hazard + reach
    else:
        factor = np.exp(np.divide(reach, hazard, out=np.zeros(n.shape), where=hazard > 0.0))
        low, high = hazard / factor, hazard * factor
    return NelsonAalen(
        time=risk.time,
        at_risk=risk.at_risk,
        events=readonly(risk.all_events),
        censored=risk.censored,
        cumulative_hazard=readonly(hazard),
        std_error=readonly(std_error),
        ci_low=readonly(low),
        ci_high=readonly(high),
        conf_level=level,
        conf_type=kind,  # type: ignore[arg-type]
        variance=rule,  # type: ignore[arg-type]
        risk=risk,
    )


def _known(field: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise EngraftError(f'{field}: found "{value!s}"{did_you_mean(str(value), known)}')
    return value
