"""Recovery under generated schedules of kills: of the child, and of the service at any write."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.domain.batch import Batch, BatchDraft, RunStatus
from app.domain.fidelity import Pace
from app.engine.local import Engine, Slot
from app.services import runs
from app.services.notices import Notices
from app.storage import batches, outcomes
from app.storage.database import Database
from app.storage.vault import Vault
from checkers import ClientName, Outcome, Status, StrategyName, Target
from checkers.messages import Ended, Items, Outcomes, decode_to_host
from tests.services import lay_database

T = TypeVar("T")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
TOTAL = 60
#: How many outcomes a child still gives before it dies.
Deaths = list[int]
#: At which of its writes the service is killed, and at which point of that write.
Kill = tuple[int, str]


class Killed(BaseException):
    """The service is gone, without having had time for anything."""


class MortalDatabase(Database):
    """Dies at its n-th write: before it, in the middle of it, or when it is on disk but unheard."""

    def __init__(self, url: str, vault: Vault, kill: Kill | None) -> None:
        super().__init__(url, vault)
        self._kill = kill
        self._writes = 0

    async def write(self, work: Callable[[Session], T], *, durable: bool = True) -> T:
        self._writes += 1
        at, point = self._kill or (0, "")
        if self._writes != at:
            return await super().write(work, durable=durable)
        if point == "before":
            raise Killed

        def torn(session: Session) -> T:
            work(session)
            raise Killed

        await super().write(torn if point == "within" else work, durable=durable)
        raise Killed


class ScriptedHost:
    """A child that gives some outcomes and dies, as often as it is told to."""

    def __init__(self, deaths: Iterator[int]) -> None:
        self._deaths = deaths
        self._targets: list[Any] = []

    def started_within(self, _asked: float) -> float:
        return 0.0

    @asynccontextmanager
    async def conversation(self, run: int) -> AsyncIterator[tuple[Any, Any]]:
        answers: asyncio.Queue[Outcomes | Ended | None] = asyncio.Queue()
        self._targets = []

        class Child:
            @staticmethod
            async def send(frame: bytes) -> None:
                message = decode_to_host(frame)
                if isinstance(message, Items):
                    self._targets += message.items
                    if message.last:
                        self._play(run, answers)

        yield Child, answers

    def _play(self, run: int, answers: "asyncio.Queue[Outcomes | Ended | None]") -> None:
        count = next(self._deaths, None)
        given_up = self._targets if count is None else self._targets[:count]
        for start in range(0, len(given_up), 7):
            some = [_up(item.seq, item.target.url) for item in given_up[start : start + 7]]
            answers.put_nowait(Outcomes(run=run, outcomes=some))
        if count is None:
            answers.put_nowait(Ended(run=run, setup=0.0, wall=1.0, cost=None))
        else:
            answers.put_nowait(None)


def _up(seq: int, url: str) -> Outcome:
    return Outcome(seq=seq, url=url, status=Status.UP, http_status=200, started_at=1, queued=0)


lives = st.lists(
    st.tuples(
        st.lists(st.integers(0, 25), max_size=4),
        st.tuples(st.integers(1, 8), st.sampled_from(["before", "within", "after"])),
    ),
    max_size=5,
)


@settings(max_examples=25)
@given(lives)
def test_whatever_is_killed_when_every_target_ends_with_one_outcome(
    schedule: list[tuple[Deaths, Kill]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{lay_database(Path(folder))}"
        vault = Vault(Fernet.generate_key())
        asyncio.run(_life(url, vault, [], None, first=True))
        for deaths, kill in schedule:
            asyncio.run(_life(url, vault, deaths, kill))

        batch, seqs = asyncio.run(_life(url, vault, [], None))

    if batch.status is RunStatus.COMPLETED:
        assert seqs == list(range(TOTAL))
        assert sum(batch.counts.values()) == batch.done == TOTAL
    else:
        # Five deaths in a row without a new outcome: given up, and what there was is kept.
        assert (batch.status, batch.error is not None) == (RunStatus.FAILED, True)
        assert seqs == sorted(set(seqs))
        assert sum(batch.counts.values()) == batch.done == len(seqs)


async def _life(
    url: str, vault: Vault, deaths: Deaths, kill: Kill | None, *, first: bool = False
) -> tuple[Batch, list[int]]:
    """One life of a service: recover, run what waits; how the batch stands then."""
    if first:
        database = Database(url, vault)
        await database.write(lambda session: batches.insert_batch(session, "bat_1", _draft(), NOW))
        database.close()
    mortal = MortalDatabase(url, vault, kill)
    try:
        if not first:
            await _work(mortal, iter(deaths))
    except (Killed, BaseExceptionGroup) as error:
        if isinstance(error, BaseExceptionGroup) and error.split(Killed)[1] is not None:
            raise
    finally:
        mortal.close()
    after = Database(url, vault)
    try:
        return await after.read(_state)
    finally:
        after.close()


async def _work(database: Database, deaths: Iterator[int]) -> None:
    engine = Engine(None)
    engine._hosts = {slot: ScriptedHost(deaths) for slot in Slot}  # type: ignore[misc]
    await database.write(batches.requeue)
    claimed = await runs.claim(database, quick=True)
    if claimed is not None:
        await runs.carry_out(database, engine, Notices(), claimed, Slot.QUICK)


def _state(session: Session) -> tuple[Batch, list[int]]:
    key, list_id = batches.key_of(session, "bat_1")
    found, _ = outcomes.page(session, outcomes.Wanted(key, list_id), 1000)
    return batches.load(session, "bat_1"), [stored.seq for stored in found]


def _draft() -> BatchDraft:
    return BatchDraft(
        targets=[Target(url=f"http://a/{n}") for n in range(TOTAL)],
        strategy=StrategyName.ASYNC,
        client=ClientName.AIOHTTP,
        concurrency=5,
        pace=Pace.MAX,
        per_host=0,
    )
