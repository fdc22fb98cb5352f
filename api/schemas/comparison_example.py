"""The example of a comparison in the OpenAPI document."""

from typing import Any

BASELINE_ID = "0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f"
CANDIDATE_ID = "0193a1f6-1c5d-7e22-8b4f-9c0d1e2f3a4b"

_ALONE: dict[str, Any] = dict.fromkeys(
    (
        *("value", "change", "relative_change", "verdict", "ratio_to_reference", "passed"),
        *("change_low", "change_high", "delong_low", "delong_high", "p_value"),
        *("reference", "aim", "range", "reference_range", "aim_range"),
    )
)


def _experiment(identifier: str, name: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": name,
        "label": name,
        "kind": "experiment",
        "dataset": "assist2015 (9c56cc51)",
        "folds": [0],
        "exclude_folds": [],
        "seed": 42,
        "finished_at": "2026-11-23T05:35:27Z",
        "epochs": 12,
        "href": f"/experiments/{identifier}",
    }


_AUC = {
    "metric": "auc",
    "label": "AUC",
    "goal": "higher",
    "form": "number",
    "target": "≥ reference",
    "reference": 0.6925,
    "values": [
        _ALONE | {"value": 0.7282, "passed": True, "reference": 0.6925},
        _ALONE
        | {
            "value": 0.7269,
            "change": -0.0013,
            "relative_change": -0.0018,
            "verdict": "worse",
            "passed": True,
            "change_low": -0.0019,
            "change_high": -0.0007,
            "delong_low": -0.0018,
            "delong_high": -0.0008,
            "p_value": 5.1e-06,
            "reference": 0.6925,
        },
    ],
}
_THETA_RANGE = {
    "metric": "theta_range",
    "label": "θ range",
    "goal": "none",
    "form": "range",
    "target": None,
    "reference": None,
    "values": [
        _ALONE | {"range": [-0.91, 1.12], "reference_range": [-2.31, 1.92], "aim_range": [-2.02, 1.61]},
        _ALONE | {"range": [-2.24, 1.87], "reference_range": [-2.31, 1.92], "aim_range": [-2.31, 1.92]},
    ],
}

COMPARISON_EXAMPLE: dict[str, Any] = {
    "experiments": [
        _experiment(BASELINE_ID, "small-mean, fold 0"),
        _experiment(CANDIDATE_ID, "small-dynamic, fold 0"),
    ],
    "settings": [{"name": "loss.ability_alignment", "values": ["mean", "pointwise"]}],
    "common_settings": [{"name": "model.d_model", "value": 128}],
    "sections": [
        {"name": "prediction", "title": "Prediction", "rows": [_AUC]},
        {"name": "theta", "title": "Scale of ability θ", "rows": [_THETA_RANGE]},
    ],
    "scale": [
        {
            "metric": "theta_std",
            "label": "θ standard deviation",
            "values": [
                {"value": 0.21, "reference": 0.56, "ratio": 0.375, "reading": "2.7 times too narrow"},
                {"value": 0.55, "reference": 0.56, "ratio": 0.98, "reading": "as wide as the reference"},
            ],
        }
    ],
    "criteria": [
        {
            "metric": "theta_pearson",
            "label": "θ Pearson",
            "target": "≥ 0.99",
            "values": [
                {"value": 0.71, "threshold": 0.99, "passed": False},
                {"value": 0.995, "threshold": 0.99, "passed": True},
            ],
        }
    ],
    "findings": [
        {
            "experiment_id": BASELINE_ID,
            "rule": "scale_collapse",
            "severity": "problem",
            "message": "θ spreads 0.38 times as far as its reference.",
            "evidence": [
                {
                    "metric": "theta_std",
                    "label": "θ standard deviation",
                    "value": 0.21,
                    "epoch": None,
                    "href": f"/experiments/{BASELINE_ID}",
                }
            ],
        }
    ],
    "curves": [
        {
            "metric": "auc",
            "label": "AUC, held out",
            "goal": "higher",
            "points": [[[1, 0.701], [2, 0.7282]], [[1, 0.7], [2, 0.7269]]],
            "references": [0.6925, 0.6925],
        }
    ],
    "notes": [],
    "intervals": "95% percentile intervals over 2,000 resamples of students, the same for both runs.",
}
