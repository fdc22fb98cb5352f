"""Who read and wrote what: noted as requests are answered, written by a thread once a second.

A request pays for an append to a list. What was noted in a process that is killed within that second is lost;
erasures and retention, which no log may miss, add their entries in their own transactions.
"""

import logging
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Event, Thread
from time import time
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.paths import restore_slashes
from api.principal import PLACE, Principal
from db.engine import SessionFactory, session_scope
from db.repositories import audit
from db.repositories.audit import Deed
from ikt_model.data.columns import LONGEST_NAME

logger = logging.getLogger(__name__)

WRITE_SECONDS = 1.0
MOST_WAITING = 100_000
"""Entries that wait for a database that is away; more are lost, and counted in the log."""
SELF_RECORDED = frozenset({"delete_student", "request_erasure", "apply_retention"})
"""Operations whose successes have their entries already."""
FAILED = 400
LONGEST_PATH = 2 * LONGEST_NAME + 200
"""No longer one names anybody who exists."""


class _Noted(NamedTuple):
    """A request as it was noted; what it means is worked out when it is written."""

    at: float  # seconds since 1970
    principal: Principal
    operation: str
    method: str
    status: int
    parameters: Mapping[str, str]


class AuditTrail:
    """What was done and is not written yet."""

    def __init__(self, sessions: SessionFactory, *, most_waiting: int = MOST_WAITING) -> None:
        self._sessions = sessions
        self._most_waiting = most_waiting
        self._waiting: deque[_Noted] = deque()
        self._n_lost = 0
        self._ended = Event()
        self._thread = Thread(target=self._run, name="audit", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Write what is left."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def note(self, scope: Scope, status: int) -> None:
        """Remember an answer, unless nothing was asked that a key is needed for."""
        operation = getattr(scope.get("route"), "audited_as", None)
        principal = scope.get(PLACE)
        if operation is None or principal is None or (status < FAILED and operation in SELF_RECORDED):
            return
        if len(self._waiting) >= self._most_waiting:
            self._n_lost += 1
            return
        parameters = scope["path_params"] if len(scope["path"]) <= LONGEST_PATH else {}
        noted = _Noted(time(), principal, operation, scope["method"], status, parameters)
        self._waiting.append(noted)

    def write(self) -> None:
        """Write what was noted so far. Raises SQLAlchemyError; what is not written waits on."""
        if self._n_lost:
            logger.error("audit entries were lost: entries=%d", self._n_lost)
            self._n_lost = 0
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), audit.ROWS_AT_ONCE))]
        by_tenant: defaultdict[int, list[_Noted]] = defaultdict(list)
        for noted in taken:
            by_tenant[noted.principal.tenant_pk].append(noted)
        while by_tenant:
            tenant, batch = by_tenant.popitem()
            try:
                with session_scope(self._sessions, tenant=tenant) as session:
                    audit.write(session, [_deed(noted) for noted in batch])
            except SQLAlchemyError:
                self._waiting.extendleft(reversed(batch))
                for rest in by_tenant.values():
                    self._waiting.extendleft(reversed(rest))
                raise

    def _run(self) -> None:
        while not self._ended.wait(WRITE_SECONDS):
            self._try_to_write()
        self._try_to_write()

    def _try_to_write(self) -> None:
        try:
            while True:
                self.write()
                if len(self._waiting) < audit.ROWS_AT_ONCE:
                    return
        except SQLAlchemyError as error:
            logger.warning(
                "audit entries wait: entries=%d reason=%s", len(self._waiting), type(error).__name__
            )
        except Exception:
            logger.exception("audit entries could not be written")


class Audited:
    """ASGI middleware that notes every answer as it begins."""

    def __init__(self, app: ASGIApp, *, trail: AuditTrail) -> None:
        self.app = app
        self.note = trail.note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_noted = False

        async def send_noting(message: Message) -> None:
            nonlocal is_noted
            if not is_noted and message["type"] == "http.response.start":
                is_noted = True
                self.note(scope, message["status"])
            await send(message)

        try:
            await self.app(scope, receive, send_noting)
        except Exception:
            if not is_noted:  # answered further out
                self.note(scope, 500)
            raise


def _deed(noted: _Noted) -> Deed:
    parameters = dict(noted.parameters)
    student_id = restore_slashes(str(parameters.pop("student_id", "")))
    return Deed(
        at=datetime.fromtimestamp(noted.at, UTC),
        key_id=noted.principal.key_id,
        operation=noted.operation,
        method=noted.method,
        status=noted.status,
        student_id=student_id if 0 < len(student_id) <= LONGEST_NAME and student_id.isprintable() else None,
        resource=next((found for value in parameters.values() if (found := _uuid(value))), None),
    )


def _uuid(text: str) -> UUID | None:
    """Names that callers choose are not for the log."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
