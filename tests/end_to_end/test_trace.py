"""One trace from the request that asks for a training to its last stage, on PostgreSQL and Redis."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.api.training import TINY, classroom_csv
from tests.running import Api
from tests.stacks import Services, services_stack
from tests.worker.support import running_worker, wait_until

TRACE, CALLER = "5" * 32, "6" * 16
STAGES = ["read", "calibrate", "train", "epoch", "epoch", "report", "store"]
TOLD = {
    "http.request.method", "http.route", "http.response.status_code", "error.type",
    "ikt.experiment_id", "ikt.model_id", "ikt.epoch",
}  # fmt: skip


class Collector(ThreadingHTTPServer):
    """Listens as a collector of traces does (OTLP over HTTP)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receive)
        self.told: list[tuple[str, Span]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self, trace: str) -> dict[bytes, Span]:
        """Of one trace, by their ids."""
        return {span.span_id: span for _, span in list(self.told) if span.trace_id.hex() == trace}

    def services(self) -> set[str]:
        return {service for service, _ in list(self.told)}


class _Receive(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        request = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
        for resource in request.resource_spans:
            names = {item.key: item.value.string_value for item in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.server.told += [(names["service.name"], span) for span in scope.spans]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def listening() -> Iterator[Collector]:
    with Collector() as collector:
        thread = Thread(target=collector.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            collector.shutdown()
            thread.join()


def train(client: httpx.Client) -> str:
    files = {"file": ("classroom.csv", classroom_csv())}
    dataset = client.post("/datasets", files=files).raise_for_status().json()
    submitted = client.post(
        "/experiments",
        json={"dataset_id": dataset["id"], "preset": "small-dynamic", "config": TINY},
        headers={"traceparent": f"00-{TRACE}-{CALLER}-01"},
    )
    experiment_id: str = submitted.raise_for_status().json()["id"]
    wait_until(
        lambda: client.get(f"/experiments/{experiment_id}").json()["status"] in ("succeeded", "failed")
    )
    assert client.get(f"/experiments/{experiment_id}").json()["status"] == "succeeded"
    return experiment_id


def lineage(span: Span, spans: dict[bytes, Span]) -> list[str]:
    """The names from a span up to the outermost one of the service."""
    names = []
    while True:
        names.append(span.name)
        if span.parent_span_id.hex() == CALLER:
            return names
        span = spans[span.parent_span_id]


def test_a_training_is_one_trace(services: Services, tmp_path: Path) -> None:
    with listening() as collector, services_stack(tmp_path, services) as stack:
        asked = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        api = Api(1, stack.env() | asked, tmp_path).start()
        try:
            with running_worker(stack, tmp_path, **asked), api.wait_until_ready().client() as client:
                experiment_id = train(client)
                wait_until(lambda: "ikt.train" in {span.name for span in collector.spans(TRACE).values()})
            api.terminate()
        finally:
            api.kill_all()
        spans = collector.spans(TRACE)
        by_start = sorted(spans.values(), key=lambda span: span.start_time_unix_nano)

        assert [span.name for span in by_start][:3] == ["POST /experiments", "send ikt.train", "ikt.train"]
        assert sorted(span.name for span in by_start[3:]) == sorted(STAGES)
        (last,) = [span for span in by_start if span.name == "store"]
        assert lineage(last, spans) == ["store", "ikt.train", "send ikt.train", "POST /experiments"]
        (epoch, _) = [span for span in by_start if span.name == "epoch"]
        assert lineage(epoch, spans)[1] == "train"
        ids = {item.value.string_value for item in last.attributes if item.key == "ikt.experiment_id"}
        assert ids == {experiment_id}
        assert {item.key for _, span in collector.told for item in span.attributes} <= TOLD
        assert collector.services() == {"ikt-api", "ikt-worker"}
        stray = [
            span.name for _, span in collector.told if span.name in STAGES and span.trace_id.hex() != TRACE
        ]
        assert stray == []
