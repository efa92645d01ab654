"""Servers behind TLS, with good and bad certificates, and ports that only seem to be."""

import datetime
import ssl
from collections.abc import Callable

from checkers import Subject
from tests.farm.behaviour import Behaviour, Group, expect
from tests.farm.certificates import Certificates
from tests.farm.servers import (
    Handler,
    Servers,
    after_some,
    answering,
    at_accept,
    depending,
    ok,
    redirect,
)

_SHAKEN = "down/tls_handshake_failed"
_UNTRUSTED = "down/certificate_untrusted"
_OTHER_NAME = "down/certificate_name_mismatch"


def secure(farm: Servers, certificates: Certificates) -> list[Behaviour]:
    """Everything that goes well or wrong before the first byte of HTTP, and some after."""
    group, own = Group(farm), certificates.context
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)

    def add(
        name: str, verdict: str, context: ssl.SSLContext, *, then: str = "close",
        handler: Handler | None = None, host: str = "127.0.0.1", **fields: object,
    ) -> None:  # fmt: skip
        port = farm.serve(handler or answering(ok(), then=then), context)
        group.at(f"TLS, {name}", f"https://{host}:{port}/", verdict, **fields)

    past, over = now - 9 * day, now - day
    add("good", "up", own())
    add("good, kept open", "up", own(), then="silent")
    add("good, by name", "up", own(), host="localhost", ip_version=4)
    add("good, version wanted", "up", own(), expect=expect(Subject.TLS_VERSION, ">=", "1.2"))
    add("better version wanted", "down/fact_unexpected", _only(own(), ssl.TLSVersion.TLSv1_2),
        expect=expect(Subject.TLS_VERSION, "==", "TLSv1.3"))  # fmt: skip
    add("intermediate sent", "up", own(by=certificates.intermediate))
    add("intermediate missing", _UNTRUSTED, own(by=certificates.intermediate, chain=False))
    add("expiring", "degraded/certificate_expiring", own(ends=now + 3 * day))
    add("expiring, accepted", "up", own(ends=now + 3 * day),
        expect=expect(Subject.CERTIFICATE_DAYS, ">=", 1))  # fmt: skip
    add("expired", "down/certificate_expired", own(starts=past, ends=over))
    add("expired yesterday, not verified", "degraded/certificate_expiring",
        own(starts=past, ends=over), verify_tls=False)  # fmt: skip
    add(
        "not yet valid",
        "down/certificate_not_yet_valid",
        own(starts=now + day, ends=now + 99 * day),
    )
    add("other host", _OTHER_NAME, own("other.example"))
    add("other host, not verified", "up", own("other.example"), verify_tls=False)
    add("other address", _OTHER_NAME, own("127.0.0.2"))
    add("common name only", _OTHER_NAME, own(common_name="localhost"), host="localhost",
        ip_version=4)  # fmt: skip
    add("a wildcard for a name of one part", _OTHER_NAME, own("*.localhost"), host="localhost",
        ip_version=4)  # fmt: skip
    add("expired and other host", _OTHER_NAME, own("other.example", starts=past, ends=over))
    add("stranger and other host", _OTHER_NAME, own("other.example", by=certificates.stranger))
    add("unknown authority", _UNTRUSTED, own(by=certificates.stranger))
    add("unknown authority, not verified", "up", own(by=certificates.stranger), verify_tls=False)
    add("unknown authority, expired", _UNTRUSTED,
        own(by=certificates.stranger, starts=past, ends=over))  # fmt: skip
    add("self-signed", _UNTRUSTED, certificates.self_signed())
    add("self-signed, not verified", "up", certificates.self_signed(), verify_tls=False)
    add("client certificate, TLS 1.3", "down/client_certificate_required",
        certificates.wanting_client(ssl.TLSVersion.TLSv1_3))  # fmt: skip
    add("client certificate, TLS 1.2", "down/client_certificate_required",
        certificates.wanting_client(ssl.TLSVersion.TLSv1_2))  # fmt: skip
    add("client certificate for a POST", "down/client_certificate_required",
        certificates.wanting_client(ssl.TLSVersion.TLSv1_3), method="POST", body=b"x")  # fmt: skip
    add("old version", _SHAKEN, certificates.old(ssl.TLSVersion.TLSv1_1))
    add("TLS 1.2", "up", _only(own(), ssl.TLSVersion.TLSv1_2))
    add("by name only, asked by it", "up", certificates.by_name("localhost"), host="localhost",
        ip_version=4)  # fmt: skip
    add("by name only, asked by address", _OTHER_NAME, certificates.by_name("localhost"))
    add("closed without a word", "down/connection_closed", own(),
        handler=answering(b""))  # fmt: skip
    add("body cut", "down/incomplete_body", own(),
        handler=answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello"))  # fmt: skip
    add("until close", "up", own(), handler=answering(b"HTTP/1.1 200 OK\r\n\r\nhello"))
    add("reset in the body", "down/connection_reset", own(), handler=answering(
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello", then="reset"))  # fmt: skip
    add("silent after the handshake", "down/response_timeout", own(), handler=answering(
        b"", then="silent"))  # fmt: skip
    _between(group, certificates)
    _not_tls(group)
    port = farm.serve(answering(ok()), own())
    group.at("HTTP to a TLS port", f"http://127.0.0.1:{port}/", "down/connection_closed")
    return group.found


def _between(group: Group, certificates: Certificates) -> None:
    """Redirects into TLS and out of it."""
    plain = group.farm.serve(depending(_without(b"authorization")))
    hidden = group.farm.serve(depending(_without(b"cookie: s=1")), certificates.context())
    own = certificates.context
    out, into = b"http://127.0.0.1:%d/" % plain, b"https://127.0.0.1:%d/" % hidden
    leaving = group.farm.serve(answering(redirect(out)), own())
    group.at("TLS, redirect out of it", f"https://127.0.0.1:{leaving}/", "up",
             authorization="Basic dTpw")  # fmt: skip
    group.says("redirect into TLS", redirect(into + b"\r\nSet-Cookie: s=1"), "up")
    sets = redirect(b"/in\r\nSet-Cookie: s=1; Secure")
    port = group.farm.serve(depending(
        lambda request: ok() if b"cookie: s=1" in request.lower()
        else sets if b" / HTTP" in request else ok(status=b"401 No")), own())  # fmt: skip
    group.at("TLS, cookie for secure connections", f"https://127.0.0.1:{port}/", "up")
    stranger = group.farm.serve(answering(ok()), own(by=certificates.stranger))
    group.says("redirect into TLS nobody trusts",
               redirect(b"https://127.0.0.1:%d/" % stranger), _UNTRUSTED)  # fmt: skip


def _without(field: bytes) -> Callable[[bytes], bytes]:
    return lambda request: ok(status=b"400 No" if field in request.lower() else b"200 Fine")


def _not_tls(group: Group) -> None:
    def add(name: str, handler: Handler, verdict: str) -> None:
        port = group.farm.serve(handler)
        group.at(f"TLS to {name}", f"https://127.0.0.1:{port}/", verdict)

    add("a plain port", after_some(ok()), _SHAKEN)
    add("an SSH port", at_accept(b"SSH-2.0-OpenSSH_9.2\r\n", then="silent"), _SHAKEN)
    add("a port that closes", after_some(b""), _SHAKEN)
    add("a port that resets", at_accept(then="reset"), _SHAKEN)
    add("a silent port", at_accept(then="silent"), "down/connection_timeout")
    add("a port that stops in the handshake", at_accept(
        b"\x16\x03\x03\x00\x7a\x02", then="silent"), "down/connection_timeout")  # fmt: skip
    group.at("TLS to a closed port", f"https://127.0.0.1:{group.farm.refusing()}/",
             "down/connection_refused")  # fmt: skip


def _only(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    context.maximum_version = version
    return context
