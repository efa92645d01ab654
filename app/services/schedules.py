"""Schedules: defined, changed, and the loop that makes what is due."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.orm import Session

from app.domain.batch import BatchDraft
from app.domain.comparison import MAX_SEED
from app.domain.plan import Kind, Made, Plan, PlanDraft
from app.domain.schedule import on_grid
from app.engine.machine import cores
from app.services import clock
from app.services.accepting import accepted
from app.services.batches import decided
from app.services.notices import Notices, heard
from app.storage import batches, comparisons, schedules
from app.storage.database import Database
from app.storage.idempotency import Once
from app.storage.schedules import Stored

logger = structlog.get_logger(__name__)

# How long the loop sleeps when nothing is due, and after a fault of our own, in seconds.
_LOOK_SECONDS: Final = 5.0
_REST_SECONDS: Final = 1.0
# A clock that is put right by less has not been put back: what it has just named stays named.
_PUT_BACK: Final = timedelta(minutes=1)


async def create(
    database: Database, notices: Notices, draft: PlanDraft, once: Once | None = None
) -> Plan:
    """Keep a plan; it is on disk when this returns. Args, raises: as `accepted`."""

    def make(session: Session, now: datetime) -> str:
        public_id = clock.new_id("sch")
        schedules.insert_plan(session, public_id, draft, first_due(draft, None, now), now)
        return public_id

    plan = await accepted(database, notices, once, make, _load)
    notices.schedules.set()
    return plan


async def change(
    database: Database, notices: Notices, public_id: str, how: Callable[[Plan], PlanDraft]
) -> Plan:
    """Define a plan anew; its work only where the new draft has targets.

    Args:
        how: the plan as it is to be, from what it is.

    Raises:
        NotFound: there is none.
        As `how`.
    """

    def store(session: Session) -> Plan:
        (key, _, _), before = schedules.load(session, public_id)
        draft = how(before)
        due_at = before.next_due_at
        if (draft.schedule, draft.enabled) != (before.schedule, before.enabled):
            due_at = first_due(draft, before.last, clock.now())
        if draft.work.targets:
            schedules.replace_work(session, key, draft.work)
        schedules.change_plan(session, key, draft, due_at)
        return _load(session, public_id)

    plan = await database.write(store)
    notices.schedules.set()
    return plan


async def remove(database: Database, public_id: str) -> None:
    """Make nothing more; what was made stays. Raises `NotFound`."""
    await database.write(lambda session: schedules.remove(session, public_id))


async def load(database: Database, public_id: str) -> Plan:
    """The plan of that id; raises `NotFound`."""
    return await database.read(lambda session: _load(session, public_id))


async def run_now(
    database: Database, notices: Notices, public_id: str, once: Once | None = None
) -> tuple[Kind, str]:
    """Make one beside its turns; what it is, and its id. Raises: as `accepted`."""

    def make(session: Session, now: datetime) -> str:
        return make_one(session, schedules.load(session, public_id), now)

    def find(session: Session, made: str) -> tuple[Kind, str]:
        return schedules.kind_made(session, made), made

    return await accepted(database, notices, once, make, find)


def _load(session: Session, public_id: str) -> Plan:
    return schedules.load(session, public_id).plan


def first_due(draft: PlanDraft, last: Made | None, now: datetime) -> datetime | None:
    """When a plan's turns begin; `None` while it is paused.

    An interval begins at once, or that long after what was made last.
    """
    schedule = draft.schedule
    if not draft.enabled:
        return None
    if schedule.interval is None:
        return schedule.next_after(now)
    at = on_grid(now)
    if last is None:
        return at
    # The last may lie in the future: clocks are put back.
    period = timedelta(seconds=schedule.interval)
    return max(at, min(on_grid(last.at + period), at + period))


def take_turn(session: Session, key: int, now: datetime) -> str | None:
    """Move a plan on and make what it makes; its id, or `None` where nothing was made.

    Turns that have passed come together in this one. Nothing is made while what was made before
    has not ended. All but the one that is made are counted as missed.
    """
    stored = schedules.find(session, key)
    due_at = None if stored is None else stored.plan.next_due_at
    if stored is None or due_at is None or due_at > now:
        # It was paused, changed or removed since it was found.
        return None
    following, missed = stored.plan.schedule.following(due_at, now)
    unfinished = schedules.has_unfinished(session, key, stored.plan.kind)
    schedules.move_on(session, key, following, missed=missed + unfinished)
    return None if unfinished else make_one(session, stored, now)


def make_one(session: Session, stored: Stored, now: datetime) -> str:
    """Store the next batch or comparison of a plan, over its list; answers its id."""
    over, plan = stored
    work = replace(plan.work, name=plan.work.name or plan.name)
    public_id = clock.new_id("bat" if isinstance(work, BatchDraft) else "cmp")
    if isinstance(work, BatchDraft):
        if work.left_to_us is not None:
            # It may have been asked for on a machine of another size.
            work = replace(work, left_to_us=replace(work.left_to_us, cores=cores()))
        batches.insert_batch(session, public_id, decided(session, work), now, scheduled=over)
    else:
        work = replace(work, seed=secrets.randbelow(MAX_SEED))
        comparisons.insert_comparison(session, public_id, work, now, scheduled=over)
    schedules.note_made(session, over.schedule_key, Made(public_id, now))
    return public_id


class Schedules:
    """The loop that makes what is due."""

    def __init__(self, database: Database, notices: Notices) -> None:
        self._database = database
        self._notices = notices
        self._looked_at: datetime | None = None

    async def serve(self) -> None:
        """Until cancelled, or the service is about to stop."""
        while not self._notices.closed:
            self._notices.schedules.clear()
            try:
                pause = await self.make_due(clock.now())
            except Exception:  # of a loop: what was not made now is made in the next round
                logger.exception("schedules_interrupted")
                pause = _REST_SECONDS
            await heard(self._notices.schedules, pause)

    async def make_due(self, now: datetime) -> float:
        """Make what is due; seconds until something may be due again."""
        if self._looked_at is None or now < self._looked_at - _PUT_BACK:
            await self._database.write(lambda session: pull_back(session, now))
        self._looked_at = now
        found = await self._database.read(lambda session: schedules.due(session, now))
        turns = [await self._turn(key, now) for key in found]
        if not all(turns):
            return _REST_SECONDS
        at = await self._database.read(schedules.next_due_at)
        return clock.seconds_until(at, now, _LOOK_SECONDS)

    async def _turn(self, key: int, now: datetime) -> bool:
        """One plan's turn; false when it could not be taken, which must not keep others waiting."""
        try:
            made = await self._database.write(lambda session: take_turn(session, key, now))
        except Exception:  # of a loop: one plan that cannot be carried out is one, not all
            logger.exception("schedule_interrupted", schedule=key)
            return False
        if made is not None:
            logger.info("schedule_made", made=made)
            self._notices.work.set()
        return True


def pull_back(session: Session, now: datetime) -> None:
    """Bring back turns that a clock put back has left further away than they ever lie."""
    for key, schedule, due_at in schedules.waiting(session, now):
        at = schedule.next_after(now)
        if at < due_at:
            schedules.move_on(session, key, at)
