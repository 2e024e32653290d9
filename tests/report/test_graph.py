"""The picture of a protocol: no text covers another, every way is there, and the bytes are the same every time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sim.protocol.resolve import load_protocol
from sim.protocol.schema import Protocol
from sim.report.graph import graph, graph_figure, graph_svg
from sim.report.layers import Size, lay_out
from sim.report.ways import competing_rows, node_lines, ways


def test_every_way_is_told_with_its_reason(small: Protocol) -> None:
    assert {(way.start, way.end): way.lines for way in ways(small)} == {
        ("A", "DEAD"): ("early death, 2 to 6 %, by age",),
        ("A", "PALLIATIVE"): ("refractory, otherwise",),
        ("A", "ALLO"): ("if MRD after induction is positive and a donor",),
        ("A", "B"): ("else",),
        ("B", "FOLLOW_UP"): (),
        ("ALLO", "FOLLOW_UP"): (),
    }


def test_a_box_tells_what_happens_in_the_phase(small: Protocol) -> None:
    assert node_lines("A", small) == [
        "Induction",
        "28 d",
        "test at end: MRD after induction",
        "waits at most 14 d for MRD after induction",
        "remission, 80 %",
    ]


def test_hazards_are_told_with_clock_scope_and_target(small: Protocol) -> None:
    assert competing_rows(small) == [
        ("relapse → PALLIATIVE", "clock: time since remission; while in remission"),
        ("death in remission → Dead", "clock: time since remission; while in remission"),
        ("disease → Dead", "clock: time since relapse or refractory; while in PALLIATIVE"),
        ("background → Dead", "clock: age"),
    ]


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts whose drawn extents cover one another."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [(text.get_text(), text.get_window_extent(renderer)) for text in figure.axes[0].texts]
    return [(a, b) for (a, one), (b, other) in combinations(texts, 2) if one.padded(-0.5).overlaps(other.padded(-0.5))]


@pytest.mark.parametrize("name", ["small", "all-mrd2019", "all-mrd2023"])
def test_no_text_covers_another_or_leaves_the_picture(name: str, small: Protocol) -> None:
    figure = graph_figure(small if name == "small" else load_protocol(name))
    assert overlaps(figure) == []
    renderer = FigureCanvasAgg(figure).get_renderer()
    for text in figure.axes[0].texts:
        extent = text.get_window_extent(renderer)
        assert extent.x0 >= 0, text.get_text()
        assert extent.x1 <= figure.bbox.x1, text.get_text()


def test_the_picture_is_well_formed_and_the_same_every_time(small: Protocol, tmp_path: Path) -> None:
    graph(small, tmp_path / "a.svg")
    graph(small, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes() == graph_svg(small)
    tree = ET.fromstring(graph_svg(small))
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    text = graph_svg(small).decode()
    assert "date" not in text
    assert "A flow chart of 6 phases" in text


SIZE = Size(1.0, 0.5)


def laid_out(edges: list[tuple[str, str]], labels: dict[tuple[str, str], Size] | None = None) -> dict[str, float]:
    names = dict.fromkeys(name for edge in edges for name in edge)
    layout = lay_out(dict.fromkeys(names, SIZE), edges, labels or {}, gap=0.2, rise=0.2)
    everything = {id(box): box for line in layout.lines for box in line.boxes} | {
        id(box): box for box in layout.nodes.values()
    }
    for one, other in combinations(everything.values(), 2):
        if one.layer == other.layer:
            apart = (one.size.width + other.size.width) / 2
            assert abs(one.x - other.x) >= apart + 0.2 - 1e-9, (one.key, other.key)
    return {name: box.y for name, box in layout.nodes.items()}


def test_a_box_lies_below_all_that_lead_to_it() -> None:
    y = laid_out([("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("b", "d")])
    assert y["a"] < y["b"] < y["c"] < y["d"]


def test_a_way_back_does_not_turn_the_order_round() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "b")]
    y = laid_out(edges, {("c", "a"): Size(1.5, 0.2)})
    assert y["a"] < y["b"] < y["c"]
    layout = lay_out(dict.fromkeys("abc", SIZE), edges, {}, gap=0.2, rise=0.2)
    assert [(line.start, line.end) for line in layout.lines if line.reversed] == [("c", "a"), ("c", "b")]


def test_lines_that_need_not_cross_do_not() -> None:
    # A crossed ladder in reading order: swapping the second rung of either side frees it.
    edges = [("a", "x"), ("a", "y"), ("x", "q"), ("y", "p"), ("x", "s"), ("y", "r")]
    layout = lay_out(dict.fromkeys("axypqrs", SIZE), edges, {}, gap=0.2, rise=0.2)
    at = {name: box.x for name, box in layout.nodes.items()}
    left, right = ("x", "y") if at["x"] < at["y"] else ("y", "x")
    below = {"x": ("q", "s"), "y": ("p", "r")}
    assert max(at[name] for name in below[left]) < min(at[name] for name in below[right])
