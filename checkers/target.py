"""What is asked of a check: a URL, how to request it, and what must hold."""

from enum import StrEnum
from typing import Final, Literal

import msgspec

from checkers.probe import Probe

MAX_TIMEOUT_SECONDS: Final = 300.0
MIN_TIMEOUT_SECONDS: Final = 0.05
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
DEFAULT_MAX_BODY_BYTES: Final = 1024 * 1024
MAX_REDIRECTS: Final = 50
MAX_ATTEMPTS: Final = 10


#: Header fields whose values are secrets, in lower case.
SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})


class Subject(StrEnum):
    """What an expectation looks at."""

    STATUS = "status"
    BODY = "body"
    JSON = "json"
    HEADER = "header"
    SHA256 = "sha256"
    BODY_BYTES = "body_bytes"
    TOTAL = "total"
    NAME_LOOKUP = "name_lookup"
    CONNECT = "connect"
    TLS = "tls"
    WAIT = "wait"
    RECEIVE = "receive"
    CERTIFICATE_DAYS = "certificate_days"
    TLS_VERSION = "tls_version"
    REDIRECTS = "redirects"


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
            and ranges (`"200-204"`); phases and `total`: seconds; `certificate_days`: days;
            `json`: the value as JSON text, so that it stays hashable.
        name: the header's name, for `header`.
        path: JSONPath of RFC 9535, for `json`.
        otherwise: the status of a check that misses it.
    """

    of: Subject
    op: str
    value: str | int | float | tuple[int | str, ...] | None = None
    name: str | None = None
    path: str | None = None
    otherwise: Severity = Severity.DOWN


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A URL with its method and expectations. Validated where it enters, not here.

    Attributes:
        headers: sent as given, in this order.
        body: sent as it is; JSON has been encoded before.
        authorization: the value of the Authorization field, which `auth` asks for.
        timeout: seconds for one attempt, from the first look-up to the last byte.
        attempts: tries before the verdict; the first that is not `down` ends them.
        ip_version: the only one to be used; `None`: either.
        max_body_bytes: of the decoded body; more ends the check as `body_too_large`.
        expect: all must hold; see `verdict.effective` for what is added.
        probe: what differs from every other check, where that is asked for.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    authorization: str | None = None
    timeout: float = 10.0
    attempts: int = 1
    follow_redirects: bool = True
    max_redirects: int = 10
    verify_tls: bool = True
    ip_version: Literal[4, 6] | None = None
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    expect: tuple[Expectation, ...] = ()
    probe: Probe | None = None

    @property
    def has_secrets(self) -> bool:
        """Whether it carries what only its owner should read."""
        return self.authorization is not None or any(
            name.lower() in SECRET_HEADERS for name, _ in self.headers
        )
