"""Which of the comparison's phenomena appear here: each by a rule on figures, with the reason beside it."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from docs.study.markdown import NONE, NOT_RUN, shown, signed, table
from docs.study.plan import HERE
from docs.study.tables_comparison import MEAN, POINTWISE
from docs.study.view import View

TEXTS = HERE / "phenomena.toml"

SAME_AUC = 0.002  # a change that nobody would call one
INFLATED, DEFLATED = 1.5, 2 / 3  # of the target's spread
CORRELATED = 0.85  # what the comparison asked for
FALLEN = 0.9  # l_21 of `pointwise` as a share of `mean`'s
GROWN = 2.0  # l_22, l_23: times as large


@dataclass(frozen=True, slots=True)
class Seen:
    """A figure as it was stated and as it is here, and whether it shows the phenomenon."""

    stated: str
    here: str
    appears: bool | None  # None: not run


def phenomena(view: View) -> str:
    """One row per phenomenon."""
    rows = []
    for said in tomllib.loads(TEXTS.read_text("utf-8"))["phenomena"]:
        seen = RULES[said["rule"]](view)
        why = NONE if seen.appears is None else said["appears" if seen.appears else "absent"]
        verdict = {True: "**yes**", False: "**no**", None: NOT_RUN}[seen.appears]
        stated, here = said["stated"].format(stated=seen.stated), said["here"].format(here=seen.here)
        rows.append([said["seen"], stated, here, verdict, why])
    header = ["phenomenon", "stated", "here", "appears", "why, or why not"]
    return table(header, rows, left=5) + "\n\n" + view.cite(MEAN, POINTWISE)


def performance(view: View) -> Seen:
    stated = view.stated["change"]["auc"]
    first, second = (view.metric(run, "auc") for run in (MEAN, POINTWISE))
    change = None if first is None or second is None else second - first
    return Seen(signed(stated), signed(change), None if change is None else abs(change) < SAME_AUC)


def correlation(view: View) -> Seen:
    stated = view.stated["pointwise"]["theta_target_pearson"]
    here = view.metric(POINTWISE, "theta_target_pearson")
    return Seen(shown(stated, 2), shown(here, 2), None if here is None else here < CORRELATED)


def _scale(view: View, *, run: str, stated: str, holds: Callable[[float], bool]) -> Seen:
    """Spread of θ over that of its target."""
    said = view.stated[stated]["theta_std"] / view.stated["reference"]["theta_std"]
    ratio = view.ratio(run, "theta_std", "target_theta_std")
    return Seen(shown(said, 2), shown(ratio, 2), None if ratio is None else holds(ratio))


def _from_mean_to_pointwise(view: View, *, metric: str, holds: Callable[[float], bool]) -> Seen:
    """How often `mean`'s figure goes into that of `pointwise`."""
    stated = [shown(view.stated[name][metric]) for name in ("mean", "pointwise")]
    first, second = (view.metric(run, metric) for run in (MEAN, POINTWISE))
    appears = None if not first or second is None else holds(second / first)
    return Seen(" → ".join(stated), f"{shown(first)} → {shown(second)}", appears)


RULES: dict[str, Callable[[View], Seen]] = {
    "performance": performance,
    "inflation": partial(_scale, run=MEAN, stated="mean", holds=lambda ratio: ratio > INFLATED),
    "deflation": partial(_scale, run=POINTWISE, stated="pointwise", holds=lambda ratio: ratio < DEFLATED),
    "correlation": correlation,
    "l_21": partial(_from_mean_to_pointwise, metric="l_21", holds=lambda times: times < FALLEN),
    "difficulty": partial(_from_mean_to_pointwise, metric="l_22", holds=lambda times: times > GROWN),
    "l_23": partial(_from_mean_to_pointwise, metric="l_23", holds=lambda times: times > GROWN),
}
