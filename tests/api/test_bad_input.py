"""Bad input gets a clear problem, and never a 500."""

import json
from typing import Any

import pytest

from tests.services import Service

URL = "http://127.0.0.1:9/"


def _target(**fields: object) -> dict[str, Any]:
    return {"targets": [{"url": URL}, {"url": URL, **fields}]}


def _expect(**fields: object) -> dict[str, Any]:
    return _target(expect=[fields])


BATCHES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "invalid", "/urls"),
    ({"urls": []}, "invalid", "/urls"),
    ({"urls": URL}, "invalid", "/urls"),
    ({"urls": [1]}, "invalid", "/urls/0"),
    ({"urls": [URL, "file:///etc/passwd"]}, "invalid", "/urls/1"),
    ({"urls": ["javascript:alert(1)"]}, "invalid", "/urls/0"),
    ({"urls": ["http://"]}, "invalid", "/urls/0"),
    ({"urls": ["http://a:99999/"]}, "invalid", "/urls/0"),
    ({"urls": ["http://u:p@a/"]}, "invalid", "/urls/0"),
    ({"urls": ["http://a/" + "x" * 100_000]}, "invalid", "/urls/0"),
    ({"urls": ["http://a/\u0001"]}, "invalid", "/urls/0"),
    ({"urls": [URL], "colour": "red"}, "invalid", "/colour"),
    ({"urls": [URL], "strategy": "magic"}, "invalid", "/strategy"),
    ({"urls": [URL], "strategy": "threaded", "client": "aiohttp"}, "invalid", "/client"),
    ({"urls": [URL], "strategy": "sequential", "concurrency": 2}, "invalid", "/concurrency"),
    ({"urls": [URL], "concurrency": 10_001}, "invalid", "/concurrency"),
    ({"urls": [URL], "concurrency": True}, "invalid", "/concurrency"),
    ({"urls": [URL], "pace": "slow"}, "invalid", "/pace"),
    ({"urls": [URL], "labels": {"a": 1}}, "invalid", "/labels/a"),
    ({"urls": [URL], "defaults": {"url": URL}}, "invalid", "/defaults/url"),
    ({"urls": [URL], "defaults": {"timeout_seconds": 301}}, "invalid", "/defaults/timeout_seconds"),
    (_target(timeout_seconds="soon"), "invalid", "/targets/1/timeout_seconds"),
    (_target(timeout_seconds=0.01), "invalid", "/targets/1/timeout_seconds"),
    (_target(method="GE T"), "invalid", "/targets/1/method"),
    (_target(method="CONNECT"), "invalid", "/targets/1/method"),
    (_target(headers={"A b": "c"}), "invalid", "/targets/1/headers/A b"),
    (_target(headers={"A": "b\r\nC: d"}), "invalid", "/targets/1/headers/A"),
    (_target(headers={"A/b": "ü"}), "invalid", "/targets/1/headers/A~1b"),
    (_target(headers={"Content-Length": "5"}), "invalid", "/targets/1/headers/Content-Length"),
    (_target(headers={"A": "1", "a": "2"}), "invalid", "/targets/1/headers/a"),
    (_target(body="x", json={}), "invalid", "/targets/1/json"),
    (_target(max_redirects=51), "invalid", "/targets/1/max_redirects"),
    (_target(max_body_bytes=-1), "invalid", "/targets/1/max_body_bytes"),
    (_expect(of="weather", op="==", value=1), "invalid", "/targets/1/expect/0/of"),
    (_expect(of="status", op="<", value=1), "invalid", "/targets/1/expect/0/op"),
    (_expect(of="status", op="in", value=[]), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="status", op="in", value=["6xx"]), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="status", op="in", value=["300-200"]), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="status", op="==", value=True), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="body", op="contains", value=""), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="header", op="exists"), "invalid", "/targets/1/expect/0/name"),
    (_expect(of="total", op="<", value="1"), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="total", op="<", value=10**400), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="json", op="==", path="$.", value=1), "invalid", "/targets/1/expect/0/path"),
    (_expect(of="json", op="==", path="a.b", value=1), "invalid", "/targets/1/expect/0/path"),
    (_expect(of="json", op="==", value=1), "invalid", "/targets/1/expect/0/path"),
    (_expect(of="json", op="==", path="$"), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="json", op="in", path="$", value=1), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="json", op="<", path="$", value=[]), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="json", op="length", path="$", value=-1), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="json", op="exists", path="$", value=1), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="body", op="matches", value="("), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="body", op="matches", value="(?=a)"), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="body", op="matches", value="(a)\\1"), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="body", op="matches", value=1), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="header", name="a b", op="exists"), "invalid", "/targets/1/expect/0/name"),
    (_expect(of="sha256", op="==", value="abc"), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="tls_version", op=">=", value="3"), "invalid", "/targets/1/expect/0/value"),
    (_expect(of="redirects", op="==", value="1"), "invalid", "/targets/1/expect/0/value"),
    (
        _expect(of="status", op="==", value=200, otherwise="up"),
        "invalid",
        "/targets/1/expect/0/otherwise",
    ),
    (_target(attempts=0), "invalid", "/targets/1/attempts"),
    (_target(attempts=11), "invalid", "/targets/1/attempts"),
    (_target(auth={"type": "bearer", "token": "a b"}), "invalid", "/targets/1/auth/token"),
    (_target(auth={"type": "digest"}), "invalid", "/targets/1/auth"),
    (
        _target(auth={"type": "basic", "username": "a:b", "password": "c"}),
        "invalid",
        "/targets/1/auth/username",
    ),
    (
        _target(auth={"type": "bearer", "token": "t"}, headers={"Authorization": "x"}),
        "invalid",
        "/targets/1/auth",
    ),
    (_target(ip_version=5), "invalid", "/targets/1/ip_version"),
    ({"urls": [URL], "client": "curly"}, "invalid", "/client"),
    ({"urls": [URL], "strategy": "hybrid", "client": "requests"}, "invalid", "/client"),
    ({"urls": [URL], "strategy": "auto", "concurrency": 20000}, "invalid", "/concurrency"),
    ({"urls": [URL], "per_host": -1}, "invalid", "/per_host"),
    ({"urls": [URL], "per_host": 10_001}, "invalid", "/per_host"),
    ({"urls": [URL], "callback_url": "ftp://a/"}, "invalid", "/callback_url"),
    ({"urls": [URL], "callback_url": 1}, "invalid", "/callback_url"),
    (_target(headers={"Authorization": "***"}), "invalid", "/targets/1/headers/Authorization"),
    (_target(auth={"type": "bearer", "token": "***"}), "invalid", "/targets/1/auth"),
]


@pytest.mark.parametrize(("body", "code", "pointer"), BATCHES)
def test_a_batch_that_cannot_be_is_refused_with_a_pointer(
    service: Service, body: dict[str, Any], code: str, pointer: str
) -> None:
    answer = service.call("POST", "/api/v1/batches", json=body)

    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, problem["code"]) == (422, code), problem
    assert pointer in [error["pointer"] for error in problem["errors"]], problem


COMPARISONS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "invalid", "/contenders"),
    ({"contenders": ["magic"]}, "invalid", "/contenders/0"),
    ({"contenders": ["async", "async"]}, "invalid", "/contenders/1"),
    ({"contenders": [{"strategy": "async", "client": "requests"}]}, "invalid",
     "/contenders/0/client"),
    ({"contenders": ["async"], "rounds": 0}, "invalid", "/rounds"),
    ({"contenders": ["async"], "rounds": 1000}, "invalid", "/rounds"),
    ({"contenders": ["async"], "baseline": "other"}, "invalid", "/baseline"),
    ({"contenders": ["async"], "urls": []}, "invalid", "/urls"),
    ({"contenders": ["async"], "matrix": {"strategy": ["async"]}}, "invalid", "/matrix"),
    ({"matrix": {"strategy": []}}, "invalid", "/matrix/strategy"),
    ({"matrix": {"strategy": ["async", "auto"]}}, "invalid", "/matrix/strategy/1"),
    ({"matrix": {"strategy": ["async"], "client": ["requests"]}}, "invalid", "/matrix/client/0"),
    (
        {"matrix": {"strategy": ["async"], "concurrency": [5, 0]}},
        "invalid",
        "/matrix/concurrency/1",
    ),
    ({"contenders": ["async"], "scale": [2]}, "invalid", "/scale/0"),
    ({"contenders": ["async"], "scale": [1, 1]}, "invalid", "/scale/1"),
    ({"contenders": ["async"], "scale": []}, "invalid", "/scale"),
    ({"contenders": ["async"], "scale": [0]}, "invalid", "/scale/0"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "pointer"), COMPARISONS)
def test_a_comparison_that_cannot_be_is_refused_with_a_pointer(
    service: Service, body: dict[str, Any], code: str, pointer: str
) -> None:
    answer = service.call("POST", "/api/v1/comparisons", json={"urls": [URL], **body})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code), problem
    found = [error["pointer"] for error in problem["errors"]]
    assert any(place.startswith(pointer) for place in found), problem


RAW: list[tuple[bytes, int]] = [
    (b"", 400),
    (b"nope", 400),
    (b'{"urls": ["http://a/"', 400),
    (b"[" * 10_000 + b"]" * 10_000, 400),
    (b'{"urls":["http://\\ud800/"]}', 400),
    (b"\xff\xfe", 400),
    (b"[]", 422),
    (b"null", 422),
    (b'{"urls":["http://a/"],"name":' + b'"x' * 1 + b"x" * 300 + b'"}', 422),
]


@pytest.mark.parametrize(("body", "status"), RAW)
def test_a_body_that_is_no_batch_is_a_problem(service: Service, body: bytes, status: int) -> None:
    answer = service.call(
        "POST", "/api/v1/batches", data=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("media_type", ["image/png", "", "text/html", "multipart/form-data"])
def test_other_types_of_body_are_refused(service: Service, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    answer = service.call("POST", "/api/v1/batches", data=b"http://a/", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain; charset=latin-1"},
        {"Content-Type": "text/plain", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "br"},
    ],
)
def test_a_body_in_another_coding_is_refused(service: Service, headers: dict[str, str]) -> None:
    answer = service.call("POST", "/api/v1/batches", data=b"http://a/", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_too_many_targets_are_refused(service: Service) -> None:
    answer = service.call("POST", "/api/v1/batches", json={"urls": [URL] * 100_001})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/urls")


def test_of_many_bad_rows_the_first_hundred_are_told(service: Service) -> None:
    answer = service.call("POST", "/api/v1/batches", json={"urls": ["no"] * 500})

    errors = answer.json()["errors"]
    assert [error["pointer"] for error in errors] == [f"/urls/{n}" for n in range(100)]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/batches/none", 404, "not_found"),
        ("DELETE", "/api/v1/batches/none", 404, "not_found"),
        ("GET", "/api/v1/batches/none/outcomes", 404, "not_found"),
        ("GET", "/api/v1/comparisons/none", 404, "not_found"),
        ("DELETE", "/api/v1/comparisons/none", 404, "not_found"),
        ("GET", "/comparisons/none", 404, "not_found"),
        ("GET", "/experiments/none", 404, "not_found"),
        ("GET", "/api/v1/experiments/none", 404, "not_found"),
        ("DELETE", "/api/v1/experiments/none", 404, "not_found"),
        ("GET", "/api/v1/experiments/none/events", 404, "not_found"),
        ("GET", "/api/v1/experiments/none/report?format=html", 404, "not_found"),
        ("GET", "/api/v1/experiments/none/report?format=pdf", 422, "invalid"),
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/api/v1/batches", 405, "method_not_allowed"),
        ("GET", "/api/v1/batches?limit=0", 422, "invalid"),
        ("GET", "/api/v1/batches?limit=1001", 422, "invalid"),
        ("GET", "/api/v1/batches?limit=many", 422, "invalid"),
        ("GET", "/api/v1/batches?cursor=-1", 422, "invalid"),
        ("GET", "/api/v1/batches?cursor=%C2%B2", 422, "invalid"),
        ("GET", "/api/v1/status-pages/none", 404, "not_found"),
        ("GET", "/api/v1/status-pages/none/updates", 404, "not_found"),
        ("GET", "/api/v1/monitors/x/slo", 404, "not_found"),
        ("GET", "/api/v1/monitors/x/latency", 404, "not_found"),
        ("POST", "/api/v1/monitors/x/check", 404, "not_found"),
        ("GET", "/metrics?name=up", 422, "invalid"),
        ("POST", "/api/v1/batches/none/rerun", 404, "not_found"),
        ("GET", "/api/v1/batches/none/events", 404, "not_found"),
        ("GET", "/api/v1/batches/none/targets", 404, "not_found"),
        ("GET", "/api/v1/comparisons/none/events", 404, "not_found"),
        ("GET", "/api/v1/batches?colour=red", 422, "invalid"),
        ("GET", "/livez?colour=red", 422, "invalid"),
        ("POST", "/api/v1/batches/none/rerun?only=some", 422, "invalid"),
        ("GET", "/api/v1/reports/strategies?since=yesterday", 422, "invalid"),
        ("GET", "/api/v1/reports/strategies?since=2026-11-24T00:00:00", 422, "invalid"),
        ("GET", "/api/v1/reports/strategies?label=x", 422, "invalid"),
        ("GET", "/api/v1/advice?targets=0", 422, "invalid"),
        ("GET", "/api/v1/advice?cpu_bound=perhaps", 422, "invalid"),
    ],
)
def test_what_is_not_there_is_a_problem(
    service: Service, method: str, path: str, status: int, code: str
) -> None:
    answer = service.call(method, path)

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_openapi_document_describes_every_route_and_its_problems(service: Service) -> None:
    document = service.get("/openapi.json")

    assert "Problem" in document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description") or operation.get("summary"), (method, path)
            if path.startswith("/api/v1"):
                assert "4XX" in operation["responses"], (method, path)
    post = document["paths"]["/api/v1/batches"]["post"]
    assert "urls" in json.dumps(post["requestBody"])


def test_the_api_page_asks_no_other_host(service: Service) -> None:
    page = service.call("GET", "/docs").text

    assert "swagger" in page.lower()
    assert "https://" not in page
