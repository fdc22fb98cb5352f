"""Settings of the API's room: the stores' settings, the broker's address, and what requests may do."""

import re
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from db.settings import Address, DatabaseSettings

MEBIBYTE = 1024 * 1024
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")


def _require_origin(origin: str) -> str:
    if origin == "*":
        raise ValueError("may not be '*', which would let any page on the web call the service; name each")
    if not _ORIGIN.fullmatch(origin):
        raise ValueError("must be an origin without a path, in lower case, such as https://school.example")
    return origin


Origin = Annotated[str, AfterValidator(_require_origin)]
"""Scheme, host and perhaps port, as browsers send it."""


def _require_networks(text: str) -> str:
    """uvicorn takes whatever is no network for a name, and then believes nobody."""
    named = [part.strip() for part in text.split(",") if part.strip()]
    for part in named:
        try:
            ip_network(part)
        except ValueError as error:
            raise ValueError(
                f"may not hold {part!r} ({error}); name addresses or networks of proxies, comma-separated, "
                "such as 172.18.0.1,10.0.0.0/8"
            ) from None
    return ",".join(named)


Networks = Annotated[str, AfterValidator(_require_networks)]
"""Addresses and networks, comma-separated."""


class ApiSettings(DatabaseSettings):
    """Read from IKT_* variables."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8000, ge=0, le=65_535)
    """Port to listen on."""
    broker_url: Address = Field(default="filesystem://", repr=False)
    """Redis (redis://host:port/0), or filesystem:// for folders under broker/ in the data folder."""
    keys: Literal["on", "off"] | None = None
    """Whether requests need a key; unsaid they do, except with SQLite and folders on a loopback address."""
    trusted_proxies: Networks = "127.0.0.1"
    """Whose X-Forwarded-For and -Proto are believed: who asks, and whether over https. Empty: nobody's."""
    requests_per_minute: int = Field(default=60_000, ge=1)
    """What a key may ask for that has no limit of its own: more responses than a process can record."""
    refused_per_minute: int = Field(default=120, ge=1)
    """Most requests without a valid key from one address; those who guess keys get no further."""
    upload_limit_bytes: int = Field(default=2048 * MEBIBYTE, ge=1)
    """Longest dataset that one request may carry."""
    uploads_at_once: int = Field(default=4, ge=1)
    """Most uploads and evaluations at one time, all but one of one tenant; each may fill as much disk."""
    body_limit_bytes: int = Field(default=4 * MEBIBYTE, ge=1)
    """Longest body of any other request."""
    bulk_limit_events: int = Field(default=1_000_000, ge=1)
    """Most responses that one request of many students may carry."""
    bulk_limit_bytes: int = Field(default=512 * MEBIBYTE, ge=1)
    """Longest body of such a request."""
    bulk_stall_seconds: float = Field(default=30.0, gt=0)
    """Longest wait for the next mebibyte of such a body; others may wait for its transaction."""
    bulk_wait_seconds: float = Field(default=300.0, gt=0)
    """Longest wait for such a body in all."""
    bulk_at_once: int = Field(default=4, ge=1)
    """Most such requests at one time, all but one of one tenant; each holds a thread, and soon a connection
    to the database."""
    xapi_home_pages: tuple[str, ...] = ()
    """Home pages of the accounts whose names are ids of students; none: accounts of every home page are."""
    cors_origins: tuple[Origin, ...] = ()
    """Origins whose pages may call the API from a browser; none: only its own pages."""
    batch_size: int = Field(default=64, ge=1)
    """Most requests with responses that share one transaction; 1 gives each its own."""
    batch_delay_ms: float = Field(default=2.0, ge=0)
    """Longest wait for others to share it with."""
    cached_models: int = Field(default=4, ge=1)
    """Models that are kept in memory to answer for students and evaluations."""
    inference_cache_bytes: int = Field(default=256 * MEBIBYTE, ge=0)
    """What each of them may keep of students, so that one more response costs one step."""
    inference_threads: int = Field(default=1, ge=1)
    """Cores that one question to a model may use; several wait for each other more than they work."""
    mastery_cache_bytes: int = Field(default=64 * MEBIBYTE, ge=0)
    """Written answers about mastery that are kept to be given again."""
    trajectory_cache_bytes: int = Field(default=16 * MEBIBYTE, ge=0)
    """Steps of students that are kept, so that they are computed once for several pages."""
    audit: Literal["on", "off"] | None = None
    """Whether reads and writes are logged; unsaid they are where keys are needed."""
    erasure_poll_seconds: float = Field(default=5.0, gt=0)
    """How often a process looks whom others were told to erase, so that its memory forgets them too."""
    minimum_cohort: int = Field(default=10, ge=1)
    """Fewest students whose mean is told; a smaller group would show single ones."""
    freeze_heap: bool = False
    """Whether the process does nothing but serve, so that what is loaded stays; `ikt api` says so."""
    retry_after_seconds: int = Field(default=2, ge=1)
    """When to look again at a job that was just accepted."""
    event_poll_seconds: float = Field(default=0.5, gt=0)
    """How often a stream of events looks for news."""
    event_heartbeat_seconds: float = Field(default=15.0, gt=0)
    """How often a silent stream of events says that it is alive."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""

    @property
    def upload_wait_seconds(self) -> float:
        """Longest wait for a file in all: that for responses in bulk, as often as it may be longer."""
        return self.bulk_wait_seconds * max(1.0, self.upload_limit_bytes / self.bulk_limit_bytes)
