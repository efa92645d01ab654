"""Who may call: by which name, from which page, with which key."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.services import Service, running

URL = "http://127.0.0.1:9/"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:80", "[::1]:8000", "127.1.2.3"]
)
def test_a_service_is_called_by_its_loopback_names(service: Service, host: str) -> None:
    assert service.call("GET", "/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "203.0.113.5", "[2001:db8::1]"],
)
@pytest.mark.parametrize("path", ["/livez", "/", "/api/v1/batches", "/openapi.json"])
def test_a_request_for_another_host_is_misdirected(service: Service, host: str, path: str) -> None:
    answer = service.call("GET", path, headers={"Host": host})

    assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")


@pytest.mark.parametrize(
    "head",
    [
        "",
        "Host: a\r\nHost: b\r\n",
        "Host: a b\r\n",
        "Host: a:x\r\n",
        "Host: [::1]evil\r\n",
        "Host: a@127.0.0.1\r\n",
    ],
)
def test_a_request_names_its_host_once_and_well(service: Service, head: str) -> None:
    parts = urlsplit(service.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(f"GET /livez HTTP/1.1\r\n{head}\r\n".encode())
        answer = connection.recv(1000)

    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1:1",
        "file://",
        "http://[",
        "",
        "http://a@127.0.0.1",
    ],
)
def test_a_page_of_another_origin_changes_nothing(
    service: Service, method: str, origin: str
) -> None:
    answer = service.call(
        method, "/api/v1/batches", json={"urls": [URL]}, headers={"Origin": origin}
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


def test_a_page_of_its_own_may_change_and_any_page_may_read(service: Service) -> None:
    own = {"Origin": service.url}
    foreign = {"Origin": "http://evil.example"}

    written = service.call("POST", "/api/v1/batches", json={"urls": [URL]}, headers=own)
    read = service.call("GET", "/api/v1/batches", headers=foreign)

    assert (written.status_code, read.status_code) == (202, 200)
    assert "access-control-allow-origin" not in read.headers


def test_further_names_can_be_allowed(tmp_path: Path) -> None:
    names = {"TERCET_ALLOWED_HOSTS": "Tercet.example, other.example"}
    with running(tmp_path, names) as service:
        for host in ("tercet.example", "other.example:443", "localhost"):
            assert service.call("GET", "/livez", headers={"Host": host}).status_code == 200
        refused = service.call("GET", "/livez", headers={"Host": "third.example"})
        assert refused.status_code == 421
