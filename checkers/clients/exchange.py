"""What every client is given and what it returns: one request, one response, no redirects.

A sick target is data: a client returns an `Exchange` with a `Failure`, it does not raise.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import msgspec

from checkers.admission import Policy
from checkers.clients.failure import Failed, Failure
from checkers.clients.head import Fields, Head
from checkers.lookup import Lookup, NameNotResolved
from checkers.outcome import BoundBy, Certificate, Reason
from checkers.probe import Chain, Probe
from checkers.redirect import Request
from checkers.timing import Marks, now

#: RFC 8305, 5: how long one address is given before the next is tried beside it, in seconds.
ATTEMPT_DELAY_SECONDS: Final = 0.25

#: IP versions a target may insist on.
IpVersion = Literal[4, 6]
_NO_FIELDS: Final = Fields()


class Hop(msgspec.Struct, kw_only=True):
    """One exchange to be made.

    Attributes:
        deadline: instant of the monotonic clock by which it must have ended.
        keep_body: whether an expectation looks at the body.
        digest: whether one looks at its checksum.
        follow_redirects: the body of a response that leads on is not waited for.
        ip_version: the only one to be used; `None`: either.
        probe: what differs from every other check.
        first: no redirect has led here.
    """

    request: Request
    deadline: float
    verify_tls: bool
    max_body_bytes: int
    keep_body: bool
    follow_redirects: bool
    digest: bool = False
    ip_version: IpVersion | None = None
    probe: Probe | None = None
    first: bool = True

    @property
    def server_name(self) -> str:
        """Who is asked for in a handshake, and looked for in the certificate."""
        own = None if self.probe is None else self.probe.server_name
        return self.request.url.host if own is None else own

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, at least a millisecond so that it can be armed."""
        return max(self.deadline - now(), 0.001)


class Exchange(msgspec.Struct, kw_only=True):
    """What one exchange saw. Filled in as it goes, so that a failure keeps what came before it.

    Attributes:
        judged: expectations are asked of this response; not so of a redirect that ends a check.
        ended: instant of the monotonic clock of the last byte, or of the failure.
        ours: seconds of it that may have been ours: its bytes were there, and we were not.
        bound_by: what the kernel told of that.
        certificate_asked: the server wanted to see a client certificate, which there is none of.
        chain: the certificates that a probe was shown.
    """

    marks: Marks = msgspec.field(default_factory=Marks)
    http_status: int | None = None
    http_version: str | None = None
    fields: Fields = _NO_FIELDS
    remote_address: str | None = None
    tls: Certificate | None = None
    body: bytes | bytearray = b""
    body_bytes: int | None = None
    sha256: str | None = None
    failure: Failure | None = None
    judged: bool = True
    ended: float = 0.0
    ours: float = 0.0
    bound_by: BoundBy = BoundBy.CLOCK
    certificate_asked: bool = False
    chain: Chain | None = None

    def note_looked_up(self, at: float, lag: float) -> None:
        """Mark that the name's addresses came; the news of it may have waited for us so long."""
        marks = self.marks
        marks.domain_lookup_end = at
        if marks.domain_lookup_start is not None:
            self.ours += min(lag, at - marks.domain_lookup_start)

    def note_connected(self, round_trip: float | None, lag: float) -> None:
        """Bound what of the time to connect was ours.

        Args:
            round_trip: of the connection, as the kernel measured it; `None`: it did not.
            lag: how long begin and end of it may have waited for us, as far as we know ourselves.
        """
        marks = self.marks
        until = marks.secure_connection_start or marks.connect_end
        if until is None or marks.connect_start is None:
            return
        took = until - marks.connect_start
        if round_trip is None:
            self.ours += min(lag, took)
            return
        # Whatever was no round trip.
        self.ours += max(took - round_trip, 0.0)
        self.bound_by = BoundBy.ROUND_TRIP

    def values(self, name: str) -> list[str]:
        """Every value of a field; `name` in lower case."""
        return self.fields.values(name)

    def note_head(self, head: Head) -> None:
        """Keep what the response says of itself."""
        self.http_status, self.http_version, self.fields = head.status, head.version, head.fields


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


def admitted(
    addresses: Sequence[str], policy: Policy, ip_version: IpVersion | None = None
) -> list[str]:
    """The addresses that may be dialled, families taking turns (RFC 8305, 4).

    Raises:
        Failed: none of them may.
        NameNotResolved: none is of the version asked for.
    """
    fitting = [a for a in addresses if ip_version is None or (":" in a) == (ip_version == 6)]
    if not fitting:
        raise NameNotResolved(f"The host has no IPv{ip_version} address.")
    refusals = [policy.refusal(address) for address in fitting]
    allowed = [a for a, refusal in zip(fitting, refusals, strict=True) if refusal is None]
    if not allowed:
        raise Failed(Reason.ADDRESS_NOT_ALLOWED, next(filter(None, refusals), "No address."))
    if len(allowed) < 2:
        return allowed
    first_is_v6 = ":" in allowed[0]
    same = [address for address in allowed if (":" in address) == first_is_v6]
    other = [address for address in allowed if (":" in address) != first_is_v6]
    turns = [address for pair in zip(same, other, strict=False) for address in pair]
    return turns + same[len(other) :] + other[len(same) :]
