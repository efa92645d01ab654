"""What schedules make: when it is due, over one list, never piled up, and only so much is kept."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.batch import BatchDraft, RunStatus
from app.domain.comparison import ComparisonDraft, Contender
from app.domain.fidelity import Pace
from app.domain.plan import Made, Plan, PlanDraft
from app.domain.question import Question
from app.domain.schedule import Schedule
from app.services.notices import Notices
from app.services.runs import record
from app.services.schedules import Schedules, first_due, make_one, take_turn
from app.services.upkeep import Upkeep
from app.storage import batches, comparisons, schedules, targets, waiting
from app.storage.batches import RunKey
from app.storage.database import Database
from app.storage.monitor_rows import ScheduleRow
from app.storage.rows import BatchRow, ComparisonRow, OutcomeRow, TargetListRow, TargetRow
from checkers import ClientName, Outcome, Status, StrategyName, Target

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOURLY = Schedule(cron="0 * * * *")
EVERY_MINUTE = Schedule(interval=60.0)
SECRET = "Bearer of-nobodys-business"


def batch_draft(count: int = 3, left_to_us: Question | None = None) -> BatchDraft:
    return BatchDraft(
        targets=[Target(url=f"http://a/{n}", authorization=SECRET) for n in range(count)],
        strategy=StrategyName.ASYNC, client=ClientName.AIOHTTP, concurrency=10,
        pace=Pace.TRUTHFUL, per_host=0, labels={"of": "test"}, left_to_us=left_to_us,
    )  # fmt: skip


def comparison_draft() -> ComparisonDraft:
    contender = Contender(
        label="async", strategy=StrategyName.ASYNC, client=ClientName.CURL, concurrency=5,
        pace=Pace.MAX,
    )  # fmt: skip
    return ComparisonDraft(
        targets=[Target(url="http://a/")], sizes=[1], contenders=[contender], baseline=None,
        rounds=2, pace=Pace.MAX, per_host=0, seed=7,
    )  # fmt: skip


def put(
    session: Session,
    schedule: Schedule = EVERY_MINUTE,
    work: BatchDraft | ComparisonDraft | None = None,
    keep: int = 2,
) -> int:
    """A plan that is due at once, or at cron's next instant; its row."""
    draft = PlanDraft(name="plan", schedule=schedule, work=work or batch_draft(), keep=keep)
    schedules.insert_plan(session, "sch_1", draft, first_due(draft, None, NOW), NOW)
    return schedules.load(session, "sch_1").scheduled.schedule_key


def plan(session: Session) -> Plan:
    return schedules.load(session, "sch_1").plan


def end(session: Session, public_id: str) -> None:
    """End a batch with an outcome of every target."""
    key, _ = batches.key_of(session, public_id)
    outcomes = [
        Outcome(seq=n, url="http://a/", status=Status.UP, started_at=0, queued=0) for n in range(3)
    ]
    record(session, RunKey(key, public_id), outcomes)
    assert batches.end(session, key, NOW, RunStatus.CANCELLED)


def counts(session: Session) -> dict[str, int]:
    tables = (BatchRow, ComparisonRow, TargetListRow, TargetRow, OutcomeRow, ScheduleRow)
    return {
        table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
        for table in tables
    }


def carry_out(work: Callable[[], Awaitable[object]]) -> None:
    async def run() -> None:
        await work()

    asyncio.run(run())


def within(database: Database, work: Callable[[Session], object]) -> None:
    carry_out(lambda: database.write(work))


def test_every_turn_makes_a_batch_over_the_one_list(database: Database) -> None:
    def work(session: Session) -> None:
        key = put(session)
        for minute in range(3):
            made = take_turn(session, key, NOW + minute * MINUTE)
            assert made is not None
            end(session, made)

        assert counts(session)["batches"] == 3
        assert (counts(session)["target_lists"], counts(session)["targets"]) == (1, 3)
        last = plan(session).last
        assert last is not None
        batch = batches.load(session, last.id)
        assert (batch.name, batch.labels, batch.total) == ("plan", {"of": "test"}, 3)
        assert (last.at, plan(session).missed) == (NOW + 2 * MINUTE, 0)

    within(database, work)


def test_the_secrets_of_its_targets_are_sealed_and_opened_again(database: Database) -> None:
    def work(session: Session) -> None:
        key = put(session)
        made = take_turn(session, key, NOW)
        assert made is not None
        _, list_id = batches.key_of(session, made)

        stored = session.scalars(select(TargetListRow.defaults)).one()
        (draft,) = session.scalars(select(ScheduleRow.draft))
        assert SECRET not in stored + draft
        assert targets.load_items(session, list_id)[0].target.authorization == SECRET

    within(database, work)


def test_a_turn_before_it_is_due_makes_nothing(database: Database) -> None:
    def work(session: Session) -> None:
        key = put(session, HOURLY)

        assert take_turn(session, key, NOW) is None
        assert plan(session).next_due_at == NOW + 60 * MINUTE
        assert take_turn(session, key, NOW + 60 * MINUTE) is not None
        assert plan(session).next_due_at == NOW + 120 * MINUTE

    within(database, work)


def test_turns_that_passed_come_together_in_one(database: Database) -> None:
    def work(session: Session) -> None:
        key = put(session)
        late = NOW + 10.5 * MINUTE

        assert take_turn(session, key, late) is not None
        assert take_turn(session, key, late) is None
        assert (plan(session).missed, plan(session).next_due_at) == (10, NOW + 11 * MINUTE)

    within(database, work)


def test_what_has_not_ended_is_not_piled_upon(database: Database) -> None:
    def work(session: Session) -> None:
        key = put(session)
        first = take_turn(session, key, NOW)
        assert first is not None

        assert take_turn(session, key, NOW + MINUTE) is None
        assert take_turn(session, key, NOW + 3 * MINUTE) is None
        assert (counts(session)["batches"], plan(session).missed) == (1, 3)
        end(session, first)
        assert take_turn(session, key, NOW + 4 * MINUTE) is not None

    within(database, work)


def test_one_that_was_asked_for_stands_beside_the_turns(database: Database) -> None:
    def work(session: Session) -> None:
        key = put(session, HOURLY)
        stored = schedules.load(session, "sch_1")

        made = make_one(session, stored, NOW)

        assert plan(session).last == Made(made, NOW)
        assert plan(session).next_due_at == NOW + 60 * MINUTE
        assert schedules.has_unfinished(session, key, plan(session).kind)

    within(database, work)


def test_a_comparison_is_shuffled_anew_each_time(database: Database) -> None:
    def work(session: Session) -> None:
        key = put(session, work=comparison_draft())
        seeds = []
        for minute in range(4):
            made = take_turn(session, key, NOW + minute * MINUTE)
            assert made is not None
            row, _, comparison = comparisons.load(session, made)
            waiting.end(session, ComparisonRow, row, NOW, RunStatus.COMPLETED)
            seeds.append(comparison.seed)

        assert len(set(seeds)) > 1
        assert [c.label for c in comparison.contenders] == ["async"]
        assert counts(session)["target_lists"] == 1

    within(database, work)


def test_what_was_left_to_us_is_decided_at_every_turn(database: Database) -> None:
    def work(session: Session) -> None:
        question = Question(targets=3, cores=1, client=ClientName.CURL)
        key = put(session, work=batch_draft(left_to_us=question))

        made = take_turn(session, key, NOW)

        assert made is not None
        batch = batches.load(session, made)
        assert (batch.client, batch.choice is not None) == (ClientName.CURL, True)

    within(database, work)


def test_the_oldest_beyond_what_is_kept_are_swept_with_their_outcomes(database: Database) -> None:
    made: list[str] = []

    def work(session: Session) -> None:
        key = put(session)
        for minute in range(5):
            public_id = take_turn(session, key, NOW + minute * MINUTE)
            assert public_id is not None
            made.append(public_id)
            if minute < 4:
                end(session, public_id)

    within(database, work)
    carry_out(Upkeep(database, None).sweep)

    def left(session: Session) -> None:
        there = list(session.scalars(select(BatchRow.public_id).order_by(BatchRow.id)))
        # The one that is under way is not among those that are kept.
        assert there == made[2:]
        assert counts(session)["outcomes"] == 6
        assert counts(session)["targets"] == 3

    within(database, left)


def test_a_list_goes_when_neither_the_plan_nor_what_it_made_uses_it(database: Database) -> None:
    def work(session: Session) -> None:
        key = put(session)
        made = take_turn(session, key, NOW)
        assert made is not None
        end(session, made)
        batches.remove(session, *batches.key_of(session, made))

    within(database, work)
    carry_out(Upkeep(database, timedelta(0)).sweep)
    within(database, lambda session: _assert_lists(session, 1))

    within(database, lambda session: schedules.remove(session, "sch_1"))
    carry_out(Upkeep(database, None).sweep)
    within(database, lambda session: _assert_lists(session, 0))


def _assert_lists(session: Session, lists: int) -> None:
    assert (counts(session)["target_lists"], counts(session)["targets"]) == (lists, 3 * lists)


def test_what_was_made_keeps_its_targets_when_the_plan_is_given_others(database: Database) -> None:
    def work(session: Session) -> None:
        key = put(session)
        made = take_turn(session, key, NOW)
        assert made is not None

        schedules.replace_work(session, key, batch_draft(1))

        _, list_id = batches.key_of(session, made)
        assert len(targets.load_items(session, list_id)) == 3
        assert plan(session).total == 1

    within(database, work)


def test_the_loop_makes_what_is_overdue_once_and_says_when_to_come_again(
    database: Database,
) -> None:
    within(database, put)

    async def run() -> None:
        notices = Notices()
        loop = Schedules(database, notices)
        pauses = [await loop.make_due(NOW + n * MINUTE / 60) for n in (3600, 3600, 3659)]

        found = await database.read(counts)
        assert (found["batches"], notices.work.is_set()) == (1, True)
        assert pauses == [5.0, 5.0, 1.0]

    asyncio.run(run())


def test_a_clock_that_is_put_back_neither_silences_a_plan_nor_makes_a_storm(
    database: Database,
) -> None:
    within(database, put)

    async def run() -> None:
        loop, yesterday = Schedules(database, Notices()), NOW - timedelta(days=1)
        for now in (NOW, yesterday, yesterday + MINUTE / 2):
            await loop.make_due(now)

        found = await database.read(plan)
        assert found.next_due_at == yesterday + MINUTE
        assert (await database.read(counts))["batches"] == 1

    asyncio.run(run())


def test_a_clock_that_is_put_right_repeats_no_turn(database: Database) -> None:
    within(database, lambda session: put(session, HOURLY))

    async def run() -> None:
        loop, full = Schedules(database, Notices()), NOW + 60 * MINUTE
        for late in (1, -5, 2):
            await loop.make_due(full + timedelta(milliseconds=late))

        found = await database.read(plan)
        assert (found.next_due_at, found.missed) == (full + 60 * MINUTE, 0)

    asyncio.run(run())


def test_one_plan_that_cannot_be_carried_out_does_not_stop_the_others(database: Database) -> None:
    def work(session: Session) -> None:
        put(session)
        draft = PlanDraft(schedule=EVERY_MINUTE, work=batch_draft())
        schedules.insert_plan(session, "sch_2", draft, NOW, NOW)
        row = session.scalars(select(ScheduleRow).where(ScheduleRow.public_id == "sch_1")).one()
        row.draft = "{}"

    within(database, work)

    async def run() -> None:
        loop = Schedules(database, Notices())
        await loop.make_due(NOW - MINUTE)

        pause = await loop.make_due(NOW + MINUTE)

        assert pause == 1.0
        assert (await database.read(counts))["batches"] == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("schedule", "last", "due"),
    [
        (EVERY_MINUTE, None, NOW),
        (EVERY_MINUTE, NOW - MINUTE / 4, NOW + 0.75 * MINUTE),
        (EVERY_MINUTE, NOW - 60 * MINUTE, NOW),
        (EVERY_MINUTE, NOW + 60 * MINUTE, NOW + MINUTE),
        (HOURLY, NOW - 90 * MINUTE, NOW + 60 * MINUTE),
    ],
)
def test_turns_begin_when_the_last_one_lies_an_interval_back(
    schedule: Schedule, last: datetime | None, due: datetime
) -> None:
    draft = PlanDraft(schedule=schedule, work=batch_draft())

    assert first_due(draft, None if last is None else Made("bat_1", last), NOW) == due
