"""Kaplan-Meier survival with Greenwood's variance, left truncation and quantiles. Arrays in, a result object out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from sim.stats.arrays import Floats, Integers, column, entry_times, event_indicator, observed_times, readonly, refuse
from sim.stats.intervals import ConfType, checked_level, checked_type, confidence_limits
from sim.stats.reading import Reading
from sim.stats.risk_table import RiskTable, risk_table
from sim.stats.steps import steps

if TYPE_CHECKING:
    import pandas as pd

# Two values of a survival curve closer than this are one value: rounding must not move a median by one step.
# The size is that of R's quantile.survfit, sqrt(.Machine$double.eps).
SAME_PROBABILITY = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True, eq=False, repr=False)
class SurvivalAt(Reading):
    """A Kaplan-Meier curve read at chosen times; all arrays have the shape of `time`.

    `at_risk` counts rows with entry < t <= their time; `events` counts all events up to and including t.
    """

    time: Floats
    at_risk: Integers
    events: Integers
    survival: Floats
    std_error: Floats
    ci_low: Floats
    ci_high: Floats


@dataclass(frozen=True, eq=False, repr=False)
class SurvivalQuantiles(Reading):
    """Times by which given shares have had the event, with limits; NaN where the curve does not get there."""

    probability: Floats
    time: Floats
    ci_low: Floats
    ci_high: Floats


@dataclass(frozen=True, eq=False, repr=False)
class KaplanMeier:
    """A Kaplan-Meier curve: one entry per distinct observed time (events and censorings), shape (m,) each.

    Attributes
    ----------
    time, at_risk, events, censored
        Distinct times, ascending; rows with entry < t <= their time; events and censorings at t.
    survival
        Product-limit estimate just after t.
    std_error
        Greenwood's standard error of `survival`; NaN once survival is 0, where the formula has no value.
    ci_low, ci_high
        Pointwise limits; NaN where the transformation has no value (see `kaplan_meier`).
    conf_level, conf_type
        Of the limits.
    risk
        The counts the curve was made from.
    """

    time: Floats
    at_risk: Integers
    events: Integers
    censored: Integers
    survival: Floats
    std_error: Floats
    ci_low: Floats
    ci_high: Floats
    conf_level: float
    conf_type: ConfType
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
            f"variance: Greenwood; interval: pointwise {100 * self.conf_level:g}% {self.conf_type}; "
            f"ties: events before censorings{truncated}"
        )

    def at(self, times: ArrayLike) -> SurvivalAt:
        """Read the curve at chosen times (a right-continuous step function).

        Before the first event survival is 1 (and log-log limits are NaN, also before the first observed time, where R
        pads with 1). Past the last observed time nothing is known: NaN, with nobody at risk,
        unless the curve has reached 0, where it stays.

        Parameters
        ----------
        times
            One time or a column of times, finite and not negative, in any order.
        """
        found = steps(times, self.time, ended=self.survival[-1] == 0.0)
        start_low, start_high = confidence_limits(
            np.ones(1), np.zeros(1), conf_level=self.conf_level, conf_type=self.conf_type
        )
        return SurvivalAt(
            time=found.asked,
            at_risk=self.risk.at_risk_at(found.asked),
            events=found.count(self.events),
            survival=found.read(1.0, self.survival),
            std_error=found.read(0.0, self.std_error),
            ci_low=found.read(start_low[0], self.ci_low),
            ci_high=found.read(start_high[0], self.ci_high),
            conventions=self.conventions,
        )

    def quantile(self, probabilities: ArrayLike) -> SurvivalQuantiles:
        """Times by which the given shares have had the event; 0.5 is the median.

        The first time at which survival is at or below 1 - p; where the curve is level at exactly 1 - p, the middle of
        the level stretch, as R's survival does. The limits are the same reading of `ci_low` and `ci_high` (Brookmeyer
        and Crowley, Biometrics 38 (1982) 29-41, on the scale of the curve's own limits). Where limits rise again in the
        tail, their first crossing counts; R reads them sorted by size.

        Parameters
        ----------
        probabilities
            One probability or a column of them, each strictly between 0 and 1.
        """
        asked = column("probabilities", probabilities, or_single=True)
        refuse("probabilities", asked, ~((asked > 0.0) & (asked < 1.0)), "it must lie strictly between 0 and 1")
        return SurvivalQuantiles(
            probability=asked,
            time=_crossing(self.time, self.survival, 1.0 - asked),
            ci_low=_crossing(self.time, self.ci_low, 1.0 - asked),
            ci_high=_crossing(self.time, self.ci_high, 1.0 - asked),
            conventions=f"{self.conventions}; quantiles: limits of the curve, inverted",
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a distinct time: time, at_risk, events, censored, survival, std_error, ci_low, ci_high."""
        import pandas as pd

        names = ("time", "at_risk", "events", "censored", "survival", "std_error", "ci_low", "ci_high")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        median = self.quantile(0.5)
        middle, low, high = (
            "not reached" if np.isnan(value) else f"{value:.6g}"
            for value in (median.time[0], median.ci_low[0], median.ci_high[0])
        )
        return (
            f"KaplanMeier: {self.n} subjects, {int(self.events.sum())} events, median {middle} ({low} to {high})\n"
            f"  {self.conventions}"
        )


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: ConfType = "log-log",
) -> KaplanMeier:
    """Kaplan-Meier (product-limit) estimate of survival.

    Parameters
    ----------
    time
        Time of event or censoring since time zero, shape (n,), finite and not negative; any unit (days in Engraft).
    event
        1 or True for an event, 0 or False for a censored row, shape (n,).
    entry
        Time from which the row is under observation (left truncation), shape (n,), before `time`; -inf for from the
        start. A row is at risk at t when entry < t <= time; an early risk set of one whose member has the event
        takes the curve to 0 for good, as the formula says.
    conf_level
        Level of the pointwise limits.
    conf_type
        "plain", "log" or "log-log".

    Returns
    -------
    KaplanMeier
        Values that have no definition are NaN, as R's survival prints them: the standard error at survival 0, limits
        of type log at 0, of type log-log at 0 and at 1.

    Raises
    ------
    EngraftError
        Names the field and the first row that cannot be used.

    References
    ----------
    Kaplan and Meier, JASA 53 (1958) 457-481; Greenwood (1926). Ties are exact: times equal as floating-point numbers
    (R's survival also merges times that differ by rounding).
    """
    level, kind = checked_level(conf_level), checked_type(conf_type)
    times = observed_times("time", time)
    indicator = event_indicator(event, times)
    risk = risk_table(times, indicator, 1, None if entry is None else entry_times(entry, times))
    events = risk.all_events
    survival = product_limit(risk.at_risk, events)
    with_variance = survival > 0.0
    std_error = np.where(with_variance, survival * np.sqrt(greenwood_sum(risk.at_risk, events)), np.nan)
    low, high = confidence_limits(survival, std_error, conf_level=level, conf_type=kind)
    return KaplanMeier(
        time=risk.time,
        at_risk=risk.at_risk,
        events=readonly(events),
        censored=risk.censored,
        survival=readonly(survival),
        std_error=readonly(std_error),
        ci_low=readonly(low),
        ci_high=readonly(high),
        conf_level=level,
        conf_type=kind,
        risk=risk,
    )


def product_limit(at_risk: Integers, events: Integers) -> Floats:
    """Survival after each time: the running product of (at_risk - events) / at_risk; shape (m,)."""
    return np.asarray(np.cumprod((at_risk - events) / at_risk), dtype=np.float64)


def greenwood_sum(at_risk: Integers, events: Integers) -> Floats:
    """Running sum of d / (Y (Y - d)), Greenwood's variance of log survival; a time at which all fail adds nothing."""
    surviving = at_risk - events
    terms = np.divide(events / at_risk, surviving, out=np.zeros(at_risk.shape), where=surviving > 0)
    return np.asarray(np.cumsum(terms), dtype=np.float64)


def _crossing(time: Floats, curve: Floats, levels: Floats) -> Floats:
    known = ~np.isnan(curve)
    if not known.any():
        return np.full(levels.shape, np.nan)
    # Confidence limits need not be monotone; their first crossing is that of the running minimum.
    falling = np.minimum.accumulate(curve[known])
    last = falling.size - 1
    reached = np.searchsorted(-falling, -(levels + SAME_PROBABILITY), side="left")
    beyond = np.searchsorted(-falling, -(levels - SAME_PROBABILITY), side="right")
    start = time[known][np.minimum(reached, last)]
    stop = time[known][np.minimum(beyond, last)]
    middle = np.where(reached == beyond, start, (start + stop) / 2.0)
    return np.where(reached > last, np.nan, middle)
