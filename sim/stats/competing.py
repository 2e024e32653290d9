"""Aalen-Johansen cumulative incidence of competing causes, with variance and left truncation. Arrays in, result out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from sim.stats.arrays import Floats, Integers, cause_codes, entry_times, observed_times, readonly
from sim.stats.intervals import ConfType, checked_level, checked_type, confidence_limits
from sim.stats.reading import Reading
from sim.stats.risk_table import RiskTable, risk_table
from sim.stats.steps import steps
from sim.stats.survival import greenwood_sum, product_limit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class IncidenceAt(Reading):
    """Cumulative incidences read at chosen times: `time`, `at_risk`, `survival` of shape (t,), the others (t, K).

    `at_risk` counts rows with entry < t <= their time; `events` counts all events up to and including t.
    """

    time: Floats
    at_risk: Integers
    events: Integers
    survival: Floats
    cumulative_incidence: Floats
    std_error: Floats
    ci_low: Floats
    ci_high: Floats

    def to_frame(self) -> pd.DataFrame:
        """One row a cause and time, ordered by cause, then as asked."""
        return _tidy(self, ("at_risk", "survival"))


@dataclass(frozen=True, eq=False, repr=False)
class AalenJohansen:
    """Cumulative incidence of causes 1..K at each distinct observed time; column k - 1 holds cause k.

    Attributes
    ----------
    time, at_risk, censored
        Distinct times, ascending; rows with entry < t <= their time; censorings at t; shape (m,).
    survival
        Probability of no event of any cause by t, shape (m,); the Kaplan-Meier estimate. With the cumulative
        incidences it sums to 1.
    events, cumulative_incidence, std_error, ci_low, ci_high
        Shape (m, K); limits are NaN where the transformation has no value (see `aalen_johansen`).
    conf_level, conf_type
        Of the limits.
    risk
        The counts the curves were made from.
    """

    time: Floats
    at_risk: Integers
    events: Integers
    censored: Integers
    survival: Floats
    cumulative_incidence: Floats
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
            f"variance: Greenwood type; interval: pointwise {100 * self.conf_level:g}% {self.conf_type} "
            f"of the incidence; ties: events before censorings{truncated}"
        )

    @property
    def causes(self) -> int:
        """Number of causes K."""
        return int(self.events.shape[1])

    def at(self, times: ArrayLike) -> IncidenceAt:
        """Read the curves at chosen times (right-continuous step functions).

        Before the first event every incidence is 0. Past the last observed time nothing is known: NaN, with nobody at
        risk, unless nobody is left without an event (survival 0), where the curves stay level.

        Parameters
        ----------
        times
            One time or a column of times, finite and not negative, in any order; t of them.
        """
        found = steps(times, self.time, ended=self.survival[-1] == 0.0)
        zeros = np.zeros(self.causes)
        low, high = confidence_limits(zeros, zeros, conf_level=self.conf_level, conf_type=self.conf_type)
        return IncidenceAt(
            time=found.asked,
            at_risk=self.risk.at_risk_at(found.asked),
            events=found.count(self.events),
            survival=found.read(1.0, self.survival),
            cumulative_incidence=found.read(zeros, self.cumulative_incidence),
            std_error=found.read(zeros, self.std_error),
            ci_low=found.read(low, self.ci_low),
            ci_high=found.read(high, self.ci_high),
            conventions=self.conventions,
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a cause and distinct time, ordered by cause, then time."""
        return _tidy(self, ("at_risk", "censored", "survival"))

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} of cause {k}" for k, count in enumerate(self.events.sum(axis=0), start=1))
        return f"AalenJohansen: {self.n} subjects, events: {counts}\n  {self.conventions}"


def aalen_johansen(
    time: ArrayLike,
    cause: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    causes: int | None = None,
    conf_level: float = 0.95,
    conf_type: ConfType = "log-log",
) -> AalenJohansen:
    """Aalen-Johansen estimate of the cumulative incidence of competing causes.

    Parameters
    ----------
    time
        Time of event or censoring since time zero, shape (n,), finite and not negative; any unit (days in Engraft).
    cause
        0 for a censored row, 1..K for the cause of the event, shape (n,).
    entry
        Time from which the row is under observation (left truncation), shape (n,), before `time`; -inf for from the
        start. A row is at risk at t when entry < t <= time.
    causes
        K; the highest code found (at least 1) unless given, so that a cause without events still has its column.
    conf_level
        Level of the pointwise limits.
    conf_type
        "plain", "log" or "log-log", each on the scale of the incidence F: log-log works on log(-log F), as R's
        survival and SAS do, not on log(-log(1 - F)). Limits are NaN where F is 0 (log, log-log) or 1 (log-log).

    Returns
    -------
    AalenJohansen

    Raises
    ------
    EngraftError
        Names the field and the first row that cannot be used.

    Notes
    -----
    The variance is of the Greenwood type: the increments of the K cause-specific hazards at t are taken as multinomial
    given the number at risk. It is exact under ties. With one cause it is Greenwood's variance of Kaplan-Meier; without
    left truncation it equals the infinitesimal jackknife that R's survival prints. cmprsk::cuminc prints the variance
    of Aalen (1978), which is a little larger; its estimates are the same.

    References
    ----------
    Aalen and Johansen, Scand J Statist 5 (1978) 141-150; Andersen, Borgan, Gill and Keiding, Statistical Models Based
    on Counting Processes (1993), section IV.4; Allignol, Schumacher and Beyersmann, Biometrical J 52 (2010) 126-137,
    who recommend this variance, under left truncation too.
    """
    level, kind = checked_level(conf_level), checked_type(conf_type)
    times = observed_times("time", time)
    codes, number = cause_codes(cause, times, causes)
    risk = risk_table(times, codes, number, None if entry is None else entry_times(entry, times))
    survival = product_limit(risk.at_risk, risk.all_events)
    incidence = np.empty(risk.events.shape)
    std_error = np.empty(risk.events.shape)
    for column in range(number):
        incidence[:, column], variance = _incidence_and_variance(risk, column, survival)
        std_error[:, column] = np.sqrt(variance)
    low, high = confidence_limits(incidence, std_error, conf_level=level, conf_type=kind)
    return AalenJohansen(
        time=risk.time,
        at_risk=risk.at_risk,
        events=risk.events,
        censored=risk.censored,
        survival=readonly(survival),
        cumulative_incidence=readonly(incidence),
        std_error=readonly(std_error),
        ci_low=readonly(low),
        ci_high=readonly(high),
        conf_level=level,
        conf_type=kind,
        risk=risk,
    )


def _incidence_and_variance(risk: RiskTable, column: int, survival: Floats) -> tuple[Floats, Floats]:
    """Cumulative incidence F of one cause and its variance, both of shape (m,).

    With Y at risk, S- the survival just before s, h and h_k the hazards of all causes and of this one at s, the error
    of F(t) is the sum over s <= t of S- dh_k - (F(t) - F(s)) dh / (1 - h), and the multinomial increments give

        Var F(t) = sum  S-^2 h_k (1 - h_k) / Y  -  2 (F(t) - F(s)) S- h_k / Y  +  (F(t) - F(s))^2 h / (Y (1 - h)).

    Opening the brackets turns it into running sums. The first two sums are over S- and so end where survival does.
    """
    at_risk = risk.at_risk.astype(np.float64)
    own = risk.events[:, column]
    hazard = own / at_risk
    before = np.concatenate(([1.0], survival[:-1]))
    incidence = np.cumsum(before * hazard)
    log_variance = np.concatenate(([0.0], greenwood_sum(risk.at_risk, risk.all_events)))
    increments = np.diff(log_variance)
    direct = np.cumsum(before**2 * hazard * (1.0 - hazard) / at_risk)
    crossed = before * hazard / at_risk
    variance = (
        direct
        - 2.0 * (incidence * np.cumsum(crossed) - np.cumsum(incidence * crossed))
        + incidence**2 * log_variance[1:]
        - 2.0 * incidence * np.cumsum(incidence * increments)
        + np.cumsum(incidence**2 * increments)
    )
    # As long as no other cause has struck, this is Kaplan-Meier; its own formulas are free of rounding, also at F = 1.
    alone = np.cumsum(risk.all_events - own) == 0
    incidence = np.where(alone, 1.0 - survival, incidence)
    variance = np.where(alone, survival**2 * log_variance[1:], variance)
    return np.minimum(np.maximum.accumulate(incidence), 1.0), np.maximum(variance, 0.0)


def _tidy(curves: AalenJohansen | IncidenceAt, shared: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    number = curves.events.shape[1]
    columns = {
        "cause": np.repeat(np.arange(1, number + 1), curves.time.size),
        "time": np.tile(curves.time, number),
    }
    columns |= {name: np.tile(getattr(curves, name), number) for name in shared}
    by_cause = ("events", "cumulative_incidence", "std_error", "ci_low", "ci_high")
    columns |= {name: getattr(curves, name).T.ravel() for name in by_cause}
    return pd.DataFrame(columns)
