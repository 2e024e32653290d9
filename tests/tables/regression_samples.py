"""Data sets of the regression checks: public ones of R's survival and MASS, and rows made by formula. No results."""

from __future__ import annotations

import numpy as np


def _numbers(text: str) -> np.ndarray:
    return np.array(text.split(), dtype=float)


i = np.arange(40)
FORTY = {
    "time": 1.0 + (37 * i) % 41 + i % 3,
    "cause": (7 * i + i // 5) % 3,
    "group": (i // 2) % 2,
    "stratum": i % 2,
    "x": (i * i) % 7,
    "site": i // 4,
}
FORTY["entry"] = np.floor((i % 4) * FORTY["time"] / 5)
FORTY["event"] = FORTY["cause"] > 0
FORTY_TEXT = "forty rows of the issue, i = 0..39, x = i^2 mod 7"

# MASS::gehan: remission times in weeks; odd rows are the control arm (treat == "control").
GEHAN = {
    "time": _numbers(
        "1 10 22 7 3 32 12 23 8 22 17 6 2 16 11 34 8 32 12 25 2 11 5 20 4 19 15 6 8 17 23 35 5 6 11 13 4 9 1 6 8 10"
    ),
    "event": _numbers("1 1 1 1 1 0 1 1 1 1 1 1 1 1 1 0 1 0 1 0 1 0 1 0 1 0 1 1 1 0 1 0 1 1 1 1 1 0 1 0 1 0"),
    "control": (np.arange(42) + 1) % 2,
}

# survival::ovarian: days, death, age, treatment.
OVARIAN = {
    "time": _numbers(
        "59 115 156 421 431 448 464 475 477 563 638 744 769 770 803 855 1040 1106 1129 1206 1227 268 329 353 365 377"
    ),
    "event": _numbers("1 1 1 0 1 0 1 1 0 1 1 0 0 0 0 0 0 0 0 0 0 1 1 1 1 0"),
    "age": _numbers(
        "72.3315 74.4932 66.4658 53.3644 50.3397 56.4301 56.937 59.8548 64.1753 55.1781 56.7562 50.1096 "
        "59.6301 57.0521 39.2712 43.1233 38.8932 44.6 53.9068 44.2055 59.589 74.5041 43.137 63.2192 64.4247 "
        "58.3096"
    ),
    "rx": _numbers("1 1 1 2 1 1 2 2 1 2 1 2 2 2 1 1 1 1 2 2 2 1 1 2 2 2"),
}
