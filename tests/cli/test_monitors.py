"""`tercet monitors` and `tercet status`, against a real service."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.monitor_file import FileUnreadable, read_file
from app.domain.monitor import key_of
from tests.farm.servers import Servers, answering, ok
from tests.services import Service, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as made:
        yield made


@pytest.fixture(scope="module")
def url(farm: Servers) -> str:
    return f"http://127.0.0.1:{farm.serve(answering(ok()))}"


def _tercet(server: str, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "app", *words],
        env={**os.environ, "TERCET_SERVER": server}, input=typed,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_list_is_imported_shown_checked_and_paused(service: Service, url: str) -> None:
    listed = f"# mine\n{url}/a\n{url}/b\nnonsense\n"

    imported = _tercet(service.url, "monitors", "import", "-", "-l", "team=web", typed=listed)
    again = _tercet(service.url, "monitors", "import", "-", "-l", "team=web", typed=f"{url}/a\n")
    checked = _tercet(service.url, "monitors", "check", key_of(f"{url}/a"))
    paused = _tercet(service.url, "monitors", "pause", "-l", "team=web")
    shown = _tercet(service.url, "monitors", "list", "-l", "team=web")

    assert imported.returncode == 1
    assert "2 created, 1 refused" in imported.stdout
    assert "line 4: target/url" in imported.stderr
    assert again.stdout == "1 unchanged\n"
    assert checked.returncode == 0
    assert paused.stdout == "2 chosen, 2 changed\n"
    assert shown.stdout.count("paused") == 2


def test_status_tells_what_is_down_and_ends_with_one(service: Service) -> None:
    added = _tercet(service.url, "monitors", "add", "http://127.0.0.1:1/", "--key", "dead")
    first = {"thresholds": {"down_after": 1, "recheck_seconds": 0.2}}
    service.call("PATCH", "/api/v1/monitors/dead", json=first)
    service.call("POST", "/api/v1/monitors/dead/check")

    told = _tercet(service.url, "status")

    assert added.returncode == 0
    assert told.returncode == 1
    assert "dead" in told.stdout
    assert "1 down" in told.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("monitors", "check", "nobody"), "There is no monitor 'nobody'."),
        (("monitors", "import", "/nowhere.txt"), "cannot be read"),
        (("monitors", "pause"), "name a monitor"),
        (("monitors", "add", "http://a/", "--interval", "0"), "/interval_seconds"),
    ],
)
def test_a_mistake_is_told_and_ends_with_two(
    service: Service, words: tuple[str, ...], said: str
) -> None:
    ended = _tercet(service.url, *words)

    assert ended.returncode == 2
    assert said in ended.stderr


def test_a_service_that_is_not_there_is_told() -> None:
    ended = _tercet("http://127.0.0.1:1", "status")

    assert ended.returncode == 2
    assert "cannot be asked" in ended.stderr


def test_csv_holds_what_a_monitor_needs(tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    file.write_text(
        "url,key,interval_seconds,label.team,down_after,channels,timeout_seconds\n"
        "http://a/,one,5m,web,3,ops;dev,2.5\n"
        "http://b/,,30,,,,\n"
    )

    rows = read_file(str(file), {"labels": {"of": "csv"}, "interval_seconds": 60})

    assert rows[0].monitor == {
        "key": "one", "target": {"url": "http://a/", "timeout_seconds": 2.5},
        "interval_seconds": "5m", "labels": {"of": "csv", "team": "web"},
        "thresholds": {"down_after": 3}, "channels": ["ops", "dev"],
    }  # fmt: skip
    assert rows[1].monitor["interval_seconds"] == 30
    assert rows[1].monitor["key"] == key_of("http://b/")


def test_yaml_holds_monitors_or_plain_urls(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(
        "monitors:\n  - http://a/\n  - url: http://b/\n    key: b\n    cron: '* * * * *'\n"
    )

    rows = read_file(str(file), {"interval_seconds": 60})

    assert [row.monitor["target"] for row in rows] == [{"url": "http://a/"}, {"url": "http://b/"}]
    assert rows[1].monitor["cron"] == "* * * * *"
    assert "interval_seconds" not in rows[1].monitor


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("m.csv", "url,surprise\nhttp://a/,1\n", "'surprise' is not known"),
        ("m.csv", "key\na\n", "no column url"),
        ("m.csv", "url,down_after\nhttp://a/,many\n", "line 2, column down_after"),
        ("m.csv", "url\nhttp://a/,more\n", "more cells"),
        ("m.yaml", "a: [", "is not YAML"),
        ("m.yaml", "a: 1", "no list"),
        ("m.yaml", "- 7", "neither a URL"),
        ("m.txt", "# nothing\n", "holds no monitor"),
    ],
)
def test_a_file_that_is_none_is_told_by_its_line(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    file = tmp_path / name
    file.write_text(text)

    with pytest.raises(FileUnreadable, match=said):
        read_file(str(file), {})
