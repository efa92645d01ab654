"""Maintenance windows: kept, listed, replaced."""

import json
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.maintenance import Maintenance
from app.storage.instants import (
    from_column,
    from_optional,
    micros,
    seconds,
    to_column,
    to_optional,
)
from app.storage.monitor_rows import MaintenanceRow


def insert_window(session: Session, window: Maintenance) -> None:
    """Store a new window."""
    session.execute(
        insert(MaintenanceRow).values(
            public_id=window.id, created_at=to_column(window.created_at), **_columns(window)
        )
    )


def replace_window(session: Session, window: Maintenance) -> None:
    """Store a window that is there in its present form."""
    session.execute(
        update(MaintenanceRow)
        .where(MaintenanceRow.public_id == window.id)
        .values(**_columns(window))
    )


def load(session: Session, public_id: str) -> Maintenance:
    """The window of that id.

    Raises:
        NotFound: there is none.
    """
    row = session.scalars(
        select(MaintenanceRow).where(MaintenanceRow.public_id == public_id)
    ).one_or_none()
    if row is None:
        raise _not_there(public_id)
    return _window(row)


def page(session: Session, limit: int, before: int | None) -> tuple[list[Maintenance], int | None]:
    """Windows, newest first, and where the next page begins."""
    query = select(MaintenanceRow)
    if before is not None:
        query = query.where(MaintenanceRow.id < before)
    rows = list(session.scalars(query.order_by(MaintenanceRow.id.desc()).limit(limit + 1)))
    following = rows[limit - 1].id if len(rows) > limit else None
    return [_window(row) for row in rows[:limit]], following


def all_windows(session: Session) -> list[Maintenance]:
    """Every window there is, also those that are over."""
    return [_window(row) for row in session.scalars(select(MaintenanceRow))]


def remove(session: Session, public_id: str) -> None:
    """Remove a window; raises as `load`."""
    gone = session.execute(
        delete(MaintenanceRow)
        .where(MaintenanceRow.public_id == public_id)
        .returning(MaintenanceRow.id)
    )
    if gone.first() is None:
        raise _not_there(public_id)


def _not_there(public_id: str) -> NotFound:
    return NotFound(f"There is no maintenance {public_id!r}.")


def _columns(window: Maintenance) -> dict[str, Any]:
    return {
        "title": window.title,
        "keys": json.dumps(window.keys),
        "labels": json.dumps(dict(window.labels)),
        "starts_at": to_optional(window.starts_at),
        "ends_at": to_optional(window.ends_at),
        "cron": window.cron,
        "duration_us": micros(window.duration),
        "timezone": window.timezone,
    }


def _window(row: MaintenanceRow) -> Maintenance:
    return Maintenance(
        id=row.public_id,
        title=row.title,
        keys=tuple(json.loads(row.keys)),
        labels=json.loads(row.labels),
        starts_at=from_optional(row.starts_at),
        ends_at=from_optional(row.ends_at),
        cron=row.cron,
        duration=seconds(row.duration_us),
        timezone=row.timezone,
        created_at=from_column(row.created_at),
    )
