"""How a group-sequential design behaves under a drift: power, stopping, what to expect. No boundary is found here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from sim.design.integration import Drift
from sim.errors import EngraftError
from sim.stats.arrays import Floats, column, refuse

if TYPE_CHECKING:
    import pandas as pd

    from sim.design.sequential import GroupSequentialDesign


@dataclass(frozen=True, eq=False, repr=False)
class Characteristics:
    """Operating characteristics under one drift; arrays have one entry a look, shape (K,).

    Attributes
    ----------
    drift
        Mean of Z at full information, or the belief about it.
    power
        Probability of crossing the upper boundary, at any look.
    efficacy, harm, futility
        Probability of stopping at the look: above the upper boundary, below the lower one of a two-sided design, for
        futility (at the last look: not rejecting).
    information
        Information fractions of the looks.
    expected_information
        Mean fraction of the planned maximum when the trial stops.
    expected_events, expected_patients, expected_time
        Means when the trial stops; None where nothing was given to reckon them from.
    """

    drift: Drift
    power: float
    information: Floats
    efficacy: Floats
    harm: Floats
    futility: Floats
    expected_information: float
    expected_events: float | None
    expected_patients: float | None
    expected_time: float | None

    def __repr__(self) -> str:
        return (
            f"Characteristics(drift {self.drift}, power {self.power:.6g}, expected information "
            f"{self.expected_information:.6g})"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a look: information, probability of stopping by reason, cumulative power."""
        import pandas as pd

        return pd.DataFrame(
            {
                "look": np.arange(1, len(self.information) + 1),
                "information": self.information,
                "efficacy": self.efficacy,
                "harm": self.harm,
                "futility": self.futility,
                "stopping": self.efficacy + self.harm + self.futility,
                "cumulative_power": np.cumsum(self.efficacy),
            }
        )


def characteristics(
    design: GroupSequentialDesign,
    drift: Drift | None = None,
    *,
    events: ArrayLike | None = None,
    patients: ArrayLike | None = None,
    time: ArrayLike | Callable[[float], float] | None = None,
) -> Characteristics:
    """Power and expectations of a design under any drift.

    Parameters
    ----------
    design
        Futility stops are obeyed, binding or not.
    drift
        Mean of Z at full information (0: no effect), or a `NormalPrior`; by default that under which the design was
        planned.
    events, patients
        At each look, shape (K,); a single number of events is that at full information.
    time
        Calendar time of each look, shape (K,), or a function from the information fraction to it.
    """
    if drift is None:
        drift = design.drift
        if drift is None:
            raise EngraftError("drift: missing; the design was made without power, so it has no drift of its own")
    exits = design.exits(drift)
    stopping = exits.stopping

    def mean(field: str, values: ArrayLike | None) -> float | None:
        if values is None:
            return None
        found = column(field, values, or_single=True)
        if found.size == 1 and field == "events":
            found = found * design.information
        if found.size != design.looks:
            raise EngraftError(f"{field}: found {found.size} values; {design.looks} looks need {design.looks}")
        refuse(field, found, ~np.isfinite(found) | (found < 0.0), "it must be a finite number, 0 or more")
        refuse(field, found, np.diff(found, prepend=0.0) < 0.0, "later looks cannot have less")
        return float(stopping @ found)

    times = [float(time(float(level))) for level in design.information] if callable(time) else time
    return Characteristics(
        drift=drift,
        power=float(exits.efficacy.sum()),
        information=design.information,
        efficacy=exits.efficacy,
        harm=exits.harm,
        futility=exits.futility,
        expected_information=float(stopping @ design.information),
        expected_events=mean("events", events),
        expected_patients=mean("patients", patients),
        expected_time=mean("time", times),
    )
