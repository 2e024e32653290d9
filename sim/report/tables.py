"""Small tables of text for people to read, from a History. Estimates are those of a comparison's curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.compare.estimates import curve, kind_of
from sim.compare.funnel import funnel_table, is_screened
from sim.endpoints.groups import at_risk
from sim.endpoints.table import time_to_event
from sim.units import DAYS_PER_UNIT, format_duration

if TYPE_CHECKING:
    import pandas as pd

    from sim.engine.history import History


def endpoint_summary(history: History) -> pd.DataFrame:
    """One row an endpoint and whole year of follow-up (five at most), as text.

    Parameters
    ----------
    history
        One simulation.

    Returns
    -------
    DataFrame
        Columns endpoint, from, what (is estimated), time, patients, events (by that time), at risk, estimate and 95 %
        limits in per cent; "–" where nobody is followed for so long.
    """
    import pandas as pd

    year = DAYS_PER_UNIT["year"]
    years = range(1, min(5, int(history.horizon_days / year + 1e-9)) + 1)
    rows: list[dict[str, str]] = []
    for name, rule in history.protocol.endpoints.items():
        found = time_to_event(history, rule, name=name)
        first = {"endpoint": name, "from": rule.from_.replace("_", " "), "what": kind_of(rule)}
        patients = at_risk(found)
        if not patients.time.size:
            rows.append({**first, **_counts("–", 0, 0, 0), "estimate": "–", "95 % limits": "–"})
            continue
        at = curve(rule, patients).read([number * year for number in years] or [history.horizon_days])
        for place, time in enumerate([f"{number} y" for number in years] or [format_duration(history.horizon_days)]):
            counts = _counts(time, found.n, int(at["events"][place]), int(at["at_risk"][place]))
            estimate, low, high = (float(at[key][place]) for key in ("estimate", "ci_low", "ci_high"))
            limits = "–" if low != low else f"{100 * low:.1f}–{100 * high:.1f}"
            rows.append({**first, **counts, "estimate": _per_cent(estimate), "95 % limits": limits})
    return pd.DataFrame(rows)


def screening(history: History) -> pd.DataFrame | None:
    """How the screened became the enrolled, as text; None where the protocol has no criteria of eligibility."""
    protocol = history.protocol
    if not is_screened([protocol]):
        return None
    return funnel_table(history.funnel.assign(arm=protocol.id), {protocol.id: protocol})


def _counts(time: str, patients: int, events: int, left: int) -> dict[str, str]:
    return {"time": time, "patients": f"{patients:,}", "events": f"{events:,}", "at risk": f"{left:,}"}


def _per_cent(share: float) -> str:
    return "–" if share != share else f"{100 * share:.1f}"
