"""Kills of the service while targets go down and come up: `python -m tests.monitor_kills 20`.

Afterwards every incident must have been opened and closed once, every message told at least once
and in order, and no monitor been without its turn for longer than a restart and an interval.
"""

import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from tests.services import Service, running

_INTERVAL_SECONDS: Final = 1.0
_TARGETS: Final = 6
_PATIENCE_SECONDS: Final = 90.0
# What a turn may be late beside a restart, on a machine that does other things too: a process
# has to be started before the first check.
_SLACK_SECONDS: Final = 2.5


class Site(ThreadingHTTPServer):
    """Targets that can be made to fail, and a receiver that keeps what it was told."""

    request_queue_size = 256
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.failing: set[str] = set()
        self.checked: defaultdict[str, list[float]] = defaultdict(list)
        self.told: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        key = self.path.strip("/")
        self.server.checked[key].append(time.time())
        self._answer(503 if key in self.server.failing else 200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append({**json.loads(body), "webhook-id": self.headers["webhook-id"]})
        self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def site() -> Iterator[Site]:
    """Targets and a receiver, until the block is left."""
    with Site() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join()


def kill_while_watching(
    folder: Path, times: int, chance: random.Random, *, slack: float = _SLACK_SECONDS
) -> list[str]:
    """Kill so often, and say what does not hold afterwards; nothing is best.

    Args:
        slack: seconds by which a turn may be late beside a restart and an interval.
    """
    with site() as targets, running(folder) as service:
        _watch(service, targets)
        away: list[tuple[float, float]] = []
        for _ in range(times):
            for key in map(str, range(_TARGETS)):
                # One is left alone, so that something is always well.
                if key != "0" and chance.random() < 0.5:
                    targets.failing ^= {key}
            time.sleep(chance.uniform(0.5, 3.0))
            killed = time.time()
            service.stop(signal.SIGKILL)
            service.start()
            away.append((killed, time.time()))
        targets.failing.clear()
        wrong = _until_settled(service)
        return wrong or [
            *_wrong_incidents(service, targets),
            *_wrong_turns(targets, away, slack),
        ]


def _watch(service: Service, targets: Site) -> None:
    service.call(
        "POST", "/api/v1/channels",
        json={"key": "all", "type": "webhook", "url": f"{targets.url}/told"},
    )  # fmt: skip
    monitors = [
        {
            "key": str(number),
            "target": {"url": f"{targets.url}/{number}"},
            "interval_seconds": _INTERVAL_SECONDS,
            "client": "curl",
            "channels": ["all"],
            "thresholds": {"down_after": 2, "up_after": 1, "recheck_seconds": 0.3},
        }
        for number in range(_TARGETS)
    ]
    answer = service.call("POST", "/api/v1/monitors", json={"monitors": monitors})
    assert answer.json()["created"] == _TARGETS, answer.text


def _until_settled(service: Service) -> list[str]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        is_open = service.get("/api/v1/incidents?open=true")["items"]
        waiting = service.get("/api/v1/deliveries?status=pending")["items"]
        if not is_open and not waiting:
            return []
        time.sleep(0.2)
    return [f"never settled: {len(is_open)} incidents open, {len(waiting)} messages waiting"]


def _wrong_incidents(service: Service, targets: Site) -> Iterator[str]:
    incidents = service.get("/api/v1/incidents?limit=1000")["items"]
    told: defaultdict[str, list[str]] = defaultdict(list)
    for message in targets.told:
        if message["webhook-id"] != message["id"]:
            yield f"id {message['webhook-id']} over message {message['id']}"
        told[message["data"]["incident"]["id"]].append(message["type"])
    for incident in incidents:
        entries = [entry["type"] for entry in incident["timeline"]]
        if (entries.count("opened"), entries.count("resolved")) != (1, 1):
            yield f"{incident['id']}: {entries}"
        # At least once: the same again and again is the same.
        heard = list(dict.fromkeys(told.pop(incident["id"], [])))
        if heard != ["incident.opened", "incident.resolved"]:
            yield f"{incident['id']}: was told as {heard}"
    if told:
        yield f"told of what is no incident: {dict(told)}"


def _wrong_turns(targets: Site, away: Sequence[tuple[float, float]], slack: float) -> Iterator[str]:
    for key, checked in targets.checked.items():
        for before, after in pairwise(checked):
            restarts = [until - since for since, until in away if before < since < after]
            # Killed again before it had begun to check, a service takes another start.
            allowed = sum(restarts) + (_INTERVAL_SECONDS + slack) * (len(restarts) or 1)
            if after - before > allowed:
                yield f"monitor {key}: no check for {after - before:.1f} s; away {restarts}"


def main(times: int, seed: int) -> int:
    """Kill so often; how much went wrong."""
    with tempfile.TemporaryDirectory(prefix="tercet-kills-") as folder:
        wrong = kill_while_watching(Path(folder), times, random.Random(seed))
    for line in wrong:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{times} kills, seed {seed}: {len(wrong)} things wrong\n")
    return min(len(wrong), 1)


if __name__ == "__main__":
    asked = [int(word) for word in sys.argv[1:]] or [20]
    raise SystemExit(main(asked[0], asked[1] if len(asked) > 1 else 1))
