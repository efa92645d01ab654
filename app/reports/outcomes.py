"""Outcomes as they are answered: by the thousand, so encoded without detours."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec

from app.domain.outcome import StoredOutcome, attempts_of, certificate_of
from app.reports.units import milliseconds
from checkers import Attempt, Expectation, Outcome, Phases, Reason, Status, Subject
from checkers.looks import wanted_json
from checkers.outcome import BoundBy, Certificate, Finding

_StatusOut = Annotated[str, msgspec.Meta(extra_json_schema={"enum": [*Status]})]
_ReasonOut = Annotated[str, msgspec.Meta(extra_json_schema={"enum": [*Reason]})]
_BoundByOut = Annotated[str, msgspec.Meta(extra_json_schema={"enum": [*BoundBy]})]


class PhasesOut(msgspec.Struct, frozen=True):
    """Milliseconds of each phase, summed over the hops; null: it did not happen."""

    name_lookup: float | None
    connect: float | None
    tls: float | None
    wait: float | None
    receive: float | None

    @classmethod
    def of(cls, phases: Phases) -> "PhasesOut":
        return cls(
            name_lookup=milliseconds(phases.name_lookup),
            connect=milliseconds(phases.connect),
            tls=milliseconds(phases.tls),
            wait=milliseconds(phases.wait),
            receive=milliseconds(phases.receive),
        )


class TlsOut(msgspec.Struct, frozen=True):
    """What the TLS handshake agreed on and who answered."""

    version: str
    cipher: str
    issuer: str
    subject: str
    not_after: datetime
    days_left: float

    @classmethod
    def of(cls, certificate: Certificate) -> "TlsOut":
        return cls(
            version=certificate.version,
            cipher=certificate.cipher,
            issuer=certificate.issuer,
            subject=certificate.subject,
            not_after=datetime.fromtimestamp(certificate.not_after, UTC),
            days_left=round(certificate.days_left, 2),
        )


class AttemptOut(msgspec.Struct, frozen=True):
    """One try at the target, over all its redirects."""

    # The values of `Status` and `Reason`; not the enumerations, which take as long to make again.
    status: _StatusOut
    reason: _ReasonOut | None
    detail: str | None
    http_status: int | None
    started_at: datetime
    total_ms: float | None
    phases_ms: PhasesOut

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptOut":
        return cls(
            status=attempt.status,
            reason=attempt.reason,
            detail=attempt.detail,
            http_status=attempt.http_status,
            started_at=datetime.fromtimestamp(attempt.started_at, UTC),
            total_ms=milliseconds(attempt.total),
            phases_ms=PhasesOut.of(attempt.phases),
        )


class OutcomeOut(msgspec.Struct, frozen=True):
    """What the check of one target ended in.

    `total_ms` runs from the first look-up or connect call of the last attempt to the last byte of
    its body; waiting for a turn is `queued_ms` and never part of it. Of `total_ms` at most
    `error_bound_ms` may be ours: time in which the target waited for us, or its bytes did. What
    that was told by is `error_bound_by`: `receive_stamp` (when the kernel had the last bytes),
    `round_trip` (the handshake's, as the kernel measured it) or `clock` (our own alone).
    """

    seq: int
    url: str
    status: _StatusOut
    reason: _ReasonOut | None
    detail: str | None
    http_status: int | None
    http_version: str | None
    final_url: str | None
    redirects: int
    remote_address: str | None
    started_at: datetime
    queued_ms: float
    total_ms: float | None
    phases_ms: PhasesOut
    error_bound_ms: float | None
    error_bound_by: _BoundByOut | None
    body_bytes: int | None
    excerpt: str | None
    tls: TlsOut | None
    attempts: list[AttemptOut]

    @classmethod
    def of_stored(cls, stored: StoredOutcome) -> "OutcomeOut":
        """As `of`, from a row: by the thousand, so with nothing in between."""
        (
            url, seq, status, reason, detail, http_status, http_version, final_url, redirects,
            remote_address, started_us, queued_us, total_us, lookup_us, connect_us, tls_us,
            wait_us, receive_us, body_bytes, excerpt, tls, earlier, bound_us, bound_by,
        ) = stored  # fmt: skip
        started_at = datetime.fromtimestamp(started_us / 1e6, UTC)
        total_ms = None if total_us is None else total_us / 1e3
        phases_ms = PhasesOut(
            None if lookup_us is None else lookup_us / 1e3,
            None if connect_us is None else connect_us / 1e3,
            None if tls_us is None else tls_us / 1e3,
            None if wait_us is None else wait_us / 1e3,
            None if receive_us is None else receive_us / 1e3,
        )
        last = AttemptOut(status, reason, detail, http_status, started_at, total_ms, phases_ms)
        requested = final_url is not None or total_us is not None
        return cls(
            seq, url, status, reason, detail, http_status, http_version,
            (final_url or url) if requested else None, redirects, remote_address, started_at,
            queued_us / 1e3, total_ms, phases_ms,
            None if bound_us is None else bound_us / 1e3,
            None if bound_us is None else bound_by or "clock",
            body_bytes, excerpt,
            None if tls is None else TlsOut.of(certificate_of(tls)),
            [last] if earlier is None else [*map(AttemptOut.of, attempts_of(earlier)), last],
        )  # fmt: skip

    @classmethod
    def of(cls, outcome: Outcome) -> "OutcomeOut":
        # The last attempt's instants and phases are the outcome's: made once for both.
        last = AttemptOut(
            status=outcome.status,
            reason=outcome.reason,
            detail=outcome.detail,
            http_status=outcome.http_status,
            started_at=datetime.fromtimestamp(outcome.started_at, UTC),
            total_ms=milliseconds(outcome.total),
            phases_ms=PhasesOut.of(outcome.phases),
        )
        return cls(
            seq=outcome.seq,
            url=outcome.url,
            status=last.status,
            reason=last.reason,
            detail=last.detail,
            http_status=last.http_status,
            http_version=outcome.http_version,
            final_url=outcome.final_url,
            redirects=outcome.redirects,
            remote_address=outcome.remote_address,
            started_at=last.started_at,
            queued_ms=round(outcome.queued * 1e3, 3),
            total_ms=last.total_ms,
            phases_ms=last.phases_ms,
            error_bound_ms=milliseconds(outcome.error_bound),
            error_bound_by=None if outcome.error_bound is None else outcome.bound_by.value,
            body_bytes=outcome.body_bytes,
            excerpt=outcome.excerpt,
            tls=None if outcome.tls is None else TlsOut.of(outcome.tls),
            attempts=[*map(AttemptOut.of, outcome.earlier), last],
        )


class FindingOut(msgspec.Struct, frozen=True):
    """An expectation with what was found; `held` is null when the response never got that far."""

    expectation: dict[str, Any]
    actual: str | int | float | None
    held: bool | None

    @classmethod
    def of(cls, finding: Finding) -> "FindingOut":
        return cls(
            expectation=expectation_out(finding.expectation),
            actual=finding.actual,
            held=finding.held,
        )


class OutcomePage(msgspec.Struct, frozen=True):
    """Outcomes in the order of the request."""

    items: list[OutcomeOut]
    next_cursor: str | None


class CheckOut(OutcomeOut, frozen=True):
    """An outcome with every expectation and what was found."""

    expectations: list[FindingOut]

    @classmethod
    def with_findings(cls, outcome: Outcome) -> "CheckOut":
        plain = OutcomeOut.of(outcome)
        return cls(
            **{name: getattr(plain, name) for name in OutcomeOut.__struct_fields__},
            expectations=[FindingOut.of(finding) for finding in outcome.findings],
        )


def expectation_out(expectation: Expectation) -> dict[str, Any]:
    """An expectation as it is asked for."""
    plain: dict[str, Any] = {"of": expectation.of.value, "op": expectation.op}
    if expectation.name is not None:
        plain["name"] = expectation.name
    if expectation.path is not None:
        plain["path"] = expectation.path
    if expectation.of is Subject.JSON and expectation.value is not None:
        plain["value"] = wanted_json(expectation)
    elif expectation.value is not None:
        value = expectation.value
        plain["value"] = list(value) if isinstance(value, tuple) else value
    plain["otherwise"] = expectation.otherwise.value
    return plain


encode: Final = msgspec.json.Encoder().encode
_encode_into: Final = msgspec.json.Encoder().encode_into


def lines(outcomes: Iterable[OutcomeOut]) -> bytes:
    """Outcomes as NDJSON."""
    written = bytearray()
    for outcome in outcomes:
        _encode_into(outcome, written, -1)
        written += b"\n"
    return bytes(written)


def schemas() -> dict[str, Any]:
    """What the OpenAPI document says of all this."""
    _, components = msgspec.json.schema_components(
        [OutcomePage, CheckOut], ref_template="#/components/schemas/{name}"
    )
    return components
