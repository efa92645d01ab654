"""The database of a service: one writer, several readers, and the only commit there is.

Sessions are synchronous and live in threads of their own. A transaction is one function, so it is
carried out whole or not at all, whatever becomes of the request that asked for it.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.storage.vault import Vault

logger = structlog.get_logger(__name__)

T = TypeVar("T")

_READERS: Final = 4
# A reader keeps 2 MiB of pages; who goes over ten thousand rows once would fill and not use them.
_SCAN_CACHE_KIB: Final = 128
#: How long a statement waits for another process that holds the file's lock.
BUSY_SECONDS: Final = 30.0
# A write that takes longer than this waits for somebody: another process, or the disk.
_LONG_SECONDS: Final = 5.0
# Between two tries at writing what has to be written, in seconds.
_FIRST_REST_SECONDS: Final = 0.5
_LONGEST_REST_SECONDS: Final = 5.0
# The write-ahead log is cut to this once it has been carried over, in bytes.
_WAL_BYTES: Final = 64 * 1024 * 1024
#: Pages of 4 KiB handed back at once.
STEP_PAGES: Final = 500
_VAULT: Final = "vault"


class Database:
    """A SQLite file, opened. Migrate it first.

    Args:
        url: `sqlite:///PATH`.
        vault: seals the secrets that are stored.
    """

    def __init__(self, url: str, vault: Vault) -> None:
        self._vault = vault
        self._trouble: str | None = None
        self._held_up: dict[object, str] = {}
        self._writing_since: float | None = None
        #: How many transactions wait to be written, or are being written.
        self.writes_waiting = 0
        self._writer = _engine(url, _prepare_writer, begin="BEGIN IMMEDIATE", connections=1)
        self._readers = _engine(url, _prepare_reader, begin="BEGIN", connections=_READERS)
        self._scanner = _engine(url, _prepare_scanner, begin="BEGIN", connections=1)
        # One thread: whoever wants to write waits here, in order, not in SQLite's busy handler.
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="db-write")
        self._read_threads = ThreadPoolExecutor(_READERS, thread_name_prefix="db-read")
        self._scan_thread = ThreadPoolExecutor(1, thread_name_prefix="db-scan")

    async def write(self, work: Callable[[Session], T], *, durable: bool = True) -> T:
        """Carry out a transaction and commit it; what it raises undoes it.

        Args:
            durable: return only once it is on disk (`synchronous=FULL`). Without, a power cut may
                cost the last moments; a killed process still costs nothing.
        """
        loop = asyncio.get_running_loop()
        written = loop.run_in_executor(self._write_thread, self._in_transaction, work, durable)
        told = loop.call_later(_LONG_SECONDS, self._say_that_a_write_waits)
        self.writes_waiting += 1
        try:
            made = await written
        except OperationalError as error:
            self._trouble = str(error.orig)
            raise
        finally:
            self.writes_waiting -= 1
            told.cancel()
        self._trouble = None
        return made

    async def write_at_last(self, work: Callable[[Session], T], *, durable: bool = True) -> T:
        """As `write`, waiting out a full disk or another process's lock, however long it takes."""
        rest, held_up = _FIRST_REST_SECONDS, object()
        try:
            while True:
                try:
                    return await self.write(work, durable=durable)
                except OperationalError as error:
                    self._held_up[held_up] = str(error.orig)
                    logger.warning("database_not_writable", error=str(error.orig), again_in=rest)
                await asyncio.sleep(rest)
                rest = min(rest * 2, _LONGEST_REST_SECONDS)
        finally:
            self._held_up.pop(held_up, None)

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written, as far as is known; `None` when all is well."""
        began = self._writing_since
        if began is not None and monotonic() - began > _LONG_SECONDS:
            return f"a write has been waiting for {monotonic() - began:.0f} s"
        return next(iter(self._held_up.values()), self._trouble)

    async def give_space_back(self) -> bool:
        """Let the file shrink by some pages; whether it had as many to give."""
        return await asyncio.get_running_loop().run_in_executor(self._write_thread, self._shrink)

    async def read(self, work: Callable[[Session], T]) -> T:
        """Carry out a function on a consistent snapshot; it cannot write."""
        return await asyncio.get_running_loop().run_in_executor(
            self._read_threads, self._in_snapshot, work, self._readers
        )

    async def scan(self, work: Callable[[Session], T]) -> T:
        """As `read`, for pages of very many rows: next to no memory, and in nobody's way."""
        return await asyncio.get_running_loop().run_in_executor(
            self._scan_thread, self._in_snapshot, work, self._scanner
        )

    def close(self) -> None:
        """Finish what is under way and close every connection."""
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        self._scan_thread.shutdown()
        self._scanner.dispose()
        self._readers.dispose()
        self._writer.dispose()

    def _say_that_a_write_waits(self) -> None:
        logger.warning(
            "database_write_waits",
            why="another process, or the disk",
            at_least_seconds=_LONG_SECONDS,
        )

    def _in_transaction(self, work: Callable[[Session], T], durable: bool) -> T:  # noqa: FBT001 -- called through an executor
        self._writing_since = monotonic()
        try:
            return self._written(work, durable)
        finally:
            self._writing_since = None

    def _written(self, work: Callable[[Session], T], durable: bool) -> T:  # noqa: FBT001 -- as above
        with self._writer.connect() as connection:
            # Outside the transaction: SQLite ignores this pragma inside one.
            cursor = connection.connection.cursor()
            cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            cursor.close()
            with self._session(connection) as session, session.begin():
                return work(session)

    def _shrink(self) -> bool:
        with self._writer.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            (free,) = driver.execute("PRAGMA freelist_count").fetchone()
            if free < STEP_PAGES:
                return False
            # As a script: the driver steps through any other statement once, which frees one page.
            driver.executescript(f"PRAGMA incremental_vacuum({STEP_PAGES})")
            return True

    def _session(self, bind: Engine | Connection) -> Session:
        return Session(bind, expire_on_commit=False, info={_VAULT: self._vault})

    def _in_snapshot(self, work: Callable[[Session], T], connections: Engine) -> T:
        with self._session(connections) as session, session.begin():
            return work(session)


def vault_of(session: Session) -> Vault:
    """What seals and opens the secrets of a session's database."""
    vault: Vault = session.info[_VAULT]
    return vault


def _engine(
    url: str, prepare: Callable[[sqlite3.Cursor], object], *, begin: str, connections: int
) -> Engine:
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        # The driver would begin transactions by itself, and deferred ones.
        connection.isolation_level = None
        cursor = connection.cursor()
        prepare(cursor)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        connection.execute(text(begin))

    return engine


def _prepare_writer(cursor: sqlite3.Cursor) -> None:
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA journal_size_limit={_WAL_BYTES}")
    # Some builds write noughts over whatever is removed, page by page; secrets are sealed anyway.
    cursor.execute("PRAGMA secure_delete=FAST")


def _prepare_reader(cursor: sqlite3.Cursor) -> None:
    cursor.execute("PRAGMA query_only=ON")


def _prepare_scanner(cursor: sqlite3.Cursor) -> None:
    _prepare_reader(cursor)
    cursor.execute(f"PRAGMA cache_size=-{_SCAN_CACHE_KIB}")
