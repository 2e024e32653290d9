"""Parameters and switches of protocols as rows of a table: value, prior, source or assumption. No form, no file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sim.report.difference import short

if TYPE_CHECKING:
    from sim.protocol.priors import Prior
    from sim.protocol.schema import Parameter, Protocol, Switch

PARAMETER_COLUMNS = ("parameter", "value", "unit", "prior", "95 % of the prior", "source", "assumption or note")
SWITCH_COLUMNS = ("switch", "value", "source", "assumption or note")


def parameter_rows(protocols: Mapping[str, Protocol]) -> Iterator[tuple[str, ...]]:
    """A row of `PARAMETER_COLUMNS` for each parameter of the protocols, which are given by the names of their arms."""
    for name in dict.fromkeys(name for protocol in protocols.values() for name in protocol.parameters):
        by_arm = {arm: protocol.parameters.get(name) for arm, protocol in protocols.items()}
        first = next(parameter for parameter in by_arm.values() if parameter is not None)
        values = {arm: None if found is None else f"{found.value:g}" for arm, found in by_arm.items()}
        yield (name, _by_arm(values), first.unit or "", *_prior(first.prior), *_traced(first))


def switch_rows(protocols: Mapping[str, Protocol]) -> Iterator[tuple[str, ...]]:
    """A row of `SWITCH_COLUMNS` for each switch of the protocols."""
    for name in dict.fromkeys(name for protocol in protocols.values() for name in protocol.switches):
        by_arm = {arm: protocol.switches.get(name) for arm, protocol in protocols.items()}
        first = next(switch for switch in by_arm.values() if switch is not None)
        values = {arm: None if found is None else short(found.value) for arm, found in by_arm.items()}
        yield (name, _by_arm(values), *_traced(first))


def _by_arm(values: Mapping[str, str | None]) -> str:
    """One value where all arms that have it agree, else each with its arm."""
    there = {arm: value for arm, value in values.items() if value is not None}
    if len(set(there.values())) > 1:
        return "; ".join(f"{arm}: {value}" for arm, value in there.items())
    value = next(iter(there.values()))
    return value if len(there) == len(values) else f"{value} ({', '.join(there)} only)"


def _traced(entry: Parameter | Switch) -> tuple[str, str]:
    return entry.source or "assumption", "; ".join(text for text in (entry.assumption, entry.note) if text)


def _prior(prior: Prior | None) -> tuple[str, str]:
    if prior is None:
        return "", ""
    arguments = ", ".join(f"{value:g}" for value in prior.arguments.model_dump().values())
    low, high = prior.interval()
    return f"{prior.family} ({arguments})", f"{_three(low)} to {_three(high)}"


def _three(value: float) -> str:
    """Three figures, and no power of ten for thousands."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
