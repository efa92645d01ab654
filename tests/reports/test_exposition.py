"""Monitors as Prometheus reads them: whatever they are called, the text means what was meant."""

import re
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from app.domain.monitor import MonitorStatus
from app.domain.reading import Reading
from app.domain.url import bare_url
from app.reports import exposition
from app.storage.standings import Described
from checkers.timing import PHASE_NAMES, Phases

_SECONDS = st.none() | st.floats(0, 300, allow_nan=False)
_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
_KEYS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
_LEGAL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
_NAMES = st.text(st.sampled_from("aAbB1._- é"), min_size=1, max_size=4) | _KEYS


@st.composite
def _readings(draw: st.DrawFn) -> Reading:
    key = draw(_KEYS)
    return Reading(
        key, exposition.labelled(key), status=draw(st.sampled_from(MonitorStatus)),
        up=draw(st.sampled_from([None, True, False])), interval_us=draw(st.none() | st.integers(1)),
        checked_at=draw(st.none() | st.floats(0, 4e9)), lateness=draw(_SECONDS),
        http_status=draw(st.none() | st.integers(100, 999)), total=draw(_SECONDS),
        phases=Phases(*(draw(_SECONDS) for _ in PHASE_NAMES)),
        not_after=draw(st.none() | st.floats(0, 4e9)),
    )  # fmt: skip


@given(st.lists(_readings(), unique_by=lambda reading: reading.key, max_size=5))
def test_what_is_written_is_what_is_read_back_whatever_the_keys(readings: list[Reading]) -> None:
    text = b"".join(exposition.families(readings)).decode("utf-8")

    found = {family.name: family for family in read_text(text)}
    assert _by_key(found["tercet_monitor_up"]) == {
        each.key: float(each.up) for each in readings if each.up is not None
    }
    assert _by_key(found["tercet_monitor_http_status_code"]) == {
        each.key: each.http_status for each in readings if each.http_status is not None
    }
    assert _by_key(found["tercet_monitor_latency_seconds"]) == {
        each.key: pytest.approx(each.total, abs=1e-6) for each in readings if each.total is not None
    }
    statuses = [sample.labels["status"] for sample in found["tercet_monitor_status"].samples]
    assert statuses == [each.status.value for each in readings]
    list(read_openmetrics(text + "# EOF\n"))  # type: ignore[no-untyped-call]


@given(st.lists(_readings(), unique_by=lambda reading: reading.key, min_size=1, max_size=5))
def test_all_samples_of_a_family_stand_together_under_one_head(readings: list[Reading]) -> None:
    lines = b"".join(exposition.families(readings)).decode("utf-8").split("\n")

    assert lines.pop() == ""
    heads = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(set(heads)) == len(heads)
    current = ""
    for line in lines:
        if line.startswith("#"):
            current = line.split()[2]
        else:
            assert line.startswith(f"{current}{{"), line


@given(
    st.builds(
        Described,
        _KEYS,
        st.none() | _TEXT,
        _TEXT,
        st.dictionaries(_NAMES, _TEXT, max_size=6).map(lambda made: sorted(made.items())),
    )
)
def test_who_a_monitor_is_survives_hostile_names_labels_and_urls(monitor: Described) -> None:
    text = exposition.info_head(openmetrics=False) + exposition.info([monitor])

    (family,) = read_text(text.decode("utf-8"))
    (sample,) = family.samples
    assert sample.labels["monitor"] == monitor.key
    own = {name: value for name, value in sample.labels.items() if name.startswith("label_")}
    assert len(own) == len(monitor.labels)
    assert all(_LEGAL.match(name) for name in sample.labels)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text.decode("utf-8"))


@given(st.lists(_NAMES, unique=True, max_size=8))
def test_labels_whose_names_come_to_the_same_are_kept_apart(names: list[str]) -> None:
    legal = exposition.legal_names(names)

    assert len(set(legal)) == len(legal) == len(names)
    assert all(_LEGAL.match(name) for name in legal)


def test_labels_are_named_as_kube_state_metrics_names_them() -> None:
    names = ["a-b", "a.b", "appName", "app.kubernetes.io/name", "team"]

    assert exposition.legal_names(names) == [
        "label_a_b_conflict1", "label_a_b_conflict2", "label_app_name",
        "label_app_kubernetes_io_name", "label_team",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://a.example/x?token=s#f", "https://a.example/x"),
        ("https://u:p@a.example:8443/x", "https://a.example:8443/x"),
        ("https://a.example/@x", "https://a.example/@x"),
        ("https://a.example?u@b", "https://a.example"),
        ("https://u@p@a.example", "https://a.example"),
        ("", ""),
    ],
)
def test_nothing_secret_of_a_url_is_shown(url: str, bare: str) -> None:
    assert bare_url(url) == bare


def _by_key(family: Metric) -> dict[str, float]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for sample in family.samples:
        found[sample.labels["monitor"]].append(sample.value)
    assert all(len(values) == 1 for values in found.values())
    return {key: value for key, (value,) in found.items()}
