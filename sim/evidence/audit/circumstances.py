"""Checks of p-values, clocks, follow-up and assays: what surrounds the figures. Curves are not compared here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from sim.evidence.audit.arithmetic import log_log_z, two_sided
from sim.evidence.audit.curves import time_zero, value_of
from sim.evidence.audit.finding import Check, EvidenceFile, Found
from sim.evidence.audit.steps import steps
from sim.evidence.records import Record
from sim.stats.intervals import normal_quantile
from sim.units import parse_duration

FAR = 1.0
"""How many standard errors a printed p-value may lie from that of the estimates at one time. A log-rank test weighs the
whole of both curves, so that it differs from a test at one time, but hardly by a whole standard error."""

LEAST_P = 1e-12


def p_values(file: EvidenceFile) -> Iterator[Found]:
    """p-values far from those that the two printed figures give."""
    for record in file.records:
        if len(record.compares) != 2 or record.unit != "p" or not isinstance(record.value, int | float):
            continue
        if not 0 < record.value < 1:
            continue
        one, other = (file.by_id[name] for name in record.compares)
        found = _p_of_curves(file, one, other) or _p_of_counts(one, other)
        if found is None:
            continue
        test, p = found
        printed_z, z = _standard_errors(record.value), _standard_errors(p)
        if abs(printed_z - z) <= FAR:
            continue
        figures = " against ".join(f"{figure.value:g}{_between(figure)}" for figure in (one, other))
        arithmetic = f"{record.id}: {figures} give p = {p:.2g} by {test}, printed {record.value:g}"
        repair = "fit no p-value; z " + f"{z:.2f} against {printed_z:.2f}"
        yield Found(arithmetic, repair, (record, one, other))


def clocks(file: EvidenceFile) -> Iterator[Found]:
    """Clocks that start at another event than the one at which patients enter."""
    for name, study in file.evidence.studies.items():
        gate = study.entry_gate.at if study.entry_gate is not None else "start"
        other: dict[str, list[str]] = defaultdict(list)
        for endpoint, stated in study.endpoints.items():
            if gate != "start" and time_zero(study, stated) != gate:
                other[time_zero(study, stated)].append(endpoint)
        for zero, endpoints in other.items():
            wait = _wait(file, name, zero, gate)
            start = f"{', '.join(endpoints)} of {name} start at {zero}, patients enter at {gate}"
            places = tuple((name, endpoint) for endpoint in endpoints)
            if wait is None:
                repair = f"report them from {gate} too: who is lost between the two is in no endpoint"
                yield Found(start, repair, endpoints=places)
                continue
            least = f", {wait.range.low:g} at least" if wait.range is not None else ""
            arithmetic = (
                f"{start}, {wait.value:g} {wait.unit} later in the median{least} ({wait.id}): nobody fails before"
            )
            repair = f"enter patients at {gate} (left truncation); compare with no cohort from {zero} on"
            yield Found(arithmetic, repair, (wait,), endpoints=places)


def beyond_follow_up(file: EvidenceFile) -> Iterator[Found]:
    """Values at a time that half of the patients have not reached."""
    for name, study in file.evidence.studies.items():
        follow_up = study.observed_follow_up
        if follow_up is None:
            continue
        middle = parse_duration(follow_up.middle)
        late = [
            record
            for record in file.records
            if record.study == [name] and record.time_days is not None and record.time_days >= middle
            if record.endpoint is not None or record.design is not None
        ]
        if not late:
            continue
        times = " and ".join(dict.fromkeys(str(record.time) for record in late))
        arithmetic = (
            f"{name}: values at {times}, {follow_up.is_} follow-up {follow_up.middle}: about half are censored before"
        )
        arithmetic += _still_at_risk(file, late)
        repair = "simulate with the follow-up of the study, and use the effective number"
        yield Found(arithmetic, repair, tuple(late))


def assays(file: EvidenceFile) -> Iterator[Found]:
    """One state at one time by two assays, with different shares."""
    pairs: dict[str, list[tuple[Record, Record]]] = defaultdict(list)
    shares = [one for one in file.records if one.share is not None and one.assay is not None and one.unit == "percent"]
    for one, other in combinations(shares, 2):
        same = (one.study, one.at, one.time, one.group) == (other.study, other.at, other.time, other.group)
        state = one.share is not None and other.share is not None and one.share.is_ == other.share.is_
        timed = one.at is not None or one.time is not None
        if same and timed and state and one.assay != other.assay and one.value != other.value:
            pairs[one.study[0]].append((one, other))
    for study, found in pairs.items():
        shown = "; ".join(f"{one.at or one.time}: {_read(one)}, {_read(other)}" for one, other in found)
        repair = "one latent level, read by each assay at its own limit"
        yield Found(f"{study}, one state and several assays: {shown}", repair, tuple(_each(found)))


def _standard_errors(p: float) -> float:
    """How many standard errors a two-sided p-value is from none; those below 1e-12 count as that."""
    return 0.0 if p >= 1 else normal_quantile(1 - max(p, LEAST_P))


def _between(record: Record) -> str:
    found = record.interval
    return "" if found is None else f" ({found.low:g} to {found.high:g})"


def _p_of_curves(file: EvidenceFile, one: Record, other: Record) -> tuple[str, float] | None:
    first, second = value_of(file, one), value_of(file, other)
    if first is None or second is None or first.greenwood is None or second.greenwood is None:
        return None
    z = log_log_z((first.share, first.greenwood), (second.share, second.greenwood))
    return None if z != z else ("a log(-log) test at that time", two_sided(z))


def _p_of_counts(one: Record, other: Record) -> tuple[str, float] | None:
    """Chi-squared without continuity correction."""
    if one.events is None or other.events is None or one.n is None or other.n is None:
        return None
    pooled = (one.events + other.events) / (one.n + other.n)
    if not 0 < pooled < 1:
        return None
    difference = one.events / one.n - other.events / other.n
    return "chi-squared", two_sided(difference / (pooled * (1 - pooled) * (1 / one.n + 1 / other.n)) ** 0.5)


def _wait(file: EvidenceFile, study: str, zero: str, gate: str) -> Record | None:
    for record in file.records:
        between = record.time_between
        if record.study == [study] and between is not None and (between.from_, between.to) == (zero, gate):
            return record
    return None


def _still_at_risk(file: EvidenceFile, late: list[Record]) -> str:
    """How few were at risk at the last event, where the steps tell."""
    found = [value for record in late if (value := value_of(file, record)) is not None and record.group is None]
    lowest = [
        (min(numbers[-1] for numbers in sets), value.record.id)
        for value in found
        if (sets := steps(file, value, value.record.events or 0))
    ]
    return f"; {min(lowest)[0]} at risk at the last event of {min(lowest)[1]}" if lowest else ""


def _read(record: Record) -> str:
    return f"{record.value:g} by {record.assay} ({record.id})"


def _each(pairs: list[tuple[Record, Record]]) -> Iterator[Record]:
    seen: set[str] = set()
    for record in (record for pair in pairs for record in pair):
        if record.id not in seen:
            seen.add(record.id)
            yield record


CHECKS = (
    Check("impossible-p-value", "p-value that the estimates do not give", "hard", p_values),
    Check("clock-is-not-entry", "clock and entry start at different events", "hard", clocks),
    Check("time-beyond-follow-up", "values beyond the follow-up", "soft", beyond_follow_up),
    Check("assays-disagree", "one state by several assays", "soft", assays),
)
