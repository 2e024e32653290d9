"""Data sets of the rank and survival checks beside those of the regressions: public ones and by formula. No results."""

from __future__ import annotations

import numpy as np
from regression_samples import FORTY, GEHAN

# survival::aml, weeks; group 0 is maintained, 1 is not.
AML = {
    "time": np.array([9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45], float),
    "event": np.array([1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]),
    "group": np.array([0] * 11 + [1] * 12),
}

_k = np.arange(200)
COARSE = {
    "time": (_k * _k + 3 * _k) % 23 / 4,
    "event": (5 * _k + _k // 7) % 4 > 0,
    "two": _k % 2,
    "four": _k % 5 % 4,
    "stratum": (_k // 3) % 4,
}
COARSE_TEXT = (
    "200 rows on a coarse grid, heavy ties, k = 0..199: T = (k^2 + 3k mod 23) / 4, event = (5k + k div 7) mod 4 > 0"
)

FORTY = FORTY | {"three": np.arange(40) % 3}
GEHAN = GEHAN | {"pair": np.arange(42) // 2}
