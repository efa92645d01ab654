"""From what was seen and what was expected to a status and a reason. Pure: no clock, no I/O."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from checkers.clients.exchange import Exchange
from checkers.clients.failure import Failure
from checkers.outcome import OUR_OWN, Finding, Reason, Status
from checkers.target import Expectation, Severity, Subject, Target

#: Ops of each subject; anything else is refused where the target enters.
OPS: Final[Mapping[Subject, tuple[str, ...]]] = {
    Subject.STATUS: ("==", "!=", "in", "not_in"),
    Subject.BODY: ("contains", "excludes"),
    Subject.HEADER: ("==", "exists", "absent"),
    Subject.TOTAL: ("<", "<="),
    Subject.CERTIFICATE_DAYS: ("==", "!=", "<", "<=", ">", ">="),
}
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
    Subject.HEADER: Reason.HEADER_UNEXPECTED,
    Subject.TOTAL: Reason.TOO_SLOW,
    Subject.CERTIFICATE_DAYS: Reason.CERTIFICATE_EXPIRING,
}
#: What is known when the header fields have come, before the body.
_OF_THE_HEAD: Final = frozenset({Subject.STATUS, Subject.HEADER, Subject.CERTIFICATE_DAYS})
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)


@dataclass(slots=True, frozen=True)
class Verdict:
    """What an attempt comes to; `reason` and `detail` are `None` for `up` only."""

    status: Status
    reason: Reason | None = None
    detail: str | None = None
    findings: tuple[Finding, ...] = ()


#: What was found where an expectation looked.
Actual = str | int | float | None


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
    return any(expectation.of is Subject.BODY for expectation in target.expect)


def judge(
    seen: Exchange,
    total: float | None,
    expect: tuple[Expectation, ...],
    *,
    with_findings: bool = False,
) -> Verdict:
    """Status and reason of an attempt.

    The first thing that went wrong in time gives the reason: where a response fails in its body,
    an expectation on its status or fields that was missed before counts first. Of several missed
    expectations a `down` one wins, then the order of the list.

    Args:
        total: seconds of the attempt.
        expect: as `effective` gives it.
        with_findings: note every expectation with what was found.
    """
    failure = seen.failure
    if failure is not None and (seen.http_status is None or not seen.judged):
        asked = [Finding(expectation=e, actual=None, held=None) for e in expect]
        return _failed(failure, tuple(asked) if with_findings else ())
    known = expect if failure is None else tuple(e for e in expect if e.of in _OF_THE_HEAD)
    looks = [(e, *_LOOKS[e.of](e, seen, total)) for e in known]
    noted = _findings(looks) if with_findings else ()
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


def _findings(looks: Sequence[tuple[Expectation, Actual, bool | None]]) -> tuple[Finding, ...]:
    return tuple(Finding(expectation=e, actual=actual, held=held) for e, actual, held in looks)


_Look = tuple[Actual, bool | None]


def _look_at_status(expectation: Expectation, seen: Exchange, _total: float | None) -> _Look:
    status = seen.http_status
    if status is None:
        return None, None
    listed = expectation.value if isinstance(expectation.value, tuple) else (expectation.value,)
    found = any(_matches_status(status, entry) for entry in listed)
    return status, found if expectation.op in ("==", "in") else not found


def _matches_status(status: int, entry: object) -> bool:
    if isinstance(entry, str):
        if entry.endswith("xx"):
            return status // 100 == int(entry[0])
        first, _, last = entry.partition("-")
        return int(first) <= status <= int(last or first)
    return status == entry


def _look_at_body(expectation: Expectation, seen: Exchange, _total: float | None) -> _Look:
    text = body_text(seen)
    found = str(expectation.value) in text
    shown = text if len(text) <= 200 else text[:200] + "…"
    return shown, found if expectation.op == "contains" else not found


def _look_at_header(expectation: Expectation, seen: Exchange, _total: float | None) -> _Look:
    values = seen.values((expectation.name or "").lower())
    shown = ", ".join(values) if values else None
    if expectation.op == "exists":
        return shown, bool(values)
    if expectation.op == "absent":
        return shown, not values
    return shown, bool(values) and all(value == expectation.value for value in values)


def _look_at_total(expectation: Expectation, _seen: Exchange, total: float | None) -> _Look:
    return total, None if total is None else _compares(total, expectation)


def _look_at_certificate(expectation: Expectation, seen: Exchange, _total: float | None) -> _Look:
    # Over plain HTTP there is no certificate that could expire.
    days = None if seen.tls is None else seen.tls.days_left
    return days, None if days is None else _compares(days, expectation)


_LOOKS: Final[Mapping[Subject, Callable[[Expectation, Exchange, float | None], _Look]]] = {
    Subject.STATUS: _look_at_status,
    Subject.BODY: _look_at_body,
    Subject.HEADER: _look_at_header,
    Subject.TOTAL: _look_at_total,
    Subject.CERTIFICATE_DAYS: _look_at_certificate,
}


def _compares(actual: float, expectation: Expectation) -> bool:
    wanted = expectation.value
    return isinstance(wanted, int | float) and _COMPARE[expectation.op](actual, wanted)


def body_text(seen: Exchange) -> str:
    """The body as text: in the charset of its Content-Type, else UTF-8, with replacement."""
    declared = _CHARSET.search(next(iter(seen.values("content-type")), ""))
    return decode(seen.body, declared[1] if declared else "utf-8")


def decode(body: bytes | bytearray, charset: str) -> str:
    """Text of some bytes; an unknown charset counts as UTF-8."""
    try:
        return body.decode(charset, "replace")
    except (LookupError, UnicodeError, ValueError):
        return body.decode("utf-8", "replace")


def _sentence(expectation: Expectation, actual: Actual) -> str:
    wanted = _written(expectation.value)
    match expectation.of:
        case Subject.STATUS:
            return f"The status is {actual}; expected {expectation.op} {wanted}."
        case Subject.BODY:
            verb = "does not contain" if expectation.op == "contains" else "contains"
            return f"The body {verb} {wanted}."
        case Subject.HEADER:
            found = "is absent" if actual is None else f"is {_written(actual)}"
            asked = f"{expectation.op} {wanted}" if expectation.op == "==" else expectation.op
            return f"The header {expectation.name} {found}; expected {asked}."
        case Subject.TOTAL:
            return f"The check took {actual:.3f} s; expected {expectation.op} {wanted} s."
        case _:
            return (
                f"The certificate has {actual:.1f} days left; expected {expectation.op} {wanted}."
            )


def _written(value: Sequence[int | str] | str | float | None) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(entry) for entry in value)
    return repr(value[:200]) if isinstance(value, str) else str(value)
