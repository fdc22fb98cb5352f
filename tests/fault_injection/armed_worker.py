"""`python -m worker` whose jobs kill themselves where a ticket says so, once.

A ticket is a file named by the job's id: the name of a site in the code, how often that is passed before,
and whether the job's process ends there by kill -9, or the worker's main process.
"""

import json
import os
import signal
import time
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from celery import signals

from tests.fault_injection.clocks import CLOCK_VARIABLE, shift_clock

FOLDER_VARIABLE = "IKT_TEST_TICKETS"
CHUNK_VARIABLE = "IKT_TEST_CHUNK"


class Tickets:
    """The killings that are due in this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._passed: dict[str, int] = {}

    def pass_by(self, site: str, job_id: object) -> None:
        """End here if a ticket says so."""
        path = self._folder / str(job_id)
        if not path.exists():
            return
        ticket = json.loads(path.read_text())
        if ticket["site"] != site:
            return
        passed = self._passed.get(site, 0)
        self._passed[site] = passed + 1
        if passed == ticket["passes"]:
            path.rename(path.with_suffix(".used"))
            os.kill(os.getppid() if ticket["main"] else os.getpid(), signal.SIGKILL)
            time.sleep(60)  # until the parent's death arrives here


def _job_of(key: str) -> str:
    return key.split("/")[1] if key.startswith("experiments/") else ""


def arm(**_: Any) -> None:
    """Job's process: put the sites into the functions that it is about to call; without them nothing runs."""
    try:
        _arm()
    except Exception:
        traceback.print_exc()
        os.killpg(0, signal.SIGKILL)


def _arm() -> None:
    import ikt_model.checkpoint
    import ikt_model.training
    from db.artifacts import ArtifactStore
    from db.repositories import contents, erasures, models, runs, scoring, states
    from worker import fitting, promotion, training

    tickets = Tickets(Path(os.environ.get(FOLDER_VARIABLE, "no tickets")))
    now: dict[str, object] = {"id": None}  # the one job of this process

    def site(place: Any, name: str, *, before: str = "", after: str = "") -> None:
        function: Callable[..., Any] = getattr(place, name)

        @wraps(function)
        def passing(*arguments: Any, **named: Any) -> Any:
            if before:
                tickets.pass_by(before, now["id"])
            result = function(*arguments, **named)
            if after:
                tickets.pass_by(after, now["id"])
            return result

        setattr(place, name, passing)

    def names_job(place: Any, name: str) -> None:
        function: Callable[..., Any] = getattr(place, name)

        @wraps(function)
        def naming(job_id: Any, **named: Any) -> Any:
            now["id"] = job_id
            return function(job_id, **named)

        setattr(place, name, naming)

    import worker.chunks
    import worker.erasing
    import worker.erasure
    import worker.tasks

    if CHUNK_VARIABLE in os.environ:
        worker.chunks.MOST_STUDENTS = int(os.environ[CHUNK_VARIABLE])
    names_job(worker.tasks, "run_experiment")
    names_job(worker.tasks, "promote")
    site(runs, "claim", after="claim")
    site(training, "_heartbeat", before="claimed")
    site(fitting, "read_dataset", before="data")
    site(fitting, "find_or_fit_calibration", after="calibrated")
    site(fitting, "_restore_checkpoint", after="restored")
    site(ikt_model.checkpoint, "_write_tensors", after="checkpoint written")
    site(ikt_model.training, "save_checkpoint", after="checkpoint renamed")
    site(runs, "record_epoch", after="epoch before commit")
    site(fitting, "should_prune", before="epoch after commit")
    site(ArtifactStore, "put_folder", before="folder begun", after="folder stored")
    site(ArtifactStore, "_write_manifest", before="files stored", after="manifest stored")
    site(ArtifactStore, "put_file", before="file begun", after="file stored")
    site(ArtifactStore, "_rename", before="before rename", after="after rename")
    site(fitting, "write_report", before="report")
    site(runs, "finish", before="before finish", after="finish before commit")
    site(ArtifactStore, "delete", before="finished", after="checkpoint deleted")
    site(states, "upsert_states", after="states before commit")
    site(models, "note_scored_through", after="walk before commit")
    site(promotion, "_flip", before="before flip")
    site(models, "flip", after="flip before commit")
    # Scoring has no id of its own.
    claim = scoring.claim_scoring

    def naming_scoring(*arguments: Any, **named: Any) -> Any:
        now["id"] = "scoring"
        return claim(*arguments, **named)

    scoring.claim_scoring = naming_scoring
    # Neither has erasing.
    claim_tenant = erasures.claim_tenant

    def naming_erasing(*arguments: Any, **named: Any) -> Any:
        now["id"] = "erasing"
        return claim_tenant(*arguments, **named)

    erasures.claim_tenant = naming_erasing
    site(erasures, "list_held", before="erasure claimed")
    site(worker.erasing, "clear_dataset", before="dataset begun", after="content cleared")
    site(contents, "replace_content", before="content before", after="content before commit")
    site(worker.erasing, "clear_experiments", before="predictions begun", after="experiments cleared")
    site(worker.erasing, "write_predictions_without", after="predictions written")
    site(worker.erasing, "clear_orphans", after="orphans cleared")
    site(erasures, "finish", before="erased before", after="erased before commit")
    site(worker.erasure, "Leftovers", before="erased")
    site(states, "clear_due", before="marks before", after="marks before commit")


if __name__ == "__main__":
    if CLOCK_VARIABLE in os.environ:
        shift_clock()
    signals.worker_process_init.connect(arm)
    from worker.__main__ import main

    main()
