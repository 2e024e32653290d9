"""Checks of one printed interval: order, symmetry, width, limits that are missing or cut. No curves are compared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from math import sqrt

from sim.evidence.audit.arithmetic import (
    SCALES,
    Scale,
    effective_n,
    effective_range,
    half_unit,
    is_binomial,
    is_symmetric,
    limits,
    mirror,
    mirrors,
)
from sim.evidence.audit.finding import Check, EvidenceFile, Found
from sim.evidence.records import Record
from sim.stats.binomial import binomial_interval


def reversed_interval(file: EvidenceFile) -> Iterator[Found]:
    """Lower limit above the upper one."""
    for record, value, low, high in _intervals(file):
        if low <= high:
            continue
        arithmetic = f"{record.id}: {_shown(record)}: the lower limit is above the upper one"
        yield Found(arithmetic, _mirrored(file, record, value, low, high), (record,))


def missed_estimate(file: EvidenceFile) -> Iterator[Found]:
    """Estimate outside the interval."""
    for record, value, low, high in _intervals(file):
        if low <= value <= high or low > high:
            continue
        side = "above the upper" if value > high else "below the lower"
        arithmetic = f"{record.id}: {_shown(record)}: the estimate is {side} limit"
        yield Found(arithmetic, _mirrored(file, record, value, low, high), (record,))


def asymmetric(file: EvidenceFile) -> Iterator[Found]:
    """Limits that no usual interval about the estimate has, rounding included."""
    for record, value, low, high in _intervals(file):
        if not low < value < high:
            continue
        if record.unit != "percent":
            if _ratio(record) and low > 0 and not _ratio_symmetric(value, low, high):
                centre = sqrt(low * high)
                arithmetic = f"{record.id}: {_shown(record)}: the middle of the limits on the log scale is {centre:.3g}"
                yield Found(arithmetic, "look the interval up", (record,))
            continue
        if not 0 <= low < value < high <= 100 or value in (0, 100):
            continue
        share = value / 100
        scales = _scales(file, record)
        if _fits(file, record, value, low, high):
            continue
        if _is_exact(record, value, low, high):
            continue
        tried = ", ".join(f"{scale} {100 * mirror(scale, share, low / 100):.1f}" for scale in scales if low > 0)
        arithmetic = f"{record.id}: {_shown(record)}: the upper limit that {low:g} implies is {tried or 'none'}"
        yield Found(arithmetic, _own_width(file, record, share, low, high), (record,))


def too_narrow(file: EvidenceFile) -> Iterator[Found]:
    """A limit so near the estimate that it would take more patients than there were."""
    for record, value, low, high in _intervals(file):
        most = file.most_patients(record)
        if most is None or record.unit != "percent" or not 0 < value < 100:
            continue
        if _is_exact(record, value, low, high):
            continue
        scale = _scale(file, record, value, low, high)
        for limit, name in ((low, "lower"), (high, "upper")):
            right_side = 0 < limit < value if name == "lower" else value < limit < 100
            if not right_side:
                continue
            least, _ = effective_range(scale, value / 100, limit / 100, half_unit(value))
            if least > most:
                middle = effective_n(scale, value / 100, limit / 100)
                arithmetic = (
                    f"{record.id}: {_shown(record)}: the {name} limit implies {middle:,.0f} patients by {scale}; "
                    f"at most {most} were there"
                )
                yield Found(arithmetic, f"with {most}: {_with_number(scale, value / 100, most)}", (record,))
                break


def clipped(file: EvidenceFile) -> Iterator[Found]:
    """Upper limits cut at 100 %."""
    cut: list[tuple[Record, str]] = []
    for record, value, low, high in _intervals(file):
        if record.unit != "percent" or high != 100 or not 0 < low < value < 100:
            continue
        scale = _scale(file, record, value, low, high)
        whole = 100 * mirror(scale, value / 100, low / 100)
        if scale != "log-log" and whole > 100:
            cut.append((record, f"{record.id} {value:g} ({low:g}): {whole:.1f}"))
    for _, several in groupby(cut, key=lambda one: one[0].study):
        found = list(several)
        arithmetic = "uncut upper limits: " + ", ".join(words for _, words in found)
        yield Found(arithmetic, "the upper limit is 1; use the lower one", tuple(record for record, _ in found))


def not_reached(file: EvidenceFile) -> Iterator[Found]:
    """0 or 100 % with an interval that is not reached."""
    for record in file.records:
        if record.printed != "not reached" or record.value not in (0, 100):
            continue
        repair = "no number at risk is known; leave it out"
        if record.at_risk is not None:
            least, most = record.at_risk.low, record.at_risk.high
            repair = f"Clopper-Pearson: {_all(least)} with {least} at risk"
            repair += f", {_all(most)} with {most}" if most != least else ""
        elif record.n is not None:
            repair = f"Clopper-Pearson: {_all(record.n)} with {record.n} patients"
        yield Found(f"{record.id}: {record.value:g} % without limits: no event is no certainty", repair, (record,))


def all_or_none(file: EvidenceFile) -> Iterator[Found]:
    """0 or 100 % of a number of patients: the exact bound."""
    for record in file.records:
        if record.unit != "percent" or record.value not in (0, 100) or record.n is None:
            continue
        if record.printed is not None or record.repaired is not None:
            continue
        hits = record.n if record.value == 100 else 0
        found = binomial_interval(hits, record.n)
        bound = f"at least {100 * found.ci_low:.1f}" if hits else f"at most {100 * found.ci_high:.1f}"
        arithmetic = f"{record.id}: {hits} of {record.n} {record.subject}"
        yield Found(arithmetic, f"Clopper-Pearson: {bound}", (record,))


def _intervals(file: EvidenceFile) -> Iterator[tuple[Record, float | int, float, float]]:
    for record in file.records:
        printed = record.printed_interval
        if printed is not None and isinstance(record.value, int | float):
            yield record, record.value, printed.low, printed.high


def _shown(record: Record) -> str:
    printed = record.printed_interval
    assert printed is not None
    return f"{record.value:g} ({printed.low:g} to {printed.high:g})"


def _ratio(record: Record) -> bool:
    return "ratio" in record.unit


def _ratio_symmetric(value: float, low: float, high: float) -> bool:
    """Whether a ratio is the middle of its limits on the log or the plain scale, within two units of the last digit."""
    unit = 2 * 100 * half_unit(value)
    return abs(sqrt(low * high) - value) <= 2 * unit or abs((low + high) / 2 - value) <= 2 * unit


def _scales(file: EvidenceFile, record: Record) -> tuple[Scale, ...]:
    study = file.study(record)
    return SCALES if study is None or study.intervals is None else (study.intervals,)


def _scale(file: EvidenceFile, record: Record, value: float, low: float, high: float) -> Scale:
    scales = _scales(file, record)
    for scale in scales:
        if is_symmetric(scale, value / 100, low / 100, high / 100, half_unit(value)):
            return scale
    return scales[0]


def _mirrored(file: EvidenceFile, record: Record, value: float, low: float, high: float) -> str:
    """What a broken interval may have been: the mirror of the limit that is on its side, and where it is printed."""
    if record.unit != "percent" or not 0 < value < 100:
        return "look the interval up"
    scale = _scales(file, record)[0]
    share, half = value / 100, half_unit(value)
    words = _interchanged(file, record, value, low, high)
    if words:
        return "; ".join(words)
    if 0 < low < value:
        other = 100 * mirror(scale, share, low / 100)
        words.append(f"the {scale} mirror of {low:g} is {other:.1f}: use {low:g} to {min(other, 100):.1f}")
        least, most = (100 * edge for edge in mirrors(scale, share, low / 100, half))
        words += [
            f"{one.id} prints {upper:g} beside it"
            for one, _, lower, upper in _intervals(file)
            if _beside(record, one) and lower == low
            if least - 100 * half <= upper <= most + 100 * half
        ]
    elif value < high < 100:
        other = 100 * mirror(scale, share, high / 100)
        words.append(f"the {scale} mirror of {high:g} is {other:.1f}: use {max(other, 0):.1f} to {high:g}")
    return "; ".join(words) or "look the interval up"


def _is_exact(record: Record, value: float | int, low: float, high: float) -> bool:
    """Whether limits are those of a count over the record's patients."""
    return record.n is not None and is_binomial(value / 100, low / 100, high / 100, record.n, half_unit(value))


def _interchanged(file: EvidenceFile, record: Record, value: float, low: float, high: float) -> list[str]:
    """Intervals of the same source that do not fit their own estimates; interchanged, each holds the other's."""
    return [
        f"interchanged with that of {one.id} each holds its estimate: {lower:g} to {upper:g}"
        for one, number, lower, upper in _intervals(file)
        if _beside(record, one) and lower < value < upper and low < number < high
        if not _fits(file, one, number, lower, upper)
    ]


def _fits(file: EvidenceFile, record: Record, value: float | int, low: float, high: float) -> bool:
    """Whether limits of a percentage are symmetric about it on a scale that its study may have used."""
    half = half_unit(value)
    return any(is_symmetric(scale, value / 100, low / 100, high / 100, half) for scale in _scales(file, record))


def _beside(record: Record, other: Record) -> bool:
    """Whether two records are printed in one place: the same study and source."""
    return other is not record and other.study == record.study and other.source == record.source


def _own_width(file: EvidenceFile, record: Record, share: float, low: float, high: float) -> str:
    """Whose interval it may be, and what the record's own may look like."""
    words = []
    for one in file.records:
        number = one.value
        if not _beside(record, one) or one.unit != "percent" or not isinstance(number, int | float):
            continue
        if low < number < high and _fits(file, record, number, low, high):
            words.append(f"it is symmetric about {number:g} of {one.id}, and may be its interval")
    most = file.most_patients(record)
    if most is not None:
        own = _with_number(_scales(file, record)[0], share, most)
        words.append(f"its own is lost; with {most} patients it is {own} or wider")
    return "; ".join(words) or "look the interval up"


def _with_number(scale: Scale, share: float, number: int) -> str:
    if share * number == 0.0:
        return "unknown"
    low, high = limits(scale, share, (1 - share) / (share * number))
    return f"{100 * max(low, 0):.1f} to {100 * min(high, 1):.1f}"


def _all(number: int) -> str:
    return f"at least {100 * binomial_interval(number, number).ci_low:.1f}"


CHECKS = (
    Check("interval-reversed", "interval reversed", "hard", reversed_interval),
    Check("interval-misses-estimate", "interval does not hold its estimate", "hard", missed_estimate),
    Check("interval-asymmetric", "interval belongs to another estimate", "hard", asymmetric),
    Check("interval-too-narrow", "interval narrower than its patients allow", "hard", too_narrow),
    Check("interval-clipped", "upper limits cut at 100 %", "soft", clipped),
    Check("interval-not-reached", "0 or 100 % without an interval", "soft", not_reached),
    Check("all-or-none", "none or all, and the exact bound", "note", all_or_none),
)
