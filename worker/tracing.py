"""Traces of a job from the request that asked for it to its last stage, as OpenTelemetry tells them.

Nothing is told unless OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT) names who listens; the other OTEL_*
variables mean what they mean everywhere. Spans name experiments and models, never students.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
NANOSECONDS = 1_000_000_000

tracer = trace.get_tracer("ikt")


def start_tracing(service: str) -> bool:
    """Tell of this process from now on, under that name unless OTEL_SERVICE_NAME gives another.

    False where nobody listens.
    """
    is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if is_disabled or not any(os.environ.get(name) for name in ENDPOINTS):
        return False
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        named = {SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME") or service}
        provider = TracerProvider(resource=Resource.create(named))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
    return True


@contextmanager
def stage(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    context: Context | None = None,
    **attributes: Any,
) -> Iterator[Span]:
    """A span around what is done within. Of an error its type is told, for its text may name students."""
    told = {f"ikt.{key}": str(value) for key, value in attributes.items()}
    with tracer.start_as_current_span(
        name, context, kind, told, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(StatusCode.ERROR)
            raise


def note_finished(name: str, *, seconds: float, **attributes: Any) -> None:
    """A span of what has just ended after so many seconds."""
    told = {f"ikt.{key}": str(value) for key, value in attributes.items()}
    started = time.time_ns() - int(seconds * NANOSECONDS)
    tracer.start_span(name, attributes=told, start_time=started).end()


def carried() -> dict[str, str]:
    """What a message has to carry so that its receiver goes on with the current trace (W3C Trace Context)."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


class Carrier(Protocol):
    """What a message or a request brought along."""

    def get(self, key: str, /) -> Any: ...


def received(headers: Carrier) -> Context:
    """The trace that a message or a request carries; an empty one where it carries none."""
    names = propagate.get_global_textmap().fields
    return propagate.extract({name: str(found) for name in names if (found := headers.get(name))})


def flush() -> None:
    """Hand over what has not been told yet: processes of jobs end without another occasion."""
    provider = trace.get_tracer_provider()
    if hasattr(provider, "force_flush"):
        provider.force_flush()
