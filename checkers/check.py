"""One check as a conversation: it asks for exchanges, hears what they saw, ends in an outcome.

It does no I/O, so one text serves threads, processes and event loops: a driver sends each hop it
asks for to a client and hands the exchange back. That is why every strategy and every client
follows redirects, keeps deadlines and judges alike.
"""

from collections.abc import Generator, Sequence
from itertools import pairwise
from time import time
from typing import Final

from checkers.body import EXCERPT_BYTES
from checkers.clients.exchange import Exchange, Hop
from checkers.clients.failure import Failure
from checkers.cookies import Cookies
from checkers.errors import InvalidUrl
from checkers.failures import CUT_IN_HANDSHAKE, unidentified
from checkers.lack import Lack, Pause, Waiting
from checkers.looks import Sight
from checkers.outcome import Attempt, BoundBy, Finding, Outcome, Reason, Status
from checkers.probe import Facts, Probe
from checkers.redirect import RedirectRefused, Request, next_request, with_cookies
from checkers.target import Expectation, Subject, Target
from checkers.timing import NO_PHASES, now, phases
from checkers.url import Url, parse
from checkers.verdict import effective, judge, looks_at_body, looks_at_checksum

# Between what either side can see of its own: a way through two kernels and the wake-up of whoever
# answers, which no clock of ours can tell from the answer.
_GRAIN_SECONDS: Final = 0.0005

Conversation = Generator[Hop | Pause, Exchange, Outcome]


def check(
    seq: int, target: Target, *, waiting_since: float, with_findings: bool = False
) -> Conversation:
    """Check a target: as many attempts as it takes, up to as many as it may have.

    Args:
        seq: place of the target in the request, from 0.
        waiting_since: instant of the monotonic clock from which `queued` counts.
            What is lacking here is waited out; then `queued` grows.
        with_findings: note every expectation with what was found.
    """
    started, started_at = now(), time()
    queued = max(started - waiting_since, 0.0)
    try:
        url = parse(target.url)
    except InvalidUrl as error:
        return Outcome(
            seq=seq,
            url=target.url,
            status=Status.UNKNOWN,
            reason=Reason.INVALID_URL,
            detail=str(error),
            started_at=started_at,
            queued=queued,
        )
    expect = effective(target.expect)
    earlier: list[Attempt] = []
    waiting = Waiting(target.timeout)
    while True:
        outcome, lack = yield from _attempt(
            seq, target, url, expect, queued, tuple(earlier), with_findings=with_findings
        )
        if lack is not None and (pause := waiting.pause(lack)) is not None:
            paused = now()
            yield pause
            queued += now() - paused
            continue
        if outcome.status is not Status.DOWN or len(earlier) + 1 >= target.attempts:
            return outcome
        earlier.append(outcome.attempts[-1])


def _attempt(
    seq: int,
    target: Target,
    url: Url,
    expect: tuple[Expectation, ...],
    queued: float,
    earlier: tuple[Attempt, ...],
    *,
    with_findings: bool,
) -> Generator[Hop, Exchange, tuple[Outcome, Lack | None]]:
    """One try: the request, every redirect, the verdict; and what was lacking to begin it."""
    started, started_at = now(), time()
    seen, hops = yield from _follow(target, _first_request(target, url), started + target.timeout)
    exchanges = [exchange for exchange, _ in hops]
    total = _total(exchanges, seen.ended)
    bound, bound_by = _bound(exchanges, total)
    parts = phases([each.marks for each in exchanges]) if total is not None else NO_PHASES
    sight = Sight(seen, total, parts, len(hops) - 1)
    asked = with_findings or (target.probe is not None and looks_at_body(target))
    verdict = judge(sight, expect, with_findings=asked)
    answered = seen.http_status is not None
    outcome = Outcome(
        seq=seq,
        url=target.url,
        status=verdict.status,
        reason=verdict.reason,
        detail=verdict.detail,
        http_status=seen.http_status,
        http_version=seen.http_version,
        final_url=None if total is None else _final_url(target, hops),
        redirects=len(hops) - 1,
        remote_address=seen.remote_address,
        started_at=started_at,
        queued=queued,
        total=total,
        phases=parts,
        error_bound=bound,
        bound_by=bound_by,
        body_bytes=seen.body_bytes,
        excerpt=_excerpt(sight) if answered and verdict.status is not Status.UP else None,
        tls=seen.tls,
        earlier=earlier,
        findings=verdict.findings if with_findings else (),
        facts=_facts(target.probe, exchanges, verdict.findings),
    )
    return outcome, _lack(exchanges)


def _first_request(target: Target, url: Url) -> Request:
    headers = target.headers
    if target.authorization is not None:
        headers = (*headers, ("Authorization", target.authorization))
    return Request(target.method, url, headers, target.body)


_Hops = list[tuple[Exchange, str]]


def _follow(
    target: Target, request: Request, deadline: float
) -> Generator[Hop, Exchange, tuple[Exchange, _Hops]]:
    """The request and every redirect, under one deadline."""
    hops: _Hops = []
    cookies: Cookies | None = None
    keep_body, digest = looks_at_body(target), looks_at_checksum(target)
    while True:
        hop = Hop(
            request=request if cookies is None else with_cookies(request, cookies),
            deadline=deadline,
            verify_tls=target.verify_tls,
            max_body_bytes=target.max_body_bytes,
            keep_body=keep_body,
            digest=digest,
            follow_redirects=target.follow_redirects,
            ip_version=target.ip_version if target.probe is None or not hops else None,
            probe=_probe_of(target, request),
            first=not hops,
        )
        seen = yield hop
        hops.append((seen, request.url.text if not hops else request.url.wire))
        if seen.failure is not None:
            seen.failure = _of_tls(seen.failure, seen, request)
            return _redirected(seen, hops), hops
        if seen.http_status is None or not target.follow_redirects:
            return seen, hops
        try:
            following = next_request(request, seen.http_status, seen.values("location"))
        except RedirectRefused as error:
            return _ending(seen, Reason.REDIRECT_REFUSED, str(error)), hops
        if following is None:
            return seen, hops
        if len(hops) > target.max_redirects:
            more = f"More than {target.max_redirects} redirects."
            return _ending(seen, Reason.TOO_MANY_REDIRECTS, more), hops
        if seen.values("set-cookie"):
            cookies = cookies or Cookies()
            cookies.take(request.url, seen.values("set-cookie"))
        request = following


def _probe_of(target: Target, request: Request) -> Probe | None:
    """What a probe asks of this request; a name of its own is meant for its own host only."""
    if target.probe is None:
        return None
    own = parse(target.url)
    return target.probe.of_redirect(
        same_host=(request.url.host, request.url.port) == (own.host, own.port)
    )


def _facts(
    probe: Probe | None, exchanges: Sequence[Exchange], findings: Sequence[Finding]
) -> Facts | None:
    if probe is None:
        return None
    seen = exchanges[-1]
    return Facts(
        address=exchanges[0].remote_address,
        fields=tuple((name, value) for name in probe.fields for value in seen.values(name)),
        held=tuple(each.held for each in findings if each.expectation.of is Subject.BODY),
        chain=seen.chain,
    )


def _ending(seen: Exchange, reason: Reason, detail: str) -> Exchange:
    """A redirect that ends the check: no expectation was asked of its response."""
    seen.failure, seen.judged = Failure(reason, detail), False
    return seen


def _of_tls(failure: Failure, seen: Exchange, request: Request) -> Failure:
    """What a failure means where TLS was to be spoken, whichever client met it."""
    early = request.url.secure and seen.marks.connect_end is None
    if early and failure.reason is Reason.CONNECTION_RESET:
        # Noticed while connecting or later: a reset before TLS stands is one of its handshake.
        failure = Failure(Reason.TLS_HANDSHAKE_FAILED, CUT_IN_HANDSHAKE)
    return unidentified(failure, seen.marks) if seen.certificate_asked else failure


def _redirected(seen: Exchange, hops: _Hops) -> Exchange:
    """An address refused is the operator's word on a request, the target's fault on a redirect."""
    if len(hops) > 1 and seen.failure and seen.failure.reason is Reason.ADDRESS_NOT_ALLOWED:
        seen.failure = Failure(Reason.REDIRECT_REFUSED, f"Redirected away: {seen.failure.detail}")
    return seen


def _total(exchanges: Sequence[Exchange], ended: float) -> float | None:
    began = exchanges[0].marks.began
    return None if began is None else max(ended - began, 0.0)


def _lack(exchanges: Sequence[Exchange]) -> Lack | None:
    """What was lacking to begin an attempt; what has been sent is not sent twice."""
    first = exchanges[0]
    begun = len(exchanges) > 1 or first.marks.request_start is not None
    return None if begun or first.failure is None else first.failure.lack


def _bound(exchanges: Sequence[Exchange], total: float | None) -> tuple[float | None, BoundBy]:
    """How much of an attempt may be ours, and what that was told by."""
    if total is None:
        return None, BoundBy.CLOCK
    ours = sum(exchange.ours + exchange.marks.before_connecting for exchange in exchanges)
    for before, after in pairwise(exchanges):
        # From one hop to the next nobody waits but for us.
        ours += max((after.marks.began or after.ended) - before.ended, 0.0)
    told = {exchange.bound_by for exchange in exchanges}
    return min(ours + _GRAIN_SECONDS, total), told.pop() if len(told) == 1 else BoundBy.CLOCK


def _final_url(target: Target, hops: _Hops) -> str:
    return target.url if len(hops) == 1 else hops[-1][1]


def _excerpt(sight: Sight) -> str | None:
    return sight.beginning(EXCERPT_BYTES) if sight.seen.body else None
