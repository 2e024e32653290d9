"""Every public function of sim.stats that takes times, called with one data set; for tests of degenerate input.

A call takes time, event and group (0 and 1), each of shape (n,), and gives the function's result. A new public function
that takes times gets a line here; one that does not, or takes the ends of intervals, is named in WITHOUT_TIMES.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim import stats

Call = Callable[[Any, Any, Any], object]

CALLS: dict[str, Call] = {
    "kaplan_meier": lambda time, event, group: stats.kaplan_meier(time, event),
    "aalen_johansen": lambda time, event, group: stats.aalen_johansen(time, event),
    "nelson_aalen": lambda time, event, group: stats.nelson_aalen(time, event),
    "reverse_kaplan_meier": lambda time, event, group: stats.reverse_kaplan_meier(time, event),
    "landmark_sample": lambda time, event, group: stats.landmark_sample(time, event, at=1.0),
    "log_rank": lambda time, event, group: stats.log_rank(time, event, group),
    "log_rank late": lambda time, event, group: stats.log_rank(time, event, group, gamma=1.0),
    "log_rank strata": lambda time, event, group: stats.log_rank(time, event, group, stratum=group),
    "max_combo": lambda time, event, group: stats.max_combo(time, event, group),
    "rmst": lambda time, event, group: stats.rmst(time, event, tau=2.0),
    "rmst_difference": lambda time, event, group: stats.rmst_difference(time, event, group, tau=2.0),
    "milestone_difference": lambda time, event, group: stats.milestone_difference(time, event, group, at=2.0),
    "milestone_difference log-log": lambda time, event, group: stats.milestone_difference(
        time, event, group, at=2.0, scale="log-log"
    ),
    "incidence_difference": lambda time, event, group: stats.incidence_difference(time, event, group, at=2.0),
    "cox": lambda time, event, group: stats.cox(time, event, {"group": group}, robust=True),
    "profile_interval": lambda time, event, group: stats.profile_interval(stats.cox(time, event, {"group": group})),
    "proportionality_test": lambda time, event, group: stats.proportionality_test(stats.cox(time, event, group)),
    "schoenfeld_residuals": lambda time, event, group: stats.schoenfeld_residuals(stats.cox(time, event, group)),
    "baseline_hazard": lambda time, event, group: stats.baseline_hazard(stats.cox(time, event, group)),
    "gray_test": lambda time, event, group: stats.gray_test(time, event, group),
    "fine_gray": lambda time, event, group: stats.fine_gray(time, event, group),
    "one_sample_log_rank": lambda time, event, group: stats.one_sample_log_rank(time, event, hazards=[(0, 0.1)]),
    "average_hazard_ratio": lambda time, event, group: stats.average_hazard_ratio(time, event, group),
}
"""Name of the public function (with what is special about the call after a space) to the call."""

WITHOUT_TIMES = {
    "average_hazard_ratio_of_curves",
    "binomial_interval",
    "interval_score_test",
    "paired_difference",
    "simon_design",
    "turnbull",
    "two_stage_design",
    "unpaired_difference",
}
