"""How many checks of a monitor were made in a window, and where the single ones lie."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from app.domain.rollup import DAY, HOUR, Seen, ceiling, floor, number
from app.domain.slices import Slices, sliced
from app.domain.uptime import Span
from app.storage.instants import LATEST, to_column
from app.storage.past import Past, driver, keys
from app.storage.rollups import SEEN, key_of, seen_of
from checkers import Status

_COUNTS: Final = "sum(ups), sum(degradeds), sum(downs), sum(unknowns), sum(missed)"
_COUNTED: Final = (
    "SELECT status, count(*) FROM monitor_outcomes WHERE monitor_id=? AND id BETWEEN ? AND ? "
    "AND missed IS NULL AND started_at >= ? AND started_at < ? GROUP BY status"
)
_ENDS: Final = "SELECT first_outcome, last_outcome FROM monitor_hours WHERE id=?"
_SEEN_IN: Final = (
    f"{SEEN} AND id BETWEEN ? AND ? AND started_at >= ? AND started_at < ? ORDER BY id"
)
SIZES: Final = (("monitor_days", DAY), ("monitor_hours", HOUR))


class Counted(NamedTuple):
    """Checks by status, and turns that were missed."""

    statuses: Counter[str]
    missed: int

    @property
    def checks(self) -> int:
        """How many checks were made."""
        return self.statuses.total()


def count(session: Session, past: Past, window: Span) -> Counted:
    """The checks of a monitor in a window."""
    cut = sliced(window, past.kept)
    statuses: Counter[str] = Counter()
    missed = 0
    cursor = driver(session)
    for table, size in SIZES:
        for span in cut.days if size is DAY else cut.hours:
            cursor.execute(
                f"SELECT {_COUNTS} FROM {table} WHERE id >= ? AND id < ?",  # noqa: S608 -- our own constants
                keys(past.monitor, span, size),
            )
            *counts, lost = (each or 0 for each in cursor.fetchone())
            statuses.update(dict(zip((status.value for status in Status), counts, strict=True)))
            missed += lost
    for ids, span in raw_parts(session, past, window, cut):
        cursor.execute(_COUNTED, (past.monitor, *ids, *map(to_column, span)))
        statuses.update(dict(cursor.fetchall()))
    return Counted(statuses, missed)


def raw_parts(
    session: Session, past: Past, window: Span, cut: Slices
) -> Iterator[tuple[tuple[int, int], Span]]:
    """Where the single outcomes lie that belong to a window: between which ids, in which span."""
    cursor = driver(session)
    for span in cut.fringes:
        cursor.execute(_ENDS, (key_of(past.monitor, number(span.since, HOUR)),))
        row = cursor.fetchone()
        if row is not None and row[0] is not None:
            yield (row[0], min(row[1], past.roll.outcome)), span
    if window.until > past.roll.until - HOUR:
        yield (past.roll.outcome + 1, LATEST), window


def seen_in(session: Session, monitor: int, ids: tuple[int, int], span: Span) -> Iterator[Seen]:
    """The outcomes of a monitor that lie between two ids and began within a span."""
    cursor = driver(session)
    cursor.execute(_SEEN_IN, (monitor, *ids, *map(to_column, span)))
    for row in cursor.fetchall():
        yield seen_of(row)


def seen_since(session: Session, past: Past, window: Span) -> Iterator[Seen]:
    """The single outcomes of a monitor in a window, as far as they are kept."""
    cursor = driver(session)
    cursor.execute(
        "SELECT min(first_outcome) FROM monitor_hours WHERE id >= ? AND id < ?",
        keys(past.monitor, Span(floor(window.since, HOUR), ceiling(window.until, HOUR)), HOUR),
    )
    (first,) = cursor.fetchone()
    if window.since < past.kept.hours:
        first = 1
    return seen_in(session, past.monitor, (first or past.roll.outcome + 1, LATEST), window)
