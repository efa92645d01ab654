"""Expectations as they are asked for: which ops each subject has, and with what they compare."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec
from pydantic import Field, JsonValue

from app.api.asked import TOKEN, Asked, Faults, Place
from checkers import Expectation, Severity, Subject, json_query, patterns
from checkers.errors import InvalidPath, InvalidPattern
from checkers.looks import OPS, tls_minor

_STATUS_ENTRY = re.compile(r"[1-5]xx\Z|[1-9][0-9]{2}(-[1-9][0-9]{2})?\Z")
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}\Z")
_PATTERN_OPS: Final = ("matches", "not_matches")
_MAX_NUMBER: Final = 1e12
_MAX_JSON_BYTES: Final = 4096


class ExpectationIn(Asked):
    """One thing that must hold of a response."""

    of: Literal[
        "status", "body", "json", "header", "sha256", "body_bytes", "total", "name_lookup",
        "connect", "tls", "wait", "receive", "certificate_days", "tls_version", "redirects",
    ]  # fmt: skip
    op: str = Field(max_length=32)
    value: JsonValue = None
    name: str | None = Field(default=None, max_length=256, description="of a header")
    path: str | None = Field(default=None, max_length=4096, description="of JSON, RFC 9535")
    otherwise: Literal["down", "degraded"] | None = Field(
        default=None, description="What a miss means; down unless given."
    )


def expectation_of(entry: ExpectationIn, place: Place, faults: Faults) -> Expectation | None:
    """The expectation, or `None` when a fault was told."""
    subject = Subject(entry.of)
    if entry.op not in OPS[subject]:
        faults.invalid((*place, "op"), f"{entry.of} knows {', '.join(OPS[subject])}")
        return None
    _check_words(entry, subject, place, faults)
    compares = entry.op not in ("exists", "absent")
    if subject is Subject.JSON and compares and "value" not in entry.model_fields_set:
        faults.invalid((*place, "value"), "is missing; null is written out")
        return None
    fault = _value_fault(subject, entry.op, entry.value)
    if fault is not None:
        faults.invalid((*place, "value"), fault)
        return None
    default = Severity.DEGRADED if subject is Subject.CERTIFICATE_DAYS else Severity.DOWN
    return Expectation(
        of=subject,
        op=entry.op,
        value=_carried(subject, entry.value) if compares else None,
        name=entry.name,
        path=entry.path,
        otherwise=default if entry.otherwise is None else Severity(entry.otherwise),
    )


def _check_words(entry: ExpectationIn, subject: Subject, place: Place, faults: Faults) -> None:
    """A header has a name, JSON a path, and nothing else has either."""
    if (entry.name is not None) != (subject is Subject.HEADER):
        detail = "a header has a name" if subject is Subject.HEADER else "only a header has a name"
        faults.invalid((*place, "name"), detail)
    elif entry.name is not None and not TOKEN.match(entry.name):
        faults.invalid((*place, "name"), "is not the name of a header field")
    if (entry.path is not None) != (subject is Subject.JSON):
        detail = "json has a path" if subject is Subject.JSON else "only json has a path"
        faults.invalid((*place, "path"), detail)
    elif entry.path is not None:
        try:
            json_query.compiled(entry.path)
        except InvalidPath as error:
            faults.invalid((*place, "path"), str(error))


def _carried(subject: Subject, value: JsonValue) -> Any:
    """The value as an expectation carries it: hashable, JSON as its text."""
    if subject is Subject.JSON:
        return msgspec.json.encode(value).decode("utf-8")
    return tuple(value) if isinstance(value, list) else value


def _value_fault(subject: Subject, op: str, value: JsonValue) -> str | None:
    """Why an expectation cannot be compared with this value; `None` when it can."""
    if op in ("exists", "absent"):
        return None if value is None else f"{op} compares with nothing"
    if op in _PATTERN_OPS:
        return _pattern_fault(value)
    if subject is Subject.JSON:
        return _json_fault(op, value)
    good, wanted = _WANTED[subject](op, value)
    return None if good else f"must be {wanted}"


def _pattern_fault(value: JsonValue) -> str | None:
    if not isinstance(value, str):
        return "must be a regular expression"
    try:
        patterns.compiled(value)
    except InvalidPattern as error:
        return str(error)
    return None


def _json_fault(op: str, value: JsonValue) -> str | None:
    if op == "in" and not (isinstance(value, list) and value):
        return "must be a list that is not empty"
    if op == "length" and not (_is_number(value) and isinstance(value, int) and value >= 0):
        return "must be a length"
    if op in ("<", "<=", ">", ">=") and not (isinstance(value, str) or _is_number(value)):
        return "must be a number or text"
    try:
        written = len(msgspec.json.encode(value))
    except (RecursionError, UnicodeError, ValueError):
        return "cannot be written as JSON"
    return None if written <= _MAX_JSON_BYTES else f"is longer than {_MAX_JSON_BYTES} bytes of JSON"


def _wanted_status(op: str, value: JsonValue) -> tuple[bool, str]:
    if op in ("in", "not_in"):
        return _is_status_list(value), "codes, classes such as 2xx, ranges such as 200-204"
    return isinstance(value, int) and _is_status_entry(value), "a code, 100 to 999"


def _wanted_body(op: str, value: JsonValue) -> tuple[bool, str]:
    return isinstance(value, str) and (bool(value) or op == "=="), "text that is not empty"


def _wanted_header(_op: str, value: JsonValue) -> tuple[bool, str]:
    return isinstance(value, str), "text"


def _wanted_sha256(_op: str, value: JsonValue) -> tuple[bool, str]:
    return isinstance(value, str) and _SHA256.match(value) is not None, "64 hexadecimal digits"


def _wanted_tls_version(_op: str, value: JsonValue) -> tuple[bool, str]:
    good = isinstance(value, str) and tls_minor(value) is not None
    return good, "a version such as TLSv1.3 or 1.2"


def _wanted_number(_op: str, value: JsonValue) -> tuple[bool, str]:
    return _is_number(value), f"a number between ±{_MAX_NUMBER:.0e}"


_WANTED: Final[Mapping[Subject, Callable[[str, JsonValue], tuple[bool, str]]]] = {
    **dict.fromkeys(Subject, _wanted_number),
    Subject.STATUS: _wanted_status,
    Subject.BODY: _wanted_body,
    Subject.HEADER: _wanted_header,
    Subject.SHA256: _wanted_sha256,
    Subject.TLS_VERSION: _wanted_tls_version,
}


def _is_status_list(value: JsonValue) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_status_entry, value))


def _is_number(value: JsonValue) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # Says no to not-a-number as well.
    return -_MAX_NUMBER <= value <= _MAX_NUMBER


def _is_status_entry(entry: JsonValue) -> bool:
    if isinstance(entry, bool) or not isinstance(entry, int | str):
        return False
    if isinstance(entry, int):
        return 100 <= entry <= 999
    first, _, last = entry.partition("-")
    return _STATUS_ENTRY.match(entry) is not None and (not last or int(first) <= int(last))
