"""What the database says of the service's own health: what waits, what is open, how big it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain.message import DeliveryStatus
from app.storage import rollups, turns
from app.storage.channel_rows import DeliveryRow
from app.storage.instants import from_column, to_column
from app.storage.monitor_rows import WatchRow

# Words, not parameters: else SQLite would not see that its index of what waits is enough.
_WAITING: Final = (
    "SELECT 'batch', status, count(*), sum(total - done) FROM batches "
    "WHERE status IN ('queued', 'running') AND comparison_id IS NULL GROUP BY status "
    "UNION ALL SELECT 'comparison', status, count(*), 0 FROM comparisons "
    "WHERE status IN ('queued', 'running') GROUP BY status "
    "UNION ALL SELECT 'experiment', status, count(*), 0 FROM experiments "
    "WHERE status IN ('queued', 'running') GROUP BY status"
)
_INCIDENTS: Final = "SELECT count(*) FROM incidents WHERE status = 'open'"
_KINDS: Final = ("batch", "comparison", "experiment")
_STATUSES: Final = ("queued", "running")
# A monitor is overdue when it is late by more than so many of its periods.
_OVERDUE_PERIODS: Final = 2.0


class Gauge(NamedTuple):
    """A figure of the service, for every combination of its labels; without labels, for `()`."""

    name: str
    help: str
    values: Mapping[tuple[str, ...], float]
    labels: Sequence[str] = ()


def gauges(session: Session, now: datetime) -> list[Gauge]:
    """All of them. What else the database tells of its own state joins them here."""
    return [
        *_waiting(session),
        *_monitors(session, now),
        *_deliveries(session, now),
        _rollup(session, now),
        _bytes(session),
    ]


def _waiting(session: Session) -> list[Gauge]:
    runs: dict[tuple[str, ...], float] = {(k, s): 0 for k in _KINDS for s in _STATUSES}
    targets: dict[tuple[str, ...], float] = {(status,): 0 for status in _STATUSES}
    for kind, status, count, left in session.execute(text(_WAITING)):
        runs[kind, status] = count
        if kind == "batch":
            targets[status,] = left
    return [
        Gauge("tercet_runs", "Batches, comparisons and experiments that have not ended.", runs,
              ("kind", "status")),
        Gauge("tercet_batch_targets_left", "Targets of batches that have no outcome yet.", targets,
              ("status",)),
    ]  # fmt: skip


def _monitors(session: Session, now: datetime) -> list[Gauge]:
    due = session.scalar(select(func.count()).where(WatchRow.due_at < to_column(now))) or 0
    overdue = len(turns.overdue(session, now, _OVERDUE_PERIODS)) if due else 0
    incidents = session.scalar(text(_INCIDENTS)) or 0
    return [
        _one("tercet_monitors_due", "Monitors whose turn has come and was not taken up yet.", due),
        _one("tercet_monitors_overdue", "Monitors late by more than two of their periods.",
             overdue),
        _one("tercet_incidents_open", "Incidents that are open.", incidents),
    ]  # fmt: skip


def _deliveries(session: Session, now: datetime) -> list[Gauge]:
    counts: dict[tuple[str, ...], float] = {}
    for status in (DeliveryStatus.PENDING, DeliveryStatus.DEAD):
        query = select(func.count()).where(DeliveryRow.status == status.value)
        counts[status.value,] = session.scalar(query) or 0
    oldest = session.scalar(
        select(func.min(DeliveryRow.created_at)).where(
            DeliveryRow.status == DeliveryStatus.PENDING.value
        )
    )
    age = 0.0 if oldest is None else max((now - from_column(oldest)).total_seconds(), 0.0)
    return [
        Gauge("tercet_deliveries", "Messages on their way, and those given up.", counts,
              ("status",)),
        _one("tercet_oldest_pending_delivery_age_seconds",
             "How long ago the oldest message was written that is still on its way.", age),
    ]  # fmt: skip


def _rollup(session: Session, now: datetime) -> Gauge:
    until = rollups.behind(session)
    return _one(
        "tercet_rollup_age_seconds",
        "Until how long ago the history of every monitor is rolled up.",
        0.0 if until is None else max((now - until).total_seconds(), 0.0),
    )


def _bytes(session: Session) -> Gauge:
    def pragma(name: str) -> int:
        return int(session.execute(text(f"PRAGMA {name}")).scalar_one())

    page = pragma("page_size")
    path: Any = session.execute(text("PRAGMA database_list")).all()[0][2]
    log = Path(f"{path}-wal")
    try:
        log_bytes = log.stat().st_size
    except OSError:  # there is none while nothing has been written
        log_bytes = 0
    sizes: dict[tuple[str, ...], float] = {
        ("file",): page * pragma("page_count"),
        ("wal",): log_bytes,
        ("free",): page * pragma("freelist_count"),
    }
    what = "The database file, the write-ahead log beside it, and what of the file is free."
    return Gauge("tercet_database_bytes", what, sizes, ("part",))


def _one(name: str, what: str, value: float) -> Gauge:
    return Gauge(name, what, {(): value})
