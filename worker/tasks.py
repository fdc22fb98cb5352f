"""The tasks themselves: an identifier comes in at most, everything else is read from rows."""

from uuid import UUID

from worker.celery_app import app
from worker.enqueue import ADVANCE_TASK, ERASE_TASK, PROMOTE_TASK, RETAIN_TASK, SCORE_TASK, TRAIN_TASK
from worker.erasure import erase_due
from worker.processes import asked_to_stop
from worker.promotion import promote
from worker.retention import let_go
from worker.scoring import score_due
from worker.settings import WorkerSettings
from worker.training import run_experiment


def train_task(experiment_id: str) -> None:
    """Train a queued experiment; nothing happens when it is not queued any more."""
    with asked_to_stop() as stop:
        run_experiment(UUID(experiment_id), settings=WorkerSettings(), stop=stop)


def promote_task(model_id: str) -> None:
    """Score every student with a model and let it serve; nothing happens when another worker does."""
    with asked_to_stop() as stop:
        promote(UUID(model_id), settings=WorkerSettings(), stop=stop)


def score_task() -> None:
    """Score the students who are due under the serving model; nothing happens when another worker does."""
    with asked_to_stop() as stop:
        score_due(settings=WorkerSettings(), stop=stop)


def erase_task() -> None:
    """Take students who are to be erased out of files; nothing happens when another worker does."""
    with asked_to_stop() as stop:
        erase_due(settings=WorkerSettings(), stop=stop)


def retain_task() -> None:
    """Let go what is kept too long; nothing happens when another worker just did."""
    with asked_to_stop() as stop:
        let_go(settings=WorkerSettings(), stop=stop)


def advance_task(sweep_id: str) -> None:
    """Queue the trials that a sweep has room for; nothing happens when it has none."""
    # Optuna and the configuration's rules are imported once there is a sweep to advance.
    from worker.sweeps import advance_sweep

    advance_sweep(UUID(sweep_id), settings=WorkerSettings())


app.task(train_task, name=TRAIN_TASK)
app.task(promote_task, name=PROMOTE_TASK)
app.task(score_task, name=SCORE_TASK)
app.task(advance_task, name=ADVANCE_TASK)
app.task(erase_task, name=ERASE_TASK)
app.task(retain_task, name=RETAIN_TASK)
