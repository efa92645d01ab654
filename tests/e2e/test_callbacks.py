"""Who asked to be told that a batch has ended is told: once, and again until it was heard."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.farm.servers import Servers, answering, delayed, in_turn, ok, recording, redirect
from tests.services import PATIENCE_SECONDS, Service, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with running(folder, {"TERCET_ALLOWED_NETWORKS": "127.0.0.1/32"}) as made:
        yield made


class Receiver:
    """A server that keeps what it is told and answers in turn."""

    def __init__(self, farm: Servers, *answers: bytes) -> None:
        self.told: list[tuple[str, dict[str, str], Any]] = []
        self._answers = list(answers)
        self.url = f"http://127.0.0.1:{farm.serve(self._handle)}/hook?x=1"

    async def _handle(self, reader: Any, writer: Any) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *fields = head.strip().split("\r\n")
        headers = {k.lower(): v for k, _, v in (f.partition(": ") for f in fields)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.told.append((line, headers, json.loads(body)))
        writer.write(self._answers.pop(0) if self._answers else ok())
        await writer.drain()
        writer.close()


def _post(service: Service, url: str, callback: str) -> dict[str, Any]:
    body = {"urls": [url], "callback_url": callback}
    answer = service.call("POST", "/api/v1/batches", json=body, headers={"Prefer": "wait=30"})
    assert answer.status_code == 200, answer.text
    batch: dict[str, Any] = answer.json()
    return batch


def _callback(service: Service, batch: dict[str, Any], status: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found: dict[str, Any] = service.get(batch["links"]["self"])["callback"]
        if found["status"] == status:
            return found
        time.sleep(0.02)
    raise AssertionError(found)


def test_the_end_of_a_batch_is_told_once(service: Service, farm: Servers) -> None:
    receiver = Receiver(farm)
    batch = _post(service, f"http://127.0.0.1:{farm.serve(answering(ok()))}/", receiver.url)

    callback = _callback(service, batch, "sent")

    ((line, headers, told),) = receiver.told
    assert line == "POST /hook?x=1 HTTP/1.1"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == f"{batch['id']}.ended"
    assert (told["id"], told["status"], told["counts"]["up"]) == (batch["id"], "completed", 1)
    assert callback == {"url": receiver.url, "status": "sent", "tries": 1, "error": None}


@pytest.mark.parametrize(
    "answer",
    [ok(bytes(3_000_000)), ok(b"no gzip", b"Content-Encoding: gzip"), ok(status=b"204 No Content")],
)
def test_an_answer_of_2xx_is_enough(service: Service, farm: Servers, answer: bytes) -> None:
    receiver = Receiver(farm, answer)
    batch = _post(service, f"http://127.0.0.1:{farm.refusing()}/", receiver.url)

    assert _callback(service, batch, "sent")["tries"] == 1


def test_a_receiver_that_fails_is_told_again_under_the_same_id(
    service: Service, farm: Servers
) -> None:
    receiver = Receiver(farm, ok(status=b"500 No"), redirect(b"/elsewhere"))
    batch = _post(service, f"http://127.0.0.1:{farm.refusing()}/", receiver.url)

    callback = _callback(service, batch, "sent")

    assert callback["tries"] == 3
    assert [line.split()[1] for line, _, _ in receiver.told] == ["/hook?x=1"] * 3
    assert len({headers["webhook-id"] for _, headers, _ in receiver.told}) == 1


def test_a_callback_goes_nowhere_the_policy_forbids(service: Service, farm: Servers) -> None:
    asked: list[bytes] = []
    port = farm.serve(recording(asked, ok()))
    batch = _post(service, f"http://127.0.0.1:{port}/", f"http://127.0.0.2:{port}/hook")

    callback = _callback(service, batch, "dead")

    assert len(asked) == 1
    assert callback["tries"] == 1
    assert "127.0.0.2" in callback["error"]


def test_a_cancelled_batch_is_told_of_too(service: Service, farm: Servers) -> None:
    receiver = Receiver(farm)
    url = f"http://127.0.0.1:{farm.serve(delayed(20, ok()))}/"
    body = {"urls": [url], "callback_url": receiver.url}
    batch = service.call("POST", "/api/v1/batches", json=body).json()
    service.call("DELETE", batch["links"]["self"])

    _callback(service, batch, "sent")

    assert receiver.told[0][2]["status"] == "cancelled"


def test_a_due_callback_outlives_a_kill(service: Service, farm: Servers) -> None:
    heard = threading.Event()
    receiver = Receiver(farm, *[ok(status=b"503 Later")] * 2)
    batch = _post(service, f"http://127.0.0.1:{farm.serve(in_turn(ok()))}/", receiver.url)
    while not receiver.told:
        heard.wait(0.01)

    service.stop(signal.SIGKILL)
    service.start()

    _callback(service, batch, "sent")
    assert receiver.told[-1][2]["id"] == batch["id"]
