"""Spans: what they tell, and what they keep to themselves."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, format_trace_id

from worker import tracing

PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("tests"))
    yield exporter
    provider.shutdown()


def test_nothing_is_told_unless_somebody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tracing.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    assert not tracing.start_tracing("tests")

    monkeypatch.setenv(tracing.ENDPOINTS[0], "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not tracing.start_tracing("tests")


def test_an_error_is_told_by_its_type_alone(told: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="ana"), tracing.stage("store"):
        raise ValueError("no such student: ana")

    (span,) = told.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert dict(span.attributes or {}) == {"error.type": "ValueError"}
    assert "ana" not in span.to_json()


def test_a_message_carries_the_trace(told: InMemorySpanExporter) -> None:
    with tracing.stage("ask", context=tracing.received({"traceparent": PARENT})):
        carried = tracing.carried()
    with tracing.stage("do", context=tracing.received(carried)):
        pass

    ask, do = told.get_finished_spans()
    assert format_trace_id(do.get_span_context().trace_id) == "a" * 32
    assert do.parent is not None
    assert do.parent.span_id == ask.get_span_context().span_id


@pytest.mark.parametrize("carried", [{}, {"traceparent": None}, {"traceparent": "nonsense"}])
def test_who_carries_none_begins_one(told: InMemorySpanExporter, carried: dict[str, str | None]) -> None:
    with tracing.stage("do", context=tracing.received(carried)):
        pass

    (span,) = told.get_finished_spans()
    assert span.parent is None


def test_what_has_ended_is_told_with_its_time(told: InMemorySpanExporter) -> None:
    tracing.note_finished("epoch", seconds=2.5, epoch=3)

    (span,) = told.get_finished_spans()
    assert span.start_time is not None
    assert span.end_time is not None
    assert (span.end_time - span.start_time) / tracing.NANOSECONDS == pytest.approx(2.5, abs=0.1)
    assert dict(span.attributes or {}) == {"ikt.epoch": "3"}
