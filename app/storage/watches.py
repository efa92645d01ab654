"""What is believed of each monitor, and what moves it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.domain.schedule import First, Schedule
from app.domain.watch import Health, Thresholds, Watch
from app.storage.instants import from_column, from_optional, recurrence, to_column, to_optional
from app.storage.monitor_rows import MonitorRow, WatchRow

# SQLite takes so many parameters in a statement, and some.
_AT_ONCE: Final = 500
_UNKNOWN: Final = "UPDATE watches SET unknown_since=? WHERE monitor_id=? AND unknown_since IS NULL"
_STATES: Final = (
    "SELECT m.id, m.public_id, m.key, m.name, m.interval_us, m.cron, m.timezone, m.enabled, "
    "m.down_after, m.up_after, m.recheck_us, m.depends_on, m.channels, w.health, w.since, w.downs, "
    "w.answers, w.ups, w.not_ups, w.turned_at, w.recovered_at, w.flapping, w.maintenance_since, "
    "w.incident_id, w.unknown_since, i.told "
    "FROM watches w JOIN monitors m ON m.id = w.monitor_id "
    "LEFT JOIN incidents i ON i.id = w.incident_id"
)
_UPDATE: Final = (
    "UPDATE watches SET health=?, since=?, downs=?, answers=?, ups=?, not_ups=?, turned_at=?, "
    "recovered_at=?, flapping=?, incident_id=?, unknown_since=? WHERE monitor_id=?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A monitor as the recording of its outcomes needs it."""

    monitor: int
    id: str
    key: str
    name: str | None
    schedule: Schedule
    enabled: bool
    thresholds: Thresholds
    depends_on: str
    channels: str
    watch: Watch
    maintenance: bool
    incident: int | None
    told: bool
    unknown_since: datetime | None


def begin(session: Session, first: Mapping[int, First | None], now: datetime) -> None:
    """Remember new monitors, each with its first turns; `None`: it is paused."""
    since = to_column(now)
    rows = [
        {
            "monitor_id": monitor, "tick_at": at and to_column(at.tick),
            "due_at": at and to_column(at.due),
            "health": Health.PENDING.value, "since": since, "downs": 0, "answers": 0, "ups": 0,
            "not_ups": 0, "flapping": False,
        }
        for monitor, at in first.items()
    ]  # fmt: skip
    if rows:
        session.execute(insert(WatchRow), rows)


def states(session: Session, monitors: Iterable[int]) -> dict[int, State]:
    """The monitors of these rows that are there still and are watched."""
    wanted = sorted(set(monitors))
    # The driver's own cursor: this is read with every outcome.
    cursor = session.connection().connection.cursor()
    found: dict[int, State] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        cursor.execute(f"{_STATES} WHERE w.monitor_id IN ({', '.join('?' * len(some))})", some)
        found.update((row[0], _state(row)) for row in cursor.fetchall())
    return found


def watch_of(row: WatchRow) -> Watch:
    """What a row remembers."""
    return Watch(
        health=Health(row.health),
        since=from_column(row.since),
        downs=row.downs,
        answers=row.answers,
        ups=row.ups,
        not_ups=row.not_ups,
        turned_at=from_optional(row.turned_at),
        recovered_at=from_optional(row.recovered_at),
        flapping=row.flapping,
    )


def save(session: Session, changed: Sequence[State]) -> None:
    """Write down what is believed of monitors now."""
    rows = [
        (
            state.watch.health.value, to_column(state.watch.since), state.watch.downs,
            state.watch.answers, state.watch.ups, state.watch.not_ups,
            to_optional(state.watch.turned_at), to_optional(state.watch.recovered_at),
            state.watch.flapping, state.incident, to_optional(state.unknown_since), state.monitor,
        )
        for state in changed
    ]  # fmt: skip
    if rows:
        session.connection().exec_driver_sql(_UPDATE, rows)


def suspects(session: Session) -> list[tuple[int, datetime]]:
    """Monitors that fail and are not believed to be down, with since when."""
    rows = session.execute(
        select(WatchRow.monitor_id, WatchRow.turned_at).where(
            WatchRow.downs > 0, WatchRow.health != Health.DOWN.value
        )
    )
    return [(monitor, from_column(turned_at or 0)) for monitor, turned_at in rows]


def clear(session: Session, monitors: Sequence[int]) -> None:
    """Count the failures of monitors for nothing."""
    session.connection().exec_driver_sql(
        "UPDATE watches SET downs=0, not_ups=0, turned_at=NULL WHERE monitor_id=?",
        [(monitor,) for monitor in monitors],
    )


def failing_among(session: Session, keys: Sequence[str]) -> list[tuple[int, str, Health]]:
    """Which monitors of these keys fail, or are believed to be down."""
    rows = session.execute(
        select(MonitorRow.id, MonitorRow.key, WatchRow.health)
        .join(WatchRow, WatchRow.monitor_id == MonitorRow.id)
        .where(
            MonitorRow.key.in_(keys),
            MonitorRow.enabled,
            (WatchRow.health == Health.DOWN.value) | (WatchRow.downs > 0),
        )
    )
    return [(monitor, key, Health(health)) for monitor, key, health in rows]


def begin_unknown(session: Session, since: Mapping[int, datetime]) -> None:
    """Note from when on nothing is known of monitors, unless that was so before."""
    rows = [(to_column(at), monitor) for monitor, at in since.items()]
    if rows:
        session.connection().exec_driver_sql(_UNKNOWN, rows)


def restless(session: Session) -> set[int]:
    """Monitors that fail, or whose incident is open."""
    query = select(WatchRow.monitor_id).where(
        (WatchRow.downs > 0) | WatchRow.incident_id.is_not(None)
    )
    return set(session.scalars(query))


def watched_among(session: Session, keys: Sequence[str]) -> dict[int, str]:
    """Which monitors of these keys are watched: their rows and keys."""
    rows = session.execute(
        select(MonitorRow.id, MonitorRow.key).where(MonitorRow.key.in_(keys), MonitorRow.enabled)
    )
    return dict(rows.all())


def reset(session: Session, monitor: int, now: datetime, health: Health) -> None:
    """Forget what was believed of a monitor."""
    session.execute(
        update(WatchRow)
        .where(WatchRow.monitor_id == monitor)
        .values(
            health=health.value, since=to_column(now), downs=0, answers=0, ups=0, not_ups=0,
            turned_at=None, flapping=False, incident_id=None, unknown_since=None,
            maintenance_since=None,
        )
    )  # fmt: skip


def in_maintenance(session: Session) -> set[int]:
    """The monitors under maintenance."""
    under = select(WatchRow.monitor_id).where(WatchRow.maintenance_since.is_not(None))
    return set(session.scalars(under))


def set_maintenance(
    session: Session, monitors: Sequence[int], since: datetime | None
) -> dict[int, Health]:
    """Put monitors under maintenance, or take them out of it; what is believed of each."""
    changed: dict[int, Health] = {}
    for start in range(0, len(monitors), _AT_ONCE):
        rows = session.execute(
            update(WatchRow)
            .where(WatchRow.monitor_id.in_(monitors[start : start + _AT_ONCE]))
            .values(maintenance_since=to_optional(since))
            .returning(WatchRow.monitor_id, WatchRow.health)
        )
        changed.update({monitor: Health(health) for monitor, health in rows})
    return changed


def _state(row: Sequence[Any]) -> State:
    (
        monitor, id_, key, name, interval_us, cron, zone, enabled, down_after, up_after, recheck_us,
        depends_on, channels, health, since, downs, answers, ups, not_ups, turned_at, recovered_at,
        flapping, maintenance_since, incident, unknown_since, told,
    ) = row  # fmt: skip
    return State(
        monitor=monitor,
        id=id_,
        key=key,
        name=name,
        schedule=recurrence(interval_us, cron, zone),
        enabled=bool(enabled),
        thresholds=Thresholds(down_after=down_after, up_after=up_after, recheck=recheck_us / 1e6),
        depends_on=depends_on,
        channels=channels,
        watch=Watch(
            health=Health(health),
            since=from_column(since),
            downs=downs,
            answers=answers,
            ups=ups,
            not_ups=not_ups,
            turned_at=from_optional(turned_at),
            recovered_at=from_optional(recovered_at),
            flapping=bool(flapping),
        ),
        maintenance=maintenance_since is not None,
        incident=incident,
        told=bool(told),
        unknown_since=from_optional(unknown_since),
    )
