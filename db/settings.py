"""Where rows and files live."""

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_database_url(values: dict[str, Any]) -> str:
    return f"sqlite:///{values['data_dir'] / 'ikt.db'}"


def _default_artifacts_url(values: dict[str, Any]) -> str:
    return str(values["data_dir"] / "artifacts")


class DatabaseSettings(BaseSettings):
    """Read from IKT_DATA_DIR, IKT_DATABASE_URL, IKT_ARTIFACTS_URL and IKT_AUDIT_DAYS."""

    model_config = SettingsConfigDict(env_prefix="IKT_", extra="ignore", frozen=True, validate_default=True)

    data_dir: Path = Path(".ikt")
    """Home of everything that is kept on this machine; made absolute."""
    database_url: str = Field(default_factory=_default_database_url)
    """SQLAlchemy URL: a SQLite file, or PostgreSQL."""
    artifacts_url: str = Field(default_factory=_default_artifacts_url)
    """A local folder or any fsspec URL."""
    audit_days: int = Field(default=365, ge=1)
    """How long entries of the audit log are kept."""

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()
