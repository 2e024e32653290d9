"""Several hypotheses: stepwise tests are graphs, graphs are closed tests, and looks change nothing of that."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from sim.design.graphical import Graph, fallback_graph, fixed_sequence_graph, graph, graphical_test, holm_graph
from sim.design.multiple import (
    bonferroni,
    bonferroni_p,
    closed_test,
    dunnett,
    dunnett_critical,
    dunnett_p,
    dunnett_power,
    fixed_sequence,
    hochberg,
    holm,
    sidak_p,
    simes_p,
)
from sim.design.sequential import group_sequential
from sim.design.sequential_graphical import (
    graphical_sequential,
    nominal_levels,
    secondary_error,
    worst_secondary_error,
)
from sim.design.spending import obrien_fleming, pocock, spending
from sim.errors import EngraftError

p_lists = st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=5)
THIRDS = [1 / 3, 2 / 3, 1.0]


def some_graph(size: int, seed: int) -> Graph:
    generator = np.random.default_rng(seed)
    arrows = generator.random((size, size)) * (1.0 - np.eye(size))
    return graph(weights=generator.dirichlet(np.ones(size)), transitions=arrows / arrows.sum(axis=1, keepdims=True))


@given(p=p_lists)
def test_holm_and_fixed_sequence_are_graphs(p: list[float]) -> None:
    size = len(p)
    np.testing.assert_allclose(
        graphical_test(p, alpha=0.05, graph=holm_graph(size)).adjusted_p, holm(p, alpha=0.05).adjusted_p, atol=1e-12
    )
    np.testing.assert_allclose(
        graphical_test(p, alpha=0.05, graph=fixed_sequence_graph(size)).adjusted_p,
        fixed_sequence(p, alpha=0.05).adjusted_p,
        atol=1e-12,
    )


@given(p=p_lists)
def test_stepwise_tests_are_closed_tests(p: list[float]) -> None:
    values = np.array(p)

    def closed(single) -> np.ndarray:  # type: ignore[no-untyped-def,type-arg]
        return closed_test(len(p), alpha=0.05, intersection=lambda rows: single(values[list(rows)])).adjusted_p

    np.testing.assert_allclose(holm(p, alpha=0.05).adjusted_p, closed(bonferroni_p), atol=1e-12)
    assert (hochberg(p, alpha=0.05).adjusted_p >= closed(simes_p) - 1e-12).all()  # Hommel is the closed Simes test
    assert (holm(p, alpha=0.05).adjusted_p >= hochberg(p, alpha=0.05).adjusted_p - 1e-12).all()
    assert (bonferroni(p, alpha=0.05).adjusted_p >= holm(p, alpha=0.05).adjusted_p - 1e-12).all()


@settings(max_examples=40, deadline=None)
@given(p=st.lists(st.floats(1e-4, 0.2), min_size=4, max_size=4), seed=st.integers(0, 50))
def test_a_graph_is_the_closed_test_with_its_weights(p: list[float], seed: int) -> None:
    net = some_graph(4, seed)

    def weighted(rows: tuple[int, ...]) -> float:
        weights = net.weights_of(rows)
        return min(1.0, min(p[row] / weights[row] if weights[row] > 0.0 else 1.0 for row in rows))

    found = graphical_test(p, alpha=0.05, graph=net)
    closed = closed_test(4, alpha=0.05, intersection=weighted)
    np.testing.assert_allclose(found.adjusted_p, closed.adjusted_p, rtol=1e-9)
    assert found.rejected == closed.rejected


def test_the_order_of_rejections_does_not_change_the_graph() -> None:
    net = some_graph(5, 3)
    one, other = net.without(1).without(3).without(0), net.without(0).without(1).without(3)
    np.testing.assert_allclose(one.weights, other.weights, atol=1e-12)
    np.testing.assert_allclose(one.transitions, other.transitions, atol=1e-12)


def test_fallback_hands_its_weight_on() -> None:
    found = graphical_test([0.01, 0.03, 0.04], alpha=0.05, graph=fallback_graph([0.5, 0.3, 0.2]))
    assert found.rejected == (True, True, True)
    assert found.order == (0, 1, 2)
    assert graphical_test([0.03, 0.01, 0.02], alpha=0.05, graph=fallback_graph([0.5, 0.3, 0.2])).rejected == (
        False,
        True,
        True,
    )


def test_dunnett_lies_between_independence_and_one_comparison() -> None:
    alpha = 0.025
    for arms in (1, 2, 4):
        critical = dunnett_critical(alpha=alpha, allocation=[1.0] * arms)
        assert ndtri(1.0 - alpha) - 1e-9 <= critical <= -ndtri(-np.expm1(np.log1p(-alpha) / arms)) + 1e-9
    assert dunnett_critical(alpha=alpha, allocation=[1e-4, 1e-4]) == pytest.approx(
        -float(ndtri(1.0 - np.sqrt(1.0 - alpha))), abs=1e-4
    )
    assert dunnett_critical(alpha=alpha, allocation=[1.0, 1.0], degrees=1e6) == pytest.approx(
        dunnett_critical(alpha=alpha, allocation=[1.0, 1.0]), abs=1e-5
    )


def test_dunnett_steps_down_as_the_closed_test_does() -> None:
    z = np.array([2.6, 1.4, 2.2])
    found = dunnett(z, alpha=0.025)
    p = ndtr(-z)
    closed = closed_test(3, alpha=0.025, intersection=lambda rows: dunnett_p(p[list(rows)]))
    np.testing.assert_allclose(found.adjusted_p, closed.adjusted_p, atol=1e-10)
    assert (dunnett(z, alpha=0.025, step_down=False).adjusted_p >= found.adjusted_p - 1e-12).all()
    assert dunnett_power([0.0, 0.0, 0.0], alpha=0.025) == pytest.approx(0.025, abs=1e-9)


def test_intersection_p_values_are_ordered() -> None:
    p = [0.01, 0.04, 0.03]
    assert simes_p(p) == pytest.approx(0.03)
    assert bonferroni_p(p) == pytest.approx(0.03)
    assert sidak_p(p) == pytest.approx(1.0 - 0.99**3)
    assert dunnett_p(p) < sidak_p(p) < bonferroni_p(p)


def test_one_look_of_a_sequential_graph_is_the_graph() -> None:
    net = some_graph(4, 8)
    for p in ([0.001, 0.02, 0.008, 0.3], [0.02, 0.006, 0.01, 0.004]):
        found = graphical_sequential([p], alpha=0.05, graph=net, information=[1.0], efficacy=spending("pocock"))
        assert found.rejected == graphical_test(p, alpha=0.05, graph=net).rejected


def test_weight_moves_on_at_the_look_of_a_rejection() -> None:
    net = holm_graph(2)
    rule = spending("obrien-fleming")
    half = nominal_levels(alpha=0.0125, information=THIRDS, efficacy=rule)
    full = nominal_levels(alpha=0.025, information=THIRDS, efficacy=rule)
    second = (half[1] + full[1]) / 2.0  # between the two levels: only rejected with the other's weight
    alone = graphical_sequential([[0.5, 0.5], [0.9, second]], alpha=0.025, graph=net, information=THIRDS, efficacy=rule)
    assert alone.rejected_at == (0, 0)
    together = graphical_sequential(
        [[0.5, 0.5], [half[1] * 0.9, second]], alpha=0.025, graph=net, information=THIRDS, efficacy=rule
    )
    assert together.rejected_at == (2, 2)
    later = graphical_sequential(
        [[0.5, second], [half[1] * 0.9, 0.5]], alpha=0.025, graph=net, information=THIRDS, efficacy=rule
    )
    assert later.rejected_at == (2, 0)  # a p value of an earlier look is not read again
    np.testing.assert_allclose(together.levels[0], [half[0], half[0]], rtol=1e-9)


def test_hypotheses_may_have_looks_and_spending_of_their_own() -> None:
    found = graphical_sequential(
        [[0.02, np.nan], [0.5, 0.011]],
        alpha=0.05,
        graph=graph(weights=[0.5, 0.5], transitions=[[0.0, 1.0], [1.0, 0.0]]),
        information=[[0.5, 1.0], [0.4, 1.0]],
        efficacy=[spending("pocock"), spending("obrien-fleming")],
    )
    own = nominal_levels(alpha=0.025, information=[0.4, 1.0], efficacy=spending("obrien-fleming"))
    assert found.rejected_at == (0, 2)
    assert found.levels[1, 1] == pytest.approx(own[1], rel=1e-9)
    assert found.to_frame()["rejected"].sum() == 1


def test_a_secondary_endpoint_needs_boundaries_of_its_own() -> None:
    """Glimm et al.: full alpha at each look inflates; Pocock boundaries never do."""
    primary = group_sequential(alpha=0.025, information=[0.5, 1.0], efficacy=obrien_fleming())
    once = group_sequential(alpha=0.025, information=[0.5, 1.0], efficacy=spending("kim-demets", 6.0))
    safe = group_sequential(alpha=0.025, information=[0.5, 1.0], efficacy=pocock())
    assert worst_secondary_error(primary, safe, correlation=0.8)[0] <= 0.025
    assert secondary_error(primary, safe, correlation=0.5, primary_drift=-3.0) < 1e-4
    sure = secondary_error(primary, once, correlation=0.0, primary_drift=20.0)
    assert sure == pytest.approx(float(ndtr(-once.efficacy[0])), abs=1e-9)


@pytest.mark.parametrize(
    ("weights", "transitions", "text"),
    [
        ([0.6, 0.6], [[0, 1], [1, 0]], "weights: they sum to 1.2; together they may have at most 1"),
        ([0.5, -0.1], [[0, 1], [1, 0]], "weights: row 1 is -0.1; it must be 0 or more"),
        ([0.5, 0.5], [[0, 1.2], [1, 0]], "transitions: row 0 sums to 1.2; it may give away at most 1"),
        ([0.5, 0.5], [[0.1, 0.9], [1, 0]], "transitions: row 0 goes to itself; its entry on the diagonal must be 0"),
        ([0.5, 0.5], [[0, 1]], "transitions: found shape (1, 2); 2 hypotheses need a square table of them"),
        ([0.5, 0.5], [[0, -1], [1, 0]], "transitions: row 0 holds -1; shares must be 0 or more"),
    ],
)
def test_graphs_that_are_none_are_refused(weights: list[float], transitions: list[list[float]], text: str) -> None:
    with pytest.raises(EngraftError) as caught:
        graph(weights=weights, transitions=transitions)
    assert str(caught.value) == text


def test_p_values_and_counts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(EngraftError, match=r"p: row 1 is 1.2; a p value lies between 0 and 1"):
        holm([0.1, 1.2], alpha=0.05)
    with pytest.raises(EngraftError, match="p: found 3 values; the graph has 2 hypotheses"):
        graphical_test([0.1, 0.2, 0.3], alpha=0.05, graph=holm_graph(2))
    with pytest.raises(EngraftError, match=r"size: found 13 hypotheses"):
        closed_test(13, alpha=0.05, intersection=lambda rows: 0.5)
    with pytest.raises(EngraftError, match=r"alpha: found 0; it must lie between 0 and 1, neither included"):
        holm([0.1], alpha=0.0)
    with pytest.raises(EngraftError, match=r"allocation: found 2 values for 1 arms; each needs one"):
        dunnett([2.0], alpha=0.05, allocation=[1.0, 1.0])
    with pytest.raises(EngraftError, match="p: found 4 looks; 3 are planned"):
        graphical_sequential(
            [[0.5, 0.5]] * 4, alpha=0.025, graph=holm_graph(2), information=THIRDS, efficacy=spending("pocock")
        )
