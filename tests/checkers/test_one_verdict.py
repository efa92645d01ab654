"""The same target gets the same status and reason from every strategy and client."""

import datetime
import gzip
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import pytest
import uvloop

from checkers import (
    CATALOGUE,
    CheckWork,
    ClientName,
    Expectation,
    Item,
    Limits,
    Outcome,
    StrategyName,
    Subject,
    Target,
)
from checkers.strategies.catalogue import entry
from checkers.timing import PHASE_NAMES
from tests.servers import (
    Certificates,
    Servers,
    after_some,
    answering,
    at_accept,
    delayed,
    dripping,
    ok,
    redirect,
)

PATIENCE = 0.6


class Behaviour(NamedTuple):
    """A target and the verdict it must get everywhere."""

    name: str
    target: Target
    verdict: str


def carried_out(
    name: StrategyName,
    targets: Sequence[Target],
    client: ClientName | None = None,
    *,
    ca_bundle: Path | None = None,
    allowed: tuple[str, ...] | None = None,
) -> list[Outcome]:
    """The outcomes of some targets, in their order."""
    outcomes: list[Outcome] = []

    async def emit(some: list[Outcome]) -> None:
        outcomes.extend(some)

    async def scenario() -> None:
        known = entry(name)
        strategy = known.make(Limits(concurrency=min(16, known.max_concurrency)))
        work = CheckWork(
            client=client or known.clients[0],
            waiting_since=monotonic(),
            allowed_networks=allowed,
            user_agent="Tercet/test",
            ca_bundle=None if ca_bundle is None else str(ca_bundle),
        )
        try:
            await strategy.open(work)
            await strategy.run(work, [Item(seq, t) for seq, t in enumerate(targets)], emit)
        finally:
            await strategy.close()

    uvloop.run(scenario())
    return sorted(outcomes, key=lambda outcome: outcome.seq)


def verdict(outcome: Outcome) -> str:
    return outcome.status.value if outcome.reason is None else f"{outcome.status}/{outcome.reason}"


@pytest.fixture(scope="session")
def behaviours(farm: Servers, certificates: Certificates) -> list[Behaviour]:
    """Servers healthy and sick, each with the verdict it deserves."""
    return [
        *_responses(farm),
        *_malformed(farm),
        *_connections(farm),
        *_secure(farm, certificates),
    ]


def _responses(farm: Servers) -> list[Behaviour]:
    found: list[Behaviour] = []

    def add(name: str, payload: bytes, said: str, *, then: str = "close", **fields: object) -> None:
        port = farm.serve(answering(payload, then=then))
        found.append(_behaviour(name, f"http://127.0.0.1:{port}/", said, **fields))

    packed = gzip.compress(b"hello " * 100)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    contains = (Expectation(of=Subject.BODY, op="contains", value="hello"),)
    add("ok", ok(), "up")
    add("ok, kept open", ok(), "up", then="silent")
    add("no content", b"HTTP/1.1 204 No Content\r\n\r\n", "up", then="silent")
    add("until close", b"HTTP/1.1 200 OK\r\n\r\nhello", "up", expect=contains)
    add("http/1.0", b"HTTP/1.0 200 OK\r\n\r\nhello", "up", expect=contains)
    add("chunked", chunked + b"5\r\nhello\r\n0\r\n\r\n", "up", then="silent", expect=contains)
    add("chunk extension", chunked + b"5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n", "up", then="silent")
    add("gzip", ok(packed, b"Content-Encoding: gzip"), "up", expect=contains)
    add("16 KB header", ok(b"", b"X-Long: " + b"x" * 16_000), "up")
    add("100 continue first", b"HTTP/1.1 100 Continue\r\n\r\n" + ok(), "up")
    add(
        "head", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "up", then="silent", method="HEAD"
    )
    add("404", ok(status=b"404 Not Found"), "down/status_unexpected")
    add("500", ok(status=b"500 Oops"), "down/status_unexpected")
    add("missing text", ok(b"bye"), "down/body_unexpected", expect=contains)
    add("gzip cut", ok(packed[:-8], b"Content-Encoding: gzip"), "down/body_undecodable")
    add("gzip lie", ok(b"hello", b"Content-Encoding: gzip"), "down/body_undecodable")
    add("too large", ok(b"x" * 2000), "down/body_too_large", max_body_bytes=1999)
    add("just fits", ok(b"x" * 2000), "up", max_body_bytes=2000)
    add("body cut", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello", "down/incomplete_body")
    add("chunks cut", chunked + b"5\r\nhel", "down/incomplete_body")
    add("not http", b"SSH-2.0-OpenSSH_9.2\r\n", "down/protocol_error")
    add("not http, longer", b"This is not HTTP.\r\n\r\n", "down/protocol_error")
    add("300 KB header", ok(b"", b"X-Long: " + b"x" * 300_000), "down/protocol_error")
    add("closed without a word", b"", "down/connection_closed")
    add("reset without a word", b"", "down/connection_reset", then="reset")
    add("silent", b"", "down/response_timeout", then="silent")
    add("silent in the body", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe",
        "down/response_timeout", then="silent")  # fmt: skip
    add("500 and silent", b"HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nhe",
        "down/status_unexpected", then="silent")  # fmt: skip
    add("redirect to nowhere", redirect(b"http://["), "down/redirect_refused")
    add("redirect to a file", redirect(b"file:///etc/passwd"), "down/redirect_refused")
    add("redirect not followed", redirect(b"/x"), "down/status_unexpected", follow_redirects=False)
    add("redirect without location", ok(status=b"302 Found"), "down/status_unexpected")
    add("redirect loop", redirect(b"/"), "down/too_many_redirects", max_redirects=3)
    return found


def _malformed(farm: Servers) -> list[Behaviour]:
    found: list[Behaviour] = []

    def add(name: str, payload: bytes, said: str, *, then: str = "close", **fields: object) -> None:
        port = farm.serve(answering(payload, then=then))
        found.append(_behaviour(name, f"http://127.0.0.1:{port}/", said, **fields))

    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    wrong, cut = "down/protocol_error", "down/incomplete_body"
    add("103 early hints", early + ok(), "up")
    add("102 and 103 first", early.replace(b"103", b"102") + early + ok(), "up")
    add("more than its length", ok() + b"extra", "up")
    add("500 and more than its length", ok(status=b"500 Oops") + b"x", "down/status_unexpected")
    add("head with a body", ok(), "up", method="HEAD")
    add("204 with a body", b"HTTP/1.1 204 No Content\r\n\r\nhello", "up")
    add("chunked, then junk", chunked + b"0\r\n\r\njunk", "up")
    add("status line cut", b"HTTP/1.1 200 OK", "down/connection_closed")
    add("header cut", b"HTTP/1.1 200 OK\r\nContent-Le", "down/connection_closed")
    add("header without end", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "down/connection_closed")
    add("reset in an open end", b"HTTP/1.1 200 OK\r\n\r\nhello", "down/connection_reset",
        then="reset")  # fmt: skip
    add("last chunk cut", chunked + b"5\r\nhello\r\n0\r\n", cut)
    add("no last chunk", chunked + b"5\r\nhello\r\n", cut)
    add("chunk without end", chunked + b"5\r\nhelloXX0\r\n\r\n", wrong)
    add("chunk size zz", chunked + b"zz\r\n", wrong, then="silent")
    add("chunk size -5", chunked + b"-5\r\nhello\r\n0\r\n\r\n", wrong)
    add("chunk size 0x5", chunked + b"0x5\r\nhello\r\n0\r\n\r\n", wrong)
    for length in (b"abc", b"-5", b"+5", b"5.0", b"5, 5"):
        broken = b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\nhello" % length
        add(f"length {length.decode()}", broken, wrong)
    add("length twice", ok(b"hello", b"Content-Length: 5"), wrong)
    add("length and chunked", ok(b"0\r\n\r\n", b"Transfer-Encoding: chunked"), wrong)
    add("gzip, chunked", chunked.replace(b"chunked", b"gzip, chunked") + b"0\r\n\r\n", wrong)
    add("http/2.0", ok().replace(b"1.1", b"2.0", 1), wrong)
    add("rtsp", ok().replace(b"HTTP/1.1", b"RTSP/1.0", 1), wrong)
    add("html without a head", b"<html>hello", wrong, then="silent")
    add("field without colon", b"HTTP/1.1 200 OK\r\nNo colon\r\nContent-Length: 0\r\n\r\n", wrong)
    add("header value padded", ok(b"", b"X-A:  1 \t"), "up",
        expect=(Expectation(of=Subject.HEADER, op="==", name="x-a", value="1"),))  # fmt: skip
    return found


def _connections(farm: Servers) -> list[Behaviour]:
    found: list[Behaviour] = []

    def add(name: str, port: int, said: str, path: str = "/", **fields: object) -> None:
        found.append(_behaviour(name, f"http://127.0.0.1:{port}{path}", said, **fields))

    final = farm.serve(answering(ok()))
    hop = farm.serve(answering(redirect(b"http://127.0.0.1:%d/end" % final)))
    add("refused", farm.refusing(), "down/connection_refused")
    add("deaf", farm.deaf(), "down/connection_timeout")
    add("redirect", hop, "up")
    add("no redirect allowed", hop, "down/too_many_redirects", max_redirects=0)
    add("slow", farm.serve(delayed(0.2, ok())), "up")
    add("too slow", farm.serve(delayed(30, ok())), "down/response_timeout")
    add("slow for its expectation", farm.serve(delayed(0.2, ok())), "down/too_slow",
        expect=(Expectation(of=Subject.TOTAL, op="<", value=0.1),))  # fmt: skip
    head = b"HTTP/1.1 200 OK\r\n"
    add("drips a status line", farm.serve(dripping(head[:13], b"x")), "down/response_timeout")
    add("drips header fields", farm.serve(dripping(head, b"A: b\r\n")), "down/response_timeout")
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    add("drips interim answers", farm.serve(dripping(b"", interim)), "down/response_timeout")
    flood = farm.serve(dripping(b"", interim * 5000, pause=0.0))
    add("floods interim answers", flood, "down/protocol_error")
    add("drips a body", farm.serve(dripping(head + b"Content-Length: 9999\r\n\r\n", b"x")),
        "down/response_timeout")  # fmt: skip
    add("invalid", 1, "unknown/invalid_url", path="/ /")
    return found


def _secure(farm: Servers, certificates: Certificates) -> list[Behaviour]:
    found: list[Behaviour] = []
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)

    def add(name: str, said: str, context: object, **fields: object) -> None:
        port = farm.serve(answering(ok()), context)  # type: ignore[arg-type]
        found.append(_behaviour(name, f"https://127.0.0.1:{port}/", said, **fields))

    own = certificates.context
    add("tls", "up", own())
    add("tls, expiring", "degraded/certificate_expiring", own(ends=now + 3 * day))
    add("tls, expired", "down/certificate_expired", own(starts=now - 9 * day, ends=now - day))
    add("tls, not yet", "down/certificate_not_yet_valid", own(starts=now + day, ends=now + 9 * day))
    add("tls, other host", "down/certificate_name_mismatch", own("other.example"))
    add("tls, stranger", "down/certificate_untrusted", own(by=certificates.stranger))
    add("tls, not verified", "up", own(by=certificates.stranger), verify_tls=False)
    plain = farm.serve(after_some(ok()))
    found.append(
        _behaviour(
            "tls to a plain port", f"https://127.0.0.1:{plain}/", "down/tls_handshake_failed"
        )
    )
    closing = farm.serve(after_some(b""))
    found.append(
        _behaviour(
            "closed in handshake", f"https://127.0.0.1:{closing}/", "down/tls_handshake_failed"
        )
    )
    silent = farm.serve(at_accept(then="silent"))
    found.append(
        _behaviour("silent handshake", f"https://127.0.0.1:{silent}/", "down/connection_timeout")
    )
    return found


def _behaviour(name: str, url: str, said: str, **fields: object) -> Behaviour:
    patient = {"timeout": PATIENCE, **fields}
    return Behaviour(name, Target(url=url, **patient), said)  # type: ignore[arg-type]


GRID = [(name, client) for name, known in CATALOGUE.items() for client in known.clients]


@pytest.mark.parametrize(("name", "client"), GRID)
def test_every_cell_says_what_the_server_deserves(
    name: StrategyName, client: ClientName, behaviours: list[Behaviour], ca_bundle: Path
) -> None:
    outcomes = carried_out(name, [b.target for b in behaviours], client, ca_bundle=ca_bundle)

    said = {b.name: verdict(o) for b, o in zip(behaviours, outcomes, strict=True)}
    assert said == {b.name: b.verdict for b in behaviours}


@pytest.mark.parametrize(("name", "client"), GRID)
def test_every_outcome_is_complete_and_its_phases_fit(
    name: StrategyName, client: ClientName, behaviours: list[Behaviour], ca_bundle: Path
) -> None:
    outcomes = carried_out(name, [b.target for b in behaviours], client, ca_bundle=ca_bundle)

    for outcome in outcomes:
        found = [getattr(outcome.phases, name) for name in PHASE_NAMES]
        phases = [phase for phase in found if phase is not None]
        assert (outcome.reason is None) == (outcome.status == "up")
        assert (outcome.detail is None) == (outcome.status == "up"), outcome
        assert all(phase >= 0 for phase in phases)
        assert sum(phases) <= (outcome.total or 0) + 1e-6, outcome
        assert outcome.queued >= 0
