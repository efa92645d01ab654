"""`tercet check` and `tercet compare`, as they are typed."""

import contextlib
import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.farm.servers import Crowd, Servers, answering, ok


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
    suites = ET.fromstring(tercet("check", up, refused, "nonsense", "-o", "junit").stdout)
    suite = suites[0]

    assert (suites.tag, suite.tag, len(suite)) == ("testsuites", "testsuite", 3)
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


def test_colours_are_for_a_terminal_that_wants_them(up: str) -> None:
    def seen(**environment: str) -> bytes:
        main, end = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "app", "check", up],
            stdout=end, stderr=subprocess.DEVNULL, env={**os.environ, **environment},
        ) as started:  # fmt: skip
            os.close(end)
            found = b""
            with contextlib.suppress(OSError):
                while part := os.read(main, 4096):
                    found += part
            started.wait(60)
        os.close(main)
        return found

    piped = subprocess.run(
        [sys.executable, "-P", "-m", "app", "check", up],
        capture_output=True, env={**os.environ, "FORCE_COLOR": "1"}, check=False, timeout=60,
    )  # fmt: skip

    assert b"\x1b[32m" in seen()
    assert b"\x1b" not in seen(NO_COLOR="1")
    assert b"\x1b" not in piped.stdout


@pytest.mark.parametrize("output", ["table", "ndjson", "json"])
def test_ctrl_c_stops_at_once_with_what_is_known(up: str, farm: Servers, output: str) -> None:
    crowd = Crowd(60.0)
    slow = f"http://127.0.0.1:{farm.serve(crowd.handle)}/"
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "app", "check", up, slow, "-o", output,
         "--strategy", "threaded"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as started:  # fmt: skip
        crowd.begun.wait(30)
        time.sleep(0.3)
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=20)

    assert started.returncode == 130
    assert "1 of 2 were checked" in err
    assert up in out
    assert "Traceback" not in err


def test_a_comparison_that_is_stopped_shows_the_rounds_it_has(farm: Servers) -> None:
    crowd = Crowd(0.05)
    url = f"http://127.0.0.1:{farm.serve(crowd.handle)}/"
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "app", "compare", url, "-c", "async", "--rounds", "100"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as started:  # fmt: skip
        # The warm-up and two rounds: the third request is sent once the first round is known.
        while crowd.asked < 3 and started.poll() is None:
            time.sleep(0.02)
        started.send_signal(signal.SIGINT)
        out, err = started.communicate(timeout=20)

    assert started.returncode == 130
    assert "rounds were measured" in err
    assert "async" in out


@pytest.mark.parametrize("output", ["table", "junit"])
def test_so_many_more_urls_take_no_more_memory(output: str) -> None:
    program = (
        "import resource, sys\n"
        "sys.argv = ['tercet', 'check', '-', '--pace', 'max', '-o', sys.argv[1]]\n"
        "from app.cli import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))"
    )

    def peak(count: int) -> tuple[int, int]:
        # Not valid, so that a check costs nothing: what is held of it is the same.
        urls = "".join(f"ftp://127.0.0.1/{n}\n" for n in range(count))
        ended = subprocess.run(
            [sys.executable, "-P", "-c", program, output],
            input=urls, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        return int(ended.stderr.splitlines()[-1]), ended.stdout.count("ftp://127.0.0.1/")

    # From here on nothing is warmed up any more.
    few, many = peak(10_000), peak(50_000)

    assert (few[1], many[1]) == (10_000, 50_000)
    assert many[0] - few[0] < 16_000  # KiB


def test_a_check_loads_neither_the_web_framework_nor_the_database() -> None:
    program = "import app.cli.check, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert {"fastapi", "starlette", "sqlalchemy", "pydantic", "requests"}.isdisjoint(loaded)


def test_who_reads_no_more_is_not_told_of_it(up: str) -> None:
    program = f"{sys.executable} -P -m app check - -o ndjson --per-host 0 | head -1"
    ended = subprocess.run(
        ["bash", "-c", program], input="\ufeff" + f"{up}\n" * 2000, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip

    assert json.loads(ended.stdout)["url"] == up
    assert "TaskGroup" not in ended.stderr
    assert "cannot be written" not in ended.stderr


def test_a_comparison_that_measured_nobody_names_nobody() -> None:
    ended = tercet("compare", "nope", "-c", "async", "--rounds", "1")

    assert "No target could be checked" in ended.stdout
