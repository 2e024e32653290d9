"""Rows of summary.csv and curves.csv from the patients at risk: which estimator, at which times. No simulation here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.endpoints.groups import AtRisk
from sim.endpoints.table import EVENT, TimeToEvent
from sim.protocol.schema import Endpoint
from sim.stats import aalen_johansen, kaplan_meier

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
"""The subgroup of everybody."""

SURVIVAL, INCIDENCE = "survival", "cumulative incidence"

MOST_POINTS = 400
"""Points of one curve in curves.csv, about. A larger table would show no more; see `grid`."""

SUMMARY = (
    "population",
    "arm",
    "subgroup",
    "endpoint",
    "time_days",
    "estimate",
    "ci_low",
    "ci_high",
    "n",
    "events",
    "at_risk",
    "printed",
    "printed_low",
    "printed_high",
    "source",
)
ENDPOINTS = ("patient", "arm", "endpoint", "time_days", "event", "cause")
GROUPS = ("patient", "arm", "subgroup", "from", "landmark_days")
SHARES = ("patient", "arm", "endpoint", "source", "event")
CURVES = (
    "population",
    "arm",
    "subgroup",
    "endpoint",
    "kind",
    "time_days",
    "estimate",
    "ci_low",
    "ci_high",
    "at_risk",
)
MC_SE = "mc_se"
"""Monte Carlo standard error of an estimate, for printed tables; summary.csv has the limits instead."""


@dataclass(frozen=True)
class Label:
    """Whose curve it is."""

    population: str
    arm: str
    subgroup: str
    endpoint: str

    def as_dict(self) -> dict[str, Any]:
        """The first columns of every table."""
        return {
            "population": self.population,
            "arm": self.arm,
            "subgroup": self.subgroup,
            "endpoint": self.endpoint,
        }


@dataclass(frozen=True, eq=False)
class Curve:
    """An estimated curve, whatever its estimator: what it is at given times.

    `read` gives, for each time (days), a dictionary of estimate, mc_se, ci_low, ci_high, at_risk and events.
    """

    kind: str
    n: int
    last: float
    _estimated: Any

    def read(self, times: Sequence[float]) -> dict[str, Any]:
        """Columns of the shape of `times`; NaN past the last time observed, unless all have had the event."""
        at = self._estimated.at(list(times))
        if self.kind == SURVIVAL:
            estimate, error, low, high, events = at.survival, at.std_error, at.ci_low, at.ci_high, at.events
        else:
            columns = (at.cumulative_incidence, at.std_error, at.ci_low, at.ci_high, at.events)
            estimate, error, low, high, events = (column[:, EVENT - 1] for column in columns)
        return {
            "time_days": at.time,
            "estimate": estimate,
            MC_SE: error,
            "ci_low": low,
            "ci_high": high,
            "events": events,
            "at_risk": at.at_risk,
        }


def kind_of(endpoint: Endpoint) -> str:
    """An endpoint with competing events is a cumulative incidence, any other a survival."""
    return INCIDENCE if endpoint.competing else SURVIVAL


def curve(endpoint: Endpoint, patients: AtRisk) -> Curve:
    """Kaplan-Meier, or Aalen-Johansen for an endpoint with competing events; pointwise 95 % log(-log) intervals."""
    estimated: Any
    if endpoint.competing:
        causes = EVENT + len(endpoint.competing)
        estimated = aalen_johansen(patients.time, patients.code, entry=patients.entry, causes=causes)
    else:
        estimated = kaplan_meier(patients.time, patients.code == EVENT, entry=patients.entry)
    return Curve(kind_of(endpoint), patients.time.size, float(patients.time.max()), estimated)


def grid(horizon: float, times: Sequence[float]) -> list[float]:
    """Times at which curves.csv gives each curve: whole days equally spaced, the horizon, and the times asked for.

    Curves are steps; the table holds their exact height and number at risk at these times, whenever the last step was.
    One grid serves all curves, so that incidences can be stacked.

    Parameters
    ----------
    horizon
        Days; the space between points is the smallest whole number of days that gives at most `MOST_POINTS` of them.
    times
        Further times, in days.
    """
    step = max(1, ceil(horizon / MOST_POINTS))
    return sorted({*(float(day) for day in range(0, int(horizon) + 1, step)), float(horizon), *times})


def curve_rows(label: Label, found: Curve, points: Sequence[float]) -> dict[str, Any]:
    """Columns of curves.csv for one curve, up to the last time observed."""
    inside = [point for point in points if point <= found.last]
    columns = found.read(inside)
    return {**label.as_dict(), "kind": found.kind, **{name: columns[name] for name in CURVES if name in columns}}


def summary_rows(label: Label, found: Curve, times: Sequence[float], **more: Any) -> dict[str, Any]:
    """Columns of summary.csv for one curve at some times; `more` fills the printed columns and the source."""
    printed: dict[str, Any] = {"printed": np.nan, "printed_low": np.nan, "printed_high": np.nan, "source": "", **more}
    return {**label.as_dict(), **found.read(times), "n": found.n, **printed}


def endpoint_rows(arm: str, found: TimeToEvent) -> dict[str, Any]:
    """Columns of endpoints.csv for one endpoint of an arm."""
    return {
        "patient": found.patient,
        "arm": arm,
        "endpoint": found.name,
        "time_days": found.days,
        "event": found.code,
        "cause": found.cause,
    }


def stacked(parts: Sequence[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """One table of many, each given as columns that are arrays or single values."""
    import pandas as pd

    if not parts:
        return pd.DataFrame(columns=list(columns))
    return pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)[[*columns]]
