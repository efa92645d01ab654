"""What each expectation looks at: the fact that was seen, and whether it is as expected. Pure."""

import operator
import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Any, Final

import msgspec

from checkers import json_query, patterns
from checkers.clients.exchange import Exchange
from checkers.json_query import NotLookedInto
from checkers.target import Expectation, Subject
from checkers.timing import PHASE_NAMES, Phases

#: What was found where an expectation looked.
Actual = str | int | float | None
#: The second is `None` where the expectation is not asked, such as of a certificate over HTTP.
Look = tuple[Actual, bool | None]

_NUMBERS: Final = ("==", "!=", "<", "<=", ">", ">=")
_TIMES: Final = ("<", "<=")
#: Ops of each subject; anything else is refused where the target enters.
OPS: Final[Mapping[Subject, tuple[str, ...]]] = {
    Subject.STATUS: ("==", "!=", "in", "not_in"),
    Subject.BODY: ("contains", "excludes", "matches", "not_matches", "=="),
    Subject.JSON: (*_NUMBERS, "contains", "matches", "in", "exists", "absent", "length"),
    Subject.HEADER: ("==", "matches", "not_matches", "exists", "absent"),
    Subject.SHA256: ("==", "!="),
    Subject.BODY_BYTES: _NUMBERS,
    Subject.TOTAL: _TIMES,
    Subject.NAME_LOOKUP: _TIMES,
    Subject.CONNECT: _TIMES,
    Subject.TLS: _TIMES,
    Subject.WAIT: _TIMES,
    Subject.RECEIVE: _TIMES,
    Subject.CERTIFICATE_DAYS: _NUMBERS,
    Subject.TLS_VERSION: _NUMBERS,
    Subject.REDIRECTS: _NUMBERS,
}
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
_TLS_VERSION: Final = re.compile(r"(?:TLS ?v?)?1\.([0-3])\Z", re.IGNORECASE)
_SHOWN_CHARACTERS: Final = 200


class Sight:
    """All that can be looked at of an attempt; what costs something is made when first asked.

    Args:
        total: seconds of the attempt.
        phases: of the attempt, over its hops.
        redirects: how many were followed.
    """

    def __init__(self, seen: Exchange, total: float | None, phases: Phases, redirects: int) -> None:
        self.seen = seen
        self.total = total
        self.phases = phases
        self.redirects = redirects

    @cached_property
    def charset(self) -> str:
        """Of the body; UTF-8 unless its Content-Type says another that is known."""
        declared = _CHARSET.search(next(iter(self.seen.values("content-type")), ""))
        return _charset(declared[1]) if declared else "utf-8"

    @cached_property
    def text(self) -> str:
        """The body as text, with replacement."""
        return self._decoded(self.seen.body)

    def beginning(self, count: int) -> str:
        """The first so many bytes of the body as text, with replacement."""
        return self._decoded(self.seen.body[:count])

    def _decoded(self, body: bytes | bytearray) -> str:
        try:
            return body.decode(self.charset, "replace")
        except (LookupError, UnicodeError, ValueError):
            return body.decode("utf-8", "replace")

    @cached_property
    def utf_8(self) -> bytes | bytearray:
        """The text in UTF-8; the very bytes of the body where they are that already."""
        if self.charset == "utf-8" and _is_utf_8(self.seen.body):
            return self.seen.body
        return self.text.encode("utf-8", "replace")

    @cached_property
    def document(self) -> Any:
        """The body as JSON; raises `NotLookedInto`."""
        return json_query.document(self.seen.body if self.charset == "utf-8" else self.text)


def look(expectation: Expectation, sight: Sight) -> Look:
    """What was found, and whether it is as expected."""
    return _LOOKS[expectation.of](expectation, sight)


@lru_cache(maxsize=64)
def _charset(name: str) -> str:
    try:
        # Only charsets: Python knows codecs that make bytes of bytes as well.
        b"".decode(name)
    except (LookupError, UnicodeError, ValueError):
        return "utf-8"
    return "utf-8" if name.lower() in ("utf8", "utf-8", "us-ascii", "ascii") else name


def tls_minor(text: str) -> int | None:
    """The 3 of `1.3`, `TLSv1.3` or `TLS 1.3`; `None` for anything else."""
    found = _TLS_VERSION.match(text)
    return None if found is None else int(found[1])


def _is_utf_8(body: bytes | bytearray) -> bool:
    if body.isascii():
        return True
    try:
        body.decode("utf-8")
    except UnicodeError:
        return False
    return True


def _at_status(expectation: Expectation, sight: Sight) -> Look:
    status = sight.seen.http_status
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


def _at_body(expectation: Expectation, sight: Sight) -> Look:
    wanted = str(expectation.value)
    match expectation.op:
        case "contains" | "excludes":
            # Valid UTF-8 holds a text exactly where its bytes hold the text's bytes.
            found = wanted.encode("utf-8", "replace") in sight.utf_8
        case "==":
            found = sight.text == wanted
        case _:
            found = patterns.found(wanted, sight.utf_8)
    held = not found if expectation.op in ("excludes", "not_matches") else found
    return _shown(sight.beginning(4 * _SHOWN_CHARACTERS)), held


def _at_json(expectation: Expectation, sight: Sight) -> Look:
    try:
        found = json_query.values(expectation.path or "$", sight.document)
    except NotLookedInto as refused:
        return str(refused), False
    actual = _shown(msgspec.json.encode(found[0]).decode()) if found else None
    if expectation.op in ("exists", "absent"):
        return actual, bool(found) is (expectation.op == "exists")
    wanted = wanted_json(expectation)
    holds = json_query.HOLDS[expectation.op]
    # Every value that was found has to hold, and there has to be one.
    return actual, bool(found) and all(holds(value, wanted) for value in found)


@lru_cache(maxsize=512)
def _from_text(text: str) -> Any:
    return msgspec.json.decode(text)


def wanted_json(expectation: Expectation) -> Any:
    """The JSON value an expectation compares with, which it carries as text."""
    return _from_text(str(expectation.value))


def _at_header(expectation: Expectation, sight: Sight) -> Look:
    values = sight.seen.values((expectation.name or "").lower())
    shown, wanted = _shown(", ".join(values)) if values else None, str(expectation.value)
    match expectation.op:
        case "exists" | "absent":
            return shown, bool(values) is (expectation.op == "exists")
        case "==":
            held = all(value == wanted for value in values)
        case "matches":
            held = all(patterns.found(wanted, value) for value in values)
        case _:
            return shown, not any(patterns.found(wanted, value) for value in values)
    return shown, bool(values) and held


def _at_sha256(expectation: Expectation, sight: Sight) -> Look:
    actual = sight.seen.sha256
    same = actual == str(expectation.value).lower()
    return actual, same if expectation.op == "==" else not same


def _at_time(expectation: Expectation, sight: Sight) -> Look:
    phase = expectation.of.value
    actual = getattr(sight.phases, phase) if phase in PHASE_NAMES else sight.total
    return actual, _compares(actual, expectation)


def _at_body_bytes(expectation: Expectation, sight: Sight) -> Look:
    return sight.seen.body_bytes, _compares(sight.seen.body_bytes, expectation)


def _at_certificate(expectation: Expectation, sight: Sight) -> Look:
    # Over plain HTTP there is no certificate that could expire.
    days = None if sight.seen.tls is None else sight.seen.tls.days_left
    return days, _compares(days, expectation)


def _at_tls_version(expectation: Expectation, sight: Sight) -> Look:
    actual = None if sight.seen.tls is None else sight.seen.tls.version
    if actual is None:
        return None, False
    have, wanted = tls_minor(actual), tls_minor(str(expectation.value))
    return actual, None not in (have, wanted) and _COMPARE[expectation.op](have, wanted)


def _at_redirects(expectation: Expectation, sight: Sight) -> Look:
    return sight.redirects, _compares(sight.redirects, expectation)


_LOOKS: Final[Mapping[Subject, Callable[[Expectation, Sight], Look]]] = {
    Subject.STATUS: _at_status,
    Subject.BODY: _at_body,
    Subject.JSON: _at_json,
    Subject.HEADER: _at_header,
    Subject.SHA256: _at_sha256,
    Subject.BODY_BYTES: _at_body_bytes,
    Subject.TOTAL: _at_time,
    Subject.NAME_LOOKUP: _at_time,
    Subject.CONNECT: _at_time,
    Subject.TLS: _at_time,
    Subject.WAIT: _at_time,
    Subject.RECEIVE: _at_time,
    Subject.CERTIFICATE_DAYS: _at_certificate,
    Subject.TLS_VERSION: _at_tls_version,
    Subject.REDIRECTS: _at_redirects,
}


def _compares(actual: float | None, expectation: Expectation) -> bool | None:
    wanted = expectation.value
    if actual is None:
        return None
    return isinstance(wanted, int | float) and _COMPARE[expectation.op](actual, wanted)


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
