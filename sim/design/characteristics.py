"""How a group-sequential design behaves under a drift: power, stopping, what to expect. No boundary is found here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    events, patients, time
        At the looks; NaN where the events of a look are not expected under the effect. None where nothing was given.
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
    events: Floats | None = None
    patients: Floats | None = None
    time: Floats | None = None

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


def summary(found: Sequence[tuple[str, Characteristics]]) -> pd.DataFrame:
    """Operating characteristics under named effects, one row each; quantities that none of them has are left out."""
    import pandas as pd

    looks = max(len(each.information) for _, each in found)
    rows = []
    for name, each in found:
        row: dict[str, object] = {"hypothesis": name, "drift": each.drift, "rejected": each.power}
        if looks > 1:
            row["stopped_early"] = float((each.efficacy + each.harm + each.futility)[:-1].sum())
        row["expected_events"] = each.expected_events
        row["expected_patients"] = each.expected_patients
        row["expected_duration"] = each.expected_time
        rows.append(row)
    table = pd.DataFrame(rows)
    numbers = table.columns[1:]
    table[numbers] = table[numbers].astype(float)
    return table.dropna(axis="columns", how="all")


def stopping(found: Sequence[tuple[str, Characteristics]]) -> pd.DataFrame:
    """One row an effect and look: when it comes, probability of stopping there by reason, and of having stopped."""
    import pandas as pd

    tables = []
    for name, each in found:
        looks = len(each.information)
        table: dict[str, object] = {"hypothesis": [name] * looks, "look": np.arange(1, looks + 1)}
        table |= {"time": each.time, "events": each.events, "patients": each.patients}
        table |= {"efficacy": each.efficacy, "harm": each.harm, "futility": each.futility}
        table["rejected"] = np.cumsum(each.efficacy)
        table["stopped"] = np.cumsum(each.efficacy + each.harm + each.futility)
        tables.append(pd.DataFrame({key: np.nan if value is None else value for key, value in table.items()}))
    whole = pd.concat(tables, ignore_index=True).dropna(axis="columns", how="all")
    return whole if whole["harm"].any() else whole.drop(columns="harm")


def one_analysis(
    drift: float, power: float, *, events: float | None = None, patients: float | None = None, time: float | None = None
) -> Characteristics:
    """Operating characteristics of a trial with one analysis; what is NaN is not expected under the effect."""

    def known(value: float | None) -> float | None:
        return None if value is None or np.isnan(value) else value

    def column_of(value: float | None) -> Floats | None:
        return None if value is None else np.array([value])

    return Characteristics(
        drift=drift,
        power=power,
        information=np.ones(1),
        efficacy=np.array([power]),
        harm=np.zeros(1),
        futility=np.array([1.0 - power]),
        expected_information=1.0,
        expected_events=known(events),
        expected_patients=known(patients),
        expected_time=known(time),
        events=column_of(events),
        patients=column_of(patients),
        time=column_of(time),
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

    def at_looks(field: str, values: ArrayLike | None) -> Floats | None:
        if values is None:
            return None
        found = column(field, values, or_single=True)
        if found.size == 1 and field == "events":
            found = found * design.information
        if found.size != design.looks:
            raise EngraftError(f"{field}: found {found.size} values; {design.looks} looks need {design.looks}")
        refuse(field, found, ~np.isfinite(found) | (found < 0.0), "it must be a finite number, 0 or more")
        refuse(field, found, np.diff(found, prepend=0.0) < 0.0, "later looks cannot have less")
        return found

    def mean(values: Floats | None) -> float | None:
        return None if values is None else float(stopping @ values)

    times = [float(time(float(level))) for level in design.information] if callable(time) else time
    of_events, of_patients, of_time = (
        at_looks(field, values) for field, values in (("events", events), ("patients", patients), ("time", times))
    )
    return Characteristics(
        drift=drift,
        power=min(float(exits.efficacy.sum()), 1.0),  # integrated look by look, within 1e-7
        information=design.information,
        efficacy=exits.efficacy,
        harm=exits.harm,
        futility=exits.futility,
        expected_information=float(stopping @ design.information),
        expected_events=mean(of_events),
        expected_patients=mean(of_patients),
        expected_time=mean(of_time),
        events=of_events,
        patients=of_patients,
        time=of_time,
    )
