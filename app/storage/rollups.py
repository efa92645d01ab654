"""Roll-ups written: each outcome added once, the seconds of each hour laid down once.

One transaction reads how far a monitor has come, adds, and moves it on; so a kill at any point
leaves it as it was, or wholly done.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from app.domain.histogram import merged
from app.domain.rollup import DAY, HOUR, PHASES, SLOTS, Laid, Roll, Seen, Tally, floor, number
from app.domain.uptime import TOLD, UNSEEN, Standing
from app.storage.instants import from_column, from_optional, to_column
from app.storage.monitor_rows import MonitorRow
from app.storage.rollup_rows import DayRow, HourRow, RollRow

_STATUS_COLUMNS: Final = tuple(f"{status.value}_us" for status in TOLD)
_COUNTS: Final = ("ups", "degradeds", "downs", "unknowns", "missed")
_OPENING: Final = ("status", "hidden", "through")
_NUMBERS: Final = (*_STATUS_COLUMNS, *_COUNTS)
_HISTOGRAMS: Final = {"monitor_days": ("total",), "monitor_hours": ("total", *PHASES)}
_SIZES: Final[dict[str, timedelta]] = {"monitor_days": DAY, "monitor_hours": HOUR}

#: What `seen_of` takes, of a monitor.
SEEN: Final = (
    "SELECT id, started_at, status, reason, missed, http_status, total_us, name_lookup_us, "
    "connect_us, tls_us, wait_us, receive_us FROM monitor_outcomes WHERE monitor_id=?"
)
_SEEN_AFTER: Final = f"{SEEN} AND id > ? ORDER BY id LIMIT ?"
_LOAD: Final = (
    "SELECT m.created_at, r.rolled_until, r.outcome_id, r.status, r.hidden, r.through "
    "FROM monitors m LEFT JOIN rolls r ON r.monitor_id = m.id WHERE m.id=?"
)
_SAVE: Final = (
    "INSERT INTO rolls (monitor_id, rolled_until, outcome_id, status, hidden, through) "
    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(monitor_id) DO UPDATE SET "
    "rolled_until=excluded.rolled_until, outcome_id=excluded.outcome_id, status=excluded.status, "
    "hidden=excluded.hidden, through=excluded.through"
)
_REMOVE_HOURS: Final = "DELETE FROM monitor_hours WHERE id >= ? AND id < ?"
_encode: Final = msgspec.json.Encoder(order="sorted").encode
_decode: Final = msgspec.json.Decoder(dict[str, int]).decode


def due(session: Session, boundary: datetime) -> list[int]:
    """The monitors whose history is not rolled up to a full hour yet."""
    query = (
        select(MonitorRow.id)
        .outerjoin(RollRow, RollRow.monitor_id == MonitorRow.id)
        .where(or_(RollRow.rolled_until.is_(None), RollRow.rolled_until < to_column(boundary)))
        .where(MonitorRow.created_at < to_column(boundary))
    )
    return list(session.scalars(query.order_by(MonitorRow.id)))


def behind(session: Session) -> datetime | None:
    """Until when the history of the monitor that is furthest behind is rolled up, if there is any.

    Of one of which nothing is rolled up yet, that is when it was made.
    """
    furthest = func.min(func.coalesce(RollRow.rolled_until, MonitorRow.created_at))
    query = select(furthest).select_from(MonitorRow)
    return from_optional(
        session.scalar(query.outerjoin(RollRow, RollRow.monitor_id == MonitorRow.id))
    )


def load(session: Session, monitor: int) -> tuple[datetime, Roll] | None:
    """When a monitor was made and how far it has come; `None`: there is no such monitor."""
    cursor = session.connection().connection.cursor()
    cursor.execute(_LOAD, (monitor,))
    row: Any = cursor.fetchone()
    if row is None:
        return None
    created_at, until, outcome, status, hidden, through = row
    born = from_column(created_at)
    if until is None:
        return born, Roll(floor(born, HOUR), 0, UNSEEN, 0)
    return born, Roll(from_column(until), outcome, Standing(status, bool(hidden)), through)


def save(session: Session, monitor: int, roll: Roll) -> None:
    """Note how far a monitor has come."""
    standing = roll.standing
    session.connection().exec_driver_sql(
        _SAVE,
        (monitor, to_column(roll.until), roll.outcome, *standing, roll.through),
    )


def outcomes_after(session: Session, monitor: int, outcome: int, limit: int) -> list[Seen]:
    """What came of a monitor after an outcome, in the order it came."""
    cursor = session.connection().connection.cursor()
    cursor.execute(_SEEN_AFTER, (monitor, outcome, limit))
    return [seen_of(row) for row in cursor.fetchall()]


def seen_of(row: Sequence[Any]) -> Seen:
    """What a roll-up looks at of a row."""
    return Seen._make((*row[:7], row[7:]))


def add_outcomes(
    session: Session, table: str, monitor: int, tallies: Iterable[tuple[int, Tally]]
) -> None:
    """Add outcomes to the hours, or to the days, that they began in."""
    names, hourly = _HISTOGRAMS[table], table == HourRow.__tablename__
    columns = ("id", *_NUMBERS, "reasons", *names)
    if hourly:
        columns += ("first_outcome", "last_outcome")
    rows = []
    for slot, tally in tallies:
        key = key_of(monitor, slot)
        reasons, *histograms = _merged(session, table, names, key, tally)
        row = [key, *(0 for _ in _STATUS_COLUMNS), *tally.counts(), reasons, *histograms]
        rows.append((*row, tally.first, tally.last) if hourly else tuple(row))
    changes = [*(f"{name}={name}+excluded.{name}" for name in _COUNTS), "reasons=excluded.reasons"]
    changes += [f"{name}=excluded.{name}" for name in names]
    if hourly:
        changes += [
            "first_outcome=min(coalesce(first_outcome, excluded.first_outcome), "
            "excluded.first_outcome)",
            "last_outcome=max(coalesce(last_outcome, excluded.last_outcome), "
            "excluded.last_outcome)",
        ]
    _upsert(session, table, columns, changes, rows)


def add_seconds(session: Session, table: str, monitor: int, laid: Iterable[Laid]) -> None:
    """Add seconds to the hours, or to the days, that they lie in."""
    rows = [
        (
            key_of(monitor, number(each.span.since, _SIZES[table])),
            each.standing.status, each.standing.hidden, each.through,
            *(round(each.uptime.seconds[status] * 1e6) for status in TOLD),
            *(0 for _ in _COUNTS),
        )
        for each in laid
    ]  # fmt: skip
    changes = [f"{name}={name}+excluded.{name}" for name in _STATUS_COLUMNS]
    changes += [f"{name}=coalesce({name}, excluded.{name})" for name in _OPENING]
    _upsert(session, table, ("id", *_OPENING, *_NUMBERS), changes, rows)


def remove_hours(session: Session, monitor: int, before: datetime) -> None:
    """Forget the hours of a monitor from before an instant; their days stay."""
    ends = key_of(monitor, 0), key_of(monitor, number(before, HOUR))
    session.connection().exec_driver_sql(_REMOVE_HOURS, ends)


def remove_all(session: Session, monitor: int) -> None:
    """Forget every hour and day of a monitor."""
    for table in (HourRow, DayRow):
        session.execute(
            delete(table).where(table.id >= key_of(monitor, 0), table.id < key_of(monitor + 1, 0))
        )


def key_of(monitor: int, slot: int) -> int:
    """The id of the row of an hour or a day; a time no calendar knows is the last there is."""
    return monitor * SLOTS + min(max(slot, 0), SLOTS - 1)


def _merged(
    session: Session, table: str, names: Sequence[str], key: int, tally: Tally
) -> tuple[Any, ...]:
    """Reasons and histograms of a row with those of a tally added."""
    fresh = tally.encoded(len(names))
    cursor = session.connection().connection.cursor()
    cursor.execute(f"SELECT reasons, {', '.join(names)} FROM {table} WHERE id=?", (key,))  # noqa: S608 -- our own constants
    kept = cursor.fetchone()
    reasons = Counter(tally.reasons)
    if kept is not None:
        reasons.update(_decode(kept[0]) if kept[0] is not None else {})
        fresh = tuple(
            new if old is None else old if new is None else merged((old, new)).encoded()
            for old, new in zip(kept[1:], fresh, strict=True)
        )
    return (_encode(reasons).decode() if reasons else None, *fresh)


def _upsert(
    session: Session,
    table: str,
    columns: Sequence[str],
    changes: Sequence[str],
    rows: Sequence[tuple[object, ...]],
) -> None:
    if rows:
        session.connection().exec_driver_sql(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "  # noqa: S608 -- our own constants
            f"ON CONFLICT(id) DO UPDATE SET {', '.join(changes)}",
            list(rows),
        )
