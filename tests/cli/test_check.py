"""`tercet check` and `tercet compare`, as they are typed."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.farm.servers import Servers, answering, ok


def tercet(*words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "app", *words],
        input=stdin, capture_output=True, text=True, check=False, timeout=90,
    )  # fmt: skip


@pytest.fixture(scope="session")
def up(farm: Servers) -> str:
    return f"http://127.0.0.1:{farm.serve(answering(ok()))}/"


@pytest.fixture(scope="session")
def refused(farm: Servers) -> str:
    return f"http://127.0.0.1:{farm.refusing()}/"


@pytest.mark.parametrize("strategy", ["sequential", "threaded", "multiprocess", "async"])
def test_all_up_is_nought(up: str, strategy: str) -> None:
    ended = tercet("check", up, up, "--strategy", strategy, "--concurrency", "1")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("up ") == 2
    assert "2 up" in ended.stdout
    assert "\x1b" not in ended.stdout


def test_something_not_up_is_one_and_says_why(up: str, refused: str) -> None:
    ended = tercet("check", up, refused)

    assert ended.returncode == 1
    assert "The connection was refused." in ended.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("check", "-f", "/no/such/file"),
        ("check", "http://a/", "--strategy", "magic"),
        ("check", "http://a/", "--strategy", "threaded", "--client", "aiohttp"),
        ("check", "http://a/", "--strategy", "sequential", "--concurrency", "2"),
        ("check", "http://a/", "--timeout", "0"),
        ("check", "http://a/", "--output", "poem"),
        ("compare", "http://a/", "-c", "magic"),
        ("compare", "http://a/", "-c", "async:x"),
        ("compare", "http://a/", "-c", "async", "-c", "async"),
        ("migrate", "no-such-revision"),
        ("fly",),
    ],
)
def test_a_mistake_in_the_call_is_two_with_a_sentence(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERCET_DATABASE_URL", f"sqlite:///{tmp_path}/tercet.db")
    ended = tercet(*words)

    assert ended.returncode == 2
    assert ended.stderr.strip()
    assert "Traceback" not in ended.stderr


def test_urls_come_from_a_file_and_from_standard_input(
    up: str, refused: str, tmp_path: Path
) -> None:
    listed = tmp_path / "urls.txt"
    listed.write_text(f"# mine\n\n{up}\n", encoding="utf-8")

    ended = tercet("check", "-", "-f", str(listed), "-o", "json", stdin=f"{refused}\n# no\n")

    outcomes = json.loads(ended.stdout)
    assert [(o["url"], o["status"]) for o in outcomes] == [(refused, "down"), (up, "up")]


def test_ndjson_is_a_line_for_each(up: str, refused: str) -> None:
    lines = tercet("check", up, refused, "-o", "ndjson").stdout.splitlines()

    assert {json.loads(line)["status"] for line in lines} == {"up", "down"}


def test_csv_has_a_row_for_each_and_starts_no_formula(up: str) -> None:
    rows = list(csv.DictReader(io.StringIO(tercet("check", up, "=1+1", "-o", "csv").stdout)))

    by_seq = {row["seq"]: row for row in rows}
    assert by_seq["0"]["http_status"] == "200"
    assert float(by_seq["0"]["phases_ms_wait"]) > 0
    assert by_seq["1"]["url"] == "'=1+1"
    assert by_seq["1"]["reason"] == "invalid_url"


def test_junit_tells_failures_and_errors_apart(up: str, refused: str) -> None:
    suite = ET.fromstring(tercet("check", up, refused, "nonsense", "-o", "junit").stdout)

    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    failure = suite.find(".//failure")
    assert failure is not None
    assert failure.get("type") == "down/connection_refused"


def test_compare_prints_ratios_and_writes_a_page(up: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    ended = tercet("compare", up, up, "-c", "sequential", "-c", "async:5", "--rounds", "1",
                   "--html", str(page))  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    assert "async:5 ÷ sequential" in ended.stdout
    assert "<svg" in page.read_text(encoding="utf-8")


def test_the_version_and_the_help_are_told() -> None:
    assert tercet("--version").stdout.startswith("tercet ")
    told = tercet("--help").stdout
    for command in ("serve", "check", "compare", "demo", "migrate"):
        assert command in told


def test_a_result_that_cannot_be_written_is_two(up: str, tmp_path: Path) -> None:
    for words in (["check", up], ["check", up, "-o", "ndjson"]):
        with Path("/dev/full").open("w", encoding="utf-8") as full:
            ended = subprocess.run(
                [sys.executable, "-P", "-m", "app", *words],
                stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
            )  # fmt: skip
        assert ended.returncode == 2, words
        assert "Traceback" not in ended.stderr
    nowhere = str(tmp_path / "no" / "report.html")
    assert tercet("compare", up, "-c", "async", "--html", nowhere).returncode == 2


def test_bytes_that_are_no_text_are_told_and_not_obeyed() -> None:
    for output in ("ndjson", "junit", "table", "csv"):
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "app", "check", b"http://127.0.0.1/\xff", "-o", output],
            capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert b"Traceback" not in ended.stderr
        assert ended.returncode == 1
