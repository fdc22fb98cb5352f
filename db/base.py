"""Base of every table, and the column types both databases share."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import isfinite
from numbers import Integral, Real
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    Enum,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine
from uuid_utils.compat import uuid7

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def utc_now() -> datetime:
    """The present, aware."""
    return datetime.now(UTC)


def to_microseconds(time: datetime) -> int:
    """Since 1970 in UTC."""
    return (time - _EPOCH) // _MICROSECOND


def from_microseconds(time: int) -> datetime:
    """The same, back."""
    return _EPOCH + time * _MICROSECOND


def new_id() -> UUID:
    """A UUIDv7: sorts by the time it was made."""
    return uuid7()


def finite(value: Any) -> Any:
    """The same value as JSON can carry it: NaN and infinities become None, numbers become Python's own."""
    # First what arrays of a student's state are made of: there are three numbers for each skill.
    if type(value) is float:
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if isfinite(value) else None
    return finite(value.tolist()) if hasattr(value, "tolist") else value


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in UTC on both sides; SQLite stores text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value.isoformat()} has no time zone; pass an aware datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """JSON that never holds NaN: JSONB on PostgreSQL, text on SQLite; None is SQL NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(JSON(none_as_null=True))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        return finite(value)


class Packed(TypeDecorator[NDArray[Any]]):
    """Numbers as bytes, little endian and without gaps; comes back as a read-only array of one dimension."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, dtype: DTypeLike) -> None:
        super().__init__()
        self.dtype = np.dtype(dtype).newbyteorder("<")

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        return None if value is None else np.ascontiguousarray(value, self.dtype).tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> NDArray[Any] | None:  # noqa: ARG002
        return None if value is None else np.frombuffer(value, self.dtype)


# SQLite numbers rows by itself only for INTEGER primary keys
BigKey = BigInteger().with_variant(Integer, "sqlite")


def status_type(states: type[StrEnum]) -> Enum:
    """Text limited to the values of `states` by a check constraint."""
    return Enum(
        states,
        name="status",
        native_enum=False,
        length=16,
        create_constraint=True,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012
        UUID: Uuid(),
        datetime: UtcDateTime(),
        dict[str, Any]: Json(),
        list[Any]: Json(),
        str: Text(),
        float: Double(),
    }
