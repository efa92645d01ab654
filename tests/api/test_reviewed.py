"""What reviews of the REST interface found once; it must not come back."""

import json
import re

import psutil
import pytest

from tests.farm.servers import Servers, answering, delayed, ok, recording
from tests.services import Service

URL = "http://127.0.0.1:9/"


@pytest.mark.parametrize(
    ("contenders", "code", "pointer"),
    [
        (["nope"], "invalid", "/contenders/0/strategy"),
        ([{"strategy": "async", "colour": 1}], "invalid", "/contenders/0/colour"),
        (["async", {"strategy": "async", "concurrency": 0}], "invalid",
         "/contenders/1/concurrency"),
        (["auto"], "invalid", "/contenders/0/strategy"),
        ([{"strategy": "async", "client": "curl"}, "threaded", "threaded"], "invalid",
         "/contenders/2"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_contender_is_told_once_and_where_it_is(
    service: Service, contenders: list[object], code: str, pointer: str
) -> None:
    body = {"urls": [URL], "contenders": contenders, "baseline": "auto"}
    if contenders != ["auto"]:
        del body["baseline"]

    problem = service.call("POST", "/api/v1/comparisons", json=body).json()

    assert (problem["code"], [e["pointer"] for e in problem["errors"]]) == (code, [pointer])


def test_every_reference_of_the_openapi_document_leads_somewhere(service: Service) -> None:
    document = service.get("/openapi.json")

    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found = document
        for part in reference.split("/"):
            assert part in found, reference
            found = found[part]


def test_a_long_way_to_say_sixty_is_sixty(service: Service) -> None:
    answer = service.call(
        "POST",
        "/api/v1/batches",
        json={"urls": [URL]},
        headers={"Prefer": f"wait={61:022}"},
    )

    assert answer.headers["Preference-Applied"] == "wait=60"


def test_a_targets_own_body_of_either_kind_goes_before_the_defaults(service: Service) -> None:
    body = {"targets": [{"url": URL, "json": {"a": 1}}], "defaults": {"body": "x"}}

    assert service.call("POST", "/api/v1/batches", json=body).status_code == 202


@pytest.mark.parametrize("key", ["", "\u0000", "k" * 65])
def test_label_keys_are_short_and_printable(service: Service, key: str) -> None:
    answer = service.call("POST", "/api/v1/batches", json={"urls": [URL], "labels": {key: "x"}})

    assert answer.status_code == 422


def test_workers_of_another_concurrency_do_not_pile_up(service: Service, farm: Servers) -> None:
    url = f"http://127.0.0.1:{farm.serve(answering(ok()))}/"
    assert service.process is not None
    counts = []
    for concurrency in (2, 3, 4):
        service.batch(url, strategy="multiprocess", concurrency=concurrency)
        children = psutil.Process(service.process.pid).children(recursive=True)
        workers = [c for c in children if "checkers.strategies.worker" in " ".join(c.cmdline())]
        counts.append(len(workers))

    assert counts[2] - counts[0] <= 2


def test_comparisons_cancelled_at_any_moment_leave_no_process_and_no_running_round(
    service: Service, farm: Servers
) -> None:
    url = f"http://127.0.0.1:{farm.serve(delayed(0.01, ok()))}/"
    assert service.process is not None
    this = psutil.Process(service.process.pid)
    service.batch(url)
    before = len(this.children())
    for _ in range(12):
        body = {"urls": [url] * 5, "contenders": ["async"], "rounds": 3}
        here = service.call("POST", "/api/v1/comparisons", json=body).headers["Location"]
        service.until(here, status="running")
        cancelled = service.call("DELETE", here).json()
        assert cancelled["status"] == "cancelled"

    psutil.wait_procs(this.children(), timeout=3)
    assert len(this.children()) <= before + 1


def test_what_was_checked_before_a_cancellation_is_kept(service: Service, farm: Servers) -> None:
    answered: list[bytes] = []
    url = f"http://127.0.0.1:{farm.serve(recording(answered, ok()))}/"
    body = {"urls": [url] * 5000, "strategy": "sequential"}
    here = service.call("POST", "/api/v1/batches", json=body).headers["Location"]
    while service.get(here)["done"] == 0:
        pass

    done = service.call("DELETE", here).json()["done"]

    # What was on its way between the processes may be lost: a fifth of a second of checks.
    assert done >= len(answered) * 0.5
    assert len(service.get(f"{here}/outcomes?limit=1000")["items"]) == min(done, 1000)
