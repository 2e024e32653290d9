"""Two-arm trials of known laws for the error rates: exponential times, uniform censoring, ties, strata. No tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sim.stats import batch

CHUNK = 10_000
DATA_SETS = 100_000
Z95 = 1.959963984540054


def chunks(seed: int, data_sets: int = DATA_SETS) -> Iterator[tuple[int, np.random.Generator]]:
    """Sizes and generators of chunks of data sets, so that memory stays small."""
    for chunk in range(0, data_sets, CHUNK):
        yield min(CHUNK, data_sets - chunk), np.random.default_rng([seed, chunk])


def arms(trials: int, first: int, second: int) -> np.ndarray:
    """Group codes of trials with `first` patients in arm 0 and `second` in arm 1."""
    return np.tile(np.repeat([0, 1], [first, second]), (trials, 1))


def exponential(
    random: np.random.Generator,
    group: np.ndarray,
    *,
    ratio: float = 1.0,
    censored: tuple[float, float] | None = (0.5, 2.0),
    grid: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Time and event: mean 1 in arm 0, hazard `ratio` in arm 1; uniform censoring; times rounded up to a grid."""
    time = random.exponential(1.0, group.shape) / np.where(group == 1, ratio, 1.0)
    end = np.full(group.shape, np.inf) if censored is None else random.uniform(*censored, group.shape)
    seen, event = np.minimum(time, end), (time <= end).astype(np.int64)
    return (seen if grid is None else np.ceil(seen / grid) * grid), event


def rejections(
    seed: int,
    sizes: tuple[int, int],
    tests: dict[str, Callable[[batch.Trials], np.ndarray]],
    *,
    strata: int = 0,
    **law: object,
) -> dict[str, int]:
    """How many of 100,000 trials each test rejects; strata are drawn at random and multiply the hazards 0.5 to 2."""
    counts = dict.fromkeys(tests, 0)
    for trials, random in chunks(seed):
        group = arms(trials, *sizes)
        time, event = exponential(random, group, **law)  # type: ignore[arg-type]
        stratum = None
        if strata:
            stratum = random.integers(0, strata, group.shape)
            time = time / np.geomspace(0.5, 2.0, strata)[stratum]
        packed = batch.trials(time, event, group, stratum=stratum)
        for name, test in tests.items():
            counts[name] += int(test(packed).sum())
    return counts
