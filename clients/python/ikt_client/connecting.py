"""Where the service is, and with which key it is asked."""

import os
from typing import Any

import httpx

from ikt_client.client import AuthenticatedClient

HERE = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 60.0


def connect(
    url: str | None = None, key: str | None = None, *, timeout: float = TIMEOUT_SECONDS, **httpx_args: Any
) -> AuthenticatedClient:
    """A client of the service at `url`, else at IKT_URL, else on this machine; with `key`, else IKT_API_KEY.

    Without any key only a service that asks for none answers. What else httpx takes goes to its clients.
    """
    key = os.environ.get("IKT_API_KEY", "") if key is None else key
    return AuthenticatedClient(
        base_url=url or os.environ.get("IKT_URL", HERE),
        token=key,
        prefix="Bearer" if key else "",
        timeout=httpx.Timeout(timeout),
        httpx_args=httpx_args,
    )
