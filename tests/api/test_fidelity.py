"""What a batch and its outcomes say of our own part in their latencies."""

import csv
import io

import pytest

from checkers import CATALOGUE
from tests.farm.servers import Servers, delayed, ok
from tests.services import Service

_CELLS = [(entry.name, client) for entry in CATALOGUE.values() for client in entry.clients]
_BY = {"requests": "receive_stamp", "aiohttp": "round_trip"}


@pytest.fixture(scope="module")
def slow(farm: Servers) -> str:
    return f"http://127.0.0.1:{farm.serve(delayed(0.05, ok()))}/"


@pytest.mark.parametrize(("strategy", "client"), _CELLS)
def test_every_outcome_says_how_much_of_it_may_be_ours(
    service: Service, slow: str, strategy: str, client: str
) -> None:
    batch = service.batch(*[slow] * 5, strategy=strategy, client=client, per_host=0)
    items = service.call("GET", batch["links"]["outcomes"]).json()["items"]

    assert len(items) == 5
    for item in items:
        assert 0 < item["error_bound_ms"] <= item["total_ms"]
        assert item["error_bound_by"] in ("clock", "round_trip", "receive_stamp")
    if client in _BY:
        assert _BY[client] in {item["error_bound_by"] for item in items}


def test_what_was_never_connected_to_has_no_bound(service: Service) -> None:
    batch = service.batch("http://10.0.0.1/")
    (item,) = service.call("GET", batch["links"]["outcomes"]).json()["items"]

    assert (item["error_bound_ms"], item["error_bound_by"]) == (None, None)


def test_bounds_stand_in_csv_too(service: Service, slow: str) -> None:
    batch = service.batch(slow)
    told = service.call("GET", batch["links"]["outcomes"], headers={"Accept": "text/csv"}).text
    (row,) = csv.DictReader(io.StringIO(told))

    assert float(row["error_bound_ms"]) > 0
    assert row["error_bound_by"]


def test_a_run_at_max_is_marked(service: Service, slow: str) -> None:
    batch = service.batch(*[slow] * 20, pace="max", per_host=0)

    assert batch["fidelity"]["verdict"] == "max_pace"
    assert batch["fidelity"]["lag_ms"]["p50"] <= batch["fidelity"]["lag_ms"]["max"]


def test_waiting_for_a_turn_is_no_latency_and_no_part_of_the_timeout(
    service: Service, slow: str
) -> None:
    targets = [{"url": slow, "timeout_seconds": 0.5} for _ in range(40)]
    body = {"targets": targets, "strategy": "threaded", "concurrency": 2, "per_host": 0}
    here = service.call("POST", "/api/v1/batches", json=body).headers["Location"]
    batch = service.until(here, status="completed")
    items = service.call("GET", batch["links"]["outcomes"]).json()["items"]

    assert batch["counts"]["up"] == 40
    assert max(item["queued_ms"] for item in items) > 500
