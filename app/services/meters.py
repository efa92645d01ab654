"""What the service counts of its own work for as long as it runs, in Prometheus' terms."""

import asyncio
import platform
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from time import monotonic
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client import Counter as Counted
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app import __version__
from app.domain.monitor import MonitorStatus
from app.domain.outcome import Way
from app.domain.reading import Reading
from app.domain.statistics import nearest_rank_index
from app.engine.local import Engine
from app.services.notices import Stored
from app.services.watching import Watching
from app.storage.database import Database
from app.storage.vitals import Gauge
from checkers import Outcome

_LATENCY_BUCKETS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
_LATENESS_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0)
_LAG_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
# How often the event loop is asked how late it is.
_LAG_SECONDS: Final = 0.25
_MONITOR, _BATCH = "monitor", "batch"
_HOW: Final = ("strategy", "client", "kind")
# The pulse is taken of the last minute.
_PULSE_SAMPLES: Final = 240


class Pulse(NamedTuple):
    """How the service did in the last minute, or since its start if that is less.

    Attributes:
        checks_per_second: recorded, of monitors and of batches.
        lag_p50, lag_p95: how late the event loop woke, in seconds (nearest rank).
    """

    checks_per_second: float
    lag_p50: float
    lag_p95: float


class Meters:
    """Counts checks as they are recorded, measures the event loop, and tells of the parts."""

    def __init__(self, database: Database, engine: Engine, watching: Watching) -> None:
        self._database = database
        self._engine = engine
        self._watching = watching
        self._registry = own = CollectorRegistry()
        ProcessCollector(registry=own)
        self._durations = Histogram(
            "tercet_check_duration_seconds",
            "Latency of recorded checks that got a response.",
            _HOW, registry=own, buckets=_LATENCY_BUCKETS,
        )  # fmt: skip
        self._lateness = Histogram(
            "tercet_check_lateness_seconds",
            "How much later than its turn a check of a monitor began.",
            ("strategy", "client"), registry=own, buckets=_LATENESS_BUCKETS,
        )  # fmt: skip
        self._checks = Counted(
            "tercet_checks_total",
            "Checks recorded, by what they ended in; the reason of one that is up is empty.",
            (*_HOW, "status", "reason"), registry=own,
        )  # fmt: skip
        self._lag = Histogram(
            "tercet_event_loop_lag_seconds",
            "How late the service's event loop wakes, asked four times a second.",
            registry=own, buckets=_LAG_BUCKETS,
        )  # fmt: skip
        self._recorded = 0
        # When, how many checks had been recorded by then, and how late the event loop was.
        self._lately: deque[tuple[float, int, float]] = deque(maxlen=_PULSE_SAMPLES)
        # Looking up a child by its labels costs more than counting.
        self._duration_of = lru_cache(None)(self._durations.labels)
        self._lateness_of = lru_cache(None)(self._lateness.labels)
        self._count_of = lru_cache(None)(self._checks.labels)

    @property
    def in_flight(self) -> int:
        """How many checks of monitors are under way."""
        return self._watching.in_flight

    def of_monitors(self, stored: Stored) -> None:
        """Count checks of monitors."""
        for _, (_, _, outcome, way) in stored:
            if way is not None:
                self._count(way, _MONITOR, outcome)
                if outcome.total is not None:
                    self._lateness_of(way.strategy.value, way.client.value).observe(
                        max(outcome.queued, 0.0)
                    )

    def of_batch(self, way: Way, outcomes: Sequence[Outcome]) -> None:
        """Count checks of a batch or of a comparison's round."""
        for outcome in outcomes:
            self._count(way, _BATCH, outcome)

    async def serve(self) -> None:
        """Measure how late the event loop is, until cancelled."""
        while True:
            began = monotonic()
            await asyncio.sleep(_LAG_SECONDS)
            late = max(monotonic() - began - _LAG_SECONDS, 0.0)
            self._lag.observe(late)
            self._lately.append((monotonic(), self._recorded, late))

    def pulse(self) -> Pulse | None:
        """How the service did lately; `None`: it has only just begun."""
        if len(self._lately) < 2:
            return None
        (first_at, first, _), (last_at, last, _) = self._lately[0], self._lately[-1]
        lags = sorted(late for _, _, late in self._lately)
        p50, p95 = (lags[nearest_rank_index(len(lags), percent)] for percent in (50, 95))
        return Pulse((last - first) / (last_at - first_at), p50, p95)

    def parts(self) -> list[Metric]:
        """What the parts of the service tell of themselves now; ask in their event loop."""
        return list(self._parts())

    def collect(self) -> Iterator[Metric]:
        """What was counted; it may be asked for in any thread."""
        for metric in self._registry.collect():
            # When each counter began: it says no more than the start of the process.
            metric.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield metric

    def _count(self, way: Way, kind: str, outcome: Outcome) -> None:
        how = way.strategy.value, way.client.value, kind
        reason = "" if outcome.reason is None else outcome.reason.value
        self._count_of(*how, outcome.status.value, reason).inc()
        self._recorded += 1
        if outcome.http_status is not None and outcome.total is not None:
            self._duration_of(*how).observe(outcome.total)

    def _parts(self) -> Iterator[Metric]:
        build = GaugeMetricFamily("tercet_build_info", "What runs.", labels=("version", "python"))
        build.add_metric((__version__, platform.python_version()), 1)
        yield build
        yield _gauge("tercet_checks_in_flight", "Checks of monitors under way.",
                     self._watching.in_flight)  # fmt: skip
        yield _gauge("tercet_claim_age_seconds", "Since turns of monitors were claimed last.",
                     monotonic() - self._watching.claimed_at)  # fmt: skip
        yield _gauge("tercet_database_trouble", "1 while the database cannot be written, as far "
                     "as is known.", self._database.trouble is not None)  # fmt: skip
        yield _gauge("tercet_database_writes_waiting", "Transactions that wait to be written.",
                     self._database.writes_waiting)  # fmt: skip
        missed = CounterMetricFamily(
            "tercet_missed_turns_total", "Turns of monitors in which no check was made."
        )
        missed.add_metric((), self._watching.missed)
        yield missed
        restarts = CounterMetricFamily(
            "tercet_child_restarts_total", "Processes that ran checks, died and were replaced.",
            labels=("slot",),
        )  # fmt: skip
        for slot, times in self._engine.restarts.items():
            restarts.add_metric((slot.value,), times)
        yield restarts


class Together(Collector):
    """Metrics from several sources, to be written as one text."""

    def __init__(self, meters: Meters, parts: Iterable[Metric], gauges: Iterable[Gauge]) -> None:
        self._meters = meters
        self._parts = parts
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        yield from self._meters.collect()
        yield from self._parts
        for gauge in self._gauges:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
            for labels, value in gauge.values.items():
                family.add_metric(labels, value)
            yield family


def by_status(readings: Iterable[Reading]) -> Metric:
    """How many monitors have which status."""
    counts = Counter(each.status for each in readings)
    family = GaugeMetricFamily("tercet_monitors", "Monitors by their status.", labels=("status",))
    for status in MonitorStatus:
        family.add_metric((status.value,), counts[status])
    return family


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=float(value))
