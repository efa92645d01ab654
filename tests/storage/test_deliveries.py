"""Deliveries: order, retries for a day, and a channel that comes back; time is an argument."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.api.told import written
from app.channels.notifier import Notifier
from app.domain.message import (
    DEFAULT_EVENTS,
    Channel,
    ChannelType,
    Delivery,
    DeliveryStatus,
    Message,
    MessageType,
)
from app.engine.local import Engine
from app.services.lane import Lane, Means
from app.services.notices import Notices
from app.services.telling import Telling
from app.storage import channels, deliveries, delivery_pages, incidents, reminders
from app.storage.database import Database
from tests.farm.servers import Servers, depending, ok
from tests.services import PATIENCE_SECONDS

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LOOPBACK = ("127.0.0.0/8",)
HOUR = timedelta(hours=1)


def channel(key: str, url: str = "http://127.0.0.1:1/", **fields: Any) -> Channel:
    standard: dict[str, Any] = {
        "id": f"cha_{key}", "key": key, "name": None, "type": ChannelType.WEBHOOK, "url": url,
        "shown_url": url, "secret": None, "events": DEFAULT_EVENTS, "enabled": True,
        "remind_every": None, "created_at": NOW,
    }  # fmt: skip
    return Channel(**{**standard, **fields})


def tell(
    session: Session,
    *texts: str,
    keys: list[str] | None = None,
    incident: int | None = None,
    type_: MessageType = MessageType.OPENED,
    now: datetime = NOW,
) -> list[int]:
    return [
        deliveries.enqueue(
            session,
            keys=keys,
            incident_key=incident,
            type=type_,
            body=lambda id_, text=text: json.dumps({"id": id_, "text": text}),  # type: ignore[misc]
            now=now,
        )
        for text in texts
    ]


def incident(session: Session, name: str = "inc_1") -> int:
    key = incidents.open_incident(
        session, name, None, reason=None, detail=None, flapping=False, opened_at=NOW
    )
    incidents.mark_told(session, key)
    return key


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scenario)


def all_of(session: Session) -> list[Delivery]:
    return delivery_pages.page(session, 1000, None)[0][::-1]


class Receiver:
    """A server that keeps the texts it is told, and answers what is chosen for each."""

    def __init__(self, farm: Servers, choose: Callable[[str], bytes] = lambda _: ok()) -> None:
        self.texts: list[str] = []
        self.ids: list[str] = []
        self._choose = choose
        self.url = f"http://127.0.0.1:{farm.serve(depending(self._heard))}/hook"

    def _heard(self, request: bytes) -> bytes:
        told = json.loads(request.partition(b"\r\n\r\n")[2])
        self.texts.append(told.get("text") or told["type"])
        self.ids.append(told["id"])
        return self._choose(self.texts[-1])


class Time:
    """What the lanes take for the present."""

    def __init__(self) -> None:
        self.now = NOW

    async def pass_until_nothing_is_due(self, database: Database, row: int = 1) -> None:
        """Serve a channel's lane, and again whenever something is due, until nothing is left."""
        engine, notifier = Engine(LOOPBACK), Notifier(LOOPBACK)
        means = Means(database, engine, notifier, Notices(), lambda: self.now)
        try:
            due_at: datetime | None = self.now
            while due_at is not None:
                self.now = max(self.now, due_at)
                await Lane(means, row).serve()
                _, due_at = await database.read(lambda s: deliveries.agenda(s, self.now, ()))
        finally:
            await notifier.close()
            await engine.close()


def test_a_message_is_on_its_way_over_every_channel_that_wants_it(database: Database) -> None:
    async def scenario() -> None:
        def ask(session: Session) -> list[int]:
            channels.insert_channel(session, channel("ops"))
            channels.insert_channel(session, channel("off", enabled=False))
            channels.insert_channel(session, channel("few", events=(MessageType.RESOLVED,)))
            return [
                *tell(session, "all"),
                *tell(session, "some", keys=["few", "off", "unknown"]),
                *tell(session, "end", keys=["few"], type_=MessageType.RESOLVED),
                *tell(session, "none", keys=[]),
            ]

        assert await database.write(ask) == [1, 0, 1, 0]
        found = await database.read(all_of)
        assert [(d.channel.key, json.loads(d.body)["text"]) for d in found] == [
            ("ops", "all"),
            ("few", "end"),
        ]
        assert all(json.loads(d.body)["id"] == d.id and d.id.startswith("msg_") for d in found)

    run(scenario())


def test_the_messages_of_an_incident_are_told_in_their_order(
    database: Database, farm: Servers
) -> None:
    failing = {"opened": 3, "comment": 1}

    def choose(text: str) -> bytes:
        failing[text] = failing.get(text, 0) - 1
        return ok(status=b"503 Later") if failing[text] >= 0 else ok()

    receiver = Receiver(farm, choose)

    def put(session: Session) -> None:
        channels.insert_channel(session, channel("ops", receiver.url))
        tell(session, "opened", "comment", "resolved", incident=incident(session))
        tell(session, "other", incident=incident(session, "inc_2"))
        tell(session, "alone", "alone too")

    async def scenario() -> None:
        await database.write(put)
        await Time().pass_until_nothing_is_due(database)
        assert {d.status for d in await database.read(all_of)} == {DeliveryStatus.SENT}

    run(scenario())

    of_incident = [t for t in receiver.texts if t in {"opened", "comment", "resolved"}]
    assert of_incident == ["opened"] * 4 + ["comment"] * 2 + ["resolved"]
    # Nothing else waited for the one that failed.
    assert set(receiver.texts[:4]) == {"opened", "other", "alone", "alone too"}


def test_an_hour_of_500_costs_no_message(database: Database, farm: Servers) -> None:
    time = Time()
    receiver = Receiver(
        farm, lambda _: ok() if time.now - NOW >= HOUR else ok(status=b"500 Internal Server Error")
    )

    def put(session: Session) -> None:
        channels.insert_channel(session, channel("ops", receiver.url))
        tell(session, "opened", "resolved", incident=incident(session))

    async def scenario() -> None:
        await database.write(put)
        await time.pass_until_nothing_is_due(database)
        opened, resolved = await database.read(all_of)
        assert (opened.status, resolved.status) == (DeliveryStatus.SENT, DeliveryStatus.SENT)
        assert opened.sent_at is not None
        assert HOUR <= opened.sent_at - NOW < timedelta(hours=2, minutes=30)
        assert (resolved.tries, opened.error) == (1, None)

    run(scenario())

    assert len(set(receiver.ids)) == 2
    assert receiver.texts[-1] == "resolved"


def test_after_a_day_a_message_is_dead_and_the_next_has_a_day_of_its_own(
    database: Database, farm: Servers
) -> None:
    receiver = Receiver(farm, lambda _: ok(status=b"500 No"))

    def put(session: Session) -> None:
        channels.insert_channel(session, channel("ops", receiver.url))
        tell(session, "opened", "resolved", incident=incident(session))

    async def scenario() -> None:
        time = Time()
        await database.write(put)
        await time.pass_until_nothing_is_due(database)
        opened, resolved = await database.read(all_of)
        assert (opened.status, resolved.status) == (DeliveryStatus.DEAD, DeliveryStatus.DEAD)
        assert opened.error == "The status is 500; expected in 2xx."
        assert time.now - NOW == timedelta(hours=48)

        await database.write(lambda s: deliveries.send_again(s, opened.id, time.now))
        again = await database.read(lambda s: delivery_pages.load(s, opened.id))
        assert (again.status, again.tries, again.due_at) == (
            DeliveryStatus.PENDING,
            0,
            time.now,
        )

    run(scenario())


@pytest.mark.parametrize(
    ("url", "answer", "told"),
    [
        (None, ok(status=b"410 Gone"), "410"),
        ("http://10.0.0.1/hook", ok(), "10.0.0.1"),
    ],
)
def test_what_can_never_be_taken_is_dead_at_once(
    database: Database, farm: Servers, url: str | None, answer: bytes, told: str
) -> None:
    receiver = Receiver(farm, lambda _: answer)

    def put(session: Session) -> None:
        channels.insert_channel(session, channel("ops", url or receiver.url))
        tell(session, "opened")

    async def scenario() -> None:
        await database.write(put)
        await Time().pass_until_nothing_is_due(database)
        (found,) = await database.read(all_of)
        assert (found.status, found.tries) == (DeliveryStatus.DEAD, 1)
        assert told in (found.error or "")

    run(scenario())


def test_a_chat_is_told_in_words(database: Database, farm: Servers) -> None:
    heard: list[bytes] = []
    port = farm.serve(depending(lambda request: heard.append(request) or ok()))  # type: ignore[func-returns-value]
    message = Message(type=MessageType.TEST, at=NOW)

    def put(session: Session) -> None:
        url = f"json://127.0.0.1:{port}/"
        channels.insert_channel(session, channel("chat", url, type=ChannelType.APPRISE))
        deliveries.insert_one(
            session, 1, None, MessageType.TEST, lambda id_: written(id_, message), NOW
        )

    async def scenario() -> None:
        await database.write(put)
        await Time().pass_until_nothing_is_due(database)
        assert [d.status for d in await database.read(all_of)] == [DeliveryStatus.SENT]

    run(scenario())

    assert b'"title": "Test of Tercet"' in heard[0]


def test_addresses_and_secrets_are_sealed(database: Database, tmp_path: Path) -> None:
    async def scenario() -> None:
        await database.write(
            lambda s: channels.insert_channel(
                s, channel("ops", "http://127.0.0.1/hunter2", secret="hunter2")
            )
        )
        stored = await database.read(lambda s: channels.load(s, "cha_ops"))
        assert stored.channel == channel("ops", "http://127.0.0.1/hunter2", secret="hunter2")

    run(scenario())

    assert all(b"hunter2" not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_channel_is_reminded_of_what_nobody_sees_to(database: Database) -> None:
    def reminded(after: timedelta) -> Callable[[Session], list[str]]:
        return lambda s: [r.channel for r in reminders.due(s, NOW + after)]

    def sent(session: Session) -> None:
        for one in deliveries.due(session, 1, NOW, 10) + deliveries.due(session, 3, NOW, 10):
            deliveries.note_try(
                session, one, NOW, status=DeliveryStatus.SENT, due_at=None, error=None
            )

    def put(session: Session) -> None:
        never = (MessageType.OPENED,)
        channels.insert_channel(session, channel("hourly", remind_every=3600.0))
        channels.insert_channel(session, channel("dead", remind_every=3600.0))
        channels.insert_channel(session, channel("deaf", remind_every=3600.0, events=never))
        channels.insert_channel(session, channel("never"))
        tell(session, "opened", incident=incident(session))
        sent(session)

    async def scenario() -> None:
        await database.write(put)
        assert await database.read(reminded(HOUR / 2)) == []
        assert await database.read(reminded(HOUR)) == ["hourly"]

        await database.write(lambda s: incidents.acknowledge(s, 1, NOW, "Ada"))
        assert await database.read(reminded(HOUR)) == []

    run(scenario())


def test_a_reminder_is_sent_and_stands_in_the_time_line(database: Database, farm: Servers) -> None:
    receiver = Receiver(farm)

    def put(session: Session) -> None:
        long_ago = datetime.now(UTC) - 2 * HOUR
        channels.insert_channel(session, channel("ops", receiver.url, remind_every=3600.0))
        tell(session, "opened", incident=incident(session), now=long_ago)
        (opened,) = deliveries.due(session, 1, datetime.now(UTC), 10)
        deliveries.note_try(
            session, opened, long_ago, status=DeliveryStatus.SENT, due_at=None, error=None
        )

    async def scenario() -> None:
        await database.write(put)
        engine, notifier = Engine(LOOPBACK), Notifier(LOOPBACK)
        telling = asyncio.ensure_future(
            Telling(database, engine, notifier, Notices(), written).serve()
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not receiver.texts:  # noqa: ASYNC110 -- of a server in another thread
                await asyncio.sleep(0.02)
        telling.cancel()
        await asyncio.wait([telling])
        await engine.close()

        timeline = (await database.read(lambda s: incidents.load_by_key(s, 1))).incident.timeline
        assert [entry.text for entry in timeline] == ["ops was reminded."]

    run(scenario())

    assert receiver.texts == ["incident.reminder"]
