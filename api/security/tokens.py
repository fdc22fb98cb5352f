"""Keys as callers hold them: `ikt_<prefix>_<secret>`."""

import hashlib
import re
import secrets
import string
from dataclasses import dataclass, field
from typing import Self

PREFIX_LENGTH = 8
SECRET_BYTES = 32
_LETTERS = string.ascii_letters + string.digits
_FORM = re.compile(rf"ikt_([A-Za-z0-9]{{{PREFIX_LENGTH}}})_[A-Za-z0-9_-]{{43}}")


def successor_prefix(digest: str) -> str:
    """The prefix of the key that follows the one with that digest: by it the only one can be found."""
    mixed = hashlib.sha256(f"successor of {digest}".encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in mixed[:PREFIX_LENGTH])


@dataclass(frozen=True, slots=True)
class Token:
    """A whole key; what is shown of it is its prefix."""

    text: str = field(repr=False)
    prefix: str
    digest: str
    """What is stored: SHA-256. The secret is 256 random bits; a slow hash would guard nothing more."""

    @classmethod
    def make(cls, prefix: str | None = None) -> Self:
        """A new one, which nobody can guess; its prefix is no part of the secret and may be given."""
        prefix = prefix or "".join(secrets.choice(_LETTERS) for _ in range(PREFIX_LENGTH))
        return cls._of(f"ikt_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}", prefix)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What a caller sent; None when no key looks like that."""
        found = _FORM.fullmatch(text)
        return cls._of(text, found[1]) if found else None

    @classmethod
    def _of(cls, text: str, prefix: str) -> Self:
        return cls(text, prefix, hashlib.sha256(text.encode()).hexdigest())
