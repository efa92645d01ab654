"""The second act of the demo: a monitor going down and up, its incident, and who was told."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import requests
from rich.console import Console
from rich.table import Table

from app.channels.webhook import signature

_SECRET: Final = "whsec_dGVyY2V0IGRlbW8gc2VjcmV0IG9mIG5vYm9keQ=="  # noqa: S105 -- of the demo alone
_PATIENCE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.05
_MONITOR: Final = {
    "key": "demo",
    "name": "A service that stumbles",
    "interval_seconds": 1,
    "thresholds": {"down_after": 2, "up_after": 2, "recheck_seconds": 0.3},
    "channels": ["desk"],
}


class MonitorNotShown(Exception):
    """What the monitor was to show did not come in time."""


class _Desk(ThreadingHTTPServer):
    """A target that can be made to stumble, and somebody who is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stumbles = False
        self.told: list[tuple[dict[str, Any], bool]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: _Desk

    def do_GET(self) -> None:
        self._answer(HTTPStatus.SERVICE_UNAVAILABLE if self.server.stumbles else HTTPStatus.OK)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
        wanted = signature(
            _SECRET, self.headers["webhook-id"], self.headers["webhook-timestamp"], body
        )
        genuine = self.headers["webhook-signature"] == wanted
        self.server.told.append((json.loads(body), genuine))
        self._answer(HTTPStatus.NO_CONTENT)

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The demo says what there is to say."""


def show_monitor(console: Console, service: str) -> None:
    """Watch a target that stumbles, until it is up again and everybody was told.

    Raises:
        MonitorNotShown: it took too long.
        requests.RequestException: the service did not do it.
    """
    with _desk() as desk:
        channel = {"key": "desk", "type": "webhook", "url": f"{desk.url}/told", "secret": _SECRET}
        _post(service, "channels", channel)
        _post(service, "monitors", {**_MONITOR, "target": {"url": f"{desk.url}/"}})
        console.print("A monitor, checked every second, told of by a signed webhook:\n")
        _until(service, lambda monitor: monitor["status"] == "up")
        desk.stumbles = True
        _until(service, lambda monitor: monitor["status"] == "down")
        desk.stumbles = False
        _until(service, lambda monitor: monitor["status"] == "up")
        _wait(lambda: len(desk.told) == 2)
        incident = requests.get(
            f"{service}/api/v1/incidents?monitor=demo", timeout=_PATIENCE_SECONDS
        ).json()["items"][0]
        _print(console, incident, desk)


def _print(console: Console, incident: Mapping[str, Any], desk: _Desk) -> None:
    table = Table("s", "what", "", box=None, pad_edge=False)
    began = datetime.fromisoformat(incident["timeline"][0]["at"])
    for entry in incident["timeline"]:
        after = (datetime.fromisoformat(entry["at"]) - began).total_seconds()
        said = entry["text"] or ""
        table.add_row(
            f"{after:.2f}", " ".join(filter(None, (entry["type"], entry["status"]))), said
        )
    console.print(table)
    for message, genuine in desk.told:
        told = "signature verified" if genuine else "SIGNATURE WRONG"
        console.print(f"Webhook {message['id']}: {message['type']}, {told}.")
    lasted = incident["duration_seconds"]
    console.print(f"Incident {incident['id']} is {incident['status']} after {lasted:.1f} s.\n")


@contextmanager
def _desk() -> Iterator[_Desk]:
    with _Desk() as desk:
        thread = threading.Thread(target=desk.serve_forever, daemon=True)
        thread.start()
        try:
            yield desk
        finally:
            desk.shutdown()
            thread.join()


def _post(service: str, what: str, body: Mapping[str, object]) -> None:
    answer = requests.post(f"{service}/api/v1/{what}", json=body, timeout=_PATIENCE_SECONDS)
    answer.raise_for_status()


def _until(service: str, wanted: Callable[[Mapping[str, Any]], bool]) -> None:
    here = f"{service}/api/v1/monitors/demo"
    _wait(lambda: wanted(requests.get(here, timeout=_PATIENCE_SECONDS).json()))


def _wait(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise MonitorNotShown("the monitor did not move in time")
        time.sleep(_LOOK_SECONDS)
