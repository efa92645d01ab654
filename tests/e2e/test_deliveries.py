"""Dead channels delay no other, and a kill costs no message."""

import json
import signal
import threading
from typing import Any

from app.channels.webhook import signature
from tests.farm.servers import Servers, answering, at_accept, ok
from tests.services import PATIENCE_SECONDS, Service

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """A server that keeps what it is told, and answers once it is let."""

    def __init__(self, farm: Servers, *answers: bytes) -> None:
        self.told: list[tuple[dict[str, str], str]] = []
        self.heard = threading.Event()
        self._answers = list(answers)
        self.url = f"http://127.0.0.1:{farm.serve(self._handle)}/hook"

    async def _handle(self, reader: Any, writer: Any) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = (line.partition(": ") for line in head.strip().split("\r\n")[1:])
        headers = {name.lower(): value for name, _, value in fields}
        body = await reader.readexactly(int(headers["content-length"]))
        self.told.append((headers, body.decode()))
        writer.write(self._answers.pop(0) if self._answers else ok())
        self.heard.set()
        await writer.drain()


def _channel(service: Service, key: str, url: str, **fields: object) -> None:
    body = {"key": key, "type": "webhook", "url": url, **fields}
    answer = service.call("POST", "/api/v1/channels", json=body)
    assert answer.status_code == 201, answer.text


def _test(service: Service, key: str, wait: int = 0) -> dict[str, Any]:
    answer = service.call(
        "POST", f"/api/v1/channels/{key}/test", headers={"Prefer": f"wait={wait}"}
    )
    assert answer.status_code in {200, 202}, answer.text
    delivery: dict[str, Any] = answer.json()
    return delivery


def test_the_well_are_told_at_once_whatever_becomes_of_the_others(
    service: Service, farm: Servers
) -> None:
    well = Receiver(farm)
    silent = farm.serve(at_accept(then="silent"))
    sick = {
        "hanging": {"url": f"http://127.0.0.1:{silent}/"},
        "failing": {"url": f"http://127.0.0.1:{farm.serve(answering(ok(status=b'500 No')))}/"},
        "refusing": {"url": f"http://127.0.0.1:{farm.refusing()}/"},
        "silent-chat": {"type": "apprise", "url": f"json://127.0.0.1:{silent}/?rto=60"},
    }
    _channel(service, "well", well.url)
    for key, fields in sick.items():
        _channel(service, key, **fields)
    waiting = [_test(service, key)["id"] for key in sick for _ in range(20)]

    told = [_test(service, "well", wait=30) for _ in range(10)]

    assert [delivery["status"] for delivery in told] == ["sent"] * 10
    assert [delivery["tries"] for delivery in told] == [1] * 10
    found = service.get("/api/v1/deliveries?limit=1000&status=pending")["items"]
    assert {delivery["id"] for delivery in found} == set(waiting)
    hanging = [d for d in found if d["channel"]["key"] in {"hanging", "silent-chat"}]
    assert {(d["tries"], d["error"]) for d in hanging} == {(0, None)}


def test_a_webhook_can_be_verified_by_its_receiver(service: Service, farm: Servers) -> None:
    receiver = Receiver(farm, ok(status=b"503 Later"))
    _channel(service, "signed", receiver.url, secret=SECRET)

    delivery = _test(service, "signed", wait=30)
    sent = service.until(f"/api/v1/deliveries/{delivery['id']}", status="sent")

    (first, body), (second, again) = receiver.told
    assert first["webhook-id"] == second["webhook-id"] == sent["id"] == json.loads(body)["id"]
    assert body == again
    assert first["content-type"] == "application/json"
    for headers in (first, second):
        assert headers["webhook-signature"] == signature(
            SECRET, headers["webhook-id"], headers["webhook-timestamp"], body
        )


def test_what_was_on_its_way_outlives_a_kill(service: Service, farm: Servers) -> None:
    receiver = Receiver(farm, *[ok(status=b"503 Later")] * 2)
    _channel(service, "ops", receiver.url)
    delivery = _test(service, "ops")
    assert receiver.heard.wait(PATIENCE_SECONDS)

    service.stop(signal.SIGKILL)
    service.start()

    sent = service.until(f"/api/v1/deliveries/{delivery['id']}", status="sent")
    assert {headers["webhook-id"] for headers, _ in receiver.told} == {sent["id"]}
