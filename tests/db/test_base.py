"""Values as the database can carry them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.base import finite, from_microseconds, new_id, to_microseconds
from db.models import Experiment
from db.settings import DatabaseSettings
from tests.builders import make_experiment

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class TestFinite:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (nan, None),
            (inf, None),
            (-inf, None),
            (0.5, 0.5),
            (True, True),
            (np.float32(0.5), 0.5),
            (np.float64(nan), None),
            (np.int64(3), 3),
            (np.array([1.0, nan]), [1.0, None]),
            ((1, nan), [1, None]),
            ({1: {"a": [nan]}}, {"1": {"a": [None]}}),
        ],
    )
    def test_gives_what_json_can_carry(self, value: Any, expected: Any) -> None:
        assert finite(value) == expected

    @given(anything)
    def test_result_is_strict_json(self, value: Any) -> None:
        text = json.dumps(finite(value), allow_nan=False)
        assert json.loads(text) == finite(value)

    @given(anything)
    def test_second_pass_changes_nothing(self, value: Any) -> None:
        assert finite(finite(value)) == finite(value)


class TestMicroseconds:
    @given(st.datetimes(timezones=st.just(UTC)))
    def test_every_time_comes_back(self, time: datetime) -> None:
        assert from_microseconds(to_microseconds(time)) == time

    def test_they_count_from_1970_in_utc(self) -> None:
        east = timezone(timedelta(hours=3))
        assert to_microseconds(datetime(1970, 1, 1, 3, 0, 1, 5, tzinfo=east)) == 1_000_005


class TestColumns:
    def test_times_come_back_in_utc(self, session: Session) -> None:
        east = datetime(2026, 3, 2, 1, 30, tzinfo=timezone(timedelta(hours=3)))
        made = make_experiment(session, started_at=east)
        session.expire_all()
        assert made.started_at == east
        assert made.started_at is not None
        assert made.started_at.tzinfo is UTC

    def test_absent_json_is_null_in_the_database(self, session: Session) -> None:
        made = make_experiment(session, metrics=None)
        statement = text("SELECT count(*) FROM experiments WHERE metrics IS NULL")
        assert session.execute(statement).scalar_one() == 1
        session.expire_all()
        assert session.get_one(Experiment, made.id).metrics is None

    def test_identifiers_sort_by_age(self) -> None:
        made = [new_id() for _ in range(100)]
        assert sorted(made) == made


class TestSettings:
    def test_everything_lies_in_the_data_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        settings = DatabaseSettings()
        assert settings.data_dir == tmp_path / ".ikt"
        assert settings.database_url == f"sqlite:///{tmp_path}/.ikt/ikt.db"
        assert settings.artifacts_url == str(tmp_path / ".ikt" / "artifacts")

    def test_environment_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("IKT_DATA_DIR", "/srv/ikt")
        monkeypatch.setenv("IKT_ARTIFACTS_URL", "s3://bucket/ikt")
        settings = DatabaseSettings()
        assert settings.database_url == "sqlite:////srv/ikt/ikt.db"
        assert settings.artifacts_url == "s3://bucket/ikt"
