"""What is common to batches, comparisons and experiments: made once, and waited for."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from app.services import clock
from app.services.notices import Notices
from app.storage.database import Database
from app.storage.idempotency import Once, made_once

T = TypeVar("T")


async def accepted(
    database: Database,
    notices: Notices,
    once: Once | None,
    make: Callable[[Session, datetime], str],
    load: Callable[[Session, str], T],
) -> T:
    """Make something in one commit and tell the loops; it is on disk when this returns.

    Args:
        once: makes it once for all requests that say the same.
        make: stores it and answers its id.
        load: what there is by that id, in the same commit.

    Raises:
        Invalid: a request with the same key said something else.
        NotFound: what the key made has been removed since.
        As `make`.
    """

    def store(session: Session) -> T:
        now = clock.now()
        return load(session, made_once(session, once, now, lambda: make(session, now)))

    made = await database.write(store)
    notices.work.set()
    return made


async def ended(
    database: Database,
    notices: Notices,
    public_id: str,
    load: Callable[[Session, str], T],
    over: Callable[[T], bool],
    seconds: float,
) -> T:
    """Something once it has ended in any way, or as it is after so many seconds."""
    return await notices.wait_until(
        public_id,
        lambda: database.read(lambda session: load(session, public_id)),
        over,
        seconds,
    )
