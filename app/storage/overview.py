"""Monitors as the overview lists them: how many stand how, which come first, some at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from app.domain.incident import IncidentStatus
from app.domain.monitor import MonitorStatus
from app.storage.instants import from_column, from_optional
from app.storage.monitor_pages import chosen
from app.storage.monitor_rows import IncidentRow, MonitorRow, WatchRow
from app.storage.monitors import labels_of

#: What is wrong comes first.
GRAVITY: Final = (
    MonitorStatus.DOWN,
    MonitorStatus.DEGRADED,
    MonitorStatus.UNKNOWN,
    MonitorStatus.PENDING,
    MonitorStatus.MAINTENANCE,
    MonitorStatus.UP,
    MonitorStatus.PAUSED,
)
_STANDS: Final[ColumnElement[str]] = case(
    (~MonitorRow.enabled, MonitorStatus.PAUSED.value),
    (WatchRow.maintenance_since.is_not(None), MonitorStatus.MAINTENANCE.value),
    else_=WatchRow.health,
)
_SINCE: Final[ColumnElement[int]] = case(
    (MonitorRow.enabled & WatchRow.maintenance_since.is_not(None), WatchRow.maintenance_since),
    else_=WatchRow.since,
)


class Order(StrEnum):
    """What a list of monitors is sorted by."""

    GRAVITY = "status"
    NAME = "name"
    SINCE = "since"
    NEXT = "next"


class Asked(NamedTuple):
    """Which monitors, in which order.

    Attributes:
        text: part of a key, a name or a URL.
    """

    text: str | None = None
    status: MonitorStatus | None = None
    labels: Mapping[str, str] = {}
    order: Order = Order.GRAVITY
    backwards: bool = False


class Stands(NamedTuple):
    """How a monitor stands, and since when."""

    status: MonitorStatus
    since: datetime


class Entry(NamedTuple):
    """A monitor of the list."""

    row: int
    id: str
    key: str
    name: str | None
    url: str
    status: MonitorStatus
    since: datetime
    next_due_at: datetime | None
    labels: Mapping[str, str]


def counts(session: Session) -> tuple[dict[MonitorStatus, int], int]:
    """How many monitors stand how, and how many incidents are open."""
    query = (
        select(_STANDS, func.count())
        .select_from(MonitorRow)
        .join(WatchRow, WatchRow.monitor_id == MonitorRow.id)
        .group_by(_STANDS)
    )
    found = {MonitorStatus(status): number for status, number in session.execute(query)}
    open_ = select(func.count()).where(IncidentRow.status == IncidentStatus.OPEN.value)
    return found, session.scalar(open_) or 0


def page(session: Session, asked: Asked, limit: int, skipped: int) -> tuple[list[Entry], int]:
    """Some of the monitors that are asked for, and how many there are in all."""
    columns: tuple[Any, ...] = (
        MonitorRow.id, MonitorRow.public_id, MonitorRow.key, MonitorRow.name, MonitorRow.url,
        _STANDS, _SINCE, WatchRow.due_at,
    )  # fmt: skip
    query = _asked(select(*columns), asked)
    rows = session.execute(query.order_by(*_order(asked)).limit(limit).offset(skipped)).all()
    total = skipped + len(rows)
    if len(rows) == limit or (not rows and skipped):
        total = session.scalar(_asked(select(func.count()).select_from(MonitorRow), asked)) or 0
    return _entries(session, rows), total


def standing_of(session: Session, rows: Sequence[int]) -> dict[int, Stands]:
    """How monitors stand, and since when; those that are gone are left out."""
    query = (
        select(MonitorRow.id, _STANDS, _SINCE)
        .join(WatchRow, WatchRow.monitor_id == MonitorRow.id)
        .where(MonitorRow.id.in_(rows))
    )
    return {
        row: Stands(MonitorStatus(status), from_column(since))
        for row, status, since in session.execute(query)
    }


def rows_of(session: Session, ids: Sequence[str]) -> dict[str, int]:
    """The rows of monitors by their ids; those that are gone are left out."""
    query = select(MonitorRow.public_id, MonitorRow.id).where(MonitorRow.public_id.in_(ids))
    return {id_: row for id_, row in session.execute(query)}  # noqa: C416 -- tuples of rows


def _asked(query: Select[Any], asked: Asked) -> Select[Any]:
    query = query.join(WatchRow, WatchRow.monitor_id == MonitorRow.id)
    return chosen(query, labels=asked.labels, status=asked.status, text=asked.text)


def _order(asked: Asked) -> list[Any]:
    name = func.coalesce(MonitorRow.name, MonitorRow.key).collate("NOCASE")
    first: Any = {
        Order.GRAVITY: case(
            {status.value: place for place, status in enumerate(GRAVITY)}, value=_STANDS
        ),
        Order.NAME: name,
        Order.SINCE: -_SINCE,
        # What is paused has no next check, and comes last.
        Order.NEXT: func.coalesce(WatchRow.due_at, 2**62),
    }[asked.order]
    return [first.desc() if asked.backwards else first, name, MonitorRow.id]


def _entries(session: Session, rows: Sequence[Any]) -> list[Entry]:
    labels = labels_of(session, [row[0] for row in rows])
    return [
        Entry(
            row, id_, key, name, url, MonitorStatus(status), from_column(since),
            from_optional(due), labels.get(row, {}),
        )
        for row, id_, key, name, url, status, since, due in rows
    ]  # fmt: skip
