"""Whether the things that the service stands on answer."""

import logging
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from sqlalchemy import Engine

from api.doorbell import Doorbell
from api.schemas.system import Part
from db.artifacts import ArtifactStore
from db.base import new_id
from db.engine import is_up_to_date

logger = logging.getLogger(__name__)


class SchemaOutdated(Exception):
    """The database has another schema than this code."""

    def __init__(self) -> None:
        super().__init__("the schema is not the one of this version; run: ikt db upgrade")


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
