"""How long a fresh process takes to print its help: the median of ten, which should stay under 0.4 s."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

LIMIT = 0.4  # seconds
ROUNDS = 10


def seconds() -> float:
    """One fresh process."""
    started = time.perf_counter()
    command = [sys.executable, "-c", "from sim.cli.main import main; main()", "--help"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    taken = [seconds() for _ in range(ROUNDS)]
    median = statistics.median(taken)
    print(f"engraft --help: median {median:.2f} s, longest {max(taken):.2f} s of {ROUNDS} (limit {LIMIT} s)")
    sys.exit(median > LIMIT)
