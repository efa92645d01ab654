"""A recorded check as an OpenTelemetry trace, exported in the background; needs the extra `otel`.

Attributes are those of the semantic conventions for HTTP clients, and `tercet.…` for the rest.
"""

from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import requests
import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from app import __version__
from app.domain.url import bare_url
from app.storage.monitor_outcomes import Recording
from checkers import Attempt, Outcome
from checkers import Status as CheckStatus
from checkers.timing import PHASE_NAMES

logger = structlog.get_logger(__name__)

# Spans that wait for the collector: about a kilobyte each. More are dropped, the oldest first.
_QUEUE: Final = 8192
_BATCH: Final = 512
_DELAY_MS: Final = 2000.0
# Of one try at telling the collector, all of its own re-tries included, in seconds.
_EXPORT_SECONDS: Final = 5.0
# A collector that is not there is told of once in so long.
_TOLD_SECONDS: Final = 300.0
_FAILED: Final = frozenset({CheckStatus.DOWN, CheckStatus.UNKNOWN})


class Spans:
    """Makes spans of checks and hands them to a collector.

    Args:
        endpoint: the URL of its OTLP/HTTP traces endpoint.
        ca_bundle: a PEM file to trust for it.
    """

    def __init__(self, endpoint: str, ca_bundle: str | None) -> None:
        session = requests.Session()
        # Neither a proxy nor credentials that the environment names: that endpoint, as it is set.
        session.trust_env = False
        exporter = OTLPSpanExporter(
            endpoint, certificate_file=ca_bundle, timeout=_EXPORT_SECONDS, session=session
        )
        self._processor = BatchSpanProcessor(
            _Telling(exporter),
            max_queue_size=_QUEUE,
            max_export_batch_size=_BATCH,
            schedule_delay_millis=_DELAY_MS,
        )
        # Which checks are traced is decided before: the environment has no say.
        provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create({"service.name": "tercet", "service.version": __version__}),
            shutdown_on_exit=False,
        )
        provider.add_span_processor(self._processor)
        self._tracer = provider.get_tracer("tercet", __version__)

    def make(self, key: str, recording: Recording) -> None:
        """Make the trace of one check."""
        outcome = recording.outcome
        attempts = outcome.attempts
        method = "GET" if recording.way is None else recording.way.method
        began = attempts[0].started_at
        root = self._tracer.start_span(
            f"check {method}",
            Context(),
            SpanKind.CLIENT,
            _attributes(key, method, recording),
            start_time=_ns(began),
        )
        if outcome.status in _FAILED:
            root.set_status(Status(StatusCode.ERROR, outcome.reason and outcome.reason.value))
        if len(attempts) == 1:
            self._phases(root, attempts[0])
        else:
            for number, attempt in enumerate(attempts, 1):
                self._attempt(root, number, attempt)
        root.end(_ns(max(_end(attempts[-1]), began)))

    def close(self) -> None:
        """Hand over what there is, as far as the collector takes it."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]

    def _attempt(self, root: Span, number: int, attempt: Attempt) -> None:
        seen = {
            "tercet.attempt": number,
            "tercet.status": attempt.status.value,
            "http.response.status_code": attempt.http_status,
            "error.type": attempt.reason and attempt.reason.value,
        }
        span = self._tracer.start_span(
            "attempt",
            set_span_in_context(root),
            attributes=_known(seen),
            start_time=_ns(attempt.started_at),
        )
        if attempt.status in _FAILED:
            span.set_status(Status(StatusCode.ERROR, attempt.reason and attempt.reason.value))
        self._phases(span, attempt)
        span.end(_ns(_end(attempt)))

    def _phases(self, parent: Span, attempt: Attempt) -> None:
        around = set_span_in_context(parent)
        for phase in laid_out(attempt):
            span = self._tracer.start_span(phase.name, around, start_time=_ns(phase.begin))
            span.end(_ns(phase.end))


class Laid(NamedTuple):
    """A phase with its instants, in seconds since the epoch."""

    name: str
    begin: float
    end: float


def laid_out(attempt: Attempt) -> Iterator[Laid]:
    """The phases of an attempt, one after the other from its beginning.

    Over redirects they are sums, so where they lie is drawn, and how long they took is measured.
    """
    at = attempt.started_at
    for name in PHASE_NAMES:
        seconds = getattr(attempt.phases, name)
        if seconds is not None:
            yield Laid(name, at, at + seconds)
            at += seconds


class _Telling(SpanExporter):
    """An exporter that says seldom, and in one line, that the collector takes nothing."""

    def __init__(self, exporter: OTLPSpanExporter) -> None:
        self._exporter = exporter
        self._told_at: float | None = None
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._lost += len(spans)
            if self._told_at is None or monotonic() - self._told_at > _TOLD_SECONDS:
                logger.warning("traces_not_taken", spans=self._lost)
                self._told_at, self._lost = monotonic(), 0
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]


def _attributes(key: str, method: str, recording: Recording) -> dict[str, AttributeValue]:
    outcome, way = recording.outcome, recording.way
    address, port = _server(outcome)
    return _known(
        {
            "http.request.method": method,
            "url.full": bare_url(outcome.url),
            "server.address": address,
            "server.port": port,
            "network.peer.address": outcome.remote_address,
            "http.response.status_code": outcome.http_status,
            "error.type": outcome.reason and outcome.reason.value,
            "tercet.monitor": key,
            "tercet.status": outcome.status.value,
            "tercet.strategy": way and way.strategy.value,
            "tercet.client": way and way.client.value,
            "tercet.lateness_seconds": outcome.queued,
            "tercet.error_bound_seconds": outcome.error_bound,
            "tercet.redirects": outcome.redirects,
        }
    )


def _server(outcome: Outcome) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(outcome.url)
        return parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:  # what the check itself found to be no URL
        return None, None


def _known(attributes: Mapping[str, AttributeValue | None]) -> dict[str, AttributeValue]:
    return {name: value for name, value in attributes.items() if value is not None}


def _end(attempt: Attempt) -> float:
    return attempt.started_at + (attempt.total or 0.0)


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
