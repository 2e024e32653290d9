"""Every public function of sim.stats that takes times, called with one data set; for tests of degenerate input.

A call takes time, event and group (0 and 1), each of shape (n,), and gives the function's result. A new public function
that takes times gets a line here; one that does not is named in WITHOUT_TIMES.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim import stats

Call = Callable[[Any, Any, Any], object]

CALLS: dict[str, Call] = {
    "kaplan_meier": lambda time, event, group: stats.kaplan_meier(time, event),
    "aalen_johansen": lambda time, event, group: stats.aalen_johansen(time, event),
    "cox": lambda time, event, group: stats.cox(time, event, {"group": group}, robust=True),
    "profile_interval": lambda time, event, group: stats.profile_interval(stats.cox(time, event, {"group": group})),
    "proportionality_test": lambda time, event, group: stats.proportionality_test(stats.cox(time, event, group)),
    "schoenfeld_residuals": lambda time, event, group: stats.schoenfeld_residuals(stats.cox(time, event, group)),
    "baseline_hazard": lambda time, event, group: stats.baseline_hazard(stats.cox(time, event, group)),
    "gray_test": lambda time, event, group: stats.gray_test(time, event, group),
    "fine_gray": lambda time, event, group: stats.fine_gray(time, event, group),
}
"""Name of the public function (with what is special about the call after a space) to the call."""

WITHOUT_TIMES = {"binomial_interval", "paired_difference", "unpaired_difference"}
