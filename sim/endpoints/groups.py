"""Groups of patients of an endpoint: known at the start, or landmark groups with left truncation. No estimators."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from sim.endpoints.first_events import NEVER, Integers, Words, first_rows, ticks_of
from sim.endpoints.table import TimeToEvent
from sim.errors import EngraftError, did_you_mean
from sim.units import TICKS_PER_DAY

if TYPE_CHECKING:
    from sim.engine.history import History
    from sim.protocol.schema import Protocol

Floats = NDArray[np.float64]
Clock = Literal["endpoint", "landmark"]
"""``endpoint``: time runs from the endpoint's own time zero, and patients come under observation at the landmark (left
truncation). ``landmark``: time runs from the landmark."""

_RESULT = re.compile(r"^\s*result\(\s*([A-Za-z][A-Za-z0-9_]*)\s*\)\s*$")


def result_of(landmark: str) -> str | None:
    """The attribute whose result a landmark such as ``result(mrd_after_c1)`` waits for; None where it is an event."""
    found = _RESULT.match(landmark)
    return found[1] if found else None


@dataclass(frozen=True, eq=False)
class Grouping:
    """A word for each patient of a History, and the tick from which it is known.

    Attributes
    ----------
    by
        The attribute.
    word
        Value of the attribute as text, shape (n,); empty for patients without one.
    tick
        Tick of the landmark, shape (n,), -1 where it was never reached; None where the word is known from the start.
    words
        The words that occur, in the order in which the protocol declares them, or rising for numbers.
    """

    by: str
    word: Words
    tick: Integers | None
    words: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class AtRisk:
    """What an estimator takes: members of a group, shape (m,) each.

    Attributes
    ----------
    patient, time, code
        Patient numbers, days on the clock, and codes of the endpoint (0 censored, 1 event, 2.. competing).
    entry
        Days on the clock from which the patient is under observation, minus infinity for from the start; None where
        that is so for all.
    landmark
        Days from the endpoint's time zero to the landmark (negative where the landmark came first); None without one.
    """

    patient: Integers
    time: Floats
    code: Integers
    entry: Floats | None
    landmark: Floats | None


def grouping(history: History, *, by: str, landmark: str | None = None) -> Grouping:
    """Read the groups of an attribute.

    Parameters
    ----------
    by
        An attribute of the protocol.
    landmark
        ``result(attribute)`` or the name of an event; its first occurrence is the landmark. Where the result is that of
        `by`, its value at the landmark counts, whatever later tests put in its place.

    Raises
    ------
    EngraftError
        There is no such attribute or event.
    """
    _declared(history.protocol, by)
    # A number that a patient does not have is no group.
    values = ["" if one != one else one for one in history.attribute(by)]
    word = np.array([f"{one:g}" if isinstance(one, float) else one for one in values], dtype=object)
    tick = None
    if landmark is not None:
        of = result_of(landmark)
        if of is None:
            tick = ticks_of(history, first_rows(history, [landmark], after=np.zeros(history.n, dtype=np.int64)))
        else:
            _declared(history.protocol, of)
            tick, value = history.first_result(of)
            word = value if of == by else word
        word = np.where(tick == NEVER, "", word)
    return Grouping(by, word, tick, _words(history, by, set(word.tolist()) - {""}))


def at_risk(endpoint: TimeToEvent) -> AtRisk:
    """All patients of an endpoint, under observation from its time zero."""
    return AtRisk(endpoint.patient, endpoint.days, endpoint.code, None, None)


def members(
    endpoint: TimeToEvent, groups: Grouping, word: str | Collection[str], *, clock: Clock = "endpoint"
) -> AtRisk:
    """The patients of an endpoint who belong to a group.

    With a landmark they are those who had reached it, event-free and under observation, that is, whose event or
    censoring comes in a later tick. Nobody counts as at risk before landmark and time zero have both passed: what kept
    patients out of the group before they could be told apart must not look like a benefit (immortal time).

    Parameters
    ----------
    word
        One of ``groups.words``, or several that make up the group.
    clock
        Where time is counted from, see `Clock`; without a landmark there is only the endpoint's own.
    """
    words = {word} if isinstance(word, str) else {*word}
    inside = np.array([one in words for one in groups.word[endpoint.row]], dtype=np.bool_)
    if groups.tick is None:
        return AtRisk(endpoint.patient[inside], endpoint.days[inside], endpoint.code[inside], None, None)
    tick = groups.tick[endpoint.row]
    landmark = tick - endpoint.start
    inside &= (tick != NEVER) & (landmark < endpoint.ticks)
    landmark = landmark[inside]
    since_zero = landmark if clock == "endpoint" else -landmark
    time = endpoint.ticks[inside] - (0 if clock == "endpoint" else landmark)
    return AtRisk(
        patient=endpoint.patient[inside],
        time=time / TICKS_PER_DAY,
        code=endpoint.code[inside],
        entry=np.where(since_zero > 0, since_zero / TICKS_PER_DAY, -np.inf),
        landmark=landmark / TICKS_PER_DAY,
    )


def _declared(protocol: Protocol, attribute: str) -> None:
    known = list(protocol.patient)
    if attribute not in known:
        raise EngraftError(f'{protocol.id} has no attribute "{attribute}"{did_you_mean(attribute, known)}')


def _words(history: History, by: str, present: set[str]) -> tuple[str, ...]:
    states = history.plan.attributes[by][1]
    return tuple(sorted(present, key=float) if states is None else (word for word in states if word in present))
