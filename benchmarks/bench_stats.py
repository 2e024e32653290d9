"""Microseconds a trial for the batch statistics, beside a numpy log-rank of one trial; paired, with the machine.

The two log-rank forms are timed in turn, several times, so that a busy machine slows both. Trials are packed (sorted)
before; what packing costs is a line of its own. Compiling, once a machine, is not timed.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sim.stats import batch

GOAL = 8.0  # microseconds a log-rank of 300 patients
PATIENTS = 300


def simulated(trials: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two arms of 150, exponential times with hazard ratio 0.7, uniform censoring: about half have the event."""
    random = np.random.default_rng(seed)
    group = np.tile(np.arange(PATIENTS) % 2, (trials, 1))
    event_time = random.exponential(1 / np.where(group == 1, 0.7, 1.0))
    censored = random.uniform(0.3, 1.7, group.shape)
    return np.minimum(event_time, censored), (event_time <= censored).astype(np.int64), group


def numpy_log_rank(time_: np.ndarray, event: np.ndarray, group: np.ndarray) -> float:
    """The statistic z of one trial sorted by time, in numpy: what an analyst would write without a compiler."""
    first = np.concatenate(([True], time_[1:] != time_[:-1]))
    start = np.flatnonzero(first)
    n = time_.size - start
    n1 = group.sum() - np.concatenate(([0], np.cumsum(group)))[start]
    d, d1 = np.add.reduceat(event, start), np.add.reduceat(event * group, start)
    several = n > 1
    variance = (d * n1 / n * (1 - n1 / n) * (n - d))[several] / (n - 1)[several]
    return float((d1.sum() - (d * n1 / n).sum()) / np.sqrt(variance.sum()))


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of a piece of work, and its result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def machine() -> str:
    """Processor, cores and versions."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration, IndexError):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--trials", type=int, default=2_000, help="trials a round")
    given = parser.parse_args()
    columns = simulated(given.trials, seed=1)
    packed = batch.trials(*columns)
    rows = packed.rows
    singles = [
        tuple(values[first : first + PATIENTS] for values in (rows.time, rows.event, rows.group))
        for first in range(0, rows.time.size, PATIENTS)
    ]
    work: dict[str, Callable[[], Any]] = {
        "log-rank": lambda: batch.log_rank(packed).z,
        "log-rank, one by one in numpy": lambda: [numpy_log_rank(*single) for single in singles],
        "Fleming-Harrington (0, 1)": lambda: batch.log_rank(packed, gamma=1.0),
        "four weights of MaxCombo": lambda: batch.max_combo(packed),
        "Cox, Efron: score and hazard ratio": lambda: batch.cox(packed),
        "survival at a time": lambda: batch.milestone(packed, at=0.25),
        "restricted mean": lambda: batch.rmst(packed, tau=0.25),
        "cumulative incidence at a time": lambda: batch.cumulative_incidence(packed, at=0.25),
        "check, sort and pack": lambda: batch.trials(*columns),
    }
    compiled, plain = work["log-rank"](), work["log-rank, one by one in numpy"]()
    apart = float(np.abs(compiled - plain).max())
    spent: dict[str, list[float]] = {name: [] for name in work}
    for round_ in range(given.rounds):
        for name in list(work) if round_ % 2 else list(work)[::-1]:
            spent[name].append(seconds(work[name])[0] / given.trials * 1e6)
    print(f"{given.trials:,} trials of {PATIENTS} patients, {given.rounds} rounds, one core; {machine()}")
    for name, values in spent.items():
        goal = f"   goal: {GOAL:g}" if name == "log-rank" else ""
        print(
            f"  {name:<36} {statistics.median(values):8.2f} us a trial ({min(values):.2f} to {max(values):.2f}){goal}"
        )
    gain = [b / a for a, b in zip(spent["log-rank"], spent["log-rank, one by one in numpy"], strict=True)]
    print(f"  numpy / compiled, a round at a time  {statistics.median(gain):8.1f} ({min(gain):.1f} to {max(gain):.1f})")
    print(f"  largest difference of the two z: {apart:.1e}")


if __name__ == "__main__":
    main()
