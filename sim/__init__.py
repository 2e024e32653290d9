"""Engraft: leukaemia treatment protocols simulated patient by patient. Only the public names, imported at first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.batch.run import simulate
    from sim.compare.run import compare
    from sim.design.config_run import design
    from sim.evidence.audit.run import audit as evidence
    from sim.protocol.resolve import load_protocol
    from sim.report.html import write_report
    from sim.report.trace import trace

__version__ = "0.1.0"

__all__ = ["__version__", "compare", "design", "evidence", "load_protocol", "simulate", "trace", "write_report"]

# Where each public name lives. A user of one verb should not wait for the libraries of the others.
# `compare`, `design` and `evidence` are the rooms of these names, which can be called (see there).
_HOMES = {
    "load_protocol": "sim.protocol.resolve:load_protocol",
    "simulate": "sim.batch.run:simulate",
    "compare": "sim.compare",
    "design": "sim.design",
    "evidence": "sim.evidence",
    "trace": "sim.report.trace:trace",
    "write_report": "sim.report.html:write_report",
}


if not TYPE_CHECKING:  # a type checker would otherwise accept any name

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, _, attribute = _HOMES[name].partition(":")
        found = import_module(module)
        return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
