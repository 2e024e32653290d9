"""The phases of a protocol as a picture: which phase leads to which, and why. Words and places are made elsewhere."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.batch.folder import NOTICE, write_atomically
from sim.protocol.schema import Protocol
from sim.report.layers import Box, Layout, Line, Size, lay_out
from sim.report.style import FAINT, INK, PALETTE, RULE, figure_style, svg_bytes
from sim.report.ways import competing_rows, node_lines, ways

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# All lengths in inches, all type sizes in points.
_TITLE, _NAME, _TEXT, _SMALL = 11.0, 8.5, 7.5, 7.0
_LEADING = 1.35
_PAD = 0.12
_GAP, _RISE = 0.22, 0.17
_MARGIN = 0.3
_NODE_WIDTH, _LABEL_WIDTH = 1.75, 1.45
_LEAST_WIDTH = 7.0


def graph(protocol: Protocol, path: str | Path) -> None:
    """Draw the phases of a protocol into an SVG file.

    Boxes are phases, from top to bottom in the order patients meet them; a line carries its guard, outcome or timeout
    in words and points at the phase it leads to. Hazards, which may end any phase in their scope, are listed below.

    Parameters
    ----------
    protocol
        A resolved protocol.
    path
        The SVG file to write.
    """
    write_atomically(Path(path), graph_svg(protocol))


def graph_svg(protocol: Protocol) -> bytes:
    """The picture of `graph` as bytes of SVG."""
    names = ", ".join(protocol.phases)
    return svg_bytes(
        graph_figure(protocol),
        title=f"Phases of {protocol.title}",
        description=f"A flow chart of {len(protocol.phases)} phases: {names}. {NOTICE.capitalize()}.",
    )


def graph_figure(protocol: Protocol) -> Figure:
    """The picture of `graph` as a matplotlib figure."""
    from matplotlib.figure import Figure

    with figure_style():
        found = ways(protocol)
        labels = {(way.start, way.end): _wrapped(way.lines, _TEXT, _LABEL_WIDTH) for way in found}
        texts = {name: _node_text(name, protocol) for name in protocol.phases}
        layout = lay_out(
            {name: _size(lines, 2 * _PAD) for name, lines in texts.items()},
            [(way.start, way.end) for way in found],
            {edge: _size(lines, 0.05) for edge, lines in labels.items() if lines},
            gap=_GAP,
            rise=_RISE,
            last=[name for name, phase in protocol.phases.items() if phase.final],
        )
        width = max(layout.width, _LEAST_WIDTH) + 2 * _MARGIN
        rows = _panel(protocol, width - 2 * _MARGIN)
        panel = sum(_height(lines) + 0.08 for lines in rows)
        title = [(text, _TITLE, "bold", INK) for text in _fold(protocol.title, _TITLE, width - 2 * _MARGIN, "bold")]
        head = _MARGIN + _height(title) + 0.2
        height = head + layout.height + 0.3 + panel + _MARGIN
        figure = Figure(figsize=(width, height))
        axes: Axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.axis("off")
        _write(axes, title, _MARGIN, _MARGIN, align="left")
        shift = (_MARGIN + (width - 2 * _MARGIN - layout.width) / 2, head)
        for line in layout.lines:
            _draw_line(axes, line, labels[line.start, line.end], shift)
        _draw_nodes(axes, layout, protocol, texts, shift)
        _draw_panel(axes, rows, head + layout.height + 0.3, width)
    return figure


_TextLine = tuple[str, float, str, str]  # text, size, weight, colour


def _node_text(name: str, protocol: Protocol) -> list[_TextLine]:
    dark = protocol.phases[name].final
    ink, faint = ("white", "white") if dark else (INK, FAINT)
    heading, *details = node_lines(name, protocol)
    first: list[_TextLine] = [(name, _NAME, "bold", ink)]
    if heading != name:
        first += [(text, _TEXT, "normal", ink) for text in _fold(heading, _TEXT, _NODE_WIDTH)]
    return first + [(text, _SMALL, "normal", faint) for line in details for text in _fold(line, _SMALL, _NODE_WIDTH)]


def _wrapped(lines: tuple[str, ...], size: float, width: float) -> list[_TextLine]:
    return [(text, size, "normal", INK) for line in lines for text in _fold(line, size, width)]


def _fold(text: str, size: float, width: float, weight: str = "normal") -> list[str]:
    """Lines of measured width; a word that is wider stands alone."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _text_width(longer, size, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _text_width(text: str, size: float, weight: str = "normal") -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", weight=weight, size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72


def _height(lines: list[_TextLine]) -> float:
    return sum(size * _LEADING for _, size, _, _ in lines) / 72


def _size(lines: list[_TextLine], pad: float) -> Size:
    widest = max((_text_width(text, size, weight) for text, size, weight, _ in lines), default=0.0)
    return Size(widest + pad, _height(lines) + pad)


def _write(axes: Axes, lines: list[_TextLine], x: float, top: float, *, align: str = "center") -> None:
    y = top
    for text, size, weight, colour in lines:
        leading = size * _LEADING / 72
        options: Any = {"ha": align, "va": "center_baseline", "fontsize": size, "fontweight": weight, "color": colour}
        axes.text(x, y + leading / 2, text, **options)
        y += leading


def _draw_nodes(
    axes: Axes, layout: Layout, protocol: Protocol, texts: dict[str, list[_TextLine]], shift: tuple[float, float]
) -> None:
    from matplotlib.patches import FancyBboxPatch

    first = next(iter(protocol.phases))
    for name, box in layout.nodes.items():
        phase = protocol.phases[name]
        x, y = box.x + shift[0], box.y + shift[1]
        face = INK if phase.final else ("#EAF3FA" if phase.cycles else "#F4F5F6" if phase.open else "white")
        corner = (x - box.size.width / 2, y - box.size.height / 2)
        axes.add_patch(
            FancyBboxPatch(
                corner,
                box.size.width,
                box.size.height,
                boxstyle="round,pad=0,rounding_size=0.06",
                facecolor=face,
                edgecolor=PALETTE[0] if name == first else INK,
                linewidth=2.0 if name == first else 0.9,
                zorder=3,
            )
        )
        lines = texts[name]
        _write(axes, lines, x, y - _height(lines) / 2)
    for text in axes.texts:
        text.set_zorder(4)


def _draw_line(axes: Axes, line: Line, label: list[_TextLine], shift: tuple[float, float]) -> None:
    from matplotlib.patches import FancyArrowPatch, Rectangle
    from matplotlib.path import Path as Curve

    points = _through(line, shift)
    vertices, codes = [points[0]], [Curve.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        bend = (y1 - y0) / 2
        vertices += [(x0, y0 + bend), (x1, y1 - bend), (x1, y1)]
        codes += [Curve.CURVE4] * 3
    if line.reversed:
        vertices.reverse()
    axes.add_patch(
        FancyArrowPatch(
            path=Curve(vertices, codes),
            arrowstyle="-|>,head_length=4,head_width=2",
            color=FAINT,
            linewidth=0.9,
            linestyle="--" if line.reversed else "-",
            shrinkA=0,
            shrinkB=0,
            zorder=1,
        )
    )
    if line.label is not None:
        x, y, size = line.label.x + shift[0], line.label.y + shift[1], line.label.size
        corner = (x - size.width / 2, y - size.height / 2)
        axes.add_patch(Rectangle(corner, size.width, size.height, facecolor="white", edgecolor="none", zorder=2))
        _write(axes, label, x, y - _height(label) / 2)


def _through(line: Line, shift: tuple[float, float]) -> list[tuple[float, float]]:
    """Points a line runs through: the edges of its two nodes, facing its way, and both ends of every stop's height."""
    points: list[tuple[float, float]] = []
    top, *stops, bottom = line.boxes
    points.append((_port(top, stops[0] if stops else bottom, shift), top.y + top.size.height / 2 + shift[1]))
    for stop in stops:
        x, y = stop.x + shift[0], stop.y + shift[1]
        half = stop.size.height / 2
        points += [(x, y - half), (x, y + half)] if half else [(x, y)]
    points.append((_port(bottom, stops[-1] if stops else top, shift), bottom.y - bottom.size.height / 2 + shift[1]))
    return points


def _port(node: Box, towards: Box, shift: tuple[float, float]) -> float:
    """Where a line meets the edge of a box: as near to where it comes from as the box allows."""
    reach = node.size.width / 2 * 0.7
    return node.x + min(max(towards.x - node.x, -reach), reach) + shift[0]


def _panel(protocol: Protocol, width: float) -> list[list[_TextLine]]:
    rows: list[list[_TextLine]] = []
    competing = competing_rows(protocol)
    if competing:
        rows.append([("Beside the phases, each within its scope", _NAME, "bold", INK)])
    for name, words in competing:
        rows.append(
            [(name, _TEXT, "bold", INK), *((text, _SMALL, "normal", FAINT) for text in _fold(words, _SMALL, width))]
        )
    rows.append([(NOTICE.capitalize() + ".", _SMALL, "normal", FAINT)])
    return rows


def _draw_panel(axes: Axes, rows: list[list[_TextLine]], top: float, width: float) -> None:
    axes.plot([_MARGIN, width - _MARGIN], [top - 0.1, top - 0.1], color=RULE, linewidth=0.8)
    y = top
    for lines in rows:
        _write(axes, lines, _MARGIN, y, align="left")
        y += _height(lines) + 0.08
