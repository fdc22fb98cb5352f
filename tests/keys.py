"""The key that tests show where one is needed: known to every migrated stack, and to nothing else."""

from sqlalchemy import Engine

from api.principal import SCOPES
from api.security.tokens import Token
from db.engine import create_session_factory, session_scope
from db.models import DEFAULT_TENANT
from db.repositories import keys
from db.tenancy import EVERY_TENANT

TEXT = f"ikt_{'t' * 8}_{'0' * 43}"
PLENTY = 2**31 - 1
"""Requests per minute: no test and no benchmark gets there."""
HEADERS = {"Authorization": f"Bearer {TEXT}"}


def put_key(engine: Engine) -> None:
    """Let that key do everything in the default tenant, in a database that was just made."""
    token = Token.read(TEXT)
    assert token is not None
    with session_scope(create_session_factory(engine), tenant=EVERY_TENANT) as session:
        keys.add_key(
            session,
            tenant_pk=DEFAULT_TENANT,
            name="tests",
            prefix=token.prefix,
            secret_hash=token.digest,
            scopes=SCOPES,
            requests_per_minute=PLENTY,
        )
