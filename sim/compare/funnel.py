"""How the screened become the enrolled, by arm: the table of funnel.csv and its short form in text. Counts only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from sim.engine.history import History
    from sim.protocol.schema import Protocol

STAGES = ("stage", "criterion", "patients", "not_met")
FUNNEL = ("population", "arm", *STAGES)
"""Columns of funnel.csv of a comparison; one simulation has the last four."""

TITLE = "From screening to enrolment"
NOTE = (
    "Virtual patients are screened; who fails several criteria is excluded by the first of them, and stands in not met "
    "under each. The eligible are treated; those who pass the entry gate are enrolled and counted in endpoints."
)


def funnel_rows(population: str, arm: str, history: History) -> dict[str, Any]:
    """Columns of funnel.csv for one arm."""
    return {"population": population, "arm": arm, **{name: history.funnel[name].to_numpy() for name in STAGES}}


def funnel_table(funnel: pd.DataFrame, protocols: Mapping[str, Protocol]) -> pd.DataFrame:
    """A funnel as text, a column for each arm; criteria stand in the words of their titles.

    Parameters
    ----------
    funnel
        Rows of one population, with the columns `FUNNEL`.
    protocols
        The protocol of each arm.
    """
    import pandas as pd

    titles = {name: each.title or each.when for arm in protocols.values() for name, each in arm.eligibility.items()}
    arms = list(dict.fromkeys(funnel["arm"]))
    rows = []
    for stage, criterion in dict.fromkeys(zip(funnel["stage"], funnel["criterion"], strict=True)):
        row = {"stage": f"{stage} by: {titles.get(criterion, criterion)}" if criterion else stage}
        at = funnel[(funnel["stage"] == stage) & (funnel["criterion"] == criterion)].set_index("arm")
        for arm in arms:
            row |= _cells(at, arm, arm if len(arms) > 1 else "patients", bool(criterion))
        rows.append(row)
    table = pd.DataFrame(rows)
    table.attrs.update(title=TITLE, note=NOTE)
    return table


def _cells(at: pd.DataFrame, arm: str, heading: str, criterion: bool) -> dict[str, str]:
    label = "not met" if heading == "patients" else f"{heading}, not met"
    if arm not in at.index:
        return {heading: "–", label: "–"}
    patients, not_met = (int(at[name].loc[arm]) for name in ("patients", "not_met"))
    return {heading: f"{patients:,}", label: f"{not_met:,}" if criterion else ""}


def is_screened(protocols: Sequence[Protocol]) -> bool:
    """Whether any of the protocols has criteria, so that a funnel says more than numbers of patients."""
    return any(protocol.eligibility for protocol in protocols)
