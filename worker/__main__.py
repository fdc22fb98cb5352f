"""`python -m worker`: a worker as the IKT_* variables describe it."""

import os

from db.folders import make_private
from worker.celery_app import app
from worker.settings import WorkerSettings


def main() -> None:
    settings = WorkerSettings()
    make_private(settings.data_dir)
    app.worker_main(
        [
            "--quiet",
            "worker",
            f"--queues={','.join(settings.queues)}",
            f"--hostname=ikt-{os.getpid()}@%h",
            f"--loglevel={settings.log_level}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )


if __name__ == "__main__":
    main()
