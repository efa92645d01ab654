"""Expectations as they are asked for: which ops each subject has, and with what they compare."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, JsonValue

from app.api.asked import Asked, Faults, Place
from checkers import Expectation, Severity, Subject
from checkers.verdict import OPS

_STATUS_ENTRY = re.compile(r"[1-5]xx\Z|[1-9][0-9]{2}(-[1-9][0-9]{2})?\Z")
_LATER_SUBJECTS: Final = frozenset(
    {
        "json", "sha256", "body_bytes", "name_lookup", "connect", "tls", "wait", "receive",
        "tls_version", "redirects",
    }
)  # fmt: skip
_LATER_OPS: Final[Mapping[str, tuple[str, ...]]] = {
    "body": ("matches", "not_matches", "=="),
    "header": ("matches", "not_matches"),
}
_MAX_NUMBER: Final = 1e12


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
    if entry.of in _LATER_SUBJECTS or entry.op in _LATER_OPS.get(entry.of, ()):
        faults.later(place, f"{entry.of} {entry.op} is not available yet")
        return None
    subject = Subject(entry.of)
    if entry.op not in OPS[subject]:
        faults.invalid((*place, "op"), f"{entry.of} knows {', '.join(OPS[subject])}")
        return None
    if (entry.name is not None) != (subject is Subject.HEADER):
        detail = "a header has a name" if subject is Subject.HEADER else "only a header has a name"
        faults.invalid((*place, "name"), detail)
    if entry.path is not None:
        faults.invalid((*place, "path"), "only json has a path")
    fault = _value_fault(subject, entry.op, entry.value)
    if fault is not None:
        faults.invalid((*place, "value"), fault)
        return None
    default = Severity.DEGRADED if subject is Subject.CERTIFICATE_DAYS else Severity.DOWN
    value: Any = tuple(entry.value) if isinstance(entry.value, list) else entry.value
    return Expectation(
        of=subject,
        op=entry.op,
        value=value,
        name=entry.name,
        otherwise=default if entry.otherwise is None else Severity(entry.otherwise),
    )


def _value_fault(subject: Subject, op: str, value: JsonValue) -> str | None:
    """Why an expectation cannot be compared with this value; `None` when it can."""
    if op in ("exists", "absent"):
        return None if value is None else f"{op} compares with nothing"
    if op in ("in", "not_in"):
        good, wanted = _is_status_list(value), "codes, classes such as 2xx, ranges such as 200-204"
    elif subject is Subject.STATUS:
        good, wanted = isinstance(value, int) and _is_status_entry(value), "a code, 100 to 999"
    elif subject is Subject.BODY:
        good, wanted = isinstance(value, str) and bool(value), "text that is not empty"
    elif subject is Subject.HEADER:
        good, wanted = isinstance(value, str), "text"
    else:
        good, wanted = _is_number(value), f"a number between ±{_MAX_NUMBER:.0e}"
    return None if good else f"must be {wanted}"


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
