"""Each published study in its own population, gate, follow-up and estimator, beside what it printed. No contrasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.compare.config import AS_PUBLISHED
from sim.compare.estimates import ALL, MC_SE, Label, curve, curve_rows, endpoint_rows, grid, summary_rows
from sim.compare.prepare import PreparedStudy
from sim.compare.reach import unreached_by_study
from sim.endpoints.first_events import NEVER, Integers, Words, enrolment_ticks, first_rows
from sim.endpoints.groups import AtRisk, Grouping, at_risk, grouping, members
from sim.endpoints.table import TimeToEvent, time_to_event
from sim.engine.draws import site_hash, uniform
from sim.evidence.schema import FollowUp, Group, Record, Share
from sim.stats import binomial_interval
from sim.units import parse_duration, to_ticks

if TYPE_CHECKING:
    from sim.engine.history import History

FOLLOW_UP_SITE = "compare.follow_up"
"""Address of the draw of a patient's potential follow-up."""

PARTS = ("summary", "curves", "endpoints", "groups", "shares", "problems")

Truths = NDArray[np.bool_]

_NOBODY = {MC_SE: np.nan, "ci_low": np.nan, "ci_high": np.nan, "n": 0, "events": 0, "at_risk": 0}


def follow_up_cut(history: History, follow_up: FollowUp | None, *, seed: int) -> Integers | None:
    """Tick of the data cut of each patient of a study, shape (n,); None where the study states no follow-up.

    Potential follow-up is uniform between the shortest and the longest, and runs from enrolment: patients came in
    evenly until the data were cut. It does not depend on anything that happens to a patient.
    """
    if follow_up is None:
        return None
    low, high = parse_duration(follow_up.shortest), parse_duration(follow_up.longest)
    site = site_hash(FOLLOW_UP_SITE)
    luck = np.fromiter(
        (uniform(seed, 0, int(patient), site, 0) for patient in history.patient_ids), dtype=np.float64, count=history.n
    )
    length = np.round((low + luck * (high - low)) * to_ticks(1.0)).astype(np.int64)
    enrolled = enrolment_ticks(history)
    return np.where(enrolled == NEVER, np.int64(NEVER), enrolled + length)


def as_published(
    prepared: PreparedStudy,
    history: History,
    *,
    seed: int,
    horizon: float,
    names: dict[str, str],
) -> dict[str, list[Any]]:
    """A study's records beside what its simulated cohort shows.

    A curve's value is read from Kaplan-Meier (Aalen-Johansen with competing events) under the study's follow-up. Where
    the study counts from a day before its entry gate, so does the curve, with everybody at risk from that day as in
    print. Groups are those of the attribute's last value, from the endpoint's own time zero and without a landmark, as
    studies print them. A share counts every patient of its denominator, whatever the follow-up: studies report it
    for all enrolled.

    Parameters
    ----------
    horizon
        Days of follow-up where the study states none, from each endpoint's time zero.
    names
        How the comparison calls groupings, by attribute, so that both tables say the same.

    Returns
    -------
    dict
        Parts of ``summary``, ``curves``, ``endpoints``, ``groups`` and ``shares``, for `stacked`, and ``problems``:
        records that nobody can be followed to, as (path in the config, message).
    """
    horizon = prepared.horizon(horizon)
    points = grid(horizon, [time for _, time in prepared.read()])
    cut = follow_up_cut(history, prepared.study.follow_up, seed=seed)
    tables: dict[str, TimeToEvent] = {}
    seen: dict[tuple[str, str], Any] = {}
    groups: dict[str, Grouping] = {}
    parts: dict[str, list[Any]] = {name: [] for name in PARTS}
    for record in prepared.evidence.of_study(prepared.name):
        if record.share is not None:
            label = Label(AS_PUBLISHED, prepared.name, group_name(record.group, names), record.share.words)
            counted, hits = _counted(history, record.share, record.group, cut)
            printed = _printed(record, prepared)
            parts["summary"].append({**label.as_dict(), **_share(counted, hits), **printed})
            parts["shares"].append(
                {
                    "patient": history.patient_ids[counted],
                    "arm": prepared.name,
                    "endpoint": label.endpoint,
                    "source": printed["source"],
                    "event": hits[counted].astype(np.int64),
                }
            )
            continue
        if record.endpoint is None or record.time_days is None or record.unit != "percent":
            continue
        if record.endpoint not in tables:
            rule = prepared.endpoint(record.endpoint)
            tables[record.endpoint] = time_to_event(
                history, rule, name=record.endpoint, cut=cut, horizon=horizon, from_before_entry=True
            )
        found = tables[record.endpoint]
        end = history.horizon_days
        parts["problems"] += unreached_by_study(prepared, found, record.time_days, cut=cut, end=end)
        label = Label(AS_PUBLISHED, prepared.name, group_name(record.group, names), record.endpoint)
        key = (label.endpoint, label.subgroup)
        if key not in seen:
            patients = _patients(history, found, record.group, groups)
            if patients.time.size == 0:
                missing = {"time_days": [record.time_days], "estimate": np.nan, **_NOBODY}
                parts["summary"].append({**label.as_dict(), **missing, **_printed(record, prepared)})
                continue
            seen[key] = curve(prepared.endpoint(record.endpoint), patients)
            parts["curves"].append(curve_rows(label, seen[key], points))
        parts["summary"].append(summary_rows(label, seen[key], [record.time_days], **_printed(record, prepared)))
    for found in tables.values():
        parts["endpoints"].append(endpoint_rows(prepared.name, found))
    parts["groups"] += _memberships(prepared, history, names)
    return parts


def group_name(group: Group | None, names: dict[str, str]) -> str:
    """The subgroup of a record: the comparison's own name for the grouping where it has one, else the attribute."""
    return ALL if group is None else f"{names.get(group.by, group.by)}: {' or '.join(group.values)}"


def _patients(history: History, found: TimeToEvent, group: Group | None, groups: dict[str, Grouping]) -> AtRisk:
    if group is None:
        return at_risk(found)
    if group.by not in groups:
        groups[group.by] = grouping(history, by=group.by)
    return members(found, groups[group.by], group.values)


def _values(history: History, attribute: str) -> Words:
    return grouping(history, by=attribute).word


def _counted(history: History, share: Share, group: Group | None, cut: Integers | None) -> tuple[Truths, Truths]:
    """Who is in the denominator of a share, and who has the value or had the event, shape (n,) each.

    Events count from enrolment to the data cut; an attribute counts with its last value, whatever the follow-up.
    """
    counted = np.asarray(history.enrolled, dtype=np.bool_)
    if share.attribute is not None:
        values = _values(history, share.attribute)
        hits = np.asarray(values == str(share.is_), dtype=np.bool_)
    else:
        hits = _had(history, share.event, cut) == share.had
    if share.of == "evaluable":
        # The first state of an attribute that tests set is the one before any result, and that of a failed test.
        before = (history.protocol.patient[str(share.attribute)].states or [""])[0]
        counted = counted & (values != before)
    elif share.of != "enrolled":
        counted = counted & _had(history, [share.of], None if share.attribute is not None else cut)
    if group is not None:
        counted = counted & np.isin(_values(history, group.by).astype(str), group.values)
    return counted, hits


def _had(history: History, events: list[str], cut: Integers | None) -> Truths:
    """Who had one of the events from enrolment on, and by the data cut if there is one, shape (n,)."""
    rows = first_rows(history, events, after=enrolment_ticks(history))
    had = rows != NEVER
    if cut is not None:
        had[had] = history.event_tick[rows[had]] <= cut[had]
    return np.asarray(had, dtype=np.bool_)


def _share(counted: Truths, with_value: Truths) -> dict[str, Any]:
    total, hits = int(counted.sum()), int((counted & with_value).sum())
    if total == 0:
        return {"time_days": [np.nan], "estimate": np.nan, **_NOBODY}
    found = binomial_interval(hits, total)
    return {
        "time_days": [np.nan],
        "estimate": found.estimate,
        MC_SE: np.sqrt(found.estimate * (1 - found.estimate) / total),
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "n": total,
        "events": hits,
        "at_risk": total,
    }


def _printed(record: Record, prepared: PreparedStudy) -> dict[str, Any]:
    """The printed columns, as proportions; the interval is the repaired one where the printed one cannot be right."""
    interval = record.interval
    source = f"{prepared.evidence.sources[record.source]} {record.id}, {record.use}"
    if record.repaired is not None:
        source += "; interval repaired"
    value = record.value
    return {
        "printed": value / 100 if isinstance(value, int | float) else np.nan,
        "printed_low": np.nan if interval is None else interval.low / 100,
        "printed_high": np.nan if interval is None else interval.high / 100,
        "source": source,
    }


def _memberships(prepared: PreparedStudy, history: History, names: dict[str, str]) -> list[dict[str, Any]]:
    """Who is in which group of the records, so that the summary can be counted again.

    Every value of an attribute is a group, and so is a set of values that a record speaks of.
    """
    sets: dict[str, dict[str, tuple[str, ...]]] = {}
    for record in prepared.evidence.of_study(prepared.name):
        if record.group is not None:
            found = sets.setdefault(record.group.by, {})
            if len(record.group.values) > 1:
                found[group_name(record.group, names)] = record.group.values
        if record.share is not None and record.share.attribute is not None:
            sets.setdefault(record.share.attribute, {})
    inside = np.flatnonzero(history.enrolled)
    parts = []
    for attribute, labelled in sets.items():
        word = _values(history, attribute)[inside]
        opening = f"{names.get(attribute, attribute)}: "
        parts.append(_membership(history, inside, prepared.name, np.array([opening + one for one in word], object)))
        for label, values in labelled.items():
            members_of = inside[np.isin(word.astype(str), values)]
            parts.append(_membership(history, members_of, prepared.name, label))
    return parts


def _membership(history: History, rows: Integers, arm: str, subgroup: Words | str) -> dict[str, Any]:
    patients = history.patient_ids[rows]
    return {"patient": patients, "arm": arm, "subgroup": subgroup, "from": "", "landmark_days": np.nan}
