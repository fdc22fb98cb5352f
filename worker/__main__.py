"""`python -m worker`: a worker as the IKT_* variables describe it."""

import os
import sys

from pydantic import ValidationError
from pydantic_settings import SettingsError

from db.folders import make_private
from db.wrong_settings import explain
from worker.celery_app import app
from worker.settings import WorkerSettings

WRONG_SETTING = 2


def main() -> None:
    try:
        settings = WorkerSettings()
    except (ValidationError, SettingsError) as error:
        for line in explain(error, WorkerSettings):
            print(f"a setting is wrong: {line}", file=sys.stderr)  # noqa: T201 - logs are not set up yet
        raise SystemExit(WRONG_SETTING) from None
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
