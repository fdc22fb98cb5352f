"""What deletion leaves behind in a database's own files."""

import logging
import sqlite3

from sqlalchemy import Engine

logger = logging.getLogger(__name__)

WAIT_MILLISECONDS = 2000


def wipe(engine: Engine) -> None:
    """Overwrite what was deleted, as far as one may while others work: SQLite's log of earlier pages.

    PostgreSQL's rows go with its next vacuum, which it starts by itself.
    """
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {WAIT_MILLISECONDS}")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        # Somebody reads on; the next erasure, or the last connection that closes, does it.
        logger.info("the log is kept for now: reason=%s", error)
    finally:
        connection.close()
