"""The Celery application: free of torch, and configured only when it is first used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from celery import Celery
from kombu.entity import Queue

from worker.settings import QueueName, WorkerSettings

# A message older than this is delivered again by Redis. Nothing depends on it: a repeated message finds its
# row claimed and returns.
VISIBILITY_TIMEOUT_SECONDS = 7 * 24 * 3600
POLLING_SECONDS = 0.2
LOG_FORMAT = "time=%(asctime)s level=%(levelname)s process=%(processName)s logger=%(name)s %(message)s"


def create_celery(read_settings: Callable[[], WorkerSettings] = WorkerSettings) -> Celery:
    """An application whose settings are read when its configuration is first needed."""
    celery = Celery("ikt", include=["worker.tasks", "worker.processes"])
    celery.add_defaults(lambda: configuration(read_settings()))
    return celery


def configuration(settings: WorkerSettings) -> dict[str, Any]:
    """Celery's settings for workers and senders alike."""
    return {
        **_broker(settings),
        "task_queues": [Queue(name) for name in get_args(QueueName)],  # type: ignore[no-untyped-call]
        "task_default_queue": "cpu",
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "broker_connection_retry_on_startup": True,
        # A worker that gave up would leave the queue to nobody when the broker comes back.
        "broker_connection_max_retries": None,
        "worker_prefetch_multiplier": 1,
        "worker_concurrency": settings.jobs_at_once,
        # One process per job: a job's memory, threads and CUDA context end with it.
        "worker_max_tasks_per_child": 1,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_redirect_stdouts": False,
        "worker_log_format": LOG_FORMAT,
        "worker_task_log_format": LOG_FORMAT,
    }


def _broker(settings: WorkerSettings) -> dict[str, Any]:
    scheme = settings.broker_url.partition(":")[0]
    if scheme == "filesystem":
        return _folders(settings.broker_folder)
    broker: dict[str, Any] = {
        "broker_url": settings.broker_url,
        "broker_transport_options": {"visibility_timeout": VISIBILITY_TIMEOUT_SECONDS},
    }
    if scheme in ("redis", "rediss"):
        broker["broker_transport"] = "worker.transports:RedisTransport"
    return broker


def _folders(home: Path) -> dict[str, Any]:
    options: dict[str, Any] = {
        "data_folder_in": str(home / "messages"),
        "data_folder_out": str(home / "messages"),
        "processed_folder": str(home / "taken"),
        "polling_interval": POLLING_SECONDS,
    }
    return {
        "broker_url": "filesystem://localhost",
        "broker_transport": "worker.transports:FolderTransport",
        "broker_transport_options": options,
    }


app = create_celery()
