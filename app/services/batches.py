"""Batches: submitted, waited for, cancelled, removed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.batch import Batch, BatchDraft, RunStatus
from app.domain.errors import Conflict
from app.services import clock
from app.services.accepting import accepted, ended
from app.services.advice import advised
from app.services.notices import Notices
from app.storage import batches, targets
from app.storage.database import Database
from app.storage.idempotency import Once
from checkers import Target


async def submit(
    database: Database, notices: Notices, draft: BatchDraft, once: Once | None = None
) -> Batch:
    """Accept a batch; it is on disk when this returns. Args, raises: as `accepted`."""
    return await _accept(database, notices, lambda _session: draft, once)


async def rerun(
    database: Database,
    notices: Notices,
    public_id: str,
    again: Callable[[Batch, Sequence[Target]], BatchDraft],
    *,
    only_not_up: bool,
    once: Once | None = None,
) -> Batch:
    """Check the targets of an ended batch again, in a batch of its own.

    Args:
        again: the new batch, from the old one and the targets that are to be checked.
        only_not_up: leave out the targets that were up.

    Raises:
        NotFound: there is no such batch.
        Conflict: it has not ended, or there is nothing to be checked again.
        As `submit`.
    """

    def found(session: Session) -> BatchDraft:
        batch = batches.load(session, public_id)
        if not batch.ended:
            raise Conflict("The batch has not ended.")
        key, list_id = batches.key_of(session, public_id)
        items = targets.load_items(
            session, list_id, first=batch.total, not_up_in=key if only_not_up else None
        )
        if not items:
            raise Conflict("Every target was up; there is nothing to run again.")
        return again(batch, [item.target for item in items])

    return await _accept(database, notices, found, once)


async def _accept(
    database: Database,
    notices: Notices,
    draft: Callable[[Session], BatchDraft],
    once: Once | None,
) -> Batch:
    def make(session: Session, now: datetime) -> str:
        public_id = clock.new_id("bat")
        batches.insert_batch(session, public_id, decided(session, draft(session)), now)
        return public_id

    return await accepted(database, notices, once, make, batches.load)


def decided(session: Session, draft: BatchDraft) -> BatchDraft:
    """The draft with a strategy, where that was left to us."""
    if draft.left_to_us is None:
        return draft
    found = advised(session, draft.left_to_us)
    return replace(
        draft,
        strategy=found.strategy,
        client=found.client,
        concurrency=found.concurrency,
        choice=found.choice,
    )


async def load(database: Database, public_id: str) -> Batch:
    """The batch of that id; raises `NotFound`."""
    return await database.read(lambda session: batches.load(session, public_id))


async def wait_until_ended(
    database: Database, notices: Notices, public_id: str, seconds: float
) -> Batch:
    """The batch once it has ended in any way, or as it is after so many seconds."""
    return await ended(
        database, notices, public_id, batches.load, lambda batch: batch.ended, seconds
    )


async def cancel(database: Database, public_id: str) -> bool:
    """Let no check of this batch start any more; false when it had ended already."""

    def end(session: Session) -> bool:
        key, _ = batches.key_of(session, public_id)
        return batches.end(session, key, clock.now(), RunStatus.CANCELLED)

    return await database.write(end)


async def remove(database: Database, public_id: str) -> None:
    """Remove a batch that has ended, with its outcomes.

    Raises:
        NotFound: there is none.
        Conflict: it belongs to a comparison, or has not ended.
    """

    def forget(session: Session) -> None:
        batch = batches.load(session, public_id)
        if batch.comparison_id is not None:
            raise Conflict(f"The batch is a round of comparison {batch.comparison_id}.")
        if not batch.ended:
            raise Conflict("The batch has not ended.")
        batches.remove(session, *batches.key_of(session, public_id))

    await database.write(forget)
