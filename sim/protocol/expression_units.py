"""Units as protocols write them ("log10 per course", "years"): which are equal, and products of them. No scaling happens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from sim.units import DAYS_PER_UNIT

Factors = Mapping[str, Fraction]
"""A unit as powers of base units; empty for a pure number."""

PURE = frozenset(
    {
        "none", "ratio", "share", "fraction", "probability", "odds", "log odds", "odds ratio", "log odds ratio",
        "hazard", "cumulative hazard", "log hazard", "hazard ratio", "log hazard ratio",
    }
)  # fmt: skip
"""What is a pure number, so that exp() and log() take it."""

COUNTED = frozenset({"course", "cycle", "dose", "infusion", "patient", "phase"})
"""What "per ..." may name without changing the unit: a shift of log10 per course is a shift of log10."""

_TIME = {1.0: "days", 7.0: "weeks", 30.4375: "months", 365.25: "years"}
_PER = re.compile(r"(?:^|\s+)per\s+|\s*/\s*")


def parse_unit(text: str) -> Factors:
    """Powers of base units in a unit's text.

    The first part of "X per Y per Z" is the numerator. Days, months and years are kept apart; nothing is converted.
    """
    numerator, *denominators = (" ".join(part.split()) for part in _PER.split(text))
    factors: dict[str, Fraction] = {}
    if numerator not in PURE and numerator not in ("", "1"):
        factors[_base(numerator)] = Fraction(1)
    for part in denominators:
        base = _base(part)
        if part in PURE or part in COUNTED or (part.endswith("s") and part[:-1] in COUNTED):
            continue
        factors[base] = factors.get(base, Fraction(0)) - 1
    return {base: power for base, power in factors.items() if power}


def _base(word: str) -> str:
    return _TIME[DAYS_PER_UNIT[word]] if word in DAYS_PER_UNIT else word


def format_unit(factors: Factors) -> str:
    """A unit in words, which `parse_unit` reads back when all powers are one; "none" for a pure number."""
    above = [_powered(base, power) for base, power in factors.items() if power > 0]
    below = [_powered(base.removesuffix("s") if base in _TIME.values() else base, -power)
             for base, power in factors.items() if power < 0]  # fmt: skip
    if not above and not below:
        return "none"
    return " ".join(filter(None, [" * ".join(above), *(f"per {part}" for part in below)]))


def _powered(base: str, power: Fraction) -> str:
    return base if power == 1 else f"{base}^{power}"


def combine(left: Factors, right: Factors, sign: int) -> Factors:
    """The unit of a product (sign 1) or a quotient (sign -1)."""
    powers = dict(left)
    for base, power in right.items():
        powers[base] = powers.get(base, Fraction(0)) + sign * power
    return {base: power for base, power in powers.items() if power}


def root(factors: Factors) -> Factors:
    """The unit of a square root."""
    return {base: power / 2 for base, power in factors.items()}
