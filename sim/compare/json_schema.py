"""JSON Schemas of comparisons, evidence and trials, for editors; ``python -m sim.compare.json_schema`` writes them."""

from __future__ import annotations

from typing import Any

from sim.compare.config import CompareConfig
from sim.evidence.schema import Evidence
from sim.evidence.trial_design import Trial
from sim.protocol.json_schema import schema_of, write


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schemas of the documents that rooms above sim/protocol define, by file name."""
    return {
        "engraft-compare-1.schema.json": schema_of(CompareConfig, "Engraft comparison"),
        "engraft-evidence-1.schema.json": schema_of(Evidence, "Engraft evidence"),
        "engraft-trial-1.schema.json": schema_of(Trial, "Engraft trial design"),
    }


if __name__ == "__main__":
    write(schemas())
