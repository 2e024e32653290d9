"""How long linting each shipped protocol takes: reading, checking and exploring its courses, in processor time."""

from __future__ import annotations

import time

from sim.protocol.library import find, names
from sim.protocol.resolve import lint

ROUNDS = 5


def main() -> None:
    """Measure and print, the best of some rounds a protocol."""
    for name in names("protocol"):
        path = find(name, "protocol")
        lint(path)
        best = float("inf")
        for _ in range(ROUNDS):
            started = time.process_time()
            lint(path)
            best = min(best, time.process_time() - started)
        print(f"{name:32} {best:.2f} s")


if __name__ == "__main__":
    main()
