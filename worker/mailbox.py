"""kombu's filesystem transport with messages that appear and leave by rename.

kombu 5.7 opens a message under its final name before it writes it, and its exchange tables likewise; a
worker that looks in between reads an empty file and dies of a JSON error. It also moves what it reads
through the system's temporary folder, which on another disk is a copy, not a move.
"""

import json
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem

PATIENCE_SECONDS = 0.3


class Channel(filesystem.Channel):
    """Queues as folders' files; there are only direct queues, so no exchange tables are kept."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]
        for folder in (self.data_folder_in, self.data_folder_out, self.processed_folder):
            Path(folder).mkdir(parents=True, exist_ok=True)

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        draft = folder / f"{name}.draft"
        try:
            draft.write_text(json.dumps(payload), "utf-8")
            draft.rename(folder / name)
        except OSError as error:
            raise ChannelError(f"cannot add message {name} to {folder}: {error}") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002
        ending = f".{queue}.msg"
        folder = Path(self.data_folder_in)
        for name in sorted(entry for entry in os.listdir(folder) if entry.endswith(ending)):
            taken = Path(self.processed_folder) / name
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:  # another worker was quicker
                continue
            payload = json.loads(taken.read_text("utf-8"))
            taken.unlink()
            return payload
        raise Empty

    def _queue_bind(self, *_: Any) -> None:
        """Messages go to queues by name, through the default exchange."""

    def get_table(self, exchange: str) -> list[Any]:  # noqa: ARG002
        return []


class Transport(filesystem.Transport):
    """Chosen by `broker_transport` when the broker's URL is filesystem://."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        # Celery looks for its own shutdown between calls, and waits two seconds in each.
        patience = PATIENCE_SECONDS if timeout is None else min(timeout, PATIENCE_SECONDS)
        super().drain_events(connection, timeout=patience)  # type: ignore[no-untyped-call]
