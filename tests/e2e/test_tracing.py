"""Checks of monitors as traces, told to a collector that listens, refuses, or never answers."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.proto.trace.v1.trace_pb2 import Status as SpanStatus

from tests.monitor_kills import Site, site
from tests.services import PATIENCE_SECONDS, Service, running

# Python runs it before all else; it looks for modules as if the extra were not installed.
_NOT_INSTALLED = """
from importlib.machinery import PathFinder
found = PathFinder.find_spec
def find_spec(name, path=None, target=None):
    hidden = name.startswith(("opentelemetry.exporter", "opentelemetry.sdk"))
    return None if hidden else found(name, path, target)
PathFinder.find_spec = find_spec
"""
_PHASES = ["name_lookup", "connect", "tls", "wait", "receive"]


class Collector:
    """An OTLP/HTTP collector that keeps what it is told."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()
        self.lock = Lock()
        self.url = ""

    def take(self, body: bytes) -> None:
        told = ExportTraceServiceRequest.FromString(body)
        with self.lock:
            for resource in told.resource_spans:
                names = {a.key: a.value.string_value for a in resource.resource.attributes}
                self.services.add(names["service.name"])
                for scope in resource.scope_spans:
                    self.spans.extend(scope.spans)

    def roots(self) -> list[Span]:
        with self.lock:
            return [span for span in self.spans if not span.parent_span_id]

    def children(self) -> dict[bytes, list[Span]]:
        """The spans under each span, in the order in which they began."""
        found = defaultdict(list)
        with self.lock:
            for span in self.spans:
                found[span.parent_span_id].append(span)
        return {
            parent: sorted(some, key=lambda span: (span.start_time_unix_nano, span.name))
            for parent, some in found.items()
        }


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.take(self.rfile.read(int(self.headers["Content-Length"])))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def targets() -> Iterator[Site]:
    with site() as made:
        yield made


@contextmanager
def _traced(folder: Path, endpoint: str, **more: str) -> Iterator[Service]:
    with running(folder, {"TERCET_OTLP_ENDPOINT": endpoint, **more}) as service:
        yield service


def _watch(
    service: Service, url: str, key: str = "shop", client: str = "aiohttp", **target: object
) -> None:
    made = {
        "key": key, "target": {"url": url, **target}, "interval_seconds": 0.5, "client": client
    }  # fmt: skip
    answer = service.call("POST", "/api/v1/monitors", json=made)
    assert answer.status_code == 201, answer.text


def _until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _attributes(span: Span) -> dict[str, Any]:
    return {
        each.key: getattr(each.value, str(each.value.WhichOneof("value")))
        for each in span.attributes
    }


def _recorded(folder: Path) -> int:
    with sqlite3.connect(folder / "tercet.db") as database:
        query = "SELECT count(*) FROM monitor_outcomes WHERE missed IS NULL"
        (found,) = database.execute(query).fetchone()
    return int(found)


def test_a_check_is_a_trace_with_its_phases_end_to_end(
    tmp_path: Path, collector: Collector, targets: Site
) -> None:
    with _traced(tmp_path, collector.url) as service:
        _watch(service, f"{targets.url}/shop?token=secret", client="curl")
        _until(lambda: bool(collector.roots()))
    root = collector.roots()[0]
    seen = _attributes(root)

    assert collector.services == {"tercet"}
    assert (root.name, root.kind) == ("check GET", Span.SPAN_KIND_CLIENT)
    assert seen["http.request.method"] == "GET"
    assert seen["url.full"] == f"{targets.url}/shop"
    assert seen["server.address"] == seen["network.peer.address"] == "127.0.0.1"
    assert seen["http.response.status_code"] == 200
    assert (seen["tercet.monitor"], seen["tercet.status"]) == ("shop", "up")
    assert (seen["tercet.strategy"], seen["tercet.client"]) == ("async", "curl")
    assert seen["tercet.lateness_seconds"] >= 0
    assert root.status.code == SpanStatus.STATUS_CODE_UNSET
    phases = collector.children()[root.span_id]
    assert [span.name for span in phases] == [p for p in _PHASES if p in {s.name for s in phases}]
    assert {"connect", "wait"} <= {span.name for span in phases}
    at = root.start_time_unix_nano
    for span in phases:
        assert span.start_time_unix_nano == pytest.approx(at, abs=1000)
        at = span.end_time_unix_nano
    assert at <= root.end_time_unix_nano + 1000
    assert b"secret" not in b"".join(span.SerializeToString() for span in collector.spans)


def test_a_failure_is_an_error_and_every_attempt_a_span(
    tmp_path: Path, collector: Collector
) -> None:
    with _traced(tmp_path, collector.url) as service:
        _watch(service, "http://127.0.0.1:1/", attempts=2)
        _until(lambda: bool(collector.roots()))
    root = collector.roots()[0]
    attempts = [s for s in collector.children()[root.span_id] if s.name == "attempt"]

    assert root.status.code == SpanStatus.STATUS_CODE_ERROR
    assert _attributes(root)["error.type"] == "connection_refused"
    assert [_attributes(span)["tercet.attempt"] for span in attempts] == [1, 2]
    assert {_attributes(span)["error.type"] for span in attempts} == {"connection_refused"}


def test_every_recorded_check_is_told_also_those_of_the_last_moment(
    tmp_path: Path, collector: Collector, targets: Site
) -> None:
    with _traced(tmp_path, collector.url) as service:
        for number in range(20):
            _watch(service, f"{targets.url}/{number}", key=f"m{number}")
        _until(lambda: _recorded(tmp_path) > 40)
        assert service.stop() == 0

    assert len(collector.roots()) == _recorded(tmp_path)


def test_what_is_sampled_away_is_not_told(
    tmp_path: Path, collector: Collector, targets: Site
) -> None:
    with _traced(tmp_path, collector.url, TERCET_OTLP_SAMPLE="0") as service:
        _watch(service, targets.url)
        _until(lambda: _recorded(tmp_path) > 2)
        assert service.stop() == 0

    assert collector.spans == []


@pytest.mark.parametrize("listening", [True, False])
def test_a_dead_collector_holds_up_nothing_and_is_told_of_once(
    tmp_path: Path, targets: Site, *, listening: bool
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listening:
            # It takes the connection and never answers.
            silent.listen(64)
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces"
        with _traced(tmp_path, endpoint) as service:
            _watch(service, targets.url)
            _until(lambda: "traces_not_taken" in service.log())
            before = _recorded(tmp_path)
            _until(lambda: _recorded(tmp_path) > before + 2)
            assert service.stop() == 0

    log = service.log()
    assert log.count("traces_not_taken") == 1
    assert "opentelemetry" not in log


def test_without_the_extra_the_start_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(_NOT_INSTALLED, encoding="utf-8")
    environment = {
        **os.environ, "PYTHONPATH": str(tmp_path),
        "TERCET_OTLP_ENDPOINT": "http://127.0.0.1:4318/v1/traces",
    }  # fmt: skip

    ended = subprocess.run(
        [sys.executable, "-P", "-m", "app", "serve"], env=environment, cwd=tmp_path,
        capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
    )  # fmt: skip

    assert ended.returncode == 2
    assert ended.stderr == (
        "tercet: TERCET_OTLP_ENDPOINT: needs the extra: pip install 'tercet[otel]'\n"
    )


def test_who_sets_no_endpoint_imports_nothing_of_it() -> None:
    # FastAPI brings the API along, which does nothing by itself.
    there = "m.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))"
    program = f"import sys, app.main; print([m for m in sys.modules if {there}])"

    told = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    ).stdout

    assert told == "[]\n"
