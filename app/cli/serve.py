"""`tercet serve` and `tercet migrate`."""

import math
import signal
import socket
import sqlite3
import sys
from types import FrameType

import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from app import logs
from app.api.probe_modules import BadModules, read_modules
from app.cli.configured import read_settings
from app.cli.one_write import OneWrite
from app.main import build
from app.storage.file import CannotMigrate, DatabaseInUse, DatabaseLock, migrate, open_vault
from app.storage.vault import WrongKey
from checkers.child import collect_rarely

_BACKLOG = 2048
_CANNOT_START = (
    DatabaseInUse, WrongKey, SQLAlchemyError, sqlite3.Error, CannotMigrate, OSError,
    BadModules,
)  # fmt: skip


def serve() -> int:
    """Serve until told to stop; the exit code."""
    settings = read_settings()
    if settings is None:
        return 2
    if not settings.loopback_only and settings.api_key is None:
        return _refuse(
            f"TERCET_HOST is {settings.host}, which others can reach: set TERCET_API_KEY as well."
        )
    try:
        lock = DatabaseLock(settings.database_url)
        migrate(settings.database_url)
        # Asked here, so that a wrong key ends the start with its name.
        open_vault(settings.database_url, settings.passphrase)
        if settings.probe_modules is not None:
            # And this, so that a bad file does.
            read_modules(settings.probe_modules)
        listener = _listen(settings.host, settings.port)
    except _CANNOT_START as error:
        return _refuse(str(error))
    logs.configure(settings.log_format)
    app = build(settings)
    # Answers of a thousand outcomes leave many small objects and no cycles.
    collect_rarely()
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=OneWrite,
        log_config=None,
        access_log=False,
        server_header=False,
        # Longer than any answer takes but one that waits for a batch, which can be asked for again.
        timeout_graceful_shutdown=math.ceil(settings.drain_seconds),
    )
    # The server raises the signal that stopped it once more, when all is done: that is no failure.
    signal.signal(signal.SIGTERM, _end)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    sys.stdout.write(f"Tercet serves on http://{shown}:{port} (Ctrl-C stops it)\n")
    sys.stdout.flush()
    try:
        _Server(config, app).run(sockets=[listener])
    except KeyboardInterrupt:
        return 0
    finally:
        lock.release()
    return 0


def _end(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


class _Server(uvicorn.Server):
    """Answers those who wait for a batch before it stops; they can ask again after the restart."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        service = getattr(self._app.state, "service", None)
        if service is not None:
            service.notices.close()


def migrate_database(revision: str) -> int:
    """Bring the schema to a revision; the exit code."""
    settings = read_settings()
    if settings is None:
        return 2
    try:
        lock = DatabaseLock(settings.database_url)
        migrate(settings.database_url, revision)
        lock.release()
    except (DatabaseInUse, SQLAlchemyError, CannotMigrate, OSError) as error:
        return _refuse(str(error))
    sys.stderr.write(f"{settings.database_url} is at revision {revision}.\n")
    return 0


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(f"Cannot listen on {host} port {port}: {error.strerror}.") from error
    listener.listen(_BACKLOG)
    return listener


def _refuse(why: str) -> int:
    sys.stderr.write(f"tercet: {why}\n")
    return 2
