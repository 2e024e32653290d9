"""Published results as data: records, audit, study definitions. Nothing is fitted here."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallableRoom(ModuleType):
    """The verb and its room share a name, as those of `sim.compare` do: ``sim.evidence("fbmtg")`` audits a file."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Audit an evidence file; see `sim.evidence.audit.run.audit`, which takes the same arguments."""
        from sim.evidence.audit.run import audit

        return audit(*args, **options)


sys.modules[__name__].__class__ = _CallableRoom
