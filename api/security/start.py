"""Whether the service may do without keys, decided before anybody is answered."""

import logging

from sqlalchemy import make_url

from api.security.places import is_loopback
from api.settings import ApiSettings
from db.engine import SessionFactory, read_scope
from db.repositories import keys
from db.tenancy import EVERY_TENANT

logger = logging.getLogger(__name__)

OFF = (
    "keys are off: whoever uses this machine may read and change everything; IKT_KEYS=on asks for keys, "
    "`ikt key create` makes them"
)
NO_KEY_YET = "no key exists yet; make the first with `ikt key create --name first --scopes admin`"


class KeysOffRefused(ValueError):
    """Keys were switched off where others could reach the service."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"IKT_KEYS=off is refused: {reason}; keys may be off only with SQLite, the filesystem broker and "
            "an address like 127.0.0.1, so leave IKT_KEYS out and make a key with `ikt key create`"
        )


def keys_required(settings: ApiSettings) -> bool:
    """Whether requests need a key. Raises KeysOffRefused."""
    if settings.keys == "on":
        return True
    reason = _reason_for_keys(settings)
    if settings.keys == "off" and reason:
        raise KeysOffRefused(reason)
    return reason is not None


def _reason_for_keys(settings: ApiSettings) -> str | None:
    database = make_url(settings.database_url).get_backend_name()
    if database != "sqlite":
        return f"the database is {database}"
    if not settings.broker_url.startswith("filesystem:"):
        return "the broker is no folder"
    if not is_loopback(settings.host):
        return f"others can reach the address {settings.host}"
    return None


def tell_about_keys(sessions: SessionFactory, needs_keys: bool) -> None:
    """Warn of what is open to all, or closed to everybody."""
    if not needs_keys:
        logger.warning(OFF)
        return
    try:
        with read_scope(sessions, tenant=EVERY_TENANT) as session:
            if not keys.has_keys(session):
                logger.warning(NO_KEY_YET)
    except Exception:
        logger.warning("whether there are keys is not known yet", exc_info=True)
