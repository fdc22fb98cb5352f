"""Results that nobody measured: every run of a plan, with figures that differ from run to run."""

from typing import Any
from uuid import UUID

from docs.study.collect import describe, rounded
from docs.study.plan import Plan, Recovery, Run

CONTENT = "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab"
METRICS = (
    *("auc", "accuracy", "reference_auc", "mastery_auc", "auc_first_5", "ece", "mastery_ece", "l_bce"),
    *("l_21", "l_21_floor", "l_21_kl", "l_22", "l_23", "l_23_mean", "l_23_pointwise"),
    *("theta_mean", "theta_std", "theta_min", "theta_max", "beta_mean", "beta_std", "beta_min", "beta_max"),
    *("mastery_mean", "mastery_std", "mastery_min", "mastery_max"),
    *("reference_mastery_mean", "reference_mastery_std"),
    *(f"{name}_{part}" for name in ("reference_theta", "target_theta", "reference_beta")
      for part in ("mean", "std", "min", "max")),
    *("theta_pearson", "theta_spearman", "theta_target_pearson", "theta_static_pearson"),
    *("theta_static_spearman", "beta_pearson", "mastery_pearson", "mastery_spearman", "p_mastery_pearson"),
)  # fmt: skip
EPOCHS = (
    *("auc", "lambda", "l_21_kl", "theta_std", "theta_target_pearson", "target_theta_std"),
    *("reference_theta_std", "train_loss", "train_l_bce", "train_l_21", "train_l_22", "train_l_23"),
    *("train_l_align", "train_grad_norm_l_bce", "train_grad_norm_l_21", "train_grad_norm_l_23"),
    *("train_grad_cosine_l_bce_l_21", "train_grad_cosine_l_bce_l_23", "train_grad_cosine_l_21_l_23"),
    *("train_factor_l_bce", "train_factor_l_21", "train_factor_l_23"),
)


def invent(plan: Plan) -> dict[str, Any]:
    """Results of the whole plan."""
    datasets = {
        name: {
            "file": said["file"], "id": str(UUID(int=place)), "content_hash": CONTENT, "n_students": 40,
            "n_responses": 900, "n_skills": 5, "n_folds": 5, "share_correct": 0.75,
            "n_attempts": 900,
        }
        for place, (name, said) in enumerate(plan.data.items())
    }  # fmt: skip
    runs = {run.name: _entry(run, place, datasets[run.data]) for place, run in enumerate(plan.runs)}
    pairs = {
        pair.name: {
            "part": pair.part,
            "baseline": pair.baseline,
            "candidates": {
                name: _difference(place, [runs[pair.baseline], runs[name]], pair.folds[name])
                for place, name in enumerate(pair.candidates)
            },
        }
        for pair in plan.pairs
    }
    recovered = {
        "part": "e", "command": "make bench-recovery SEED=0", "seed": 0, "sources": "0", "seconds": 60.0,
        "status": "succeeded", "bounds": {"fixed: β RMSE": "≤ 0.05"}, "figures": {"fixed: β RMSE": 0.0123},
    }  # fmt: skip
    return {
        "format": 1, "study": plan.study, "datasets": datasets, "runs": runs, "pairs": pairs,
        "recoveries": {one.name: recovered | _of_network(runs, one) for one in plan.recoveries},
    }  # fmt: skip


def _of_network(runs: dict[str, Any], recovery: Recovery) -> dict[str, Any]:
    return {"experiment": runs[recovery.run]["experiments"][0]["id"]} if recovery.run else {}


def _entry(run: Run, place: int, dataset: dict[str, Any]) -> dict[str, Any]:
    row = {"id": str(UUID(int=1000 * (place + 1))), "status": "succeeded"}
    entry = describe(run, dataset=dataset, row=row)
    points: list[dict[str, Any] | None] = [None] * len(run.folds)
    if run.space:
        ((name, values),) = run.space.items()
        points = [{name: value} for value in values]
    found = [_experiment(run, place, number, point) for number, point in enumerate(points)]
    if run.space:
        entry["front"] = {"x": "auc", "y": "l_21_kl", "ids": [one["id"] for one in found[:2]]}
    return entry | {"experiments": found}


def _experiment(run: Run, place: int, number: int, point: dict[str, Any] | None) -> dict[str, Any]:
    metrics = {name: 0.1 + 0.01 * place + 0.001 * number + 0.0001 * at for at, name in enumerate(METRICS)}
    curve = {"ece": 0.02, "n": [10, 30], "mean_probability": [0.3, 0.8], "share_right": [0.35, 0.78]}
    history = {"first": [1, 6], "last": [5, None], "n": [9, 9], "auc": [0.6, None], "low": [0.5, None],
               "high": [0.7, None]}  # fmt: skip
    of_trial = {"trial_settings": point} if point else {}
    return of_trial | {
        "id": str(UUID(int=1000 * (place + 1) + number + 1)),
        "fold": run.folds[min(number, len(run.folds) - 1)],
        "status": "succeeded",
        "seed": run.seed,
        "config_fingerprint": run.config.fingerprint(),
        "epochs_done": 3,
        "error": None,
        "seconds": 12.5,
        "calibration_seconds": 1.5 + number,
        "device": "cpu",
        "code_version": "0.1.0",
        "threads": "1",
        "warnings": [],
        "metrics": rounded(metrics),
        "report": {
            "protocol": "window", "n_students": 8, "n_predicted": 180, "audit": "warn",
            "findings": [{"check": "plausible_auc", "status": "warn", "message": "too | good"}],
            "calibration": {"probability": curve, "mastery": curve, "reference": curve},
            "by_history": history,
        },
        "epochs": {"epoch": [1, 2, 3], "seconds": [1.0, 1.0, 1.0]}
        | {name: [0.1 + 0.1 * at, 0.2, None] for at, name in enumerate(EPOCHS)},
    }  # fmt: skip


def _difference(place: int, runs: list[dict[str, Any]], folds: tuple[int, ...]) -> dict[str, Any]:
    figure = {"change": 0.001 * place, "low": -0.002, "high": 0.004, "p": 0.03}
    figures = {"auc": figure, "accuracy": figure, "mastery_auc": figure}
    ids = [{one["fold"]: one["id"] for one in run["experiments"]} for run in runs]
    return {
        "experiments": [[fold, *(known[fold] for known in ids)] for fold in folds],
        "by_fold": [{"fold": fold, "figures": figures, "notes": []} for fold in folds],
        "pooled": {"figures": figures, "notes": []},
    }
