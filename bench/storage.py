"""What it takes to store outcomes and to answer with them."""

import asyncio
import sqlite3
import statistics
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

from cryptography.fernet import Fernet
from rich.table import Table
from sqlalchemy.orm import Session

from app.domain.batch import BatchDraft
from app.domain.fidelity import Pace
from app.reports.outcomes import OutcomeOut, OutcomePage, encode
from app.services.runs import record
from app.storage import batches, outcomes
from app.storage.batches import RunKey
from app.storage.database import Database
from app.storage.file import migrate
from app.storage.vault import Vault
from checkers import ClientName, Outcome, Phases, Status, StrategyName, Target
from checkers.child import collect_rarely

_ROWS: Final = 50_000
_PER_COMMIT: Final = 1000
_ROUNDS: Final = 5
_ANSWERED: Final = 10_000
_NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)


async def measure() -> Table:
    """Rows a second beside sqlite3's own `executemany`, bytes a row, CPU of an answer."""
    await asyncio.to_thread(collect_rarely)
    ours, plain, answers, sizes = list[float](), list[float](), list[float](), list[float]()
    for _ in range(_ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tercet.db"
            migrate(f"sqlite:///{path}")
            database = Database(f"sqlite:///{path}", Vault(Fernet.generate_key()))
            key, found = await _prepare(database)
            before = _bytes(path)
            ours.append(_ROWS / await _stored(database, key, found))
            sizes.append((_bytes(path) - before) / _ROWS)
            answers.append(await _answered(database, key))
            database.close()
            plain.append(_ROWS / await asyncio.to_thread(_plainly, path, Path(folder) / "plain.db"))
    ratio = statistics.median(a / b for a, b in zip(ours, plain, strict=True))
    headings = ("what", "measured", "range", "wanted")
    table = Table(*headings, title=f"Storage: {_ROWS:,} outcomes up over plain HTTP")
    for name, rates in (("stored and counted", ours), ("sqlite3 executemany", plain)):
        table.add_row(f"{name}, rows/s", f"{statistics.median(rates):,.0f}", _range(rates), "")
    table.add_row("the one over the other", f"{ratio:.2f}", "", "≥ 0.4")
    table.add_row("bytes a row, indexes included", f"{statistics.median(sizes):.0f}", "", "≤ 150")
    answered = [seconds * 1e3 for seconds in answers]
    told = f"{statistics.median(answered):.0f} ms"
    table.add_row("CPU of 10,000 outcomes as JSON", told, _range(answered), "≤ 60 ms")
    return table


async def _prepare(database: Database) -> tuple[int, list[Outcome]]:
    urls = [f"http://127.0.0.1:8080/status/{number}" for number in range(_ROWS)]
    draft = BatchDraft(
        targets=[Target(url=url) for url in urls],
        strategy=StrategyName.ASYNC,
        client=ClientName.AIOHTTP,
        concurrency=200,
        pace=Pace.MAX,
        per_host=0,
    )
    key = await database.write(lambda s: batches.insert_batch(s, "bat_1", draft, _NOW))
    return key, [_outcome(seq, url) for seq, url in enumerate(urls)]


def _outcome(seq: int, url: str) -> Outcome:
    wait = 0.05 + seq % 977 * 1e-6
    return Outcome(
        seq=seq,
        url=url,
        status=Status.UP,
        http_status=200,
        http_version="1.1",
        final_url=url,
        remote_address="127.0.0.1",
        started_at=_NOW.timestamp() + seq * 1e-4,
        queued=seq * 1e-4,
        total=wait + 0.0003,
        phases=Phases(connect=0.0002, wait=wait, receive=0.0001),
        body_bytes=5,
    )


async def _stored(database: Database, key: int, found: Sequence[Outcome]) -> float:
    began = perf_counter()
    for start in range(0, len(found), _PER_COMMIT):

        def work(session: Session, start: int = start) -> None:
            record(session, RunKey(key, "bat_1"), found[start : start + _PER_COMMIT])

        await database.write(work, durable=False)
    return perf_counter() - began


def _plainly(source: Path, path: Path) -> float:
    """The same rows into the same table, by the driver alone."""
    reading = sqlite3.connect(source)
    (schema,) = reading.execute("SELECT sql FROM sqlite_master WHERE name = 'outcomes'").fetchone()
    (index,) = reading.execute(
        "SELECT sql FROM sqlite_master WHERE name = 'ix_outcomes_not_up'"
    ).fetchone()
    rows = reading.execute("SELECT * FROM outcomes ORDER BY seq").fetchall()
    reading.close()
    writing = sqlite3.connect(path, isolation_level=None)
    writing.execute("PRAGMA journal_mode=WAL")
    writing.execute("PRAGMA synchronous=NORMAL")
    writing.execute(schema)
    writing.execute(index)
    insert = f"INSERT INTO outcomes VALUES ({', '.join('?' * len(rows[0]))})"
    began = perf_counter()
    for start in range(0, len(rows), _PER_COMMIT):
        writing.execute("BEGIN IMMEDIATE")
        writing.executemany(insert, rows[start : start + _PER_COMMIT])
        writing.execute("COMMIT")
    took = perf_counter() - began
    writing.close()
    return took


async def _answered(database: Database, key: int) -> float:
    wanted = outcomes.Wanted(key, 1)
    began, after = process_time(), None
    for _ in range(_ANSWERED // 1000):

        def work(session: Session, after: int | None = after) -> int | None:
            found, following = outcomes.page(session, wanted, 1000, after)
            encode(OutcomePage(items=[OutcomeOut.of_stored(row) for row in found], next_cursor=""))
            return following

        after = await database.read(work)
    return process_time() - began


def _bytes(path: Path) -> int:
    connection = sqlite3.connect(path)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    connection.close()
    return (int(pages) - int(free)) * 4096


def _range(values: Sequence[float]) -> str:
    return f"{min(values):,.0f}–{max(values):,.0f}"
