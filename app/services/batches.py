"""Batches: submitted, waited for, cancelled, removed."""

from sqlalchemy.orm import Session

from app.domain.batch import Batch, BatchDraft, RunStatus
from app.domain.errors import Conflict
from app.services import clock
from app.services.notices import Notices
from app.storage import batches
from app.storage.database import Database


async def submit(database: Database, notices: Notices, draft: BatchDraft) -> Batch:
    """Accept a batch; it is on disk when this returns."""
    public_id = clock.new_id("bat")

    def store(session: Session) -> Batch:
        batches.insert_batch(session, public_id, draft, clock.now())
        return batches.load(session, public_id)

    batch = await database.write(store)
    notices.work.set()
    return batch


async def load(database: Database, public_id: str) -> Batch:
    """The batch of that id; raises `NotFound`."""
    return await database.read(lambda session: batches.load(session, public_id))


async def wait_until_ended(
    database: Database, notices: Notices, public_id: str, seconds: float
) -> Batch:
    """The batch once it has ended in any way, or as it is after so many seconds."""
    return await notices.wait_until(
        public_id, lambda: load(database, public_id), lambda batch: batch.ended, seconds
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
