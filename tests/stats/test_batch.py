"""Many trials at once: equal to one at a time on random data with ties, whatever else is in the batch; bad input."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from sim import stats
from sim.errors import EngraftError
from sim.stats import batch
from sim.stats.max_combo import STANDARD_WEIGHTS

TRIALS = 10_000
SAME = 1e-12
"""Batch and single form run the same kernels; what differs is at most the last bits of numpy around them."""


def random_trials(seed: int) -> dict[str, np.ndarray]:
    """10,000 trials of 4 to 40 patients, times on a coarse grid, three codes, strata and late entries."""
    random = np.random.default_rng(seed)
    sizes = random.integers(4, 41, TRIALS)
    rows = int(sizes.sum())
    time = random.integers(1, 15, rows) / 4
    return {
        "offsets": np.concatenate(([0], np.cumsum(sizes))),
        "time": time,
        "cause": random.integers(0, 3, rows),
        "group": random.integers(0, 2, rows),
        "stratum": random.integers(0, 3, rows),
        "entry": np.where(random.random(rows) < 0.3, time - 0.25 * random.integers(1, 5, rows), -np.inf),
    }


DATA = random_trials(20)
BOUNDS = list(zip(DATA["offsets"][:-1], DATA["offsets"][1:], strict=True))
PACKED = batch.trials(DATA["time"], DATA["cause"], DATA["group"], entry=DATA["entry"], offsets=DATA["offsets"])
STRATIFIED = batch.trials(
    DATA["time"],
    DATA["cause"] > 0,
    DATA["group"],
    entry=DATA["entry"],
    stratum=DATA["stratum"],
    offsets=DATA["offsets"],
)


SOME_AND_ALL = pytest.mark.parametrize("number", [400, pytest.param(TRIALS, marks=pytest.mark.verify)])


def one(trial: int, *names: str) -> list[np.ndarray]:
    first, last = BOUNDS[trial]
    return [DATA[name][first:last] for name in names]


def both_arms(trial: int) -> bool:
    return len(np.unique(one(trial, "group")[0])) == 2


def close(found: float, expected: float) -> bool:
    return abs(found - expected) <= SAME * max(1.0, abs(expected))


@SOME_AND_ALL
@pytest.mark.parametrize(("rho", "gamma"), [(0.0, 0.0), (0.5, 1.0)])
def test_log_rank_equals_the_single_form(rho, gamma, number):
    found = batch.log_rank(STRATIFIED, rho=rho, gamma=gamma)
    wrong = []
    for trial in filter(both_arms, range(number)):
        time, cause, group, stratum, entry = one(trial, "time", "cause", "group", "stratum", "entry")
        single = stats.log_rank(time, cause > 0, group, stratum=stratum, entry=entry, rho=rho, gamma=gamma)
        numerator = single.observed[1] - single.expected[1]
        same = close(found.numerator[trial], numerator) and close(found.variance[trial], single.covariance[0, 0])
        if not (same and close(found.z[trial], single.z)):
            wrong.append(trial)
    assert wrong == []
    empty = [trial for trial in range(TRIALS) if not both_arms(trial)]
    assert empty, "an arm is empty in some trials"
    assert not found.informative[empty].any()
    assert (found.z[empty] == 0).all()


@SOME_AND_ALL
def test_max_combo_equals_the_single_form(number):
    found = batch.max_combo(STRATIFIED)
    rejected = batch.MaxComboBatch(found.z[:40], found.correlation[:40]).rejects(0.1)
    wrong = []
    for trial in filter(both_arms, range(number)):
        time, cause, group, stratum, entry = one(trial, "time", "cause", "group", "stratum", "entry")
        for place, (rho, gamma) in enumerate(STANDARD_WEIGHTS):
            single = stats.log_rank(time, cause > 0, group, stratum=stratum, entry=entry, rho=rho, gamma=gamma)
            if not close(found.z[trial, place], single.z):
                wrong.append(trial)
        if trial < rejected.size:
            joint = stats.max_combo(time, cause > 0, group, stratum=stratum, entry=entry)
            same = np.allclose(found.z[trial], joint.z, rtol=0, atol=SAME)
            if not same or rejected[trial] != (joint.p_value <= 0.1):
                wrong.append(trial)
    assert wrong == []


@SOME_AND_ALL
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox_equals_the_single_form(ties, number):
    found = batch.cox(STRATIFIED, ties=ties)
    wrong = []
    for trial in filter(both_arms, np.flatnonzero(found.finite[:number])):
        time, cause, group, stratum, entry = one(trial, "time", "cause", "group", "stratum", "entry")
        single = stats.cox(time, cause > 0, group, stratum=stratum, entry=entry, ties=ties)
        # Two ways to the maximum, each until a step is below rounding: 1e-8 of the estimate.
        estimate, error = single.coefficients[0], single.std_error[0]
        moved = abs(found.log_hazard_ratio[trial] - estimate) > 1e-8 * max(1, abs(estimate))
        if moved or abs(found.std_error[trial] / error - 1) > 1e-7:
            wrong.append(trial)
    assert wrong == []
    assert 0.8 < found.finite.mean() < 1


def test_a_hazard_ratio_has_a_maximum_whenever_the_single_form_finds_one():
    found = batch.cox(STRATIFIED)
    for trial in [trial for trial in np.flatnonzero(~found.finite) if both_arms(trial)][:200]:
        time, cause, group, stratum, entry = one(trial, "time", "cause", "group", "stratum", "entry")
        try:
            single = stats.cox(time, cause > 0, group, stratum=stratum, entry=entry).coefficients[0]
        except EngraftError:
            single = np.nan
        np.testing.assert_equal(found.log_hazard_ratio[trial], single)
    random = np.random.default_rng(5)
    group = np.tile([0, 1], (20_000, 50))
    large = batch.cox(batch.trials(random.exponential(1.0, group.shape), np.ones(group.shape), group))
    assert large.finite.all()
    assert np.isfinite(large.std_error).all()
    assert np.std(large.log_hazard_ratio / large.std_error) == pytest.approx(1.0, abs=0.02)


@SOME_AND_ALL
def test_milestones_and_restricted_means_equal_the_single_form(number):
    survival, mean = batch.milestone(PACKED, at=2.0), batch.rmst(PACKED, tau=2.0)
    incidence = batch.cumulative_incidence(PACKED, at=2.0)
    wrong = []
    for trial in filter(both_arms, range(number)):
        time, cause, group, entry = one(trial, "time", "cause", "group", "entry")
        for found, single, event in (
            (survival, lambda *data: stats.milestone_difference(*data[:3], entry=data[3], at=2.0), cause > 0),
            (incidence, lambda *data: stats.incidence_difference(*data[:3], entry=data[3], at=2.0), cause),
            (mean, lambda *data: stats.rmst_difference(*data[:3], entry=data[3], tau=2.0), cause > 0),
        ):
            try:
                expected = single(time, event, group, entry)
            except EngraftError as error:
                # rmst_difference also refuses a ratio to 0, where times are at least a quarter: never here.
                if found.defined[trial] or "ratio" in str(error):
                    wrong.append((trial, str(error)))
                continue
            same = close(found.difference[trial], expected.difference)
            if not (same and close(found.difference_error[trial], expected.std_error)):
                wrong.append((trial, "value"))
            if not (found.defined[trial] and close(found.z[trial], expected.z)):
                wrong.append((trial, "z"))
    assert wrong == []
    assert 0.5 < survival.defined.mean() < 1


def test_a_trial_does_not_know_the_others():
    """The same trial alone, and between others, gives the same bits."""
    for trial in (0, 17, TRIALS - 1):
        time, cause, group, entry = one(trial, "time", "cause", "group", "entry")
        alone = batch.trials(time, cause, group, entry=entry, offsets=[0, time.size])
        for function, options in (
            (batch.log_rank, {"rho": 1.0}),
            (batch.cox, {}),
            (batch.milestone, {"at": 2.0}),
            (batch.rmst, {"tau": 2.0}),
            (batch.cumulative_incidence, {"at": 2.0}),
        ):
            whole, single = function(PACKED, **options), function(alone, **options)
            for name in single.__dataclass_fields__:
                assert getattr(whole, name)[trial].tobytes() == getattr(single, name)[0].tobytes()


def test_order_of_rows_within_a_trial_does_not_matter():
    random = np.random.default_rng(1)
    time, event, group = (
        random.integers(1, 9, (50, 30)),
        random.integers(0, 2, (50, 30)),
        random.integers(0, 2, (50, 30)),
    )
    order = random.permuted(np.tile(np.arange(30), (50, 1)), axis=1)
    one, two = (
        batch.log_rank(batch.trials(*columns))
        for columns in (
            (time, event, group),
            [np.take_along_axis(values, order, axis=1) for values in (time, event, group)],
        )
    )
    assert one.z.tobytes() == two.z.tobytes()


def test_a_hazard_ratio_without_maximum_is_infinite():
    found = batch.cox(batch.trials([[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]], [[1, 0, 1, 0]] * 2 + [[0] * 4],
                                   [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1]]))  # fmt: skip
    assert found.log_hazard_ratio[:2].tolist() == [-np.inf, np.inf]
    assert np.isnan(found.log_hazard_ratio[2])
    assert found.std_error[:2].tolist() == [np.inf, np.inf]
    assert found.score_z[2] == 0
    assert found.finite.tolist() == [False] * 3


def test_tables_have_one_row_a_trial():
    frame = batch.rmst(PACKED, tau=2.0).to_frame()
    assert len(frame) == TRIALS
    assert list(frame.columns)[:4] == ["estimate_0", "estimate_1", "std_error_0", "std_error_1"]
    assert repr(batch.log_rank(PACKED)) == (
        "RankBatch: 10000 trials; variance: hypergeometric, under the null; ties: exact; z of arm 1 against arm 0"
    )
    assert repr(PACKED) == f"Trials: 10000 trials, {DATA['time'].size} rows"
    assert repr(STRATIFIED).endswith("stratified")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"time": [1, 2]}, "time: found the shape (2,); it must be (trials, patients), or flat with offsets"),
        ({"time": [[1, -2], [3, 4]]}, "time: row 1 is -2; it must be a finite number, 0 or more"),
        ({"event": [[1, 0]]}, "event: found the shape (1, 2), but time has (2, 2); they must be the same"),
        (
            {"event": [[1, 0], [0.5, 1]]},
            "cause: row 2 is 0.5; it must be 0 (censored) or the number of a cause, 1 or more",
        ),
        ({"group": [[0, 1], [0, 2]]}, "group: row 3 is 2; it must be 0 or 1"),
        (
            {"offsets": [0, 2, 4]},
            "offsets: they must rise from 0 to the number of rows of flat columns, one or more a trial",
        ),
    ],
)
def test_what_cannot_be_used_is_told(change, text):
    whole = {"time": [[1, 2], [3, 4]], "event": [[1, 0], [1, 1]], "group": [[0, 1], [0, 1]]}
    with pytest.raises(EngraftError) as caught:
        batch.trials(**(whole | change))
    assert str(caught.value) == text


def test_options_that_are_not_known():
    with pytest.raises(EngraftError, match=r"^ties: found \"exact\""):
        batch.cox(PACKED, ties="exact")
    with pytest.raises(EngraftError, match=r"^stratum: found strata, which this quantity does not know"):
        batch.rmst(STRATIFIED, tau=1.0)


@pytest.mark.parametrize(
    ("time", "event", "group"),
    [
        ([1, 2, 3, 4], [0, 0, 0, 0], [0, 1, 0, 1]),
        ([1, 2, 3, 4], [1, 0, 1, 1], [0, 0, 0, 0]),
        ([2, 2, 2, 2], [1, 1, 1, 1], [0, 1, 0, 1]),
        ([3], [1], [1]),
        ([0, 0, 0, 0], [1, 1, 0, 1], [0, 1, 1, 0]),
        ([1, 2, 3, 4], [1, 1, 1, 1], [0, 0, 1, 1]),
    ],
)
def test_degenerate_trials_are_marked_without_a_warning(time, event, group):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        packed = batch.trials([time], [event], [group])
        rank, cox = batch.log_rank(packed), batch.cox(packed)
        combo = batch.max_combo(packed)
        arms = batch.milestone(packed, at=2.0), batch.rmst(packed, tau=2.0), batch.cumulative_incidence(packed, at=2.0)
        combo.rejects(0.05)
        [found.to_frame() for found in (rank, cox, combo, *arms)]
    assert np.isfinite(rank.z).all()
    assert np.isfinite(cox.score_z).all()
    assert np.isfinite(combo.z).all()
    for found in arms:
        assert np.array_equal(found.defined, np.isfinite(found.z))
    assert np.array_equal(cox.finite, np.isfinite(cox.log_hazard_ratio))
    assert np.array_equal(rank.informative, rank.variance > 0)
