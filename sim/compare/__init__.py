"""Arms side by side: each study as published, and every protocol in one population. The work is done in `run`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallableRoom(ModuleType):
    """The verb and its room share a name: ``sim.compare(config)`` compares, ``sim.compare.run`` is a module.

    Importing a submodule binds ``sim.compare`` to this package whatever ``sim`` had put there, so a function of that
    name would work or not by the order of imports; a package that can be called works in any order.
    """

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Compare the arms of a config; see `sim.compare.run.compare`, which takes the same arguments."""
        from sim.compare.run import compare

        return compare(*args, **options)


sys.modules[__name__].__class__ = _CallableRoom
