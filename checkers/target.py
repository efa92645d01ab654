"""What is asked of a check: a URL, how to request it, and what must hold."""

from enum import StrEnum
from typing import Final

import msgspec

MAX_TIMEOUT_SECONDS: Final = 300.0
MIN_TIMEOUT_SECONDS: Final = 0.05
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
DEFAULT_MAX_BODY_BYTES: Final = 1024 * 1024
MAX_REDIRECTS: Final = 50


class Subject(StrEnum):
    """What an expectation looks at."""

    STATUS = "status"
    BODY = "body"
    HEADER = "header"
    TOTAL = "total"
    CERTIFICATE_DAYS = "certificate_days"


class Severity(StrEnum):
    """What a missed expectation means."""

    DOWN = "down"
    DEGRADED = "degraded"


class Expectation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that must hold of a response.

    Attributes:
        of: what it looks at.
        op: how it compares; which ones exist depends on `of`.
        value: what it compares with. `status`: a code, or a list of codes, classes (`"2xx"`)
            and ranges (`"200-204"`); `total`: seconds; `certificate_days`: days.
        name: the header's name, for `header`.
        otherwise: the status of a check that misses it.
    """

    of: Subject
    op: str
    value: str | int | float | tuple[int | str, ...] | None = None
    name: str | None = None
    otherwise: Severity = Severity.DOWN


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A URL with its method and expectations. Validated where it enters, not here.

    Attributes:
        headers: sent as given, in this order.
        body: sent as it is; JSON has been encoded before.
        timeout: seconds for one attempt, from the first look-up to the last byte.
        max_body_bytes: of the decoded body; more ends the check as `body_too_large`.
        expect: all must hold; see `verdict.effective` for what is added.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    timeout: float = 10.0
    follow_redirects: bool = True
    max_redirects: int = 10
    verify_tls: bool = True
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    expect: tuple[Expectation, ...] = ()
