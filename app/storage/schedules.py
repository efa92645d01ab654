"""Schedules: kept, listed, found when they are due. Their targets are a list that runs share."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.batch import BatchDraft, RunStatus
from app.domain.comparison import ComparisonDraft
from app.domain.errors import NotFound
from app.domain.plan import Kind, Made, Plan, PlanDraft, Work, kind_of
from app.domain.schedule import Schedule
from app.storage import targets
from app.storage.instants import (
    from_column,
    from_optional,
    micros,
    recurrence,
    to_column,
    to_optional,
)
from app.storage.monitor_rows import ScheduleRow
from app.storage.rows import BatchRow, ComparisonRow, TargetListRow
from app.storage.targets import ScheduledList

_encode: Final = msgspec.json.Encoder().encode
_DECODERS: Final[Mapping[str, msgspec.json.Decoder[Work]]] = {
    Kind.BATCH: msgspec.json.Decoder(BatchDraft),
    Kind.COMPARISON: msgspec.json.Decoder(ComparisonDraft),
}
_WAITING: Final = (RunStatus.QUEUED.value, RunStatus.RUNNING.value)


class Stored(NamedTuple):
    """A plan with what its turns are made over."""

    scheduled: ScheduledList
    plan: Plan


def insert_plan(
    session: Session, public_id: str, draft: PlanDraft, due_at: datetime | None, now: datetime
) -> None:
    """Store a new plan with its targets."""
    session.execute(
        insert(ScheduleRow).values(
            public_id=public_id,
            kind=kind_of(draft.work).value,
            list_id=targets.insert_list(session, draft.work.targets),
            draft=_work_json(draft.work),
            due_at=to_optional(due_at),
            missed=0,
            created_at=to_column(now),
            **_settings(draft),
        )
    )


def change_plan(session: Session, key: int, draft: PlanDraft, due_at: datetime | None) -> None:
    """Store a plan in its present form; what it makes stays as it is."""
    session.execute(
        update(ScheduleRow)
        .where(ScheduleRow.id == key)
        .values(due_at=to_optional(due_at), **_settings(draft))
    )


def replace_work(session: Session, key: int, work: Work) -> None:
    """Make something else from now on; what was made keeps its targets."""
    session.execute(
        update(ScheduleRow)
        .where(ScheduleRow.id == key)
        .values(list_id=targets.insert_list(session, work.targets), draft=_work_json(work))
    )


def load(session: Session, public_id: str) -> Stored:
    """The plan of that id.

    Raises:
        NotFound: there is none.
    """
    found = session.execute(_plans().where(ScheduleRow.public_id == public_id)).one_or_none()
    if found is None:
        raise _not_there(public_id)
    return _stored(*found)


def find(session: Session, key: int) -> Stored | None:
    """The plan of a row, if it is there still."""
    found = session.execute(_plans().where(ScheduleRow.id == key)).one_or_none()
    return None if found is None else _stored(*found)


def page(session: Session, limit: int, before: int | None) -> tuple[list[Plan], int | None]:
    """Plans, newest first, and where the next page begins."""
    query = _plans().order_by(ScheduleRow.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(ScheduleRow.id < before)
    found = [_stored(*row) for row in session.execute(query)]
    following = found[limit - 1].scheduled.schedule_key if len(found) > limit else None
    return [stored.plan for stored in found[:limit]], following


def remove(session: Session, public_id: str) -> None:
    """Remove a plan; what it made stays, and its list while that uses it. Raises as `load`."""
    gone = session.execute(
        delete(ScheduleRow).where(ScheduleRow.public_id == public_id).returning(ScheduleRow.id)
    )
    if gone.first() is None:
        raise _not_there(public_id)


def due(session: Session, now: datetime) -> list[int]:
    """The rows of plans whose turn it is, the longest due first."""
    query = select(ScheduleRow.id).where(
        ScheduleRow.due_at.is_not(None), ScheduleRow.due_at <= to_column(now)
    )
    return list(session.scalars(query.order_by(ScheduleRow.due_at)))


def next_due_at(session: Session) -> datetime | None:
    """When the next turn is, if there is any."""
    return from_optional(
        session.scalar(select(func.min(ScheduleRow.due_at)).where(ScheduleRow.due_at.is_not(None)))
    )


def waiting(session: Session, now: datetime) -> list[tuple[int, Schedule, datetime]]:
    """The rows of plans whose turn is still to come, with when they recur and when it is."""
    rows = session.scalars(select(ScheduleRow).where(ScheduleRow.due_at > to_column(now)))
    return [
        (row.id, recurrence(row.interval_us, row.cron, row.timezone), from_column(row.due_at))
        for row in rows
        if row.due_at is not None
    ]


def has_unfinished(session: Session, key: int, kind: Kind) -> bool:
    """Whether something that a plan made has not ended yet."""
    table = BatchRow if kind is Kind.BATCH else ComparisonRow
    query = select(table.id).where(table.schedule_id == key, table.status.in_(_WAITING)).limit(1)
    return session.execute(query).first() is not None


def move_on(session: Session, key: int, due_at: datetime, *, missed: int = 0) -> None:
    """Set a plan's next turn, and count turns in which nothing was made."""
    session.execute(
        update(ScheduleRow)
        .where(ScheduleRow.id == key)
        .values(due_at=to_column(due_at), missed=ScheduleRow.missed + missed)
    )


def note_made(session: Session, key: int, made: Made) -> None:
    """Note what a plan has made last; called in the transaction that stored it."""
    session.execute(
        update(ScheduleRow)
        .where(ScheduleRow.id == key)
        .values(last_id=made.id, last_at=to_column(made.at))
    )


def kind_made(session: Session, public_id: str) -> Kind:
    """What something is that a plan made, by its id; the plan may be gone."""
    query = select(BatchRow.id).where(BatchRow.public_id == public_id)
    return Kind.COMPARISON if session.execute(query).first() is None else Kind.BATCH


def _not_there(public_id: str) -> NotFound:
    return NotFound(f"There is no schedule {public_id!r}.")


def _plans() -> Select[ScheduleRow, int]:
    return select(ScheduleRow, TargetListRow.total).join(
        TargetListRow, TargetListRow.id == ScheduleRow.list_id
    )


def _settings(draft: PlanDraft) -> dict[str, Any]:
    return {
        "name": draft.name,
        "interval_us": micros(draft.schedule.interval),
        "cron": draft.schedule.cron,
        "timezone": draft.schedule.timezone,
        "keep": draft.keep,
        "enabled": draft.enabled,
    }


def _work_json(work: Work) -> str:
    """What is made at each turn, without its targets."""
    return _encode(replace(work, targets=())).decode()


def _stored(row: ScheduleRow, total: int) -> Stored:
    last = None
    if row.last_id is not None and row.last_at is not None:
        last = Made(row.last_id, from_column(row.last_at))
    plan = Plan(
        id=row.public_id,
        name=row.name,
        schedule=recurrence(row.interval_us, row.cron, row.timezone),
        work=_DECODERS[row.kind].decode(row.draft),
        total=total,
        keep=row.keep,
        enabled=row.enabled,
        next_due_at=from_optional(row.due_at),
        last=last,
        missed=row.missed,
        created_at=from_column(row.created_at),
    )
    return Stored(ScheduledList(row.id, row.list_id, total), plan)
