"""Settings of the worker's room: the stores' settings, and how jobs are run."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from db.settings import Address, DatabaseSettings
from worker.machine import count_gpus, usable_cores

QueueName = Literal["cpu", "gpu", "bulk"]


class WorkerSettings(DatabaseSettings):
    """Read from IKT_* variables."""

    broker_url: Address = Field(default="filesystem://", repr=False)
    """Redis (redis://host:port/0), or filesystem:// for folders under broker/ in the data folder."""
    queues: tuple[QueueName, ...] = ("cpu", "gpu", "bulk")
    """Queues that this worker serves: training on CPU, training on GPU, scoring of students."""
    gpu_budget: float = Field(default=0.9, gt=0, le=1)
    """Share of each GPU's memory that jobs may take together; the rest is for what nobody foresees."""
    jobs_per_gpu: int = Field(default=16, ge=1)
    """Most jobs side by side on one GPU, as far as its memory goes; 1 gives each job a GPU to itself."""
    concurrency: int | None = Field(default=None, ge=1)
    """Jobs at once; default: one per core, for queue gpu alone at most IKT_JOBS_PER_GPU for each GPU."""
    threads: int | None = Field(default=None, ge=1)
    """Threads of one job; default: the cores shared out among the jobs. Equal numbers need equal threads."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto, cpu or cuda: where jobs compute."""
    lease_seconds: float = Field(default=60.0, gt=0)
    """A job whose worker has been silent for so long goes back to the queue."""
    heartbeat_seconds: float = Field(default=3.0, gt=0)
    """How often a running job renews its lease, tells its progress and looks for a cancellation."""
    janitor_seconds: float = Field(default=15.0, gt=0)
    """How often lost jobs and lost messages are looked for."""
    tidy_seconds: float = Field(default=3600.0, gt=0)
    """How often files that killed processes have left are looked for."""
    abandoned_seconds: float = Field(default=24 * 3600.0, gt=0)
    """A file that was still being written then is taken for given up."""
    erasure_retry_seconds: float = Field(default=60.0, gt=0)
    """When to look again at an erasure that waits for running experiments, or failed."""
    retention_days: int | None = Field(default=None, ge=1)
    """Students without a response for so many days are erased, once a day; nobody is while it is not set."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""

    @model_validator(mode="after")
    def _heartbeat_is_quicker_than_lease(self) -> Self:
        if self.heartbeat_seconds >= self.lease_seconds:
            raise ValueError(
                f"heartbeat_seconds {self.heartbeat_seconds:g} must be below lease_seconds "
                f"{self.lease_seconds:g}, or a living job loses its lease"
            )
        return self

    @property
    def jobs_at_once(self) -> int:
        """As `concurrency` says. Jobs beyond what GPUs may hold would wait for one here, while a worker on
        another machine may have one free.
        """
        held = self.jobs_per_gpu * (count_gpus() or 1) if self.queues == ("gpu",) else usable_cores()
        return self.concurrency or min(usable_cores(), held)

    @property
    def threads_per_job(self) -> int:
        """So many threads that all jobs together use the cores once."""
        return self.threads or max(1, usable_cores() // self.jobs_at_once)

    @property
    def broker_folder(self) -> Path:
        return self.data_dir / "broker"

    @property
    def work_folder(self) -> Path:
        """Where running jobs keep their files; what must outlive a machine goes to the artifact store."""
        return self.data_dir / "work"
