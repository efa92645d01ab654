"""The value a check ends in. Its shape is the same from every strategy and every client."""

from enum import StrEnum

import msgspec

from checkers.probe import Facts
from checkers.target import Expectation
from checkers.timing import NO_PHASES, Phases


class Status(StrEnum):
    """What a check says of its target.

    `unknown` is our own fault or our own refusal; it moves nothing and is never an alarm.
    """

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a check did not end `up`: a closed list, for programs (docs/reasons.md)."""

    NAME_NOT_RESOLVED = "name_not_resolved"
    NAME_LOOKUP_TIMEOUT = "name_lookup_timeout"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_TIMEOUT = "connection_timeout"
    CONNECTION_RESET = "connection_reset"
    NETWORK_UNREACHABLE = "network_unreachable"
    TLS_HANDSHAKE_FAILED = "tls_handshake_failed"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    CERTIFICATE_NAME_MISMATCH = "certificate_name_mismatch"
    CLIENT_CERTIFICATE_REQUIRED = "client_certificate_required"
    RESPONSE_TIMEOUT = "response_timeout"
    CONNECTION_CLOSED = "connection_closed"
    INCOMPLETE_BODY = "incomplete_body"
    PROTOCOL_ERROR = "protocol_error"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    REDIRECT_REFUSED = "redirect_refused"
    BODY_TOO_LARGE = "body_too_large"
    BODY_UNDECODABLE = "body_undecodable"

    STATUS_UNEXPECTED = "status_unexpected"
    BODY_UNEXPECTED = "body_unexpected"
    JSON_UNEXPECTED = "json_unexpected"
    HEADER_UNEXPECTED = "header_unexpected"
    CHECKSUM_UNEXPECTED = "checksum_unexpected"
    SIZE_UNEXPECTED = "size_unexpected"
    TOO_SLOW = "too_slow"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    FACT_UNEXPECTED = "fact_unexpected"

    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    INVALID_URL = "invalid_url"
    CANCELLED = "cancelled"
    WORKER_LOST = "worker_lost"
    NOT_MEASURED = "not_measured"
    INTERNAL_ERROR = "internal_error"


#: Reasons that tell of us, not of the target: the check ends `unknown`.
OUR_OWN = frozenset(
    {
        Reason.ADDRESS_NOT_ALLOWED,
        Reason.INVALID_URL,
        Reason.CANCELLED,
        Reason.WORKER_LOST,
        Reason.NOT_MEASURED,
        Reason.INTERNAL_ERROR,
    }
)


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of a TLS connection. `not_after` is seconds since the epoch."""

    version: str
    cipher: str
    issuer: str
    subject: str
    not_after: float
    days_left: float


class BoundBy(StrEnum):
    """What an error bound rests on beside our own clock and counters."""

    CLOCK = "clock"
    ROUND_TRIP = "round_trip"
    RECEIVE_STAMP = "receive_stamp"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """An expectation with what was found; `held` is `None` when the response never got that far."""

    expectation: Expectation
    actual: str | int | float | None
    held: bool | None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request/response exchange over all its redirects. Durations in seconds."""

    status: Status
    reason: Reason | None = None
    detail: str | None = None
    http_status: int | None = None
    started_at: float
    total: float | None = None
    phases: Phases = NO_PHASES


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a check ended in.

    Attributes:
        seq: place of the target in the request, from 0.
        detail: a sentence for people; `reason` is for programs.
        http_status: of the final response; `None` when none came.
        final_url: where the redirects led; `None` when nothing was requested.
        remote_address: the address last connected to.
        started_at: seconds since the epoch, when its last attempt began.
        queued: seconds spent waiting for a turn; never part of `total`.
        total: seconds from the first look-up or connect call of the last attempt to the last byte
            of its body, or to its failure; `None` when nothing was tried.
        error_bound: how many seconds of `total` may be ours; `None` when there is none.
        bound_by: what the kernel told for it, if anything.
        body_bytes: of the decoded body.
        excerpt: the first 512 bytes of the body as text, when the target is not `up`.
        earlier: the attempts before the one that this outcome's own fields describe.
        findings: every expectation with what was found, when asked for.
        facts: what a probe is told beside.
    """

    seq: int
    url: str
    status: Status
    reason: Reason | None = None
    detail: str | None = None
    http_status: int | None = None
    http_version: str | None = None
    final_url: str | None = None
    redirects: int = 0
    remote_address: str | None = None
    started_at: float
    queued: float
    total: float | None = None
    phases: Phases = NO_PHASES
    error_bound: float | None = None
    bound_by: BoundBy = BoundBy.CLOCK
    body_bytes: int | None = None
    excerpt: str | None = None
    tls: Certificate | None = None
    earlier: tuple[Attempt, ...] = ()
    findings: tuple[Finding, ...] = ()
    facts: Facts | None = None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every attempt in order; the last is the one this outcome was judged by."""
        last = Attempt(
            status=self.status,
            reason=self.reason,
            detail=self.detail,
            http_status=self.http_status,
            started_at=self.started_at,
            total=self.total,
            phases=self.phases,
        )
        return (*self.earlier, last)
