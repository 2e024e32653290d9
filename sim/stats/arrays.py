"""Input arrays checked once: clean columns, or one error that names the field and the row. No statistics here."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.errors import EngraftError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Array = TypeVar("Array", bound=NDArray[Any])

LARGEST = 1e100
"""Size of numbers up to which, and down to whose inverse, sums of squares are representable; beyond: another unit."""


def column(field: str, values: ArrayLike, *, or_single: bool = False) -> Floats:
    """One-dimensional numbers as float64; text, dates and tables are refused.

    Parameters
    ----------
    field
        Name of the argument, for the error message.
    values
        Array, sequence or Series of numbers or booleans, shape (n,), n at least 1.
    or_single
        Take a single number as a column of one row.

    Raises
    ------
    EngraftError
        If the values are not a non-empty single column of real numbers.
    """
    _refuse_masked(field, values)
    try:
        found = np.asarray(values)
    except ValueError as problem:
        raise EngraftError(f"{field}: found rows of unequal length; it must be one column of numbers") from problem
    if or_single and found.ndim == 0:
        found = found.reshape(1)
    if found.ndim != 1:
        raise EngraftError(f"{field}: found {found.ndim} dimensions; it must be one column of numbers")
    if found.size == 0:
        raise EngraftError(f"{field}: found no rows; at least one is needed")
    if found.dtype.kind == "O":
        return _numbers_from_objects(field, found)
    if found.dtype.kind not in "biuf":
        raise EngraftError(f"{field}: row 0 is {found[0]!s}; it must be a number")
    return found.astype(np.float64)


def _refuse_masked(field: str, values: Any) -> None:
    """Masked rows are missing ones, which numpy would turn into whatever lies under the mask."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values) and values.ndim == 1:
        row = int(np.argmax(np.ma.getmaskarray(values)))
        raise EngraftError(f"{field}: row {row} is masked; leave such rows out")


def _numbers_from_objects(field: str, found: NDArray[np.object_]) -> Floats:
    numbers = np.empty(found.size)
    for row, value in enumerate(found):
        try:
            if isinstance(value, str | bytes):
                raise TypeError
            numbers[row] = np.nan if value is None else float(value)
        except (TypeError, ValueError) as problem:
            raise EngraftError(f"{field}: row {row} is {value!s}; it must be a number") from problem
    return numbers


def refuse(field: str, values: Floats, bad: Flags, rule: str) -> None:
    """Raise an error for the first bad row, if there is one: rows count from 0, ``rule`` says what would be right."""
    if bad.any():
        row = int(np.argmax(bad))
        raise EngraftError(f"{field}: row {row} is {values[row]:.12g}; {rule}")


def refuse_extremes(field: str, values: Floats) -> None:
    """Raise an error for numbers so large or small that their squares are not representable; infinity passes."""
    size = np.abs(values)
    bad = np.isfinite(size) & ((size > LARGEST) | ((size > 0.0) & (size < 1.0 / LARGEST)))
    refuse(field, values, bad, f"it must be of a size from {1.0 / LARGEST:g} to {LARGEST:g}, or 0; choose another unit")


def same_length(field: str, values: Floats, time: Floats) -> None:
    """Raise an error unless both columns have the same number of rows."""
    if values.size != time.size:
        raise EngraftError(f"{field}: found {values.size} rows, but time has {time.size}; each row needs both")


def finite(field: str, values: ArrayLike) -> Floats:
    """Numbers without missing or infinite values."""
    numbers = column(field, values)
    refuse(field, numbers, ~np.isfinite(numbers), "it must be a finite number")
    refuse_extremes(field, numbers)
    return numbers


def observed_times(field: str, values: ArrayLike, *, or_single: bool = False) -> Floats:
    """Times since time zero: finite and not negative."""
    numbers = column(field, values, or_single=or_single)
    refuse(field, numbers, ~(np.isfinite(numbers) & (numbers >= 0.0)), "it must be a finite number, 0 or more")
    refuse_extremes(field, numbers)
    return numbers + 0.0  # turns -0.0 into 0.0, so that printed tables have one zero


def entry_times(values: ArrayLike, time: Floats) -> Floats:
    """Entry times of left-truncated rows: before the row's own time; minus infinity is no truncation."""
    numbers = column("entry", values)
    same_length("entry", numbers, time)
    unknown = np.isnan(numbers) | (numbers == np.inf)
    refuse("entry", numbers, unknown, "it must be a number (-inf: at risk from the start)")
    late = numbers >= time
    if late.any():
        row = int(np.argmax(late))
        raise EngraftError(
            f"entry: row {row} is {numbers[row]:.12g}; it must lie before the row's time, which is {time[row]:.12g}"
        )
    return numbers


def event_indicator(values: ArrayLike, time: Floats) -> Integers:
    """1 for an event and 0 for a censored row; booleans are accepted."""
    numbers = column("event", values)
    same_length("event", numbers, time)
    refuse("event", numbers, (numbers != 0.0) & (numbers != 1.0), "it must be 0 (censored) or 1 (event)")
    return numbers.astype(np.int64)


def cause_codes(values: ArrayLike, time: Floats, causes: int | None) -> tuple[Integers, int]:
    """Cause codes 0 (censored), 1..K, and K: ``causes`` if given, else the highest code (at least 1)."""
    numbers = column("cause", values)
    same_length("cause", numbers, time)
    whole = np.isfinite(numbers) & (numbers >= 0.0) & (np.floor(numbers) == numbers)
    refuse("cause", numbers, ~whole, "it must be 0 (censored) or the number of a cause, 1 or more")
    if causes is None:
        highest = max(int(numbers.max()), 1)
        if highest > 100:  # a column of times or identifiers given by mistake; each cause costs a column
            raise EngraftError(f"cause: found the code {highest}; number the causes 1, 2, .. (at most 100)")
        return numbers.astype(np.int64), highest
    if isinstance(causes, bool) or not isinstance(causes, int | np.integer) or not 1 <= causes <= 100:
        raise EngraftError(f"causes: found {causes!s}; it must be a whole number from 1 to 100")
    refuse("cause", numbers, numbers > causes, f"it must be at most {causes}, the number of causes")
    return numbers.astype(np.int64), int(causes)


def labels(field: str, values: ArrayLike, time: Floats, *, least: int = 1) -> tuple[Integers, tuple[Any, ...]]:
    """Codes 0..K - 1 of a column of labels (numbers, words or booleans), and the K labels, sorted.

    Parameters
    ----------
    field
        Name of the argument, for the error message.
    values
        One label a row, shape (n,): numbers, words or booleans, none missing.
    time
        The column it must be as long as.
    least
        How many different labels there must be.

    Raises
    ------
    EngraftError
        If a label is missing, labels of different kinds are mixed, or there are fewer than `least`.
    """
    _refuse_masked(field, values)
    try:
        found = np.asarray(values)
    except ValueError as problem:
        raise EngraftError(f"{field}: found rows of unequal length; it must be one column of labels") from problem
    if found.ndim != 1:
        raise EngraftError(f"{field}: found {found.ndim} dimensions; it must be one column of labels")
    if found.size != time.size:
        raise EngraftError(f"{field}: found {found.size} rows, but time has {time.size}; each row needs both")
    missing = np.array([_is_missing(value) for value in found.tolist()], dtype=bool)
    if missing.any():
        raise EngraftError(f"{field}: row {int(np.argmax(missing))} is missing; each row needs a label")
    try:
        names, codes = np.unique(found, return_inverse=True)
    except TypeError as problem:
        raise EngraftError(f"{field}: found labels of different kinds; use numbers or words") from problem
    if names.size < least:
        raise EngraftError(f"{field}: found only {names[0]!s} in every row; at least {least} groups are needed")
    return codes.astype(np.int64), tuple(names.tolist())


def _is_missing(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):  # pandas' NA is neither equal to itself nor not
        return True


def readonly(values: Array) -> Array:
    """The same array, locked: results are values."""
    values.setflags(write=False)
    return values
