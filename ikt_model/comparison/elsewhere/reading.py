"""Experiments from a file of figures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ikt_model.comparison import RunSummary
from ikt_model.comparison.audits import Moment
from ikt_model.comparison.audits.reported import Number
from ikt_model.comparison.elsewhere.parsing import parse
from ikt_model.comparison.elsewhere.refusals import FiguresRefused, is_count, join, require, require_known
from ikt_model.comparison.elsewhere.settings import read_settings
from ikt_model.comparison.metric_names import PARTS, labels, nearest

OWN_KEYS = ("name", "config", "metrics", "reference", "other", "epochs")
LARGEST = 1e100  # of a figure: its square is still a number
ABSENT = "leave it out, or say null, where there is no value"

Figures = dict[str, Number | None]


@dataclass(frozen=True, slots=True)
class Told:
    """One experiment of the file."""

    run: RunSummary
    moments: list[Moment]  # with all their digits

    @property
    def n_figures(self) -> int:
        return sum(value is not None for _, figures in self.moments for value in figures.values())


@dataclass(frozen=True, slots=True)
class FiguresFile:
    """All that a file tells."""

    experiments: list[Told]
    left_out: list[str] = field(default_factory=list)  # experiments without figures, and why


def read_figures_file(content: bytes) -> FiguresFile:
    """Experiments of a file in the format of its own, or as `ikt experiments --json`, `GET /experiments` and
    `GET /experiments/{id}` give them. Raises FiguresRefused.
    """
    told, left_out = [], []
    for place, entry in _entries(parse(content)):
        require(isinstance(entry, dict), place, "is no object", "give each experiment as {…}")
        if _is_download(entry) and entry.get("metrics") is None:
            left_out.append(f"{entry.get('name') or place} has no final metrics ({entry['status']})")
        else:
            told.append(_experiment(entry, place))
    if not told:
        reason = f"no experiment has figures ({left_out[0]})" if left_out else "it holds no experiment"
        raise FiguresRefused("", reason, "give at least one, with its `metrics`")
    return FiguresFile(told, left_out)


def _entries(given: Any) -> list[tuple[str, Any]]:
    """Each experiment with its place."""
    if isinstance(given, list):
        return [(f"[{index}]", entry) for index, entry in enumerate(given)]
    start = 'start with {"experiments": [...]}'
    require(isinstance(given, dict), "", "it is neither an object nor a list", start)
    for key in ("experiments", "items"):
        if key in given:
            require(isinstance(given[key], list), key, "is no list", "give a list of experiments")
            if key == "experiments" and "id" not in given:  # a cross-validation has experiments, and more
                require_known(given, ("experiments",), "")
            return [(f"{key}[{index}]", entry) for index, entry in enumerate(given[key])]
    require("metrics" in given, "", "there are no `experiments`", start)
    return [("", given)]


def _is_download(entry: Mapping[str, Any]) -> bool:
    """Whether it is one of the service's own, which tells more than figures."""
    return "id" in entry and "status" in entry


def _experiment(entry: Mapping[str, Any], place: str) -> Told:
    if _is_download(entry):
        given = {key: entry.get(key) for key in ("name", "config", "metrics")}
        last = entry.get("last")
        given["epochs"] = (
            [{key: last.get(key) for key in ("epoch", "metrics")}] if isinstance(last, dict) else None
        )
    else:
        require_known(entry, OWN_KEYS, place)
        given = dict(entry)
    name = given.get("name") or place or "experiment"
    require(isinstance(name, str), join(place, "name"), "is no text", "put the name in quotes")
    config = read_settings(given.get("config"), join(place, "config"))
    final = _figures(given.get("metrics"), join(place, "metrics"))
    reference = _reference(given.get("reference"), join(place, "reference"))
    final = reference | final
    final = (_target(final) if reference else {}) | final
    told = list(_epochs(given.get("epochs"), join(place, "epochs")))
    other = _other(given.get("other"), join(place, "other"))
    moments: list[Moment] = [(None, final | other)]
    moments += [(epoch, figures | strange) for epoch, figures, strange in told]
    counted = any(value is not None for _, figures in moments for value in figures.values())
    require(counted, join(place, "metrics"), "has no figure", "give at least one number")
    run = RunSummary(
        id=name,
        name=name,
        config=config,
        dataset="",
        fold=0,
        epochs=[{"epoch": epoch, "metrics": _floats(figures)} for epoch, figures, _ in told],
        metrics=_floats(final),
    )
    return Told(run, moments)


def _figures(given: Any, place: str, *, prefix: str = "") -> Figures:
    """Numbers under names that are known here, each with a prefix."""
    require(given is None or isinstance(given, dict), place, "is no object", 'give {"auc": 0.71, …}')
    known = labels()
    for name in given or {}:
        if prefix + name not in known:
            meant = nearest(prefix + name)
            near = f"did you mean {meant.removeprefix(prefix)!r}? " if meant else ""
            raise FiguresRefused(
                f"{place}.{name}",
                "is no metric here",
                f"{near}put figures that have no name here under `other`"
                if not prefix
                else f"{near}figures of the reference are theta_mean, beta_std, mastery_min, …, auc",
            )
    return {prefix + name: _number(value, f"{place}.{name}") for name, value in (given or {}).items()}


def _number(value: Any, place: str) -> Number | None:
    if value is None:
        return None
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    require(is_number, place, f"is {_kind(value)} and no number", ABSENT)
    number = Decimal(value)
    require(number.is_finite(), place, f"is {number}, which is no number", ABSENT)
    require(number.copy_abs() <= LARGEST, place, "is too large for a figure", ABSENT)
    return number


def _kind(value: Any) -> str:
    kinds = {str: "text", bool: "true or false", list: "a list", dict: "an object"}
    return kinds.get(type(value), "something else")


def _reference(given: Any, place: str) -> Figures:
    return _figures(given, place, prefix="reference_")


def _target(figures: Figures) -> Figures:
    """What l_23 pulls towards, unless it is told apart, is the reference that is told."""
    if any(name.startswith("target_theta_") for name in figures):
        return {}
    found = {f"target_theta_{part}": figures.get(f"reference_theta_{part}") for part in PARTS}
    return found | {"theta_target_pearson": figures.get("theta_pearson")}


def _other(given: Any, place: str) -> Figures:
    """Numbers under any other name."""
    require(given is None or isinstance(given, dict), place, "is no object", 'give {"l_stability": 0.04, …}')
    for name in given or {}:
        require(name not in labels(), f"{place}.{name}", "is a metric here", "move it to `metrics`")
    return {name: _number(value, f"{place}.{name}") for name, value in (given or {}).items()}


def _epochs(given: Any, place: str) -> Iterator[tuple[int, Figures, Figures]]:
    require(given is None or isinstance(given, list), place, "is no list", "give a list of epochs")
    before = 0
    for index, entry in enumerate(given or []):
        at = f"{place}[{index}]"
        require(isinstance(entry, dict), at, "is no object", 'give {"epoch": 1, "metrics": {…}}')
        require_known(entry, ("epoch", "metrics", "other"), at)
        epoch = entry.get("epoch")
        require(
            is_count(epoch) and epoch > before, f"{at}.epoch", "does not count on", "number epochs 1, 2, …"
        )
        before = epoch
        figures = _figures(entry.get("metrics"), f"{at}.metrics")
        yield epoch, figures, _other(entry.get("other"), f"{at}.other")


def _floats(figures: Figures) -> dict[str, float | None]:
    return {name: None if value is None else float(value) for name, value in figures.items()}
