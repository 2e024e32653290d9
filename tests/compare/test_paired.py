"""Paired errors against brute force: by patient number, whoever is a member, and with late entry at a landmark."""

from __future__ import annotations

import numpy as np
import pytest

from sim.compare.config import CompareConfig
from sim.compare.contrast import ArmData, contrast
from sim.endpoints.groups import Grouping
from sim.endpoints.table import TimeToEvent
from sim.protocol.schema import Endpoint

DAY = 100_000
TIME = 300.0
CONFIG = CompareConfig.model_validate(
    {
        "schema": "engraft/compare/1",
        "title": "by hand",
        "arms": {"a": {"protocol": "x"}, "b": {"protocol": "y"}},
        "population": "p",
        "patients": 60,
        "seed": 1,
        "horizon": "400 d",
        "endpoints": ["OS"],
        "times": ["300 d"],
        "subgroups": {"G": {"by": "g", "landmark": "known"}},
    }
)
RULES = {"OS": Endpoint.model_validate({"from": "enrolment", "event": ["death"]})}


def arm(name, seed, *, landmark):
    """Sixty patients, some censored, a third of them (others in each arm) not in the group."""
    draws = np.random.default_rng(seed)
    patient = np.arange(60)
    days = np.round(draws.exponential(300.0, 60) + 1)
    code = np.where(days > 400, 0, (draws.random(60) < 0.8).astype(int))
    days = np.minimum(days, 400)
    word = np.where(draws.random(60) < 0.67, "in", "out").astype(object)
    tick = None if not landmark else (np.round(draws.uniform(0, 200, 60)) * DAY).astype(np.int64)
    found = TimeToEvent(
        name="OS",
        origin="enrolment",
        patient=patient,
        row=patient,
        start=np.zeros(60, dtype=np.int64),
        ticks=(days * DAY).astype(np.int64),
        code=code,
        cause=np.full(60, "", dtype=object),
        legend={0: "censored", 1: "death"},
    )
    return ArmData(name, {"OS": found}, {"G": (Grouping("g", word, tick, ("in", "out")), "endpoint")})


def survival(weight, days, struck, entry):
    """Kaplan-Meier of weighted patients, straight from its definition."""
    product = 1.0
    for day in sorted(set(days[struck & (days <= TIME)])):
        at_risk = weight[(days >= day) & (entry < day)].sum()
        product *= 1 - weight[struck & (days == day)].sum() / at_risk
    return product


def influence(one, word):
    """How the estimate moves with the weight of each of the sixty patients, by moving it; 0 for who is no member."""
    groups, _ = one.groups["G"]
    found = one.endpoints["OS"]
    inside = groups.word == word
    entry = np.full(60, -np.inf)
    if groups.tick is not None:
        inside &= groups.tick < found.ticks
        entry = np.where(groups.tick > 0, groups.tick / DAY, -np.inf)
    days, struck, step = found.ticks / DAY, found.code == 1, 1e-5
    moved = np.zeros(60)
    for patient in np.flatnonzero(inside):
        sides = []
        for sign in (1, -1):
            weight = inside.astype(float)
            weight[patient] += sign * step
            sides.append(survival(weight[inside], days[inside], struck[inside], entry[inside]))
        moved[patient] = (sides[0] - sides[1]) / (2 * step)
    return moved, inside, survival(inside[inside].astype(float), days[inside], struck[inside], entry[inside])


@pytest.mark.parametrize("landmark", [False, True])
def test_the_paired_error_is_that_of_the_brute_force_jackknife(landmark):
    arms = [arm("a", 1, landmark=landmark), arm("b", 2, landmark=landmark)]
    _, _, parts = contrast(CONFIG, RULES, arms)
    [row] = [part for part in parts if part["subgroup"] == "G: in"]
    (first, in_first, was), (other, in_other, now) = (influence(one, "in") for one in arms)
    # Some are members in one arm only, so that the same row of both arms is seldom the same patient.
    everyone = in_first | in_other
    assert 10 < (in_first != in_other).sum() < everyone.sum()
    size = everyone.sum()
    expected = np.sqrt(size / (size - 1) * ((other - first)[everyone] ** 2).sum())
    assert row["difference"][0] == pytest.approx(now - was, rel=1e-12)
    assert row["paired_mc_se"][0] == pytest.approx(expected, rel=1e-6)
    assert row["n"] == in_other.sum()
    # By patients who fared differently: a member of one arm only, or dead by then in one arm only.
    dead = [(one.endpoints["OS"].code == 1) & (one.endpoints["OS"].ticks <= TIME * DAY) for one in arms]
    differ = (in_first != in_other) | (in_first & in_other & (dead[0] != dead[1]))
    assert row["discordant"][0] == differ.sum()
    separate = [
        size_of / (size_of - 1) * (each**2).sum()
        for each, size_of in ((first, in_first.sum()), (other, in_other.sum()))
    ]
    assert row["unpaired_se"][0] == pytest.approx(np.sqrt(sum(separate)), rel=1e-6)
