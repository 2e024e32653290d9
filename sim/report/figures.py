"""Figures of a comparison from its tables: survival, stacked incidence, differences. No estimator is here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.batch.folder import NOTICE
from sim.errors import EngraftError
from sim.report.style import DASHES, FAINT, PALETTE, RULE, STATES, figure_style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MONTH, _YEAR = 30.4375, 365.25
_EDGED: dict[str, Any] = {"markersize": 6.0, "markeredgecolor": "white", "markeredgewidth": 1.0}
_KEY_HANDLE, _KEY_LETTER = 0.5, 0.068  # inches that a key takes, and a letter of its words
_ROW = 0.19  # inches between two lines of an at-risk table
_POINTS = 100.0  # a share in per cent


def km_figure(
    curves: pd.DataFrame,
    *,
    endpoint: str,
    population: str,
    subgroups: Sequence[str] = ("all",),
    arms: Sequence[str] | None = None,
    title: str = "",
) -> Figure:
    """Survival curves with confidence bands and numbers at risk, one panel a subgroup.

    Parameters
    ----------
    curves
        Columns of curves.csv.
    endpoint, population
        Which curves.
    subgroups
        Panels, in this order.
    arms
        Arms and their order; all by default.
    title
        Heading of the figure.

    Raises
    ------
    EngraftError
        There is no such curve.
    """
    from matplotlib.figure import Figure

    panels = [_chosen(curves, population=population, endpoint=endpoint, subgroup=subgroup) for subgroup in subgroups]
    shown = list(arms) if arms is not None else list(dict.fromkeys(arm for panel in panels for arm in panel["arm"]))
    end = max(float(panel["time_days"].max()) for panel in panels)
    ticks = _ticks(end)
    across = len(panels) if len(panels) <= 3 else 2
    down = -(-len(panels) // across)
    below = 0.55 + _ROW * (len(shown) + 1)
    panel_height = (3.0 if len(panels) == 1 else 2.2) + below
    width = 7.2 if across == 1 else 9.6 if across == 2 else 10.8
    head = 0.75 if len(panels) == 1 else 1.0
    height = head + down * (panel_height + 0.3) + 0.3
    with figure_style():
        figure = Figure(figsize=(width, height))
        # Arms are named beside the first panel of a row only; the others show their rows in the same order and colour.
        left, between = 0.55 + _name_width(shown), 0.75
        each = (width - left - 0.35 - (across - 1) * between) / across
        for index, (subgroup, panel) in enumerate(zip(subgroups, panels, strict=True)):
            column, row = index % across, index // across
            x0 = left + column * (each + between)
            y0 = height - head - row * (panel_height + 0.3) - (panel_height - below)
            axes = figure.add_axes((x0 / width, y0 / height, each / width, (panel_height - below) / height))
            _survival_panel(axes, panel, shown, ticks)
            if len(panels) > 1:
                axes.set_title(_group_words(subgroup))
            if column > 0:
                axes.set_ylabel("")
            _at_risk(axes, panel, shown, ticks, (each, panel_height - below), named=column == 0)
        _heading(figure, title or endpoint)
        _legend(figure, shown)
        _footer(figure, f"population {population}; bands: pointwise 95 % intervals, Monte Carlo error only")
    return figure


def cif_figure(
    curves: pd.DataFrame,
    *,
    population: str,
    relapse: str = "CIR",
    death: str = "NRM",
    subgroup: str = "all",
    arms: Sequence[str] | None = None,
    title: str = "",
    labels: tuple[str, str] = ("relapse", "death without relapse"),
) -> Figure:
    """Stacked cumulative incidence, one panel an arm: relapse, death without relapse, neither.

    Parameters
    ----------
    curves
        Columns of curves.csv; cumulative incidences of one grid.
    population, subgroup
        Which curves.
    relapse, death
        The endpoints whose incidences are stacked; each competes with the other.
    arms
        Arms and their order; all by default.
    title
        Heading of the figure.
    labels
        What the legend calls the two incidences.

    Raises
    ------
    EngraftError
        There is no such curve, or one of them is no cumulative incidence.
    """
    from matplotlib.figure import Figure

    parts = {
        name: _chosen(curves, population=population, endpoint=name, subgroup=subgroup) for name in (relapse, death)
    }
    for name, part in parts.items():
        if set(part["kind"]) != {"cumulative incidence"}:
            raise EngraftError(f"{name} is no cumulative incidence and cannot be stacked; give it competing events")
    shown = list(arms) if arms is not None else list(dict.fromkeys(parts[relapse]["arm"]))
    width, height = max(7.2, 1.2 + 2.7 * len(shown)), 4.1
    with figure_style():
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        figure.subplots_adjust(
            left=0.75 / width, right=1 - 0.6 / width, top=1 - 1.05 / height, bottom=0.85 / height, wspace=0.3
        )
        for axes, arm in zip(panels, shown, strict=True):
            _stack(axes, _of_arm(parts[relapse], arm), _of_arm(parts[death], arm), arm)
        panels[0].set_ylabel("Patients (%)")
        _heading(figure, title or f"{relapse} and {death}, stacked")
        _state_legend(figure, labels)
        _footer(figure, f"population {population}; at the right the shares at the end of follow-up")
    return figure


def difference_figure(
    differences: pd.DataFrame, *, population: str, endpoints: Sequence[str], subgroup: str = "all", title: str = ""
) -> Figure:
    """Differences between arms over time, a panel an endpoint: intervals from shared luck beside unpaired ones.

    Parameters
    ----------
    differences
        Columns of differences: population, arm, reference, subgroup, endpoint, measure, time_days, difference,
        paired_low, paired_high, unpaired_low, unpaired_high.
    population, subgroup
        Which differences.
    endpoints
        Panels, in this order.
    title
        Heading of the figure.
    """
    from matplotlib.figure import Figure

    # Restricted means are days and not shares; they stand in the table.
    shares = differences[differences["measure"].isin(["survival", "cumulative incidence"])]
    panels = {name: _chosen(shares, population=population, endpoint=name, subgroup=subgroup) for name in endpoints}
    arms = list(dict.fromkeys(arm for panel in panels.values() for arm in panel["arm"]))
    reference = str(next(iter(panels.values()))["reference"].iloc[0])
    across = min(len(panels), 2)
    down = -(-len(panels) // across)
    width, height = 8.4, 1.35 + 2.1 * down
    with figure_style():
        figure = Figure(figsize=(width, height))
        grid = figure.subplots(down, across, squeeze=False, sharex=True).ravel()
        figure.subplots_adjust(
            left=0.7 / width, right=1 - 0.2 / width, top=1 - 1.0 / height, bottom=0.8 / height, wspace=0.25, hspace=0.35
        )
        for axes, (name, panel) in zip(grid, panels.items(), strict=False):
            _difference_panel(axes, panel, arms)
            axes.set_title(f"{name} ({_measure(panel)})")
        for axes in grid[len(panels) :]:
            axes.axis("off")
        for axes in grid[:: across or 1]:
            axes.set_ylabel("Difference (points)")
        _heading(figure, title or f"Difference from {reference}")
        _difference_legend(figure, arms, reference)
        _footer(figure, f"population {population}; paired intervals are Monte Carlo error only")
    return figure


def _chosen(frame: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    found = frame
    for column, value in wanted.items():
        found = found[found[column] == value]
    if found.empty:
        words = ", ".join(f"{column} {value}" for column, value in wanted.items())
        raise EngraftError(f"there is nothing to draw for {words}")
    return found


def _of_arm(frame: pd.DataFrame, arm: str) -> pd.DataFrame:
    return frame[frame["arm"] == arm].sort_values("time_days", kind="stable")


def _ticks(end: float) -> list[float]:
    """Whole years, or months where follow-up is short, in days; the last may lie a little past the end."""
    step = next((years * _YEAR for years in (0.25, 0.5, 1, 2, 5, 10) if end / (years * _YEAR) <= 6.01), 20 * _YEAR)
    return [float(tick) for tick in np.arange(0.0, end + 0.1 * step, step)]


def _time_axis(axes: Axes, ticks: list[float], end: float) -> None:
    years = all(abs(tick / _YEAR - round(tick / _YEAR)) < 1e-9 for tick in ticks)
    axes.set_xlim(0, max(end, ticks[-1]))
    axes.set_xticks(ticks, [f"{tick / _YEAR if years else tick / _MONTH:g}" for tick in ticks])
    axes.set_xlabel("Years" if years else "Months")


def _survival_panel(axes: Axes, panel: pd.DataFrame, arms: Sequence[str], ticks: list[float]) -> None:
    for index, arm in enumerate(arms):
        curve = _of_arm(panel, arm)
        if curve.empty:
            continue
        days = curve["time_days"].to_numpy()
        colour, dashes = PALETTE[index % len(PALETTE)], DASHES[index % len(DASHES)]
        low, high = (_POINTS * curve[name].to_numpy() for name in ("ci_low", "ci_high"))
        axes.fill_between(days, low, high, step="post", color=colour, alpha=0.18, linewidth=0)
        estimate = _POINTS * curve["estimate"].to_numpy()
        axes.step(days, estimate, where="post", color=colour, linestyle=dashes, linewidth=1.6)
    axes.set_ylim(0, 101)
    axes.set_yticks(range(0, 101, 20))
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    incidence = set(panel["kind"]) == {"cumulative incidence"}
    axes.set_ylabel("Cumulative incidence (%)" if incidence else "Without event (%)")
    _time_axis(axes, ticks, float(panel["time_days"].max()))


def _at_risk(
    axes: Axes, panel: pd.DataFrame, arms: Sequence[str], ticks: list[float], size: tuple[float, float], *, named: bool
) -> None:
    """Numbers at risk under their ticks, in inches below the axis."""
    span, (wide, tall) = axes.get_xlim()[1], size
    top = -0.55
    options: dict[str, Any] = {"transform": axes.transAxes, "fontsize": 8, "va": "center", "clip_on": False}
    if named:
        axes.text(-0.35 / wide, top / tall, "At risk", ha="right", color=FAINT, **options)
    for row, arm in enumerate(arms, start=1):
        y = (top - row * _ROW) / tall
        colour = PALETTE[(row - 1) % len(PALETTE)]
        if named:
            axes.text(-0.35 / wide, y, arm, ha="right", color=colour, **options)
        curve = _of_arm(panel, arm)
        days, at_risk = curve["time_days"].to_numpy(), curve["at_risk"].to_numpy()
        for tick in ticks:
            place = int(np.searchsorted(days, tick, side="right")) - 1
            # The table of a curve ends with its follow-up: past that, nobody is at risk.
            number = int(at_risk[place]) if place >= 0 and (tick <= days[-1] + _MONTH) else 0
            axes.text(tick / span, y, f"{number:,}", ha="center", color=colour, **options)


def _stack(axes: Axes, relapse: pd.DataFrame, death: pd.DataFrame, arm: str) -> None:
    days = relapse["time_days"].to_numpy()
    first = _POINTS * relapse["estimate"].to_numpy()
    other = death["time_days"].to_numpy()
    second = first + _POINTS * death["estimate"].to_numpy()[np.searchsorted(other, days, side="right") - 1]
    bounds = [
        ("relapse", np.zeros_like(first), first),
        ("death", first, second),
        ("event-free", second, 100 + 0 * first),
    ]
    free = 0.0  # labels stand beside the end of their layer, or above the label below if the layer is thin
    for state, low, high in bounds:
        axes.fill_between(days, low, high, step="post", facecolor=STATES[state], edgecolor="white", linewidth=0.6)
        middle = max(float(low[-1] + high[-1]) / 2, free)
        axes.text(days[-1] * 1.02, middle, f"{high[-1] - low[-1]:.1f} %", va="center", fontsize=8, clip_on=False)
        free = middle + 6.5
    axes.set_title(arm)
    axes.set_ylim(0, 100)
    _time_axis(axes, _ticks(float(days[-1])), float(days[-1]))


def _difference_panel(axes: Axes, panel: pd.DataFrame, arms: Sequence[str]) -> None:
    axes.axhline(0, color=FAINT, linewidth=0.8)
    times = sorted(set(panel["time_days"]))
    years = [time / _YEAR for time in times]
    offset = 0.16 * min(np.diff(years), default=1.0)
    for index, arm in enumerate(arms):
        rows = _of_arm(panel, arm)
        x = rows["time_days"].to_numpy() / _YEAR + offset * (index - (len(arms) - 1) / 2)
        colour = PALETTE[(index + 1) % len(PALETTE)]
        for low, high, wide in (("unpaired_low", "unpaired_high", 1.0), ("paired_low", "paired_high", 4.0)):
            ends = [_POINTS * rows[name].to_numpy() for name in (low, high)]
            axes.vlines(x, ends[0], ends[1], color=colour, linewidth=wide)
        # A bar of the same colour may be shorter than the point, or hide it: the point lies on top, with an edge.
        axes.plot(x, _POINTS * rows["difference"].to_numpy(), "o", color=colour, zorder=4, **_EDGED)
    margin = 0.35 * min(np.diff(years), default=1.0)
    axes.set_xlim(years[0] - margin, years[-1] + margin)
    axes.set_xticks(years, [f"{year:g} y" for year in years])
    axes.tick_params(labelbottom=True)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)


def _measure(panel: pd.DataFrame) -> str:
    return str(panel["measure"].iloc[0])


def _group_words(subgroup: str) -> str:
    return "all patients" if subgroup == "all" else subgroup.replace("_", " ")


def _name_width(arms: Sequence[str]) -> float:
    return max(0.45, 0.072 * max(len(arm) for arm in arms))


def _heading(figure: Figure, title: str) -> None:
    width, height = figure.get_size_inches()
    figure.text(0.2 / width, 1 - 0.22 / height, title, fontsize=12, fontweight="bold", va="center")


def _legend(figure: Figure, arms: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [], [], color=PALETTE[index % len(PALETTE)], linestyle=DASHES[index % len(DASHES)], linewidth=2, label=arm
        )
        for index, arm in enumerate(arms)
    ]
    _key(figure, handles)


def _state_legend(figure: Figure, labels: tuple[str, str]) -> None:
    from matplotlib.patches import Patch

    words = zip(STATES.values(), (*labels, "event-free"), strict=True)
    _key(figure, [Patch(facecolor=colour, label=text) for colour, text in words])


def _difference_legend(figure: Figure, arms: Sequence[str], reference: str) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [],
            [],
            color=PALETTE[(index + 1) % len(PALETTE)],
            marker="o",
            linestyle="",
            label=f"{arm} − {reference}",
            **_EDGED,
        )
        for index, arm in enumerate(arms)
    ]
    handles += [
        Line2D([], [], color=FAINT, linewidth=4, label="95 %, shared luck"),
        Line2D([], [], color=FAINT, linewidth=1, label="95 %, unpaired"),
    ]
    _key(figure, handles)


def _key(figure: Figure, handles: list[Any]) -> None:
    width, height = figure.get_size_inches()
    needed = sum(_KEY_HANDLE + _KEY_LETTER * len(str(handle.get_label())) for handle in handles)
    rows = 1 if needed <= width - 0.4 else 2  # as many as find room between heading and panels
    figure.legend(
        handles=handles,
        loc="center left",
        bbox_to_anchor=(0.2 / width, 1 - 0.52 / height),
        ncols=-(-len(handles) // rows),
        borderpad=0,
        borderaxespad=0,
        handlelength=2.2,
        columnspacing=1.4,
    )


def _footer(figure: Figure, words: str) -> None:
    width, height = figure.get_size_inches()
    text = f"{words[:1].upper()}{words[1:]}.\n{NOTICE.capitalize()}."
    figure.text(0.2 / width, 0.1 / height, text, fontsize=7, color=FAINT, va="bottom", linespacing=1.4)
