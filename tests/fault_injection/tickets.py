"""A worker whose processes end where tickets say so, and the tickets (`armed_worker.py` reads them)."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fault_injection.armed_worker import FOLDER_VARIABLE
from tests.running import System, Worker, wait_for


@dataclass(frozen=True, slots=True)
class ArmedWorker:
    """The worker, and the folder in which it looks for tickets."""

    worker: Worker
    folder: Path

    def write_ticket(self, job: object, site: str, passes: int = 0, *, main: bool) -> Path:
        """Let the job's process, or the main one, end at a site that was passed so often before."""
        # A worker never sees a half-written ticket.
        draft = self.folder / "draft"
        draft.write_text(json.dumps({"site": site, "passes": passes, "main": main}))
        return draft.rename(self.folder / str(job))

    def wait_until_killed(self, ticket: Path) -> None:
        """Raises TimeoutError; a worker whose main process was killed is started again."""
        wait_for(lambda: not ticket.exists(), seconds=60, what=f"killed: {ticket.name}")
        if json.loads(ticket.with_suffix(".used").read_text())["main"]:
            self.worker.kill_all()
            self.worker.start()


def arm_worker(system: System, folder: Path) -> ArmedWorker:
    """Start a worker that looks for tickets in `folder`."""
    folder.mkdir()
    worker = Worker(len(system.workers), system.environment | {FOLDER_VARIABLE: str(folder)}, system.folder)
    worker.command = [sys.executable, "-m", "tests.fault_injection.armed_worker"]
    system.workers.append(worker)
    return ArmedWorker(worker.start().wait_until_ready(), folder)
