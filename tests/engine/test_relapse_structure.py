"""Relapse as a hazard that rises with MRD, or as regrowth past 5 % blasts: one protocol, one switch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.batch.run import simulate
from sim.protocol.resolve import lint, load_protocol

FILE = Path(__file__).parents[1] / "corpus" / "valid" / "relapse-structure.yaml"
NAMES = ("drawn-cycles", "consequences", "surveillance", "relapse-structure")


@pytest.mark.parametrize("structure", ["hazard", "regrowth"])
def test_the_file_is_right_under_either_structure(structure: str, tmp_path: Path) -> None:
    """Nothing counts as idle because of how the switch stands."""
    file = tmp_path / "either.yaml"
    file.write_text(FILE.read_text("utf-8").replace("{value: hazard,", f"{{value: {structure},"), "utf-8")
    assert lint(file) == []


def test_each_structure_brings_relapse_in_its_own_way() -> None:
    causes = {}
    for structure in ("hazard", "regrowth"):
        history = simulate(
            FILE, patients=400, seed=3, engine="compiled", set=[f"switches.relapse_structure.value={structure}"]
        )
        events = history.events
        causes[structure] = set(events[events.event == "relapse"].detail)
        assert 100 < (events.event == "relapse").sum() < 400
    assert causes == {"hazard": {"relapse_by_mrd"}, "regrowth": {"regrowth"}}


def test_both_structures_share_the_luck_that_they_share() -> None:
    histories = [
        simulate(FILE, patients=300, seed=3, engine="compiled", set=[f"switches.relapse_structure.value={structure}"])
        for structure in ("hazard", "regrowth")
    ]
    for name in ("depth", "own_growth"):
        assert np.array_equal(histories[0].attribute(name), histories[1].attribute(name))
    neither = [history.first_tick("relapse") < 0 for history in histories]
    both = neither[0] & neither[1]
    assert both.sum() > 20
    assert (histories[0].end_tick[both] == histories[1].end_tick[both]).all()


def test_regrowth_takes_the_distance_over_the_rate(lab: Any, way: tuple[str, int]) -> None:
    """Time to 5 % blasts is log-normal where the rate is; without enough left, it never comes."""
    engine, n = way
    probe = """
    patient: {growth: {draw: {lognormal: [0.012, 0.5]}, unit: log10 per day}}
    flags: {in_remission: {set_by: remission, cleared_by: relapse}}
    markers: {mrd: {start: -4.3, unit: log10, drift: {per_day: growth, while: in_remission}}}
    crossings: {regrowth: {marker: mrd, rises_to: -1.3, while: in_remission, emits: relapse}}
    phases: {CARE: {open: true, emits: remission}}
    """
    relapse = lab.days(lab.run(probe, n, engine, horizon="20 y"), "relapse")
    for day in (100.0, 200.0, 250.0, 400.0, 800.0):
        expected = float(stats.norm.sf(np.log(3.0 / day / 0.012) / 0.5))
        lab.share(relapse <= day, expected, f"by day {day}")


@pytest.mark.parametrize("name", NAMES)
def test_all_drivers_give_the_same_bytes(name: str) -> None:
    protocol = load_protocol(FILE.with_name(f"{name}.yaml"))
    settings = [()]
    if name == "relapse-structure":
        settings.append(("switches.relapse_structure.value=regrowth",))
    for overrides in settings:
        runs = [
            simulate(protocol, patients=n, seed=8, engine=engine, set=overrides, detail=True)
            for engine, n in (("compiled", 120), ("simpy", 120), ("python", 120))
        ]
        for run in runs[1:]:
            for array in ("log", "ints", "floats"):
                assert getattr(run, array).tobytes() == getattr(runs[0], array).tobytes(), array
        assert runs[0].events.equals(runs[2].events)
