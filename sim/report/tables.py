"""Small tables of text for people to read, from a History. Estimates are those of a comparison's curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.compare.estimates import curve
from sim.endpoints.groups import at_risk
from sim.endpoints.table import EVENT, time_to_event
from sim.units import DAYS_PER_UNIT

if TYPE_CHECKING:
    import pandas as pd

    from sim.engine.history import History


def endpoint_summary(history: History) -> pd.DataFrame:
    """One row an endpoint: patients, events, and the estimate at each whole year of follow-up (five at most), as text.

    Parameters
    ----------
    history
        One simulation.

    Returns
    -------
    DataFrame
        Columns endpoint, from, estimate (what is estimated), patients, events, then ``1 y``, ``2 y``... in per cent
        with 95 % limits; "–" where nobody is followed for so long.
    """
    import pandas as pd

    year = DAYS_PER_UNIT["year"]
    years = range(1, min(5, int(history.horizon_days / year + 1e-9)) + 1)
    rows: list[dict[str, Any]] = []
    for name, rule in history.protocol.endpoints.items():
        found = time_to_event(history, rule, name=name)
        row: dict[str, Any] = {"endpoint": name, "from": rule.from_.replace("_", " "), "estimate": "–"}
        row |= {"patients": f"{found.n:,}", "events": f"{int((found.code == EVENT).sum()):,}"}
        row |= {f"{number} y": "–" for number in years}
        patients = at_risk(found)
        if patients.time.size and len(years):
            estimated = curve(rule, patients)
            row["estimate"] = estimated.kind
            at = estimated.read([number * year for number in years])
            for place, number in enumerate(years):
                row[f"{number} y"] = _limits(*(float(at[key][place]) for key in ("estimate", "ci_low", "ci_high")))
        rows.append(row)
    return pd.DataFrame(rows)


def _limits(estimate: float, low: float, high: float) -> str:
    if estimate != estimate:
        return "–"
    text = f"{100 * estimate:.1f}"
    return text if low != low else f"{text} ({100 * low:.1f}–{100 * high:.1f})"
