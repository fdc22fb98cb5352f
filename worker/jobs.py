"""What one claimed run of an experiment carries along."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from db.models import Experiment
from worker.leases import Heartbeat
from worker.settings import WorkerSettings
from worker.stores import Stores

OnEpoch = Callable[[int, dict[str, Any]], object]
OnProgress = Callable[[float], object]


class JobStopped(Exception):
    """The heartbeat asked to stop, and the job did."""


class JobPruned(Exception):
    """The experiment is a trial that its sweep has seen enough of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingJob:
    """A leased experiment, the stores it works with and the thread that keeps it alive."""

    experiment: Experiment
    owner: str
    settings: WorkerSettings
    stores: Stores
    heartbeat: Heartbeat
    on_epoch: OnEpoch | None = None
    on_progress: OnProgress | None = None

    @property
    def id(self) -> UUID:
        return self.experiment.id

    @property
    def folder(self) -> Path:
        """Files of this attempt alone: a worker that lost the lease may still be writing to its own."""
        return self.settings.work_folder / f"{self.id}.{self.owner.rpartition(':')[2]}"

    def report(self, progress: float) -> bool:
        """Note how far the training is; False when it has to stop."""
        if self.on_progress is not None:
            self.on_progress(progress)
        return self.heartbeat.report(progress)
