"""Probes end to end: modules from a file, a file that changes, a key, a lost process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from tests.farm.certificates import Certificates
from tests.farm.servers import Servers, answering, depending, ok, recording, redirect
from tests.services import PATIENCE_SECONDS, Service, running

KEY = "sixteen characters"
MODULES = """
modules:
  v4: {{prober: http, timeout: 5s, http: {{preferred_ip_protocol: ip4}}}}
  body: {{prober: http, http: {{fail_if_body_not_matches_regexp: ["^hello$"]}}}}
  header: {{prober: http, http: {{fail_if_header_matches: [{{header: x-a, regexp: bad}}]}}}}
  stay: {{prober: http, http: {{follow_redirects: false, valid_status_codes: [302]}}}}
  ours: {{prober: http, http: {{tls_config: {{ca_file: "{bundle}"}}}}}}
  loose: {{prober: http, http: {{tls_config: {{insecure_skip_verify: true}}}}}}
  user: {{prober: http, http: {{basic_auth: {{username: u, password_file: "{folder}/password"}}}}}}
  head: {{prober: http, http: {{method: HEAD}}}}
  tcp: {{prober: tcp, tcp: {{tls: true}}}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("probe")


@pytest.fixture(scope="module")
def own(folder: Path, certificates: Certificates) -> Iterator[Service]:
    text = MODULES.format(bundle=certificates.bundle(folder), folder=folder)
    (folder / "blackbox.yml").write_text(text, encoding="utf-8")
    settings = {"TERCET_PROBE_MODULES": str(folder / "blackbox.yml"), "TERCET_API_KEY": KEY}
    with running(folder, settings) as made:
        yield made


def _ask(
    service: Service, module: str, target: str, query: str = "", **headers: str
) -> requests.Response:
    headers["Authorization"] = f"Bearer {KEY}"
    path = f"/probe?module={module}&target={target}{query}"
    return service.call("GET", path, headers=headers)


def _figures(service: Service, module: str, target: str, query: str = "") -> dict[str, float]:
    answer = _ask(service, module, target, query)
    assert answer.status_code == 200, answer.text
    lines = (line.rsplit(" ", 1) for line in answer.text.splitlines() if line[0] != "#")
    return {name.removeprefix("probe_"): float(value) for name, value in lines}


def _some(found: dict[str, float], *names: str) -> list[float]:
    return [found[name] for name in names]


def test_a_key_is_asked_for(own: Service) -> None:
    answer = own.call("GET", "/probe?target=127.0.0.1")

    assert answer.status_code == 401


def test_a_plain_answer(own: Service, farm: Servers) -> None:
    date = b"Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT"
    port = farm.serve(answering(ok(b"hello", date)))

    found = _figures(own, "v4", f"127.0.0.1:{port}")

    assert _some(found, "success", "http_status_code", "http_content_length") == [1, 200, 5]
    assert _some(found, "http_version", "ip_protocol", "ip_addr_hash") == [1.1, 4, 3668918509]
    assert found["http_last_modified_timestamp_seconds"] == 1445412480
    assert "ssl_earliest_cert_expiry" not in found
    phases = [name for name in found if name.startswith("http_duration_seconds{")]
    assert len(phases) == 5


def test_redirects_are_followed_or_not(own: Service, farm: Servers) -> None:
    def choose(head: bytes) -> bytes:
        return ok(b"hello") if b" /end " in head else redirect(b"/end")

    url = f"127.0.0.1:{farm.serve(depending(choose))}/"

    followed, stayed = _figures(own, "v4", url), _figures(own, "stay", url)

    assert _some(followed, "success", "http_redirects", "http_status_code") == [1, 1, 200]
    assert _some(stayed, "success", "http_redirects", "http_status_code") == [1, 1, 302]


@pytest.mark.parametrize(
    ("module", "body", "field", "success", "by_regex"),
    [
        ("body", b"hello", b"X-A: good", 1, 0),
        ("body", b"hello!", b"X-A: good", 0, 1),
        ("header", b"hello", b"X-A: good", 1, 0),
        ("header", b"hello", b"X-A: bad", 0, 1),
        ("header", b"hello", b"X-B: good", 0, 1),
    ],
)
def test_patterns_decide(
    own: Service, farm: Servers, module: str, body: bytes, field: bytes, success: int, by_regex: int
) -> None:
    found = _figures(own, module, f"127.0.0.1:{farm.serve(answering(ok(body, field)))}")

    assert _some(found, "success", "failed_due_to_regex") == [success, by_regex]


def test_certificates_are_told_of(own: Service, farm: Servers, certificates: Certificates) -> None:
    port = farm.serve(answering(ok()), certificates.context(by=certificates.intermediate))
    url = f"https://127.0.0.1:{port}/"

    trusted, loose = _figures(own, "ours", url), _figures(own, "loose", url)
    strict = _figures(own, "v4", url)

    chain = "ssl_last_chain_expiry_timestamp_seconds"
    assert _some(trusted, "success", "http_ssl") == [1, 1]
    assert trusted[chain] == trusted["ssl_earliest_cert_expiry"]
    assert loose[chain] == -62135596800
    assert _some(strict, "success", "http_ssl", "http_status_code") == [0, 0, 0]
    assert any(name.startswith("ssl_last_chain_info{fingerprint_sha256=") for name in trusted)


def test_a_hostname_is_sent_and_verified(
    own: Service, farm: Servers, certificates: Certificates
) -> None:
    asked: list[bytes] = []
    port = farm.serve(recording(asked, ok()), certificates.context("own.example"))
    url = f"https://127.0.0.1:{port}/"

    named = _figures(own, "ours", url, "&hostname=own.example")
    other = _figures(own, "ours", url)

    assert (named["success"], other["success"]) == (1, 0)
    assert b"\r\nHost: own.example\r\n" in asked[0]


def test_a_password_is_read_for_each_probe(own: Service, farm: Servers, folder: Path) -> None:
    asked: list[bytes] = []
    target = f"127.0.0.1:{farm.serve(recording(asked, ok()))}"

    missing = _ask(own, "user", target)
    (folder / "password").write_text("p\n", encoding="utf-8")
    read = _ask(own, "user", target)

    assert (missing.status_code, read.status_code) == (503, 200)
    assert b"Authorization: Basic dTpw\r\n" in asked[0]


def test_what_cannot_be_done_is_400(own: Service) -> None:
    answer = _ask(own, "tcp", "127.0.0.1:1")

    assert (answer.status_code, "tcp" in answer.json()["detail"]) == (400, True)


def test_prometheus_patience_bounds_a_probe(own: Service, farm: Servers) -> None:
    patience = {"X-Prometheus-Scrape-Timeout-Seconds": "0.7"}

    text = _ask(own, "v4", f"127.0.0.1:{farm.deaf()}", "&debug=true", **patience).text

    assert "timeout_seconds=0.200000" in text
    assert "reason=connection_timeout" in text


def test_fifty_at_once_are_told_apart(own: Service, farm: Servers) -> None:
    ports = [farm.serve(answering(ok(b"x" * size))) for size in range(50)]

    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda port: _figures(own, "v4", f"127.0.0.1:{port}"), ports))

    assert [each["http_content_length"] for each in found] == list(range(50))


def _until_known(service: Service, module: str) -> requests.Response:
    """The answer of a module once it is known, under one generous deadline."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        answer = _ask(service, module, "http://[::1")
        if answer.status_code == 200:
            return answer
        time.sleep(0.05)
    raise AssertionError(answer.text)


def test_a_file_that_changes_is_read_anew_and_a_bad_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "blackbox.yml"
    path.write_text("modules: {one: {prober: http}}", encoding="utf-8")
    settings = {"TERCET_PROBE_MODULES": str(path), "TERCET_API_KEY": KEY}
    with running(tmp_path, settings) as service:
        _replace(path, "modules: {one: {prober: http}, two: {prober: http}}")
        _until_known(service, "two")
        _replace(path, "modules: {three: {prober: nonsense}}")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "probe_modules_refused" not in service.log() and time.monotonic() < deadline:
            time.sleep(0.05)

        kept = _ask(service, "two", "http://[::1")

        assert "modules.three.prober" in service.log()
        assert kept.status_code == 200


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def test_a_bad_file_ends_the_start_with_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "blackbox.yml"
    path.write_text("modules: {m: {prober: http, http: {timout: 1s}}}", encoding="utf-8")
    environment = {
        **os.environ,
        "TERCET_DATABASE_URL": f"sqlite:///{tmp_path}/tercet.db",
        "TERCET_PORT": "0",
        "TERCET_PROBE_MODULES": str(path),
    }

    ended = subprocess.run(
        [sys.executable, "-P", "-m", "app", "serve"], env=environment, capture_output=True,
        text=True, check=False, timeout=PATIENCE_SECONDS, cwd=tmp_path,
    )  # fmt: skip

    assert ended.returncode == 2
    assert "modules.m.http.timout is not known" in ended.stderr


def test_a_process_that_is_lost_is_nobody_s_fault(own: Service, farm: Servers) -> None:
    port = farm.serve(answering(ok()))
    _figures(own, "v4", f"127.0.0.1:{port}")
    assert own.process is not None
    for child in psutil.Process(own.process.pid).children():
        child.kill()

    after = _figures(own, "v4", f"127.0.0.1:{port}")

    assert after["success"] == 1
