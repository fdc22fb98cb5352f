"""Sweeps: checked completely when they are submitted, then advanced by whoever sees that they can go on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from api.doorbell import Doorbell
from api.schemas.experiments import RunError
from api.schemas.search import GridSearch
from api.schemas.sweeps import Objective, Pruner, SweepCreate, SweepPage, SweepRead, SweepSummary, TrialRead
from api.services.refusals import FieldRefused, SweepRefused
from api.services.spaces import check_space
from api.services.submissions import check_folds, overrides_of, submit_once
from db.lifecycle import ExperimentStatus, SweepStatus
from db.models import Experiment, Sweep
from db.repositories import sweeps
from ikt_model.comparison.pareto import metric_axes
from ikt_model.search import count_points
from worker.enqueue import JOB_VERSION


def submit_sweep(
    session: Session, doorbell: Doorbell, request: SweepCreate, *, idempotency_key: str | None = None
) -> SweepRead:
    """Store a sweep and ring for it; the same key and request again give the one that was stored before.

    Raises SweepRefused with everything that is wrong, IdempotencyKeyReused.
    """

    def add(request_hash: str) -> Sweep:
        values = _check(session, request)
        return sweeps.add_sweep(
            session,
            **values,
            job_version=JOB_VERSION,
            idempotency_key=idempotency_key,
            request_hash=request_hash,
        )

    sweep, is_new = submit_once(session, Sweep, request, key=idempotency_key, add=add, refusal=SweepRefused)
    if is_new:
        doorbell.ring_sweep(session, sweep.id, device=sweep.device)
    return get_sweep(session, sweep.id)


def get_sweep(session: Session, sweep_id: UUID) -> SweepRead:
    """Raises SweepNotFound."""
    return _present(sweeps.get_sweep(session, sweep_id), sweeps.list_trials(session, [sweep_id]))


def list_sweeps(
    session: Session,
    *,
    status: str | None = None,
    dataset_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> SweepPage:
    """Newest first."""
    page = sweeps.list_sweeps(
        session,
        status=SweepStatus(status) if status else None,
        dataset_id=dataset_id,
        cursor=cursor,
        limit=limit,
    )
    counts = sweeps.count_trials(session, [sweep.id for sweep in page.items])
    items = [SweepSummary(**_summarise(sweep, counts[sweep.id])) for sweep in page.items]
    return SweepPage(items=items, next_cursor=page.next_cursor)


def cancel_sweep(session: Session, sweep_id: UUID) -> SweepRead:
    """Queue no further trial and stop those in flight. Raises SweepNotFound, IllegalMove."""
    sweeps.cancel_sweep(session, sweep_id)
    return get_sweep(session, sweep_id)


def _check(session: Session, request: SweepCreate) -> dict[str, Any]:
    """The columns of the sweep. Raises SweepRefused."""
    overrides, errors = overrides_of(request)
    objective, wrong = _check_objective(request.objective)
    errors += wrong + check_folds(session, request, [request.fold])
    errors = errors or check_space(request, overrides)
    if errors:
        raise SweepRefused(errors)
    search, is_grid = request.search, isinstance(request.search, GridSearch)
    names = ", ".join(name.rpartition(".")[2] for name in search.space)
    pruner = request.pruner or Pruner(name="none" if is_grid else "median")
    return {
        "name": request.name or f"{request.preset or 'custom'}: {names}",
        "dataset_id": request.dataset_id,
        "fold": request.fold,
        "exclude_folds": request.exclude_folds,
        "preset": request.preset,
        "config": overrides,
        "device": request.device,
        "search": search.model_dump(mode="json"),
        "metric": objective.metric,
        "direction": objective.direction,
        "pruner": pruner.model_dump(mode="json"),
        "parallel": request.parallel,
        "n_trials": count_points(search.space) if isinstance(search, GridSearch) else search.n_trials,
    }


def _check_objective(objective: Objective) -> tuple[Objective, list[FieldRefused]]:
    axes = metric_axes()
    if objective.metric not in axes:
        detail = f"{objective.metric!r} is no final metric; choose one of {', '.join(sorted(axes))}"
        return objective, [FieldRefused("/objective/metric", detail)]
    direction = objective.direction or axes[objective.metric].direction
    if direction is None:
        detail = f"{objective.metric} is not better in one way by itself; say maximise or minimise"
        return objective, [FieldRefused("/objective/direction", detail)]
    return Objective(metric=objective.metric, direction=direction), []


def _present(sweep: Sweep, rows: Sequence[Experiment]) -> SweepRead:
    trials = [_present_trial(sweep, row) for row in rows]
    return SweepRead(
        **_summarise(sweep, Counter(row.status.value for row in rows)),
        config=sweep.config,
        device=sweep.device,
        search=sweep.search,
        pruner=Pruner.model_validate(sweep.pruner),
        trials=trials,
        best=_best(sweep, trials),
        note=_note(sweep),
    )


def _present_trial(sweep: Sweep, row: Experiment) -> TrialRead:
    is_done = row.status == ExperimentStatus.SUCCEEDED
    return TrialRead(
        number=row.trial or 0,
        experiment_id=row.id,
        status=row.status.value,
        settings=row.trial_settings or {},
        value=(row.metrics or {}).get(sweep.metric) if is_done else None,
        epochs_done=row.epochs_done,
        epochs=row.epochs,
        metrics=row.metrics,
        error=_error(row),
    )


def _error(row: Experiment | Sweep) -> RunError | None:
    return RunError(type=row.error_type, detail=row.error_detail) if row.error_type else None


def _best(sweep: Sweep, trials: Sequence[TrialRead]) -> TrialRead | None:
    sign = 1.0 if sweep.direction == "maximise" else -1.0
    measured = [(sign * trial.value, trial) for trial in trials if trial.value is not None]
    return max(measured, key=lambda pair: pair[0])[1] if measured else None


def _note(sweep: Sweep) -> str:
    chosen = f"chosen on fold {sweep.fold}, whose figures are optimistic therefore"
    if not sweep.exclude_folds:
        return f"{chosen}; every other fold was trained on, so none is left for an honest measurement"
    kept = ", ".join(map(str, sweep.exclude_folds))
    plural = "s" if len(sweep.exclude_folds) > 1 else ""
    return f"{chosen}; measure the best settings on fold{plural} {kept}, which no trial has seen"


def _summarise(sweep: Sweep, counts: Mapping[str, int]) -> dict[str, Any]:
    own = f"/sweeps/{sweep.id}"
    copied = set(SweepSummary.model_fields) - {"status", "objective", "counts", "error", "links"}
    return {name: getattr(sweep, name) for name in copied} | {
        "status": sweep.status.value,
        "objective": Objective.model_validate({"metric": sweep.metric, "direction": sweep.direction}),
        "counts": dict(counts),
        "error": _error(sweep),
        "links": {
            "self": own,
            "dataset": f"/datasets/{sweep.dataset_id}",
            "experiments": f"/experiments?sweep_id={sweep.id}",
            "pareto": f"{own}/pareto",
        },
    }
