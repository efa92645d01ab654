"""What comes as a stream: outcomes as NDJSON and CSV, and the events of a batch."""

import csv
import io
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.farm.servers import Crowd, Servers, answering, delayed, ok
from tests.services import Service

Event = tuple[str, str, Any]


def events(answer: requests.Response) -> Iterator[Event]:
    """Name, id and data of every event until the server closes."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield fields["event"], fields["id"], json.loads(fields["data"])
            fields = {}


def watch(service: Service, here: str) -> requests.Response:
    return requests.get(f"{service.url}{here}/events", stream=True, timeout=30)


def test_outcomes_are_streamed_as_a_json_object_a_line(service: Service, farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    batch = service.batch(*[url] * 2500, "http://127.0.0.1:1/")

    answer = service.call(
        "GET", batch["links"]["outcomes"], headers={"Accept": "application/x-ndjson"}
    )

    assert answer.headers["Content-Type"] == "application/x-ndjson"
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [o["seq"] for o in found] == list(range(2501))
    assert found[:100] == service.get(batch["links"]["outcomes"])["items"]


def test_outcomes_are_streamed_as_csv_that_no_spreadsheet_obeys(
    service: Service, farm: Servers
) -> None:
    evil = ok(b"=cmd()", status=b"500 No")
    url = f"http://127.0.0.1:{farm.serve(answering(evil))}/?a,%22b"
    batch = service.batch(url, url)

    text = service.call("GET", batch["links"]["outcomes"], headers={"Accept": "text/csv"}).text

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["seq"] for row in rows] == ["0", "1"]
    assert rows[0]["url"] == url
    assert rows[0]["excerpt"] == "'=cmd()"
    assert float(rows[0]["phases_ms_wait"]) >= 0
    assert rows[0]["tls_issuer"] == ""
    assert json.loads(rows[0]["attempts"])[0]["http_status"] == 500


@pytest.mark.parametrize(
    ("query", "seqs"),
    [
        ("?limit=2", [0, 1]),
        ("?cursor=1&limit=1", [2]),
        ("?status=down", [1]),
        ("?limit=1000", [0, 1, 2]),
    ],
)
def test_a_stream_is_filtered_and_cut_as_a_page_is(
    service: Service, farm: Servers, query: str, seqs: list[int]
) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    batch = service.batch(url, "http://127.0.0.1:1/", url)

    answer = service.call(
        "GET", batch["links"]["outcomes"] + query, headers={"Accept": "application/x-ndjson"}
    )

    assert [json.loads(line)["seq"] for line in answer.text.splitlines()] == seqs


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("text/*", "text/csv"),
        ("*/*", "application/json"),
        ("application/json, text/csv;q=0", "application/json"),
        ("image/png", "application/json"),
        ("nonsense;q=x", "application/json"),
    ],
)
def test_the_representation_liked_best_is_sent(
    service: Service, farm: Servers, accept: str, kind: str
) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    batch = service.batch(url)

    answer = service.call("GET", batch["links"]["outcomes"], headers={"Accept": accept})

    assert answer.headers["Content-Type"].partition(";")[0] == kind


def test_events_tell_progress_and_end_with_the_batch(service: Service, farm: Servers) -> None:
    crowd = Crowd(0.2)
    url = f"http://127.0.0.1:{farm.serve(crowd.handle)}/"
    body = {"urls": [url] * 12, "concurrency": 3}
    here = service.call("POST", "/api/v1/batches", json=body).headers["Location"]

    answer = watch(service, here)
    told = list(events(answer))

    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert [name for name, _, _ in told[:-1]] == ["progress"] * (len(told) - 1)
    dones = [data["done"] for _, _, data in told[:-1]]
    assert dones == sorted(set(dones))
    assert all(ident == str(data["done"]) for _, ident, data in told)
    assert told[-2][2] == {
        "done": 12, "total": 12, "counts": {"up": 12, "degraded": 0, "down": 0, "unknown": 0},
    }  # fmt: skip
    assert told[-1][0] == "completed"
    assert told[-1][2] == service.get(here)


def test_who_comes_late_gets_a_snapshot_and_the_end(service: Service, farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    batch = service.batch(url)

    told = list(events(watch(service, batch["links"]["self"])))

    assert [(name, ident) for name, ident, _ in told] == [("progress", "1"), ("completed", "1")]


def test_a_cancelled_batch_ends_its_events_with_completed(service: Service, farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(delayed(20, ok()))}/"
    here = service.call("POST", "/api/v1/batches", json={"urls": [url]}).headers["Location"]
    told: list[Event] = []
    answer = watch(service, here)
    reader = threading.Thread(target=lambda: told.extend(events(answer)))
    reader.start()
    service.until(here, status="running")

    service.call("DELETE", here)
    reader.join(10)

    assert (told[-1][0], told[-1][2]["status"]) == ("completed", "cancelled")


def test_the_events_of_a_comparison_end_with_it(service: Service, farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    body = {"urls": [url], "contenders": ["async"], "baseline": None, "rounds": 2}
    here = service.call("POST", "/api/v1/comparisons", json=body).headers["Location"]

    told = list(events(watch(service, here)))

    assert (told[-1][0], told[-1][2]["status"]) == ("completed", "completed")
    assert told[-2][2]["done"] == told[-2][2]["total"] == 3
