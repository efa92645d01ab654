"""Definitions of monitors put in place: new ones made, known ones changed, bad ones refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.domain.errors import FieldError
from app.domain.incident import Entry
from app.domain.monitor import Definition, MonitorStatus, Result, in_a_circle
from app.domain.schedule import First, first_turns
from app.domain.watch import Health
from app.services import alarms, clock
from app.services.alarms import Written
from app.storage import channels, incidents, monitors, turns, watches
from app.storage.incidents import Happened
from app.storage.monitors import Defined

# What it takes to store a monitor, and to spare.
_STORING: Final = timedelta(microseconds=300)
_PAUSED: Final = "The monitor was paused."


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of one definition.

    Attributes:
        index: its place in the request.
        errors: why it was refused, with pointers into the definition.
    """

    index: int
    key: str | None
    id: str | None
    result: Result
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A definition that was sent, or what is wrong with it.

    Attributes:
        definition: with an empty key, where none was given: it is given its id.
    """

    index: int
    definition: Definition | None
    errors: tuple[FieldError, ...] = ()


class Placing:
    """The definitions of one request."""

    def __init__(
        self,
        session: Session,
        asked: Sequence[Asked],
        now: datetime,
        written: Written,
        *,
        store: bool,
    ) -> None:
        self._session = session
        self._asked = asked
        self._now = now
        self._written = written
        self._store = store
        self._known: dict[str, Defined] = {}
        self._count = 0
        self._new: dict[str, tuple[str, Definition]] = {}
        self._rows: list[int] = []

    def place(self) -> list[Placed]:
        good = [a.definition for a in self._asked if a.definition is not None]
        self._known = monitors.known(self._session, [d.key for d in good if d.key])
        self._count = sum(definition.key not in self._known for definition in good)
        wrong = self._wrong(good)
        placed = [self._place_one(asked, wrong) for asked in self._asked]
        self._store_new()
        return placed

    @property
    def editions(self) -> dict[int, float]:
        """Of the monitors that were created or changed."""
        return editions_of(self._session, self._rows)

    def _wrong(self, good: Sequence[Definition]) -> dict[int, list[FieldError]]:
        """What is wrong with definitions beside others, by their place in memory."""
        there = {d.key for d in good if d.key}
        parents = {key for d in good for key in d.depends_on} - there
        absent = parents - monitors.known(self._session, sorted(parents)).keys()
        channel_keys = sorted({key for d in good for key in d.channels})
        unheard = set(channels.missing_keys(self._session, channel_keys))
        graph = self._graph(good)
        wrong: dict[int, list[FieldError]] = {}
        for definition in good:
            errors = [
                FieldError(f"/depends_on/{n}", f"there is no monitor {key!r}")
                for n, key in enumerate(definition.depends_on)
                if key in absent
            ]
            errors += [
                FieldError(f"/channels/{n}", f"there is no channel {key!r}")
                for n, key in enumerate(definition.channels)
                if key in unheard
            ]
            if definition.key and definition.depends_on and in_a_circle(graph, definition.key):
                errors.append(FieldError("/depends_on", "leads back to this monitor"))
            if errors:
                wrong[id(definition)] = errors
        return wrong

    def _graph(self, good: Sequence[Definition]) -> dict[str, Sequence[str]]:
        graph: dict[str, Sequence[str]] = {}
        if any(definition.depends_on for definition in good):
            graph.update(monitors.dependencies(self._session))
            graph.update({d.key: d.depends_on for d in good if d.key})
        return graph

    def _place_one(self, asked: Asked, wrong: Mapping[int, list[FieldError]]) -> Placed:
        definition = asked.definition
        if definition is None:
            return Placed(asked.index, None, None, Result.REFUSED, asked.errors)
        if id(definition) in wrong:
            errors = tuple(wrong[id(definition)])
            return Placed(asked.index, definition.key or None, None, Result.REFUSED, errors)
        before = self._known.get(definition.key) if definition.key else None
        if before is None:
            return self._create(asked.index, definition)
        if before.definition == definition:
            return Placed(asked.index, definition.key, before.id, Result.UNCHANGED)
        if self._store:
            if definition.key in self._new:
                # It was made by a row before this one.
                self._store_new()
                before = self._known[definition.key]
            self._change(before, definition)
        # Once more in the same request it is compared with what it is by then.
        self._known[definition.key] = Defined(before.key, before.id, definition)
        return Placed(asked.index, definition.key, before.id, Result.CHANGED)

    def _create(self, index: int, definition: Definition) -> Placed:
        id_ = clock.new_id("mon")
        if not definition.key:
            definition = replace(definition, key=id_)
        if not self._store:
            return Placed(index, definition.key, None, Result.CREATED)
        self._new[definition.key] = (id_, definition)
        self._known[definition.key] = Defined(0, id_, definition)
        return Placed(index, definition.key, id_, Result.CREATED)

    def _store_new(self) -> None:
        """Store what is new all together: ten thousand one by one would take a quarter minute."""
        if not self._new:
            return
        new, self._new = list(self._new.values()), {}
        rows = monitors.insert_definitions(self._session, new, self._now)
        first: dict[int, First | None] = {}
        for row, (id_, definition) in zip(rows, new, strict=True):
            first[row] = self._first(definition) if definition.enabled else None
            self._known[definition.key] = Defined(row, id_, definition)
        watches.begin(self._session, first, self._now)
        self._rows.extend(rows)

    def _change(self, before: Defined, definition: Definition) -> None:
        monitors.replace_definition(self._session, before, definition, self._now)
        self._rows.append(before.key)
        old = before.definition
        if old.enabled is not definition.enabled:
            after = Defined(before.key, before.id, definition)
            together = len(self._asked)
            switch(
                self._session, after, self._now, self._written,
                enabled=definition.enabled, together=together,
            )  # fmt: skip
        elif definition.enabled and _checks(old) != _checks(definition):
            # What is new is checked now, so that whoever changed it sees what comes of it.
            turns.set_turns(self._session, {before.key: self._first(definition)})

    def _first(self, definition: Definition) -> First:
        return _first(definition, self._now, max(self._count, 1))


def _first(definition: Definition, now: datetime, together: int) -> First:
    # Storing them takes a while, in which none of them can be begun.
    soon = now + _STORING * together
    return first_turns(definition.schedule, definition.key, soon, together)


def _checks(definition: Definition) -> tuple[object, ...]:
    """What of a definition its checks depend on."""
    return definition.target, definition.schedule, definition.strategy, definition.client


def editions_of(session: Session, rows: Sequence[int]) -> dict[int, float]:
    """The edition of each monitor, as `Watching.changed` is told of it."""
    return {row: float(edition) for row, edition in monitors.editions(session, rows).items()}


def switch(
    session: Session,
    monitor: Defined,
    now: datetime,
    written: Written,
    *,
    enabled: bool,
    together: int,
) -> None:
    """Begin to watch a monitor, or cease to; what was believed of it is forgotten."""
    if not enabled:
        end_incident(session, monitor.key, now, written, _PAUSED)
    before, after = MonitorStatus.PAUSED, MonitorStatus.PENDING
    if not enabled:
        state = watches.states(session, [monitor.key])[monitor.key]
        before, after = MonitorStatus(state.watch.health.value), MonitorStatus.PAUSED
    watches.reset(session, monitor.key, now, Health.PENDING)
    first = _first(monitor.definition, now, together) if enabled else None
    turns.set_turns(session, {monitor.key: first})
    change = Happened(monitor.key, None, now, Entry.STATUS, before.value, after.value)
    incidents.note(session, [change])


def end_incident(session: Session, row: int, now: datetime, written: Written, text: str) -> None:
    """End a monitor's open incident, if it has one: nobody will see its recovery."""
    state = watches.states(session, [row]).get(row)
    if state is not None and state.incident is not None:
        alarms.resolved(session, state.incident, now, written, at=now, text=text)
