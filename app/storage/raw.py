"""Single outcomes of monitors forgotten once they are rolled up, the oldest first.

The last outcome of each monitor stays, so that it is known however seldom a monitor is checked.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from app.storage.instants import to_column
from app.storage.monitor_rows import MonitorOutcomeRow, RemovedMonitorRow
from app.storage.rollups import remove_all
from app.storage.rows import MetaRow
from app.storage.upkeep import STEP_ROWS

# Rows looked at in one transaction. Those of many monitors lie in as many pages of the index, each
# of which is written once a step: so rather a few thousand than a few hundred.
_STEP: Final = 5000
# What a clock has dated further ahead than this is as old as its neighbours.
_AHEAD: Final = timedelta(days=1)
# The room outcomes take is told from so many samples of so many neighbours.
_SAMPLES, _NEIGHBOURS = 20, 200
# Of a row: its head, whole numbers and the entry in the index; measured, texts come on top.
_ROW_BYTES: Final = 78
_REMOVED: Final = "raw_removed_through"
_ROOM: Final = text(
    "SELECT coalesce(sum(:row + length(coalesce(detail, '')) + length(coalesce(excerpt, '')) "
    "+ length(coalesce(tls, '')) + length(coalesce(earlier, '')) + length(coalesce(url, '')) "
    "+ length(coalesce(final_url, '')) + length(coalesce(remote_address, '')) "
    "+ length(coalesce(reason, ''))), 0) FROM monitor_outcomes WHERE id BETWEEN :first AND :last"
)
_FIRST_NOT_ROLLED: Final = text(
    "SELECT min((SELECT min(o.id) FROM monitor_outcomes o WHERE o.monitor_id = m.id "
    "AND o.id > coalesce(r.outcome_id, 0))) "
    "FROM monitors m LEFT JOIN rolls r ON r.monitor_id = m.id"
)
_ENDS: Final = text("SELECT min(id), max(id) FROM monitor_outcomes")
_STEP_ENDS: Final = text(
    "SELECT max(id) FROM (SELECT id FROM monitor_outcomes WHERE id > :after AND id < :floor "
    "ORDER BY id LIMIT :step)"
)
_OVER: Final = (
    "FROM monitor_outcomes WHERE id > :after AND id <= :last "
    "AND (started_at < :before OR started_at > :ahead OR id <= :upto)"
)
_THROUGH: Final = text("SELECT max(id) " + _OVER)
_LAST_OF_EACH: Final = text(
    "SELECT (SELECT max(o.id) FROM monitor_outcomes o WHERE o.monitor_id = m.id) AS last "
    "FROM monitors m WHERE last IS NOT NULL ORDER BY last"
)


class Sweep(NamedTuple):
    """What is to be forgotten.

    Attributes:
        before, ahead: what began before the one, or after the other, which cannot be.
        upto: what has an id up to this, whatever its age.
        floor: the first outcome that is not rolled up; from there on all stays.
        lasts: the last outcome of each monitor, in order; they stay.
    """

    before: int
    ahead: int
    upto: int
    floor: int
    lasts: Sequence[int]


def to_sweep(session: Session, before: datetime, now: datetime, most_bytes: int) -> Sweep | None:
    """What is to be forgotten; `None`: nothing."""
    first, last = session.execute(_ENDS).one()
    if first is None:
        return None
    room = bytes_of(session)
    upto = 0 if room <= most_bytes else first + int((last - first) * (1 - most_bytes / room))
    oldest = session.scalars(
        select(MonitorOutcomeRow.started_at).order_by(MonitorOutcomeRow.id).limit(_STEP)
    )
    limits = to_column(before), to_column(now + _AHEAD)
    if not upto and all(limits[0] <= at <= limits[1] for at in oldest):
        return None
    floor = session.scalar(_FIRST_NOT_ROLLED)
    lasts = list(session.scalars(_LAST_OF_EACH))
    return Sweep(*limits, upto, last + 1 if floor is None else floor, lasts)


def remove_some(session: Session, sweep: Sweep, after: int) -> tuple[int, int | None]:
    """Take one step at it, after an outcome: how many went, and where the next step begins."""
    ends = {"after": after, "floor": sweep.floor, "step": _STEP}
    last = session.scalar(_STEP_ENDS, ends)
    if last is None:
        return 0, None
    limits = {"before": sweep.before, "ahead": sweep.ahead, "upto": sweep.upto}
    young = session.scalars(
        select(MonitorOutcomeRow.started_at).where(MonitorOutcomeRow.id == last)
    ).one()
    through = session.scalar(_THROUGH, {"after": after, "last": last, **limits})
    kept = sweep.lasts[bisect_right(sweep.lasts, after) : bisect_right(sweep.lasts, last)]
    remove = text(f"DELETE {_OVER} AND id NOT IN ({', '.join(map(str, kept))})")
    gone: Any = session.execute(remove, {"after": after, "last": last, **limits})
    if through is not None:
        _note_removed(session, through)
    over = last > sweep.upto and sweep.before <= young <= sweep.ahead
    return gone.rowcount, None if over else last


def removed_through(session: Session) -> int:
    """The last outcome up to which none is left but the last of each monitor."""
    through = session.scalar(select(MetaRow.value).where(MetaRow.name == _REMOVED))
    return 0 if through is None else int(through)


def _note_removed(session: Session, through: int) -> None:
    if through <= removed_through(session):
        return
    noted = insert(MetaRow).values(name=_REMOVED, value=str(through))
    session.execute(
        noted.on_conflict_do_update(index_elements=["name"], set_={"value": str(through)})
    )


def bytes_of(session: Session) -> int:
    """How much room the outcomes take, by samples."""
    first, last = session.execute(_ENDS).one()
    if first is None:
        return 0
    ids = last - first + 1
    step = max(ids // _SAMPLES, _NEIGHBOURS)
    sampled, found = 0, 0
    for begin in range(first, last + 1, step):
        end = min(begin + _NEIGHBOURS - 1, last)
        span = {"row": _ROW_BYTES, "first": begin, "last": end}
        found += session.scalar(_ROOM, span) or 0
        sampled += end - begin + 1
    return int(found * ids / sampled)


def remove_some_orphans(session: Session, limit: int = STEP_ROWS) -> bool:
    """Take one step at removing what came of removed monitors; whether there was something."""
    monitor = session.scalars(select(RemovedMonitorRow.monitor_id).limit(1)).first()
    if monitor is None:
        return False
    some = list(
        session.scalars(
            select(MonitorOutcomeRow.id).where(MonitorOutcomeRow.monitor_id == monitor).limit(limit)
        )
    )
    if some:
        session.execute(delete(MonitorOutcomeRow).where(MonitorOutcomeRow.id.in_(some)))
    else:
        remove_all(session, monitor)
        session.execute(delete(RemovedMonitorRow).where(RemovedMonitorRow.monitor_id == monitor))
    return True
