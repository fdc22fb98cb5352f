"""What deletion leaves behind in a database's own files."""

import logging
import sqlite3

from sqlalchemy import Engine

logger = logging.getLogger(__name__)

WAIT_MILLISECONDS = 2000


def wipe(engine: Engine) -> bool:
    """Overwrite what was deleted, as far as one may while others work: SQLite's log of earlier pages.

    Whether nothing of it is left to do. PostgreSQL's rows go with its next vacuum, which it starts by itself.
    """
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {WAIT_MILLISECONDS}")
        is_busy: int = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not is_busy
    except sqlite3.Error as error:
        logger.info("the log is kept for now: reason=%s", error)
        return False
    finally:
        connection.close()
