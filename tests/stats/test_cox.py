"""Cox regression: a plain likelihood as oracle, truncation, strata, infinite coefficients, refused input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import EngraftError
from sim.stats import baseline_hazard, cox, profile_interval, proportionality_test, schoenfeld_residuals

Rows = dict[str, np.ndarray]


def rows(seed: int, n: int = 40) -> Rows:
    """Tied times, two covariates, two strata, late entries before the row's time."""
    rng = np.random.default_rng(seed)
    time = rng.integers(1, 9, n).astype(float)
    return {
        "time": time,
        "event": (rng.random(n) < 0.7).astype(int),
        "x": np.column_stack((rng.integers(0, 2, n), rng.normal(size=n))),
        "stratum": rng.integers(0, 2, n),
        "entry": np.where(rng.random(n) < 0.5, np.floor(time * rng.random(n)) - 0.5, -np.inf),
    }


def plain_likelihood(data: Rows, beta: np.ndarray, efron: bool) -> float:
    """The log partial likelihood straight from its definition."""
    total = 0.0
    risk = np.exp(data["x"] @ beta)
    for stratum in (0, 1):
        for now in np.unique(data["time"]):
            dead = (data["time"] == now) & (data["event"] == 1) & (data["stratum"] == stratum)
            here = (data["time"] >= now) & (data["entry"] < now) & (data["stratum"] == stratum)
            for tied in range(dead.sum()):
                share = tied / dead.sum() if efron else 0.0
                total -= np.log(risk[here].sum() - share * risk[dead].sum())
            total += np.log(risk[dead]).sum()
    return total


@given(seed=st.integers(0, 10_000), ties=st.sampled_from(["efron", "breslow"]))
@settings(max_examples=25, deadline=None)
def test_fit_is_the_top_of_the_plain_likelihood(seed: int, ties: Any) -> None:
    data = rows(seed)
    fit = cox(data["time"], data["event"], data["x"], stratum=data["stratum"], entry=data["entry"], ties=ties)
    efron = ties == "efron"
    assert fit.log_likelihood_null == pytest.approx(plain_likelihood(data, np.zeros(2), efron), rel=1e-12)
    assert fit.log_likelihood == pytest.approx(plain_likelihood(data, fit.coefficients, efron), rel=1e-12)
    step = 1e-4
    curvature = np.zeros((2, 2))
    for a in range(2):
        for b in range(2):
            ea, eb = step * np.eye(2)[a], step * np.eye(2)[b]
            corners = [fit.coefficients + u * ea + v * eb for u, v in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
            values = [plain_likelihood(data, corner, efron) for corner in corners]
            curvature[a, b] = -(values[0] - values[1] - values[2] + values[3]) / (4 * step**2)
        slope = (plain_likelihood(data, fit.coefficients + ea, efron) - fit.log_likelihood) - (
            plain_likelihood(data, fit.coefficients - ea, efron) - fit.log_likelihood
        )
        assert abs(slope / (2 * step)) < 1e-5
    assert np.linalg.inv(fit.model_covariance) == pytest.approx(curvature, rel=1e-4, abs=1e-4)


def test_a_row_cut_in_two_by_late_entry_is_the_same_row() -> None:
    data = rows(4)
    time, event, x = data["time"], data["event"], data["x"]
    whole = cox(time, event, x)
    cut = time / 2.0
    halves = cox(
        np.concatenate((cut, time)),
        np.concatenate((0 * event, event)),
        np.vstack((x, x)),
        entry=np.concatenate((np.full(40, -np.inf), cut)),
    )
    assert halves.coefficients == pytest.approx(whole.coefficients, rel=1e-10)
    assert halves.covariance == pytest.approx(whole.covariance, rel=1e-10)


def test_one_row_a_cluster_is_the_robust_variance_and_twins_widen_it() -> None:
    data = rows(5)
    time, event, x = data["time"], data["event"], data["x"]
    alone = cox(time, event, x, cluster=[f"patient {row}" for row in range(40)])
    assert alone.covariance == pytest.approx(cox(time, event, x, robust=True).covariance, rel=1e-12)
    assert (alone.variance, alone.clusters) == ("robust", 40)
    twice = {"time": np.tile(time, 2), "event": np.tile(event, 2), "covariates": np.tile(x, (2, 1))}
    shared = cox(**twice, cluster=np.tile(np.arange(40), 2), ties="breslow")
    assert shared.covariance == pytest.approx(cox(time, event, x, robust=True, ties="breslow").covariance, rel=1e-9)


def test_names_order_and_origin_do_not_matter() -> None:
    data = rows(6)
    fit = cox(data["time"], data["event"], data["x"], names=["arm", "age"])
    order = np.random.default_rng(0).permutation(40)
    frame = pd.DataFrame(data["x"] * [1, 10] + [5, 1000], columns=["arm", "age"]).iloc[order]
    moved = cox(data["time"][order], data["event"][order], frame)
    assert moved.names == fit.names == ("arm", "age")
    assert moved.coefficients == pytest.approx(fit.coefficients / [1, 10], rel=1e-9)
    by_row = schoenfeld_residuals(moved).to_frame().set_index("row")
    original = schoenfeld_residuals(fit).to_frame().set_index("row")
    back = by_row.rename(index=dict(enumerate(order))).sort_index()
    assert back["age"].to_numpy() / 10 == pytest.approx(original["age"].sort_index().to_numpy(), abs=1e-9)
    assert baseline_hazard(moved, at=[5, 1000]).cumulative_hazard == pytest.approx(
        baseline_hazard(fit).cumulative_hazard, rel=1e-9
    )


def test_without_covariate_effect_the_baseline_is_nelson_aalen_by_stratum() -> None:
    # Each row meets its mirror image, so that the coefficient is 0.
    time, event = np.tile([1.0, 2, 3, 4], 2), np.tile([1, 1, 0, 1], 2)
    fit = cox(time, event, np.repeat([0, 1], 4), ties="breslow")
    assert fit.coefficients[0] == pytest.approx(0, abs=1e-10)
    assert baseline_hazard(fit).cumulative_hazard == pytest.approx(np.cumsum([1 / 4, 1 / 3, 1]))
    strata = cox(np.tile(time, 2), np.tile(event, 2), np.repeat([0, 1, 0, 1], 4), stratum=np.repeat(["b", "a"], 8))
    frame = baseline_hazard(strata).to_frame()
    assert frame["stratum"].tolist() == [0, 0, 0, 1, 1, 1]
    first, second = (frame["cumulative_hazard"][frame["stratum"] == code].tolist() for code in (0, 1))
    assert first == pytest.approx(second)


def test_profile_limits_lose_what_the_level_says() -> None:
    data = rows(7, 60)
    fit = cox(data["time"], data["event"], data["x"], names=["arm", "age"])
    wide, narrow = (profile_interval(fit, name="arm", conf_level=level) for level in (0.99, 0.5))
    assert wide.ci_low[0] < narrow.ci_low[0] < fit.coefficients[0] < narrow.ci_high[0] < wide.ci_high[0]
    # In a large sample profile and Wald meet.
    large = rows(8, 4000)
    fit = cox(large["time"], large["event"], large["x"])
    half = 1.959963984540054 * fit.std_error
    assert profile_interval(fit).ci_high == pytest.approx(fit.coefficients + half, abs=0.01 * half.max())


class TestInfiniteCoefficients:
    TIME, EVENT, ARM = [1, 2, 3, 4, 5, 6, 7], [1, 1, 0, 1, 0, 1, 0], [0, 0, 1, 0, 1, 0, 1]
    AGE = [1, 0.5, 2, 3, 1, 0.7, 0.2]

    def test_the_other_coefficients_are_those_of_the_limit(self) -> None:
        fit = cox(self.TIME, self.EVENT, {"arm": self.ARM, "age": self.AGE})
        near = cox(self.TIME, self.EVENT, {"age": self.AGE}, stratum=self.ARM)
        assert fit.coefficients[0] == -np.inf
        assert fit.hazard_ratios[0] == 0
        assert fit.coefficients[1] == pytest.approx(near.coefficients[0], rel=1e-12)
        assert fit.std_error[1] == pytest.approx(near.std_error[0], rel=1e-12)
        assert fit.log_likelihood == pytest.approx(near.log_likelihood, rel=1e-12)
        row = fit.to_frame().iloc[0]
        assert (row["std_error"], row["z"], row["p_value"]) == (np.inf, 0, 1)
        assert (row["ci_low"], row["ci_high"]) == (0, np.inf)
        assert fit.likelihood_ratio.statistic > 3
        assert np.isfinite([fit.score.p_value, fit.wald.p_value]).all()

    def test_the_profile_interval_ends_on_one_side(self) -> None:
        found = profile_interval(cox(self.TIME, self.EVENT, {"arm": self.ARM}))
        assert found.ci_low[0] == -np.inf
        turned = profile_interval(cox(self.TIME, self.EVENT, {"control": 1 - np.array(self.ARM)}))
        assert turned.ci_high[0] == np.inf
        assert turned.ci_low[0] == pytest.approx(-found.ci_high[0], rel=1e-9)

    def test_no_residuals(self) -> None:
        with pytest.raises(EngraftError, match=r"^model: the coefficient of arm is infinite; it has no residuals"):
            proportionality_test(cox(self.TIME, self.EVENT, {"arm": self.ARM}))

    def test_an_arm_without_events_as_reference_of_two_others_is_refused(self) -> None:
        b, c = [1, 1, 0, 1, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1, 0, 1, 0]
        with pytest.raises(EngraftError, match=r"^covariates: the likelihood rises without end along .* b, c \("):
            cox([1, 3, 9, 5, 2, 4, 6, 7, 8], [1, 1, 0, 1, 1, 1, 0, 1, 0], {"b": b, "c": c})

    def test_a_strong_effect_is_no_infinite_one(self) -> None:
        rng = np.random.default_rng(1)
        arm = np.arange(2000) % 2
        fit = cox(rng.exponential(size=2000) * np.where(arm, 1e-2, 1.0), np.ones(2000), arm)
        assert fit.coefficients[0] == pytest.approx(np.log(100), abs=5 * fit.std_error[0])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"event": [0, 0, 0, 0]}, "event: found no event; a Cox model needs at least one"),
        ({"covariates": [[1, 2], [3]]}, "covariates: found rows of unequal length; it must be one column, or a table"),
        ({"covariates": np.zeros((4, 0))}, "covariates: found no column; at least one is needed"),
        ({"covariates": [1, 2, np.nan, 1]}, "covariates: x1: row 2 is nan; it must be a finite number"),
        ({"covariates": {"age": [1, 2, 3]}}, "covariates: age has 3 rows, but time has 4; each row needs both"),
        ({"covariates": {"arm": ["a", "b", "a", "b"]}}, "covariates: arm: row 0 is a; it must be a number"),
        (
            {"covariates": [1, 1, 1, 1]},
            "covariates: x1 does not vary among the patients at risk at any event; its hazard ratio has no estimate",
        ),
        (
            {"covariates": {"a": [1, 2, 3, 5], "b": [2, 4, 6, 10]}},
            "covariates: a, b are combinations of one another at the event times; leave one out",
        ),
        ({"names": ["a", "b"]}, "names: found ['a', 'b']; each of the 1 covariates needs a name of its own"),
        ({"stratum": [1, 2]}, "stratum: found 2 rows, but time has 4; each row needs both"),
        ({"cluster": [1, 2, None, 3]}, "cluster: row 2 is missing; each row needs a label"),
        ({"ties": "effron"}, 'ties: found "effron"; did you mean "efron"?'),
    ],
)
def test_input_that_cannot_be_used_is_refused(options: dict[str, Any], text: str) -> None:
    arguments = {"time": [1, 2, 3, 4], "event": [1, 1, 0, 1], "covariates": [0.5, 1, 0, 0.2]} | options
    with pytest.raises(EngraftError) as caught:
        cox(**arguments)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda fit: proportionality_test(fit, transform="ln"), r'^transform: found "ln"'),
        (lambda fit: proportionality_test(fit, transform="log"), r'^transform: found "log" with an event at time 0'),
        (lambda fit: profile_interval(fit, name="agee"), r'^covariate: found "agee"'),
        (lambda fit: baseline_hazard(fit, at=[1, 2]), r"^at: found 2 numbers; the model has 1 covariates"),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(call: Any, text: str) -> None:
    fit = cox([0, 2, 3, 4], [1, 1, 0, 1], {"age": [0.5, 1, 0, 0.2]})
    with pytest.raises(EngraftError, match=text):
        call(fit)


def test_a_model_says_its_conventions() -> None:
    data = rows(1)
    fit = cox(data["time"], data["event"], data["x"][:, 0], names=["arm"], cluster=data["stratum"], entry=data["entry"])
    text = repr(fit)
    assert "ties: Efron; variance: robust (sandwich of score residuals) over 2 clusters" in text
    assert "tests two-sided; interval: 95% Wald on the log scale; 1 strata; left truncation" in text
    assert "score test of an interaction with g(t), g: km" in repr(proportionality_test(fit))
    assert "weighted by hazard" in schoenfeld_residuals(fit).conventions
    assert "Breslow's estimate" in baseline_hazard(fit).conventions
    assert "95% profile likelihood" in profile_interval(fit).conventions


def test_a_direction_that_is_not_quite_the_estimate_has_no_maximum_either() -> None:
    # x - group separates the events, beside a finite part: R stops at 23 and 24, standard errors 2e5, with a warning.
    time, event, group = [2, 1, 5, 5, 3, 2, 3, 4], [0, 0, 1, 1, 0, 1, 0, 0], [1, 0, 1, 0, 0, 1, 1, 0]
    x, stratum = [1, 0, 2, 1, 1, 2, 1, 1], [1, 0, 1, 1, 1, 1, 1, 1]
    with pytest.raises(EngraftError, match="rises without end along a combination of group, x"):
        cox(time, event, {"group": group, "x": x}, stratum=stratum)
