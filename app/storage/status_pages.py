"""Status pages: kept, listed, replaced, and which monitors stand on them."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.status_page import StatusPage
from app.storage.instants import from_column, to_column
from app.storage.monitor_rows import MonitorRow
from app.storage.monitors import labelled
from app.storage.status_rows import StatusPageRow

# SQLite takes so many parameters in a statement, and some.
_AT_ONCE: Final = 500


def insert_page(session: Session, page: StatusPage) -> None:
    """Store a new page."""
    session.execute(
        insert(StatusPageRow).values(
            public_id=page.id,
            slug=page.slug,
            created_at=to_column(page.created_at),
            **_columns(page),
        )
    )


def replace_page(session: Session, page: StatusPage) -> None:
    """Store a page that is there in its present form."""
    session.execute(
        update(StatusPageRow).where(StatusPageRow.public_id == page.id).values(**_columns(page))
    )


def find_row(session: Session, slug: str) -> int | None:
    """The row of the page of that slug, if there is one."""
    return session.scalar(select(StatusPageRow.id).where(StatusPageRow.slug == slug))


def load(session: Session, slug: str) -> StatusPage:
    """The page of that slug.

    Raises:
        NotFound: there is none.
    """
    return _page(_row(session, slug))


def row_of(session: Session, slug: str) -> int:
    """The row of the page of that slug; raises as `load`."""
    return _row(session, slug).id


def page(session: Session, limit: int, before: int | None) -> tuple[list[StatusPage], int | None]:
    """Pages, newest first, and where the next of them begin."""
    query = select(StatusPageRow)
    if before is not None:
        query = query.where(StatusPageRow.id < before)
    rows = list(session.scalars(query.order_by(StatusPageRow.id.desc()).limit(limit + 1)))
    following = rows[limit - 1].id if len(rows) > limit else None
    return [_page(row) for row in rows[:limit]], following


def all_pages(session: Session) -> list[StatusPage]:
    """Every page there is."""
    return [_page(row) for row in session.scalars(select(StatusPageRow))]


def remove(session: Session, slug: str) -> None:
    """Remove a page with all that was written for it; raises as `load`."""
    gone = session.execute(
        delete(StatusPageRow).where(StatusPageRow.slug == slug).returning(StatusPageRow.id)
    )
    if gone.first() is None:
        raise _not_there(slug)


def shown_on(session: Session, page: StatusPage) -> dict[str, int]:
    """The rows of the monitors that stand on a page, by key.

    Those it names come first, in its order, then those that bear its labels, by key.
    """
    named: dict[str, int] = {}
    for start in range(0, len(page.keys), _AT_ONCE):
        some = page.keys[start : start + _AT_ONCE]
        named.update(
            session.execute(
                select(MonitorRow.key, MonitorRow.id).where(MonitorRow.key.in_(some))
            ).all()
        )
    found = {key: named[key] for key in page.keys if key in named}
    if page.labels:
        columns: tuple[Any, ...] = (MonitorRow.key, MonitorRow.id)
        query = labelled(select(*columns), page.labels).order_by(MonitorRow.key)
        for key, row in session.execute(query):
            found.setdefault(key, row)
    return found


def public_monitors(session: Session) -> dict[str, int]:
    """The rows of all monitors that stand on some page, by key."""
    found: dict[str, int] = {}
    for each in all_pages(session):
        found.update(shown_on(session, each))
    return found


def _row(session: Session, slug: str) -> StatusPageRow:
    row = session.scalars(select(StatusPageRow).where(StatusPageRow.slug == slug)).one_or_none()
    if row is None:
        raise _not_there(slug)
    return row


def _not_there(slug: str) -> NotFound:
    return NotFound(f"There is no status page {slug!r}.")


def _columns(page: StatusPage) -> dict[str, Any]:
    return {
        "title": page.title,
        "description": page.description,
        "keys": json.dumps(page.keys),
        "labels": json.dumps(dict(page.labels)),
        "updated_at": to_column(page.updated_at),
    }


def _page(row: StatusPageRow) -> StatusPage:
    keys: Sequence[str] = json.loads(row.keys)
    return StatusPage(
        id=row.public_id,
        slug=row.slug,
        title=row.title,
        description=row.description,
        keys=tuple(keys),
        labels=json.loads(row.labels),
        created_at=from_column(row.created_at),
        updated_at=from_column(row.updated_at),
    )
