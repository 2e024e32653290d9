"""All arms in one population: curves by arm and subgroup, and differences between arms. No published studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.compare.config import CompareConfig
from sim.compare.estimates import ALL, INCIDENCE, Curve, Label, curve, curve_rows, grid, kind_of, summary_rows
from sim.endpoints.first_events import Integers
from sim.endpoints.groups import AtRisk, Clock, Grouping, at_risk, grouping, members
from sim.endpoints.table import EVENT, TimeToEvent, time_to_event
from sim.protocol.schema import Endpoint
from sim.stats import paired_difference, unpaired_difference
from sim.stats.influence import Influence, incidence_influence
from sim.units import TICKS_PER_DAY, parse_duration

if TYPE_CHECKING:
    from sim.engine.history import History

RESTRICTED_MEAN, TIME_LOST = "restricted mean time", "restricted mean time lost"

DIFFERENCES = (
    "population",
    "arm",
    "reference",
    "subgroup",
    "endpoint",
    "measure",
    "time_days",
    "difference",
    "paired_mc_se",
    "paired_low",
    "paired_high",
    "unpaired_se",
    "unpaired_low",
    "unpaired_high",
    "n",
    "n_reference",
    "discordant",
)

FEWEST_DISCORDANT = 5
"""Patients who must have fared differently in two arms before a paired error is given.

The error is that of a mean over patients, nearly all of whom add nothing to it; from a handful of others it is as good
as unknown, and without any it would be a zero that only says how small the simulation was. Five is the count below
which a normal approximation is commonly given up (Cochran, Biometrics 10 (1954) 417-451).
"""


@dataclass(frozen=True, eq=False)
class ArmData:
    """What is kept of an arm's History: its endpoints and its groups."""

    name: str
    endpoints: dict[str, TimeToEvent]
    groups: dict[str, tuple[Grouping, Clock]]

    def subgroups(self) -> list[tuple[str, str, str]]:
        """(label, name of the grouping, word) of every subgroup, everybody first."""
        found = [(ALL, "", "")]
        for name, (groups, _) in self.groups.items():
            found += [(f"{name}: {word}", name, word) for word in groups.words]
        return found

    def patients(self, endpoint: str, grouped: str, word: str) -> AtRisk:
        """Members of a subgroup (of all, if `grouped` is empty) at risk of an endpoint."""
        if not grouped:
            return at_risk(self.endpoints[endpoint])
        groups, clock = self.groups[grouped]
        return members(self.endpoints[endpoint], groups, word, clock=clock)


def arm_data(name: str, history: History, config: CompareConfig) -> ArmData:
    """The endpoints and groups of one arm."""
    rules = history.protocol.endpoints
    horizon = parse_duration(config.horizon)
    return ArmData(
        name,
        {
            endpoint: time_to_event(history, rules[endpoint], name=endpoint, horizon=horizon)
            for endpoint in config.endpoints
        },
        {
            label: (grouping(history, by=subgroup.by, landmark=subgroup.landmark), subgroup.clock)
            for label, subgroup in config.subgroups.items()
        },
    )


@dataclass(frozen=True, eq=False)
class _Cell:
    """One arm, subgroup and endpoint."""

    patients: AtRisk
    curve: Curve
    influence: Influence


def contrast(
    config: CompareConfig, rules: Mapping[str, Endpoint], arms: Sequence[ArmData]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Curves by arm and subgroup at the times asked for, and differences of each arm against the first.

    Parameters
    ----------
    config
        Population, times, horizon.
    rules
        The endpoints.
    arms
        Simulated with one seed and one set of patient numbers, so that patient i is the same person in every arm.

    Returns
    -------
    tuple
        Parts of summary, curves and differences, for `stacked`.
    """
    times = config.times_days
    points = grid(parse_duration(config.horizon), times)
    summary: list[dict[str, Any]] = []
    curves: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    reference: dict[tuple[str, str], _Cell] = {}
    for place, arm in enumerate(arms):
        for subgroup, grouped, word in arm.subgroups():
            for name, rule in rules.items():
                patients = arm.patients(name, grouped, word)
                if patients.time.size == 0:
                    continue
                label = Label(config.population_name, arm.name, subgroup, name)
                found = curve(rule, patients)
                summary.append(summary_rows(label, found, times))
                curves.append(curve_rows(label, found, points))
                cell = _Cell(patients, found, _influence(rule, patients, times))
                if place == 0:
                    reference[subgroup, name] = cell
                elif (subgroup, name) in reference:
                    differences.append(_difference(label, arms[0].name, rule, cell, reference[subgroup, name], times))
    return summary, curves, differences


def group_rows(arms: Sequence[ArmData]) -> list[dict[str, Any]]:
    """Parts of groups.csv: patient, arm, subgroup, from, landmark_days.

    With a landmark a patient has a row for each time zero (``from``) of the endpoints, and ``landmark_days`` counts
    from there. The members for an endpoint are those whose ``time_days`` in endpoints.csv is above ``landmark_days``.
    """
    parts: list[dict[str, Any]] = []
    for arm in arms:
        origins = {found.origin: found for found in arm.endpoints.values()}
        longest = max(origins.values(), key=lambda found: found.n)
        for name, (groups, _) in arm.groups.items():
            for origin, found in {"": longest}.items() if groups.tick is None else origins.items():
                word = groups.word[found.row]
                inside = word != ""
                if groups.tick is None:
                    landmark = np.full(inside.sum(), np.nan)
                else:
                    landmark = (groups.tick[found.row] - found.start)[inside] / TICKS_PER_DAY
                parts.append(
                    {
                        "patient": found.patient[inside],
                        "arm": arm.name,
                        "subgroup": np.array([f"{name}: {one}" for one in word[inside]], dtype=object),
                        "from": origin,
                        "landmark_days": landmark,
                    }
                )
    return parts


def _influence(rule: Endpoint, patients: AtRisk, times: Sequence[float]) -> Influence:
    # Codes of competing events only need to differ from that of the event.
    cause = patients.code if rule.competing else (patients.code == EVENT).astype(np.int64)
    return incidence_influence(patients.time, cause, times=list(times), restricted_to=times[-1], entry=patients.entry)


def _difference(
    label: Label, reference: str, rule: Endpoint, one: _Cell, other: _Cell, times: Sequence[float]
) -> dict[str, Any]:
    """Differences at each time, then of the restricted mean up to the last time, with both standard errors.

    Paired: the same virtual patient in both arms, by patient number; who is a member in one arm only counts there. It
    is Monte Carlo error only, and not given where fewer than `FEWEST_DISCORDANT` patients fared differently. Unpaired:
    what two arms of different patients of that size would have.
    """
    incidence = kind_of(rule) == INCIDENCE
    sign = 1.0 if incidence else -1.0
    everyone = np.union1d(one.patients.patient, other.patients.patient)
    rows = [np.searchsorted(everyone, cell.patients.patient) for cell in (one, other)]
    discordant = _discordant([one, other], rows, everyone.size, times)
    count = len(times) + 1
    columns = {name: np.full(count, np.nan) for name in DIFFERENCES[7:14]}
    for place in range(count):
        estimates = one.influence.estimate[place], other.influence.estimate[place]
        if not np.isfinite(estimates).all() or min(one.curve.n, other.curve.n) < 2:
            continue
        paired = paired_difference(
            sign * one.influence.pseudo_values(place, rows[0], everyone.size),
            sign * other.influence.pseudo_values(place, rows[1], everyone.size),
        )
        unpaired = unpaired_difference(
            sign * one.influence.pseudo_values(place), sign * other.influence.pseudo_values(place)
        )
        enough = discordant[place] >= FEWEST_DISCORDANT
        values = (
            sign * (estimates[0] - estimates[1]),
            *((paired.mc_se, paired.ci_low, paired.ci_high) if enough else (np.nan,) * 3),
            unpaired.mc_se,
            unpaired.ci_low,
            unpaired.ci_high,
        )
        for name, value in zip(columns, values, strict=True):
            columns[name][place] = value
    mean = TIME_LOST if incidence else RESTRICTED_MEAN
    return {
        **label.as_dict(),
        "reference": reference,
        "measure": np.array([kind_of(rule)] * len(times) + [mean], dtype=object),
        "time_days": np.array([*times, times[-1]]),
        **columns,
        "n": one.curve.n,
        "n_reference": other.curve.n,
        "discordant": discordant,
    }


def _discordant(
    cells: Sequence[_Cell], rows: Sequence[Integers], size: int, times: Sequence[float]
) -> NDArray[np.int64]:
    """How many patients fared differently in two arms by each time, then in time lost by the last; shape (t + 1,).

    Who is a member in one arm only differs, whatever came after.
    """
    stayed_out = -1.0
    outcome = np.full((2, len(times) + 1, size), stayed_out)
    for arm, (cell, place) in enumerate(zip(cells, rows, strict=True)):
        days = np.where(cell.patients.code == EVENT, cell.patients.time, np.inf)
        for number, time in enumerate(times):
            outcome[arm, number, place] = days <= time
        outcome[arm, -1, place] = np.minimum(days, times[-1])
    return np.asarray((outcome[0] != outcome[1]).sum(axis=1), dtype=np.int64)
