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
    "SELECT m.id, m.key, m.interval_us, CASE WHEN NOT m.enabled THEN 'paused' "
    "WHEN w.maintenance_since IS NOT NULL THEN 'maintenance ' || w.health ELSE w.health END "
    "FROM monitors m JOIN watches w ON w.monitor_id = m.id WHERE m.id > ? ORDER BY m.id LIMIT ?"
)
_PEOPLE: Final = "SELECT id, key, name, url FROM monitors WHERE id > ? ORDER BY id LIMIT ?"
_LABELS: Final = (
    "SELECT monitor_id, name, value FROM monitor_labels WHERE monitor_id BETWEEN ? AND ? "
    "ORDER BY monitor_id, name"
)
_LAST: Final = (
    "SELECT status, started_at, late_us, http_status, total_us, name_lookup_us, connect_us, "
    "tls_us, wait_us, receive_us, tls FROM monitor_outcomes "
    "WHERE monitor_id = ? AND missed IS NULL ORDER BY id DESC LIMIT ?"
)
# The last check need not have got a response.
_LOOKED_BACK: Final = 5

#: Of a monitor: its row, key, interval in microseconds (`None`: by cron) and how it stands: what
#: is believed of it, that after `maintenance `, or `paused`.
Standing = tuple[int, str, int | None, str]


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
    return list(cursor.fetchall())


def status_of(stands: str) -> tuple[MonitorStatus, bool | None]:
    """The status of a monitor that stands so, and whether it is up; `None`: it is not known."""
    if stands == MonitorStatus.PAUSED:
        return MonitorStatus.PAUSED, None
    maintenance, _, health = stands.rpartition(" ")
    return MonitorStatus(maintenance or health), UP.get(Health(health))


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
    """What the last checks of monitors have read, as far back as they tell more; oldest first."""
    cursor = session.connection().connection.cursor()
    found: dict[int, list[Read]] = {}
    for monitor in monitors:
        rows = cursor.execute(_LAST, (monitor, 1)).fetchall()
        if rows and rows[0][3] is None:
            rows = cursor.execute(_LAST, (monitor, _LOOKED_BACK)).fetchall()
        found[monitor] = [_read(row) for row in reversed(rows)]
    return found


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
