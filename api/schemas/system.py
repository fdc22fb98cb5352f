"""The service's own state on the wire."""

from typing import Literal

from pydantic import ConfigDict

from api.schemas.common import Shape


class Alive(Shape):
    """The process answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "alive"}]})

    status: Literal["alive"] = "alive"


class Part(Shape):
    """One thing that the service stands on."""

    name: Literal["database", "broker", "artifacts"]
    ok: bool
    detail: str | None = None
    """What is wrong."""


class Ready(Shape):
    """Everything that the service stands on answers."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "ready",
                    "parts": [
                        {"name": "database", "ok": True, "detail": None},
                        {"name": "broker", "ok": True, "detail": None},
                        {"name": "artifacts", "ok": True, "detail": None},
                    ],
                }
            ]
        }
    )

    status: Literal["ready"] = "ready"
    parts: list[Part]
