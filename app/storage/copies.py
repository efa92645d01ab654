"""Copies of a database: made while it is used, checked, and brought back while it is used.

SQLite's online backup copies one consistent state, whoever writes meanwhile.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.storage import batches, waiting
from app.storage.file import check_vault, database_path, migrate, vault_at_hand
from app.storage.rows import ComparisonRow, ExperimentRow

# Other writers are waited for this long, in seconds.
_BUSY_SECONDS: Final = 60.0
_OWNER_ONLY: Final = 0o600


class NotACopy(Exception):
    """The file cannot be brought back; the text says why."""


def backup(url: str, to: Path) -> int:
    """Copy a database to a file that is not there yet; the size of the copy in bytes.

    Raises:
        FileNotFoundError: there is no such database.
        FileExistsError: the file is there.
        OSError, sqlite3.Error: it cannot be read or written.
    """
    source = database_path(url)
    if not source.exists():
        raise FileNotFoundError(f"There is no database {source}.")
    if to.exists():
        raise FileExistsError(f"{to} is there already.")
    made = to.with_name(to.name + ".part")
    # What was asked and what was seen is nobody else's business.
    os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY))
    try:
        _copy(source, made)
        with sqlite3.connect(made) as connection:
            # One file, not three: the copy is not in use.
            connection.execute("PRAGMA journal_mode=DELETE")
        connection.close()
        _sync(made)
        # Only a whole copy gets its name.
        made.rename(to)
    finally:
        made.unlink(missing_ok=True)
    return to.stat().st_size


def restore(url: str, copy: Path, passphrase: str | None) -> None:
    """Make a database what a copy of it holds, in one transaction, also while it is served.

    Runs that were under way when the copy was made are queued again.

    Raises:
        NotACopy: the file is not a whole copy of a database of Tercet's.
        WrongKey: its secrets were sealed with another key than the one at hand.
        OSError, sqlite3.Error: it cannot be read or written.
    """
    target = database_path(url)
    staged = target.with_name(target.name + ".restoring")
    staged.unlink(missing_ok=True)
    try:
        if not copy.is_file():
            raise NotACopy(f"There is no file {copy}.")
        _check(copy)
        _copy(copy, staged)
        _make_ready(staged)
        check_vault(staged, vault_at_hand(url, passphrase))
        migrate(url)
        _copy(staged, target)
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            staged.with_name(staged.name + suffix).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """All pages in one step: whoever looks sees the old state or the new one."""
    reading = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=_BUSY_SECONDS)
    writing = sqlite3.connect(target, timeout=_BUSY_SECONDS)
    try:
        reading.backup(writing)
    finally:
        writing.close()
        reading.close()


def _make_ready(staged: Path) -> None:
    """Bring a copy to this version's schema, with what was under way in it queued again."""
    url = f"sqlite:///{staged}"
    migrate(url)
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        batches.requeue(session)
        waiting.requeue(session, ComparisonRow)
        waiting.requeue(session, ExperimentRow)
    engine.dispose()


def _check(copy: Path) -> None:
    try:
        connection = sqlite3.connect(f"file:{copy}?mode=ro", uri=True)
        try:
            (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
            connection.execute("SELECT id FROM batches LIMIT 1").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise NotACopy(f"{copy} is not a copy of Tercet's database: {error}.") from error
    if said != "ok":
        raise NotACopy(f"{copy} is damaged: {said}.")


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
