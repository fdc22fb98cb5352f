"""Runs whose figures are consistent, because they were computed from the same responses: random ones, and
those of the study.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from ikt_model.comparison import RunSummary
from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.losses import lambda_at
from ikt_model.metrics import HeldOut, evaluate_predictions

RESULTS = Path(__file__).parents[3] / "docs" / "study" / "results.json"
OTHER_FIGURES = ("epoch", "seconds")


def summary(
    metrics: Mapping[str, float | None],
    *,
    config: Mapping[str, Any] | None = None,
    epochs: list[dict[str, Any]] | None = None,
    fold: int | list[int] = 0,
) -> RunSummary:
    """A run of which only its figures matter."""
    return RunSummary("run", "run", config or {}, "data", fold, epochs or [], metrics)


def epochs_of(**series: list[float]) -> list[dict[str, Any]]:
    """Epochs 1, 2, … from one list for each metric."""
    length = max(map(len, series.values()))
    return [
        {"epoch": index + 1, "metrics": {name: values[index] for name, values in series.items()}}
        for index in range(length)
    ]


def random_held_out(seed: int, *, n: int, spread: float, shift: float, noise: float) -> HeldOut:
    """Some hundred held-out steps in windows of 1 to 9, with M = σ(θ − β)."""
    rng = np.random.default_rng(seed)
    target = rng.normal(0.0, 1.0, n)
    theta = (shift + spread * (target + rng.normal(0.0, noise, n))).astype(np.float32)
    difficulty = rng.normal(-1.0, 1.0, 6)
    skill = rng.integers(0, 6, n)
    beta = difficulty[skill].astype(np.float32)
    logit = rng.normal(1.0, 1.5, n).astype(np.float32)
    reference = (target - difficulty[skill]).astype(np.float32)
    response = (rng.random(n) < 0.7).astype(np.float32)
    response[:2] = (0.0, 1.0)
    window = np.sort(rng.integers(0, max(1, n // 5), n))
    _, window = np.unique(window, return_inverse=True)
    return HeldOut(
        step=np.arange(n),
        position=np.arange(n) % 9,
        response=response,
        logit=logit,
        mastery_logit=theta - beta,
        mastery_after_logit=theta - beta,
        mastery_reference_logit=reference,
        theta_asked=theta,
        theta_reference_asked=target.astype(np.float32),
        beta_asked=beta,
        beta_reference_asked=beta,
        theta=theta,
        theta_reference=target.astype(np.float32),
        theta_target=target.astype(np.float32),
        window=window,
        theta_static=rng.normal(0.0, 1.0, int(window.max()) + 1).astype(np.float32),
        difficulty=difficulty,
        difficulty_reference=difficulty,
    )


def random_run(
    seed: int, *, alignment: str = "pointwise", epochs: int = 4, **shape: float
) -> tuple[ExperimentConfig, dict[str, float]]:
    """Settings of a scalar network, and figures that fulfil every identity."""
    config = resolve_config(
        None,
        {
            "model": {"window": 400},
            "loss": {"ability_alignment": alignment, "lambda_warmup_epochs": 7, "lambda_target": 0.4},
            "training": {"epochs": epochs},
        },
    )
    given = {"n": 150, "spread": 1.0, "shift": 0.0, "noise": 0.5} | shape
    seen = random_held_out(seed, n=int(given.pop("n")), **given)
    figures = evaluate_predictions(
        seen, loss=config.loss, lambda_=lambda_at(epochs, config.loss), target_std=1.0
    )
    return config, {name: float(value) for name, value in figures.items() if np.isfinite(value)}


def rounded(figures: Mapping[str, float], digits: int) -> dict[str, Decimal]:
    """To so many significant digits, trailing zeros kept."""
    return {name: Decimal(f"{value:.{digits - 1}e}") for name, value in figures.items()}


def study_runs() -> list[RunSummary]:
    """Every experiment of the study that succeeded, as far as it was kept."""
    runs = json.loads(RESULTS.read_text("utf-8"))["runs"]
    return [
        _study_run(name, entry["config"], one)
        for name, entry in runs.items()
        for one in entry["experiments"]
        if one["status"] == "succeeded"
    ]


def _study_run(name: str, config: dict[str, Any], one: dict[str, Any]) -> RunSummary:
    series = {key: values for key, values in one["epochs"].items() if key not in OTHER_FIGURES}
    epochs = [
        {"epoch": epoch, "metrics": {key: values[index] for key, values in series.items()}}
        for index, epoch in enumerate(one["epochs"]["epoch"])
    ]
    settings = _with(config, one.get("trial_settings") or {})
    return RunSummary(
        one["id"], f"{name} {one['fold']}", settings, "data", one["fold"], epochs, one["metrics"]
    )


def _with(config: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with those that a sweep chose for a trial."""
    settings = {section: dict(values) for section, values in config.items()}
    for name, value in chosen.items():
        section, _, key = name.partition(".")
        settings[section][key] = value
    return settings
