"""The public names of `sim`: complete, imported at first use, and cheap until then."""

from __future__ import annotations

import subprocess
import sys

import pytest

import sim

HEAVY = ["numba", "numpy", "pandas", "scipy", "matplotlib", "pydantic", "simpy", "typer", "yaml"]


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    "name", ["compare", "design", "evidence", "load_protocol", "simulate", "trace", "write_report"]
)
def test_each_verb_is_there(name: str) -> None:
    assert callable(getattr(sim, name))
    assert name in sim.__all__
    assert name in dir(sim)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'sim' has no attribute 'simulat'"):
        _ = sim.simulat


def test_importing_sim_imports_no_library() -> None:
    assert run(f"import sys, sim; print([name for name in {HEAVY} if name in sys.modules])") == "[]"


def test_importing_sim_takes_less_than_50_ms() -> None:
    code = "import time; start = time.process_time(); import sim; print(time.process_time() - start)"
    assert min(float(run(code)) for _ in range(3)) < 0.05


@pytest.mark.parametrize("first", ["import sim", "import sim.compare.run", "from sim.report.trace import trace"])
def test_compare_can_be_called_whatever_was_imported_first(first: str) -> None:
    assert run(f"{first}; import sim; print(callable(sim.compare))") == "True"


@pytest.mark.parametrize("first", ["import sim", "import sim.evidence.load", "from sim.compare.run import compare"])
def test_evidence_can_be_called_whatever_was_imported_first(first: str) -> None:
    assert run(f"{first}; import sim; print(sim.evidence('fbmtg'))") == "Audit of fbmtg: 8 hard, 9 soft, 0 note"
