"""Designs by closed forms and numerical integration: events, sample size, boundaries. No simulation, no protocols."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallableRoom(ModuleType):
    """The verb and its room share a name, as those of `sim.compare` do: ``sim.design(config)`` computes a design."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Compute the design of a config; see `sim.design.config_run.design`, which takes the same arguments."""
        from sim.design.config_run import design

        return design(*args, **options)


sys.modules[__name__].__class__ = _CallableRoom
