"""Maintenance windows: announced, changed, called off."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.maintenance import Maintenance
from app.services import clock
from app.services.accepting import accepted
from app.services.notices import Notices
from app.storage import maintenances
from app.storage.database import Database
from app.storage.idempotency import Once


async def create(
    database: Database,
    notices: Notices,
    ask: Callable[[str, datetime], Maintenance],
    once: Once | None = None,
) -> Maintenance:
    """Announce a window; it is on disk when this returns.

    Args:
        ask: the window, from its id and when it was made.
        once: as of `accepted`.

    Raises:
        As `accepted`.
    """

    def make(session: Session, now: datetime) -> str:
        window = ask(clock.new_id("mnt"), now)
        maintenances.insert_window(session, window)
        return window.id

    window = await accepted(database, notices, once, make, maintenances.load)
    notices.maintenances.set()
    return window


async def change(
    database: Database,
    notices: Notices,
    public_id: str,
    how: Callable[[Maintenance], Maintenance],
) -> Maintenance:
    """Define a window anew; raises `NotFound`, and as `how`."""

    def store(session: Session) -> Maintenance:
        before = maintenances.load(session, public_id)
        window = replace(how(before), id=before.id, created_at=before.created_at)
        maintenances.replace_window(session, window)
        return window

    window = await database.write(store)
    notices.maintenances.set()
    return window


async def remove(database: Database, notices: Notices, public_id: str) -> None:
    """Call a window off; raises `NotFound`."""
    await database.write(lambda session: maintenances.remove(session, public_id))
    notices.maintenances.set()


async def load(database: Database, public_id: str) -> Maintenance:
    """The window of that id; raises `NotFound`."""
    return await database.read(lambda session: maintenances.load(session, public_id))
