"""What follows from outcomes of monitors: status, incidents, who is told; time is an argument."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api.told import written
from app.domain.connectivity import Connectivity
from app.domain.incident import Incident
from app.domain.monitor import Definition, Monitor
from app.domain.schedule import Schedule
from app.domain.watch import Thresholds
from app.services.placing import Asked, Placing
from app.services.recording import Recorded, Recorder
from app.storage import incident_pages, monitor_outcomes, monitor_pages, monitors, watches
from app.storage.channel_rows import ChannelRow, DeliveryRow
from app.storage.database import Database
from app.storage.incident_pages import Wanted
from app.storage.instants import from_column, to_column
from app.storage.monitor_outcomes import Recording
from app.storage.monitor_rows import MonitorOutcomeRow, WatchRow
from app.storage.vault import Vault
from checkers import ClientName, Outcome, Reason, Status, StrategyName, Target
from tests.services import lay_database

T = TypeVar("T")
_BEGIN = datetime(2026, 11, 25, 8, tzinfo=UTC)
_REFUSED = (Status.DOWN, Reason.CONNECTION_REFUSED, None)
_WRONG = (Status.DOWN, Reason.STATUS_UNEXPECTED, 503)
_WELL = (Status.UP, None, 200)
_SLOW = (Status.DEGRADED, Reason.TOO_SLOW, 200)
_OURS = (Status.UNKNOWN, Reason.NOT_MEASURED, None)
Seen = tuple[Status, Reason | None, int | None]


class World:
    """A database of monitors, and outcomes of them at instants of one's choosing."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{lay_database(folder)}"
        self.database = Database(url, Vault(Fernet.generate_key()))
        self.recorder = Recorder(Connectivity(), written)
        self.now = _BEGIN

    def do(self, work: Callable[[Session], T]) -> T:
        return asyncio.run(self.database.write(work))

    def channel(self, key: str = "ops") -> None:
        events = ["incident.opened", "incident.resolved", "monitor.degraded", "monitor.recovered"]
        row = ChannelRow(
            public_id=f"cha_{key}", key=key, name=None, type="webhook", url="", secret=None,
            events=json.dumps(events), enabled=True, remind_every_us=None,
            created_at=to_column(self.now), shown_url="",
        )  # fmt: skip
        self.do(lambda session: session.add(row))

    def monitors(self, *keys: str, depends_on: Sequence[str] = (), channels: bool = True) -> None:
        asked = [
            Asked(
                number,
                Definition(
                    key=key,
                    target=Target(url=f"http://127.0.0.1/{key}"),
                    schedule=Schedule(interval=30.0),
                    strategy=StrategyName.ASYNC,
                    client=ClientName.CURL,
                    thresholds=Thresholds(),
                    depends_on=tuple(depends_on),
                    channels=("ops",) if channels else (),
                ),
            )
            for number, key in enumerate(keys)
        ]
        placed = self.do(lambda s: Placing(s, asked, self.now, written, store=True).place())
        assert [each.errors for each in placed] == [()] * len(keys)
        self.recorder.monitors = self.do(monitors.count_enabled)

    def see(self, seen: Seen, *keys: str, after: float = 5.0) -> Recorded:
        """Let some seconds go by, and record the same outcome of each."""
        self.now += timedelta(seconds=after)
        status, reason, http_status = seen
        rows = self.do(lambda session: {k: d.key for k, d in monitors.known(session, keys).items()})
        recordings = [
            Recording(
                rows[key],
                self.now,
                Outcome(
                    seq=0, url="http://127.0.0.1/", status=status, reason=reason, detail="As seen.",
                    http_status=http_status, started_at=self.now.timestamp(), queued=0.001,
                    total=0.01,
                ),
            )
            for key in keys
        ]  # fmt: skip
        return self.do(lambda session: self.recorder.record(session, recordings, self.now))

    def monitor(self, key: str) -> Monitor:
        return self.do(lambda session: monitor_pages.load(session, key)[1])

    def incidents(self) -> list[Incident]:
        return self.do(lambda session: incident_pages.page(session, Wanted(), 1000, None)[0])

    def told(self) -> list[tuple[str, str | None]]:
        """Every message on its way: its type, and which monitor it is about."""

        def read(session: Session) -> list[tuple[str, Any]]:
            bodies = session.scalars(select(DeliveryRow.body).order_by(DeliveryRow.id))
            return [(json.loads(b)["type"], json.loads(b)["data"]["monitor"]) for b in bodies]

        return [(kind, about and about["key"]) for kind, about in self.do(read)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.channel()
    yield made
    made.database.close()


def test_an_incident_opens_after_so_many_failures_and_ends_after_so_many_answers(
    world: World,
) -> None:
    world.monitors("a")
    for seen in (_WELL, _WRONG, _WRONG, _WRONG, _WELL, _WELL):
        world.see(seen, "a")

    (incident,) = world.incidents()
    assert incident.opened_at == _BEGIN + timedelta(seconds=10)
    assert incident.resolved_at == _BEGIN + timedelta(seconds=25)
    assert world.told() == [("incident.opened", "a"), ("incident.resolved", "a")]


def test_a_time_line_holds_every_outcome_that_moved_it(world: World) -> None:
    world.monitors("a")
    for seen in (_WELL, _WRONG, _WRONG, _WRONG, _WELL, _WRONG, _WELL, _WELL):
        world.see(seen, "a")

    (incident,) = world.incidents()
    outcomes = [e.status for e in incident.timeline if e.entry.value == "outcome"]
    assert outcomes == ["down", "down", "up", "down", "up", "up"]


def test_the_first_and_the_last_failure_of_an_incident_are_found_among_all_outcomes(
    world: World,
) -> None:
    world.monitors("a", "b")
    for seen in (_WELL, _WELL, _WRONG, _REFUSED, _WRONG, _WELL, _WELL, _WRONG, _WELL):
        world.see(seen, "a")
        world.see(_WRONG, "b", after=0.001)

    (incident,) = (i for i in world.incidents() if i.monitor and i.monitor.key == "a")
    found = world.do(
        lambda session: monitor_outcomes.failures(
            session, monitors.row_of(session, "a"), incident.opened_at, incident.resolved_at
        )
    )
    began = [from_column(each.stored.started_at) for each in found]
    assert began[0] == incident.opened_at
    assert incident.resolved_at is not None
    assert incident.resolved_at - began[1] == timedelta(seconds=5.001)
    assert [each.stored.status for each in found] == ["down", "down"]


def test_of_a_monitor_without_outcomes_there_is_no_failure(world: World) -> None:
    world.monitors("a")

    found = world.do(
        lambda session: monitor_outcomes.failures(
            session, monitors.row_of(session, "a"), _BEGIN, None
        )
    )

    assert found == []


def test_a_failure_is_looked_at_again_soon(world: World) -> None:
    world.monitors("a")
    world.see(_WELL, "a")

    recorded = world.see(_WRONG, "a")

    due = world.do(lambda session: session.scalar(select(WatchRow.due_at)))
    assert recorded.sooner
    assert due is not None
    assert due <= to_column(world.now + timedelta(seconds=5.05))


def test_what_is_unknown_opens_nothing(world: World) -> None:
    world.monitors("a")
    world.see(_WELL, "a")
    for _ in range(5):
        world.see(_OURS, "a")

    assert world.monitor("a").status == "up"
    assert world.incidents() == []


def test_degraded_is_told_apart_from_down(world: World) -> None:
    world.monitors("a")
    for seen in (_WELL, _SLOW, _SLOW, _WELL, _WELL):
        world.see(seen, "a")

    assert world.incidents() == []
    assert world.told() == [("monitor.degraded", "a"), ("monitor.recovered", "a")]


def test_while_a_parent_is_down_its_children_alert_nobody(world: World) -> None:
    world.monitors("parent")
    world.monitors("child", depends_on=["parent"])
    world.see(_WELL, "parent", "child")
    for _ in range(3):
        world.see(_WRONG, "parent", "child")
    for _ in range(3):
        world.see(_WELL, "parent", "child")

    assert world.told() == [("incident.opened", "parent"), ("incident.resolved", "parent")]
    assert {i.monitor.key for i in world.incidents() if i.monitor} == {"parent", "child"}


def test_a_child_found_first_waits_for_a_word_of_its_parent(world: World) -> None:
    world.monitors("parent")
    world.monitors("child", depends_on=["parent"])
    world.see(_WELL, "parent", "child")
    world.see(_WRONG, "child")
    world.see(_WRONG, "child")
    before = world.told()

    world.see(_WRONG, "parent")
    world.see(_WRONG, "parent", "child")

    assert before == []
    assert world.told() == [("incident.opened", "parent")]


def test_a_child_that_stays_down_once_its_parent_is_back_is_told_then(world: World) -> None:
    world.monitors("parent")
    world.monitors("child", depends_on=["parent"])
    world.see(_WELL, "parent", "child")
    world.see(_WRONG, "parent", "child")
    world.see(_WRONG, "parent", "child")
    world.see(_WELL, "parent")
    world.see(_WELL, "parent")

    world.see(_WRONG, "child")

    assert world.told()[-1] == ("incident.opened", "child")


def test_a_recovery_is_told_although_the_parent_is_down(world: World) -> None:
    world.monitors("parent")
    world.monitors("child", depends_on=["parent"])
    world.see(_WELL, "parent", "child")
    world.see(_WRONG, "child")
    world.see(_WELL, "parent")
    world.see(_WRONG, "child")
    world.see(_WRONG, "parent")
    world.see(_WRONG, "parent")

    world.see(_WELL, "child")
    world.see(_WELL, "child")

    assert world.told()[-1] == ("incident.resolved", "child")


def test_when_most_fail_at_once_it_is_one_incident_of_our_own(world: World) -> None:
    keys = [f"m{number}" for number in range(20)]
    world.monitors(*keys)
    world.see(_WELL, *keys)
    world.see(_REFUSED, *keys[:15])
    world.see(_REFUSED, *keys[:15])

    (incident,) = world.incidents()
    assert incident.monitor is None
    assert {world.monitor(key).status.value for key in keys} == {"up"}
    assert world.told() == [("incident.opened", None)]


def test_outcomes_of_that_window_are_unknown(world: World) -> None:
    keys = [f"m{number}" for number in range(20)]
    world.monitors(*keys)
    world.see(_WELL, *keys)
    world.see(_REFUSED, *keys)
    world.see(_REFUSED, *keys)

    rows = world.do(
        lambda session: session.execute(
            select(MonitorOutcomeRow.status, MonitorOutcomeRow.reason)
        ).all()
    )
    assert {tuple(row) for row in rows} == {("up", None), ("unknown", "not_measured")}


def test_our_own_incident_ends_when_most_answer_again(world: World) -> None:
    keys = [f"m{number}" for number in range(20)]
    world.monitors(*keys)
    world.see(_WELL, *keys)
    world.see(_REFUSED, *keys)
    world.see(_REFUSED, *keys)

    world.see(_WELL, *keys, after=20)

    assert world.told() == [("incident.opened", None), ("incident.resolved", None)]


def test_targets_that_answer_wrongly_are_down_themselves_however_many(world: World) -> None:
    keys = [f"m{number}" for number in range(20)]
    world.monitors(*keys)
    world.see(_WELL, *keys)
    world.see(_WRONG, *keys)
    world.see(_WRONG, *keys)

    assert len(world.incidents()) == 20
    assert all(incident.monitor is not None for incident in world.incidents())


def test_in_a_maintenance_nobody_is_told_until_it_is_over(world: World) -> None:
    world.monitors("a")
    world.see(_WELL, "a")
    row = world.do(lambda session: monitors.load(session, "a").key)
    world.do(lambda session: watches.set_maintenance(session, [row], world.now))
    world.see(_WRONG, "a")
    world.see(_WRONG, "a")
    during = world.told()
    world.do(lambda session: watches.set_maintenance(session, [row], None))

    world.see(_WRONG, "a")

    assert during == []
    assert world.told() == [("incident.opened", "a")]


def test_what_failed_and_was_mended_in_a_maintenance_is_never_told(world: World) -> None:
    world.monitors("a")
    world.see(_WELL, "a")
    row = world.do(lambda session: monitors.load(session, "a").key)
    world.do(lambda session: watches.set_maintenance(session, [row], world.now))
    for seen in (_WRONG, _WRONG, _WELL, _WELL):
        world.see(seen, "a")

    assert world.told() == []
    assert [incident.status.value for incident in world.incidents()] == ["resolved"]


def test_a_flapping_target_is_one_incident_with_a_note(world: World) -> None:
    world.monitors("a")
    world.see(_WELL, "a")
    for _ in range(12):
        for seen in (_WRONG, _WRONG, _WELL, _WELL):
            world.see(seen, "a")

    found = world.incidents()
    assert len(found) == 2
    assert found[0].flapping
    assert "flapping" in {entry.entry.value for entry in found[0].timeline}


def test_outcomes_of_a_monitor_that_is_gone_are_dropped(world: World) -> None:
    world.monitors("a")
    row = world.do(lambda session: monitors.load(session, "a").key)
    outcome = Outcome(seq=0, url="http://a/", status=Status.UP, started_at=0.0, queued=0.0)
    world.do(lambda session: monitors.remove(session, [row]))

    world.do(lambda s: world.recorder.record(s, [Recording(row, world.now, outcome)], world.now))

    assert world.do(lambda session: session.scalars(select(MonitorOutcomeRow)).all()) == []
