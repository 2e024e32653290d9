"""Shows a design under the effects that its file names: power, stopping, what to expect. Nothing is computed here."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sim.design.characteristics import Characteristics, one_analysis, stopping, summary
from sim.design.config_reader import Reader, SurvivalPlan, outside
from sim.design.effects import null_law, ratio_with_drift
from sim.design.exact import OneArm, one_arm_power
from sim.design.fixed import FixedSurvival
from sim.design.fixed_proportions import FixedProportions
from sim.design.laws import Law
from sim.design.logrank import LARGEST_RATIO
from sim.design.sequential_plan import SequentialProportions, SequentialSurvival
from sim.design.survival_tests import LogRank
from sim.design.timed_looks import TimedLooks
from sim.errors import EngraftError

if TYPE_CHECKING:
    import pandas as pd

KEY = "operating_characteristics"
ALTERNATIVE, NULL = PLANNED = ("alternative", "null hypothesis")
LARGEST_DRIFT = 30.0
"""Beyond this mean of Z every design rejects, or never does."""

Under = Callable[[Any], Characteristics]


def survival_effects(
    reader: Reader, plan: SurvivalPlan, found: FixedSurvival | SequentialSurvival | TimedLooks
) -> dict[str, pd.DataFrame]:
    """A survival trial under hazard ratios, laws of the treatment arm or, if it has one Z, drifts."""
    survival = reader.design.survival
    assert survival is not None
    read = partial(reader.treatment_law, survival=survival, control=plan.course.control.event)
    offered: dict[str, Under] = {
        "hazard_ratios": lambda ratio: found.characteristics(plan.make(ratio).treatment.event),
        "treatments": lambda law: found.characteristics(law),
    }
    if not isinstance(found, TimedLooks):
        looked = found
        offered["drifts"] = lambda drift: _under_drift(plan, looked, drift)
    if isinstance(found, SequentialSurvival):
        none = [(NULL, found.characteristics(null=True))]
    elif not isinstance(found.test, LogRank) and getattr(found.test, "margin", 0.0) != 0.0:
        none = []  # many pairs of laws differ by the margin
    else:
        none = [(NULL, found.characteristics(null_law(found.course, found.test)))]
    return _tables(reader, [(ALTERNATIVE, found.characteristics()), *none], offered, read)


def _under_drift(plan: SurvivalPlan, found: FixedSurvival | SequentialSurvival, drift: float) -> Characteristics:
    """A drift with the calendar of the constant hazard ratio that has it, if the test is one of a hazard ratio."""
    test = found.fixed.test if isinstance(found, SequentialSurvival) else found.test
    if isinstance(test, LogRank) and (test.rho, test.gamma) == (0.0, 0.0):
        ratio = ratio_with_drift(
            lambda value: found.drift_under(plan.make(value).treatment.event), drift, null=test.margin
        )
        if ratio is not None:
            return found.characteristics(plan.make(ratio).treatment.event)
    return found.characteristics(drift=drift)


def proportion_effects(reader: Reader, found: FixedProportions | SequentialProportions) -> dict[str, pd.DataFrame]:
    """Two proportions under others of the treatment arm, or under drifts if the test has a Z."""
    fixed = found.fixed if isinstance(found, SequentialProportions) else found
    offered: dict[str, Under] = {"proportions": lambda value: found.characteristics(treatment=value)}
    if fixed.exact:
        none = found.characteristics(treatment=fixed.control)
    else:
        none = found.characteristics(drift=0.0)
        offered["drifts"] = lambda drift: found.characteristics(drift=drift)
    return _tables(reader, [(ALTERNATIVE, found.characteristics()), (NULL, none)], offered)


def one_arm_effects(reader: Reader, found: OneArm, *, alpha: float) -> dict[str, pd.DataFrame]:
    """A single arm under other proportions; `alpha` is the level of its test, a share of the file's if shared out."""
    given = reader.design.one_arm
    assert given is not None

    def under(value: float) -> Characteristics:
        power = one_arm_power(found.patients, given.standard, value, alpha=alpha).power
        return one_analysis(math.nan, power, patients=found.patients)

    known = [(ALTERNATIVE, under(given.alternative)), (NULL, under(given.standard))]
    return _tables(reader, known, {"proportions": under})


def _tables(
    reader: Reader,
    known: Sequence[tuple[str, Characteristics]],
    offered: dict[str, Under],
    read: Callable[..., Law] | None = None,
) -> dict[str, pd.DataFrame]:
    """The known effects and those of the file; `read` makes a law of one that the file writes at a path."""
    given = reader.design.operating_characteristics
    rows = list(known)
    for key in () if given is None else type(given).model_fields:
        values = getattr(given, key)
        if values is None:
            continue
        if key not in offered:
            known_keys = ", ".join(offered)
            reader.refuse((KEY, key), f"this design has none; give {' or '.join(known_keys.rsplit(', ', 1))}")
            continue
        for entry, value in values.items() if isinstance(values, dict) else enumerate(values):
            place: tuple[str | int, ...] = (KEY, key, entry)
            if reader.document.locate(place) == reader.document.locate(place[:2]):
                place = place[:2]  # one number, written without a list
            before = len(reader.problems)
            asked = read(value, *place) if read is not None and isinstance(entry, str) else value
            if len(reader.problems) > before:
                continue
            with reader.at(*place, law=place, method=place):
                _refuse_values(key, value)
                name = _name(key, entry, value)
                if name in PLANNED:
                    raise EngraftError(f'"{name}" is the name of a row that is always shown; give the law another')
                rows.append((name, offered[key](asked)))
    reader.finish()
    tables = {"operating characteristics": summary(rows)}
    if given is not None and len(rows[0][1].information) > 1:
        tables["stopping"] = stopping(rows)
    return tables


def _refuse_values(key: str, value: Any) -> None:
    """Refuse numbers that are no hazard ratio, proportion or drift."""
    if key == "hazard_ratios" and not 1.0 / LARGEST_RATIO <= value <= LARGEST_RATIO:
        raise EngraftError(f"found {outside(value)}")
    if key == "proportions" and not 0.0 < value < 1.0:
        raise EngraftError(f"found {value:.12g}; it must lie between 0 and 1, neither included")
    if key == "drifts" and not abs(value) <= LARGEST_DRIFT:
        raise EngraftError(f"found {value:.12g}; it must lie within {-LARGEST_DRIFT:g} and {LARGEST_DRIFT:g}")


def _name(key: str, entry: int | str, value: Any) -> str:
    """What a row is called: a law by its own name, a number by what it is."""
    return entry if isinstance(entry, str) else f"{key.removesuffix('s').replace('_', ' ')} {value:g}"
