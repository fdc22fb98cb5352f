"""What the study must show: a figure and its bound, or what is missing of the figure."""

import operator
import tomllib
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean
from typing import Any

from docs.study.markdown import NOT_RUN, interval, shown, table
from docs.study.plan import HERE
from docs.study.view import Number, View

FILE = HERE / "targets.toml"
BOUNDS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "at_least": ("≥", operator.ge),
    "at_most": ("≤", operator.le),
    "above": (">", operator.gt),
}
MET = {True: "✓", False: "✗"}

Target = dict[str, Any]


def targets(view: View) -> str:
    """What the study must show, and what it shows."""
    rows = []
    for target in _every_target():
        value, text, missing = _measured(view, target)
        rows.append(
            [
                target["what"],
                _source(view, target),
                target.get("of", "all"),
                bound_of(target),
                text,
                judge(value, target) or missing,
            ]
        )
    return table(["what", "run", "of", "target", "measured", ""], rows, left=3)


def thresholds() -> dict[str, Target]:
    """Those of alignment, by figure."""
    found: dict[str, Target] = tomllib.loads(FILE.read_text("utf-8"))["alignment"]
    return found


def bound_of(target: Target) -> str:
    """As in ≥ 0.99."""
    return next(f"{sign} {target[name]:g}" for name, (sign, _) in BOUNDS.items() if name in target).replace(
        "-", "−"
    )


def judge(value: Number, target: Target) -> str:
    """✓ or ✗; nothing where there is no value."""
    if value is None:
        return ""
    return next(MET[holds(value, target[name])] for name, (_, holds) in BOUNDS.items() if name in target)


def _every_target() -> Iterator[Target]:
    for target in tomllib.loads(FILE.read_text("utf-8"))["targets"]:
        if "alignment" not in target:
            yield target
            continue
        for figure, said in thresholds().items():
            of_run = {"run": target["alignment"], "figure": figure, "of": target["of"]}
            yield said | of_run | {"what": f"… {said['what']}"}


def _source(view: View, target: Target) -> str:
    if "pair" in target:
        return f"`{target['run']}` less `{view.pair(target['pair']).baseline}`"
    return f"`{target.get('run') or target.get('recovery') or target['data']}`"


def _measured(view: View, target: Target) -> tuple[Number, str, str]:
    """Value, the same in words, and what is missing where there is none."""
    if "pair" in target:
        return _of_pair(view, target)
    if "run" in target:
        value, missing = _of_run(view, target)
    else:
        value, missing = _of_truth(view, target) if "recovery" in target else _of_data(view, target)
    return value, shown(value, target.get("digits", 4)), missing


def _of_pair(view: View, target: Target) -> tuple[Number, str, str]:
    found = view.difference(target["pair"], target["run"])
    if found is None:
        pair = view.pair(target["pair"])
        planned, there = pair.folds[target["run"]], view.compared(target["pair"], target["run"])
        return None, shown(None), _missing([fold for fold in planned if fold not in there], planned, NOT_RUN)
    value: Number = found[target["of"]]
    return value, interval(found) if target["of"] == "change" else shown(value), "no interval"


def _of_run(view: View, target: Target) -> tuple[Number, str]:
    run, of = target["run"], target["of"]
    planned = view.run(run).folds if of in ("mean", "worst fold") else (int(of.removeprefix("fold ")),)
    found = {fold: _figure(view.experiment(run, fold), target["figure"]) for fold in planned}
    values = [value for value in found.values() if value is not None]
    if len(values) < len(planned):
        lacking = [fold for fold, value in found.items() if value is None]
        state = view.state(run)
        return None, _missing(lacking, planned, "no figure" if state == "succeeded" else state)
    if of == "worst fold":
        return (max if "at_most" in target else min)(values), ""
    return fmean(values), ""


def _figure(one: dict[str, Any] | None, name: str) -> Number:
    if one is None:
        return None
    if name == "calibration_seconds":
        return one.get(name)
    if name != "future_labels":
        value: Number = one["metrics"].get(name)
        return value
    report = one.get("report")  # names what did not pass, and nothing else
    return float(sum(found["check"].startswith(name) for found in report["findings"])) if report else None


def _missing(folds: Sequence[int], planned: Sequence[int], none: str) -> str:
    if len(folds) == len(planned):
        return none
    return f"fold{'s' if len(folds) > 1 else ''} {', '.join(map(str, folds))} missing"


def _of_truth(view: View, target: Target) -> tuple[Number, str]:
    found = view.recovery(target["recovery"])
    value = found.get("figures", {}).get(target["figure"]) if found else None
    return value, NOT_RUN if found is None else "no figure"


def _of_data(view: View, target: Target) -> tuple[Number, str]:
    found = view.results["datasets"].get(target["data"])
    attempts = found.get("n_attempts") if found else None
    if found is None or attempts is None:
        return None, NOT_RUN
    return abs(found["n_responses"] - attempts), ""
