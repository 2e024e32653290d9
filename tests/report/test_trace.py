"""The story of one synthetic patient: its words, for patients whose course is known by heart."""

from __future__ import annotations

import pytest

from sim.batch.run import simulate
from sim.errors import UsageError
from sim.protocol.schema import Protocol
from sim.report.trace import trace

RELAPSE_AND_DEATH = """\
Synthetic patient 0 of small, seed 1, replicate 0
A small protocol: induction, two cycles, follow-up

At entry: age: 51.12 years; a donor: yes.

Day 0.00: Enrolled. Induction [A] begins. Given: chemotherapy 2 (doses).
Day 28.00: MRD (latent) is now −3.00 log10. Remission. Sample taken: PCR (MRD after induction).
Day 38.00: Result: MRD after induction is positive. Transplant [ALLO] begins (transplant).
Day 68.00: Follow-up [FOLLOW_UP] begins.
Day 122.07: Relapse. PALLIATIVE begins.
Day 137.85: Disease. Death.

Day 137.85 (4.5 months): dead, in phase DEAD.
In all: chemotherapy 2 doses.
Synthetic patients; not for the care of patients; doses are not guidance.
"""

CYCLES_AND_TOXICITY = """\
Day 38.00: Result: MRD after induction is positive. Cycles [B] begins. Cycle 1 of 2. Given:
    chemotherapy 1 (doses).
Day 45.00: MRD (latent) is now −5.00 log10.
Day 45.78: Toxicity: Fever, grade 1-2.
Day 59.00: Cycle 2 of 2. Given: chemotherapy 1 (doses).
Day 62.63: Toxicity: Fever, grade 3.
Day 66.00: MRD (latent) is eradicated.
Day 80.00: Follow-up [FOLLOW_UP] begins.
"""


def test_a_story_with_relapse_and_death(small: Protocol) -> None:
    assert trace(small, patient=0, seed=1).text == RELAPSE_AND_DEATH


def test_a_story_with_cycles_and_toxicity(small: Protocol) -> None:
    assert CYCLES_AND_TOXICITY in trace(small, patient=3, seed=1).text


def test_a_story_ends_with_the_horizon(small: Protocol) -> None:
    text = trace(small, patient=0, seed=1, horizon="100 d").text
    assert "Day 100.00: End of follow-up." in text
    assert "Day 100.00 (3.3 months): alive at the end of follow-up, in phase FOLLOW_UP." in text
    assert "Relapse" not in text


def test_an_override_changes_the_story(small: Protocol) -> None:
    text = trace(small, patient=0, seed=1, set=["phases.A.lasts=35 d"]).text
    assert "Day 35.00: MRD (latent) is now −3.00 log10." in text


def test_the_story_is_that_of_the_patient_in_the_crowd(small: Protocol) -> None:
    crowd = simulate(small, patients=40, seed=9).events
    for patient in (0, 17, 39):
        told = [step.time_days for step in trace(small, patient=patient, seed=9).steps]
        happened = crowd.loc[crowd["patient"] == patient, "time_days"]
        assert set(happened) <= set(told)


def test_a_hazard_without_the_event_of_its_name_is_named_in_brackets(small: Protocol) -> None:
    overrides = [
        "hazards.relapse.emits=worse",
        "flags.in_remission.cleared_by=worse",
        "hazards.disease.clock.since=[worse, refractory]",
        "endpoints.LFS.event=[worse, death]",
        "endpoints.CIR.event=worse",
        "endpoints.NRM.competing=worse",
    ]
    assert "Day 122.07: Worse (relapse). PALLIATIVE begins." in trace(small, patient=0, seed=1, set=overrides).text


def test_a_notebook_shows_the_same_story_without_markup_of_its_own(small: Protocol) -> None:
    html = trace(small, patient=0, seed=1)._repr_html_()
    assert "Day 122.07</th>" in html
    assert "not for the care of patients" in html
    odd = small.model_copy(update={"title": "a <b> & c"})
    assert "a &lt;b&gt; &amp; c" in trace(odd, patient=0, seed=1)._repr_html_()


def test_a_patient_below_zero_is_refused(small: Protocol) -> None:
    with pytest.raises(UsageError, match="first"):
        trace(small, patient=-1, seed=1)
