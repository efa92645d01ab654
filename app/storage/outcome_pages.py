"""Outcomes as people leaf through them: in several orders, forwards and back, by key."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.outcome import StoredOutcome
from app.domain.statistics import nearest_rank
from app.storage.outcomes import SELECT_OUTCOMES, Wanted, conditions_of
from app.storage.rows import OutcomeRow
from checkers import Status

# Worst first.
_GRAVITY: Final = (Status.DOWN, Status.DEGRADED, Status.UNKNOWN, Status.UP)
_JOIN: Final = "JOIN targets t ON t.list_id = ? AND t.seq = o.seq"


class Order(StrEnum):
    """By what outcomes are sorted; those that are alike by their place in the request."""

    PLACE = "place"
    TOTAL = "total"
    STATUS = "status"


class Place(NamedTuple):
    """Where an outcome stands in an order: what it is sorted by, and its place in the request."""

    value: int
    seq: int


class Listing(NamedTuple):
    """Which outcomes are asked for, in which order.

    Attributes:
        backwards: the last first: the longest, the least grave.
    """

    wanted: Wanted
    order: Order = Order.PLACE
    backwards: bool = False


class Sheet(NamedTuple):
    """Some outcomes of a listing.

    Attributes:
        before, after: where to go on to either side; `None`: there is nothing more.
    """

    outcomes: Sequence[StoredOutcome]
    before: Place | None
    after: Place | None


_KEYS: Final = {
    Order.PLACE: "0",
    # What was never begun took no time at all.
    Order.TOTAL: "coalesce(o.total_us, -1)",
    Order.STATUS: "CASE o.status "
    + " ".join(f"WHEN '{status.value}' THEN {n}" for n, status in enumerate(_GRAVITY))
    + " END",
}


def sheet(
    session: Session, listing: Listing, limit: int, at: Place | None = None, *, back: bool = False
) -> Sheet:
    """So many outcomes at most behind a place, or before it; from the start without one."""
    falling = listing.backwards is not back
    within, values = _asked(listing, at, falling=falling)
    turn = " DESC" if falling else ""
    first = "" if listing.order is Order.PLACE else f"{_KEYS[listing.order]}{turn}, "
    order = f"{first}o.seq{turn}"
    # Found by what they are sorted by alone, so that only those shown are read whole.
    inner = f"SELECT o.seq {within} ORDER BY {order} LIMIT ?"
    query = f"{SELECT_OUTCOMES} WHERE o.batch_id = ? AND o.seq IN ({inner}) ORDER BY {order}"
    wanted = listing.wanted
    cursor = session.connection().connection.cursor()
    cursor.execute(query, (wanted.list_id, wanted.batch_key, *values, limit + 1))
    rows = [StoredOutcome._make(row) for row in cursor.fetchall()]
    more = len(rows) > limit
    found = rows[:limit][::-1] if back else rows[:limit]
    if not found:
        return Sheet([], None, None)
    ends = _place(found[0], listing.order), _place(found[-1], listing.order)
    return Sheet(
        found,
        before=ends[0] if (more if back else at is not None) else None,
        after=ends[1] if (back or more) else None,
    )


def _asked(listing: Listing, at: Place | None, *, falling: bool) -> tuple[str, list[object]]:
    beside: tuple[str, list[object]] | None = None
    if at is not None:
        sign = "<" if falling else ">"
        beside = f"({_KEYS[listing.order]}, o.seq) {sign} (?, ?)", [at.value, at.seq]
        if listing.order is Order.PLACE:
            beside = f"o.seq {sign} ?", [at.seq]
    return _from(listing.wanted, beside)


def _from(
    wanted: Wanted, beside: tuple[str, list[object]] | None = None
) -> tuple[str, list[object]]:
    """The rest of a query, and its values; the targets only if something is asked of them."""
    conditions = conditions_of(wanted)
    asked, values = [*conditions], [*conditions.values()]
    if beside is not None:
        asked.append(beside[0])
        values += beside[1]
    where = f"WHERE {' AND '.join(asked)}"
    if wanted.url is None:
        return f"FROM outcomes o {where}", values
    return f"FROM outcomes o {_JOIN} {where}", [wanted.list_id, *values]


def _place(stored: StoredOutcome, order: Order) -> Place:
    if order is Order.TOTAL:
        return Place(-1 if stored.total_us is None else stored.total_us, stored.seq)
    if order is Order.STATUS:
        return Place(_GRAVITY.index(Status(stored.status)), stored.seq)
    return Place(0, stored.seq)


def number_of(session: Session, wanted: Wanted) -> int:
    """How many outcomes are asked for."""
    within, values = _from(wanted)
    cursor = session.connection().connection.cursor()
    cursor.execute(f"SELECT count(*) {within}", values)
    return sum(number for (number,) in cursor.fetchall())


def places_of(session: Session, wanted: Wanted, limit: int) -> list[int]:
    """The places in the request of what is asked for, so many at most."""
    within, values = _from(wanted)
    cursor = session.connection().connection.cursor()
    cursor.execute(f"SELECT o.seq {within} ORDER BY o.seq LIMIT ?", (*values, limit))
    return [seq for (seq,) in cursor.fetchall()]


def spread(session: Session, batch_key: int, shares: Sequence[float]) -> list[float]:
    """The seconds that so many percent of the answered checks did not exceed, for each share.

    Empty where none was answered.
    """
    query = (
        select(OutcomeRow.total_us)
        .where(
            OutcomeRow.batch_id == batch_key,
            OutcomeRow.http_status.is_not(None),
            OutcomeRow.total_us.is_not(None),
        )
        .order_by(OutcomeRow.total_us)
    )
    totals = [total for total in session.scalars(query) if total is not None]
    return [nearest_rank(totals, share) / 1e6 for share in shares] if totals else []
