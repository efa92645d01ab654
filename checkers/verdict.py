"""From what was seen and what was expected to a status and a reason. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from checkers.clients.failure import Failure
from checkers.looks import Actual, Sight, look
from checkers.outcome import OUR_OWN, Finding, Reason, Status
from checkers.target import Expectation, Severity, Subject, Target

#: Fourteen days are enough to renew a certificate by hand.
CERTIFICATE_DAYS: Final = 14

_DEFAULT_STATUS: Final = Expectation(of=Subject.STATUS, op="in", value=("2xx",))
_DEFAULT_CERTIFICATE: Final = Expectation(
    of=Subject.CERTIFICATE_DAYS,
    op=">=",
    value=CERTIFICATE_DAYS,
    otherwise=Severity.DEGRADED,
)
_REASONS: Final[Mapping[Subject, Reason]] = {
    Subject.STATUS: Reason.STATUS_UNEXPECTED,
    Subject.BODY: Reason.BODY_UNEXPECTED,
    Subject.JSON: Reason.JSON_UNEXPECTED,
    Subject.HEADER: Reason.HEADER_UNEXPECTED,
    Subject.SHA256: Reason.CHECKSUM_UNEXPECTED,
    Subject.BODY_BYTES: Reason.SIZE_UNEXPECTED,
    Subject.TOTAL: Reason.TOO_SLOW,
    Subject.NAME_LOOKUP: Reason.TOO_SLOW,
    Subject.CONNECT: Reason.TOO_SLOW,
    Subject.TLS: Reason.TOO_SLOW,
    Subject.WAIT: Reason.TOO_SLOW,
    Subject.RECEIVE: Reason.TOO_SLOW,
    Subject.CERTIFICATE_DAYS: Reason.CERTIFICATE_EXPIRING,
    Subject.TLS_VERSION: Reason.FACT_UNEXPECTED,
    Subject.REDIRECTS: Reason.FACT_UNEXPECTED,
}
#: What is known when the header fields have come, before the body.
_OF_THE_HEAD: Final = frozenset(
    {
        Subject.STATUS,
        Subject.HEADER,
        Subject.NAME_LOOKUP,
        Subject.CONNECT,
        Subject.TLS,
        Subject.WAIT,
        Subject.CERTIFICATE_DAYS,
        Subject.TLS_VERSION,
        Subject.REDIRECTS,
    }
)


@dataclass(slots=True, frozen=True)
class Verdict:
    """What an attempt comes to; `reason` and `detail` are `None` for `up` only."""

    status: Status
    reason: Reason | None = None
    detail: str | None = None
    findings: tuple[Finding, ...] = ()


class _Miss(NamedTuple):
    expectation: Expectation
    detail: str


_UP: Final = Verdict(Status.UP)


@lru_cache(maxsize=1024)
def effective(expect: tuple[Expectation, ...]) -> tuple[Expectation, ...]:
    """What must hold: as given, plus a 2xx status and a certificate not about to expire."""
    subjects = {expectation.of for expectation in expect}
    status = () if Subject.STATUS in subjects else (_DEFAULT_STATUS,)
    certificate = () if Subject.CERTIFICATE_DAYS in subjects else (_DEFAULT_CERTIFICATE,)
    return (*status, *expect, *certificate)


def looks_at_body(target: Target) -> bool:
    """Whether the body has to be kept for the verdict."""
    return any(expectation.of in (Subject.BODY, Subject.JSON) for expectation in target.expect)


def looks_at_checksum(target: Target) -> bool:
    """Whether the checksum of the body has to be taken for the verdict."""
    return any(expectation.of is Subject.SHA256 for expectation in target.expect)


def judge(sight: Sight, expect: tuple[Expectation, ...], *, with_findings: bool = False) -> Verdict:
    """Status and reason of an attempt.

    The first thing that went wrong in time gives the reason: where a response fails in its body,
    an expectation on its status or fields that was missed before counts first. Of several missed
    expectations a `down` one wins, then the order of the list.

    Args:
        expect: as `effective` gives it.
        with_findings: note every expectation with what was found.
    """
    seen, failure = sight.seen, sight.seen.failure
    if failure is not None and (seen.http_status is None or not seen.judged):
        return _failed(failure, _unasked(expect) if with_findings else ())
    known = expect if failure is None else tuple(e for e in expect if e.of in _OF_THE_HEAD)
    looks = [(e, *look(e, sight)) for e in known]
    noted = _findings(looks, expect) if with_findings else ()
    missed = [(e, actual) for e, actual, held in looks if held is False]
    if not missed and failure is None:
        return Verdict(Status.UP, findings=noted) if noted else _UP
    misses = [_Miss(e, _sentence(e, actual)) for e, actual in missed]
    fatal = next((miss for miss in misses if miss.expectation.otherwise is Severity.DOWN), None)
    if fatal is not None:
        return Verdict(Status.DOWN, _REASONS[fatal.expectation.of], fatal.detail, noted)
    if failure is not None:
        return _failed(failure, noted)
    mild = misses[0]
    return Verdict(Status.DEGRADED, _REASONS[mild.expectation.of], mild.detail, noted)


def _failed(failure: Failure, findings: tuple[Finding, ...]) -> Verdict:
    status = Status.UNKNOWN if failure.reason in OUR_OWN else Status.DOWN
    return Verdict(status, failure.reason, failure.detail, findings)


def _unasked(expect: Sequence[Expectation]) -> tuple[Finding, ...]:
    return tuple(Finding(expectation=e, actual=None, held=None) for e in expect)


def _findings(
    looks: Sequence[tuple[Expectation, Actual, bool | None]], expect: Sequence[Expectation]
) -> tuple[Finding, ...]:
    """Every expectation in the order of the list, those that were not asked too."""
    asked = {id(e): Finding(expectation=e, actual=actual, held=held) for e, actual, held in looks}
    return tuple(asked[id(e)] if id(e) in asked else _unasked((e,))[0] for e in expect)


_NEGATED: Final = ("excludes", "not_matches")


def _sentence(expectation: Expectation, actual: Actual) -> str:
    wanted, op = _written(expectation.value), expectation.op
    match expectation.of:
        case Subject.STATUS:
            return f"The status is {actual}; expected {op} {wanted}."
        case Subject.BODY:
            verb = {"contains": "contain", "excludes": "contain", "==": "equal"}.get(op, "match")
            return (
                f"The body {verb}s {wanted}."
                if op in _NEGATED
                else f"The body does not {verb} {wanted}."
            )
        case Subject.JSON:
            return _sentence_of_json(expectation, actual)
        case Subject.HEADER:
            found = "is absent" if actual is None else f"is {_written(actual)}"
            return f"The header {expectation.name} {found}; expected {_asked(expectation)}."
        case Subject.CERTIFICATE_DAYS:
            return f"The certificate has {actual:.1f} days left; expected {op} {wanted}."
    return _sentence_of_numbers(expectation, actual)


def _sentence_of_json(expectation: Expectation, actual: Actual) -> str:
    if isinstance(actual, str) and actual.startswith("The "):
        # No JSON text begins so: it is the sentence of a document that cannot be asked.
        return actual
    found = "leads to nothing" if actual is None else f"leads to {actual}"
    return f"The path {expectation.path} {found}; expected {_asked(expectation)}."


def _sentence_of_numbers(expectation: Expectation, actual: Actual) -> str:
    wanted, op = _written(expectation.value), expectation.op
    match expectation.of:
        case Subject.TOTAL:
            return f"The check took {actual:.3f} s; expected {op} {wanted} s."
        case Subject.SHA256:
            return f"The SHA-256 of the body is {actual}; expected {op} {wanted}."
        case Subject.BODY_BYTES:
            return f"The body has {actual} bytes; expected {op} {wanted}."
        case Subject.TLS_VERSION:
            return f"The connection is {actual or 'not encrypted'}; expected {op} {wanted}."
        case Subject.REDIRECTS:
            return f"{actual} redirects were followed; expected {op} {wanted}."
        case _:
            phase = expectation.of.value.replace("_", " ")
            return f"The phase {phase} took {actual:.3f} s; expected {op} {wanted} s."


def _asked(expectation: Expectation) -> str:
    if expectation.op in ("exists", "absent"):
        return {"exists": "it to exist", "absent": "it to be absent"}[expectation.op]
    # JSON is carried as its text, which is how people wrote it.
    as_text = expectation.of is Subject.JSON and expectation.op != "matches"
    wanted = str(expectation.value)[:200] if as_text else _written(expectation.value)
    return f"{expectation.op} {wanted}"


def _written(value: Sequence[int | str] | str | float | None) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(entry) for entry in value)
    return repr(value[:200]) if isinstance(value, str) else str(value)
