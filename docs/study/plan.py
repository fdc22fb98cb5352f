"""The plan of the study: every run by name, resolved to the settings that it is submitted with."""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ikt_model.config import ExperimentConfig, load_preset, resolve_config

HERE = Path(__file__).parent
PLAN = HERE / "plan.toml"

FULL, SHORT = "full", "short"
Settings = dict[str, Any]
"""Replaced settings by dotted name, as in {"loss.lambda_target": 0.5}."""


class BadPlan(ValueError):
    """The plan contradicts itself."""


@dataclass(frozen=True)
class Run:
    """Settings to train with, on one data set, once for each fold."""

    name: str
    part: str
    title: str
    shows: str
    data: str
    preset: str
    settings: Settings
    seed: int
    folds: tuple[int, ...]
    exclude_folds: tuple[int, ...] = ()
    space: Mapping[str, Sequence[Any]] | None = None
    """Settings that a sweep tries every value of; None for a plain run."""

    @property
    def kind(self) -> str:
        """How it is asked for: as a sweep, a cross-validation or an experiment."""
        return "sweep" if self.space else "cross-validation" if len(self.folds) > 1 else "experiment"

    @property
    def n_experiments(self) -> int:
        """One per fold, or per point of the space."""
        return math.prod(len(values) for values in self.space.values()) if self.space else len(self.folds)

    @cached_property
    def overrides(self) -> dict[str, Any]:
        """The replaced settings and the seed, nested as the service takes them."""
        return nested(self.settings | {"training.seed": self.seed})

    @cached_property
    def config(self) -> ExperimentConfig:
        """Every setting; of a sweep, what its trials start from."""
        return self.config_at({})

    def config_at(self, point: Settings) -> ExperimentConfig:
        """Every setting of a sweep's trial."""
        return resolve_config(self.preset, nested(self.settings | {"training.seed": self.seed} | point))

    def command(self, file: str) -> str:
        """The same run from the command line."""
        replaced = "".join(f" --set {name}={_typed(value)}" for name, value in self.settings.items())
        start = f"--preset {self.preset}{replaced} --data {file}"
        excluded = "".join(f" --exclude-fold {fold}" for fold in self.exclude_folds)
        folds = ",".join(map(str, self.folds))
        if self.kind == "cross-validation":
            return f"ikt cross-validate {start} --folds {folds}{excluded} --seed {self.seed}"
        if self.space is None:
            return f"ikt train {start} --fold {folds}{excluded} --seed {self.seed}"
        grid = " ".join(
            f"--grid {name}={','.join(map(_typed, values))}" for name, values in self.space.items()
        )
        return f"ikt sweep {start} --fold {folds}{excluded} {grid} --seed {self.seed}"


@dataclass(frozen=True)
class Pair:
    """Runs whose figures are held against a baseline's, on the same responses."""

    name: str
    part: str
    baseline: str
    candidates: tuple[str, ...]
    folds: Mapping[str, tuple[int, ...]]
    """By candidate: those that both are planned on."""


@dataclass(frozen=True)
class Recovery:
    """How near to the truth of simulated students: the references come, or the network of a run."""

    name: str
    part: str
    title: str
    seed: int
    run: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything that is to be run, in order."""

    study: str
    parts: Mapping[str, str]
    data: Mapping[str, Mapping[str, Any]]
    runs: tuple[Run, ...]
    pairs: tuple[Pair, ...]
    recoveries: tuple[Recovery, ...]
    classroom: Mapping[str, Any]
    """Of the simulated classroom, in the miniature."""

    def named(self, name: str) -> Run:
        """Raises BadPlan."""
        for run in self.runs:
            if run.name == name:
                return run
        raise BadPlan(f"the plan has no run {name!r}")

    def of_parts(self, parts: Iterable[str]) -> list[Run]:
        """Runs of these parts, in the order of the plan."""
        return [run for run in self.runs if run.part in set(parts)]


def load_plan(study: str = FULL, path: Path = PLAN) -> Plan:
    """Read and check the plan. Raises BadPlan, or pydantic's ValidationError for a setting that can't be."""
    text = tomllib.loads(path.read_text("utf-8"))
    short = text["short"] if study == SHORT else None
    runs: dict[str, Run] = {}
    for name, said in (text["runs"] | text["sweeps"]).items():
        preset, settings = _inherit(name, said, text)
        # A reference has nothing to train: it takes neither sizes nor epochs.
        settings |= _miniature(preset, settings, short)
        runs[name] = _run(name, said, text, preset=preset, settings=settings, short=short)
    in_order = sorted(runs.values(), key=lambda run: list(text["parts"]).index(run.part))
    plan = Plan(
        study=study,
        parts=text["parts"],
        data=text["data"],
        runs=tuple(in_order),
        pairs=tuple(_pair(name, said, text, runs) for name, said in text["pairs"].items()),
        recoveries=tuple(
            Recovery(name, _part(name, text), **said) for name, said in text["recoveries"].items()
        ),
        classroom=short or {},
    )
    for run in plan.runs:
        _ = run.config
    return plan


def _inherit(name: str, said: Mapping[str, Any], text: Mapping[str, Any]) -> tuple[str, Settings]:
    if ("like" in said) == ("preset" in said):
        raise BadPlan(f"{name}: name either a preset or a run that it is like")
    preset, settings = str(said.get("preset", "")), Settings()
    if "like" in said:
        if said["like"] not in text["runs"]:
            raise BadPlan(f"{name}: there is no run {said['like']!r} to be like")
        preset, settings = _inherit(said["like"], text["runs"][said["like"]], text)
    for bundle in said.get("with", []):
        settings |= text["bundles"][bundle]["set"]
    return preset, settings | said.get("set", {})


def _miniature(preset: str, settings: Settings, short: Mapping[str, Any] | None) -> Settings:
    if short is None:
        return {}
    kind = settings.get("model.type") or load_preset(preset).get("model", {}).get("type", "ikt")
    replaced: Settings = short["all"] | short.get(kind, {})
    return replaced


def _run(
    name: str,
    said: Mapping[str, Any],
    text: Mapping[str, Any],
    *,
    preset: str,
    settings: Settings,
    short: Mapping[str, Any] | None,
) -> Run:
    usual = text["study"]
    folds = [said["fold"]] if "fold" in said else said.get("folds", usual["folds"])
    space = said.get("space")
    if short and len(folds) > 1:
        folds = short["folds"]
    if short and space:
        space = {name: values[: short["sweep_values"]] for name, values in space.items()}
    return Run(
        name=name,
        part=_part(name, text),
        title=said["title"],
        shows=said["shows"],
        data=said.get("data", usual["data"]),
        preset=preset,
        settings=settings,
        seed=said.get("seed", usual["seed"]),
        folds=tuple(folds),
        exclude_folds=tuple(said.get("exclude_folds", ())),
        space=space,
    )


def _part(name: str, text: Mapping[str, Any]) -> str:
    part = name[0]
    if part not in text["parts"]:
        raise BadPlan(f"{name}: there is no part {part!r}")
    return part


def _pair(name: str, said: Mapping[str, Any], text: Mapping[str, Any], runs: Mapping[str, Run]) -> Pair:
    wanted = [said["baseline"], *said["candidates"]]
    if unknown := [run for run in wanted if run not in runs]:
        raise BadPlan(f"pair {name}: there is no run {', '.join(unknown)}")
    first = runs[said["baseline"]].folds
    shared = {run: tuple(fold for fold in runs[run].folds if fold in first) for run in said["candidates"]}
    return Pair(name, _part(name, text), said["baseline"], tuple(shared), shared)


def nested(settings: Settings) -> dict[str, Any]:
    """{"loss.lambda_target": 0.5} as {"loss": {"lambda_target": 0.5}}."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        section, _, setting = name.partition(".")
        found.setdefault(section, {})[setting] = value
    return found


def _typed(value: Any) -> str:
    """As the command line reads it."""
    return f"{value:g}" if isinstance(value, float) else str(value).lower()
