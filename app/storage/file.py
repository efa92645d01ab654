"""The file behind a database: made, migrated, locked for one service, and the key beside it."""

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO, Final

from sqlalchemy.engine import make_url

from app.storage.database import BUSY_SECONDS
from app.storage.vault import Vault, WrongKey

# A fact of the database, sealed: it tells whether a key is the right one.
_SEALED: Final = "sealed"
_MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"


class DatabaseInUse(Exception):
    """Another service has this database open."""


class CannotMigrate(Exception):
    """The schema cannot be brought to a revision; the text says why."""


class DatabaseLock:
    """Keeps a second service off the same file, for as long as this process lives.

    Raises:
        DatabaseInUse: another process holds it.
    """

    def __init__(self, url: str) -> None:
        path = database_path(url)
        self._file: IO[str] = path.with_name(path.name + ".lock").open("w", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise DatabaseInUse(f"Another tercet serves {path}.") from error

    def release(self) -> None:
        self._file.close()


def database_path(url: str) -> Path:
    """The file behind a `sqlite:///` URL."""
    return Path(make_url(url).database or "")


def migrate(url: str, revision: str = "head") -> None:
    """Make the file if need be and bring its schema to a revision; `base` empties it.

    Raises:
        CannotMigrate: there is no such revision, or the file's own is not known here.
    """
    path = database_path(url)
    if not path.exists():
        # What is asked and seen is nobody else's business; SQLite's other files follow suit.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        # Before the first table, or it would take a VACUUM of the whole file.
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("VACUUM")
        connection.close()
    if revision == "head" and _is_at_head(path):
        return
    # Loaded when there is something to do: it takes as long as the rest of a start.
    from alembic import command  # noqa: PLC0415 -- see above
    from alembic.config import Config  # noqa: PLC0415 -- see above
    from alembic.util import CommandError  # noqa: PLC0415 -- see above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    try:
        if revision == "base":
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
    except CommandError as error:
        raise CannotMigrate(str(error)) from error


def _is_at_head(path: Path) -> bool:
    """Whether a file has the newest schema; files of migrations begin with their revision."""
    newest = max(file.name[:4] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
        try:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        except sqlite3.OperationalError:
            return False
    return found == [(newest,)]


def open_vault(url: str, passphrase: str | None) -> Vault:
    """The vault of a migrated database: the operator's key, or that of the file beside it.

    Raises:
        WrongKey: the secrets in the database were sealed with another key.
        OSError: the file can be neither read nor made.
    """
    path, vault = database_path(url), vault_at_hand(url, passphrase)
    try:
        check_vault(path, vault)
    except WrongKey as error:
        given = f"the key in {_key_path(url)}" if passphrase is None else "TERCET_SECRET_KEY"
        raise WrongKey(f"The secrets in {path} were not sealed with {given}.") from error
    return vault


def vault_at_hand(url: str, passphrase: str | None) -> Vault:
    """The vault of the operator's key or the file's, whether or not it is the database's.

    Raises:
        WrongKey: what the file holds is no key.
        OSError: as `open_vault`.
    """
    return Vault.of_file(_key_path(url)) if passphrase is None else Vault.of_passphrase(passphrase)


def _key_path(url: str) -> Path:
    path = database_path(url)
    return path.with_name(path.name + ".key")


def check_vault(path: Path, vault: Vault) -> None:
    """Make sure that a migrated database's secrets can be opened; raises `WrongKey`."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        with connection:
            row = connection.execute("SELECT value FROM meta WHERE name = ?", (_SEALED,)).fetchone()
            if row is None:
                connection.execute("INSERT INTO meta VALUES (?, ?)", (_SEALED, vault.seal(_SEALED)))
            else:
                vault.open(row[0])
    finally:
        connection.close()
