"""Words for what changes treatment on its way: drawn cycles, consequences of toxicities, surveillance."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.protocol.resolve import load_protocol
from sim.report.graph import graph_svg
from sim.report.trace import Trace, trace
from sim.report.ways import competing_rows, node_lines, ways
from sim.report.words import length_words

VALID = Path(__file__).parents[1] / "corpus" / "valid"


def first_with(name: str, words: str) -> Trace:
    """The story of the first patient to whom something happens."""
    for patient in range(200):
        story = trace(VALID / f"{name}.yaml", patient=patient, seed=1)
        if words in " ".join(story.text.split()):
            return story
    raise AssertionError(words)


def test_lengths_of_drawn_cycles() -> None:
    protocol = load_protocol(VALID / "drawn-cycles.yaml")
    assert length_words(protocol.phases["MAINTENANCE"], protocol) == (
        "a varying number of cycles of drawn length, median 82 d, days 1–28 or fewer; "
        "left out: 0 to 10 %, by cycle; the next late: 20 %"
    )
    assert length_words(protocol.phases["COURSES"], protocol) == "a varying number of cycles of drawn length (uniform)"
    shipped = load_protocol(VALID / "cycles.yaml")
    assert length_words(shipped.phases["BLINA"], shipped) == "4 cycles of 42 d, days 1–28"


def test_ways_out_of_a_phase_by_a_toxicity() -> None:
    protocol = load_protocol(VALID / "consequences.yaml")
    told = {(way.start, way.end): way.lines for way in ways(protocol)}
    assert told["BLINA", "OFF_TREATMENT"] == ("after ICANS",)
    assert told["BLINA", "FOLLOW_UP"] == ("after liver",)
    assert told["BLINA", "DEAD"] == ("after sepsis",)
    lines = node_lines("BLINA", protocol)
    assert "CRS, grade 3: delays what comes next" in lines
    assert "CRS, grade 4: treatment stops" in lines
    assert "ICANS, grade 1-2: the next cycle is left out" in lines
    assert b"<svg" in graph_svg(protocol)


def test_surveillance_stands_with_what_may_end_any_phase() -> None:
    protocol = load_protocol(VALID / "surveillance.yaml")
    rows = dict(competing_rows(protocol))
    assert rows["flow MRD every three months → PREEMPTIVE"] == (
        "flow every 3 months since remission, for 2 y, while in remission; positive and confirmed once, 14 d later"
    )
    assert rows["NGS checks (no change of phase)"] == "NGS every 6 months since remission or molecular relapse"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("consequences", "Treatment is delayed by 7.00 days (cytopenia)."),
        ("consequences", "The next cycle is to be left out (ICANS)."),
        ("consequences", "Treatment is stopped (CRS)."),
        ("consequences", "Treatment is left for good (ICANS)."),
        ("consequences", "This is fatal (sepsis)."),
        ("consequences", "Cycle 2 of 4 is left out."),
        ("surveillance", "Molecular relapse. PREEMPTIVE begins."),
    ],
)
def test_the_story_of_a_patient_tells_what_treatment_came_to(name: str, words: str) -> None:
    assert words in " ".join(first_with(name, words).text.split())
