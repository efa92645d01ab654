"""Status pages: made, changed, written for, removed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.errors import Conflict, FieldError, Invalid, NotFound
from app.domain.status_page import MatterStatus, StatusPage, Update
from app.services import clock
from app.services.accepting import accepted
from app.services.notices import Notices
from app.storage import incidents, status_pages, status_updates
from app.storage.database import Database
from app.storage.idempotency import Once


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What somebody writes.

    Attributes:
        title: `None`: what the matter is called already.
        keys: of the monitors that are affected.
        matter: the id of what it goes on with; `None`: it begins something.
        at: `None`: now.
    """

    title: str | None
    text: str
    status: MatterStatus
    keys: tuple[str, ...]
    matter: str | None
    at: datetime | None


async def create(
    database: Database,
    notices: Notices,
    ask: Callable[[str, datetime], StatusPage],
    once: Once | None = None,
) -> StatusPage:
    """Make a page; it is on disk when this returns.

    Args:
        ask: the page, from its id and when it was made.
        once: as of `accepted`.

    Raises:
        Conflict: there is one of that slug.
        As `accepted`.
    """

    def make(session: Session, now: datetime) -> str:
        page = ask(clock.new_id("pag"), now)
        if status_pages.find_row(session, page.slug) is not None:
            raise Conflict(f"There is a status page {page.slug!r} already.")
        status_pages.insert_page(session, page)
        return page.slug

    return await accepted(database, notices, once, make, status_pages.load)


async def change(
    database: Database, slug: str, how: Callable[[StatusPage], StatusPage]
) -> StatusPage:
    """Define a page anew; raises `NotFound`, and as `how`."""

    def store(session: Session) -> StatusPage:
        before = status_pages.load(session, slug)
        page = replace(
            how(before),
            id=before.id,
            slug=before.slug,
            created_at=before.created_at,
            updated_at=clock.now(),
        )
        status_pages.replace_page(session, page)
        return page

    return await database.write(store)


async def remove(database: Database, slug: str) -> None:
    """Remove a page with all that was written for it; raises `NotFound`."""
    await database.write(lambda session: status_pages.remove(session, slug))


async def write(
    database: Database,
    notices: Notices,
    slug: str,
    written: Written,
    once: Once | None = None,
) -> Update:
    """Publish what somebody writes; it is on disk when this returns.

    Raises:
        NotFound: there is no such page.
        Invalid: it goes on with nothing of this page, has no title, or names strange monitors.
        As `accepted`.
    """

    def make(session: Session, now: datetime) -> str:
        page = status_pages.load(session, slug)
        row = status_pages.row_of(session, slug)
        update = _update(session, page, row, written, now)
        status_updates.insert_update(session, row, update)
        return update.id

    def load(session: Session, public_id: str) -> Update:
        return status_updates.load(session, status_pages.row_of(session, slug), public_id)

    return await accepted(database, notices, once, make, load)


async def take_back(database: Database, slug: str, public_id: str) -> None:
    """Remove what somebody wrote; raises `NotFound`."""

    def store(session: Session) -> None:
        status_updates.remove(session, status_pages.row_of(session, slug), public_id)

    await database.write(store)


def _update(
    session: Session, page: StatusPage, row: int, written: Written, now: datetime
) -> Update:
    shown = status_pages.shown_on(session, page)
    faults = [
        FieldError(f"/keys/{index}", f"{key!r} is no monitor of this page")
        for index, key in enumerate(written.keys)
        if key not in shown
    ]
    named = None
    if written.matter is not None:
        named = status_updates.title_of(session, row, written.matter)
        if named is None and not _is_of(session, written.matter, shown):
            faults.append(FieldError("/incident", "is nothing that this page tells of"))
    title = written.title or named
    if title is None:
        faults.append(FieldError("/title", "has to be given with the first update on a matter"))
    at = written.at or now
    if at > now:
        faults.append(FieldError("/at", "has not come yet; say in the text when it will be"))
    if faults or title is None:
        raise Invalid("The update is not valid.", faults)
    return Update(
        id=clock.new_id("upd"),
        matter=written.matter or clock.new_id("mat"),
        title=title,
        text=written.text,
        status=written.status,
        keys=written.keys,
        at=at,
    )


def _is_of(session: Session, incident: str, shown: dict[str, int]) -> bool:
    """Whether it is an incident of one of the monitors shown."""
    try:
        stored = incidents.load(session, incident)
    except NotFound:
        return False
    return stored.monitor in shown.values()
