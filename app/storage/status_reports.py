"""What a status page shows: its components, their last ninety days, and what happened in them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.incident import Incident
from app.domain.monitor import MonitorStatus
from app.domain.rollup import DAY, SLOTS, floor, instant, lay, number, summed
from app.domain.status_page import ComponentStatus, component_status, overall_status
from app.domain.status_report import DAYS, Component, Day, StatusReport, matters_of
from app.domain.uptime import TOLD, Span, Uptime
from app.storage import status_pages, status_updates
from app.storage.incidents import incident_of
from app.storage.instants import from_optional, to_column
from app.storage.monitor_rows import IncidentRow
from app.storage.past import Past, driver, keys, pasts_of
from app.storage.spells import changes, gaps

#: So many components are shown, and so many matters; a page that had more would help nobody.
MOST_COMPONENTS: Final = 500
MOST_MATTERS: Final = 50
# What people write in ninety days.
_MOST_UPDATES: Final = 1000
# A check that told nothing, or a service that was started anew, is no news for the public.
_SILENCE: Final = timedelta(minutes=10)
# SQLite takes so many parameters in a statement, and some.
_AT_ONCE: Final = 500
_DAYS: Final = (
    f"SELECT id, {', '.join(f'{status.value}_us' for status in TOLD)} "  # noqa: S608 -- our own constants
    "FROM monitor_days WHERE id >= ? AND id < ?"
)
_STANDINGS: Final = (
    "SELECT m.id, m.name, CASE WHEN NOT m.enabled THEN 'paused' "
    "WHEN w.maintenance_since IS NOT NULL THEN 'maintenance' ELSE w.health END, w.unknown_since "
    "FROM monitors m JOIN watches w ON w.monitor_id = m.id"
)


class _Stands(NamedTuple):
    name: str | None
    status: ComponentStatus | None
    unknown_since: datetime | None


def report(session: Session, slug: str, now: datetime) -> StatusReport:
    """A page as it stands; raises `NotFound`."""
    page = status_pages.load(session, slug)
    shown = status_pages.shown_on(session, page)
    stands = _standings(session, list(shown.values()))
    first = floor(now, DAY) - (DAYS - 1) * DAY
    names = {key: stands[row].name or key for key, row in shown.items()}
    updates = status_updates.newest(session, status_pages.row_of(session, slug), _MOST_UPDATES)
    incidents, more = _incidents(session, list(shown.values()), first)
    matters = [
        matter
        for matter in matters_of(incidents, updates, names)
        if matter.ended_at is None or matter.ended_at >= first
    ]
    return StatusReport(
        page=page,
        now=now,
        status=overall_status(each.status for each in stands.values()),
        components=_components(session, shown, stands, Span(first, now)),
        total=len(shown),
        matters=matters[:MOST_MATTERS],
        earlier=more + max(len(matters) - MOST_MATTERS, 0),
    )


def standing_of(session: Session, monitor: int) -> ComponentStatus | None:
    """What the public is told of the monitor of a row; `None`: nothing is known, or it is gone."""
    found = _standings(session, [monitor]).get(monitor)
    return None if found is None else found.status


def _standings(session: Session, monitors: Sequence[int]) -> dict[int, _Stands]:
    found: dict[int, _Stands] = {}
    for start in range(0, len(monitors), _AT_ONCE):
        some = monitors[start : start + _AT_ONCE]
        cursor = driver(session)
        cursor.execute(f"{_STANDINGS} WHERE m.id IN ({', '.join('?' * len(some))})", some)
        for row, name, status, unknown_since in cursor.fetchall():
            stands = component_status(MonitorStatus(status))
            found[row] = _Stands(name, stands, from_optional(unknown_since))
    return found


def _components(
    session: Session, shown: Mapping[str, int], stands: Mapping[int, _Stands], window: Span
) -> list[Component]:
    some = dict(list(shown.items())[:MOST_COMPONENTS])
    pasts = {past.monitor: past for past in pasts_of(session, list(some.values()), window.until)}
    return [
        Component(
            key=key,
            name=stands[row].name or key,
            status=stands[row].status,
            last_known_at=_last_known_at(stands[row], window.until),
            days=_days(session, pasts[row], window),
        )
        for key, row in some.items()
    ]


def _last_known_at(stands: _Stands, now: datetime) -> datetime | None:
    since = stands.unknown_since
    # Of what has no status nothing was known before, either.
    told = stands.status is not None and since is not None and now - since >= _SILENCE
    return since if told else None


def _days(session: Session, past: Past, window: Span) -> list[Day]:
    """Every day of a window, from its rows and, where nothing is rolled up yet, laid down now."""
    made: dict[int, list[Uptime]] = {}
    cursor = driver(session)
    cursor.execute(_DAYS, keys(past.monitor, window, DAY))
    for key, *seconds in cursor.fetchall():
        told = {status: us / 1e6 for status, us in zip(TOLD, seconds, strict=True)}
        made[key % SLOTS] = [Uptime(seconds=told)]
    live = Span(past.roll.until, window.until)
    if live.since < live.until:
        news = changes(session, past.monitor, past.now, past.roll.through)
        # By the day, since it counts as long ago.
        laid, _ = lay(past.roll, live.until, live.until, news, gaps(session, past.monitor, live))
        for each in laid:
            made.setdefault(number(each.span.since, DAY), []).append(each.uptime)
    days = range(number(window.since, DAY), number(window.until, DAY) + 1)
    return [
        Day(instant(day, DAY).date(), summed(made[day]) if day in made else None) for day in days
    ]


def _incidents(
    session: Session, monitors: Sequence[int], since: datetime
) -> tuple[list[Incident], int]:
    """Those that reach beyond an instant, the newest first, and how many more there are.

    What was held back is left out: it happened in a maintenance, or because of another monitor,
    whose incident tells of it.
    """
    rows: list[IncidentRow] = []
    total = 0
    for start in range(0, len(monitors), _AT_ONCE):
        wanted = (
            IncidentRow.monitor_id.in_(monitors[start : start + _AT_ONCE]),
            IncidentRow.told,
            IncidentRow.resolved_at.is_(None) | (IncidentRow.resolved_at > to_column(since)),
        )
        total += session.scalar(select(func.count()).select_from(IncidentRow).where(*wanted)) or 0
        query = select(IncidentRow).where(*wanted).order_by(IncidentRow.id.desc())
        rows += session.scalars(query.limit(MOST_MATTERS))
    rows.sort(key=lambda row: (row.resolved_at is None, row.id), reverse=True)
    found = [incident_of(row) for row in rows[:MOST_MATTERS]]
    return found, total - len(found)
