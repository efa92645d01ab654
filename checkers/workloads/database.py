"""Writing to one file: transactions that insert rows into SQLite, through several workers."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from checkers.workloads.carried import Done, Order, Prepared, Unpaced, as_it_is, timed

# SQLite has one writer at a time: everyone else waits for it, so long at most.
_PATIENCE_SECONDS: Final = 60.0
_INSERT: Final = "INSERT INTO lab (item, number, text) VALUES (?, ?, ?)"
_Item = tuple[int, int]


@dataclass(frozen=True)
class Inserts(Unpaced):
    """Inserts rows into a file, a transaction an item; each thread has its own connection."""

    path: str

    @contextmanager
    def opened(self, *, alone: bool = False) -> Iterator[Callable[[_Item], Done]]:  # noqa: ARG002 -- for threads or one
        with _Connections(self.path) as connections:
            yield connections.carry_out

    @asynccontextmanager
    async def opened_async(self) -> AsyncIterator[Callable[[_Item], Awaitable[Done]]]:
        with _Connections(self.path) as connections:

            async def perform(item: _Item) -> Done:
                # SQLite blocks: on the loop it would stop everything else.
                return await asyncio.to_thread(connections.carry_out, item)

            yield perform


class _Connections:
    """A connection for each thread that asks for one, all closed with the block."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._own = threading.local()
        self._all: list[sqlite3.Connection] = []

    def __enter__(self) -> "_Connections":
        return self

    def __exit__(self, *_exit: object) -> None:
        for connection in self._all:
            connection.close()

    def carry_out(self, item: _Item) -> Done:
        seq, rows = item
        return timed(seq, lambda: self._insert(seq, rows))

    def _insert(self, seq: int, rows: int) -> int:
        connection = self._connection()
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, [(seq, row, f"row {row}") for row in range(rows)])
        return rows

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if found is None:
            found = self._own.connection = _connected(self._path)
            self._all.append(found)
        return found


def _connected(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


@contextmanager
def prepared(order: Order) -> Iterator[Prepared]:
    """An empty table in a file of its own; every row is counted after the run."""
    path = str(Path(order.folder, "lab.db"))
    with closing(_connected(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE lab (item INTEGER, number INTEGER, text TEXT)")
    expected = order.items * order.each

    def metrics(done: Sequence[Done], wall: float) -> dict[str, float]:
        with closing(_connected(path)) as connection:
            query = "SELECT count(*) FROM (SELECT DISTINCT item, number FROM lab)"
            (rows,) = connection.execute(query).fetchone()
        return {
            "rows_per_second": rows / wall,
            "rows": float(rows),
            "rows_lost": float(expected - rows),
            "transactions_per_second": len(done) / wall,
        }

    yield Prepared(
        Inserts(path), [(seq, order.each) for seq in range(order.items)], metrics, as_it_is
    )
