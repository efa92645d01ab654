"""Monitors as the metrics show them, read in pages: how each stands, who it is, its last checks."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from app.domain.monitor import MonitorStatus
from app.domain.outcome import certificate_of
from app.domain.reading import UP, Read
from app.domain.watch import Health
from checkers import Status
from checkers.timing import Phases

# In the driver's own words: this is read of every monitor with every scrape.
_STANDINGS: Final = (
    "SELECT m.id, m.key, m.enabled, m.interval_us, w.health, w.maintenance_since "
    "FROM monitors m JOIN watches w ON w.monitor_id = m.id WHERE m.id > ? ORDER BY m.id LIMIT ?"
)
_PEOPLE: Final = "SELECT id, key, name, url FROM monitors WHERE id > ? ORDER BY id LIMIT ?"
_LABELS: Final = (
    "SELECT monitor_id, name, value FROM monitor_labels WHERE monitor_id BETWEEN ? AND ? "
    "ORDER BY monitor_id, name"
)
# The last of them need not have got a response.
_LAST: Final = (
    "SELECT status, started_at, late_us, http_status, total_us, name_lookup_us, connect_us, "
    "tls_us, wait_us, receive_us, tls FROM monitor_outcomes "
    "WHERE monitor_id = ? AND missed IS NULL ORDER BY id DESC LIMIT 5"
)
_STATUSES: Final = {health.value: MonitorStatus(health.value) for health in Health}
_UP: Final = {health.value: up for health, up in UP.items()}


class Standing(NamedTuple):
    """How a monitor stands.

    Attributes:
        up: `None` where nothing is known.
        interval: seconds; `None` where it is checked by a cron text.
    """

    row: int
    key: str
    status: MonitorStatus
    up: bool | None
    interval: float | None


class Described(NamedTuple):
    """Who a monitor is. Labels in the order of their names."""

    key: str
    name: str | None
    url: str
    labels: list[tuple[str, str]]


def page(session: Session, after: int, limit: int) -> list[Standing]:
    """How monitors stand whose rows come after one, in their order."""
    cursor = session.connection().connection.cursor()
    cursor.execute(_STANDINGS, (after, limit))
    return [
        Standing(
            row,
            key,
            _status(enabled, health, maintenance),
            _UP.get(health) if enabled else None,
            None if interval_us is None else interval_us / 1e6,
        )
        for row, key, enabled, interval_us, health, maintenance in cursor.fetchall()
    ]


def described(session: Session, after: int, limit: int) -> tuple[list[Described], int | None]:
    """Who monitors are whose rows come after one, and after which row the next page begins."""
    cursor = session.connection().connection.cursor()
    rows = cursor.execute(_PEOPLE, (after, limit)).fetchall()
    if not rows:
        return [], None
    labels: dict[int, list[tuple[str, str]]] = {row[0]: [] for row in rows}
    for monitor, name, value in cursor.execute(_LABELS, (rows[0][0], rows[-1][0])):
        labels[monitor].append((name, value))
    found = [Described(key, name, url, labels[row]) for row, key, name, url in rows]
    return found, rows[-1][0] if len(rows) == limit else None


def last_reads(session: Session, monitors: Sequence[int]) -> dict[int, list[Read]]:
    """What the last few checks of monitors have read, the oldest first."""
    cursor = session.connection().connection.cursor()
    return {
        monitor: [_read(row) for row in reversed(cursor.execute(_LAST, (monitor,)).fetchall())]
        for monitor in monitors
    }


def _status(enabled: int, health: str, maintenance_since: int | None) -> MonitorStatus:
    """As `Monitor.status` has it."""
    if not enabled:
        return MonitorStatus.PAUSED
    return _STATUSES[health] if maintenance_since is None else MonitorStatus.MAINTENANCE


def _read(row: tuple[str, int, int, int | None, int | None, int | None, int | None, int | None,
                     int | None, int | None, str | None]) -> Read:  # fmt: skip
    status, started_at, late_us, http_status, total_us, *phases_us, tls = row
    return Read(
        Status(status),
        started_at / 1e6,
        (late_us or 0) / 1e6,
        http_status,
        None if total_us is None else total_us / 1e6,
        Phases(*(None if us is None else us / 1e6 for us in phases_us)),
        None if tls is None else certificate_of(tls).not_after,
    )
