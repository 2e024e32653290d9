"""Markers: drift, shifts, caps, eradication, crossings to the tick, assays, hazards that read a level."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

REGROWTH = """
patient:
  depth: {draw: {normal: [-5, 1]}, unit: log10}
  speed: {draw: {lognormal: [0.01, 0.5]}}
flags: {untreated: {set_by: stopped, cleared_by: restarted}}
markers:
  mrd: {unit: log10, start: "min(-2, depth)", at_most: 0, eradicated_below: -7, drift: {per_day: speed,
        while: untreated}}
crossings:
  regrowth: {marker: mrd, rises_to: -1.3, emits: regrowth}
  molecular: {marker: mrd, rises_to: -4, while: untreated, emits: molecular}
phases:
  COURSE: {lasts: 30 d, shift: {mrd: -1}, goto: PAUSE}
  PAUSE: {lasts: 100 d, emits: stopped, goto: LAST}
  LAST: {lasts: 50 d, emits: restarted, shift: {mrd: -0.5}, goto: OFF}
  OFF: {open: true, emits: stopped}
"""


def test_crossings_come_when_the_line_meets_the_level(lab: Any, way: tuple[str, int]) -> None:
    """Exact by patient: course to day 30 (shift -1), growth to 130, standstill with shift -0.5 to 180, growth after."""
    engine, n = way
    history = lab.run(REGROWTH, min(n, 20_000), engine)
    level, speed = np.minimum(-2.0, history.attribute("depth")), history.attribute("speed")
    after_course = level - 1.0
    again = np.minimum(after_course + 100.0 * speed, 0.0) - 0.5
    gone = after_course < -7.0
    gone_later = ~gone & (again < -7.0)
    for event, to in (("molecular", -4.0), ("regrowth", -1.3)):
        early = 30.0 + (to - after_course) / speed
        late = 180.0 + (to - again) / speed
        expected = np.where(
            (after_course < to) & (early < 130.0), early, np.where((again < to) & ~gone_later, late, np.inf)
        )
        expected[gone | (expected >= 3652.5)] = np.inf
        found = lab.days(history, event)
        clear = np.abs(expected - 130.0) > 1e-4  # within a tick of the end of the pause either is right
        assert found[clear] == pytest.approx(expected[clear], abs=1.01e-5)
    assert history.patients.mrd.to_numpy()[gone | gone_later] == pytest.approx(-7.0)
    assert history.patients.mrd.max() <= 0.0


def test_crossing_times_have_the_quantiles_of_the_normal_distribution(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    probe = """
    patient: {depth: {draw: {normal: [-6, 1.5]}}}
    markers: {mrd: {start: depth, at_most: 0, drift: {per_day: 0.02}}}
    crossings: {relapse: {marker: mrd, rises_to: -1.3, emits: relapse, goto: ILL}}
    phases: {CARE: {open: true}, ILL: {open: true}}
    """
    days = lab.days(lab.run(probe, n, engine), "relapse")
    # Who starts above the level does not cross it.
    cdf = lambda t: stats.norm.cdf(-1.3, -6, 1.5) - stats.norm.cdf(-1.3 - 0.02 * t, -6, 1.5)  # noqa: E731
    lab.curve(days, cdf, (50, 150, 235, 350, 600), "crossing")


ONE_LINE = """
markers:
  mrd: {{start: {start}, at_most: {cap}, eradicated_below: -12, drift: {{per_day: {slope}, while: {while_}}}{grid}}}
crossings: {{relapse: {{marker: mrd, rises_to: {to}, emits: relapse}}}}
{more}
"""


def line(
    start: float = -4,
    cap: float = 0,
    slope: float = 0.01,
    to: float = -1,
    while_: str = "true",
    grid: str = "",
    more: str = "",
) -> str:
    return ONE_LINE.format(
        start=start, cap=cap, slope=slope, to=to, while_=while_, grid=grid, more=more or "phases: {CARE: {open: true}}"
    )


def test_a_line_capped_below_the_level_never_meets_it(lab: Any) -> None:
    assert lab.times(line(cap=-2), "relapse") == []
    assert lab.times(line(), "relapse") == [300.0]


def test_a_crossing_is_met_once_until_the_line_falls(lab: Any) -> None:
    more = """
phases:
  ONE: {lasts: 500 d, shift: {mrd: -2}, goto: TWO}
  TWO: {open: true}
"""
    # Day 300; capped at 0 from day 400; at 500 down to -2, and 100 days to -1 again.
    assert lab.times(line(more=more), "relapse") == [300.0, 600.0]
    shallow = more.replace("-2}", "-0.5}")
    assert lab.times(line(more=shallow), "relapse") == [300.0]


def test_a_crossing_at_the_tick_of_another_event_is_not_lost(lab: Any) -> None:
    """At day 300 the line is at the level; another event or a reading by the grid at that tick must not hide it."""
    more = """
flags: {other: {set_by: noise}}
delays: {ring: {since: enrolment, after: 300 d, emits: noise}}
phases: {CARE: {open: true}}
hazards:
  never: {clock: {since: enrolment}, while: other, baseline: {exponential: {mean: 1e6 y}},
        multiply: [{exp: 0.1 * mrd}], emits: never}
"""
    for grid in ("", ", hazards_read_every: 30 d", ", hazards_read_every: 100 d"):
        text = line(grid=grid, more=more.replace("{exp: 0.1 * mrd}", "{exp: 0.1 * mrd}" if grid else "1"))
        assert lab.times(text, "relapse") == [300.0], grid


@pytest.mark.parametrize(
    ("start", "slope", "days"), [(-4, 0.01, 270), (-3.3, 0.02, 100), (-6.1, 0.04, 120), (-2.5, 0.003, 400)]
)
def test_a_crossing_on_the_grid_is_met(lab: Any, start: float, slope: float, days: float) -> None:
    more = """
phases: {CARE: {open: true}}
hazards:
  never: {clock: {since: enrolment}, baseline: {exponential: {mean: 1e6 y}}, multiply: [{exp: 0.1 * mrd}], emits: never}
"""
    text = line(start=start, slope=slope, to=-1.3, grid=", hazards_read_every: 10 d", more=more)
    assert lab.times(text, "relapse") == [pytest.approx(days, abs=1.1e-5)]


def test_a_line_that_fell_by_drift_is_met_anew_when_it_rises(lab: Any) -> None:
    probe = """
    flags: {treated: {set_by: start_drug, cleared_by: stop_drug}}
    markers: {mrd: {start: -4, at_most: 0, drift: {per_day: "if(treated, -0.02, 0.01)"}}}
    crossings: {relapse: {marker: mrd, rises_to: -2, emits: relapse}}
    phases:
      OFF: {lasts: 300 d, goto: ON}
      ON: {lasts: 100 d, emits: start_drug, goto: OFF_AGAIN}
      OFF_AGAIN: {open: true, emits: stop_drug}
    """
    # Up: -2 on day 200, -1 on day 300; down to -3 on day 400; -2 again on day 500.
    assert lab.times(probe, "relapse") == [200.0, 500.0]


def test_a_falling_line_is_eradicated_at_its_floor_and_stays(lab: Any) -> None:
    probe = """
    flags: {treated: {set_by: start_drug, cleared_by: stop_drug}, cleared: {set_by: gone}}
    markers: {mrd: {start: -4, eradicated_below: -6, drift: {per_day: "if(treated, -0.02, 0.01)"}}}
    crossings: {relapse: {marker: mrd, rises_to: -3, emits: relapse}}
    phases:
      ON: {lasts: 150 d, emits: start_drug, choose: [{when: eradicated(mrd), event: [stop_drug, gone], goto: CURED},
            {else: OFF}]}
      CURED: {open: true}
      OFF: {open: true, emits: stop_drug}
    """
    assert lab.times(probe, "gone") == [150.0]
    assert lab.times(probe, "relapse") == []
    short = probe.replace("lasts: 150 d", "lasts: 99 d")
    assert lab.times(short, "gone") == []
    assert lab.times(short, "relapse") == [pytest.approx(99 + 2.98 / 0.01, abs=1.1e-5)]


def test_an_outcome_sets_a_level_anew_after_eradication(lab: Any) -> None:
    probe = """
    markers: {mrd: {start: -11, eradicated_below: -12, drift: {per_day: 0.1}}}
    crossings: {relapse: {marker: mrd, rises_to: -1, emits: relapse}}
    phases:
      KILL: {lasts: 10 d, shift: {mrd: -5}, goto: WAIT}
      WAIT: {lasts: 1000 d, outcomes: [{p: 0, goto: CARE}, {rest: true, set: {mrd: -2}, goto: CARE}]}
      CARE: {open: true}
    """
    assert lab.times(probe, "relapse") == [1020.0]


ASSAYS = """
patient:
  depth: {draw: {normal: [-4.2, 1.6]}}
  trackable: {draw: {bernoulli: 0.9}}
  early: {states: [not_evaluable, negative, positive]}
  late: {states: [not_evaluable, negative, positive]}
  flow: {states: [not_evaluable, negative, positive]}
markers: {mrd: {start: depth, eradicated_below: -9}}
assays:
  pcr: {reads: mrd, limit: -4, noise: {normal: [0, 0.7]}, evaluable: "if(trackable, 0.95, 0)", turnaround: 5 d}
  cytometry: {reads: mrd, limit: -3}
phases:
  ONE: {lasts: 30 d, tests: [{assay: pcr, into: early, at: start}, {assay: cytometry, into: flow}],
        shift: {mrd: -1.1}, goto: TWO}
  TWO: {lasts: 30 d, tests: [{assay: pcr, into: late}], goto: CARE}
  CARE: {open: true}
"""


def test_positive_shares_equal_the_normal_integral(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    history = lab.run(ASSAYS, n, engine)
    seen = 0.9 * 0.95
    spread = math.hypot(1.6, 0.7)
    for into, mean, share, sd, limit in (
        ("early", -4.2, seen, spread, -4.0),
        ("late", -5.3, seen, spread, -4.0),
        ("flow", -5.3, 1.0, 1.6, -3.0),
    ):
        result = history.attribute(into)
        positive = share * stats.norm.sf(limit, mean, sd)
        lab.share(result == "positive", positive, f"{into} positive")
        lab.share(result == "negative", share - positive, f"{into} negative")
        lab.share(result == "not_evaluable", 1 - share, f"{into} not evaluable")
    # Two readings of one patient share the level and nothing else: normal scores correlate by the share of variance.
    early, late = history.attribute("early"), history.attribute("late")
    both = (early != "not_evaluable") & (late != "not_evaluable")
    rho = 1.6**2 / spread**2
    scores = [(-4.0 + 4.2) / spread, (-4.0 + 5.3) / spread]
    negative = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf(scores)
    lab.share(((early == "negative") & (late == "negative"))[both], negative, "negative twice")
    known = (history.attribute("trackable") == "yes") & (early != "not_evaluable")
    lab.share((late != "not_evaluable")[known], 0.95, "evaluable again, drawn anew")


READ_ON_A_GRID = """
patient: {depth: {draw: {normal: [-3, 0.5]}}}
markers: {mrd: {start: depth, at_most: 0, drift: {per_day: 0.01}, hazards_read_every: 20 d}}
phases:
  ONE: {lasts: 130 d, shift: {mrd: -1}, goto: TWO}
  TWO: {open: true}
hazards:
  relapse: {clock: {since: enrolment}, baseline: {weibull: {shape: 1.3, scale: 900 d}},
        multiply: [{exp: 0.8 * (mrd + 2)}], emits: relapse}
"""


def test_a_hazard_reads_a_drifting_level_at_its_knots_and_on_its_grid(lab: Any, way: tuple[str, int]) -> None:
    """Knots at day 0 and, with the shift, at 130; readings every 20 days from each; quadrature over the start."""
    engine, n = way
    days = lab.days(lab.run(READ_ON_A_GRID, n, engine, horizon="2 y"), "relapse")
    depth = stats.norm.ppf((np.arange(4_000) + 0.5) / 4_000, -3, 0.5)
    knots = [*(20.0 * k for k in range(7)), *(130.0 + 20.0 * k for k in range(60))]

    def cdf(t: float) -> float:
        total = np.zeros_like(depth)
        for low, high in zip(knots, [*knots[1:], math.inf], strict=True):
            if low < t:
                level = (
                    np.minimum(depth + 0.01 * low, 0.0)
                    if low < 130
                    else np.minimum(np.minimum(depth + 1.3, 0) - 1 + 0.01 * (low - 130), 0)
                )
                total += np.exp(0.8 * (level + 2)) * ((min(high, t) / 900) ** 1.3 - (low / 900) ** 1.3)
        return float(np.mean(-np.expm1(-total)))

    lab.curve(days, cdf, (20, 125, 145, 300, 700), "relapse")
