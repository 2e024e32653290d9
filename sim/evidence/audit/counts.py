"""Checks of percentages as counts: what no count gives, denominators, crude proportions and incidences. No curves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from sim.evidence.audit.arithmetic import counts_for, half_unit, risk_sets, rounds_to, survival_steps
from sim.evidence.audit.curves import Value, values
from sim.evidence.audit.finding import Check, EvidenceFile, Found, Level
from sim.evidence.records import Record
from sim.stats.binomial import binomial_interval


def impossible_percentage(file: EvidenceFile) -> Iterator[Found]:
    """A percentage that its count, or any count over its denominator, does not give."""
    for record in file.records:
        value = _percentage(record)
        if value is None or record.n is None or "n" in record.derived or not _is_count(record):
            continue
        if record.events is not None and "events" not in record.derived:
            share = record.events / record.n
            if rounds_to(share, value):
                continue
            arithmetic = f"{record.id}: {record.events}/{record.n} = {_percent(share, value)}, printed {value:g}"
            repair = f"use the count, {record.events} of {record.n}"
            # A last digit that is one off is a slip of rounding.
            level: Level | None = "soft" if abs(100 * share - value) <= 3 * 100 * half_unit(value) else None
        else:
            if any(rounds_to(k / record.n, value) for k in _near(value, record.n)):
                continue
            near = ", ".join(f"{k}/{record.n} = {_percent(k / record.n, value)}" for k in _near(value, record.n))
            arithmetic = f"{record.id}: no count over {record.n} gives {value:g}: {near}"
            repair, level = "the denominator is not that", None
        smaller = [f"{k}/{n}" for k, n in counts_for(value, record.n)][-4:]
        told = f"{value:g} is {' or '.join(smaller)}" if smaller else f"no count up to {record.n} gives {value:g}"
        yield Found(arithmetic, f"{repair}; {told}", (record,), level)


def no_common_denominator(file: EvidenceFile) -> Iterator[Found]:
    """Percentages of one time point, without stated denominators, that no number of patients gives together."""
    together: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in file.records:
        unstated = record.n is None or "n" in record.derived
        if _percentage(record) is not None and unstated and len(record.study) == 1 and record.at and _is_count(record):
            together[record.study[0], record.at].append(record)
    for (study, at), records in together.items():
        most = file.evidence.studies[study].enrolled
        if len(records) < 2 or most is None:
            continue
        given = {record.id: counts_for(_number(record), most) for record in records}
        if set.intersection(*({n for _, n in counts} for counts in given.values())):
            continue
        listed = "; ".join(
            f"{record.id} {record.value:g} = {', '.join(f'{k}/{n}' for k, n in given[record.id]) or 'no count'}"
            for record in records
        )
        pairs = [
            f"{a.value:g} and {b.value:g}"
            for a, b in combinations(records, 2)
            if not {n for _, n in given[a.id]} & {n for _, n in given[b.id]}
        ]
        arithmetic = f"{at}, up to {most} patients: {listed}; no n gives {' or '.join(pairs) or 'all'}"
        largest = ", ".join(
            f"{record.id} {'/'.join(map(str, given[record.id][-1]))}" for record in records if given[record.id]
        )
        yield Found(arithmetic, f"use the largest counts, the rest being missing: {largest}", tuple(records))


def crude_incidence(file: EvidenceFile) -> Iterator[Found]:
    """Cumulative incidences that are plain proportions."""
    crude: dict[str, list[Record]] = defaultdict(list)
    for record in file.records:
        value = _percentage(record)
        if value is None or record.estimator != "cumulative_incidence" or not record.events or record.n is None:
            continue
        if rounds_to(record.events / record.n, value):
            crude[record.study[0]].append(record)
    for records in crude.values():
        listed = ", ".join(f"{record.id} {record.value:g} = {record.events}/{record.n}" for record in records)
        yield Found(f"called incidences: {listed}", "take them as counts, without censoring", tuple(records))


def incidence_not_crude(file: EvidenceFile) -> Iterator[Found]:
    """An incidence that differs from its count, and the step of the event-free curve that gives it."""
    for record in file.records:
        value = _percentage(record)
        if value is None or record.estimator != "cumulative_incidence" or record.endpoint is None:
            continue
        if not record.events or record.n is None or rounds_to(record.events / record.n, value):
            continue
        crude = record.events / record.n
        arithmetic = f"{record.id}: {record.events}/{record.n} = {_percent(crude, value)}, printed {value:g}"
        free, steps = _steps_of(file, record, value)
        repair = "an incidence with competing events and censoring; never use it beside the count"
        if free is not None and steps:
            rest = free.printed + value
            arithmetic += f"; as an incidence {' or '.join(steps)}, the steps of {free.record.id}"
            repair += f"; {100 - rest:.1f} remain for the competing events"
        involved = (record, free.record) if free is not None and steps else (record,)
        yield Found(arithmetic, repair, involved)


def survivors_of_a_part(file: EvidenceFile) -> Iterator[Found]:
    """Survival counted among fewer patients than were enrolled."""
    for record in file.records:
        study = file.study(record)
        if record.endpoint is None or record.estimator != "crude" or record.group is not None or study is None:
            continue
        enrolled, alive, total = study.enrolled, record.events, record.n
        if enrolled is None or alive is None or total is None or total >= enrolled:
            continue
        missing = enrolled - total
        worst, best = binomial_interval(alive, enrolled), binomial_interval(alive + missing, enrolled)
        crude = f"{alive}/{total} = {100 * alive / total:.1f}"
        arithmetic = f"{record.id}: {crude}, but {enrolled} were enrolled: {missing} left out"
        repair = (
            f"between {alive}/{enrolled} = {100 * worst.estimate:.1f} ({100 * worst.ci_low:.1f} to "
            f"{100 * worst.ci_high:.1f}) and {alive + missing}/{enrolled} = {100 * best.estimate:.1f} "
            f"({100 * best.ci_low:.1f} to {100 * best.ci_high:.1f})"
        )
        yield Found(arithmetic, repair, (record,))


def _percentage(record: Record) -> float | int | None:
    """The printed percentage of a record; none if it was computed from the count."""
    if record.unit != "percent" or not isinstance(record.value, int | float) or "value" in record.derived:
        return None
    return record.value if 0 <= record.value <= 100 else None


def _number(record: Record) -> float | int:
    assert isinstance(record.value, int | float)
    return record.value


def _is_count(record: Record) -> bool:
    """Whether the percentage is a number of patients over a number of patients."""
    if record.estimator is not None:
        return record.estimator == "crude"
    return record.endpoint is None


def _near(value: float, total: int) -> list[int]:
    middle = int(value / 100 * total)
    return [k for k in (middle, middle + 1) if k <= total]


def _percent(share: float, like: float | int) -> str:
    """A proportion in percent with the decimals of a printed figure, one at least."""
    return f"{100 * share:.{2 if half_unit(like) < 4e-4 else 1}f}"


def _steps_of(file: EvidenceFile, record: Record, value: float | int) -> tuple[Value | None, list[str]]:
    """The event-free curve at the time of an incidence, and which of its steps is as large as the incidence."""
    study = file.study(record)
    if study is None or record.endpoint not in study.endpoints:
        return None, []
    own = study.endpoints[record.endpoint]
    for free in values(file):
        stated = study.endpoints.get(str(free.record.endpoint))
        if free.study is not study or stated is None or stated.competing or free.lower is None:
            continue
        same = free.record.time == record.time and free.record.group == record.group
        if not same or set(stated.events) != {*own.events, *own.competing} or not free.record.events:
            continue
        most = file.most_patients(free.record)
        if most is None:
            continue
        found = []
        for numbers in risk_sets(
            free.share, free.lower, events=free.record.events, most=most, scale=free.scale, half=free.half
        ):
            for place, number in enumerate(numbers):
                before, _ = survival_steps(numbers[:place])
                if rounds_to(before / number, value):
                    factors = "".join(f"({n - 1}/{n})" for n in numbers[:place])
                    found.append(f"{factors or 1}/{number} = {100 * before / number:.2f}")
        return free, found
    return None, []


CHECKS = (
    Check("impossible-percentage", "percentage that its count does not give", "hard", impossible_percentage),
    Check("no-common-denominator", "percentages without a common denominator", "hard", no_common_denominator),
    Check("crude-incidence", "crude proportions called incidences", "soft", crude_incidence),
    Check("incidence-not-crude", "incidence beside a count", "soft", incidence_not_crude),
    Check("survivors-of-a-part", "survivors counted among a part", "soft", survivors_of_a_part),
)
