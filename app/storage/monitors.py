"""Monitors as they were defined: stored, replaced, found by key, id or label."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.monitor import Definition, Slo
from app.domain.watch import Thresholds
from app.storage.instants import micros, recurrence, to_column
from app.storage.monitor_rows import (
    MonitorLabelRow,
    MonitorOutcomeRow,
    MonitorRow,
    RemovedMonitorRow,
    TransitionRow,
)
from app.storage.targets import opened_spec, sealed_spec, storable_url
from checkers import ClientName, StrategyName, Target

# SQLite takes so many parameters in a statement, and some.
_AT_ONCE: Final = 500
_encode: Final = msgspec.json.Encoder().encode
_names: Final = msgspec.json.Decoder(tuple[str, ...]).decode
_slo: Final = msgspec.json.Decoder(Slo).decode


@dataclass(frozen=True, slots=True)
class Defined:
    """A definition with the names of its row."""

    key: int
    id: str
    definition: Definition


def known(session: Session, keys: Sequence[str]) -> dict[str, Defined]:
    """The monitors of these keys, by key; what there is not is left out."""
    found: dict[str, Defined] = {}
    for some in _chunks(keys):
        rows = list(session.scalars(select(MonitorRow).where(MonitorRow.key.in_(some))))
        found.update({each.definition.key: each for each in _defined(session, rows)})
    return found


def load(session: Session, name: str) -> Defined:
    """The monitor of an id or a key.

    Raises:
        NotFound: there is none.
    """
    row = session.scalars(select(MonitorRow).where(MonitorRow.public_id == name)).one_or_none()
    if row is None:
        row = session.scalars(select(MonitorRow).where(MonitorRow.key == name)).one_or_none()
    if row is None:
        raise NotFound(f"There is no monitor {name!r}.")
    return _defined(session, [row])[0]


def row_of(session: Session, name: str) -> int:
    """The row of a monitor by its id or key.

    Raises:
        NotFound: there is none.
    """
    for column in (MonitorRow.public_id, MonitorRow.key):
        row = session.scalar(select(MonitorRow.id).where(column == name))
        if row is not None:
            return row
    raise NotFound(f"There is no monitor {name!r}.")


def dependencies(session: Session) -> dict[str, list[str]]:
    """What each monitor depends on, where it does."""
    rows = session.execute(
        select(MonitorRow.key, MonitorRow.depends_on).where(MonitorRow.depends_on != "[]")
    )
    return {key: json.loads(depends_on) for key, depends_on in rows}


def count_enabled(session: Session) -> int:
    """How many monitors are watched."""
    query = select(func.count()).select_from(MonitorRow).where(MonitorRow.enabled)
    return session.scalar(query) or 0


def insert_definitions(
    session: Session, new: Sequence[tuple[str, Definition]], now: datetime
) -> list[int]:
    """Store new monitors under their ids, in a few statements; their rows in order."""
    at = to_column(now)
    rows = [
        {"public_id": id_, "created_at": at, "updated_at": at, **_columns(session, definition)}
        for id_, definition in new
    ]
    session.execute(insert(MonitorRow), rows)
    keys: dict[str, int] = {}
    for some in _chunks([id_ for id_, _ in new]):
        found = session.execute(
            select(MonitorRow.public_id, MonitorRow.id).where(MonitorRow.public_id.in_(some))
        )
        keys.update(found.all())
    made = [keys[id_] for id_, _ in new]
    _set_labels(session, {row: each.labels for row, (_, each) in zip(made, new, strict=True)})
    return made


def replace_definition(
    session: Session, before: Defined, definition: Definition, now: datetime
) -> None:
    """Define a monitor anew; what it remembers stays. Its edition is a later one, in any case."""
    if before.definition.target.url != definition.target.url:
        _keep_url(session, before.key, before.definition.target.url)
    values = _columns(session, definition)
    session.execute(
        update(MonitorRow)
        .where(MonitorRow.id == before.key)
        .values(updated_at=func.max(MonitorRow.updated_at + 1, to_column(now)), **values)
    )
    if before.definition.labels != definition.labels:
        session.execute(delete(MonitorLabelRow).where(MonitorLabelRow.monitor_id == before.key))
        _set_labels(session, {before.key: definition.labels})


def set_enabled(session: Session, key: int, now: datetime, *, enabled: bool) -> None:
    """Let a monitor be watched, or not; its edition is a later one."""
    session.execute(
        update(MonitorRow)
        .where(MonitorRow.id == key)
        .values(enabled=enabled, updated_at=func.max(MonitorRow.updated_at + 1, to_column(now)))
    )


def editions(session: Session, keys: Sequence[int]) -> dict[int, int]:
    """The edition of each monitor's definition."""
    found: dict[int, int] = {}
    for some in _chunks(keys):
        rows = session.execute(
            select(MonitorRow.id, MonitorRow.updated_at).where(MonitorRow.id.in_(some))
        )
        found.update(rows.all())
    return found


def dependents(session: Session, keys: Sequence[str]) -> dict[str, list[str]]:
    """For each of these monitors that others depend on: the keys of those others."""
    wanted = set(keys)
    found: dict[str, list[str]] = {}
    for child, parents in dependencies(session).items():
        for parent in wanted & set(parents):
            found.setdefault(parent, []).append(child)
    return found


def selected(session: Session, labels: Mapping[str, str]) -> list[Defined]:
    """The monitors that bear all of these labels."""
    rows = list(session.scalars(labelled(select(MonitorRow), labels).order_by(MonitorRow.id)))
    return _defined(session, rows)


def labelled(query: Select[Any], labels: Mapping[str, str]) -> Select[Any]:
    """A query over monitors, of those that bear all of these labels."""
    for name, value in labels.items():
        bearing = select(MonitorLabelRow.monitor_id).where(
            MonitorLabelRow.name == name, MonitorLabelRow.value == value
        )
        query = query.where(MonitorRow.id.in_(bearing))
    return query


def matching(session: Session, keys: Sequence[str], labels: Mapping[str, str]) -> set[int]:
    """The rows of those watched that have one of these keys, or all of these labels, if any."""
    watched = select(MonitorRow.id).where(MonitorRow.enabled)
    found: set[int] = set()
    for some in _chunks(keys):
        found.update(session.scalars(watched.where(MonitorRow.key.in_(some))))
    if labels:
        found.update(session.scalars(labelled(watched, labels)))
    return found


def remove(session: Session, keys: Sequence[int]) -> None:
    """Remove monitors; their outcomes are swept later, in small steps."""
    for some in _chunks(keys):
        session.execute(insert(RemovedMonitorRow), [{"monitor_id": key} for key in some])
        # What stands in the time line of an incident stays with it.
        session.execute(
            delete(TransitionRow).where(
                TransitionRow.monitor_id.in_(some), TransitionRow.incident_id.is_(None)
            )
        )
        # Their watches and labels go with them.
        session.execute(delete(MonitorRow).where(MonitorRow.id.in_(some)))


def definitions_of(session: Session, rows: Sequence[MonitorRow]) -> list[Definition]:
    """What rows hold."""
    labels = labels_of(session, [row.id for row in rows])
    opened = lru_cache(maxsize=1024)(lambda spec: opened_spec(session, spec))
    return [_definition(row, labels.get(row.id, {}), opened(row.target)) for row in rows]


def _defined(session: Session, rows: Sequence[MonitorRow]) -> list[Defined]:
    definitions = definitions_of(session, rows)
    return [
        Defined(row.id, row.public_id, definition)
        for row, definition in zip(rows, definitions, strict=True)
    ]


def _definition(row: MonitorRow, labels: Mapping[str, str], target: Target) -> Definition:
    return Definition(
        key=row.key,
        name=row.name,
        labels=labels,
        target=target,
        schedule=recurrence(row.interval_us, row.cron, row.timezone),
        strategy=StrategyName(row.strategy),
        client=ClientName(row.client),
        enabled=row.enabled,
        thresholds=Thresholds(
            down_after=row.down_after, up_after=row.up_after, recheck=row.recheck_us / 1e6
        ),
        depends_on=_names(row.depends_on),
        channels=_names(row.channels),
        slo=None if row.slo is None else _slo(row.slo),
    )


def _columns(session: Session, definition: Definition) -> dict[str, Any]:
    target = msgspec.structs.replace(definition.target, url=storable_url(definition.target.url))
    limits = definition.thresholds
    return {
        "key": definition.key,
        "name": definition.name,
        "url": target.url,
        "target": sealed_spec(session, _encode(target).decode()),
        "interval_us": micros(definition.schedule.interval),
        "cron": definition.schedule.cron,
        "timezone": definition.schedule.timezone,
        "strategy": definition.strategy.value,
        "client": definition.client.value,
        "enabled": definition.enabled,
        "down_after": limits.down_after,
        "up_after": limits.up_after,
        "recheck_us": micros(limits.recheck),
        "depends_on": json.dumps(definition.depends_on),
        "channels": json.dumps(definition.channels),
        "slo": None if definition.slo is None else _encode(definition.slo).decode(),
    }


def _set_labels(session: Session, labels: Mapping[int, Mapping[str, str]]) -> None:
    rows = [
        {"monitor_id": key, "name": name, "value": value}
        for key, some in labels.items()
        for name, value in some.items()
    ]
    if rows:
        session.execute(insert(MonitorLabelRow), rows)


def labels_of(session: Session, keys: Sequence[int]) -> dict[int, dict[str, str]]:
    """The labels of monitors, of those that bear any."""
    labels: dict[int, dict[str, str]] = {}
    for some in _chunks(keys):
        rows = session.execute(
            select(MonitorLabelRow.monitor_id, MonitorLabelRow.name, MonitorLabelRow.value).where(
                MonitorLabelRow.monitor_id.in_(some)
            )
        )
        for key, name, value in rows:
            labels.setdefault(key, {})[name] = value
    return labels


def _keep_url(session: Session, key: int, url: str) -> None:
    """Write down with the outcomes so far what URL they were of."""
    session.execute(
        update(MonitorOutcomeRow)
        .where(MonitorOutcomeRow.monitor_id == key, MonitorOutcomeRow.url.is_(None))
        .values(url=storable_url(url))
    )


def _chunks(things: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(things), _AT_ONCE):
        yield things[start : start + _AT_ONCE]
