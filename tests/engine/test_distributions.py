"""What attributes are drawn from: every family against scipy, its monotony, and the copula of correlations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

FAMILIES: dict[str, tuple[dict[str, Any], Any]] = {
    "normal": ({"normal": [-3, 1.5]}, stats.norm(-3, 1.5)),
    "lognormal": ({"lognormal": [20, 0.8]}, stats.lognorm(0.8, scale=20)),
    "exponential": ({"exponential": 12}, stats.expon(scale=12)),
    "uniform": ({"uniform": [-2, 5]}, stats.uniform(-2, 7)),
    "weibull": ({"weibull": [0.7, 90]}, stats.weibull_min(0.7, scale=90)),
    "loglogistic": ({"loglogistic": [2.5, 40]}, stats.fisk(2.5, scale=40)),
    "gamma": ({"gamma": [60, 30]}, stats.gamma(4, scale=15)),
    "gamma_skew": ({"gamma": [1, 2]}, stats.gamma(0.25, scale=4)),
    "beta": ({"beta": [2, 7]}, stats.beta(2, 7)),
    "beta_u": ({"beta": [0.5, 0.4]}, stats.beta(0.5, 0.4)),
}
PROBE = "patient:\n" + "".join(f"  {name}: {{draw: {draw}}}\n" for name, (draw, _) in FAMILIES.items())
PROBE += """\
  ages: {draw: {histogram: {edges: [16, 36, 56, 66], weights: [42, 34, 24]}}, unit: years}
  yes: {draw: {bernoulli: 0.3}}
  word: {draw: {categorical: {low: 0.5, middle: 0.3, high: 0.2}}}
phases:
  CARE: {open: true}
""".replace("yes:", "fit:")
N = 100_000


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from sim.batch.run import simulate

    file = tmp_path_factory.mktemp("probe") / "probe.yaml"
    death = "hazards:\n  dying: {clock: {since: enrolment}, baseline: {exponential: {mean: 10 y}}, goto: DEAD}\n"
    file.write_text(
        "schema: engraft/1\nid: probe\ntitle: draws\n" + PROBE + "  DEAD: {final: true, emits: death}\n" + death,
        encoding="utf-8",
    )
    return simulate(file, patients=N, seed=5, engine="compiled", horizon="1 d")


@pytest.mark.parametrize("name", FAMILIES)
def test_draws_follow_their_distribution(drawn: Any, name: str) -> None:
    """Kolmogorov-Smirnov, 100,000 draws: 2.3 / sqrt(n) is exceeded by chance 5 times in 100,000; 0.01 is caught."""
    values = drawn.attribute(name)
    assert stats.kstest(values, FAMILIES[name][1].cdf).statistic < 2.3 / math.sqrt(N)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_draw_is_the_quantile_of_its_uniform_and_rises_with_it(drawn: Any, name: str) -> None:
    from sim.engine.draws import site_hash, uniform

    site = site_hash(f"patient.{name}")
    u = np.array([uniform(5, 0, k, site, 0) for k in range(5_000)])
    values = drawn.attribute(name)[:5_000]
    law = FAMILIES[name][1]
    # Tables over normal scores interpolate: their error is compared with the local spread, not with the value.
    tolerance = 1e-4 * law.std() if name.startswith(("gamma", "beta")) else 0.0
    assert values == pytest.approx(np.where(u < 0.5, law.ppf(u), law.isf(1.0 - u)), rel=2e-11, abs=tolerance + 1e-12)
    assert (np.diff(values[np.argsort(u)]) >= 0).all()


def test_histograms_bernoulli_and_categories_have_their_shares(drawn: Any, lab: Any) -> None:
    ages = drawn.attribute("ages")
    for low, high, weight in ((16, 36, 0.42), (36, 56, 0.34), (56, 66, 0.24)):
        inside = ages[(ages >= low) & (ages < high)]
        lab.share((ages >= low) & (ages < high), weight, f"ages {low}")
        assert stats.kstest(inside, stats.uniform(low, high - low).cdf).statistic < 2.3 / math.sqrt(len(inside))
    lab.share(drawn.attribute("fit") == "yes", 0.3, "bernoulli")
    for word, weight in (("low", 0.5), ("middle", 0.3), ("high", 0.2)):
        lab.share(drawn.attribute("word") == word, weight, word)


def test_attributes_without_correlation_are_independent(drawn: Any) -> None:
    ranks = np.array([stats.rankdata(drawn.attribute(name)) for name in FAMILIES])
    off = np.corrcoef(ranks)[np.triu_indices(len(ranks), 1)]
    assert np.abs(off).max() < 4.5 / math.sqrt(N)  # the largest of 45


def rank_correlation(a: np.ndarray, b: np.ndarray, rho: float) -> None:
    """Spearman's of a Gaussian copula is 6/pi asin(rho/2); on Fisher's scale its variance is (1 + rs^2/2)/(n - 3).

    Sources: Kruskal (1958) for the first, Bonett and Wright (2000) for the second.
    Deviations of 0.017 are caught with 90 % power.
    """
    expected = 6.0 / math.pi * math.asin(rho / 2.0)
    found = stats.spearmanr(a, b).statistic
    error = math.sqrt((1.0 + expected**2 / 2.0) / (len(a) - 3))
    assert abs(math.atanh(found) - math.atanh(expected)) < 4.0 * error


CORRELATED = """
patient:
  chemo: {draw: {normal: [0, 1]}}
  blina: {draw: {lognormal: [3, 0.5]}}
  age: {draw: {uniform: [18, 66]}, unit: years}
  kill: {draw: {gamma: [3, 1]}}
  donor: {draw: {bernoulli: 0.4}}
correlations:
  - {of: [chemo, blina], rho: 0.6, assumption: test}
  - {of: [blina, kill], rho: -0.4, assumption: test}
  - {of: [chemo, donor], rho: 0.5, assumption: test}
phases:
  CARE: {open: true}
"""


def test_correlated_attributes_have_the_rank_correlation_of_their_copula(lab: Any) -> None:
    n = 100_000
    history = lab.run(CORRELATED, n, horizon="1 d")
    values = {name: history.attribute(name) for name in ("chemo", "blina", "age", "kill")}
    rank_correlation(values["chemo"], values["blina"], 0.6)
    rank_correlation(values["blina"], values["kill"], -0.4)
    rank_correlation(values["chemo"], values["kill"], 0.0)
    rank_correlation(values["chemo"], values["age"], 0.0)
    marginals = {"chemo": stats.norm(0, 1), "blina": stats.lognorm(0.5, scale=3), "kill": stats.gamma(9, scale=1 / 3)}
    for name, law in marginals.items():
        assert stats.kstest(values[name], law.cdf).statistic < 2.3 / math.sqrt(n)
    donor = history.attribute("donor") == "yes"
    lab.share(donor, 0.4, "the correlated yes")
    # u < p says yes, so a high score of the other attribute goes with a no.
    both = stats.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]]).cdf([0.0, stats.norm.ppf(0.4)])
    lab.share((values["chemo"] < 0) & donor, both, "low score and yes")


def test_a_correlation_leaves_the_first_attribute_and_all_others_alone(lab: Any) -> None:
    with_them = lab.run(CORRELATED, 2_000, horizon="1 d")
    without = lab.run(lab.protocol(CORRELATED, correlations=[]), 2_000, horizon="1 d")
    assert np.allclose(with_them.attribute("chemo"), without.attribute("chemo"), rtol=1e-12, atol=1e-12)
    assert np.array_equal(with_them.attribute("age"), without.attribute("age"))
    assert not np.array_equal(with_them.attribute("blina"), without.attribute("blina"))
