"""Monitors: defined, changed, paused, removed; one by one, by the thousand, or by label."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.domain.errors import Conflict
from app.domain.monitor import Result
from app.domain.outcome import Way
from app.engine.local import Engine
from app.services import checks, clock
from app.services.alarms import Written
from app.services.placing import Asked, Placed, Placing, editions_of, end_incident, switch
from app.services.recording import Recorder
from app.services.watching import Watching
from app.storage import monitors
from app.storage.database import Database
from app.storage.idempotency import Once, made_once
from app.storage.monitor_outcomes import Recording
from app.storage.monitors import Defined
from checkers import Outcome

_REMOVED: Final = "The monitor was removed."


class Monitors:
    """What people do to monitors.

    Args:
        written: messages as JSON.
    """

    def __init__(
        self, database: Database, watching: Watching, recorder: Recorder, written: Written
    ) -> None:
        self._database = database
        self._watching = watching
        self._recorder = recorder
        self._written = written

    async def place(
        self, asked: Sequence[Asked], *, once: Once | None = None, store: bool = True
    ) -> list[Placed]:
        """Create or change monitors, each for itself; those refused hinder no other.

        Args:
            store: without, it is only told what would become of them.

        Raises:
            Invalid: a request with the same key said something else.
        """

        def make(session: Session) -> tuple[list[Placed], dict[int, float]]:
            now = clock.now()
            round_ = Placing(session, asked, now, self._written, store=store)
            if once is None:
                return round_.place(), round_.editions
            made: list[Placed] = []

            def remembered() -> str:
                made.extend(round_.place())
                return json.dumps([(p.index, p.key, p.id, p.result) for p in made])

            known = json.loads(made_once(session, once, now, remembered))
            if not made:
                made = [
                    Placed(index, key, id_, Result(result)) for index, key, id_, result in known
                ]
            return made, round_.editions

        if not store:
            placed, _ = await self._database.read(make)
            return placed
        watched = [a.definition for a in asked if a.definition is not None and a.definition.enabled]
        self._watching.make_ready({(each.strategy, each.client) for each in watched})
        placed, editions = await self._database.write(make)
        await self._changed(editions)
        return placed

    async def set_enabled(
        self, choose: Callable[[Session], list[Defined]], *, enabled: bool
    ) -> tuple[int, int]:
        """Pause or resume monitors; how many were chosen, and how many were not so already.

        Raises:
            As `choose`.
        """

        def change(session: Session) -> tuple[int, dict[int, float]]:
            found = choose(session)
            now = clock.now()
            moved = [each for each in found if each.definition.enabled is not enabled]
            for each in moved:
                monitors.set_enabled(session, each.key, now, enabled=enabled)
                switch(session, each, now, self._written, enabled=enabled, together=len(moved))
            return len(found), editions_of(session, [each.key for each in moved])

        matched, editions = await self._database.write(change)
        await self._changed(editions)
        return matched, len(editions)

    async def remove(self, choose: Callable[[Session], list[Defined]]) -> int:
        """Remove monitors; how many there were.

        Raises:
            Conflict: another monitor depends on one of them.
            As `choose`.
        """

        def forget(session: Session) -> list[int]:
            found = choose(session)
            _refuse_orphans(session, found)
            now = clock.now()
            for each in found:
                end_incident(session, each.key, now, self._written, _REMOVED)
            rows = [each.key for each in found]
            monitors.remove(session, rows)
            return rows

        gone = await self._database.write(forget)
        await self._changed(dict.fromkeys(gone, float("inf")))
        return len(gone)

    async def check_now(self, engine: Engine, name: str) -> tuple[Outcome, datetime]:
        """Check a monitor now and record what comes of it; its outcome, and when it was asked for.

        Raises:
            NotFound: there is no such monitor.
        """
        found = await self._database.read(lambda session: monitors.load(session, name))
        definition, asked_at = found.definition, clock.now()
        outcome = await checks.check_now(
            engine, definition.target, definition.strategy, definition.client
        )
        if definition.enabled:
            way = Way(definition.strategy, definition.client, definition.target.method)
            await self._watching.record_now(Recording(found.key, asked_at, outcome, way))
        return outcome, asked_at

    async def _changed(self, editions: Mapping[int, float]) -> None:
        if editions:
            self._watching.changed(editions)
            self._recorder.monitors = await self._database.read(monitors.count_enabled)


def labelled(labels: Mapping[str, str]) -> Callable[[Session], list[Defined]]:
    """Chooses the monitors that bear all of these labels."""
    return lambda session: monitors.selected(session, labels)


def named(name: str) -> Callable[[Session], list[Defined]]:
    """Chooses the monitor of an id or a key; raises `NotFound`."""
    return lambda session: [monitors.load(session, name)]


def _refuse_orphans(session: Session, found: Sequence[Defined]) -> None:
    leaving = {each.definition.key for each in found}
    for parent, children in monitors.dependents(session, sorted(leaving)).items():
        staying = sorted(set(children) - leaving)
        if staying:
            names = ", ".join(staying[:5])
            raise Conflict(f"{parent} cannot be removed: {names} depends on it.")
