"""How every figure looks, and how it is saved: the same bytes every time. No figure is made here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Colours of arms, told apart with every common colour blindness (Okabe and Ito 2008, Color Universal Design)."""

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.5, 1.5, 1.5)), (0, (8, 2)), (0, (3, 1, 1, 1)))
"""Line patterns of arms, so that a print without colour can be read."""

STATES = {"relapse": "#D55E00", "death": "#7A7A7A", "event-free": "#CFE3F2"}
"""Fills of the states of a stacked figure."""

_DIGITS = re.compile(r"(\.[0-9]{2})[0-9]+")

INK, FAINT, RULE = "#1B1F24", "#5A626C", "#D5D9DE"

_SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "svg.fonttype": "path",
    # Without a salt the ids inside the file are random.
    "svg.hashsalt": "engraft",
    # A dollar sign in a title is a dollar sign.
    "text.parse_math": False,
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the style while a figure is made or saved; matplotlib's own settings return afterwards."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(cast(Any, _SETTINGS))
        yield


def svg_bytes(figure: Figure, *, title: str, description: str) -> bytes:
    """A figure as SVG without date, program or random ids.

    Parameters
    ----------
    figure
        Made under `figure_style`.
    title, description
        What a reader who cannot see the figure is told.
    """
    content = BytesIO()
    with figure_style():
        figure.savefig(
            content,
            format="svg",
            metadata={"Date": None, "Creator": None, "Title": title, "Description": description},
        )
    text = content.getvalue().decode("utf-8")
    # A hundredth of a point cannot be seen; the digits behind it are two thirds of the file.
    return re.sub(r' d="[^"]*"', lambda path: _DIGITS.sub(r"\1", path[0]), text).encode("utf-8")
