"""Incidents by page, newest first: with their time lines, or in brief."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from app.domain.incident import Incident, IncidentStatus
from app.storage.incidents import incident_of, stored_of
from app.storage.monitor_rows import IncidentRow


class Wanted(NamedTuple):
    """Which incidents are asked for; `monitor` is a row."""

    is_open: bool | None = None
    monitor: int | None = None


def page(
    session: Session, wanted: Wanted, limit: int, before: int | None
) -> tuple[list[Incident], int | None]:
    """Incidents with their time lines, and where the next page begins."""
    rows, following = _page(session, wanted, limit, before)
    return [stored_of(session, row).incident for row in rows], following


def brief(
    session: Session, wanted: Wanted, limit: int, before: int | None
) -> tuple[list[Incident], int | None]:
    """As `page`, without time lines: some are a thousand lines long."""
    rows, following = _page(session, wanted, limit, before)
    return [incident_of(row) for row in rows], following


def _page(
    session: Session, wanted: Wanted, limit: int, before: int | None
) -> tuple[Sequence[IncidentRow], int | None]:
    query = select(IncidentRow)
    if wanted.is_open is not None:
        status = IncidentStatus.OPEN if wanted.is_open else IncidentStatus.RESOLVED
        # Written out in the statement, so that the index of those that are open is used.
        written = literal(status.value, literal_execute=True)
        query = query.where(IncidentRow.status == written)
    if wanted.monitor is not None:
        query = query.where(IncidentRow.monitor_id == wanted.monitor)
    if before is not None:
        query = query.where(IncidentRow.id < before)
    rows = list(session.scalars(query.order_by(IncidentRow.id.desc()).limit(limit + 1)))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None
