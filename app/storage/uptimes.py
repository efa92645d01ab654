"""How long a monitor was what within a window: from its days, and laid down anew at the fringes."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy.orm import Session

from app.domain.monitor import MonitorStatus
from app.domain.rollup import DAY, Known, ceiling, floor, number, summed
from app.domain.uptime import TOLD, Span, Standing, Uptime, nothing, spells, uptime, weigh
from app.storage.instants import LATEST
from app.storage.past import Past, driver, keys
from app.storage.rollups import key_of
from app.storage.spells import changes, gaps

_SECONDS: Final = ", ".join(f"sum({status.value}_us)" for status in TOLD)
_DAYS: Final = f"SELECT {_SECONDS} FROM monitor_days WHERE id >= ? AND id < ?"  # noqa: S608 -- our own constants
# A day with its opening, and the day after it, whose opening is its end.
_DAY: Final = (
    "SELECT id, status, hidden, through FROM monitor_days "
    "WHERE id >= ? AND id < ? AND through IS NOT NULL ORDER BY id LIMIT 2"
)


def uptime_of(session: Session, past: Past, window: Span) -> Uptime:
    """How long a monitor was what within a window that ends now at the latest."""
    rolled = Span(window.since, min(window.until, past.roll.until))
    live = Span(max(window.since, past.roll.until), window.until)
    parts: list[Uptime] = []
    if rolled.since < rolled.until:
        parts += _rolled_uptime(session, past, rolled)
    if live.since < live.until:
        known = [each.change for each in _changes(session, past, past.roll.through)]
        parts.append(uptime(live, known, gaps(session, past.monitor, live), past.roll.standing))
    return _whole(window, summed(parts))


def _rolled_uptime(session: Session, past: Past, window: Span) -> Iterator[Uptime]:
    first = ceiling(window.since, DAY)
    last = (ceiling if window.until == past.roll.until else floor)(window.until, DAY)
    # Where there is no full day in it, it ends before its first midnight or goes on after that.
    last = max(first, last)
    if window.since < first:
        yield _part_of_day(session, past, Span(window.since, min(first, window.until)))
    cursor = driver(session)
    cursor.execute(_DAYS, keys(past.monitor, Span(first, last), DAY))
    yield Uptime(
        seconds={
            status: (sum_ or 0) / 1e6 for status, sum_ in zip(TOLD, cursor.fetchone(), strict=True)
        }
    )
    if last < window.until:
        yield _part_of_day(session, past, Span(last, window.until))


def _part_of_day(session: Session, past: Past, window: Span) -> Uptime:
    """Laid down once more from what was shown as the day began."""
    day = floor(window.since, DAY)
    key = key_of(past.monitor, number(day, DAY))
    cursor = driver(session)
    cursor.execute(_DAY, (key, key_of(past.monitor + 1, 0)))
    rows = cursor.fetchall()
    if not rows or rows[0][0] != key:
        return nothing()
    (_, status, hidden, through), *after = rows
    known = _changes(session, past, through, after[0][3] if after else past.roll.through)
    whole = Span(day, window.until)
    cut = spells(whole, [each.change for each in known], Standing(status, bool(hidden)))
    within = (spell._replace(span=_clipped(spell.span, window)) for spell in cut)
    return weigh(
        (spell for spell in within if spell.span.since < spell.span.until),
        gaps(session, past.monitor, window),
    )


def _changes(session: Session, past: Past, after: int, through: int = LATEST) -> list[Known]:
    if through <= after:
        return []
    return changes(session, past.monitor, past.now, after, through)


def _clipped(span: Span, window: Span) -> Span:
    return Span(max(span.since, window.since), min(span.until, window.until))


def _whole(window: Span, found: Uptime) -> Uptime:
    """With what nobody has laid down, from before the monitor was made, as unknown."""
    missing = (window.until - window.since).total_seconds() - sum(found.seconds.values())
    seconds = dict(found.seconds)
    seconds[MonitorStatus.UNKNOWN] = max(seconds[MonitorStatus.UNKNOWN] + missing, 0.0)
    return Uptime(seconds=seconds)
