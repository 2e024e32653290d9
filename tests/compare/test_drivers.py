"""Every shipped comparison at full size: SimPy, the compiled loop and, on few patients, plain Python log alike."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim.batch.run import Engine, simulate
from sim.compare.config import load_config
from sim.compare.prepare import Prepared, prepare
from sim.protocol.library import names

PLAIN = 500
"""Patients of an arm that plain Python runs too; it takes a hundred times as long as the compiled loop."""


@cache
def prepared(config: str) -> Prepared:
    return prepare(*load_config(config))


ARMS = [(config, arm) for config in names("config") for arm in load_config(config)[0].arms]


def test_every_comparison_has_20000_patients_an_arm() -> None:
    assert len(ARMS) >= 14
    assert {load_config(config)[0].patients for config, _ in ARMS} == {20_000}


@pytest.mark.verify
@pytest.mark.parametrize(("config", "arm"), ARMS)
def test_all_drivers_write_the_same_log_of_an_arm(config: str, arm: str) -> None:
    plan = prepared(config)
    sizes: dict[Engine, int] = {"simpy": plan.config.patients, "compiled": plan.config.patients, "python": PLAIN}
    runs = {
        engine: simulate(
            plan.arms[arm], patients=size, seed=plan.config.seed, engine=engine, horizon=plan.config.simulated_days
        )
        for engine, size in sizes.items()
    }
    compiled = runs["compiled"]
    assert len(compiled.log) > 10 * plan.config.patients
    np.testing.assert_array_equal(runs["simpy"].log, compiled.log)
    np.testing.assert_array_equal(runs["simpy"].end_tick, compiled.end_tick)
    np.testing.assert_array_equal(runs["python"].log, compiled.log[compiled.event_patient < PLAIN])
