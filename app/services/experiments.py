"""Experiments of the laboratory: submitted, carried out round by round, read as a report."""

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app import USER_AGENT
from app.domain.batch import RunStatus
from app.domain.comparison import Comparison, ComparisonDraft, LabWork, Turn, again
from app.domain.errors import Conflict
from app.domain.evidence import NOTHING_SEEN
from app.domain.lab_run import LabRun
from app.domain.run_figures import percentiles_of
from app.engine.laboratory import Laboratory, bundled_site
from app.engine.local import RunFailed
from app.engine.machine import this_machine
from app.services import clock
from app.services import rounds as round_by_round
from app.services.accepting import accepted, ended
from app.services.notices import Notices
from app.services.reports import Report, assemble
from app.storage import experiments, waiting
from app.storage.database import Database
from app.storage.experiments import Claim
from app.storage.idempotency import Once
from app.storage.rows import ExperimentRow
from checkers import Status
from checkers.laboratory import Carried
from checkers.workloads.carried import Order
from checkers.workloads.catalogue import WORKLOADS, WorkloadName

# What is asked of the bundled target where nobody named another, after its address.
_REQUESTED: Final = "/delay/1"


async def submit(
    database: Database, notices: Notices, draft: ComparisonDraft, once: Once | None = None
) -> Comparison:
    """Accept an experiment; it is on disk when this returns. Args, raises: as `accepted`."""

    def make(session: Session, now: datetime) -> str:
        public_id = clock.new_id("exp")
        experiments.insert_experiment(session, public_id, draft, now)
        return public_id

    return await accepted(database, notices, once, make, _load)


async def rerun(database: Database, notices: Notices, public_id: str, seed: int) -> Comparison:
    """Make the same experiment again, in an order of its own; raises `NotFound`."""

    def make(session: Session, now: datetime) -> str:
        draft = replace(again(_load(session, public_id), ()), seed=seed)
        new_id = clock.new_id("exp")
        experiments.insert_experiment(session, new_id, draft, now)
        return new_id

    return await accepted(database, notices, None, make, _load)


async def wait_until_ended(
    database: Database, notices: Notices, public_id: str, seconds: float
) -> Comparison:
    """The experiment once it has ended in any way, or as it is after so many seconds."""
    return await ended(
        database, notices, public_id, _load, lambda found: found.finished_at is not None, seconds
    )


def _load(session: Session, public_id: str) -> Comparison:
    return experiments.load(session, public_id).comparison


async def claim(database: Database) -> Claim | None:
    """Take the experiment that has waited longest, if any."""
    return await database.write(
        lambda session: experiments.claim_oldest(session, clock.now(), this_machine())
    )


async def report(database: Database, public_id: str) -> Report:
    """Everything that is known of an experiment; raises `NotFound`."""
    return await database.read(lambda session: read_report(session, public_id))


def read_report(session: Session, public_id: str) -> Report:
    """As `report`, in a session."""
    key, comparison = experiments.load(session, public_id)
    found = experiments.runs_of(session, key, comparison.sizes[0])
    return assemble(comparison, found, NOTHING_SEEN, {})


async def cancel(database: Database, public_id: str) -> bool:
    """Start no run of this experiment any more; false when it had ended already."""

    def end(session: Session) -> bool:
        key = experiments.load(session, public_id).key
        return waiting.end(session, ExperimentRow, key, clock.now(), RunStatus.CANCELLED)

    return await database.write(end)


async def remove(database: Database, public_id: str) -> None:
    """Remove an experiment that has ended, with its runs.

    Raises:
        NotFound: there is none.
        Conflict: it has not ended.
    """

    def forget(session: Session) -> None:
        key, comparison = experiments.load(session, public_id)
        if comparison.finished_at is None:
            raise Conflict("The experiment has not ended.")
        experiments.remove(session, key)

    await database.write(forget)


async def carry_out(
    database: Database, laboratory: Laboratory, notices: Notices, claimed: Claim
) -> None:
    """Make every run that is missing, each in a process of its own."""
    key, comparison = claimed
    assert comparison.lab is not None
    async with AsyncExitStack() as stack:
        url = await url_for(comparison.lab, stack)
        under_way = _Rounds(database, laboratory, notices, claimed, url)
        error = await round_by_round.carry_out(comparison, under_way)
    status = RunStatus.COMPLETED if error is None else RunStatus.FAILED
    await database.write_at_last(
        lambda session: waiting.end(session, ExperimentRow, key, clock.now(), status, error)
    )


async def url_for(lab: LabWork, stack: AsyncExitStack) -> str | None:
    """Whom the requests of an experiment go to; serves the bundled targets if they are wanted."""
    if lab.url is not None or not WORKLOADS[lab.workload].sends:
        return lab.url
    addresses = await stack.enter_async_context(bundled_site())
    asked = _REQUESTED if lab.workload is WorkloadName.REQUESTS else f"/json/{lab.size}"
    return addresses.site + asked


async def run_once(
    laboratory: Laboratory, comparison: Comparison, label: str, number: int, url: str | None
) -> LabRun:
    """Make one run of one contender in a round.

    Raises:
        RunFailed: it could not be carried out.
    """
    lab = comparison.lab
    assert lab is not None
    contender = next(c for c in comparison.contenders if c.label == label)
    carried = await laboratory.execute(
        Order(
            workload=lab.workload,
            strategy=contender.strategy,
            concurrency=contender.concurrency,
            client=contender.client,
            url=url,
            bundled=lab.url is None,
            items=lab.items,
            size=lab.size,
            # Everybody in a round has the same data, and every round has others.
            seed=comparison.seed + number,
            user_agent=USER_AGENT,
        )
    )
    return _lab_run(carried)


def _lab_run(carried: Carried) -> LabRun:
    assert carried.cost is not None
    return LabRun(
        id=clock.new_id("lab"),
        done=carried.done,
        counts={status: carried.counts.get(status, 0) for status in Status},
        setup=carried.setup,
        wall=carried.wall,
        latency=percentiles_of(carried.times),
        cost=carried.cost,
        metrics=carried.metrics,
    )


class _Rounds:
    """The runs of one experiment."""

    def __init__(
        self,
        database: Database,
        laboratory: Laboratory,
        notices: Notices,
        claimed: Claim,
        url: str | None,
    ) -> None:
        self._database = database
        self._laboratory = laboratory
        self._notices = notices
        self._claimed = claimed
        self._url = url

    async def whole(self) -> set[int]:
        key, comparison = self._claimed
        found = await self._database.read(
            lambda session: experiments.runs_of(session, key, comparison.sizes[0])
        )
        return round_by_round.whole_rounds(comparison, [run.number for run in found])

    async def forget(self, number: int) -> None:
        await self._database.write_at_last(
            lambda session: experiments.remove_round(session, self._claimed.key, number)
        )

    async def run(self, number: int, turn: Turn) -> str | None:
        key, comparison = self._claimed
        try:
            run = await run_once(self._laboratory, comparison, turn.label, number, self._url)
        except RunFailed as error:
            return str(error)
        await self._database.write_at_last(
            lambda session: experiments.insert_run(session, key, number, turn.label, run)
        )
        self._notices.progressed(comparison.id)
        return None
