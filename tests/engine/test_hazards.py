"""Hazards against closed form and quadrature, all three ways: families, cures, levels, factors, scopes, clocks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, optimize, stats

YEAR = 365.25
Rate = Callable[[Any], Any]
"""A hazard a day at days on the clock."""

# Each hazard only emits its event, so all run side by side without disturbing one another. The factor is 1 to day 200,
# 3 to day 500 and 0.4 after; out of scope from day 300 to day 400 the integral stands still while the clock runs on.
FACTORS = [(0.0, 200.0, 1.0), (200.0, 300.0, 3.0), (300.0, 400.0, 0.0), (400.0, 500.0, 3.0), (500.0, math.inf, 0.4)]
_COMMON = (
    "clock: {since: enrolment}, while: not away, multiply: [{factor: 3, when: strong}, {exp: log(0.4), when: weak}]"
)
FAMILIES = {
    "exponential": ("exponential", "level: {cumulative_hazard: 0.5, at: 700 d, from: 100 d}"),
    "weibull": ("{weibull: {shape: 1.7}}", "level: {probability: 0.5, at: 500 d}"),
    "weibull_early": ("{weibull: {shape: 0.6, scale: 900 d}}", ""),
    "gompertz": ("{gompertz: {rate: 0.3}}", "level: {hazard_per_year: 0.4, at: 2 y}"),
    "loglogistic": ("{loglogistic: {shape: 1.8, median: 600 d}}", ""),
    "lognormal": (
        "{lognormal: {median: 500 d, sigma: 0.9}}",
        "level: {cumulative_hazard: 0.6, at: 2 y, from: 6 months}",
    ),
    "piecewise": ("{piecewise: {cuts: [90 d, 450 d], hazards_per_year: [0.182625, 0.7305, 0.36525]}}", ""),
    "plateau": ("{lognormal: {median: 304 d, sigma: 0.8, plateau: 0.34}}", ""),
    "plateau_level": ("{weibull: {shape: 1.2, plateau: 0.3}}", "level: {probability: 0.5, at: 400 d}"),
    "cured": ("{latent_class: {cured: 0.4, uncured: {lognormal: {median: 300 d, sigma: 0.7}}}}", ""),
    "cured_all": (
        "{latent_class: {cured: 0.4, uncured: {weibull: {shape: 1.4}}}}",
        "level: {probability: 0.5, at: 600 d, of: all}",
    ),
    "cured_uncured": (
        "{latent_class: {cured: 0.2, uncured: {loglogistic: {shape: 2, median: 400 d}}}}",
        "level: {probability: 0.5, at: 700 d, of: uncured}",
    ),
}
PROBE = """
flags:
  strong: {set_by: up, cleared_by: down}
  weak: {set_by: down}
  away: {set_by: leave, cleared_by: back}
delays:
  rise: {since: enrolment, after: 200 d, emits: up}
  fall: {since: up, after: 300 d, emits: down}
  gone: {since: enrolment, after: 300 d, emits: leave}
  return: {since: leave, after: 100 d, emits: back}
phases:
  CARE: {open: true}
hazards:
""" + "".join(
    f"  {name}: {{{_COMMON}, baseline: {baseline}, emits: {name}{', ' + level if level else ''}}}\n"
    for name, (baseline, level) in FAMILIES.items()
)
DAYS = (50.0, 199.0, 260.0, 350.0, 450.0, 600.0, 1_000.0, 3_000.0)


def of_law(law: Any) -> Rate:
    """The hazard rate of a distribution."""
    return lambda t: law.pdf(t) / law.sf(t)


def improper(law: Any, plateau: float, power: float = 1.0) -> Rate:
    """The hazard rate of S = p + (1 - p) S0^k."""

    def rate(t: Any) -> Any:
        s0 = law.sf(t) ** power
        return (1.0 - plateau) * power * s0 * (law.pdf(t) / law.sf(t)) / (plateau + (1.0 - plateau) * s0)

    return rate


def rates() -> dict[str, tuple[Rate, float]]:
    """Rate a day at reference covariates and cured share of each family, written down from the definitions."""
    half = math.log(2.0)
    lognormal = stats.lognorm(0.9, scale=500)
    power = 0.6 / (lognormal.logsf(182.625) - lognormal.logsf(730.5))
    proper = (0.5 - 0.3) / 0.7
    plateau_law = stats.weibull_min(1.2, scale=400 / (-math.log(proper)) ** (1 / 1.2))
    uncured = (0.5 - 0.4) / 0.6
    return {
        "exponential": (lambda t: 0.5 / 600.0 + 0.0 * t, 0.0),
        "weibull": (lambda t: half * 1.7 / 500.0 * (t / 500.0) ** 0.7, 0.0),
        "weibull_early": (of_law(stats.weibull_min(0.6, scale=900)), 0.0),
        "gompertz": (lambda t: 0.4 / YEAR * np.exp(0.3 * (t / YEAR - 2.0)), 0.0),
        "loglogistic": (of_law(stats.fisk(1.8, scale=600)), 0.0),
        "lognormal": (lambda t: power * lognormal.pdf(t) / lognormal.sf(t), 0.0),
        "piecewise": (lambda t: np.where(t < 90, 0.0005, np.where(t < 450, 0.002, 0.001)), 0.0),
        "plateau": (improper(stats.lognorm(0.8, scale=304), 0.34), 0.0),
        "plateau_level": (improper(plateau_law, 0.3), 0.0),
        "cured": (of_law(stats.lognorm(0.7, scale=300)), 0.4),
        "cured_all": (lambda t: -math.log(uncured) * 1.4 / 600.0 * (t / 600.0) ** 0.4, 0.4),
        "cured_uncured": (
            lambda t: half / math.log1p((700 / 400) ** 2) * of_law(stats.fisk(2, scale=400))(t),
            0.2,
        ),
    }


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


def integrated(rate: Rate, until: float) -> float:
    """The integral of factor times rate from 0 to a day: Gauss-Legendre, 200 nodes between all breaks.

    The first stretch runs over the sixth root of time, which takes away the singularity of early hazards at 0.
    """
    total = 0.0
    cuts = sorted({0.0, 90.0, 200.0, 300.0, 400.0, 450.0, 500.0, until} | {1_000.0 * k for k in range(1, 5)})
    for low, high in itertools.pairwise(cuts):
        factor = next(value for begin, end, value in FACTORS if begin <= low < end)
        if high > until or not factor:
            continue
        x = 0.5 * (_NODES + 1.0)
        if low == 0.0:
            total += factor * 0.5 * high * float(np.sum(_WEIGHTS * rate(high * x**6) * 6.0 * x**5))
        else:
            total += factor * 0.5 * (high - low) * float(np.sum(_WEIGHTS * rate(low + (high - low) * x)))
    return total


def test_every_family_under_a_factor_that_changes_and_a_scope_that_is_left(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    history = lab.run(PROBE, n, engine)
    for name, (rate, cured) in rates().items():
        days = lab.days(history, name)
        assert not ((days > 300.0) & (days < 400.0)).any(), f"{name} fired out of its scope"
        lab.curve(days, lambda t, r=rate, c=cured: (1 - c) * -math.expm1(-integrated(r, t)), DAYS, name)


def test_quantiles_of_every_family(lab: Any) -> None:
    """The 5, 25 and 50 % points are where theory puts them: the share before each is checked, 20,000 patients."""
    history = lab.run(PROBE, 20_000, seed=8)
    for name, (rate, cured) in rates().items():
        days = lab.days(history, name)
        for q in (0.05, 0.25, 0.5):
            target = -math.log1p(-q / (1 - cured))
            if integrated(rate, 3_600.0) < target * 1.05:
                continue
            point = optimize.brentq(lambda t, r=rate, goal=target: integrated(r, t) - goal, 1e-3, 3_600.0)
            lab.share(days <= point, q, f"{name} {q:.0%} point at day {point:.1f}")


def test_a_factor_turns_a_plateau_into_its_power_and_leaves_a_cured_class_alone(lab: Any) -> None:
    probe = """
    phases: {CARE: {open: true}}
    hazards:
      high: {clock: {since: enrolment}, baseline: {weibull: {shape: 2, scale: 50 d, plateau: 0.3}}, multiply: [2.5],
            emits: high}
      low: {clock: {since: enrolment}, baseline: {weibull: {shape: 2, scale: 50 d, plateau: 0.3}}, multiply: [0.5],
            emits: low}
      class: {clock: {since: enrolment}, baseline: {latent_class: {cured: 0.3, uncured: {weibull: {shape: 2,
            scale: 50 d}}}},
              multiply: [2.5], emits: class}
    """
    history = lab.run(probe, 20_000)
    lab.share(np.isinf(lab.days(history, "high")), 0.3**2.5, "factor 2.5")
    lab.share(np.isinf(lab.days(history, "low")), 0.3**0.5, "factor 0.5")
    lab.share(np.isinf(lab.days(history, "class")), 0.3, "cured class")


def test_times_are_the_inverse_of_their_uniform_to_the_tick(lab: Any) -> None:
    """No Monte Carlo error: integrated hazard at the time of the event equals -log u of the patient's own address."""
    from sim.engine.draws import site_hash, uniform

    history = lab.run(PROBE, 300, seed=3)
    for name, (rate, cured) in rates().items():
        if cured:
            continue
        days = lab.days(history, name)
        for patient in np.flatnonzero(np.isfinite(days))[:25]:
            threshold = -math.log(uniform(3, 0, int(patient), site_hash(f"hazard.{name}"), 0))
            slack = 2e-5 * rate(days[patient]) + 3e-9  # a tick each for the rounding of the event and of the comparison
            assert integrated(rate, days[patient]) == pytest.approx(threshold, abs=slack, rel=1e-8), (name, patient)


AGEING = """
patient:
  age: {draw: {uniform: [20, 80]}, unit: years}
phases: {CARE: {open: true}}
hazards:
  background: {clock: age, baseline: {gompertz: {rate: 0.095}}, level: {probability: 0.01, from: 60 y, at: 61 y},
        goto: DEAD}
  wear: {clock: age, baseline: {weibull: {shape: 5, scale: 90 y}}, multiply: [{factor: 2, when: worn}], emits: wear}
flags: {worn: {set_by: worse}}
delays: {worsening: {since: enrolment, after: 3 y, emits: worse}}
"""


def test_the_age_clock_is_conditional_on_the_age_at_entry(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    history = lab.run(AGEING, n, engine, horizon="20 y")
    age = history.attribute("age")
    dead, worn = lab.days(history, "death"), lab.days(history, "wear")
    # 0.01 = 1 - exp(-H) between 60 and 61.
    height = -math.log(0.99) / (math.exp(0.095 * 61) - math.exp(0.095 * 60))

    def dies(a: float, years: float) -> float:
        return -math.expm1(-height * (math.exp(0.095 * (a + years)) - math.exp(0.095 * a)))

    def wears(a: float, years: float) -> float:
        late = 2.0 * (((a + years) / 90) ** 5 - ((a + 3) / 90) ** 5)
        return -math.expm1(-(((a + 3) / 90) ** 5 - (a / 90) ** 5) - late)

    for low, high in ((20, 40), (40, 60), (60, 80)):
        band = (age >= low) & (age < high)
        for years in (5.0, 10.0, 18.0):
            expected = integrate.quad(dies, low, high, args=(years,))[0] / (high - low)
            lab.share(dead[band] <= years * YEAR, expected, f"death by {years} y from age {low}")

        # Death censors wear: a death ends the patient, so wear before it is a competing risk.
        def before(a: float) -> float:
            def density(t: float) -> float:
                factor = 1 if t < 3 else 2
                worn_by = wears(a, t) if t >= 3 else -math.expm1((a / 90) ** 5 - ((a + t) / 90) ** 5)
                return factor * 5 / 90 * ((a + t) / 90) ** 4 * (1 - worn_by) * (1 - dies(a, t))

            return integrate.quad(density, 0, 10, points=[3])[0]

        expected = integrate.quad(before, low, high, limit=50)[0] / (high - low)
        lab.share(worn[band] <= 10 * YEAR, expected, f"wear by 10 y from age {low}")


SECOND_REMISSION = """
phases:
  REMISSION: {open: true, emits: remission}
  SALVAGE: {lasts: 60 d, goto: REMISSION}
hazards:
  relapse: {clock: {since: remission}, baseline: {weibull: {shape: 2, scale: 300 d}}, goto: SALVAGE}
"""


def test_a_second_remission_starts_the_clock_anew_with_a_draw_of_its_own(lab: Any, way: tuple[str, int]) -> None:
    engine, n = way
    history = lab.run(SECOND_REMISSION, n, engine)
    law = stats.weibull_min(2, scale=300)
    first = lab.days(history, "relapse")
    second_tick = history.first_tick(
        "relapse", after=np.where(history.first_tick("relapse") < 0, -1, history.first_tick("relapse") + 1)
    )
    second = np.where(second_tick < 0, np.inf, second_tick / 1e5)
    lab.curve(first, law.cdf, (100, 250, 500), "first relapse")
    both = lambda t: integrate.quad(lambda x: law.pdf(x) * law.cdf(t - 60 - x), 0, t - 60)[0]  # noqa: E731
    lab.curve(second, both, (300, 500, 800), "second relapse")
    gap = second - first - 60
    assert abs(stats.spearmanr(first, gap).statistic) < 4 / math.sqrt(n)
