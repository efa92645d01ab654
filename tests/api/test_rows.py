"""Batches that come as rows: a URL a line, CSV, or JSON a line."""

import contextlib
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from app.api.rows import _Lines
from tests.farm.servers import Servers, answering, ok, recording
from tests.services import Service

URL = "http://127.0.0.1:9/"
PLAIN, CSV, NDJSON = "text/plain", "text/csv", "application/x-ndjson"


def post(service: Service, media_type: str, body: str | bytes, **query: Any) -> requests.Response:
    data = body.encode() if isinstance(body, str) else body
    return service.call(
        "POST", "/api/v1/batches", data=data, params=query,
        headers={"Content-Type": media_type, "Prefer": "wait=30"},
    )  # fmt: skip


def targets(service: Service, answer: requests.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = service.get(answer.json()["links"]["targets"])["items"]
    return found


def test_lines_of_text_are_urls_but_for_comments_and_blank_ones(service: Service) -> None:
    answer = post(service, PLAIN, f"\ufeff{URL}a\r\n\n# no\n  {URL}b  \n{URL}c")

    assert [t["url"] for t in targets(service, answer)] == [URL + "a", URL + "b", URL + "c"]


def test_what_a_json_body_says_beside_its_targets_stands_in_the_query(service: Service) -> None:
    answer = post(
        service, PLAIN, URL, strategy="threaded", client="curl", concurrency=3, per_host=2,
        pace="max", name="n", label=["a=1", "b=x=y"],
        **{"defaults.timeout_seconds": "250ms", "defaults.method": "head", "defaults.attempts": 2,
           "defaults.follow_redirects": "false", "defaults.headers": '{"A": "b"}',
           "defaults.expect": '[{"of": "status", "op": "==", "value": 204}]'},
    )  # fmt: skip

    batch, (target,) = answer.json(), targets(service, answer)
    assert (batch["strategy"], batch["client"], batch["concurrency"]) == ("threaded", "curl", 3)
    assert (batch["per_host"], batch["pace"], batch["name"]) == (2, "max", "n")
    assert batch["labels"] == {"a": "1", "b": "x=y"}
    assert (target["timeout_seconds"], target["method"], target["attempts"]) == (0.25, "HEAD", 2)
    assert (target["follow_redirects"], target["headers"]) == (False, {"A": "b"})
    assert target["expect"][0]["value"] == 204


def test_csv_cells_are_fields_and_empty_ones_are_not_given(service: Service) -> None:
    body = (
        "method, url ,timeout_seconds,attempts,verify_tls,ip_version,body\n"
        f'POST,{URL},5,2,false,4,"a ""b"",\nc"\n'
        f",{URL}x,,,,,\n"
    )
    answer = post(service, CSV, body, **{"defaults.attempts": 3})

    first, second = targets(service, answer)
    assert (first["method"], first["timeout_seconds"], first["attempts"]) == ("POST", 5.0, 2)
    assert (first["verify_tls"], first["ip_version"]) == (False, 4)
    assert first["body"] == 'a "b",\nc'
    assert (second["method"], second["attempts"], second["body"]) == ("GET", 3, None)


def test_a_cell_may_be_as_large_as_a_body(service: Service) -> None:
    answer = post(service, CSV, f'url,method,body\n{URL},POST,"{"x" * 200_000}"\n{URL},PUT,\n')

    first, second = targets(service, answer)
    assert (len(first["body"]), second["method"]) == (200_000, "PUT")


def test_a_json_object_a_line_is_a_target(service: Service) -> None:
    rows = [{"url": URL}, {"url": URL + "x", "json": {"a": 1}, "timeout_seconds": "2s"}]
    answer = post(service, NDJSON, "\n".join(json.dumps(row) for row in rows))

    first, second = targets(service, answer)
    assert (first["url"], first["method"]) == (URL, "GET")
    assert (second["body"], second["timeout_seconds"]) == ('{"a":1}', 2.0)


BAD: list[tuple[str, str | bytes, dict[str, Any], str, str]] = [
    (PLAIN, "", {}, "/urls", "no target"),
    (PLAIN, f"{URL}\n# c\nftp://a/\n", {}, "/urls/1", "line 3: "),
    (PLAIN, b"http://a/\nhttp://\xff/\n", {}, "/urls/1", "line 2: is not UTF-8"),
    (PLAIN, URL, {"name": "a\x00"}, "/name", ""),
    (PLAIN, URL, {"strategy": ["async", "threaded"]}, "/strategy", "more than once"),
    (PLAIN, URL, {"label": ["a=1", "a=2"]}, "/label", "twice"),
    (PLAIN, URL, {"label": "\x00=1"}, "/label", ""),
    (PLAIN, URL, {"strategy": "magic"}, "/strategy", "query: "),
    (PLAIN, URL, {"concurrency": "many"}, "/concurrency", "query: "),
    (PLAIN, URL, {"concurrency": "20000"}, "/concurrency", "20000"),
    (PLAIN, URL, {"label": "x"}, "/label", "key=value"),
    (PLAIN, URL, {"defaults.timeout_seconds": "soon"}, "/defaults.timeout_seconds", "query: "),
    (PLAIN, URL, {"defaults.attempts": "1.5"}, "/defaults.attempts", "query: "),
    (PLAIN, URL, {"defaults.method": "A B"}, "/defaults/method", "method"),
    (PLAIN, URL, {"defaults.colour": "red"}, "/defaults.colour", ""),
    (PLAIN, URL, {"colour": "red"}, "/colour", ""),
    (PLAIN, URL, {"on_invalid": "ignore"}, "/on_invalid", ""),
    (CSV, "", {}, "", "no header"),
    (CSV, "url,colour\nhttp://a/,red\n", {}, "/colour", "line 1: "),
    (CSV, "method\nGET\n", {}, "/url", "missing"),
    (CSV, "url,url\n", {}, "/url", "twice"),
    (CSV, f"url,method\n{URL},GET,x\n", {}, "/targets/0", "line 2: has 3 cells"),
    (CSV, f"url,attempts\n{URL},1\n{URL},many\n", {}, "/targets/1/attempts", "line 3: "),
    (CSV, f"url,verify_tls\n{URL},maybe\n", {}, "/targets/0/verify_tls", "line 2: "),
    (CSV, f"url,attempts\n{URL},11\n", {}, "/targets/0/attempts", "line 2: "),
    (CSV, f"url,method\n,GET\n{URL},GET\n", {}, "/targets/0/url", "line 2: "),
    (CSV, f'url,body\n{URL},"never closed\n\n{URL},x\n', {}, "/targets/0", "line 2: "),
    (CSV, b"url\nhttp://\xff/\n", {}, "/targets/0", "not UTF-8"),
    (NDJSON, f'{{"url": "{URL}"}}\n{{"url": 1}}\n', {}, "/targets/1/url", "line 2: "),
    (NDJSON, "{\n}", {}, "/targets/0", "line 1: "),
    (NDJSON, f'{{"url": "{URL}", "colour": 1}}', {}, "/targets/0/colour", "line 1: "),
    (NDJSON, b'{"url": "http://\xff/"}', {}, "/targets/0", "not UTF-8"),
    (NDJSON, '{"url": "http://a/\\ud800"}', {}, "/targets/0", "line 1: "),
    (NDJSON, "[" * 10_000, {}, "/targets/0", "line 1: "),
]


@pytest.mark.parametrize(("media_type", "body", "query", "pointer", "told"), BAD)
def test_a_bad_row_is_refused_with_its_place_and_line(
    service: Service,
    media_type: str,
    body: str | bytes,
    query: dict[str, Any],
    pointer: str,
    told: str,
) -> None:
    answer = post(service, media_type, body, **query)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid"), problem
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert any(told in error["detail"] for error in problem["errors"]), problem["errors"]


@pytest.mark.parametrize(
    ("media_type", "row"), [(PLAIN, "no\n"), (CSV, "no\n"), (NDJSON, '{"url": "no"}\n')]
)
def test_of_many_bad_rows_the_first_hundred_are_told(
    service: Service, media_type: str, row: str
) -> None:
    answer = post(service, media_type, ("url\n" if media_type == CSV else "") + row * 500)

    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 100
    assert answer.json()["detail"].startswith("500 ")


@pytest.mark.parametrize("media_type", [PLAIN, "application/json"])
def test_one_row_too_many_is_refused(service: Service, media_type: str) -> None:
    urls = [URL] * 100_001
    body = "\n".join(urls) if media_type == PLAIN else json.dumps({"urls": urls})

    answer = post(service, media_type, body)

    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_a_json_body_says_itself_what_rows_say_in_the_query(service: Service) -> None:
    answer = service.call(
        "POST", "/api/v1/batches", params={"strategy": "threaded"}, json={"urls": [URL]}
    )

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/strategy")


@pytest.mark.parametrize("strategy", ["async", "threaded", "multiprocess"])
def test_a_url_that_is_skipped_keeps_its_place_and_ends_unknown(
    service: Service, farm: Servers, strategy: str
) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    bad = ["file:///etc/passwd", "http://a b/", "http://" + "x" * 100_000, f"{url}\udcff"]
    body = "\n".join([url, *bad, url]).encode("utf-8", "surrogateescape")

    answer = post(service, PLAIN, body, on_invalid="skip", strategy=strategy)

    batch = answer.json()
    assert (batch["status"], batch["total"], batch["counts"]["up"]) == ("completed", 6, 2)
    found = service.get(f"{batch['links']['outcomes']}?status=unknown")["items"]
    assert [(o["seq"], o["reason"]) for o in found] == [(n, "invalid_url") for n in (1, 2, 3, 4)]


def test_a_batch_of_nothing_but_invalid_urls_completes(service: Service) -> None:
    answer = service.call(
        "POST", "/api/v1/batches", params={"on_invalid": "skip"}, headers={"Prefer": "wait=30"},
        json={"urls": ["no"], "targets": [{"url": "javascript:alert(1)"}]},
    )  # fmt: skip

    assert answer.json()["status"] == "completed"
    assert answer.json()["reasons"] == {"invalid_url": 2}


def test_skipping_forgives_nothing_but_the_url(service: Service) -> None:
    row = json.dumps({"url": "no", "attempts": 99})

    answer = post(service, NDJSON, row, on_invalid="skip")

    assert [e["pointer"] for e in answer.json()["errors"]] == ["/targets/0/attempts"]


def test_a_body_that_stops_half_way_makes_nothing(service: Service, farm: Servers) -> None:
    asked: list[bytes] = []
    url = f"http://127.0.0.1:{farm.serve(recording(asked, ok()))}/"
    before = len(service.get("/api/v1/batches?limit=1000")["items"])
    parts = urlsplit(service.url)
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        head = (
            f"POST /api/v1/batches HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: text/plain\r\n"
        )
        connection.sendall(f"{head}Content-Length: 10000\r\n\r\n{url}\n".encode())

    assert service.get("/livez")["status"] == "ok"
    assert len(service.get("/api/v1/batches?limit=1000")["items"]) == before
    assert asked == []


def test_a_client_that_sends_a_byte_a_second_is_told_so_and_holds_up_nobody(
    service: Service,
) -> None:
    parts = urlsplit(service.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=1) as connection:
        head = f"POST /api/v1/batches HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        fields = "Content-Type: text/plain\r\nContent-Length: 10000\r\n\r\n"
        connection.sendall((head + fields).encode())
        answer = b""
        while not answer:
            connection.sendall(b"h")
            assert service.get("/livez")["status"] == "ok"
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(10_000)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"request_timeout" in answer


@given(
    st.lists(st.sampled_from(["a,b\n", '"x\ny"\n', "\n", '"', "é\r\n", ",", '""', "q\n"])),
    st.integers(1, 7),
)
def test_lines_are_the_same_however_they_come(parts: list[str], size: int) -> None:
    data = "".join(parts).encode()
    for quoted in (False, True):
        whole = _Lines(quoted=quoted)
        whole.add(data)
        expected = list(whole.whole(last=True))

        pieces, found = _Lines(quoted=quoted), []
        for start in range(0, len(data), size):
            pieces.add(data[start : start + size])
            found += list(pieces.whole())
        found += list(pieces.whole(last=True))

        assert found == expected
