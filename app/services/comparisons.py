"""Comparisons: submitted, carried out round by round, read as a report."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from app.domain.batch import BatchDraft, RunStatus
from app.domain.comparison import Comparison, ComparisonDraft, Turn, again
from app.domain.errors import Conflict
from app.domain.evidence import NOTHING_SEEN, Evidence, weigh
from app.domain.fidelity import Pace
from app.domain.outcome import Way
from app.engine.local import Engine, Order, RunFailed
from app.engine.machine import this_machine
from app.services import clock, runs
from app.services import rounds as round_by_round
from app.services.accepting import accepted, ended
from app.services.notices import Notices
from app.services.reports import Report, assemble
from app.storage import batches, comparisons, rounds, targets, waiting
from app.storage.batches import RunKey
from app.storage.comparisons import Claim
from app.storage.database import Database
from app.storage.idempotency import Once
from app.storage.rows import ComparisonRow
from checkers import Item

logger = structlog.get_logger(__name__)


async def submit(
    database: Database, notices: Notices, draft: ComparisonDraft, once: Once | None = None
) -> Comparison:
    """Accept a comparison; it is on disk when this returns. Args, raises: as `accepted`."""

    def make(session: Session, now: datetime) -> str:
        public_id = clock.new_id("cmp")
        comparisons.insert_comparison(session, public_id, draft, now)
        return public_id

    return await accepted(database, notices, once, make, _load)


async def rerun(database: Database, notices: Notices, public_id: str, seed: int) -> Comparison:
    """Compare the same contenders over the same targets again, in an order of its own.

    Raises:
        NotFound: there is no such comparison.
    """

    def make(session: Session, now: datetime) -> str:
        _, list_id, comparison = comparisons.load(session, public_id)
        items = targets.load_items(session, list_id)
        draft = replace(again(comparison, [item.target for item in items]), seed=seed)
        new_id = clock.new_id("cmp")
        comparisons.insert_comparison(session, new_id, draft, now)
        return new_id

    return await accepted(database, notices, None, make, _load)


async def wait_until_ended(
    database: Database, notices: Notices, public_id: str, seconds: float
) -> Comparison:
    """The comparison once it has ended in any way, or as it is after so many seconds."""
    return await ended(
        database, notices, public_id, _load, lambda found: found.finished_at is not None, seconds
    )


def _load(session: Session, public_id: str) -> Comparison:
    return comparisons.load(session, public_id).comparison


async def claim(database: Database) -> Claim | None:
    """Take the comparison that has waited longest, if any."""
    return await database.write(
        lambda session: comparisons.claim_oldest(session, clock.now(), this_machine())
    )


async def report(database: Database, public_id: str) -> Report:
    """Everything that is known of a comparison; raises `NotFound`."""
    return await database.read(lambda session: read_report(session, public_id))


def read_report(session: Session, public_id: str) -> Report:
    """As `report`, in a session."""
    key, list_id, comparison = comparisons.load(session, public_id)
    found = rounds.of_comparison(session, key, len(comparison.sizes))
    evidence = comparisons.evidence(session, key)
    if evidence is None:
        # It has not ended: what there is so far.
        evidence = weigh(comparison.contenders, comparisons.sights(session, key, comparison))
    places = [contested.seq for contested in evidence.disagreements]
    urls = comparisons.urls_of(session, list_id, places) if places else {}
    return assemble(comparison, found, evidence, urls)


def read_figures(session: Session, public_id: str) -> Report:
    """As `read_report`, without what single outcomes say: quickly read while it goes on."""
    key, _, comparison = comparisons.load(session, public_id)
    found = rounds.of_comparison(session, key, len(comparison.sizes))
    return assemble(comparison, found, NOTHING_SEEN, {})


async def cancel(database: Database, public_id: str) -> bool:
    """Start no run of this comparison any more; false when it had ended already."""

    def end(session: Session) -> bool:
        key, _, comparison = comparisons.load(session, public_id)
        if comparison.status is not RunStatus.COMPLETED:
            rounds.end_all_of_comparison(session, key, clock.now())
        return waiting.end(session, ComparisonRow, key, clock.now(), RunStatus.CANCELLED)

    return await database.write(end)


async def keep_evidence(database: Database, public_id: str) -> None:
    """Keep what the outcomes of an ended comparison say, so that no reader weighs them again."""

    def weighed(session: Session) -> tuple[int, Evidence]:
        key, _, comparison = comparisons.load(session, public_id)
        return key, weigh(comparison.contenders, comparisons.sights(session, key, comparison))

    key, found = await database.read(weighed)
    await database.write_at_last(lambda session: comparisons.keep_evidence(session, key, found))


async def remove(database: Database, public_id: str) -> None:
    """Remove a comparison that has ended, with its runs.

    Raises:
        NotFound: there is none.
        Conflict: it has not ended.
    """

    def forget(session: Session) -> None:
        key, list_id, comparison = comparisons.load(session, public_id)
        if comparison.finished_at is None:
            raise Conflict("The comparison has not ended.")
        comparisons.remove(session, key, list_id)

    await database.write(forget)


async def carry_out(database: Database, engine: Engine, notices: Notices, claimed: Claim) -> None:
    """Make every run that is missing, each in a process of its own.

    Raises:
        RunInterrupted: the service stops; the rest waits for its next start.
    """
    items = await database.read(lambda session: targets.load_items(session, claimed.list_id))
    under_way = _Rounds(database, engine, notices, claimed, items)
    error = await round_by_round.carry_out(claimed.comparison, under_way)
    status = RunStatus.COMPLETED if error is None else RunStatus.FAILED
    await keep_evidence(database, claimed.comparison.id)
    await database.write_at_last(
        lambda session: waiting.end(session, ComparisonRow, claimed.key, clock.now(), status, error)
    )


class _Rounds:
    """The runs of one comparison: batches over its targets."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        notices: Notices,
        claimed: Claim,
        items: Sequence[Item],
    ) -> None:
        self._database = database
        self._engine = engine
        self._notices = notices
        self._claimed = claimed
        self._items = items
        self._contenders = {c.label: c for c in claimed.comparison.contenders}

    async def whole(self) -> set[int]:
        key, _, comparison = self._claimed
        found = await self._database.read(
            lambda session: rounds.of_comparison(session, key, len(comparison.sizes))
        )
        numbers = [run.number for run in found if run.run.completed]
        return round_by_round.whole_rounds(comparison, numbers)

    async def forget(self, number: int) -> None:
        key, _, comparison = self._claimed
        await self._database.write_at_last(
            lambda session: rounds.remove_round(session, key, number, comparison.sizes)
        )

    async def run(self, number: int, turn: Turn) -> str | None:
        items = self._items[: turn.size]
        draft = self._draft(number, turn, items)
        order = Order(
            strategy=draft.strategy,
            client=draft.client,
            concurrency=draft.concurrency,
            per_host=draft.per_host,
            paced=draft.pace is Pace.TRUTHFUL,
        )
        way = Way(draft.strategy, draft.client)
        run = await self._database.write_at_last(
            lambda session: self._begin(session, draft, number, turn)
        )
        try:
            report = await runs.recorded(
                self._database,
                run,
                lambda take: self._engine.execute_fresh(order, items, take),
                lambda some: self._notices.carried_on(self._claimed.comparison.id, way, some),
            )
        except RunFailed as error:
            await runs.fail(self._database, run.batch, str(error))
            return str(error)
        await runs.complete(self._database, run.batch, report)
        return None

    def _draft(self, number: int, turn: Turn, items: Sequence[Item]) -> BatchDraft:
        comparison, contender = self._claimed.comparison, self._contenders[turn.label]
        assert contender.client is not None
        return BatchDraft(
            targets=[item.target for item in items],
            strategy=contender.strategy,
            client=contender.client,
            concurrency=contender.concurrency,
            pace=contender.pace,
            per_host=comparison.per_host,
            name=f"{comparison.name or comparison.id}: {contender.label}, round {number}",
        )

    def _begin(self, session: Session, draft: BatchDraft, number: int, turn: Turn) -> RunKey:
        now, public_id = clock.now(), clock.new_id("bat")
        stored = rounds.stored_round(number, turn.size, self._claimed.comparison.sizes)
        key = batches.insert_batch(
            session,
            public_id,
            draft,
            now,
            list_id=self._claimed.list_id,
            of=batches.Round(self._claimed.key, stored, turn.label),
        )
        batches.start(session, key, now)
        return RunKey(key, public_id)
