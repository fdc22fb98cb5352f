"""Where rows and files live."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_database_url(values: dict[str, Any]) -> str:
    return f"sqlite:///{values['data_dir'] / 'ikt.db'}"


def _default_artifacts_url(values: dict[str, Any]) -> str:
    return str(values["data_dir"] / "artifacts")


def _require_readable(url: str) -> str:
    """Whoever meets an unreadable address shows the part of it that was taken for a port: the password."""
    try:
        parts = urlsplit(url)
        is_readable = "@" not in url or parts.port is not None or bool(parts.hostname)
    except ValueError:
        is_readable = False
    if "://" in url and not is_readable:
        raise ValueError("is no readable address; in a password, write / @ : # ? and % as %2F, %40 and so on")
    return url


Address = Annotated[str, AfterValidator(_require_readable)]
"""A URL that may hold a password: no message and no representation of settings shows it."""


class DatabaseSettings(BaseSettings):
    """Read from IKT_DATA_DIR, IKT_DATABASE_URL, IKT_ARTIFACTS_URL and IKT_AUDIT_DAYS."""

    model_config = SettingsConfigDict(
        env_prefix="IKT_", extra="ignore", frozen=True, validate_default=True, hide_input_in_errors=True
    )

    data_dir: Path = Path(".ikt")
    """Home of everything that is kept on this machine; made absolute."""
    database_url: str = Field(default_factory=_default_database_url, repr=False)
    """SQLAlchemy URL: a SQLite file, or PostgreSQL."""
    artifacts_url: Address = Field(default_factory=_default_artifacts_url, repr=False)
    """A local folder or any fsspec URL."""
    audit_days: int = Field(default=365, ge=1)
    """How long entries of the audit log are kept."""

    @property
    def database_variable(self) -> str:
        """What to change to have another database: its URL, or the data folder where none is set."""
        return "IKT_DATABASE_URL" if "database_url" in self.model_fields_set else self._data_variable

    @property
    def artifacts_variable(self) -> str:
        """What to change to have another place for files."""
        return "IKT_ARTIFACTS_URL" if "artifacts_url" in self.model_fields_set else self._data_variable

    @property
    def _data_variable(self) -> str:
        return f"IKT_DATA_DIR (it is {self.data_dir})"

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()
