"""From what was seen and expected to status and reason."""

import pytest

from checkers import Expectation, Reason, Severity, Status, Subject
from checkers.clients.exchange import Exchange
from checkers.clients.failure import Failure
from checkers.clients.head import Fields
from checkers.looks import Sight
from checkers.outcome import Certificate
from checkers.timing import NO_PHASES
from checkers.verdict import effective, judge


def _seen(status: int | None = 200, body: bytes = b"", **more: object) -> Exchange:
    headers: list[tuple[str, str]] = more.pop("headers", [])  # type: ignore[assignment]
    fields = Fields("".join(f"{name}: {value}\r\n" for name, value in headers).encode())
    return Exchange(http_status=status, body=body, fields=fields, **more)  # type: ignore[arg-type]


def _expect(of: Subject, op: str, value: object = None, **more: object) -> Expectation:
    return Expectation(of=of, op=op, value=value, **more)  # type: ignore[arg-type]


def _judged(seen: Exchange, *expect: Expectation, total: float = 0.1) -> tuple[str, str | None]:
    verdict = judge(Sight(seen, total, NO_PHASES, 0), effective(expect))
    return verdict.status.value, verdict.reason


@pytest.mark.parametrize("status", [200, 204, 299])
def test_a_2xx_is_up_unless_told_otherwise(status: int) -> None:
    assert _judged(_seen(status)) == ("up", None)


@pytest.mark.parametrize("status", [199, 301, 304, 404, 500, 999])
def test_any_other_status_is_down(status: int) -> None:
    assert _judged(_seen(status)) == ("down", Reason.STATUS_UNEXPECTED)


@pytest.mark.parametrize(
    ("op", "value", "status", "up"),
    [
        ("==", 404, 404, True), ("==", 404, 200, False), ("!=", 500, 200, True),
        ("in", ("2xx", 301), 301, True), ("in", ("400-404",), 404, True),
        ("in", ("400-404",), 405, False), ("not_in", ("5xx",), 404, True),
        ("not_in", ("5xx",), 503, False),
    ],
)  # fmt: skip
def test_statuses_are_codes_classes_and_ranges(
    op: str,
    value: object,
    status: int,
    up: bool,
) -> None:
    said, _ = _judged(_seen(status), _expect(Subject.STATUS, op, value))

    assert (said == "up") == up


def test_a_body_is_read_in_its_declared_charset() -> None:
    seen = _seen(
        body="grün".encode("latin-1"), headers=[("Content-Type", "text/html; charset=latin-1")]
    )

    assert _judged(seen, _expect(Subject.BODY, "contains", "grün")) == ("up", None)
    assert _judged(seen, _expect(Subject.BODY, "excludes", "grün"))[1] is Reason.BODY_UNEXPECTED


def test_an_unknown_charset_counts_as_utf_8() -> None:
    seen = _seen(body="grün".encode(), headers=[("content-type", "text/plain; charset=klingon")])

    assert _judged(seen, _expect(Subject.BODY, "contains", "grün")) == ("up", None)


def test_every_value_of_a_header_has_to_match() -> None:
    seen = _seen(headers=[("X-A", "1"), ("x-a", "2")])

    assert _judged(seen, _expect(Subject.HEADER, "exists", name="X-a")) == ("up", None)
    assert _judged(seen, _expect(Subject.HEADER, "absent", name="x-b")) == ("up", None)
    assert _judged(seen, _expect(Subject.HEADER, "==", "1", name="x-a"))[0] == "down"


def test_a_slow_answer_is_what_the_expectation_says_of_it() -> None:
    slow = _expect(Subject.TOTAL, "<", 0.05, otherwise=Severity.DEGRADED)

    assert _judged(_seen(), slow) == ("degraded", Reason.TOO_SLOW)
    assert _judged(_seen(), slow, total=0.01) == ("up", None)


def test_of_several_misses_a_down_one_wins_then_the_order_of_the_list() -> None:
    slow = _expect(Subject.TOTAL, "<", 0.05, otherwise=Severity.DEGRADED)
    body = _expect(Subject.BODY, "contains", "x")
    header = _expect(Subject.HEADER, "exists", name="x")

    assert _judged(_seen(), slow, header, body) == ("down", Reason.HEADER_UNEXPECTED)


def test_a_certificate_near_its_end_degrades_without_being_asked() -> None:
    tls = Certificate(version="", cipher="", issuer="", subject="", not_after=0, days_left=3.0)

    assert _judged(_seen(tls=tls)) == ("degraded", Reason.CERTIFICATE_EXPIRING)


def test_the_first_thing_that_went_wrong_in_time_gives_the_reason() -> None:
    broken = Failure(Reason.INCOMPLETE_BODY, "cut")

    assert _judged(_seen(500, failure=broken)) == ("down", Reason.STATUS_UNEXPECTED)
    assert _judged(_seen(200, failure=broken)) == ("down", Reason.INCOMPLETE_BODY)


@pytest.mark.parametrize("reason", [Reason.ADDRESS_NOT_ALLOWED, Reason.NOT_MEASURED])
def test_a_fault_of_ours_is_unknown_and_never_down(reason: Reason) -> None:
    assert _judged(_seen(None, failure=Failure(reason, ""))) == (Status.UNKNOWN, reason)


def test_findings_tell_each_expectation_with_what_was_found() -> None:
    verdict = judge(Sight(_seen(404), 0.1, NO_PHASES, 0), effective(()), with_findings=True)

    assert [(f.expectation.of, f.actual, f.held) for f in verdict.findings] == [
        (Subject.STATUS, 404, False),
        (Subject.CERTIFICATE_DAYS, None, None),
    ]


def test_a_body_that_is_no_json_is_told_in_a_sentence_of_its_own() -> None:
    wanted = (Expectation(of=Subject.JSON, op="exists", path="$.a"),)

    verdict = judge(Sight(_seen(body=b"<html>"), 0.1, NO_PHASES, 0), effective(wanted))

    assert verdict.reason is Reason.JSON_UNEXPECTED
    assert verdict.detail is not None
    assert verdict.detail.startswith("The body is not JSON")
