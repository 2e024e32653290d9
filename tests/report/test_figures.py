"""Figures of a comparison: what they show, what they refuse, and that their bytes are the same every time."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sim.compare.run import Comparison
from sim.errors import EngraftError
from sim.report.figures import cif_figure, difference_figure, km_figure
from sim.report.pictures import comparison_pictures, slug
from sim.report.style import svg_bytes

POPULATION = "small-population"


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def line_of(figure: Figure, place: int) -> tuple[np.ndarray, np.ndarray]:
    line = figure.axes[0].lines[place]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_a_survival_curve_is_that_of_the_table(comparison: Comparison) -> None:
    figure = km_figure(comparison.curves, endpoint="OS", population=POPULATION)
    days, per_cent = line_of(figure, 1)
    rows = comparison.curves
    rows = rows[(rows["population"] == POPULATION) & (rows["endpoint"] == "OS") & (rows["subgroup"] == "all")]
    one = rows[rows["arm"] == "one"]
    assert np.array_equal(days, one["time_days"])
    assert np.allclose(per_cent, 100 * one["estimate"])


def test_numbers_at_risk_stand_under_their_ticks(comparison: Comparison) -> None:
    figure = km_figure(comparison.curves, endpoint="OS", population=POPULATION)
    shown = words(figure.axes[0])
    ends = comparison.endpoints
    alive = ends[(ends["endpoint"] == "OS") & (ends["arm"] == "two")]["time_days"]
    at = shown.index("two") + 1
    # The table knows each third day; half-yearly ticks lie between two of them.
    ticks = figure.axes[0].get_xticks()
    for tick, number in zip(ticks, shown[at : at + len(ticks)], strict=True):
        assert int((alive >= tick).sum()) <= int(number) <= int((alive >= tick - 3).sum())
    assert shown[at] == "300"


def test_arms_differ_by_pattern_and_not_by_colour_alone(comparison: Comparison) -> None:
    lines = km_figure(comparison.curves, endpoint="LFS", population=POPULATION).axes[0].lines
    assert len({str(line._dash_pattern) for line in lines}) == 2  # type: ignore[attr-defined]


def test_subgroups_are_small_multiples_of_one_scale(comparison: Comparison) -> None:
    names = ["MRD: negative", "MRD: positive"]
    curves = pd.concat(
        comparison.curves[comparison.curves["subgroup"] == "all"].assign(subgroup=name) for name in names
    )
    figure = km_figure(curves, endpoint="OS", population=POPULATION, subgroups=names)
    assert [axes.get_title(loc="left") for axes in figure.axes] == names
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert [("At risk" in words(axes)) for axes in figure.axes] == [True, False]


def test_stacked_incidences_and_remission_sum_to_everybody(comparison: Comparison) -> None:
    figure = cif_figure(comparison.curves, population=POPULATION)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["two", "one"]
    for axes in figure.axes:
        shares = [float(text.removesuffix(" %")) for text in words(axes)]
        assert len(shares) == 3
        assert sum(shares) == pytest.approx(100, abs=0.16)
    one = comparison.curves
    one = one[(one["endpoint"] == "CIR") & (one["arm"] == "one") & (one["subgroup"] == "all")]
    assert words(figure.axes[1])[0] == f"{100 * one['estimate'].iloc[-1]:.1f} %"


def test_the_legend_of_stacked_incidences_says_what_they_count(comparison: Comparison) -> None:
    figure = cif_figure(comparison.curves, population=POPULATION, labels=("relapse or failure to remit", "death"))
    colours = [patch.get_facecolor() for patch in figure.legends[0].get_patches()]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "relapse or failure to remit",
        "death",
        "event-free",
    ]
    assert colours == [tuple(layer.get_facecolor()[0]) for layer in figure.axes[0].collections]


def test_a_survival_cannot_be_stacked(comparison: Comparison) -> None:
    with pytest.raises(EngraftError, match="LFS is no cumulative incidence and cannot be stacked"):
        cif_figure(comparison.curves, population=POPULATION, relapse="LFS")


def test_differences_leave_out_restricted_means(comparison: Comparison) -> None:
    figure = difference_figure(comparison.differences, population=POPULATION, endpoints=["OS", "CIR"])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["OS (survival)", "CIR (cumulative incidence)"]
    rows = comparison.differences
    rows = rows[(rows["endpoint"] == "OS") & (rows["subgroup"] == "all") & (rows["measure"] == "survival")]
    _, points = line_of(figure, 1)
    assert np.allclose(points, 100 * rows["difference"])
    assert len(points) == 2
    panel = figure.axes[0]
    marks = panel.get_lines()[1]
    assert marks.get_zorder() > max(bars.get_zorder() for bars in panel.collections)
    assert marks.get_markeredgecolor() == "white"


def test_keys_of_many_arms_with_long_names_stay_inside_the_figure(comparison: Comparison) -> None:
    rows = comparison.differences
    long = [rows.assign(arm=name) for name in ("maintenance", "maintenance-by-mrd", "four-cycles-by-mrd")]
    figure = difference_figure(pd.concat(long).assign(reference="observation"), population=POPULATION, endpoints=["OS"])
    renderer = FigureCanvasAgg(figure).get_renderer()
    key, panel = figure.legends[0].get_window_extent(renderer), figure.axes[0].get_tightbbox(renderer)
    assert panel is not None
    assert key.x1 < figure.bbox.x1
    assert panel.y1 < key.y0


def test_a_curve_that_is_not_there_is_said(comparison: Comparison) -> None:
    with pytest.raises(EngraftError, match="nothing to draw for population small-population, endpoint PFS"):
        km_figure(comparison.curves, endpoint="PFS", population=POPULATION)


def test_pictures_of_a_comparison(comparison: Comparison) -> None:
    names = [picture.name for picture in comparison_pictures(comparison)]
    assert names == [
        "survival-OS",
        "survival-LFS",
        "stacked-CIR-NRM",
        "differences",
        "survival-OS-by-MRD",
        "survival-LFS-by-MRD",
    ]
    assert slug("MRD after C-1: (all)") == "MRD-after-C-1-all"


def test_the_bytes_of_a_figure_are_the_same_every_time(comparison: Comparison) -> None:
    first, second = (
        [picture.svg for picture in comparison_pictures(comparison)],
        [picture.svg for picture in comparison_pictures(comparison)],
    )
    assert first == second
    assert not any(re.search(rb"<dc:date>|matplotlib v|Matplotlib v", svg) for svg in first)


def test_matplotlib_keeps_its_own_settings(comparison: Comparison) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    svg_bytes(km_figure(comparison.curves, endpoint="OS", population=POPULATION), title="t", description="d")
    assert dict(matplotlib.rcParams) == before
