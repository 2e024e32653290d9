"""Checks of groups of patients against the whole, and of groups in their order. Endpoints are not compared here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise, product

from sim.evidence.audit.arithmetic import ROUNDING, effective_n
from sim.evidence.audit.curves import Division, Value, divisions, named, order_of, parts_of, values, wholes
from sim.evidence.audit.finding import Check, EvidenceFile, Found
from sim.evidence.records import Record

MOST_SLACK = 0.02
"""How far a Kaplan-Meier value may lie from the weighted mean of its parts: it is no mean when parts differ in
follow-up."""

LEAST_OUTSIDE = 0.5
"""Points by which the same slack may put the whole outside of its parts: 0.4 at most in 600 simulated cohorts of 60 to
200 patients with parts that are alike."""

LEAST_APART = 0.1
"""Difference of the shares that two endpoints imply, below which that slack explains it."""

MOST_BLUR = 0.2
"""Width by rounding of an implied share, above which it says nothing: the parts are too alike."""

WITHIN_ERROR = 1.96
"""Standard errors between the first and the last band, below which a gradient is none."""


def whole_outside(file: EvidenceFile) -> Iterator[Found]:
    """All patients below or above every one of their parts: no weights give that."""
    for division in divisions(file):
        whole, parts = division.whole, division.parts
        low, high = min(part.printed for part in parts), max(part.printed for part in parts)
        half = 100 * (whole.half + parts[0].half) + LEAST_OUTSIDE
        if low - half - ROUNDING <= whole.printed <= high + half + ROUNDING:
            continue
        distance = low - whole.printed if whole.printed < low else whole.printed - high
        arithmetic = (
            f"{named(whole.record)} {whole.printed:g} lies outside its parts by {division.by}, {_listed(parts)}: "
            f"any weighted mean is between {low:g} and {high:g}, {distance:.1f} points away"
        )
        yield Found(arithmetic, "do not use the whole and these parts together", _records(division))


def off_the_mean(file: EvidenceFile) -> Iterator[Found]:
    """All patients far from the mean of their parts, weighted by the numbers of patients that are printed."""
    for division in divisions(file):
        whole, parts = division.whole, division.parts
        numbers = [part.record.n for part in parts]
        weights = [float(n) for n in numbers if n is not None]
        if len(weights) != len(parts):
            continue
        mean = sum(part.share * weight for part, weight in zip(parts, weights, strict=True)) / sum(weights)
        if abs(mean - whole.share) <= MOST_SLACK:
            continue
        shown = ", ".join(f"{part.printed:g} ({part.record.n})" for part in parts)
        arithmetic = f"{named(whole.record)} {whole.printed:g}: {shown} by {division.by} make {100 * mean:.1f}"
        yield Found(arithmetic, "do not use the whole and these parts together", _records(division))


def wider_than_part(file: EvidenceFile) -> Iterator[Found]:
    """A part with more effective patients than the whole."""
    found = values(file)
    for whole in wholes(found).values():
        wider = [part for part in parts_of(found, whole) if _more(part, whole)]
        if not wider or whole.effective is None:
            continue
        shown = ", ".join(f"{named(part.record)} {_middle(part):.0f}" for part in wider)
        arithmetic = (
            f"{named(whole.record)}: its interval is that of {_middle(whole):.0f} patients; its part has more: {shown}"
        )
        for part in parts_of(found, whole):
            if part.lower == whole.lower:
                arithmetic += f"; its lower limit repeats the digits of {part.record.id}"
        records = (whole.record, *(part.record for part in wider))
        yield Found(arithmetic, f"if it is used at all, with {_middle(whole):.0f} patients", records)


def weights_disagree(file: EvidenceFile) -> Iterator[Found]:
    """Two parts whose shares of the patients, implied by two endpoints, exclude each other."""
    halves: dict[tuple[str, str], list[Division]] = defaultdict(list)
    for division in divisions(file):
        if len(division.parts) == 2 and division.parts[0].share != division.parts[1].share:
            halves[division.whole.record.study[0], division.by].append(division)
    for several in halves.values():
        shares = [(division, _implied(division)) for division in several]
        apart = [
            (one, other)
            for place, one in enumerate(shares)
            for other in shares[place + 1 :]
            if _apart(one[1], other[1])
        ]
        for one, other in apart:
            shown = " but ".join(
                f"{division.whole.record.endpoint} needs {100 * middle:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
                for division, (low, middle, high) in (one, other)
            )
            group = one[0].parts[1].record.group
            name = "" if group is None else f"{group.by} {' or '.join(group.values)}: "
            repair = "take the share as unknown and use the parts, not the whole"
            yield Found(f"share with {name}{shown}", repair, (*_records(one[0]), *_records(other[0])))


def gradient(file: EvidenceFile) -> Iterator[Found]:
    """Values that rise or fall over ordered groups, within their standard errors."""
    for division in divisions(file):
        parts = [part for part in division.parts if order_of(part) is not None]
        parts.sort(key=lambda part: order_of(part) or 0.0)
        if len(parts) < 3 or len(parts) != len(division.parts):
            continue
        steps = [later.printed - earlier.printed for earlier, later in pairwise(parts)]
        first, last = parts[0].standard_error, parts[-1].standard_error
        if not (min(steps) > 0 or max(steps) < 0) or first is None or last is None:
            continue
        error = (first**2 + last**2) ** 0.5
        difference = parts[-1].share - parts[0].share
        if abs(difference) >= WITHIN_ERROR * error:
            continue
        distance = difference / error
        word = "rises" if distance > 0 else "falls"
        shown = ", ".join(f"{part.printed:g} ± {100 * (part.standard_error or 0):.0f}" for part in parts)
        arithmetic = (
            f"{division.whole.record.study[0]} {division.whole.record.endpoint} {word} with {division.by}, {shown}: "
            f"{abs(distance):.1f} standard errors from first to last"
        )
        yield Found(arithmetic, "learn no gradient from these", tuple(part.record for part in parts))


def _apart(one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    """Whether two shares exclude each other whatever rounding did, and by more than Kaplan-Meier's slack."""
    told = all(high - low <= MOST_BLUR for low, _, high in (one, other))
    return told and (one[2] < other[0] or other[2] < one[0]) and abs(one[1] - other[1]) >= LEAST_APART


def _records(division: Division) -> tuple[Record, ...]:
    return (division.whole.record, *(part.record for part in division.parts))


def _listed(parts: tuple[Value, ...]) -> str:
    return ", ".join(f"{part.printed:g}" for part in parts)


def _more(part: Value, whole: Value) -> bool:
    """Whether a part has more effective patients than the whole, whatever rounding did."""
    if part.effective is None or whole.effective is None:
        return False
    return part.effective[0] > whole.effective[1]


def _middle(value: Value) -> float:
    assert value.lower is not None
    return effective_n(value.scale, value.share, value.lower)


def _implied(division: Division) -> tuple[float, float, float]:
    """Share of the second part that makes the whole: smallest, as printed, largest by rounding."""
    first, second, whole = division.parts[0], division.parts[1], division.whole
    found = [
        (first.share + a - whole.share - c) / distance
        for a, b, c in product((-first.half, first.half), (-second.half, second.half), (-whole.half, whole.half))
        if (distance := first.share + a - second.share - b) != 0
    ]
    middle = (first.share - whole.share) / (first.share - second.share)
    return min(found), middle, max(found)


CHECKS = (
    Check("whole-outside-parts", "the whole outside all of its parts", "hard", whole_outside),
    Check("whole-off-the-weighted-mean", "the whole off the mean of its parts", "hard", off_the_mean),
    Check("whole-wider-than-part", "the whole less certain than its part", "soft", wider_than_part),
    Check("weights-disagree", "parts of different size by endpoint", "soft", weights_disagree),
    Check("gradient-within-error", "a gradient within the error", "soft", gradient),
)
