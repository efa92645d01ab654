"""What every client is given and what it returns: one request, one response, no redirects.

A sick target is data: a client returns an `Exchange` with a `Failure`, it does not raise.
"""

import re
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from checkers.admission import Policy
from checkers.body import Body, BodyRefused, codings
from checkers.lookup import Lookup
from checkers.outcome import Certificate, Reason
from checkers.redirect import FOLLOWED, Request
from checkers.timing import Marks, now

#: All header fields of a response together, in bytes.
MAX_HEADER_BYTES: Final = 256 * 1024
#: RFC 8305, 5: how long one address is given before the next is tried beside it, in seconds.
ATTEMPT_DELAY_SECONDS: Final = 0.25
_BODYLESS: Final = frozenset({204, 304})
_BEGINNING: Final = b"HTTP/1."
_LENGTH = re.compile(r"[ \t]*[0-9]{1,18}[ \t]*\Z")


class Failure(NamedTuple):
    """What went wrong in an exchange, and a sentence for people."""

    reason: Reason
    detail: str


class Failed(Exception):
    """Ends an exchange from inside a client; never leaves it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.failure = Failure(reason, detail)


@dataclass(slots=True, kw_only=True)
class Hop:
    """One exchange to be made.

    Attributes:
        deadline: instant of the monotonic clock by which it must have ended.
        keep_body: whether an expectation looks at the body.
        follow_redirects: the body of a response that leads on is not waited for.
    """

    request: Request
    deadline: float
    verify_tls: bool
    max_body_bytes: int
    keep_body: bool
    follow_redirects: bool

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, at least a millisecond so that it can be armed."""
        return max(self.deadline - now(), 0.001)


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What one exchange saw. Filled in as it goes, so that a failure keeps what came before it.

    Attributes:
        judged: expectations are asked of this response; not so of a redirect that ends a check.
        ended: instant of the monotonic clock of the last byte, or of the failure.
    """

    marks: Marks = field(default_factory=Marks)
    http_status: int | None = None
    http_version: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    remote_address: str | None = None
    tls: Certificate | None = None
    body: bytes = b""
    body_bytes: int | None = None
    failure: Failure | None = None
    judged: bool = True
    ended: float = 0.0

    def values(self, name: str) -> list[str]:
        """Every value of a field; `name` in lower case."""
        return [value for key, value in self.headers if key.lower() == name]


class BlockingClient(Protocol):
    """Makes an exchange in the calling thread; many threads may share one client."""

    def exchange(self, hop: Hop) -> Exchange: ...

    def abort(self) -> None: ...


class NonBlockingClient(Protocol):
    """Makes an exchange on the running event loop."""

    def exchange(self, hop: Hop) -> Awaitable[Exchange]: ...

    async def close(self) -> None: ...


@dataclass(slots=True, frozen=True, kw_only=True)
class Surroundings:
    """What the clients of a process share.

    Attributes:
        user_agent: sent unless the target has its own.
        ca_bundle: a PEM file to trust instead of the system's store.
    """

    policy: Policy
    lookup: Lookup
    user_agent: str
    ca_bundle: str | None = None


def wire_headers(request: Request, user_agent: str) -> list[tuple[str, str]]:
    """The header fields of a request, the same from every client, in the order they are sent."""
    given = {name.lower() for name, _ in request.headers}
    defaults = (
        ("Host", request.url.authority),
        ("User-Agent", user_agent),
        ("Accept", "*/*"),
        ("Accept-Encoding", "gzip, deflate"),
        # One attempt, one connection: nothing a check meets was warmed or broken by another.
        ("Connection", "close"),
    )
    fields = [(name, value) for name, value in defaults if name.lower() not in given]
    fields.extend(request.headers)
    if request.body is not None or request.method in ("POST", "PUT", "PATCH"):
        fields.append(("Content-Length", str(len(request.body or b""))))
    return fields


def admitted(addresses: list[str], policy: Policy) -> list[str]:
    """The addresses that may be dialled, families taking turns (RFC 8305, 4).

    Raises:
        Failed: none of them may.
    """
    refusals = [policy.refusal(address) for address in addresses]
    allowed = [a for a, refusal in zip(addresses, refusals, strict=True) if refusal is None]
    if not allowed:
        raise Failed(Reason.ADDRESS_NOT_ALLOWED, next(filter(None, refusals), "No address."))
    if len(allowed) < 2:
        return allowed
    first_is_v6 = ":" in allowed[0]
    same = [address for address in allowed if (":" in address) == first_is_v6]
    other = [address for address in allowed if (":" in address) != first_is_v6]
    turns = [address for pair in zip(same, other, strict=False) for address in pair]
    return turns + same[len(other) :] + other[len(same) :]


def begins_wrong(first: bytes) -> Failed | None:
    """What to say of first bytes that no HTTP/1 response begins with; `None` while they may be."""
    if _BEGINNING.startswith(first[: len(_BEGINNING)]):
        return None
    return Failed(Reason.PROTOCOL_ERROR, "The response does not begin with HTTP/1.")


def check_framing(seen: Exchange) -> None:
    """Refuse header fields that leave open where the body ends (RFC 9112, 6).

    Raises:
        Failed: lengths that are doubled, malformed or beside a transfer coding, or a transfer
            coding other than chunked, which is all that was asked for.
    """
    lengths, codings_given = seen.values("content-length"), seen.values("transfer-encoding")
    told = [coding.strip(" \t").lower() for coding in codings_given]
    if told and (told != ["chunked"] or lengths):
        raise Failed(Reason.PROTOCOL_ERROR, "The response says in two ways where its body ends.")
    if len(lengths) > 1 or not all(_LENGTH.match(length) for length in lengths):
        raise Failed(Reason.PROTOCOL_ERROR, "The response has no valid Content-Length.")


def header_too_large() -> Failed:
    """What ends an exchange whose header section passes its bound."""
    return Failed(
        Reason.PROTOCOL_ERROR, f"The header fields are larger than {MAX_HEADER_BYTES} bytes."
    )


def body_for(hop: Hop, seen: Exchange) -> Body | None:
    """Where the body of this response goes; `None` when it has none or leads elsewhere."""
    if hop.request.method == "HEAD" or seen.http_status in _BODYLESS:
        return None
    if hop.follow_redirects and seen.http_status in FOLLOWED and seen.values("location"):
        return None
    encodings = codings(seen.values("content-encoding"))
    return Body(encodings, cap=hop.max_body_bytes, keep=hop.keep_body)


def settle_body(seen: Exchange, body: Body | None, *, whole: bool) -> None:
    """Note what of the body has come; `whole`: it came to its end."""
    if body is None:
        seen.body_bytes = 0
        return
    seen.body, seen.body_bytes = body.kept, body.size
    if whole:
        try:
            body.finish()
        except BodyRefused as refused:
            raise Failed(refused.reason, refused.detail) from refused
