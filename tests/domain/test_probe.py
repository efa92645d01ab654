"""Probes: from a module and a target to a check, and from its outcome to figures."""

import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Malformed
from app.domain.probe import Credentials, HeaderRule, Module, target_of, timeout_of
from app.domain.probed import Probed, address_hash, cipher_name, http_date, judge
from checkers import Outcome, Reason, Status, Subject, Target
from checkers.probe import Facts

PLAIN = Module()
BODY = Module(body_not_matches=("a",))


def _target(module: Module, asked: str = "http://a.example/", **more: Any) -> Target:
    return target_of(module, asked, **{"timeout": 5.0, "authorization": None, **more})


def _outcome(http_status: int | None = 200, **more: Any) -> Outcome:
    facts = {"address": "192.0.2.1", **more.pop("facts", {})}
    return Outcome(
        seq=0, url="http://a.example/", http_status=http_status, started_at=0.0, queued=0.0,
        **{"status": Status.UP, "http_version": "1.1", "body_bytes": 5, "facts": Facts(**facts),
           **more},
    )  # fmt: skip


def _down(reason: Reason, **more: Any) -> Outcome:
    return _outcome(status=Status.DOWN, reason=reason, detail="It is down.", **more)


def _judge(module: Module, outcome: Outcome) -> tuple[bool, bool]:
    found = judge(module, outcome)
    return found.success, found.failed_due_to_regex


@pytest.mark.parametrize(
    ("of_module", "of_prometheus", "seconds"),
    [
        (0, None, 119.5), (0, 10, 9.5), (3, 10, 3), (20, 10, 9.5), (3, 0.3, 3), (0, 0.3, 0.05),
        (0, 1e9, 300), (3, 0, 3), (1e-6, None, 0.05),
    ],
)  # fmt: skip
def test_the_smaller_timeout_counts(
    of_module: float, of_prometheus: float | None, seconds: float
) -> None:
    assert timeout_of(Module(timeout=of_module), of_prometheus) == seconds


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_no_timeout_is_longer_than_prometheus_waits(of_module: float, of_prometheus: float) -> None:
    seconds = timeout_of(Module(timeout=of_module), of_prometheus)

    assert 0.05 <= seconds <= 300
    if of_prometheus > 1:
        assert seconds <= of_prometheus


@pytest.mark.parametrize(
    ("asked", "url"),
    [
        ("a.example", "http://a.example"),
        ("a.example:80/x?y", "http://a.example:80/x?y"),
        ("https://a.example", "https://a.example"),
        ("http://a.example/@x", "http://a.example/@x"),
        ("http://u:p@a.example/@x", "http://a.example/@x"),
        ("HTTP://a.example", "http://HTTP://a.example"),
    ],
)
def test_a_target_without_a_scheme_is_http(asked: str, url: str) -> None:
    assert _target(PLAIN, asked).url == url


def test_who_asks_in_the_url_goes_before_the_module() -> None:
    own = _target(PLAIN, "http://u:p%40@a.example/", authorization="Bearer x")
    module = _target(PLAIN, authorization="Bearer x")
    header = _target(Module(headers=(("authorization", "y"),)), authorization="Bearer x")

    assert own.authorization == "Basic dTpwQA=="
    assert module.authorization == "Bearer x"
    assert header.authorization is None


@given(st.text(max_size=60))
def test_no_target_is_asked_with_a_user_in_its_url(text: str) -> None:
    url = _target(PLAIN, text).url
    authority = url.partition("://")[2].replace("?", "/").replace("#", "/").split("/")[0]

    assert "@" not in authority


def test_a_host_is_asked_for_in_the_handshake_too() -> None:
    target = _target(PLAIN, hostname="b.example:8443")

    assert ("Host", "b.example:8443") in target.headers
    assert target.probe is not None
    assert target.probe.server_name == "b.example"


def test_a_module_with_a_server_name_keeps_it() -> None:
    target = _target(Module(server_name="c.example"), hostname="b.example")

    assert target.probe is not None
    assert target.probe.server_name == "c.example"


@pytest.mark.parametrize("hostname", ["a b", "a\r\nX: y", "a/b", "u@h", "\x00", "[::1", "a" * 300])
def test_a_hostname_that_is_none_is_refused(hostname: str) -> None:
    with pytest.raises(Malformed, match="hostname"):
        _target(PLAIN, hostname=hostname)


def test_two_hosts_are_one_too_many() -> None:
    with pytest.raises(Malformed, match=r"b\.example"):
        _target(Module(headers=(("host", "a.example"),)), hostname="b.example")


def test_every_pattern_of_the_body_is_asked_for() -> None:
    target = _target(Module(body_matches=("a",), body_not_matches=("b", "c")))

    asked = [(each.op, each.value) for each in target.expect if each.of is Subject.BODY]
    assert asked == [("not_matches", "a"), ("matches", "b"), ("matches", "c")]


def test_a_secret_is_not_shown() -> None:
    assert "s3cret" not in repr(Credentials(scheme="Bearer", secret="s3cret"))


@pytest.mark.parametrize(
    ("module", "outcome", "success", "by_regex"),
    [
        (PLAIN, _outcome(), True, False),
        (PLAIN, _down(Reason.STATUS_UNEXPECTED, http_status=404), False, False),
        (Module(valid_status_codes=(404,)), _outcome(404), True, False),
        (PLAIN, _outcome(status=Status.DEGRADED, reason=Reason.CERTIFICATE_EXPIRING), True, False),
        (BODY, _outcome(facts={"held": (True,)}), True, False),
        (BODY, _down(Reason.BODY_UNEXPECTED, facts={"held": (False,)}), False, True),
        (BODY, _down(Reason.INCOMPLETE_BODY), False, True),
        (PLAIN, _down(Reason.INCOMPLETE_BODY), False, False),
        (BODY, _down(Reason.CONNECTION_REFUSED, http_status=None), False, False),
        (Module(fail_if_not_ssl=True), _outcome(), False, False),
        (Module(valid_http_versions=("HTTP/1.1",)), _outcome(), True, False),
        (Module(valid_http_versions=("HTTP/1.1",)), _outcome(http_version="1.0"), False, False),
        (Module(coding="gzip"), _outcome(204), False, False),
    ],
)
def test_success_is_by_the_module_s_rules(
    module: Module, outcome: Outcome, success: bool, by_regex: bool
) -> None:
    assert _judge(module, outcome) == (success, by_regex)


@pytest.mark.parametrize(
    ("matches", "allow_missing", "values", "success"),
    [
        (True, False, ["no"], True),
        (True, False, ["no", "yes"], False),
        (True, False, [], False),
        (True, True, [], True),
        (False, False, ["no", "yes"], True),
        (False, False, ["no"], False),
        (False, False, [], False),
        (False, True, [], True),
    ],
)
def test_a_header_is_judged_by_any_of_its_values(
    matches: bool, allow_missing: bool, values: list[str], success: bool
) -> None:
    rule = HeaderRule(header="X-A", regexp="^yes$", allow_missing=allow_missing)
    module = Module(header_matches=(rule,)) if matches else Module(header_not_matches=(rule,))
    fields = tuple(("x-a", value) for value in values)

    assert _judge(module, _outcome(facts={"fields": fields})) == (success, not success)


def _lengths(module: Module, outcome: Outcome) -> tuple[int, int, int]:
    found = judge(module, outcome)
    return found.content_length, found.body_length, found.redirects


def test_a_length_that_is_not_told_is_minus_one() -> None:
    told = (("content-length", "7"),)
    chunked = (("transfer-encoding", "chunked"),)

    assert _lengths(PLAIN, _outcome(facts={"fields": told})) == (7, 5, 0)
    assert _lengths(PLAIN, _outcome(facts={"fields": chunked})) == (-1, 5, 0)
    assert _lengths(PLAIN, _outcome()) == (-1, 5, 0)
    assert _lengths(PLAIN, _outcome(204, body_bytes=0)) == (0, 0, 0)
    assert _lengths(Module(method="HEAD"), _outcome(204, body_bytes=0)) == (-1, 0, 0)


def test_nobody_reads_the_body_of_a_redirect_that_is_not_followed() -> None:
    location = {"fields": (("content-length", "3"), ("location", "/x"))}
    stays = replace(BODY, follow_redirects=False, valid_status_codes=(302,))

    assert _lengths(stays, _outcome(302, facts=location)) == (3, 0, 1)
    assert _judge(stays, _outcome(302, facts=location)) == (False, True)
    assert _lengths(PLAIN, _down(Reason.TOO_MANY_REDIRECTS, http_status=302, redirects=10,
                                 facts=location)) == (3, 0, 11)  # fmt: skip


def test_a_redirect_that_leads_nowhere_leaves_no_response() -> None:
    def refused(location: str) -> Probed:
        facts = {"fields": (("location", location),)}
        return judge(PLAIN, _down(Reason.REDIRECT_REFUSED, http_status=302, facts=facts))

    assert (refused("ftp://x/").status_code, refused("ftp://x/").redirects) == (0, 1)
    assert (refused("http://[::1").status_code, refused("http://[::1").redirects) == (0, 0)


def test_what_was_never_reached_has_no_phases() -> None:
    unread = judge(PLAIN, _outcome(None, status=Status.UNKNOWN, reason=Reason.INVALID_URL))
    unnamed = judge(PLAIN, _down(Reason.NAME_NOT_RESOLVED, http_status=None))
    refused = judge(PLAIN, _down(Reason.CONNECTION_REFUSED, http_status=None))

    assert (unread.parsed, unread.dialled) == (False, False)
    assert (unnamed.parsed, unnamed.dialled) == (True, False)
    assert (refused.parsed, refused.dialled) == (True, True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1445412480),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 1445412480),
        ("Wed Oct 21 07:28:00 2015", 1445412480),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 +0200", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_written_in_three_ways(text: str, seconds: int | None) -> None:
    assert http_date(text) == seconds


@given(st.text(alphabet=string.printable, max_size=40))
def test_no_text_breaks_the_reading_of_a_date(text: str) -> None:
    assert http_date(text) is None or isinstance(http_date(text), int)


def test_an_address_has_the_hash_it_always_had() -> None:
    assert address_hash("127.0.0.1") == 3668918509
    assert address_hash("::1") == 1751717746
    assert address_hash("::ffff:127.0.0.1") == 3668918509


def test_a_cipher_is_called_by_its_registered_name() -> None:
    assert cipher_name("TLS_AES_128_GCM_SHA256") == "TLS_AES_128_GCM_SHA256"
    assert cipher_name("ECDHE-RSA-AES128-GCM-SHA256") == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
