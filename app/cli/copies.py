"""`tercet backup` and `tercet restore`."""

import sqlite3
import sys
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from app.cli.configured import read_settings
from app.storage import copies
from app.storage.file import CannotMigrate
from app.storage.vault import WrongKey

_CANNOT = (copies.NotACopy, WrongKey, SQLAlchemyError, sqlite3.Error, CannotMigrate, OSError)


def backup(to: Path) -> int:
    """Copy the database, also while it is served; the exit code."""
    settings = read_settings()
    if settings is None:
        return 2
    try:
        size = copies.backup(settings.database_url, to)
    except (sqlite3.Error, OSError) as error:
        sys.stderr.write(f"tercet backup: {error}\n")
        return 2
    sys.stderr.write(f"{settings.database_url} is copied to {to}, {size:,} bytes.\n")
    if settings.secret_key is None:
        sys.stderr.write("Keep the key file beside the database too: it opens the secrets.\n")
    return 0


def restore(copy: Path) -> int:
    """Bring a copy back, also while the database is served; the exit code."""
    settings = read_settings()
    if settings is None:
        return 2
    try:
        copies.restore(settings.database_url, copy, settings.passphrase)
    except _CANNOT as error:
        sys.stderr.write(f"tercet restore: {error}\n")
        return 2
    sys.stderr.write(f"{settings.database_url} is what {copy} holds.\n")
    return 0
