"""A running Tercet for tests to call over HTTP."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

from app.storage.file import migrate

PATIENCE_SECONDS = 30.0
# A service waits for the end of a run for a minute at most, if asked to: who asked waits longer.
_ENDED_SECONDS = 90.0
_READY = "Tercet serves on "


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tercet.db")
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def lay_database(folder: Path) -> Path:
    """A migrated database in a folder, as the service itself would have made it there.

    The migrations run once a process; who asks what they do asks them without this.
    """
    path = folder / "tercet.db"
    path.touch(0o600, exist_ok=False)
    path.write_bytes(_migrated())
    return path


class Service:
    """A service in a process of its own, over a database in a folder."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._settings = dict(settings or {})
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        if not (folder / "tercet.db").exists():
            lay_database(folder)

    def start(self, port: str = "0") -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith("TERCET_")}
        environment = {
            **own,
            "TERCET_DATABASE_URL": f"sqlite:///{self.folder}/tercet.db",
            "TERCET_PORT": port,
            "TERCET_ALLOWED_NETWORKS": "127.0.0.0/8",
            **self._settings,
        }
        with (self.folder / "service.log").open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "app", "serve"],
                env=environment,
                cwd=self.folder,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(_READY), self.log()
        self.url = line.removeprefix(_READY).split()[0]

    def log(self) -> str:
        return (self.folder / "service.log").read_text(encoding="utf-8")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(PATIENCE_SECONDS)

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(method, self.url + path, timeout=_ENDED_SECONDS, **more)

    def get(self, path: str, **more: Any) -> Any:
        answer = self.call("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def batch(self, *urls: str, **fields: object) -> dict[str, Any]:
        """Post a batch and wait for its end; at full speed, unless told otherwise."""
        body = {"urls": list(urls), "pace": "max", **fields}
        answer = self.call("POST", "/api/v1/batches", json=body, headers={"Prefer": "wait=30"})
        assert answer.status_code == 200, answer.text
        ended: dict[str, Any] = answer.json()
        return ended

    def until(self, path: str, **wanted: object) -> Any:
        """A resource once its fields are as wanted, under one generous deadline."""
        deadline = time.monotonic() + _ENDED_SECONDS
        while time.monotonic() < deadline:
            found = self.get(path)
            if all(found[name] == value for name, value in wanted.items()):
                return found
            time.sleep(0.02)
        raise AssertionError(f"{path} never became {wanted}: {found}")


@contextlib.contextmanager
def running(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Service]:
    """A service that ends with the block."""
    service = Service(folder, settings)
    service.start()
    try:
        yield service
    finally:
        if service.process is not None and service.process.poll() is None:
            service.stop()
