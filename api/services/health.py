"""Whether the things that the service stands on answer."""

import logging
from asyncio import Lock
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import monotonic

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy import Engine

from api.doorbell import Doorbell
from api.schemas.system import Part
from db.artifacts import ArtifactStore
from db.base import new_id
from db.engine import is_up_to_date

KEPT_SECONDS = 1.0

logger = logging.getLogger(__name__)


class SchemaOutdated(Exception):
    """The database has another schema than this code."""

    def __init__(self) -> None:
        super().__init__("the schema is not the one of this version; run: ikt db upgrade")


class Readiness:
    """What was found a moment ago, for whoever asks: anybody may, and each look costs connections and a file.

    One look is under way at a time, in a thread of its own; those who ask meanwhile wait for what it finds.
    """

    def __init__(self, look: Callable[[], list[Part]], *, kept_seconds: float = KEPT_SECONDS) -> None:
        self._look = look
        self._kept_seconds = kept_seconds
        self._looking = Lock()
        self._thread = CapacityLimiter(1)
        self._found: list[Part] = []
        self._until = 0.0

    async def tell(self) -> list[Part]:
        """Each part by its name, and what is wrong with it."""
        async with self._looking:
            if monotonic() >= self._until:
                self._found = await run_sync(self._look, limiter=self._thread)
                self._until = monotonic() + self._kept_seconds
            return self._found


def check_parts(engine: Engine, doorbell: Doorbell, store: ArtifactStore) -> list[Part]:
    """Each part by its name, and what is wrong with it."""
    return [
        _check("database", lambda: _check_database(engine)),
        _check("broker", doorbell.check),
        _check("artifacts", lambda: _check_artifacts(store)),
    ]


def _check_database(engine: Engine) -> None:
    if not is_up_to_date(engine):
        raise SchemaOutdated


def _check_artifacts(store: ArtifactStore) -> None:
    # A store that can be read but not written would lose the next model.
    key = f"probes/{new_id()}"
    with NamedTemporaryFile() as file:
        store.put_file(Path(file.name), key)
    store.delete(key)


def _check(name: str, probe: Callable[[], object]) -> Part:
    try:
        probe()
    except SchemaOutdated as outdated:
        return Part(name=name, ok=False, detail=str(outdated))
    except Exception as error:
        # Addresses and passwords stay in the log.
        logger.warning("not ready: part=%s", name, exc_info=error)
        return Part(name=name, ok=False, detail=f"it does not answer ({type(error).__name__})")
    return Part(name=name, ok=True)
