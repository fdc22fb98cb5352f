"""Which of the comparison's phenomena appear here: each by a rule on figures, with the reason beside it."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass

from docs.study.markdown import NONE, NOT_RUN, shown, signed, table
from docs.study.plan import HERE
from docs.study.tables_comparison import MEAN, POINTWISE
from docs.study.view import Number, View

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


def inflation(view: View) -> Seen:
    ratio = _spread_ratio(view, MEAN)
    return Seen(_stated_ratio(view, "mean"), shown(ratio, 2), None if ratio is None else ratio > INFLATED)


def deflation(view: View) -> Seen:
    ratio = _spread_ratio(view, POINTWISE)
    stated = _stated_ratio(view, "pointwise")
    return Seen(stated, shown(ratio, 2), None if ratio is None else ratio < DEFLATED)


def correlation(view: View) -> Seen:
    stated = view.stated["pointwise"]["theta_target_pearson"]
    here = view.metric(POINTWISE, "theta_target_pearson")
    return Seen(shown(stated, 2), shown(here, 2), None if here is None else here < CORRELATED)


def l_21(view: View) -> Seen:
    stated, here = _change_of(view, "l_21")
    first, second = (view.metric(run, "l_21") for run in (MEAN, POINTWISE))
    return Seen(stated, here, None if not first or second is None else second / first < FALLEN)


def difficulty(view: View) -> Seen:
    return _growth(view, "l_22")


def l_23(view: View) -> Seen:
    return _growth(view, "l_23")


def _growth(view: View, metric: str) -> Seen:
    stated, here = _change_of(view, metric)
    first, second = (view.metric(run, metric) for run in (MEAN, POINTWISE))
    return Seen(stated, here, None if not first or second is None else second / first > GROWN)


def _change_of(view: View, metric: str) -> tuple[str, str]:
    stated = [shown(view.stated[name][metric]) for name in ("mean", "pointwise")]
    here = [shown(view.metric(run, metric)) for run in (MEAN, POINTWISE)]
    return " → ".join(stated), " → ".join(here)


def _spread_ratio(view: View, run: str) -> Number:
    ours, target = view.metric(run, "theta_std"), view.metric(run, "target_theta_std")
    return None if ours is None or not target else ours / target


def _stated_ratio(view: View, name: str) -> str:
    return shown(view.stated[name]["theta_std"] / view.stated["reference"]["theta_std"], 2)


RULES: dict[str, Callable[[View], Seen]] = {
    "performance": performance,
    "inflation": inflation,
    "deflation": deflation,
    "correlation": correlation,
    "l_21": l_21,
    "difficulty": difficulty,
    "l_23": l_23,
}
