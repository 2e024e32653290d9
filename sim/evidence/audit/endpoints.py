"""Checks of endpoints of one study against each other, and of their events. Groups are not averaged here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, pairwise, permutations
from math import comb

from sim.evidence.audit.arithmetic import ROUNDING
from sim.evidence.audit.curves import Value, key, parts_of, time_zero, values, wholes
from sim.evidence.audit.finding import Check, EvidenceFile, Found
from sim.evidence.audit.steps import shown_steps, single_event

UNLIKELY = 0.05
"""Probability below which a number of deaths is called unlikely."""


def order(file: EvidenceFile) -> Iterator[Found]:
    """An endpoint that counts more events and has the higher event-free share."""
    same: dict[tuple[str, float, str], list[Value]] = defaultdict(list)
    for value in values(file):
        if value.record.endpoint in value.study.endpoints:
            study, _, time = key(value)
            group = value.record.group
            same[study, time, f"{group.by}={group.values}" if group else ""].append(value)
    for several in same.values():
        wrong = [(few, many) for few in several for many in several if _above(few, many)]
        if not wrong:
            continue
        involved = list(dict.fromkeys(value.record.id for pair in wrong for value in pair))
        shown = [value for value in several if value.record.id in involved]
        shown.sort(key=lambda value: (value.printed, len(value.study.endpoints[str(value.record.endpoint)].events)))
        chain = f"{shown[0].record.endpoint} {shown[0].printed:g}"
        for before, value in pairwise(shown):
            chain += f" {'<' if before.printed < value.printed else '='} {value.record.endpoint} {value.printed:g}"
        group = shown[0].record.group
        who = shown[0].record.study[0] + (f", {group.title or ' or '.join(group.values)}" if group else "")
        arithmetic = f"{who}: {chain}, though each counts the events of the one before and more"
        steps = [f"{value.record.endpoint} {shown_steps(file, value)}" for value in shown if shown_steps(file, value)]
        repair = "use one of them, with the events"
        if len(steps) > 1:
            arithmetic += "; events at numbers at risk " + ", ".join(steps)
            repair = "the same events, earlier and so with more at risk: use one of them, with its count of events"
        yield Found(arithmetic, repair, tuple(value.record for value in shown))


def decomposition(file: EvidenceFile) -> Iterator[Found]:
    """An event-free share whose events are not those of its two incidences."""
    for name, study in file.evidence.studies.items():
        stated = study.endpoints
        incidences = {word: one for word, one in stated.items() if one.competing}
        for (a, one), (b, other) in combinations(incidences.items(), 2):
            if set(one.events) != set(other.competing) or set(other.events) != set(one.competing):
                continue
            both = {*one.events, *other.events}
            same = {
                word: rule for word, rule in stated.items() if not rule.competing and rule.time_zero == one.time_zero
            }
            if any(set(rule.events) == both for rule in same.values()):
                continue  # the event-free share that belongs to the two; those with more events are others on purpose
            for free, rule in same.items():
                left = [event for event in rule.events if event not in both]
                if not both < set(rule.events):
                    continue
                counted = f"{free} counts {', '.join(rule.events)}"
                arithmetic = f"{counted}; {a} and {b} leave out {', '.join(left)}: {free} is not 1 - {a} - {b}"
                repair = f"let {free} count {' and '.join(sorted(both))}, and count {' and '.join(left)} by itself"
                yield Found(arithmetic, repair, endpoints=((name, free), (name, a), (name, b)))


def one_event(file: EvidenceFile) -> Iterator[Found]:
    """Values of a curve for all patients and for groups of them that are each a single step."""
    found = values(file)
    for whole in wholes(found).values():
        single = [(value, single_event(file, value)) for value in (whole, *parts_of(found, whole))]
        steps = [(value, numbers) for value, numbers in single if numbers]
        if len(steps) < 2 or steps[0][0] is not whole:
            continue
        shown = ", ".join(
            f"{value.record.id} {value.printed:g} = {n - 1}/{n}" for value, numbers in steps for n in numbers[-1:]
        )
        enrolled = whole.study.enrolled
        arithmetic = f"one event at one number at risk gives estimate and interval of each: {shown}"
        arithmetic += "; all patients together had one event, so that it is the same"
        repair = f"count it once, 1 in {steps[0][1][-1]}"
        if enrolled is not None:
            repair += f"; {enrolled - steps[0][1][-1]} of {enrolled} were no longer at risk"
        yield Found(arithmetic, repair, tuple(value.record for value, _ in steps))


def few_deaths(file: EvidenceFile) -> Iterator[Found]:
    """Deaths among the failures of one study that would be unlikely at the rate of another in the same file."""
    pairs = _deaths_and_failures(values(file))
    for one, other in permutations(pairs, 2):
        (alive, free), (alive_2, free_2) = one, other
        study, study_2 = alive.record.study[0], alive_2.record.study[0]
        at_risk = single_event(file, alive)
        if study == study_2 or alive.record.time != alive_2.record.time or not at_risk:
            continue
        own, rate = ((1 - dead.share) / (1 - failed.share) for dead, failed in (one, other))
        expected = rate * (1 - free.share)
        chance = sum(comb(at_risk[-1], k) * expected**k * (1 - expected) ** (at_risk[-1] - k) for k in (0, 1))
        if own >= rate or chance >= UNLIKELY:
            continue
        arithmetic = (
            f"{study}: {100 - free.printed:.1f} % failed and {100 - alive.printed:.1f} % died, {own:.2f} of failures; "
            f"{study_2} {rate:.2f}, which among {at_risk[-1]} would make {at_risk[-1] * expected:.1f} deaths, and at "
            f"most one with probability {chance:.3f}"
        )
        repair = "state the entry gate and the follow-up as assumptions, and expect tension"
        yield Found(arithmetic, repair, (free.record, alive.record, free_2.record, alive_2.record))


def _deaths_and_failures(found: list[Value]) -> list[tuple[Value, Value]]:
    """Survival of all patients of a study and an event-free share at the same time that counts further events."""
    pairs = []
    for alive in wholes(found).values():
        rule = alive.study.endpoints.get(str(alive.record.endpoint))
        if rule is None or rule.competing or len(rule.events) != 1:
            continue
        for free in wholes(found).values():
            stated = free.study.endpoints.get(str(free.record.endpoint))
            if stated is None or stated.competing or key(free)[::2] != key(alive)[::2] or free.printed == 100:
                continue
            if set(rule.events) < set(stated.events):
                pairs.append((alive, free))
                break
    return pairs


def _above(few: Value, many: Value) -> bool:
    """Whether `many` counts the events of `few` and more, from the same time zero, and yet has the higher value."""
    one, other = (value.study.endpoints[str(value.record.endpoint)] for value in (few, many))
    if one.competing or other.competing or time_zero(few.study, one) != time_zero(many.study, other):
        return False
    return set(one.events) < set(other.events) and many.share > few.share + ROUNDING


CHECKS = (
    Check("endpoint-order", "more events and a higher event-free share", "hard", order),
    Check("event-free-does-not-decompose", "event-free share and incidences do not add up", "soft", decomposition),
    Check("one-event-many-results", "several results that are one event", "hard", one_event),
    Check("too-few-deaths", "hardly any deaths among the failures", "soft", few_deaths),
)
