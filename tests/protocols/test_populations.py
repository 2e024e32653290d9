"""Drawn populations against their specification: marginals, correlations and the rows of tables, within stated bounds.

Bounds are those of the sampling distribution at four standard errors (4 / sqrt(n) for a correlation of normal scores,
the binomial error for a share, Kolmogorov's distribution at the same level for a marginal); seeds are fixed.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.batch.run import simulate
from sim.errors import InvalidDocument
from sim.protocol.fields import AttributeDraw
from sim.protocol.library import names
from sim.protocol.patient_table import read_rows
from sim.protocol.resolve import load_population, load_protocol
from sim.protocol.schema import Protocol

ERRORS = 4.0
LEVEL = 2 * stats.norm.sf(ERRORS)
SIZES = [20_000, pytest.param(400_000, marks=pytest.mark.verify, id="large")]
Numbers = NDArray[np.float64]

PROTOCOL = """\
schema: engraft/1
id: everyone
title: "Everyone, followed"
patient:
  age: {draw: {uniform: [18, 80]}, unit: years}
  sex: {draw: {categorical: {female: 0.5, male: 0.5}}}
  frail: {draw: {bernoulli: 0.1}}
  white_cells: {draw: {lognormal: [10, 1]}}
  blasts: {draw: {beta: [2, 2]}}
  score: {draw: {normal: [0, 1]}}
  wait: {draw: {gamma: [2, 1]}}
  grade: {draw: {categorical: {low: 0.5, middle: 0.3, high: 0.2}}}
phases: {CARE: {open: true}, DEAD: {final: true, emits: death}}
hazards: {dying: {clock: {since: start}, baseline: exponential, level: {probability: 0.5, at: 1 y}, goto: DEAD}}
"""
POPULATION = """\
schema: engraft/population/1
id: correlated
title: "Marginals with correlations"
patient:
  age: {draw: {histogram: {edges: [16, 36, 56, 66], weights: [40, 37, 23]}}, unit: years, assumption: "for tests"}
  frail: {draw: {bernoulli: 0.3}, assumption: "for tests"}
  white_cells: {draw: {lognormal: [25, 1.4]}, assumption: "for tests"}
  blasts: {draw: {beta: [5, 1.5]}, assumption: "for tests"}
  score: {draw: {normal: [1, 2]}, assumption: "for tests"}
  wait: {draw: {gamma: [30, 12]}, assumption: "for tests"}
  grade: {draw: {categorical: {low: 0.2, middle: 0.5, high: 0.3}}, assumption: "for tests"}
correlations:
  - {of: [age, white_cells], rho: -0.35, assumption: "for tests"}
  - {of: [white_cells, blasts], rho: 0.6, assumption: "for tests"}
  - {of: [age, frail], rho: 0.5, assumption: "for tests"}
  - {of: [score, wait], rho: -0.7, assumption: "for tests"}
  - {of: [grade, score], rho: 0.4, assumption: "for tests"}
"""


@pytest.fixture
def protocol(tmp_path: Path) -> Protocol:
    (tmp_path / "everyone.yaml").write_text(PROTOCOL, "utf-8")
    (tmp_path / "correlated.yaml").write_text(POPULATION, "utf-8")
    return load_protocol(tmp_path / "everyone.yaml", population=tmp_path / "correlated.yaml")


def law(draw: AttributeDraw) -> Any:
    """The distribution that a draw specifies, as scipy knows it; of words their places, of yes and no 1 and 0."""
    given: Any = draw.arguments

    def values(*keys: str) -> list[float]:
        return [float(getattr(given, key)) for key in keys]

    match draw.family:
        case "normal":
            return stats.norm(*values("mean", "sd"))
        case "lognormal":
            median, sigma = values("median", "sigma")
            return stats.lognorm(sigma, scale=median)
        case "beta":
            return stats.beta(*values("a", "b"))
        case "gamma":
            mean, sd = values("mean", "sd")
            return stats.gamma((mean / sd) ** 2, scale=sd**2 / mean)
        case "uniform":
            low, high = values("low", "high")
            return stats.uniform(low, high - low)
        case "histogram":
            weights = np.array([float(weight) for weight in given.weights])
            return stats.rv_histogram((weights, np.array(given.edges)), density=False)
        case "bernoulli":
            return np.array([1.0 - float(given), float(given)])
        case "categorical":
            return np.array([float(share) for share in given.values()])
    raise AssertionError(draw.family)


def drawn(protocol: Protocol, size: int, seed: int = 17) -> dict[str, Numbers]:
    """Attributes of patients, words as their places."""
    history = simulate(protocol, patients=size, seed=seed, engine="compiled", horizon="1 d")
    return {name: history.floats[:, place] for name, (place, _) in history.plan.attributes.items()}


def assert_marginal(values: Numbers, draw: AttributeDraw, name: str) -> None:
    found = law(draw)
    if isinstance(found, np.ndarray):
        for place, share in enumerate(found):
            error = math.sqrt(share * (1 - share) / len(values))
            assert abs(float(np.mean(values == place)) - share) <= ERRORS * error, (name, place)
        assert set(values) <= set(range(len(found)))
    else:
        assert stats.kstest(values, found.cdf).pvalue > LEVEL, name


@pytest.mark.parametrize("size", SIZES)
def test_marginals_are_those_specified_whatever_the_correlations(size: int, protocol: Protocol) -> None:
    values = drawn(protocol, size)
    for name, attribute in protocol.patient.items():
        assert attribute.draw is not None
        assert_marginal(values[name], attribute.draw, name)


@pytest.mark.parametrize("size", SIZES)
def test_correlations_of_normal_scores_are_those_specified(size: int, protocol: Protocol) -> None:
    values = drawn(protocol, size)
    given = {frozenset(each.of): each.rho for each in protocol.correlations}
    continuous = ["age", "white_cells", "blasts", "score", "wait"]
    scores = {}
    for name in continuous:
        draw = protocol.patient[name].draw
        assert draw is not None
        scores[name] = stats.norm.ppf(np.clip(law(draw).cdf(values[name]), 1e-12, 1 - 1e-12))
    for place, one in enumerate(continuous):
        for other in continuous[:place]:
            rho = given.get(frozenset((one, other)), 0.0)
            found = float(np.corrcoef(scores[one], scores[other])[0, 1])
            # Fisher's z has standard error 1 / sqrt(n - 3).
            assert abs(math.atanh(found) - math.atanh(rho)) <= ERRORS / math.sqrt(size - 3), (one, other, found)


@pytest.mark.parametrize("size", SIZES)
def test_correlations_with_words_give_the_shares_of_the_bivariate_normal(size: int, protocol: Protocol) -> None:
    values = drawn(protocol, size)

    def below(limits: list[float], rho: float) -> float:
        return float(stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf(limits))

    def assert_share(happened: NDArray[np.bool_], share: float) -> None:
        error = math.sqrt(share * (1 - share) / size)
        assert abs(float(happened.mean()) - share) <= ERRORS * error + 1e-5

    # A yes is drawn where the score is low: a frail patient's score lies below the 30 % quantile.
    limit = stats.norm.ppf(0.3)
    young = values["age"] < 36
    frail = values["frail"] == 1
    assert_share(young & frail, below([stats.norm.ppf(0.4), limit], 0.5))
    middle = values["grade"] == 1
    low_score = values["score"] < 1
    share = below([stats.norm.ppf(0.7), 0.0], 0.4) - below([stats.norm.ppf(0.2), 0.0], 0.4)
    assert_share(middle & low_score, share)
    # What is not correlated is independent.
    assert_share(frail & low_score, 0.3 * 0.5)
    assert_share((values["sex"] == 1) & young, 0.5 * 0.4)


def test_a_correlation_leaves_the_luck_of_the_first_alone(protocol: Protocol) -> None:
    alone = load_protocol(protocol, set=["correlations=[]"])
    with_them, without = drawn(protocol, 500), drawn(alone, 500)
    for name in ("age", "sex", "score"):
        np.testing.assert_allclose(with_them[name], without[name], rtol=1e-12, err_msg=name)
    assert not (with_them["wait"] == without["wait"]).any()


def fitting(population: str) -> Protocol:
    """The first of the protocols that has what a population sets."""
    for protocol in names("protocol"):
        try:
            return load_protocol(protocol, population=population)
        except InvalidDocument:
            continue
    raise AssertionError(f"no protocol has what {population} sets")


@pytest.mark.parametrize("population", names("population"))
def test_shipped_populations_are_drawn_as_they_say(population: str) -> None:
    protocol = fitting(population)
    given = load_population(population)
    values = drawn(protocol, 20_000)
    for name, attribute in given.patient.items():
        if attribute.draw is not None:
            assert_marginal(values[name], attribute.draw, name)
    if given.table is None:
        return
    columns = {name: each.column for name, each in given.patient.items() if each.column is not None}
    rows, _ = read_rows(given.table.rows or "", columns, given.table)
    assert rows is not None

    def joint(table: list[Numbers]) -> Counter[tuple[float, ...]]:
        return Counter(map(tuple, np.nan_to_num(np.array(table).T, nan=-1.0)))

    expected = joint([np.array(column) for column in rows.values])
    found = joint([values[name] for name in rows.names])
    assert found.keys() == expected.keys()
    for row, count in expected.items():
        share = count / rows.n
        assert abs(found[row] / 20_000 - share) <= ERRORS * math.sqrt(share * (1 - share) / 20_000), row
