"""Units as protocols write them ("log10 per course", "years"): equality and products. Nothing is converted here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sim.units import DAYS_PER_UNIT

Factors = Mapping[str, int]
"""A unit as powers of base units; empty for a pure number."""

PURE = frozenset(
    {
        "none", "ratio", "share", "fraction", "probability", "odds", "log odds", "odds ratio", "log odds ratio",
        "hazard", "cumulative hazard", "log hazard", "hazard ratio", "log hazard ratio",
    }
)  # fmt: skip
"""What is a pure number, so that exp() and log() take it."""

COUNTED = frozenset({"course", "cycle", "dose", "infusion", "patient", "phase"})
"""What is counted and so a pure number: log10 per dose times doses is log10, and so is log10 per course."""

_TIME = {1.0: "days", 7.0: "weeks", 30.4375: "months", 365.25: "years"}
_SINGULAR = {name: name[:-1] for name in _TIME.values()}
_PER = re.compile(r"(?:^|\s+)per\s+|\s*/\s*")
_POWER = re.compile(r"(.+)\^([1-9][0-9]{0,3})")


def parse_unit(text: str) -> Factors:
    """Powers of base units in a unit's text.

    The first part of "X per Y per Z" is the numerator. Days, months and years are kept apart; nothing is converted.
    """
    above, *below = _PER.split(" ".join(text.split()))
    factors: dict[str, int] = {}
    for sign, parts in ((1, above.split(" * ")), (-1, below)):
        for part in parts:
            if part not in PURE | {"", "1"} and part.removesuffix("s") not in COUNTED:
                _multiply(factors, part, sign)
    return {base: power for base, power in factors.items() if power}


def _multiply(factors: dict[str, int], part: str, sign: int) -> None:
    word, power = part, 1
    if found := _POWER.fullmatch(word):
        word, power = found[1], int(found[2])
    base = _TIME[DAYS_PER_UNIT[word]] if word in DAYS_PER_UNIT else word
    factors[base] = factors.get(base, 0) + sign * power


def format_unit(factors: Factors) -> str:
    """A unit in words, which `parse_unit` reads back; "none" for a pure number."""
    above = [_powered(base, power) for base, power in factors.items() if power > 0]
    below = [_powered(_SINGULAR.get(base, base), -power) for base, power in factors.items() if power < 0]
    if not above and not below:
        return "none"
    return " ".join(filter(None, [" * ".join(above), *(f"per {part}" for part in below)]))


def _powered(base: str, power: int) -> str:
    return base if power == 1 else f"{base}^{power}"


def combine(left: Factors, right: Factors, sign: int) -> Factors:
    """The unit of a product (sign 1) or a quotient (sign -1)."""
    powers = dict(left)
    for base, power in right.items():
        powers[base] = powers.get(base, 0) + sign * power
    return {base: power for base, power in powers.items() if power}


def root(factors: Factors) -> Factors | None:
    """The unit of a square root, or None where a power is odd."""
    return None if any(power % 2 for power in factors.values()) else {base: n // 2 for base, n in factors.items()}
