"""Length of follow-up by reverse Kaplan-Meier, and landmark samples. Curves themselves: survival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from sim.errors import EngraftError
from sim.stats.arrays import Floats, Integers, cause_codes, entry_times, event_indicator, observed_times, readonly
from sim.stats.intervals import ConfType
from sim.stats.restricted_mean import checked_horizon
from sim.stats.survival import KaplanMeier, kaplan_meier

if TYPE_CHECKING:
    import pandas as pd


def reverse_kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
    conf_type: ConfType = "log-log",
) -> KaplanMeier:
    """Kaplan-Meier curve of the time to censoring: what follow-up would have been without events.

    Its median is the median follow-up. Ends of follow-up are its events and events are its censorings, which at one
    time come last, as R's `survfit(Surv(time, 1 - event) ~ 1)` has it.

    Parameters
    ----------
    time, event, entry, conf_level, conf_type
        As `kaplan_meier` takes them; `event` is that of the study (1 an event, 0 censored).

    References
    ----------
    Schemper and Smith, Controlled Clinical Trials 17 (1996) 343-346.
    """
    times = observed_times("time", time)
    indicator = event_indicator(event, times)
    return kaplan_meier(times, 1 - indicator, entry=entry, conf_level=conf_level, conf_type=conf_type)


@dataclass(frozen=True, eq=False, repr=False)
class Landmark:
    """The rows that are under observation without an event just after a landmark, with time counted from it.

    Attributes
    ----------
    landmark
        The time that is the new time zero.
    rows
        Places of the members among the rows that were given, shape (m,): groups known at the landmark are
        `group[rows]`.
    time, cause
        Time since the landmark, and the event code, of the members, shape (m,).
    entry
        Time since the landmark from which a member is under observation: -inf unless it entered later.
    events_before, censored_before
        Rows left out because their event, or their censoring, came at or before the landmark.
    """

    landmark: float
    rows: Integers
    time: Floats
    cause: Integers
    entry: Floats
    events_before: int
    censored_before: int

    @property
    def conventions(self) -> str:
        """Who is a member, in words."""
        return "members: time after the landmark; time zero: the landmark; late entries: truncated, not left out"

    def to_frame(self) -> pd.DataFrame:
        """One row a member: row, time, cause, entry."""
        import pandas as pd

        return pd.DataFrame({"row": self.rows, "time": self.time, "cause": self.cause, "entry": self.entry})

    def __repr__(self) -> str:
        return (
            f"Landmark at {self.landmark:g}: {self.rows.size} members; before it {self.events_before} events and "
            f"{self.censored_before} censorings\n  {self.conventions}"
        )


def landmark_sample(time: ArrayLike, cause: ArrayLike, *, at: float, entry: ArrayLike | None = None) -> Landmark:
    """Rows for a landmark analysis: those without an event and under observation just after a fixed time.

    Groups that form after time zero (a response, a test result) must be compared from a landmark at which they are
    known, since who forms one has lived until then.

    Parameters
    ----------
    time
        Time of event or censoring since time zero, shape (n,).
    cause
        0 for a censored row, 1 (or the code of a cause) for an event, shape (n,).
    at
        The landmark, 0 or more.
    entry
        As `kaplan_meier` takes it; a row that enters after the landmark stays a member, truncated until then.

    Raises
    ------
    EngraftError
        Also if nobody is left at the landmark.

    References
    ----------
    Anderson, Cain and Gelber, J Clin Oncol 1 (1983) 710-719.
    """
    times = observed_times("time", time)
    codes, _ = cause_codes(cause, times, None)
    begin = np.full(times.shape, -np.inf) if entry is None else entry_times(entry, times)
    zero = checked_horizon("at", at, above_zero=False)
    rows = np.flatnonzero(times > zero)
    if rows.size == 0:
        raise EngraftError(f"at: found {zero:g}, but nobody is followed beyond it; the last time is {times.max():.12g}")
    before = codes[times <= zero]
    since = begin[rows] - zero
    return Landmark(
        landmark=zero,
        rows=readonly(rows),
        time=readonly(times[rows] - zero),
        cause=readonly(codes[rows]),
        entry=readonly(np.where(since > 0.0, since, -np.inf)),
        events_before=int((before > 0).sum()),
        censored_before=int((before == 0).sum()),
    )
