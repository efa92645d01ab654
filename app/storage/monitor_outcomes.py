"""What the checks of monitors ended in, and which turns were missed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain.monitor import MonitorOutcome
from app.domain.outcome import StoredOutcome, Way
from app.storage.instants import LATEST, to_column
from app.storage.monitor_rows import MonitorOutcomeRow
from app.storage.outcomes import OUTCOME_COLUMNS, columns_of
from checkers import Outcome, Reason, Status

_COLUMNS: Final = f"monitor_id, intended_at, late_us, {OUTCOME_COLUMNS}"
_INSERT: Final = f"INSERT INTO monitor_outcomes ({_COLUMNS}) VALUES ({', '.join('?' * 25)})"  # noqa: S608 -- our own constants
_INSERT_MISSED: Final = (
    "INSERT INTO monitor_outcomes (monitor_id, intended_at, missed, status, reason, detail, "
    "redirects, started_at, queued_us) VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0)"
)
_SELECT: Final = (
    "SELECT o.intended_at, o.late_us, o.missed, coalesce(o.url, m.url), o.id, "  # noqa: S608 -- as above
    + ", ".join(f"o.{name}" for name in OUTCOME_COLUMNS.split(", "))
    + " FROM monitor_outcomes o JOIN monitors m ON m.id = o.monitor_id"
)

_LATEST: Final = (
    "SELECT o.monitor_id, "  # noqa: S608 -- as above
    + _SELECT.removeprefix("SELECT ")
    + " WHERE o.id IN (SELECT (SELECT max(l.id) FROM monitor_outcomes l "
    "WHERE l.monitor_id = w.id) FROM monitors w WHERE w.id IN (%s))"
)

# Apart: two in one question would be answered by reading all that lies between.
_ENDS: Final = (
    "SELECT (SELECT min(id) FROM monitor_outcomes WHERE monitor_id = :monitor), "
    "(SELECT max(id) FROM monitor_outcomes WHERE monitor_id = :monitor)"
)
_NEXT: Final = (
    "SELECT id, started_at FROM monitor_outcomes WHERE monitor_id = ? AND id >= ? "
    "ORDER BY id LIMIT 1"
)


class Recording(NamedTuple):
    """How a check of a monitor has ended, on its way to the database.

    Attributes:
        way: how it was carried out; not stored.
    """

    monitor: int
    intended_at: datetime
    outcome: Outcome
    way: Way | None = None


class Wanted(NamedTuple):
    """Which outcomes of a monitor are asked for."""

    monitor: int
    status: Status | None = None
    reason: Reason | None = None
    since: datetime | None = None
    until: datetime | None = None


def insert(session: Session, recordings: Sequence[Recording]) -> None:
    """Store outcomes in one statement."""
    rows = [
        (
            each.monitor,
            to_column(each.intended_at),
            round(each.outcome.queued * 1e6),
            *columns_of(each.outcome),
        )
        for each in recordings
    ]
    if rows:
        session.connection().exec_driver_sql(_INSERT, rows)


def insert_missed(
    session: Session, missed: Sequence[tuple[int, datetime, int]], now: datetime, why: str
) -> None:
    """Note turns in which no check was made: of which monitor, from when on, how many."""
    status, reason, at = Status.UNKNOWN.value, Reason.NOT_MEASURED.value, to_column(now)
    rows = [
        (monitor, to_column(since), turns, status, reason, _told(turns, why), at)
        for monitor, since, turns in missed
    ]
    if rows:
        session.connection().exec_driver_sql(_INSERT_MISSED, rows)


def _told(turns: int, why: str) -> str:
    return f"{'A check was' if turns == 1 else f'{turns} checks were'} missed: {why}"


def latest(session: Session, monitors: Sequence[int]) -> dict[int, MonitorOutcome]:
    """The last outcome of each monitor that has one."""
    cursor = session.connection().connection.cursor()
    cursor.execute(_LATEST % ", ".join("?" * len(monitors)), monitors)
    return {row[0]: _outcome(row[1:]) for row in cursor.fetchall()}


def page(
    session: Session, wanted: Wanted, limit: int, before: int | None = None
) -> tuple[list[MonitorOutcome], int | None]:
    """Outcomes of a monitor, newest first, and where the next page begins."""
    conditions: dict[str, object] = {
        "o.monitor_id = ?": wanted.monitor,
        "o.id < ?": before,
        "o.status = ?": wanted.status,
        "o.reason = ?": wanted.reason,
        "o.started_at >= ?": None if wanted.since is None else to_column(wanted.since),
        "o.started_at < ?": None if wanted.until is None else to_column(wanted.until),
    }
    asked = {condition: value for condition, value in conditions.items() if value is not None}
    query = f"{_SELECT} WHERE {' AND '.join(asked)} ORDER BY o.id DESC LIMIT ?"
    rows = _rows(session, query, *asked.values(), limit + 1)
    found = rows[:limit]
    return found, found[-1].stored.seq if len(rows) > limit else None


def failures(
    session: Session, monitor: int, since: datetime, until: datetime | None
) -> list[MonitorOutcome]:
    """The first and the last failure of a monitor in a span, as far as they are kept.

    Args:
        until: the end of the span; `None`: it goes on.
    """
    first = _first_from(session, monitor, to_column(since))
    after = LATEST if until is None else _first_from(session, monitor, to_column(until))
    where = "WHERE o.monitor_id = ? AND o.id >= ? AND o.id < ? AND o.status = ? ORDER BY o.id"
    values = (monitor, first, after, Status.DOWN.value)
    ends = [
        _rows(session, f"{_SELECT} {where} {order} LIMIT 1", *values) for order in ("ASC", "DESC")
    ]
    found = {each.stored.seq: each for end in ends for each in end}
    return list(found.values())


def _first_from(session: Session, monitor: int, at: int) -> int:
    """The id of the first outcome of a monitor that began at an instant or later, or one above all.

    They lie in the order in which they came, so they are halved until it is found: a monitor may
    have a million of them, and no index tells when they began.
    """
    cursor = session.connection().connection.cursor()
    cursor.execute(_ENDS, {"monitor": monitor})
    (low, last), *_ = cursor.fetchall()
    if low is None:
        return LATEST
    high = last + 1
    while low < high:
        middle = (low + high) // 2
        cursor.execute(_NEXT, (monitor, middle))
        (id_, started_at), *_ = cursor.fetchall()
        if started_at >= at:
            high = middle
        else:
            low = id_ + 1
    return int(low)


def disown(session: Session, monitor: int, since: datetime, why: str) -> None:
    """Say of failures of a monitor since an instant that they were our own."""
    session.execute(
        update(MonitorOutcomeRow)
        .where(
            MonitorOutcomeRow.monitor_id == monitor,
            MonitorOutcomeRow.started_at >= to_column(since - timedelta(seconds=1)),
            MonitorOutcomeRow.status == Status.DOWN.value,
            MonitorOutcomeRow.http_status.is_(None),
        )
        .values(status=Status.UNKNOWN.value, reason=Reason.NOT_MEASURED.value, detail=why)
    )


def _rows(session: Session, query: str, *values: Any) -> list[MonitorOutcome]:
    cursor = session.connection().connection.cursor()
    cursor.execute(query, values)
    return [_outcome(row) for row in cursor.fetchall()]


def _outcome(row: Sequence[Any]) -> MonitorOutcome:
    return MonitorOutcome(row[0], row[1], row[2], StoredOutcome._make(row[3:]))
