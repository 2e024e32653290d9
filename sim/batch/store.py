"""Writes the tables of one simulation: patients, events, endpoints, funnel. How files are written, `folder` knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.batch.folder import ResultFolder

if TYPE_CHECKING:
    import pandas as pd

    from sim.engine.history import History


def write_history(history: History, folder: ResultFolder, *, endpoints: pd.DataFrame) -> None:
    """Write the tables of a simulation into a folder that the caller finishes.

    Parameters
    ----------
    history
        What happened to every patient.
    folder
        Where to write.
    endpoints
        Columns patient, endpoint, time_days, event, cause; the arm is the protocol's id, since a simulation has one.
    """
    folder.write_csv("patients.csv", history.patients)
    folder.write_csv("events.csv", history.events)
    folder.write_csv("funnel.csv", history.funnel)
    folder.write_csv("endpoints.csv", endpoints.assign(arm=history.protocol.id)[[*_ENDPOINT_COLUMNS]])


_ENDPOINT_COLUMNS = ("patient", "arm", "endpoint", "time_days", "event", "cause")
