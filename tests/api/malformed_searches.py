"""Sweeps, cross-validations, excluded folds and fronts that must be refused."""

from typing import Any

from tests.api.malformed import UNKNOWN, Bad, experiment, query, submission

GRID = {"method": "grid", "space": {"loss.lambda_target": [0.1, 0.2]}}
LAMBDA = "/search/space/loss.lambda_target"


def cross_validation(name: str, pointer: str, slug: str = "invalid-request", /, **body: Any) -> Bad:
    return submission(f"cross-validation: {name}", "/cross-validations", pointer, slug, **body)


def sweep(name: str, pointer: str, slug: str = "invalid-request", /, **body: Any) -> Bad:
    return submission(f"sweep: {name}", "/sweeps", pointer, slug, **{"search": GRID, **body})


def grid(name: str, pointer: str, space: Any, slug: str = "invalid-request", /, **body: Any) -> Bad:
    return sweep(f"grid {name}", pointer, slug, search={"method": "grid", "space": space}, **body)


def points(name: str, pointer: str, space: Any, /, **body: Any) -> Bad:
    return grid(name, pointer, space, "sweep-refused", **body)


def optuna(name: str, pointer: str, space: Any, slug: str = "invalid-request", /, **search: Any) -> Bad:
    wanted = {"method": "optuna", "n_trials": 5, "space": space, **search}
    return sweep(f"optuna {name}", pointer, slug, search=wanted)


def ranged(kind: str, low: Any, high: Any, **more: Any) -> dict[str, Any]:
    return {"type": kind, "low": low, "high": high, **more}


def one(described: dict[str, Any]) -> dict[str, Any]:
    return {"loss.lambda_target": described}


MANY_FLOATS = {
    f"loss.{name}": ranged("float", 0, 1) for name in ("lambda_target", "difficulty_weight", "scale_weight")
} | {
    f"training.{name}": ranged("float", 0.1, 1) for name in ("learning_rate", "weight_decay", "gradient_clip")
}
MANY_FLOATS["model.dropout"] = ranged("float", 0, 0.5)

EXCLUDED = [
    experiment("excluded fold does not exist", "/exclude_folds", "experiment-refused", exclude_folds=[7]),
    experiment("excluded fold is held out", "/exclude_folds", "experiment-refused", exclude_folds=[0]),
    experiment("no fold is left", "/exclude_folds", "experiment-refused", exclude_folds=[1, 2, 3, 4]),
    experiment("excluded fold twice", "/exclude_folds", exclude_folds=[1, 1]),
    experiment("excluded fold is negative", "/exclude_folds/0", exclude_folds=[-1]),
    experiment("excluded folds are a number", "/exclude_folds", exclude_folds=1),
    experiment("excluded folds without end", "/exclude_folds", exclude_folds=["a"] * 199_000),
    experiment("settings without end", "/config", config={"loss": dict.fromkeys(map(str, range(1001)), 1)}),
]

CROSS_VALIDATIONS = [
    cross_validation("unknown dataset", "/dataset_id", "experiment-refused", dataset_id=UNKNOWN),
    cross_validation("one fold", "/folds", "experiment-refused", folds=[0]),
    cross_validation("no fold", "/folds", "experiment-refused", folds=[]),
    cross_validation("fold that does not exist", "/folds", "experiment-refused", folds=[0, 9]),
    cross_validation("fold twice", "/folds", folds=[0, 0]),
    cross_validation("more folds than there may be", "/folds", folds=["a"] * 199_000),
    cross_validation("folds are a word", "/folds", folds="some"),
    cross_validation("all folds but one", "/exclude_folds", "experiment-refused", exclude_folds=[0, 1, 2, 3]),
    cross_validation("held out and excluded", "/exclude_folds", "experiment-refused", folds=[0, 1],
                     exclude_folds=[1]),
    cross_validation("unknown preset", "/preset", "experiment-refused", preset="huge"),
    cross_validation("unknown setting", "/config/loss/lamda", "experiment-refused",
                     config={"loss": {"lamda": 0.5}}),
    cross_validation("a fold of its own", "/fold", fold=0),
]  # fmt: skip

SWEEPS = [
    sweep("no search", "/search", search=None),
    sweep("unknown method", "/search", search={"method": "guess", "space": {}}),
    sweep("unknown dataset", "/dataset_id", "sweep-refused", dataset_id=UNKNOWN),
    sweep("fold that does not exist", "/fold", "sweep-refused", fold=5),
    sweep("fold that is excluded", "/exclude_folds", "sweep-refused", fold=1, exclude_folds=[1]),
    sweep("unknown preset", "/preset", "sweep-refused", preset="huge"),
    sweep("two seeds", "/seed", "sweep-refused", seed=1, config={"training": {"seed": 2}}),
    sweep("unknown setting beside the space", "/config/loss/lamda", "sweep-refused",
          config={"loss": {"lamda": 0.5}}),
    sweep("no trial at once", "/parallel", parallel=0),
    sweep("unknown objective", "/objective/metric", "sweep-refused", objective={"metric": "luck"}),
    sweep("training loss as objective", "/objective/metric", "sweep-refused",
          objective={"metric": "train_loss"}),
    sweep("objective without a way", "/objective/direction", "sweep-refused",
          objective={"metric": "theta_std"}),
    sweep("objective upwards", "/objective/direction", objective={"direction": "up"}),
    sweep("unknown pruner", "/pruner/name", pruner={"name": "axe"}),
    sweep("negative warm-up", "/pruner/warmup_epochs", pruner={"name": "median", "warmup_epochs": -1}),
    grid("without settings", "/search/space", {}),
    grid("is a list", "/search/space", []),
    grid("without end", "/search/space", {str(number): [1] for number in range(101)}),
    grid("without values", LAMBDA, {"loss.lambda_target": []}),
    grid("value twice", LAMBDA, {"loss.lambda_target": [0.1, 0.1]}),
    grid("value is a list", f"{LAMBDA}/0", {"loss.lambda_target": [[0.1]]}),
    grid("value is null", f"{LAMBDA}/1", {"loss.lambda_target": [0.1, None]}),
    grid("value is NaN", f"{LAMBDA}/0", {"loss.lambda_target": [float("nan")]}),
    grid("value of 400 digits", f"{LAMBDA}/0", {"loss.lambda_target": [10**400]}),
    grid("name without a section", "/search/space/lambda", {"lambda": [0.1]}),
    grid("of 1,024 points", "/search/space",
         {"loss.lambda_target": [n / 64 for n in range(32)], "training.seed": list(range(32))}),
    points("value out of range", f"{LAMBDA}/1", {"loss.lambda_target": [0.1, 1.5]}),
    points("value of another type", f"{LAMBDA}/0", {"loss.lambda_target": ["much"]}),
    points("unknown setting", "/search/space/loss.lamda/0", {"loss.lamda": [0.1]}),
    points("unknown section", "/search/space/optimiser.name", {"optimiser.name": ["adam"]}),
    points("below a setting", "/search/space/loss.lambda_target.low",
           {"loss.lambda_target.low": [0.1]}),
    points("heads that do not divide", "/search/space/model.n_heads", {"model.n_heads": [4, 3]}),
    points("setting that config sets", LAMBDA, {"loss.lambda_target": [0.1]},
           config={"loss": {"lambda_target": 0.2}}),
    points("objective of the first epoch alone", "/objective/metric", {"loss.lambda_target": [0.1]},
           objective={"metric": "first_lambda", "direction": "maximise"}),
    points("number instead of a section", "/config/loss", {"loss.lambda_target": [0.1]}, config={"loss": 5}),
    points("null instead of a section", "/config/loss", {"loss.lambda_target": [0.1]}, config={"loss": None}),
    points("number instead of the seed's section", "/config/training", {"training.epochs": [1, 2]},
           config={"training": 3}, seed=7),
    points("list instead of a section with kinds", "/config/model", {"model.n_blocks": [1]},
           config={"model": []}),
    optuna("fractions of a whole number", "/search/space/model.n_blocks",
           {"loss.lambda_target": ranged("float", 0, 1), "model.n_blocks": ranged("float", 1.0, 4.0)},
           "sweep-refused"),
    optuna("fractions of a whole number in logarithms", "/search/space/training.epochs",
           {"training.epochs": ranged("float", 1.0, 3.0, log=True)}, "sweep-refused"),
    optuna("without trials", "/search/n_trials", one(ranged("float", 0, 1)), n_trials=0),
    optuna("without end", "/search/space", dict.fromkeys(map(str, range(101)), 1)),
    optuna("unknown sampler", "/search/sampler", one(ranged("float", 0, 1)), sampler="dice"),
    optuna("values instead of a range", LAMBDA, {"loss.lambda_target": [0.1]}),
    optuna("unknown type", LAMBDA, one(ranged("real", 0, 1))),
    optuna("turned round", LAMBDA, one(ranged("float", 1, 0))),
    optuna("empty range", LAMBDA, one(ranged("float", 0.5, 0.5))),
    optuna("logarithm of 0", LAMBDA, one(ranged("float", 0, 1, log=True))),
    optuna("infinite", f"{LAMBDA}/high", one(ranged("float", 0, float("inf")))),
    optuna("steps that miss the end", LAMBDA, one(ranged("int", 0, 5, step=2))),
    optuna("steps of a logarithm", LAMBDA, one(ranged("int", 1, 5, step=2, log=True))),
    optuna("one choice", f"{LAMBDA}/choices", one({"type": "categorical", "choices": [1]})),
    optuna("end out of range", f"{LAMBDA}/high", one(ranged("float", 0, 1.5)), "sweep-refused"),
    optuna("choice out of range", f"{LAMBDA}/choices/1", one({"type": "categorical", "choices": [0, 2]}),
           "sweep-refused"),
    optuna("whole numbers that do not divide", "/search/space/model.d_model",
           {"model.dropout": ranged("float", 0, 0.5), "model.d_model": ranged("int", 16, 128)},
           "sweep-refused"),
    optuna("kinds that contradict each other in one of thousands", "/search/space/model.mastery/choices/1",
           MANY_FLOATS | {"model.mastery": {"type": "categorical", "choices": ["scalar", "skill-wise"]},
                          "reference.name": {"type": "categorical", "choices": ["pfa", "rasch", "bkt"]}},
           "sweep-refused"),
    optuna("corner that does not divide", "/search/space/model.d_model",
           {"model.d_model": ranged("int", 16, 18, step=2), "model.n_heads": ranged("int", 2, 4, step=2)},
           "sweep-refused"),
]  # fmt: skip

LOOKS = [
    query("unknown sweep", f"/sweeps/{UNKNOWN}", 404, "sweep-not-found"),
    query("sweep is no UUID", "/sweeps/best"),
    query("unknown state of a sweep", "/sweeps?status=queued"),
    query("sweeps from nowhere", "/sweeps?cursor=%21", 400, "bad-cursor"),
    query("unknown cross-validation", f"/cross-validations/{UNKNOWN}", 404, "cross-validation-not-found"),
    query("cross-validations from nowhere", "/cross-validations?cursor=%21", 400, "bad-cursor"),
    query("front of an unknown sweep", f"/sweeps/{UNKNOWN}/pareto", 404, "sweep-not-found"),
    query("front of nothing", "/pareto"),
    query("front of an unknown experiment", f"/pareto?experiment={UNKNOWN}", 404, "experiment-not-found"),
    query("front of an unknown metric", f"/pareto?experiment={UNKNOWN}&x=luck"),
    query("front of a metric with no better way", f"/pareto?experiment={UNKNOWN}&y=theta_std"),
    query("front as a song", f"/pareto?experiment={UNKNOWN}&format=song"),
    query("experiments of no sweep", "/experiments?sweep_id=best"),
    Bad("path: stopping an unknown sweep", 404, "sweep-not-found", f"/sweeps/{UNKNOWN}/cancel"),
    Bad("path: stopping an unknown cross-validation", 404, "cross-validation-not-found",
        f"/cross-validations/{UNKNOWN}/cancel"),
]  # fmt: skip

SEARCHES = [*EXCLUDED, *CROSS_VALIDATIONS, *SWEEPS, *LOOKS]
