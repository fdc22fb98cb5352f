"""The fixtures themselves: fresh state, and no trace left behind."""

import pytest
import redis
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.engine import SessionFactory, session_scope
from db.models import Dataset
from db.settings import DatabaseSettings
from tests.builders import make_dataset
from tests.stacks import Services, Stack


def _count(session: Session) -> int:
    return session.scalars(select(func.count()).select_from(Dataset)).one()


class TestStack:
    def test_first_test_starts_empty(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            assert _count(session) == 0
            make_dataset(session)

    def test_next_test_starts_empty_too(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            assert _count(session) == 0
            make_dataset(session)

    def test_environment_gives_the_same_settings(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in stack.env().items():
            monkeypatch.setenv(name, value)
        assert DatabaseSettings() == stack.database_settings()

    def test_redis_databases_are_apart(self, services: Services) -> None:
        first, second = (redis.Redis.from_url(services.fresh_broker()) for _ in range(2))
        with first, second:
            first.set("key", "value")
            assert second.get("key") is None


class TestSession:
    def test_commit_is_seen_in_this_test(self, session: Session, session_factory: SessionFactory) -> None:
        assert _count(session) == 0
        make_dataset(session)
        session.commit()
        with session_factory() as other:
            assert _count(other) == 1

    def test_commit_is_gone_in_the_next_test(self, session: Session) -> None:
        assert _count(session) == 0
        make_dataset(session)
        session.commit()
        session.rollback()
        assert _count(session) == 1
