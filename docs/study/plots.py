"""The figures of the page. Each is None where what it would show was not run."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from docs.study.drawing import (
    BLUE,
    COLOURS,
    GREEN,
    INK,
    ORANGE,
    RED,
    VIOLET,
    below,
    logarithmic,
    note,
    panels,
)
from docs.study.tables_comparison import MEAN, POINTWISE
from docs.study.view import View

WIDTH = 8.6  # inches: a page of text on a screen
LOSS_COLOURS = {"l_bce": BLUE, "l_21": ORANGE, "l_23": GREEN}
PAIR_COLOURS = {
    "l_bce_l_21": (BLUE, "l_bce and l_21"),
    "l_bce_l_23": (GREEN, "l_bce and l_23"),
    "l_21_l_23": (ORANGE, "l_21 and l_23"),
}
HISTORY_RUNS = (("c-skill-wise", BLUE), ("c-dkt", ORANGE), ("d-pfa", GREEN))


def dynamics(view: View) -> Figure | None:
    """Part a: spread of θ, its correlation and the divergence, epoch by epoch."""
    if not view.was_run(MEAN, POINTWISE):
        return None
    figure, axes = panels(WIDTH, 3.1, columns=3)
    shown = (("theta_std", "Spread of θ, logits"), ("theta_target_pearson", "θ and l_23's target, Pearson"))
    for panel, (metric, title) in zip(axes, (*shown, ("l_21_kl", "Divergence of M, nats")), strict=True):
        for run, colour in ((MEAN, BLUE), (POINTWISE, ORANGE)):
            _line(panel, view, run, metric, color=colour, label=view.run(run).title.replace("`", ""))
        _by_epoch(panel, title)
    for metric, name, style in (
        ("target_theta_std", "spread of l_23's target", "--"),
        ("reference_theta_std", "spread of the reference's trajectory", ":"),
    ):
        _line(axes[0], view, POINTWISE, metric, color=INK, linestyle=style, linewidth=1.2, label=name)
    logarithmic(axes[0])
    axes[1].axhline(0.85, color=INK, linewidth=0.8, linestyle="--")
    note(axes[1], "asked for: 0.85", 1, 0.86, va="bottom")
    axes[1].set_ylim(top=1.02)
    axes[2].set_ylim(bottom=0)
    below(figure, axes[0], 4)
    return figure


def gradients(view: View) -> Figure | None:
    """Next step 4: how hard each loss pulls on the encoder, and whether they pull together."""
    runs = [run for run in (POINTWISE, "b-calibrated-everything") if view.was_run(run)]
    if not runs:
        return None
    figure, axes = panels(WIDTH, 2.8 * len(runs) + 0.3, rows=len(runs), columns=2)
    for row, run in enumerate(runs):
        norms, cosines = axes[2 * row : 2 * row + 2]
        name = view.run(run).title.replace("`", "")
        for loss, colour in LOSS_COLOURS.items():
            _line(norms, view, run, f"train_grad_norm_{loss}", color=colour, label=loss)
        for pair, (colour, label) in PAIR_COLOURS.items():
            _line(cosines, view, run, f"train_grad_cosine_{pair}", color=colour, label=label)
        logarithmic(norms)
        cosines.axhline(0.0, color=INK, linewidth=0.8)
        cosines.set_ylim(-1.05, 1.05)
        _by_epoch(norms, "Norm of each loss's gradient")
        _by_epoch(cosines, "Cosine of each two gradients")
        norms.set_ylabel(name)
        norms.legend(fontsize=8, labelcolor="linecolor")
        cosines.legend(fontsize=8, labelcolor="linecolor")
    return figure


def recommendations(view: View) -> Figure | None:
    """Part b: what each recommendation does to accuracy, scale and correlation."""
    names = [name for name in view.of_part("b") if view.was_run(name)]
    if "b-base" not in names:
        return None
    figure, axes = panels(WIDTH, 0.8 + 0.32 * len(names), columns=3, share_y=True)
    places = np.arange(len(names))[::-1]
    for place, name in zip(places, names, strict=True):
        _interval(axes[0], place, {"change": 0.0} if name == "b-base" else view.difference("b", name), BLUE)
        if (ratio := view.ratio(name, "theta_std", "reference_theta_std")) is not None:
            axes[1].plot(ratio, place, "o", color=ORANGE, markersize=5)
        if (rho := view.metric(name, "theta_pearson")) is not None:
            axes[2].plot(rho, place, "o", color=GREEN, markersize=5)
    titles = ("Change of AUC", "Spread of θ, reference's = 1", "Correlation of θ")
    for panel, title, line in zip(axes, titles, (0.0, 1.0, 0.85), strict=True):
        panel.axvline(line, color=INK, linewidth=0.8, linestyle="--")
        panel.set_title(title)
    _by_run(axes, view, names)
    return figure


def front(view: View) -> Figure | None:
    """Part c: accuracy against divergence over λ."""
    entry = view.results["runs"].get("c-front")
    points = [
        (one["metrics"]["auc"], one["metrics"]["l_21_kl"], *one["trial_settings"].values(), one["id"])
        for one in view.experiments("c-front")
    ]
    if entry is None or not points:
        return None
    on_front = set(entry["front"]["ids"])
    figure, (axes,) = panels(5.6, 3.8)
    best = sorted((x, y) for x, y, _, name in points if name in on_front)
    axes.plot([x for x, _ in best], [y for _, y in best], color=BLUE, linewidth=1.2, zorder=2)
    for x, y, value, name in points:
        axes.plot(x, y, "o", color=BLUE if name in on_front else INK, markersize=6, zorder=3)
        axes.annotate(
            f"λ = {value:g}", (x, y), xytext=(7, 5), textcoords="offset points", fontsize=8.5, color=INK
        )
    logarithmic(axes)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("AUC of p (fold 1) →")
    axes.set_ylabel("← divergence of M from the reference's, nats")
    axes.margins(0.14)
    axes.set_title("What alignment costs")
    return figure


def reliability(view: View) -> Figure | None:
    """Part c: how far p and M can be believed."""
    found = view.experiment("c-skill-wise", 0)
    if found is None or not found.get("report"):
        return None
    figure, axes = panels(WIDTH * 0.8, 3.4, columns=2, share_y=True)
    curves = found["report"]["calibration"]
    for panel, (column, name, colour) in zip(
        axes, (("probability", "p", BLUE), ("mastery", "M", ORANGE)), strict=True
    ):
        curve = curves[column]
        sizes = np.array(curve["n"], float)
        panel.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle="--")
        panel.plot(curve["mean_probability"], curve["share_right"], color=colour, linewidth=1.0)
        panel.scatter(
            curve["mean_probability"], curve["share_right"], s=6 + 110 * sizes / sizes.max(), color=colour
        )
        panel.set(xlim=(0, 1), ylim=(0, 1), xlabel=f"mean {name} in the bin", aspect="equal")
        panel.set_title(f"{name}: ECE {curve['ece']:.4f}")
    axes[0].set_ylabel("share of right answers")
    return figure


def differences(view: View) -> Figure | None:
    """Part c: what alignment costs, and what it gains on DKT, fold by fold."""
    pairs = [
        ("c-cost", "c-skill-wise", "skill-wise less λ = 0"),
        ("c-gain", "c-skill-wise", "skill-wise less dkt"),
    ]
    pairs = [pair for pair in pairs if view.difference(pair[0], pair[1])]
    if not pairs:
        return None
    figure, axes = panels(WIDTH, 2.7, columns=len(pairs), share_y=True)
    for panel, (pair, candidate, title), colour in zip(axes, pairs, COLOURS, strict=False):
        by_fold = view.compared(pair, candidate)
        for fold, found in by_fold.items():
            _interval(panel, -fold, found, INK)
        below_folds = -(max(by_fold) + 1.3)
        _interval(panel, below_folds, view.difference(pair, candidate), colour, size=8)
        panel.axvline(0.0, color=INK, linewidth=0.8, linestyle="--")
        panel.set_title(title)
        panel.set_xlabel("difference of AUC, 95 % interval between students")
        panel.grid(axis="y", visible=False)
        panel.xaxis.set_major_locator(MaxNLocator(5))
        ticks = {-fold: f"fold {fold}" for fold in by_fold} | {below_folds: "all"}
        panel.set_yticks(list(ticks), list(ticks.values()))
        panel.margins(y=0.1)
    return figure


def history(view: View) -> Figure | None:
    """Part c: AUC by how much of a student is known."""
    found = [(run, colour, view.experiment(run, 0)) for run, colour in HISTORY_RUNS]
    told = [(run, colour, one["report"]["by_history"]) for run, colour, one in found if one and one["report"]]
    if not told:
        return None
    figure, (axes,) = panels(WIDTH * 0.75, 3.3)
    first = told[0][2]
    places = np.arange(len(first["first"]))
    for shift, (run, colour, part) in zip(np.linspace(-0.12, 0.12, len(told)), told, strict=True):
        value, low, high = (np.array(_numbers(part[key])) for key in ("auc", "low", "high"))
        at = places[: len(value)] + shift
        style: dict[str, Any] = {"fmt": "o-", "markersize": 4.5, "linewidth": 1.2, "elinewidth": 1.0}
        label = view.run(run).title.replace("`", "")
        axes.errorbar(at, value, yerr=[value - low, high - value], color=colour, label=label, **style)
    ends = [f"{a}–{b}" if b else f"{a}+" for a, b in zip(first["first"], first["last"], strict=True)]
    axes.set_xticks(places, ends)
    axes.set_xlabel("responses of the student before the one predicted")
    axes.set_ylabel("AUC of p (fold 0)")
    axes.grid(axis="x", visible=False)
    below(figure, axes, len(told))
    return figure


def references(view: View) -> Figure | None:
    """Part d: what each reference, and each network aligned to one, is worth."""
    wanted = [*view.of_part("d"), "c-dkt", "c-skill-wise"]
    names = [name for name in wanted if view.was_run(name)]
    if not names:
        return None
    figure, axes = panels(WIDTH, 0.8 + 0.33 * len(names), columns=3, share_y=True)
    places = np.arange(len(names))[::-1]
    columns = (
        ("auc", "AUC of p", BLUE),
        ("ece", "ECE of p", RED),
        ("mastery_auc", "AUC of M alone", VIOLET),
    )
    for panel, (metric, title, colour) in zip(axes, columns, strict=True):
        for place, name in zip(places, names, strict=True):
            mean, std = view.spread(name, metric)
            if mean is not None:
                panel.errorbar(mean, place, xerr=std or 0.0, fmt="o", color=colour, markersize=5)
        panel.set_title(title)
    _by_run(axes, view, names)
    return figure


def _by_run(axes: Sequence[Axes], view: View, names: Sequence[str]) -> None:
    """Panels that share an axis of runs, the first on top."""
    for panel in axes:
        panel.grid(axis="y", visible=False)
        panel.xaxis.set_major_locator(MaxNLocator(4))
    axes[0].set_yticks(range(len(names))[::-1], [view.run(name).title.replace("`", "") for name in names])
    axes[0].margins(y=0.06)


def _line(axes: Axes, view: View, run: str, metric: str, **options: Any) -> None:
    epochs, values = view.epochs(run, metric)
    axes.plot(epochs, _numbers(values), **options)


def _by_epoch(axes: Axes, title: str) -> None:
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _interval(
    axes: Axes, place: float, found: dict[str, Any] | None, colour: str, *, size: float = 5
) -> None:
    """A change as a dot on its interval; where there is none, the dot alone."""
    if found is None:
        return
    axes.plot(found["change"], place, "o", color=colour, markersize=size, zorder=3)
    if found.get("low") is not None and found.get("high") is not None:
        axes.plot([found["low"], found["high"]], [place, place], color=colour, linewidth=1.4, zorder=2)


def _numbers(values: Sequence[float | None]) -> list[float]:
    """With gaps where there is no number."""
    return [np.nan if value is None else value for value in values]


FIGURES: dict[str, tuple[Callable[[View], Figure | None], str, tuple[str, ...] | str]] = {
    "dynamics": (dynamics, "θ and M while training, part (a)", (MEAN, POINTWISE)),
    "gradients": (
        gradients,
        "Gradients of the losses on the shared encoder",
        (POINTWISE, "b-calibrated-everything"),
    ),
    "recommendations": (recommendations, "Each recommendation against none of them", "b"),
    "front": (front, "AUC against divergence over λ", ("c-front",)),
    "reliability": (reliability, "Reliability of p and M, fold 0", ("c-skill-wise",)),
    "differences": (
        differences,
        "Differences of AUC, fold by fold",
        ("c-skill-wise", "c-unaligned", "c-dkt"),
    ),
    "history": (history, "AUC by length of history", tuple(run for run, _ in HISTORY_RUNS)),
    "references": (references, "References, and networks aligned to them", "d"),
}
"""Figure, what it shows in words, and the runs, or the part, that it is of."""
