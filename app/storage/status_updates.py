"""What people write for status pages: kept, listed, taken back."""

import json

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.status_page import MatterStatus, Update
from app.storage.instants import from_column, to_column
from app.storage.status_rows import StatusUpdateRow


def insert_update(session: Session, page: int, update: Update) -> None:
    """Store what somebody wrote for the page of a row."""
    session.execute(
        insert(StatusUpdateRow).values(
            public_id=update.id,
            page_id=page,
            matter=update.matter,
            title=update.title,
            text=update.text,
            status=update.status.value,
            keys=json.dumps(update.keys),
            at=to_column(update.at),
        )
    )


def load(session: Session, page: int, public_id: str) -> Update:
    """The update of that id on the page of a row.

    Raises:
        NotFound: there is none.
    """
    row = session.scalars(
        select(StatusUpdateRow).where(
            StatusUpdateRow.page_id == page, StatusUpdateRow.public_id == public_id
        )
    ).one_or_none()
    if row is None:
        raise _not_there(public_id)
    return _update(row)


def title_of(session: Session, page: int, matter: str) -> str | None:
    """What a matter of a page was called last; `None`: nothing was written of it."""
    return session.scalar(
        select(StatusUpdateRow.title)
        .where(StatusUpdateRow.page_id == page, StatusUpdateRow.matter == matter)
        .order_by(StatusUpdateRow.at.desc(), StatusUpdateRow.id.desc())
        .limit(1)
    )


def newest(session: Session, page: int, limit: int) -> list[Update]:
    """What was written for the page of a row, by the instant it tells of, the newest first."""
    rows = session.scalars(
        select(StatusUpdateRow)
        .where(StatusUpdateRow.page_id == page)
        .order_by(StatusUpdateRow.at.desc(), StatusUpdateRow.id.desc())
        .limit(limit)
    )
    return [_update(row) for row in rows]


def page(
    session: Session, status_page: int, limit: int, before: int | None
) -> tuple[list[Update], int | None]:
    """What was written for the page of a row, last written first; where the next page begins."""
    query = select(StatusUpdateRow).where(StatusUpdateRow.page_id == status_page)
    if before is not None:
        query = query.where(StatusUpdateRow.id < before)
    rows = list(session.scalars(query.order_by(StatusUpdateRow.id.desc()).limit(limit + 1)))
    following = rows[limit - 1].id if len(rows) > limit else None
    return [_update(row) for row in rows[:limit]], following


def remove(session: Session, page: int, public_id: str) -> None:
    """Take back an update; raises as `load`."""
    gone = session.execute(
        delete(StatusUpdateRow)
        .where(StatusUpdateRow.page_id == page, StatusUpdateRow.public_id == public_id)
        .returning(StatusUpdateRow.id)
    )
    if gone.first() is None:
        raise _not_there(public_id)


def _not_there(public_id: str) -> NotFound:
    return NotFound(f"There is no update {public_id!r}.")


def _update(row: StatusUpdateRow) -> Update:
    return Update(
        id=row.public_id,
        matter=row.matter,
        title=row.title,
        text=row.text,
        status=MatterStatus(row.status),
        keys=tuple(json.loads(row.keys)),
        at=from_column(row.at),
    )
