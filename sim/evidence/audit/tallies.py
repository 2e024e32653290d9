"""Checks of what the file says must hold: sums, equal figures, totals, overlaps, tables of patients. No curves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement
from math import comb
from statistics import median

from sim.evidence.audit.arithmetic import counts_for
from sim.evidence.audit.finding import Check, EvidenceFile, Found
from sim.evidence.records import Cell, Record
from sim.evidence.relations import Overlap, Parts, Total

UNLIKELY = 0.05
"""Probability below which a coincidence is told."""

SIZE = re.compile(r"[0-9]{1,4}")
TOO_SMALL = 1e-12
MOST_IN_OVERLAP = 10_000
MOST_PATIENTS = 12
"""Patients of open classes up to which all distributions of a total are enumerated."""


def parts_exceed(file: EvidenceFile) -> Iterator[Found]:
    """Parts that are more than the whole they are among."""
    yield from _parts(file, exceeding=True)


def parts_miss(file: EvidenceFile) -> Iterator[Found]:
    """Parts that should be all and are fewer."""
    yield from _parts(file, exceeding=False)


def figures_differ(file: EvidenceFile) -> Iterator[Found]:
    """One figure, printed twice, with different values or of different patients; or other than its table counts."""
    for relation in file.evidence.relations:
        records = [file.by_id[name] for name in relation.equal or ()]
        if len({record.value for record in records}) > 1:
            shown = " but ".join(f"{record.value} {record.unit} ({record.id})" for record in records)
            yield Found(f"{shown}: {relation.why}", _ratios(file, records), tuple(records))
        elif len({record.n for record in records if record.n is not None}) > 1:
            shown = " but ".join(f"{record.value} of {record.n} ({record.id})" for record in records)
            yield Found(f"{shown}: {relation.why}", "look up whose figure it is", tuple(records))
        if relation.counted is not None:
            record = file.by_id[relation.counted.record]
            rows = _matching(file, relation.counted.study, relation.counted.rows)
            if record.count is not None and record.count != len(rows):
                words = _cells(relation.counted.rows)
                arithmetic = f"{record.id}: {record.count}, and {len(rows)} rows of the table with {words}"
                yield Found(arithmetic, "count the table", (record,))


def forced_counts(file: EvidenceFile) -> Iterator[Found]:
    """Totals whose open classes can be resolved in one way only, or in none."""
    for relation in file.evidence.relations:
        total = relation.total
        if total is None:
            continue
        found = _distributions(file, total)
        if found is None:
            continue
        left, patients, ways = found
        records = tuple(file.by_id[name] for name in relation.records)
        classes = " + ".join(f"{file.by_id[name].count} x {size}" for size, name in total.exactly.items())
        start = f"{records[0].value} in all less {classes} leaves {left} over {patients} patients"
        if not ways:
            yield Found(f"{start}: impossible", "the total or a class is wrong", records, level="hard")
        elif len(ways) == 1:
            yield Found(f"{start}: only {' + '.join(map(str, ways[0]))}", "use these", records)


def coincidence(file: EvidenceFile) -> Iterator[Found]:
    """Two groups of patients of one size that would hardly be the same by chance."""
    for relation in file.evidence.relations:
        overlap = relation.overlap
        if overlap is None:
            continue
        sizes = _sizes(file, overlap)
        if sizes is None or sizes[0] != sizes[1] or not 0 < sizes[0] < sizes[2] <= MOST_IN_OVERLAP:
            continue
        size, _, total = sizes
        chance = 1 / comb(total, size)
        if chance >= UNLIKELY:
            continue
        names = f"{' + '.join(overlap.one)} and {' + '.join(overlap.other)}"
        odds = f"1/{comb(total, size)}" if chance > TOO_SMALL else f"under {TOO_SMALL:g}"
        arithmetic = f"{names} are {size} patients each of {total}: by chance the same with probability {odds}"
        repair = "link the two as a scenario only"
        yield Found(arithmetic, repair, tuple(file.by_id[name] for name in relation.records))


def contradictory_rows(file: EvidenceFile) -> Iterator[Found]:
    """Rows of a table of patients whose cells do not go together."""
    for relation in file.evidence.relations:
        rule = relation.rows
        if rule is None:
            continue
        rows = _matching(file, rule.study, {**rule.when, **rule.never})
        if rows:
            arithmetic = f"{_cells(rule.when)} with {_cells(rule.never)} in {', '.join(record.id for record in rows)}"
            yield Found(arithmetic, relation.why, tuple(rows))


def missing_cells(file: EvidenceFile) -> Iterator[Found]:
    """Columns of a table of patients that some rows lack."""
    for study in file.evidence.studies:
        rows = [record for record in file.records if record.patient is not None and record.study == [study]]
        columns = dict.fromkeys(column for record in rows for column in record.patient or ())
        for column in columns:
            without = [record for record in rows if column not in (record.patient or {})]
            if not without:
                continue
            known = [record.patient[column] for record in rows if record.patient and column in record.patient]
            arithmetic = f"{column}: {len(known)} of {len(rows)} known, none for {', '.join(one.id for one in without)}"
            numbers = [value for value in known if isinstance(value, int | float) and not isinstance(value, bool)]
            if len(numbers) == len(known):
                arithmetic += f"; the median of those known is {median(numbers):g}"
            yield Found(arithmetic, "treat as missing", tuple(without))


def _parts(file: EvidenceFile, *, exceeding: bool) -> Iterator[Found]:
    for relation in file.evidence.relations:
        parts = relation.parts
        if parts is None:
            continue
        counted = _counts(file, parts)
        if counted is None:
            continue
        numbers, whole = counted
        over = sum(numbers) > whole
        if over if exceeding else (parts.exhaustive and sum(numbers) < whole):
            shown = " + ".join(f"{number} ({name})" for number, name in zip(numbers, parts.are, strict=True))
            total = f" = {sum(numbers)}" if len(numbers) > 1 else ""
            sign = ">" if over else "<"
            arithmetic = f"{shown}{total} {sign} {whole} ({parts.of}): {relation.why}"
            yield Found(arithmetic, _most(parts, numbers, whole, over), _involved(file, parts))


def _counts(file: EvidenceFile, parts: Parts) -> tuple[list[int], int] | None:
    numbers = [file.by_id[name].count for name in parts.are]
    whole = file.by_id[parts.of].count
    known = [number for number in numbers if number is not None]
    return None if whole is None or len(known) < len(numbers) else (known, whole)


def _most(parts: Parts, numbers: list[int], whole: int, over: bool) -> str:
    if not over:
        return f"{whole - sum(numbers)} are not accounted for"
    if len(numbers) == 1:
        return f"{parts.of} cannot count what {parts.are[0]} counts: its definition is another"
    rest = max(0, whole - sum(numbers[1:]))
    share = f" ({100 * rest / whole:.1f} %)" if whole else ""
    return f"at most {rest} in {parts.are[0]}{share}, or at least {sum(numbers)} in {parts.of}"


def _involved(file: EvidenceFile, parts: Parts) -> tuple[Record, ...]:
    return tuple(file.by_id[name] for name in (*parts.are, parts.of))


def _ratios(file: EvidenceFile, records: list[Record]) -> str:
    """Which of the numbers of patients the percentages of the same study can be counts of."""
    numbers = [record.value for record in records if isinstance(record.value, int) and record.unit == "patients"]
    words = []
    for number in sorted(set(numbers)):
        able, unable = [], []
        for record in file.records:
            value = record.value
            counted = record.endpoint is None and record.estimator is None and "value" not in record.derived
            if record.study != records[0].study or record.unit != "percent" or not counted:
                continue
            if isinstance(value, int | float) and 0 < number <= MOST_IN_OVERLAP and 0 <= value <= 100:
                found = [k for k, n in counts_for(value, number) if n == number]
                able += [f"{value:g} = {found[0]}/{number} ({record.id})"] if found else []
                unable += [] if found else [f"{value:g} ({record.id})"]
        words += [f"{number} gives {', '.join(able)}"] if able else []
        words += [f"{number} does not give {', '.join(unable)}"] if unable else []
    return "; ".join(words) or "look it up"


def _distributions(file: EvidenceFile, total: Total) -> tuple[int, int, list[tuple[int, ...]]] | None:
    """What is left for the open classes, over how many patients, and every way to share it out."""
    whole, most = file.by_id[total.total].value, file.by_id[total.most].range
    closed = {int(size): file.by_id[name].count for size, name in total.exactly.items() if SIZE.fullmatch(size)}
    opened = {int(size): file.by_id[name].count for size, name in total.at_least.items() if SIZE.fullmatch(size)}
    counts = [*closed.values(), *opened.values()]
    if not isinstance(whole, int) or most is None or None in counts or len(opened) != 1 or not most.high <= 1000:
        return None
    [(least, patients)] = opened.items()
    if patients is None or patients > MOST_PATIENTS or most.high - least > MOST_PATIENTS:
        return None
    left = whole - sum(size * (count or 0) for size, count in closed.items())
    sizes = range(least, int(most.high) + 1)
    ways = [way for way in combinations_with_replacement(sizes, patients) if sum(way) == left and most.high in way]
    return left, patients, ways


def _sizes(file: EvidenceFile, overlap: Overlap) -> tuple[int, int, int] | None:
    one = [file.by_id[name].count for name in overlap.one]
    other = [file.by_id[name].count for name in overlap.other]
    total = file.by_id[overlap.among].count
    if total is None or None in one or None in other:
        return None
    return sum(number or 0 for number in one), sum(number or 0 for number in other), total


def _matching(file: EvidenceFile, study: str, cells: Mapping[str, Cell]) -> list[Record]:
    return [
        record
        for record in file.records
        if record.patient is not None and record.study == [study]
        if all(record.patient.get(column) == cell for column, cell in cells.items())
    ]


def _cells(cells: Mapping[str, Cell]) -> str:
    return " and ".join(f"{column} {cell}" for column, cell in cells.items())


CHECKS = (
    Check("parts-exceed-whole", "parts are more than the whole", "hard", parts_exceed),
    Check("parts-miss-whole", "parts are fewer than the whole", "hard", parts_miss),
    Check("figures-differ", "one figure with two values", "hard", figures_differ),
    Check("forced-counts", "counts that a total forces", "note", forced_counts),
    Check("coincidence", "two groups hardly the same by chance", "soft", coincidence),
    Check("contradictory-rows", "cells that do not go together", "soft", contradictory_rows),
    Check("missing-cells", "cells that are missing", "soft", missing_cells),
)
