"""What `simulate` refuses, in words, and what it leaves to its defaults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.batch.run import simulate
from sim.errors import EngraftError, InvalidDocument, UsageError

REFUSED = [
    ({"patients": 0}, UsageError, "patients must be at least 1, found 0"),
    ({"patients": -3}, UsageError, "found -3"),
    ({"patients": 2.0}, UsageError, "patients must be a whole number, found 2.0"),
    ({"first": -1}, UsageError, "first must be at least 0, found -1"),
    ({"workers": 0}, UsageError, "workers must be at least 1, found 0"),
    ({"chunk": 0}, UsageError, "must be at least 1"),
    ({"seed": 1.5}, UsageError, "seed must be a whole number, found 1.5"),
    ({"seed": "7"}, UsageError, "seed must be a whole number, found '7'"),
    ({"seed": True}, UsageError, "seed must be a whole number, found True"),
    ({"seed": -1}, EngraftError, "seed must be a whole number from 0 to 2**63 - 1, found -1"),
    ({"seed": 2**63}, EngraftError, "seed must be a whole number from 0"),
    ({"replicate": -1}, EngraftError, "replicate must be a whole number from 0"),
    ({"horizon": "5"}, UsageError, 'horizon: "5" is not a duration; write a number and d, weeks, months or y'),
    ({"horizon": "-5 y"}, UsageError, "horizon"),
    ({"horizon": 0}, EngraftError, "the horizon must be above 0"),
    ({"horizon": "0.000001 d"}, EngraftError, "by 0.00001 days, the finest time, or more"),
    ({"horizon": float("nan")}, EngraftError, "the horizon must be above 0"),
    ({"horizon": 1e7}, EngraftError, "below 1,000,000 days, found 1e+07 days"),
    ({"engine": "fast"}, UsageError, 'engine "fast" is not known; choose one of simpy, compiled, python, auto'),
    ({"engine": "compiled", "arrivals": np.zeros(5)}, UsageError, "arrivals are for the simpy engine"),
    (
        {"arrivals": np.zeros(4)},
        UsageError,
        "arrivals must be 5 finite days that are not negative, found an array of shape (4,)",
    ),
    ({"arrivals": np.full(5, np.nan)}, UsageError, "arrivals must be 5 finite days"),
    ({"arrivals": np.full(5, -1.0)}, UsageError, "arrivals must be 5 finite days"),
    ({"set": ["parameters.nobody=1"]}, InvalidDocument, "parameters.nobody"),
]


@pytest.mark.parametrize(("how", "kind", "words"), REFUSED, ids=[str(how) for how, *_ in REFUSED])
def test_impossible_arguments_are_refused_in_words(how: dict[str, Any], kind: type[EngraftError], words: str) -> None:
    with pytest.raises(kind) as caught:
        simulate("all-mrd2019", **{"patients": 5, "seed": 1, **how})
    assert words in str(caught.value)
    assert type(caught.value) is kind


def test_an_unknown_protocol_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="all-mrd2018"):
        simulate("all-mrd2018", patients=1, seed=1)


def test_the_largest_seed_replicate_and_patient_run() -> None:
    last = 2**63 - 1
    history = simulate("all-mrd2019", patients=2, seed=last, replicate=last, first=2**62 - 2, engine="compiled")
    assert history.patient_ids.tolist() == [2**62 - 2, 2**62 - 1]
    assert (
        simulate("all-mrd2019", patients=2, seed=last, replicate=last, first=2**62 - 2, engine="simpy").log.tobytes()
        == history.log.tobytes()
    )


def test_numbers_of_numpy_are_numbers() -> None:
    one = simulate("all-mrd2019", patients=np.int64(5), seed=np.int64(3), engine="compiled")
    assert one.log.tobytes() == simulate("all-mrd2019", patients=5, seed=3, engine="compiled").log.tobytes()


def test_simpy_is_the_default_and_auto_the_fast_one() -> None:
    assert simulate("all-mrd2019", patients=1, seed=1).engine == "simpy"
    assert simulate("all-mrd2019", patients=1, seed=1, engine="auto").engine == "compiled"


def test_arrivals_change_nothing_where_nothing_is_shared() -> None:
    """More patients than one chunk, so that each chunk must be given its own part of the arrivals."""
    come = np.linspace(0.0, 500.0, 700)
    with_them = simulate("all-mrd2023", patients=700, seed=1, first=100, arrivals=come)
    assert with_them.log.tobytes() == simulate("all-mrd2023", patients=700, seed=1, first=100).log.tobytes()


def test_the_horizon_may_be_days_or_a_duration() -> None:
    days, words = (simulate("all-mrd2019", patients=20, seed=1, engine="compiled", horizon=h) for h in (730.5, "2 y"))
    assert days.log.tobytes() == words.log.tobytes()
    assert days.end_tick.max() == 73_050_000
    assert days.horizon_days == 730.5
