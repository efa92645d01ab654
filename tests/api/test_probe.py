"""`/probe`: what is refused, and what its module file may hold."""

import socket
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from app.api.probe_modules import BadModules, built_in, read_modules
from app.domain.probe import Module
from tests.farm.servers import Servers, answering, ok
from tests.services import Service


def _probe(service: Service, query: str, **headers: str) -> requests.Response:
    return service.call("GET", f"/probe?{query}", headers=headers)


def _value(text: str, name: str) -> float:
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith(name + " ")))


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "target"),
        ("target=", "target"),
        ("module=http_2xx", "target"),
        ("target=a.example&module=nope", 'Unknown module "nope"'),
        ("target=a.example&module=" + "x" * 9_000, "Unknown module"),
        ("target=a.example&module=%0d%0aX:%20y", "Unknown module"),
        ("target=a.example&target=b.example", "more than once"),
        ("target=a.example&colour=red", "colour is not known"),
        ("target=" + "a" * 10_001, "characters"),
        ("target=a.example&hostname=a%0d%0ab", "hostname"),
        ("target=a.example&hostname=a/b", "hostname"),
    ],
)
def test_a_probe_that_makes_no_sense_is_refused(service: Service, query: str, says: str) -> None:
    answer = _probe(service, query)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert says in answer.json()["detail"]


@pytest.mark.parametrize("seconds", ["soon", "-1", "nan", "inf", "1,5"])
def test_a_timeout_that_is_none_is_refused(service: Service, seconds: str) -> None:
    headers = {"X-Prometheus-Scrape-Timeout-Seconds": seconds}

    answer = _probe(service, "target=a.example", **headers)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "target", ["http://[::1", "a b", "\x00", "http://", "\U0001f4a9", "x" * 9_000, "http://h:0/"]
)
def test_a_target_that_is_no_url_is_not_up(service: Service, target: str) -> None:
    answer = _probe(service, f"target={quote(target)}")

    assert answer.status_code == 200
    assert _value(answer.text, "probe_success") == 0
    assert "probe_ip_protocol" not in answer.text


def test_an_address_that_is_not_allowed_is_never_connected_to(service: Service) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        listener.setblocking(False)

        answer = _probe(service, f"target=http://[::1]:{listener.getsockname()[1]}/")

        with pytest.raises(BlockingIOError):
            listener.accept()
    assert (answer.status_code, _value(answer.text, "probe_success")) == (200, 0)


def test_a_probe_is_read_and_never_posted(service: Service) -> None:
    answer = service.call("POST", "/probe?target=a.example")

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_figures_come_in_the_format_that_prometheus_reads(service: Service, farm: Servers) -> None:
    port = farm.serve(answering(ok(b"hello")))

    answer = _probe(service, f"target=127.0.0.1:{port}")

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    names = [line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE")]
    assert names == sorted(names)
    assert _value(answer.text, "probe_http_status_code") == 200
    assert _value(answer.text, "probe_success") == 1


def test_who_wonders_is_shown_what_went_on(service: Service, farm: Servers) -> None:
    port = farm.serve(answering(ok(b"hello", status=b"404 Not Found")))

    shown = _probe(service, f"target=127.0.0.1:{port}&debug=true").text

    log, _, rest = shown.partition("Metrics that would have been returned:\n")
    figures, _, module = rest.partition("Module configuration:\n")
    assert log.startswith("Logs for the probe:\n")
    assert "The status is 404; expected 2xx." in log
    assert "probe_success 0" in figures
    assert module.startswith("prober: http\n")


def _read(tmp_path: Path, text: str | bytes) -> dict[str, Module]:
    path = tmp_path / "blackbox.yml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return dict(read_modules(str(path)))


def _http(tmp_path: Path, http: str) -> Module:
    return _read(tmp_path, f"modules: {{m: {{prober: http, http: {{{http}}}}}}}")["m"]


def test_there_are_modules_without_a_file() -> None:
    assert sorted(built_in()) == ["http_2xx", "http_post_2xx"]
    assert built_in()["http_post_2xx"].method == "POST"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "dictionary"),
        ("[]", "dictionary"),
        ("modules: [", "no YAML"),
        ("modules: {m: {}}", "modules.m.prober"),
        ("modules: {m: {prober: smtp}}", "modules.m.prober"),
        ("modules: {m: {prober: http, timout: 5s}}", "modules.m.timout is not known"),
        ("modules: {m: {prober: http, timeout: 5}}", "modules.m.timeout"),
        ("modules: {m: {prober: http, http: {method: 'G T'}}}", "modules.m.http.method"),
        ("modules: {m: {prober: http, http: {tls_config: {x: y}}}}", "tls_config.x is not known"),
        ("modules: {m: {prober: http, http: {body_size_limit: big}}}", "body_size_limit"),
        ("modules: {m: {prober: http, http: {valid_status_codes: [ok]}}}", "valid_status_codes.0"),
        ("modules: {m: {prober: http, http: {fail_if_body_matches_regexp: ['(?=x)']}}}", "RE2"),
        ("modules: {m: {prober: http, http: {bearer_token: a, basic_auth: {}}}}", "more than one"),
        ("modules: {m: {prober: http, http: {tls_config: {ca_file: /no}}}}", "ca_file: /no cannot"),
        ("modules: {m: &m {prober: http, http: *m}}", "no YAML"),
        ("modules: !!python/object/apply:os.getcwd []", "modules: Input"),
        (b"\xff\xfe", "not UTF-8"),
        ("modules: " + "{a: " * 3_000 + "}" * 3_000, ""),
    ],
)
def test_a_file_that_cannot_be_used_says_where(
    tmp_path: Path, text: str | bytes, says: str
) -> None:
    with pytest.raises(BadModules) as refused:
        _read(tmp_path, text)

    assert says in str(refused.value)


def test_a_file_that_is_not_there_says_so() -> None:
    with pytest.raises(BadModules, match="No such file"):
        read_modules("/nowhere/blackbox.yml")


def test_a_bad_file_does_not_tell_its_secrets(tmp_path: Path) -> None:
    text = "modules: {m: {prober: http, http: {basic_auth: {password: [s3cret]}, x: s3cret}}}"

    with pytest.raises(BadModules) as refused:
        _read(tmp_path, text)

    assert "s3cret" not in str(refused.value)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_text(text, encoding="utf-8", errors="replace")

    with pytest.raises(BadModules):
        read_modules(str(path))


@pytest.mark.parametrize(
    ("http", "field"),
    [
        ("proxy_url: 'http://u:s3cret@p'", "http.proxy_url"),
        ("oauth2: {client_secret: s3cret}", "http.oauth2"),
        ("compression: br", "http.compression: br"),
        ("valid_http_versions: [HTTP/2.0]", "http.valid_http_versions without HTTP/1.1"),
        ("tls_config: {min_version: TLS13}", "http.tls_config.min_version: TLS13"),
        ("headers: {Content-Length: '3'}", "http.headers.Content-Length"),
        ("fail_if_body_json_matches_cel: 'x'", "http.fail_if_body_json_matches_cel"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, http: str, field: str) -> None:
    module = _http(tmp_path, http)

    assert module.unsupported == f"Module 'm' has {field}, which is not supported here."
    assert "s3cret" not in module.written


@pytest.mark.parametrize("prober", ["tcp", "icmp", "dns", "grpc"])
def test_another_prober_is_taken_in_and_never_made_up(tmp_path: Path, prober: str) -> None:
    module = _read(tmp_path, f"modules: {{m: {{prober: {prober}, {prober}: {{a: b}}}}}}")["m"]

    assert module.unsupported is not None
    assert prober in module.unsupported


def test_values_are_read_as_go_reads_them(tmp_path: Path) -> None:
    text = """
    modules:
      m:
        prober: http
        timeout: 1m0.5s
        http:
          headers: {X-Version: 1.10, X-On: on}
          body_size_limit: 1.5KB
          valid_status_codes: [200, 404]
          no_follow_redirects: true
          preferred_ip_protocol: ip4
          fail_if_header_matches: [{header: X-A, regexp: a, allow_missing: true}]
          compression:
      empty: {prober: http, http: }
    """

    read = _read(tmp_path, text)
    module = read["m"]

    assert module.timeout == 60.5
    assert module.headers == (("X-Version", "1.10"), ("X-On", "on"))
    assert (module.body_size_limit, module.valid_status_codes) == (1536, (200, 404))
    assert (module.follow_redirects, module.prefer, module.coding) == (False, 4, None)
    assert module.header_matches[0].allow_missing
    assert read["empty"].method == "GET"


def test_a_module_is_shown_without_its_secrets(tmp_path: Path) -> None:
    module = _http(
        tmp_path,
        "basic_auth: {username: u, password: s3cret}, headers: {Cookie: s3cret, X: seen}",
    )

    assert "s3cret" not in module.written + repr(module.credentials)
    assert "seen" in module.written
    assert "<secret>" in module.written
