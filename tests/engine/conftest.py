"""Probes: small protocols written in a test, run by a driver, compared with what theory says. No checks here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sim.batch.run import simulate
from sim.engine.history import History
from sim.protocol.document import load_document
from sim.protocol.resolve import load_protocol
from sim.protocol.schema import Protocol
from sim.units import TICKS_PER_DAY

STANDARD_ERRORS = 4.0
"""Bound of every statistical check: a right engine fails one check in 16,000, and the seeds are fixed."""

# The same check as a quick one of the suite and as a large one of `make verify`, each for all three ways.
_WAYS = [
    pytest.param(("simpy", 3_000), id="simpy"),
    pytest.param(("compiled", 20_000), id="compiled"),
    pytest.param(("python", 250), id="python"),
    pytest.param(("simpy", 200_000), id="simpy-large", marks=pytest.mark.verify),
    pytest.param(("compiled", 200_000), id="compiled-large", marks=pytest.mark.verify),
    pytest.param(("python", 5_000), id="python-large", marks=pytest.mark.verify),
]


@pytest.fixture(params=_WAYS)
def way(request: pytest.FixtureRequest) -> tuple[str, int]:
    """A driver and how many patients it is to run."""
    return request.param


class Lab:
    """Writes, runs and reads probes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.deviations: list[float] = []

    def protocol(self, text: str, **changes: Any) -> Protocol:
        """The protocol whose sections a text gives; header, death and a way to it beyond any horizon are added."""
        sections = load_document("probe.yaml", text=text).plain()
        sections.update(changes)
        document = {"schema": "engraft/1", "id": "probe", "title": "A probe", **sections}
        document["phases"].setdefault("DEAD", {"final": True, "emits": "death"})
        hazards = document.setdefault("hazards", {})
        never_soon = {"piecewise": {"cuts": ["300 y"], "hazards_per_year": [0, 365.25]}}
        hazards.setdefault("beyond", {"clock": {"since": "enrolment"}, "baseline": never_soon, "goto": "DEAD"})
        file = self.folder / f"{document['id']}.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return load_protocol(file)

    def run(
        self, probe: str | Protocol, patients: int, engine: str = "compiled", seed: int = 20_261, **how: Any
    ) -> History:
        """A probe's History; `how` goes to `simulate`."""
        protocol = self.protocol(probe) if isinstance(probe, str) else probe
        return simulate(protocol, patients=patients, seed=seed, engine=engine, **{"horizon": "10 y", **how})

    def story(self, probe: str | Protocol, patient: int = 0, **how: Any) -> list[tuple[float, str, str, str]]:
        """One patient's events as (day, event, phase, detail), the same by all ways that can run it."""
        protocol = self.protocol(probe) if isinstance(probe, str) else probe
        engines = (
            ("simpy",) if any(phase.needs for phase in protocol.phases.values()) else ("simpy", "compiled", "python")
        )
        stories = []
        for engine in engines:
            events = self.run(protocol, 1, engine, first=patient, **how).events
            rows = zip(events.time_days, events.event, events.phase, events.detail, strict=True)
            stories.append([(float(day), str(event), str(phase), str(detail)) for day, event, phase, detail in rows])
        assert all(story == stories[0] for story in stories)
        return stories[0]

    def times(self, probe: str | Protocol, event: str, **how: Any) -> list[float]:
        """Days at which an event happens to patient 0."""
        return [day for day, name, *_ in self.story(probe, **how) if name == event]

    @staticmethod
    def days(history: History, event: str) -> np.ndarray:
        """Day of each patient's first event of a name, infinite where there is none."""
        ticks = history.first_tick(event)
        return np.where(ticks < 0, np.inf, ticks / TICKS_PER_DAY)

    def share(self, happened: np.ndarray, expected: float, what: str = "") -> None:
        """A share agrees with a probability within 4 binomial standard errors.

        A deviation of 5.3 standard errors would be caught with 90 % power: at 200,000 patients and a probability of one
        half that is 0.6 percentage points, at 20,000 it is 1.9, at 5,000 it is 3.7.
        """
        n = len(happened)
        error = math.sqrt(expected * (1.0 - expected) / n)
        found = float(np.mean(happened))
        if error > 0.0:
            self.deviations.append(float((found - expected) / error))
        assert abs(found - expected) <= STANDARD_ERRORS * error + 1e-9, (
            f"{what}: {found:.5f} of {n:,}, expected {expected:.5f} with standard error {error:.5f}"
        )

    def curve(self, days: np.ndarray, cumulative: Any, at: Sequence[float], what: str = "") -> None:
        """Event times agree with a distribution function at each of some days."""
        for day in at:
            self.share(days <= day, float(cumulative(day)), f"{what} by day {day:g}")


@pytest.fixture
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Lab:
    """Where probes are written and run."""
    lab = Lab(tmp_path)
    request.node.user_properties.append(("deviations", lab.deviations))
    return lab


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how far the shares were from theory, in all."""
    reports = [report for report in terminalreporter.getreports("passed") if report.when == "call"]
    found = {report.nodeid: dict(report.user_properties).get("deviations", []) for report in reports}
    z = np.array([value for values in found.values() for value in values])
    if len(z):
        worst = max(found, key=lambda node: max(map(abs, found[node]), default=0.0))
        terminalreporter.write_line(
            f"{len(z):,} shares against theory: mean square deviation {np.mean(z**2):.3f}, "
            f"largest {np.abs(z).max():.2f} standard errors, in {worst.partition('::')[2]}"
        )
