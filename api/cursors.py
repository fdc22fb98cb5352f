"""Cursors: where a listing goes on, in letters that callers need not understand."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from db.errors import BadCursor


def encode_cursor(listing: str, place: str) -> str:
    """A cursor of that listing."""
    return urlsafe_b64encode(f"{listing}={place}".encode()).decode().rstrip("=")


def decode_cursor(listing: str, cursor: str) -> str:
    """The place that was encoded. Raises BadCursor when it is none of this listing."""
    try:
        found, _, place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("=")
    except ValueError as error:
        raise BadCursor(cursor) from error
    if found != listing:
        raise BadCursor(cursor)
    return place
