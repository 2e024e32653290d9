"""The JSON Schema of designs, for editors. ``python -m sim.design.config_schema`` rewrites its file."""

from __future__ import annotations

from typing import Any

from sim.design.config import DesignConfig
from sim.protocol.json_schema import schema_of, write


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of this room by file name."""
    return {"engraft-design-1.schema.json": schema_of(DesignConfig, "Engraft design")}


if __name__ == "__main__":
    write(schemas())
