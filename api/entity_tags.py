"""Entity tags and the conditions that name them (RFC 9110, 8.8.3 and 13.1.2)."""

import re
from collections.abc import Iterable
from hashlib import blake2b

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def entity_tag(version: str) -> str:
    """A strong tag for content that this text determines."""
    return f'"{blake2b(version.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()}"'


def is_known(tag: str, if_none_match: Iterable[str]) -> bool:
    """Whether the values of If-None-Match name this tag, by weak comparison; `*` names any."""
    return any(value in (tag, "*") or tag in _TAG.findall(value) for value in if_none_match)
