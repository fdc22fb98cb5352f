"""Pages that stay put while rows are added: the cursor names the last row seen, not a number of rows."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.errors import BadCursor

Row = TypeVar("Row")
Key = TypeVar("Key", UUID, int)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and where to go on; no cursor on the last page."""

    items: list[Row]
    next_cursor: str | None


def read_page(
    session: Session,
    statement: Select[Row],
    *,
    key: InstrumentedAttribute[Key],
    parse: Callable[[str], Key],
    cursor: str | None,
    limit: int,
    newest_first: bool = True,
) -> Page[Row]:
    """The rows after `cursor`, ordered by `key`, which must be unique."""
    listing = str(key)
    if cursor is not None:
        seen = _decode(cursor, listing=listing, parse=parse)
        statement = statement.where(key < seen if newest_first else key > seen)
    ordered = statement.order_by(key.desc() if newest_first else key.asc())
    rows = list(session.scalars(ordered.limit(limit + 1)))
    items, more = rows[:limit], len(rows) > limit
    return Page(items, _encode(listing, getattr(items[-1], key.key)) if more else None)


def parse_key(text: str) -> int:
    """A primary key that the database may have made. Raises ValueError."""
    key = int(text)
    if not 0 <= key < 2**63:
        raise ValueError(f"key {key} is not one the database could have made")
    return key


def _encode(listing: str, key: Any) -> str:
    return urlsafe_b64encode(f"{listing}={key}".encode()).decode().rstrip("=")


def _decode(cursor: str, *, listing: str, parse: Callable[[str], Key]) -> Key:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        name, _, key = text.partition("=")
        if name != listing:
            raise BadCursor(cursor)
        return parse(key)
    except ValueError as error:
        raise BadCursor(cursor) from error
