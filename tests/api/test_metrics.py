"""/metrics over HTTP: what was recorded, who may read it, and in which form."""

from pathlib import Path

import pytest
import requests
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from tests.services import Service, running

_KEY = "a key of more than sixteen characters"
# Prometheus 2.42 and 3.1 as they ask.
_ASKED = [
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
]


def _families(text: str) -> dict[str, Metric]:
    found = list(read_text(text))
    assert len({family.name for family in found}) == len(found)
    return {family.name: family for family in found}


def _sample(family: Metric, **labels: str) -> float:
    (value,) = [s.value for s in family.samples if labels.items() <= s.labels.items()]
    return value


def test_every_family_has_one_head_and_says_what_it_is(service: Service) -> None:
    answer = service.call("GET", "/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = _families(answer.text)
    assert {"tercet_monitors", "tercet_build_info", "process_cpu_seconds"} <= found.keys()
    assert all(family.documentation and family.type != "unknown" for family in found.values())
    assert not [name for name in found if name.endswith("_created")]


@pytest.mark.parametrize("accept", _ASKED)
def test_who_would_rather_have_openmetrics_gets_it(service: Service, accept: str) -> None:
    answer = service.call("GET", "/metrics", headers={"Accept": accept})

    kind = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.headers["content-type"] == kind
    plain = _families(service.call("GET", "/metrics").text)
    families = read_openmetrics(answer.text)  # type: ignore[no-untyped-call]
    found = {family.name: family for family in families}
    told = {f"{name}_info" if family.type == "info" else name for name, family in found.items()}
    assert told == plain.keys()


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/html", "application/openmetrics-text;version=0.0.1"]
)
def test_anybody_else_gets_text(service: Service, accept: str) -> None:
    answer = service.call("GET", "/metrics", headers={"Accept": accept})

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_once_a_key_is_set_it_is_needed(tmp_path: Path) -> None:
    with running(tmp_path, {"TERCET_API_KEY": _KEY}) as service:
        refused = service.call("GET", "/metrics")
        wrong = service.call("GET", "/metrics", headers={"Authorization": "Bearer no"})
        right = service.call("GET", "/metrics", headers={"Authorization": f"Bearer {_KEY}"})

    assert (refused.status_code, wrong.status_code, right.status_code) == (401, 401, 200)


def test_what_a_batch_came_to_is_counted_by_strategy_client_and_reason(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        urls = [f"{service.url}/livez", f"{service.url}/nowhere", "http://127.0.0.1:1/"]
        service.batch(*urls, strategy="threaded", client="curl")
        found = _families(service.call("GET", "/metrics").text)

    checks, durations = found["tercet_checks"], found["tercet_check_duration_seconds"]
    how = {"strategy": "threaded", "client": "curl", "kind": "batch"}
    assert _sample(checks, **how, status="up", reason="") == 1
    assert _sample(checks, **how, status="down", reason="status_unexpected") == 1
    assert _sample(checks, **how, status="down", reason="connection_refused") == 1
    assert _sample(durations, **how, le="+Inf") == 2
    assert _sample(found["tercet_runs"], kind="batch", status="queued") == 0
    assert _sample(found["tercet_database_bytes"], part="file") > 0


def test_hostile_names_and_labels_of_a_monitor_are_read_back(service: Service) -> None:
    key = 'he said "\\n" {a="b"} \u2028 ü'
    labels = {"a.b": 'x"y\\z\nnext', "a-b": "\x85", "__name__": "up"}
    made = {"key": key, "name": 'a "name" \\', "labels": labels, "enabled": False,
            "target": {"url": "http://127.0.0.1:1/p?token=secret"}}  # fmt: skip

    answer = service.call("POST", "/api/v1/monitors", json=made)
    text = service.call("GET", "/metrics").text
    service.call("DELETE", f"/api/v1/monitors/{answer.json()['id']}")
    without = service.call("GET", "/metrics").text

    assert answer.status_code == 201, answer.text
    (info,) = [
        s.labels
        for s in _families(text)["tercet_monitor_info"].samples
        if s.labels["monitor"] == key
    ]
    assert info == {
        "monitor": key, "name": 'a "name" \\', "url": "http://127.0.0.1:1/p",
        "label_a_b_conflict1": "\x85", "label_a_b_conflict2": 'x"y\\z\nnext',
        "label___name__": "up",
    }  # fmt: skip
    assert key not in {
        sample.labels.get("monitor")
        for family in _families(without).values()
        for sample in family.samples
    }


def test_who_leaves_in_the_middle_disturbs_nobody(service: Service) -> None:
    for _ in range(5):
        requests.get(f"{service.url}/metrics", stream=True, timeout=30).close()

    assert service.call("GET", "/metrics").status_code == 200
    assert "Traceback" not in service.log()
