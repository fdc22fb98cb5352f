"""kombu's transports, fitted to few and long jobs in processes of their own.

Celery drives both without an event loop: its event-driven pool leaves a message lying for seconds whenever a
process has just ended, and with one process per job that is always.
"""

import json
import logging
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from celery.worker import state
from kombu.exceptions import ChannelError
from kombu.transport import filesystem, redis, virtual

from db.folders import make_private
from worker.logs import event

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.5


class _Prompt(virtual.Transport):
    """Ends a worker's wait for messages soon after it was asked to stop."""

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:  # type: ignore[override]
        # Celery looks at its flags between waits only, and waits once more after it has seen one.
        if state.should_stop is not None or state.should_terminate is not None:
            raise TimeoutError
        patience = PATIENCE_SECONDS if timeout is None else min(timeout, PATIENCE_SECONDS)
        super().drain_events(connection, timeout=patience)  # type: ignore[no-untyped-call]

    def _deliver(self, message: Any, queue: str) -> None:
        # One that kombu can't unpack would end the worker, again and again where it is delivered anew.
        if _is_message(message):
            super()._deliver(message, queue)  # type: ignore[no-untyped-call]
        else:
            logger.error(event("message_dropped", queue=queue, reason="it is no message"))


def _is_message(message: Any) -> bool:
    properties = message.get("properties") if isinstance(message, dict) else None
    return (
        isinstance(properties, dict)
        and "body" in message
        and isinstance(properties.get("delivery_tag"), str)
        and isinstance(properties.get("delivery_info"), dict)
    )


class FolderChannel(filesystem.Channel):
    """Direct queues in one folder; messages appear and leave by rename.

    kombu 5.7 opens a message under its final name before it writes it, and its exchange tables likewise: a
    worker that looks in between reads an empty file and dies of a JSON error. It also moves what it reads
    through the system's temporary folder, which on another disk is a copy, not a move.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]
        for folder in (self.data_folder_in, self.data_folder_out, self.processed_folder):
            make_private(Path(folder))

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
            content = taken.read_bytes()
            taken.unlink()
            try:
                return json.loads(content)
            except ValueError as error:
                logger.error(event("message_dropped", queue=queue, reason=error))
        raise Empty

    def _queue_bind(self, *_: Any) -> None:
        """Messages go to queues by name, through the default exchange."""

    def get_table(self, exchange: str) -> list[Any]:  # noqa: ARG002
        return []


class FolderTransport(_Prompt, filesystem.Transport):
    """For filesystem:// addresses."""

    Channel = FolderChannel


class _HonestQoS(redis.QoS):
    """Counts a message as done also when the server cannot be told.

    kombu 5.7 goes on counting it. One that is never told fills the worker's only place: it would ask for no
    message any more, and so never find out that its connection is gone.
    """

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]
        except Exception:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]
        except Exception:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            raise


class RedisChannel(redis.Channel):
    """Queues in Redis."""

    QoS = _HonestQoS

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        except ValueError as error:
            logger.error(event("message_dropped", reason=error))
            raise Empty from error
        except AttributeError as error:
            # A job that ends meanwhile makes room in between: kombu then reads what it has just closed, which
            # Celery takes for a mistake in the program, and ends.
            if self.client.connection.is_connected:
                raise
            raise ConnectionError("the connection to Redis was closed meanwhile") from error


class RedisTransport(_Prompt, redis.Transport):
    """For redis:// and rediss:// addresses."""

    Channel = RedisChannel
    implements = redis.Transport.implements.extend(asynchronous=False)
