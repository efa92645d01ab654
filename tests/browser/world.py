"""A service with something of everything, watched over targets that can be switched."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.services import Service

#: What a hostile target puts wherever it can.
HOSTILE = (
    '<script>window.hurt=1</script><img src=x onerror="window.hurt=1">"\'`{{7*7}}'
    "\u202egnp.exe\u202c\x00\x07" + "w" * 10_000
)


class Switched(ThreadingHTTPServer):
    """Answers by path: /ok, /bad (500), /hostile, and /switch as it is told."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.well = threading.Event()
        self.well.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Switched

    def do_GET(self) -> None:
        path = self.path
        bad = path.startswith("/bad") or (
            path.startswith("/switch") and not self.server.well.is_set()
        )
        body = HOSTILE.encode() if path.startswith("/hostile") else b'{"status": "UP"}'
        self.send_response(500 if bad or path.startswith("/hostile") else 200)
        self.send_header("Content-Type", "application/json")
        if path.startswith("/hostile"):
            self.send_header("X-Said", '<script>window.hurt=1</script>"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- as the library has it
        """Say nothing."""


@dataclass
class World:
    """What was made, by name."""

    service: Service
    target: Switched
    ids: dict[str, str] = field(default_factory=dict)

    def at(self, path: str) -> str:
        return self.service.url + path.format(**self.ids)

    def post(self, path: str, body: Any, **headers: str) -> dict[str, Any]:
        answer = self.service.call("POST", "/api/v1" + path, json=body, headers=headers)
        assert answer.ok, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def monitor(self, key: str, path: str, **more: Any) -> dict[str, Any]:
        target = {"url": self.target.url + path, **more.pop("target", {})}
        body = {"key": key, "target": target, "interval_seconds": 1, **more}
        return self.post("/monitors", body)


@contextlib.contextmanager
def world_in(service: Service) -> Iterator[World]:
    """Fill a service; its targets last as long as the block."""
    with switched() as target:
        world = World(service, target)
        _fill(world)
        yield world


@contextlib.contextmanager
def switched() -> Iterator[Switched]:
    """A target that lasts as long as the block."""
    target = Switched()
    thread = threading.Thread(target=target.serve_forever, daemon=True)
    thread.start()
    try:
        yield target
    finally:
        target.shutdown()
        target.server_close()
        thread.join()


def _fill(world: World) -> None:
    strict = {"down_after": 1, "up_after": 1, "recheck_seconds": 1}
    labels = {"team": "shop", "odd": HOSTILE[:200].replace("\x00", "").replace("\x07", "")}
    world.ids["up"] = world.monitor(
        "shop", "/ok", name="Shop", slo={"target": 0.999, "window": "30d"}, labels=labels
    )["id"]
    world.ids["down"] = world.monitor("bad", "/bad", thresholds=strict)["id"]
    world.ids["hostile"] = world.monitor(
        "hostile<script>", "/hostile?<script>", name=labels["odd"][:180], thresholds=strict,
        target={"expect": [{"of": "body", "op": "contains", "value": "<script>never"}]},
    )["id"]  # fmt: skip
    urls = [world.target.url + path for path in ("/ok/1", "/ok/2", "/bad", "/hostile", "/ok?<b>")]
    world.ids["batch"] = world.service.batch(*urls, name=labels["odd"][:150])["id"]
    world.ids["comparison"] = world.post(
        "/comparisons", {"urls": urls[:2], "contenders": ["threaded", "async"], "rounds": 1},
        Prefer="wait=60",
    )["id"]  # fmt: skip
    world.ids["experiment"] = world.post(
        "/experiments", {"workload": "echo", "items": 4, "contenders": ["async"], "rounds": 1},
        Prefer="wait=60",
    )["id"]  # fmt: skip
    world.ids["maintenance"] = world.post(
        "/maintenances", {"title": labels["odd"][:150], "selection": {"labels": {"team": "none"}},
                          "ends_at": "2199-01-01T00:00:00Z"},
    )["id"]  # fmt: skip
    world.ids["channel"] = world.post(
        "/channels", {"key": "ops", "name": labels["odd"][:150], "type": "webhook",
                      "url": world.target.url + "/ok/hook"},
    )["id"]  # fmt: skip
    world.ids["page"] = world.post(
        "/status-pages", {"slug": "shop", "title": labels["odd"][:150],
                          "description": labels["odd"], "selection": {"labels": {"team": "shop"}}},
    )["slug"]  # fmt: skip
    world.post(
        "/status-pages/shop/updates",
        {"title": labels["odd"][:150], "text": labels["odd"], "status": "investigating"},
    )
    world.service.until("/api/v1/monitors/hostile%3Cscript%3E", status="down")
    incidents = world.service.get("/api/v1/incidents?open=true")["items"]
    world.ids["incident"] = next(i["id"] for i in incidents if "hostile" in i["monitor"]["key"])
