"""The small protocol and a comparison of two of its forms, made once for all tests of the room."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.compare.run import Comparison, compare
from sim.protocol.resolve import load_protocol
from sim.protocol.schema import Protocol

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def small() -> Protocol:
    return load_protocol(HERE / "small.yaml")


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    return compare(HERE / "small-compare.yaml")
