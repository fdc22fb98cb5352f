"""The application can be imported by anybody at no cost."""

import json
import subprocess
import sys
from pathlib import Path

from tests.worker.support import ROOT
from worker.celery_app import create_celery
from worker.settings import WorkerSettings

LOOK = """
import json, sys
import worker.tasks, worker.__main__
from worker.celery_app import app
heavy = [name for name in ("torch", "scipy", "ikt_model", "api") if name in sys.modules]
print(json.dumps({"heavy": heavy, "configured": app.configured}))
"""


def test_importing_reads_no_settings_and_no_torch(tmp_path: Path) -> None:
    refused = {"IKT_CONCURRENCY": "not a number", "PATH": "", "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=tmp_path, env=refused, capture_output=True, text=True, check=True
    )
    seen = json.loads(answer.stdout)
    assert seen["heavy"] == []
    assert seen["configured"] is False
    assert list(tmp_path.iterdir()) == []


def test_messages_are_acknowledged_after_the_job_and_hold_json_only(tmp_path: Path) -> None:
    conf = create_celery(lambda: WorkerSettings(data_dir=tmp_path)).conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.worker_max_tasks_per_child == 1
    assert conf.accept_content == ["json"]
    assert {queue.name for queue in conf.task_queues} == {"cpu", "gpu", "bulk"}


def test_redis_keeps_quiet_about_long_jobs(tmp_path: Path) -> None:
    settings = WorkerSettings(data_dir=tmp_path, broker_url="redis://127.0.0.1/0")
    assert create_celery(lambda: settings).conf.broker_transport_options["visibility_timeout"] >= 24 * 3600
