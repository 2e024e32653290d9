"""Units of time: ticks, days and the spelling of durations ("28 d", "8.4 months", "2 y"). Nothing else is here."""

from __future__ import annotations

import re

TICKS_PER_DAY = 100_000
"""One tick is 1e-5 day, so that a day, a month of 30.4375 d and a year of 365.25 d are whole numbers of ticks."""

LONGEST_DAYS = 1e9
"""Times from here on are refused or never come: in ticks they would leave the numbers that add up exactly."""

DAYS_PER_UNIT: dict[str, float] = {
    "d": 1.0,
    "day": 1.0,
    "days": 1.0,
    "w": 7.0,
    "week": 7.0,
    "weeks": 7.0,
    "month": 30.4375,
    "months": 30.4375,
    "y": 365.25,
    "year": 365.25,
    "years": 365.25,
}

_DURATION = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*([a-z]+)\s*$")


def parse_duration(text: str) -> float:
    """Days in a duration such as ``"28 d"``, ``"8.4 months"`` or ``"2 y"``; ValueError says what would be right."""
    found = _DURATION.match(text)
    if not found or found[2] not in DAYS_PER_UNIT:
        raise ValueError(f'"{text}" is not a duration; write a number and d, weeks, months or y, as in "28 d"')
    return float(found[1]) * DAYS_PER_UNIT[found[2]]


def to_ticks(days: float) -> int:
    """Days rounded once to the nearest tick."""
    return round(days * TICKS_PER_DAY)


def format_duration(days: float) -> str:
    """The shortest exact spelling of a duration: years, then months, then days."""
    for unit, size in (("y", 365.25), ("months", 30.4375), ("d", 1.0)):
        amount = days / size
        if amount >= 1 and abs(amount * 4 - round(amount * 4)) < 1e-9:
            return f"{amount:g} {unit}"
    return f"{days:g} d"
