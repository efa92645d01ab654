"""Incidents opened, held back, told of and resolved, in the commit that has the reason for it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from app.domain.incident import Entry, MonitorName
from app.domain.message import Message, MessageType
from app.domain.watch import Health
from app.services import clock
from app.storage import deliveries, incidents, monitor_outcomes, watches
from app.storage.incidents import Happened
from app.storage.instants import from_column
from app.storage.watches import State
from checkers import Outcome

#: A message as JSON, under the id it is delivered with.
Written = Callable[[str, Message], str]

# So long an incident waits for a word of the monitors that its own depends on.
_PATIENCE: Final = timedelta(seconds=30)


class Hold(NamedTuple):
    """Why nobody is told of an incident yet.

    Attributes:
        look_at: monitors to be checked now, since what they say decides.
    """

    why: str
    look_at: tuple[int, ...] = ()


def opened(session: Session, state: State, outcome: Outcome) -> State:
    """Open the incident of a monitor that is down now; tells nobody yet."""
    since = state.watch.since
    name = MonitorName(id=state.id, key=state.key, name=state.name)
    key = incidents.open_incident(
        session,
        clock.new_id("inc"),
        (state.monitor, name),
        reason=outcome.reason,
        detail=outcome.detail,
        flapping=state.watch.flapping,
        opened_at=since,
    )
    incidents.adopt_outcomes(session, state.monitor, key, since)
    happened = [Happened(state.monitor, key, since, Entry.OPENED, text=outcome.detail)]
    if state.watch.flapping:
        told = "It fell again soon after a recovery: this incident ends once it stands for a while."
        happened.append(Happened(state.monitor, key, since, Entry.FLAPPING, text=told))
    incidents.note(session, happened)
    return replace(state, incident=key, told=False)


def held_back(session: Session, state: State, now: datetime) -> Hold | None:
    """Why nobody is to be told of a monitor's trouble now; `None`: they are to be."""
    if state.maintenance:
        return Hold("It is under maintenance.")
    parents: list[str] = json.loads(state.depends_on)
    if not parents:
        return None
    failing = watches.failing_among(session, parents)
    down = [key for _, key, health in failing if health is Health.DOWN]
    if down:
        return Hold(f"It depends on {', '.join(down)}, which is down.")
    if failing:
        keys = ", ".join(key for _, key, _ in failing)
        return Hold(f"It depends on {keys}, which fails too.", tuple(row for row, _, _ in failing))
    return _unheard(session, state, parents, now)


def _unheard(session: Session, state: State, parents: list[str], now: datetime) -> Hold | None:
    """Whether a parent has still to be heard since the monitor began to fail."""
    since = state.watch.turned_at or state.watch.since
    if now - since > _PATIENCE:
        return None
    rows = watches.watched_among(session, parents)
    latest = monitor_outcomes.latest(session, list(rows))
    silent = [
        row
        for row in rows
        if row not in latest or from_column(latest[row].stored.started_at) < since
    ]
    if not silent:
        return None
    keys = ", ".join(rows[row] for row in silent)
    return Hold(f"It depends on {keys}, which is being checked.", tuple(silent))


def tell_opened(
    session: Session, state: State, outcome: Outcome, now: datetime, written: Written
) -> State:
    """Tell that an incident has begun."""
    assert state.incident is not None
    _tell(session, state.incident, MessageType.OPENED, now, written, outcome)
    incidents.mark_told(session, state.incident)
    return replace(state, told=True)


def resolved(
    session: Session,
    key: int,
    now: datetime,
    written: Written,
    *,
    at: datetime,
    text: str | None,
    outcome: Outcome | None = None,
    author: str | None = None,
) -> bool:
    """End an incident, and tell whoever was told of its beginning; false when it had ended.

    Args:
        at: when the trouble was over.
    """
    if not incidents.resolve(session, key, at):
        return False
    stored = incidents.load_by_key(session, key)
    incidents.note(
        session,
        [Happened(stored.monitor, key, at, Entry.RESOLVED, text=text, author=author)],
    )
    if stored.incident.told:
        _tell(session, key, MessageType.RESOLVED, now, written, outcome)
    return True


def lost(session: Session, why: str, now: datetime, written: Written) -> int:
    """Open the incident of our own connectivity, and tell everybody."""
    key = incidents.open_incident(
        session, clock.new_id("inc"), None, reason=None, detail=why, flapping=False, opened_at=now
    )
    incidents.note(session, [Happened(None, key, now, Entry.OPENED, text=why)])
    _tell(session, key, MessageType.OPENED, now, written)
    incidents.mark_told(session, key)
    return key


def tell_status(
    session: Session,
    state: State,
    type_: MessageType,
    outcome: Outcome,
    now: datetime,
    written: Written,
) -> None:
    """Tell that a monitor is degraded, or no longer is."""
    name = MonitorName(id=state.id, key=state.key, name=state.name)
    message = Message(type=type_, at=now, monitor=name, outcome=outcome)
    deliveries.enqueue(
        session,
        keys=json.loads(state.channels),
        incident_key=None,
        type=type_,
        body=lambda id_: written(id_, message),
        now=now,
    )


def tell(session: Session, key: int, type_: MessageType, now: datetime, written: Written) -> None:
    """Tell something of an incident to the channels of its monitor."""
    _tell(session, key, type_, now, written)


def _tell(
    session: Session,
    key: int,
    type_: MessageType,
    now: datetime,
    written: Written,
    outcome: Outcome | None = None,
) -> None:
    stored = incidents.load_by_key(session, key)
    incident = stored.incident
    message = Message(
        type=type_, at=now, incident=incident, monitor=incident.monitor, outcome=outcome
    )
    number = deliveries.enqueue(
        session,
        keys=stored.channels,
        incident_key=key,
        type=type_,
        body=lambda id_: written(id_, message),
        now=now,
    )
    if number and type_ in {MessageType.OPENED, MessageType.REMINDER}:
        told = f"{number} channel{'s were' if number > 1 else ' was'} told."
        incidents.note(session, [Happened(stored.monitor, key, now, Entry.TOLD, text=told)])
