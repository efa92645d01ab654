"""One writer, readers that cannot write, and what the database itself holds."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app.domain.batch import BatchDraft, RunStatus
from app.domain.fidelity import Pace
from app.reports.outcomes import OutcomeOut
from app.services.runs import record
from app.storage import (
    batches,
    monitor_rows,  # noqa: F401 -- its tables belong to the same metadata
    outcomes,
    targets,
)
from app.storage.batches import RunKey
from app.storage.database import Database
from app.storage.file import DatabaseInUse, DatabaseLock, migrate
from app.storage.rows import Row
from checkers import ClientName, Outcome, Phases, Reason, Status, StrategyName, Target
from checkers.outcome import Certificate

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def write(database: Database, work: Callable[[Session], T]) -> T:
    return asyncio.run(database.write(work))


def read(database: Database, work: Callable[[Session], T]) -> T:
    return asyncio.run(database.read(work))


def draft(*urls: str) -> BatchDraft:
    return BatchDraft(
        targets=[Target(url=url, timeout=3.0) for url in urls or ("http://a/", "http://b/")],
        strategy=StrategyName.ASYNC,
        client=ClientName.AIOHTTP,
        concurrency=10,
        pace=Pace.TRUTHFUL,
        per_host=0,
    )


def outcome(seq: int, status: Status = Status.UP, reason: Reason | None = None) -> Outcome:
    return Outcome(
        seq=seq, url="http://a/", status=status, reason=reason, started_at=1.0, queued=0.5,
        total=0.25, http_status=200, final_url="http://a/",
    )  # fmt: skip


def test_migrations_lead_to_the_tables_of_the_code_and_back(
    database_url: str, tmp_path: Path
) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Row.metadata)
    assert differences == []

    migrate(database_url, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}

    migrate(database_url)
    assert "outcomes" in inspect(engine).get_table_names()
    engine.dispose()
    assert (tmp_path / "tercet.db").exists()


def test_the_file_gives_space_back_in_small_steps(database: Database) -> None:
    pragma = read(database, lambda s: s.execute(text("PRAGMA auto_vacuum")).scalar_one())

    assert pragma == 2  # INCREMENTAL


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        read(database, lambda s: s.execute(text("DELETE FROM batches")))


def test_what_a_transaction_raises_undoes_it(database: Database) -> None:
    def work(session: Session) -> None:
        batches.insert_batch(session, "bat_1", draft(), NOW)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(database, work)

    assert read(database, lambda s: batches.page(s, 10, None)) == ([], None)


@pytest.mark.parametrize(("durable", "mode"), [(True, 2), (False, 1)])
def test_a_commit_is_as_durable_as_was_asked(
    database: Database,
    durable: bool,
    mode: int,
) -> None:
    def work(session: Session) -> int:
        found: int = session.execute(text("PRAGMA synchronous")).scalar_one()
        return found

    assert asyncio.run(database.write(work, durable=durable)) == mode


def test_a_second_service_on_the_same_file_is_refused(database_url: str) -> None:
    lock = DatabaseLock(database_url)

    with pytest.raises(DatabaseInUse):
        DatabaseLock(database_url)

    lock.release()
    DatabaseLock(database_url).release()


def test_targets_come_back_as_they_were_given(database: Database) -> None:
    given_targets = [
        Target(url="http://a/"),
        Target(url="http://b/", method="POST", body=b"\x00\xff", headers=(("A", "b"),)),
        Target(url="http://c/"),
    ]
    list_id = write(database, lambda s: targets.insert_list(s, given_targets))

    found = read(database, lambda s: targets.load_items(s, list_id))

    assert [item.target for item in found] == given_targets
    assert [item.seq for item in found] == [0, 1, 2]


def test_only_targets_without_an_outcome_are_left(database: Database) -> None:
    key = write(database, lambda s: batches.insert_batch(s, "bat_1", draft(), NOW))
    write(database, lambda s: record(s, RunKey(key, "bat_1"), [outcome(0)]))
    list_id = read(database, lambda s: batches.key_of(s, "bat_1"))[1]

    left = read(database, lambda s: targets.load_items(s, list_id, without_outcome_in=key))

    assert [item.seq for item in left] == [1]


def test_a_target_never_has_two_outcomes_and_counts_once(database: Database) -> None:
    key = write(database, lambda s: batches.insert_batch(s, "bat_1", draft(), NOW))
    down = outcome(1, Status.DOWN, Reason.CONNECTION_RESET)
    write(database, lambda s: record(s, RunKey(key, "bat_1"), [outcome(0)]))

    write(
        database,
        lambda s: record(s, RunKey(key, "bat_1"), [outcome(0, Status.DOWN, Reason.TOO_SLOW), down]),
    )

    batch = read(database, lambda s: batches.load(s, "bat_1"))
    assert batch.done == 2
    assert batch.counts[Status.UP] == batch.counts[Status.DOWN] == 1
    assert batch.reasons == {Reason.CONNECTION_RESET: 1}


texts = st.one_of(st.none(), st.text(max_size=50))
durations = st.one_of(st.none(), st.integers(0, 10**9).map(lambda n: n / 1e6))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    status=st.sampled_from([Status.UP, Status.DOWN, Status.DEGRADED, Status.UNKNOWN]),
    detail=texts, excerpt=texts, total=durations, wait=durations,
    tls=st.one_of(st.none(), st.builds(Certificate, version=st.text(), cipher=st.text(),
                  issuer=st.text(), subject=st.text(), not_after=st.floats(0, 1e10),
                  days_left=st.floats(-1e5, 1e5))),
)  # fmt: skip
def test_an_outcome_comes_back_as_it_was_stored(
    database: Database,
    status: Status,
    detail: str | None,
    excerpt: str | None,
    total: float | None,
    wait: float | None,
    tls: Certificate | None,
) -> None:
    stored = Outcome(
        seq=0, url="http://a/", status=status, detail=detail, excerpt=excerpt, total=total,
        reason=None if status is Status.UP else Reason.TOO_SLOW, started_at=1.5, queued=0.25,
        phases=Phases(wait=wait), tls=tls, remote_address="::1", redirects=3,
        final_url=None if total is None else "http://b/", body_bytes=7, http_version="1.1",
    )  # fmt: skip

    def work(session: Session) -> list[OutcomeOut]:
        session.execute(text("DELETE FROM batches"))
        key = batches.insert_batch(session, "bat_1", draft("http://a/"), NOW)
        outcomes.insert_outcomes(session, key, [stored])
        wanted = outcomes.Wanted(*batches.key_of(session, "bat_1"))
        return [OutcomeOut.of_stored(row) for row in outcomes.page(session, wanted, 10)[0]]

    assert write(database, work) == [OutcomeOut.of(stored)]


def test_lone_surrogates_do_not_stop_a_run(database: Database) -> None:
    key = write(database, lambda s: batches.insert_batch(s, "bat_1", draft(), NOW))
    odd = Outcome(seq=0, url="http://a/", status=Status.DOWN, reason=Reason.TOO_SLOW,
                  detail="\ud800", excerpt="\udfff", started_at=0, queued=0)  # fmt: skip

    write(database, lambda s: record(s, RunKey(key, "bat_1"), [odd]))

    assert read(database, lambda s: batches.load(s, "bat_1")).done == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE batches SET status = 'done'",
        "UPDATE batches SET done = total + 1",
        "UPDATE batches SET status = 'completed', finished_at = 1",
        "UPDATE batches SET finished_at = 1",
        "UPDATE batches SET round = 1",
        "UPDATE batches SET list_id = 99",
        "UPDATE outcomes SET status = 'fine'",
        "UPDATE outcomes SET reason = 'too_slow'",
        "UPDATE target_lists SET total = 0",
    ],
)
def test_the_database_refuses_what_must_not_be(database: Database, statement: str) -> None:
    key = write(database, lambda s: batches.insert_batch(s, "bat_1", draft(), NOW))
    write(database, lambda s: record(s, RunKey(key, "bat_1"), [outcome(0)]))

    with pytest.raises(IntegrityError):
        write(database, lambda s: s.execute(text(statement)))


def test_a_batch_goes_with_its_outcomes_and_targets(database: Database) -> None:
    key = write(database, lambda s: batches.insert_batch(s, "bat_1", draft(), NOW))
    write(database, lambda s: record(s, RunKey(key, "bat_1"), [outcome(0)]))
    write(database, lambda s: batches.remove(s, *batches.key_of(s, "bat_1")))

    def left(session: Session) -> int:
        tables = ("batches", "outcomes", "targets", "target_lists")
        return sum(
            session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables
        )

    assert read(database, left) == 0


def test_the_oldest_batch_of_its_size_is_claimed_once(database: Database) -> None:
    for number in range(2):
        write(database, lambda s, n=number: batches.insert_batch(s, f"bat_{n}", draft(), NOW))  # type: ignore[misc]

    def claim(session: Session) -> str | None:
        claimed = batches.claim_oldest(session, NOW, quick=True)
        return claimed and claimed.batch.id

    assert [write(database, claim) for _ in range(3)] == ["bat_0", "bat_1", None]


def test_what_ran_when_the_service_stopped_is_queued_again(database: Database) -> None:
    write(database, lambda s: batches.insert_batch(s, "bat_1", draft(), NOW))
    write(database, lambda s: batches.claim_oldest(s, NOW, quick=True))

    write(database, batches.requeue)

    batch = read(database, lambda s: batches.load(s, "bat_1"))
    assert (batch.status, batch.interruptions) == (RunStatus.QUEUED, 1)


def test_pages_follow_each_other_without_gap_or_overlap(database: Database) -> None:
    for number in range(7):
        write(database, lambda s, n=number: batches.insert_batch(s, f"bat_{n}", draft(), NOW))  # type: ignore[misc]

    seen, cursor = [], None
    while True:
        page, cursor = read(database, lambda s, c=cursor: batches.page(s, 3, c))  # type: ignore[misc]
        seen += [batch.id for batch in page]
        if cursor is None:
            break

    assert seen == [f"bat_{number}" for number in reversed(range(7))]
