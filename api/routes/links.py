"""Where an answer leads: OpenAPI links from what was made, or listed, to what can be done with it."""

from typing import Any

ID = "$response.body#/id"
FIRST = "$response.body#/items/0/id"

_EXPERIMENT = (
    "get_experiment",
    "cancel_experiment",
    "retry_experiment",
    "delete_experiment",
    "list_epochs",
    "list_artifacts",
    "get_report",
    "get_predictions",
)
_SWEEP = ("get_sweep", "cancel_sweep", "get_sweep_pareto")
_CROSS_VALIDATION = ("get_cross_validation", "cancel_cross_validation")
_STUDENT = (
    "get_student",
    "delete_student",
    "export_student",
    "get_mastery",
    "get_mastery_history",
    "get_trajectory",
    "predict_student",
    "recommend_skills",
)
_SUBMISSIONS = ("submit_experiment", "submit_cross_validation", "submit_sweep")


def _follow(parameter: str, expression: str, *targets: str) -> dict[str, Any]:
    return {
        target: {"operationId": target, "parameters": {parameter: expression}, "description": "The same one."}
        for target in targets
    }


def _train_on(expression: str) -> dict[str, Any]:
    return {
        target: {
            "operationId": target,
            "requestBody": {"dataset_id": expression},
            "description": "Train on the dataset.",
        }
        for target in _SUBMISSIONS
    }


_DATASET = {**_follow("dataset_id", ID, "get_dataset", "delete_dataset"), **_train_on(ID)}

LINKS: dict[tuple[str, str], dict[str, Any]] = {
    ("add_dataset", "201"): _DATASET,
    ("add_dataset", "200"): _DATASET,
    ("list_datasets", "200"): {**_follow("dataset_id", FIRST, "get_dataset"), **_train_on(FIRST)},
    ("submit_experiment", "202"): _follow("experiment_id", ID, *_EXPERIMENT),
    ("list_experiments", "200"): _follow("experiment_id", FIRST, "get_experiment", "get_report"),
    ("submit_cross_validation", "202"): _follow("cross_validation_id", ID, *_CROSS_VALIDATION),
    ("list_cross_validations", "200"): _follow("cross_validation_id", FIRST, "get_cross_validation"),
    ("submit_sweep", "202"): _follow("sweep_id", ID, *_SWEEP),
    ("list_sweeps", "200"): _follow("sweep_id", FIRST, "get_sweep", "get_sweep_pareto"),
    ("list_models", "200"): _follow("model_id", FIRST, "get_model", "promote_model", "list_skills"),
    ("record_interactions", "200"): _follow("student_id", "$response.body#/student_id", *_STUDENT),
    ("list_students", "200"): _follow("student_id", "$response.body#/items/0/student_id", *_STUDENT),
    ("set_cohort", "200"): _follow(
        "cohort", "$response.body#/cohort", "delete_cohort", "get_cohort_mastery", "set_cohort"
    ),
    ("list_cohorts", "200"): _follow("cohort", "$response.body#/items/0/cohort", "get_cohort_mastery"),
}
"""By operation and status of its answer."""
