"""What the service says of a run, boiled down to what the study keeps."""

import math
from datetime import datetime
from typing import Any

from docs.study.by_path import Service
from docs.study.plan import Run
from docs.study.results import space_of
from docs.study.service import find_report

DIGITS = 6  # significant ones: more than any table shows
TRAINED = ("loss", "l_bce", "l_21", "l_22", "l_23", "l_scale", "l_align")
EPOCH_FIGURES = (
    *("auc", "l_bce", "mastery_auc", "lambda", "l_21", "l_21_kl", "l_22", "l_23", "l_23_pointwise"),
    *("theta_mean", "theta_std", "theta_pearson", "theta_target_pearson", "theta_static_pearson"),
    *("target_theta_std", "reference_theta_std", "p_mastery_pearson"),
    *(f"train_{name}" for name in TRAINED),
)
EPOCH_FAMILIES = ("train_grad_", "train_factor_")


def describe(run: Run, *, dataset: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """An entry of results.json, without its experiments."""
    entry: dict[str, Any] = {
        "part": run.part,
        "kind": run.kind,
        "id": row["id"],
        "status": row["status"],
        "command": run.command(dataset["file"]),
        "preset": run.preset,
        "settings": run.settings,
        "seed": run.seed,
        "data": run.data,
        "data_hash": dataset["content_hash"],
        "folds": list(run.folds),
        "exclude_folds": list(run.exclude_folds),
        "fingerprint": run.config.fingerprint(),
        "config": run.config.model_dump(mode="json"),
    }
    return entry | ({"space": space_of(run)} if run.space else {})


def read_experiment(service: Service, experiment_id: str) -> dict[str, Any]:
    """One experiment: what it is, final and epoch figures, what its report says, or why it failed."""
    row = service.get(f"/experiments/{experiment_id}")
    kept = ("id", "fold", "status", "seed", "config_fingerprint", "epochs_done", "error")
    found: dict[str, Any] = {name: row[name] for name in kept} | {
        "seconds": _seconds(row),
        "calibration_seconds": rounded(row["calibration_seconds"]),
        "device": row["environment"]["device"],
        "code_version": row["environment"]["code_version"],
        "threads": (row["environment"]["package_versions"] or {}).get("threads"),
        "warnings": row.get("warnings", []),
    }
    if row["trial_settings"]:
        found["trial_settings"] = row["trial_settings"]
    if row["status"] == "succeeded":
        found["metrics"] = rounded(row["metrics"])
        report = find_report(service, experiment_id)
        found["report"] = rounded(_boiled(report)) if report else None
    epochs = service.get(f"/experiments/{experiment_id}/metrics")["items"]
    found["epochs"] = rounded(_by_metric(epochs))
    return found


def read_front(service: Service, sweep_id: str) -> dict[str, Any]:
    """Which trials of a sweep no other one beats in both AUC and divergence."""
    front = service.get(f"/sweeps/{sweep_id}/pareto", x="auc", y="l_21_kl")
    return {"x": front["x"]["metric"], "y": front["y"]["metric"], "ids": front["front"]}


def _boiled(report: dict[str, Any]) -> dict[str, Any]:
    audit = report["audit"]
    return {
        "protocol": report["protocol"],
        "n_students": report["n_students"],
        "n_predicted": report["n_predicted"],
        "audit": audit["status"],
        "findings": [
            {"check": found["check"], "status": found["status"], "message": found["message"]}
            for found in audit["findings"]
            if found["status"] != "pass"
        ],
        "calibration": {
            name: {"ece": of["ece"]}
            | {key: [part[key] for part in of["curve"]] for key in ("n", "mean_probability", "share_right")}
            for name, of in report["calibration"].items()
        },
        "by_history": {
            key: [part[key] for part in report["by_history"]]
            for key in ("first", "last", "auc", "low", "high")
        },
    }


def _by_metric(epochs: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Each figure's values in the order of epochs."""
    names = {name: None for epoch in epochs for name in epoch["metrics"]}
    kept = [name for name in names if name in EPOCH_FIGURES or name.startswith(EPOCH_FAMILIES)]
    found: dict[str, list[Any]] = {"epoch": [epoch["epoch"] for epoch in epochs]}
    found |= {"seconds": [epoch["seconds"] for epoch in epochs]}
    return found | {name: [epoch["metrics"].get(name) for epoch in epochs] for name in kept}


def _seconds(row: dict[str, Any]) -> float | None:
    """From the worker's taking it to its end."""
    if row["started_at"] is None or row["finished_at"] is None:
        return None
    started, ended = (datetime.fromisoformat(row[name]) for name in ("started_at", "finished_at"))
    return round((ended - started).total_seconds(), 1)


def rounded(value: Any) -> Any:
    """The same with fewer digits; what is no number is null."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: rounded(entry) for name, entry in value.items()}
    return [rounded(entry) for entry in value] if isinstance(value, list) else value
