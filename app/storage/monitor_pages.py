"""Monitors as they stand: definition, what is believed, the last outcome, the open incident."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.monitor import Monitor, MonitorStatus
from app.storage import monitor_outcomes
from app.storage.incidents import incident_of
from app.storage.instants import from_column, from_optional
from app.storage.monitor_rows import IncidentRow, MonitorRow, WatchRow
from app.storage.monitors import Defined, definitions_of, labelled
from app.storage.targets import storable_url
from app.storage.watches import watch_of

# SQLite takes so many parameters in a statement, and some.
_AT_ONCE: Final = 500


def load(session: Session, name: str) -> tuple[int, Monitor]:
    """The monitor of an id or a key, with its row.

    Raises:
        NotFound: there is none.
    """
    for column in (MonitorRow.public_id, MonitorRow.key):
        rows = session.execute(_query().where(column == name)).all()
        if rows:
            return rows[0][0].id, _monitors(session, rows)[0]
    raise NotFound(f"There is no monitor {name!r}.")


def page(
    session: Session,
    limit: int,
    after: int | None,
    *,
    labels: Mapping[str, str],
    status: MonitorStatus | None = None,
    text: str | None = None,
) -> tuple[list[Monitor], int | None]:
    """Monitors in the order they were made, and where the next page begins.

    Args:
        text: part of a key, a name or a URL.
    """
    query = chosen(_query(), labels=labels, status=status, text=text)
    if after is not None:
        query = query.where(MonitorRow.id > after)
    rows = session.execute(query.order_by(MonitorRow.id).limit(limit + 1)).all()
    following = rows[limit - 1][0].id if len(rows) > limit else None
    return _monitors(session, rows[:limit]), following


def chosen(
    query: Select[Any],
    *,
    labels: Mapping[str, str],
    status: MonitorStatus | None,
    text: str | None,
) -> Select[Any]:
    """A query over monitors and their watches, of those that are asked for; as of `page`."""
    query = labelled(query, labels)
    if status is not None:
        query = _of_status(query, status)
    if text is not None:
        parts = (MonitorRow.key, MonitorRow.name, MonitorRow.url)
        found = parts[0].contains(text, autoescape=True)
        for part in parts[1:]:
            found |= part.contains(text, autoescape=True)
        query = query.where(found)
    return query


def named(session: Session, ids: Sequence[str]) -> list[Defined]:
    """The monitors of these ids, in the order they were made; those that are gone are left out."""
    found: list[Defined] = []
    for start in range(0, len(ids), _AT_ONCE):
        query = select(MonitorRow).where(MonitorRow.public_id.in_(ids[start : start + _AT_ONCE]))
        rows = list(session.scalars(query.order_by(MonitorRow.id)))
        found += [
            Defined(row.id, row.public_id, definition)
            for row, definition in zip(rows, definitions_of(session, rows), strict=True)
        ]
    return found


def watched(session: Session, urls: Sequence[str]) -> dict[tuple[str, str], str]:
    """Which of these URLs are watched: URL and method, with the key of a monitor that does."""
    found: dict[tuple[str, str], str] = {}
    for start in range(0, len(urls), _AT_ONCE):
        some = [storable_url(url) for url in urls[start : start + _AT_ONCE]]
        rows = list(session.scalars(select(MonitorRow).where(MonitorRow.url.in_(some))))
        for row, definition in zip(rows, definitions_of(session, rows), strict=True):
            found.setdefault((row.url, definition.target.method), row.key)
    return found


def _query() -> Select[Any]:
    columns: tuple[Any, ...] = (MonitorRow, WatchRow, IncidentRow)
    return (
        select(*columns)
        .join(WatchRow, WatchRow.monitor_id == MonitorRow.id)
        .outerjoin(IncidentRow, IncidentRow.id == WatchRow.incident_id)
    )


def _of_status(query: Select[Any], status: MonitorStatus) -> Select[Any]:
    if status is MonitorStatus.PAUSED:
        return query.where(~MonitorRow.enabled)
    query = query.where(MonitorRow.enabled)
    if status is MonitorStatus.MAINTENANCE:
        return query.where(WatchRow.maintenance_since.is_not(None))
    return query.where(WatchRow.maintenance_since.is_(None), WatchRow.health == status.value)


def _monitors(session: Session, rows: Sequence[Any]) -> list[Monitor]:
    definitions = definitions_of(session, [row for row, _, _ in rows])
    latest = monitor_outcomes.latest(session, [row.id for row, _, _ in rows])
    return [
        Monitor(
            id=row.public_id,
            definition=definition,
            watch=watch_of(watch),
            maintenance_since=from_optional(watch.maintenance_since),
            unknown_since=from_optional(watch.unknown_since),
            next_due_at=from_optional(watch.due_at),
            last_outcome=latest.get(row.id),
            open_incident=None if incident is None else incident_of(incident),
            created_at=from_column(row.created_at),
            updated_at=from_column(row.updated_at),
        )
        for (row, watch, incident), definition in zip(rows, definitions, strict=True)
    ]
