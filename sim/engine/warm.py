"""Compiles the engine before its first use: `python -m sim.engine.warm`. What it simulates is thrown away."""

from __future__ import annotations

from sim.engine.jit import announce
from sim.engine.loop import run_loop
from sim.engine.plan import compile_plan
from sim.engine.simpy_driver import run_simpy
from sim.protocol.resolve import load_protocol

PROTOCOL = "all-mrd2019"
"""Any protocol will do: compiled code is the same for all."""


def main() -> None:
    """Simulate one patient with both drivers, which leaves compiled code in the cache."""
    plan = compile_plan(load_protocol(PROTOCOL))
    ints = plan.for_run(seed=0, replicate=0, horizon_days=1.0, detail=False)
    announce()
    run_simpy(plan, ints, first=0, count=1)
    run_loop(plan, ints, first=0, count=1, plain=False)


if __name__ == "__main__":
    main()
