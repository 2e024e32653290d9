"""Base of small results that are tables: they print themselves with their conventions. No numbers are made here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Printed:
    """A result that prints its table and, below, its `conventions`."""

    def to_frame(self) -> pd.DataFrame:
        """One row an entry, one column an attribute."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name in self.__dataclass_fields__ if name != "conventions"})

    def __repr__(self) -> str:
        said: str = self.conventions  # type: ignore[attr-defined]
        table = self.to_frame().to_string(index=False, max_rows=20)
        return f"{type(self).__name__}\n{table}\n  {said}"


@dataclass(frozen=True, eq=False, repr=False)
class Reading(Printed):
    """A curve read at chosen points, with the `conventions` of the curve."""

    conventions: str = field(kw_only=True)
