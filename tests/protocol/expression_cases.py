"""A scope with one name of every sort, shared by the tests of expressions. No test here."""

from __future__ import annotations

from sim.protocol.expression_types import Boolean, Number, Scope, States

MRD = ("not_evaluable", "negative", "positive")
SCOPE = Scope(
    parameters={
        "cr_rate": (0.9, None),
        "kill_chemo": (-0.9, "log10 per course"),
        "kill_blina": (-3.2, "log10 per cycle"),
        "slope_mrd": (0.35, "log hazard per log10"),
        "cure": (0.3, "probability"),
        "growth": (0.1, "log10 per month"),
        "window": (28.0, "days"),
        "nothing": (0.0, None),
    },
    switches={"a2_stays": (True, ()), "late": (False, ()), "gate": ("diagnosis", ("diagnosis", "remission"))},
    attributes={
        "age": Number("years"),
        "donor": Boolean(),
        "blina_active": Boolean(),
        "kill_factor": Number("log10"),
        "mrd_after_a1": States(MRD),
        "mrd_after_c1": States(MRD),
        "mrd_reversed": States(MRD[::-1]),
        "sex": States(("female", "male")),
        "age_band": States(("16-35", "36-65", "outside")),
    },
    flags=("in_remission",),
    markers={"mrd": "log10"},
    counters={"intrathecal": "doses", "hospital": "days"},
    phases=("A1", "ALLO"),
    events=("enrolment", "relapse", "transplant"),
)
