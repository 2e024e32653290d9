"""From a History to time-to-event tables: time zero, event, competing events, censoring. No groups, no estimators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.endpoints.first_events import (
    NEVER,
    Integers,
    Words,
    causes_of,
    enrolment_ticks,
    event_codes,
    first_rows,
    ticks_of,
)
from sim.errors import EngraftError, did_you_mean
from sim.units import TICKS_PER_DAY, to_ticks

if TYPE_CHECKING:
    import pandas as pd

    from sim.engine.history import History
    from sim.protocol.schema import Endpoint

CENSORED, EVENT, FIRST_COMPETING = 0, 1, 2
"""Codes of the column ``event``; competing events count on from the last, in the order the endpoint lists them."""


@dataclass(frozen=True, eq=False, repr=False)
class TimeToEvent:
    """One endpoint of the enrolled patients who reach its time zero, m of them, sorted by patient.

    Attributes
    ----------
    name
        Name of the endpoint.
    origin
        What time zero is: ``enrolment`` or an event.
    patient, row
        Patient numbers, and their rows in the History, shape (m,).
    start, ticks
        Tick of time zero, and ticks from there to the event or to censoring, shape (m,).
    code
        0 censored, 1 event, 2.. competing events, shape (m,).
    cause
        Site that caused the event (a hazard, a phase), empty where censored, shape (m,).
    legend
        What each code means, for all codes the endpoint can have.
    """

    name: str
    origin: str
    patient: Integers
    row: Integers
    start: Integers
    ticks: Integers
    code: Integers
    cause: Words
    legend: Mapping[int, str]

    @cached_property
    def days(self) -> NDArray[np.float64]:
        """Days from time zero to the event or to censoring, shape (m,)."""
        return self.ticks / TICKS_PER_DAY

    @property
    def n(self) -> int:
        """Number of patients."""
        return self.patient.size

    def to_frame(self) -> pd.DataFrame:
        """One row a patient: patient, endpoint, time_days, event, cause."""
        import pandas as pd

        return pd.DataFrame(
            {
                "patient": self.patient,
                "endpoint": np.full(self.n, self.name, dtype=object),
                "time_days": self.days,
                "event": self.code,
                "cause": self.cause,
            }
        )

    def __repr__(self) -> str:
        counts = ", ".join(f"{int((self.code == code).sum())} {word}" for code, word in self.legend.items())
        return f"TimeToEvent {self.name} from {self.origin}: {self.n} patients ({counts})"


def time_to_event(
    history: History,
    endpoint: Endpoint,
    *,
    name: str = "",
    cut: Integers | None = None,
    horizon: float | None = None,
    from_before_entry: bool = False,
) -> TimeToEvent:
    """Apply the rule of one endpoint to every enrolled patient.

    Time zero is enrolment, or the first occurrence of the event ``from`` at or after enrolment; who never reaches it
    has no row. From time zero (its own tick included) the first of all events and competing events counts, unless an
    event of ``censor_at`` comes in an earlier tick; else the patient is censored at the first of ``censor_at``, death
    and data cut.

    Several events in one tick:

    - An event counts before a censoring.
    - Two events of a composite endpoint are one event; its cause is that of the one logged first.
    - An event and a competing event: the one logged first counts. Death ends a patient's log, so relapse stands before
      a death in the same tick. That tie therefore counts as a relapse in the cumulative incidence of relapse and as a
      death in overall survival; in non-relapse mortality it is the competing relapse, for the death came with relapse.

    Intercurrent events that the endpoint does not name are ignored (treatment policy); those among its events are
    counted (composite); ``censor_at`` is an estimator that assumes independent censoring, and no hypothetical strategy.

    Parameters
    ----------
    endpoint
        The rule, as in ``history.protocol.endpoints``.
    name
        Name of the endpoint in the result.
    cut
        Tick of a data cut for each patient of the History, shape (n,), where follow-up ends before the horizon. Later
        events are not seen, and patients with a later time zero have no row.
    horizon
        Days after the endpoint's own time zero at which follow-up ends, if the History goes on for longer.
    from_before_entry
        Let time zero lie before enrolment where the event does, as a study does that counts from transplant and takes
        patients later. Events count from enrolment on; the time before is one in which nobody can have had one.

    Raises
    ------
    EngraftError
        The protocol knows no event of such a name.
    """
    start = _time_zero(history, endpoint)
    if from_before_entry and endpoint.from_ != "enrolment":
        earlier = np.where(enrolment_ticks(history) == NEVER, NEVER, _first_ever(history, endpoint.from_))
        start = np.where(start == NEVER, earlier, start)
    end = history.end_tick if cut is None else np.minimum(history.end_tick, cut)
    start = np.where(start > end, np.int64(NEVER), start)
    if horizon is not None:
        end = np.minimum(end, start + to_ticks(horizon))
    counted = list(dict.fromkeys([*endpoint.event, *endpoint.competing]))
    watched = np.where(start == NEVER, NEVER, np.maximum(start, enrolment_ticks(history)))
    hits = first_rows(history, counted, after=watched)
    stop = end
    if endpoint.censor_at:
        left = ticks_of(history, first_rows(history, endpoint.censor_at, after=watched))
        stop = np.where(left == NEVER, end, np.minimum(left, end))
    reached = np.flatnonzero(start != NEVER)
    hits, start, stop = hits[reached], start[reached], stop[reached]
    tick = ticks_of(history, hits)
    happened = (hits != NEVER) & (tick <= stop)
    code = np.zeros(reached.size, dtype=np.int64)
    code[happened] = _codes(history, endpoint)[history.event_code[hits[happened]]]
    cause = np.full(reached.size, "", dtype=object)
    cause[happened] = causes_of(history, hits[happened])
    return TimeToEvent(
        name=name,
        origin=endpoint.from_,
        patient=history.patient_ids[reached],
        row=reached,
        start=start,
        ticks=np.where(happened, tick, stop) - start,
        code=code,
        cause=cause,
        legend=legend(endpoint),
    )


def endpoint_table(history: History, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Time-to-event rows of the protocol's own endpoints.

    Parameters
    ----------
    names
        Endpoints to apply, in this order; by default all that the protocol declares.

    Returns
    -------
    DataFrame
        patient, endpoint, time_days, event (0 censored, 1 event, 2.. competing, see `legend`), cause; ordered by
        endpoint as asked, then by patient. Only enrolled patients who reach the time zero of an endpoint have a row.

    Raises
    ------
    EngraftError
        The protocol has no endpoint of such a name.
    """
    import pandas as pd

    rules = history.protocol.endpoints
    asked = list(rules) if names is None else list(names)
    for name in asked:
        if name not in rules:
            raise EngraftError(f'{history.protocol.id} has no endpoint "{name}"{did_you_mean(name, list(rules))}')
    frames = [time_to_event(history, rules[name], name=name).to_frame() for name in asked]
    if not frames:
        return pd.DataFrame(columns=["patient", "endpoint", "time_days", "event", "cause"])
    return pd.concat(frames, ignore_index=True)


def legend(endpoint: Endpoint) -> dict[int, str]:
    """What the codes of an endpoint mean: 0 censored, 1 its events, 2.. each competing event."""
    words = {CENSORED: "censored", EVENT: " or ".join(endpoint.event)}
    return words | {FIRST_COMPETING + place: event for place, event in enumerate(endpoint.competing)}


def _codes(history: History, endpoint: Endpoint) -> Integers:
    """Code of an endpoint by the code of an event in the log; an event that is listed in both places is the event."""
    codes = np.zeros(len(history.event_names), dtype=np.int64)
    codes[event_codes(history, endpoint.competing)] = np.arange(len(endpoint.competing)) + FIRST_COMPETING
    codes[event_codes(history, endpoint.event)] = EVENT
    return codes


def _time_zero(history: History, endpoint: Endpoint) -> Integers:
    enrolled = enrolment_ticks(history)
    if endpoint.from_ == "enrolment":
        return enrolled
    return ticks_of(history, first_rows(history, [endpoint.from_], after=enrolled))


def _first_ever(history: History, event: str) -> Integers:
    """Tick of the first occurrence of an event, before enrolment too."""
    return ticks_of(history, first_rows(history, [event], after=np.zeros(history.n, dtype=np.int64)))
