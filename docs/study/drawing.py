"""How the figures look: quiet axes, legible on white and on dark pages, equal bytes for equal results."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

# Of middling lightness: each stands out by 3 to 1 or more against white and against near-black.
INK, FAINT = "#7d828a", "#9aa0a850"
BLUE, ORANGE, GREEN, VIOLET, RED = "#3f83d6", "#d9772b", "#2f9e6e", "#9a6fd0", "#d1545f"
COLOURS = (BLUE, ORANGE, GREEN, VIOLET, RED)

STYLE: Any = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "ikt",
    "text.parse_math": False,
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelsize": 9,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.formatter.useoffset": False,
    "axes.formatter.use_mathtext": False,
}


@contextmanager
def styled() -> Iterator[None]:
    """Figures are made and saved inside."""
    with matplotlib.rc_context(STYLE):
        yield


def panels(
    width: float, height: float, *, rows: int = 1, columns: int = 1, share_y: bool = False
) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels, row by row; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)  # type: ignore[union-attr, call-arg]
    axes = figure.subplots(rows, columns, sharey=share_y, squeeze=False)
    return figure, [one for row in axes for one in row]


def save(figure: Figure, path: Path) -> None:
    """As SVG without a date, so that equal results are equal files."""
    sink = BytesIO()
    figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": "ikt"})
    path.parent.mkdir(parents=True, exist_ok=True)
    text = sink.getvalue().decode("utf-8")
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", "utf-8")


def below(figure: Figure, axes: Axes, n_columns: int) -> None:
    """One legend for all panels, under them."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=n_columns, handlelength=1.6, fontsize=8.5
    )


def logarithmic(axes: Axes) -> None:
    """A vertical axis in powers of ten, written as plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 3.0), numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def note(axes: Axes, text: str, x: float, y: float, *, colour: str = INK, **options: Any) -> None:
    """A few words at a point of the data."""
    usual: dict[str, Any] = {"fontsize": 8, "color": colour}
    axes.text(x, y, text, **(usual | options))
