"""A front as a figure. Matplotlib is imported only when one is drawn."""

from collections.abc import Sequence
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SVG = "image/svg+xml"

SIZE_INCHES = (6.4, 4.4)
ACCENT, GREY, INK = "#1f5fa8", "#b4b4b4", "#333333"

_drawing = Lock()  # matplotlib's style belongs to the whole process


class Axis(Protocol):
    """One of the two metrics."""

    @property
    def label(self) -> str: ...
    @property
    def direction(self) -> str: ...


class Point(Protocol):
    """One experiment."""

    @property
    def label(self) -> str: ...
    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def is_on_front(self) -> bool: ...


class Front(Protocol):
    """What is drawn; points by x."""

    @property
    def x(self) -> Axis: ...
    @property
    def y(self) -> Axis: ...
    @property
    def points(self) -> Sequence[Point]: ...


def draw_pareto(front: Front) -> str:
    """The points, the front joined and labelled, what it dominates in grey."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    sink = BytesIO()
    # Text stays text, and equal figures have equal ids.
    with _drawing, matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "ikt", "font.size": 9}):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained")
        FigureCanvasSVG(figure)
        _draw(figure.add_subplot(), front)
        figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": "ikt"})
    return sink.getvalue().decode("utf-8")


def _draw(axes: "Axes", front: Front) -> None:
    best = [point for point in front.points if point.is_on_front]
    others = [point for point in front.points if not point.is_on_front]
    axes.scatter([point.x for point in others], [point.y for point in others], s=22, color=GREY, zorder=2)
    axes.plot(
        [point.x for point in best],
        [point.y for point in best],
        color=ACCENT,
        marker="o",
        markersize=5,
        linewidth=1.2,
        zorder=3,
    )
    for point in front.points:
        _annotate(axes, point)
    axes.set_xlabel(_title(front.x), parse_math=False)
    axes.set_ylabel(_title(front.y), parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e6e6e6", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.margins(0.12)
    axes.ticklabel_format(useOffset=False)
    if not front.points:
        axes.text(0.5, 0.5, "no finished experiment yet", ha="center", color=INK, transform=axes.transAxes)


def _annotate(axes: "Axes", point: Point) -> None:
    axes.annotate(
        point.label,
        (point.x, point.y),
        # Below: the line of a front rises to the right.
        xytext=(6, -11),
        textcoords="offset points",
        fontsize=7.5,
        color=INK if point.is_on_front else GREY,
        parse_math=False,
    )


def _title(axis: Axis) -> str:
    arrow = "↑" if axis.direction == "maximise" else "↓"
    return f"{axis.label} {arrow}"
