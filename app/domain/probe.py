"""A probe: a module and a target become a check, and its outcome becomes what Prometheus reads.

The rules are those of blackbox_exporter's http prober, so that alert rules mean what they meant.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import unquote

from app.domain.errors import Malformed
from checkers import Expectation, InvalidUrl, Subject, Target, parse
from checkers.probe import Probe
from checkers.target import MAX_BODY_BYTES, MAX_TIMEOUT_SECONDS, MIN_TIMEOUT_SECONDS

#: Where neither the module nor Prometheus says how long a probe may take, in seconds.
DEFAULT_TIMEOUT_SECONDS: Final = 120.0
#: What is kept of Prometheus' own patience for the way back, in seconds.
TIMEOUT_OFFSET_SECONDS: Final = 0.5
#: Followed at most; the eleventh ends a probe, and its response is the final one.
MAX_REDIRECTS: Final = 10
_ALWAYS_ASKED: Final = ("content-length", "transfer-encoding", "last-modified", "location")
_SCHEMES: Final = ("http://", "https://")
_BEYOND_A_HOST: Final = re.compile(r"[/?#]")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRule:
    """A pattern that a header field must, or must not, match."""

    header: str
    regexp: str
    allow_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What an Authorization field is made of; a secret in a file is read for each probe.

    Attributes:
        username: `None` unless the scheme is Basic.
    """

    scheme: str
    username: str | None = None
    secret: str | None = field(default=None, repr=False)
    file: str | None = None

    def value(self, secret: str) -> str:
        """The value of the Authorization field."""
        if self.username is None:
            return f"{self.scheme} {secret}"
        return basic(self.username, secret)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Module:
    """How a probe is made and judged. Each is itself: what was made for one is kept by it.

    Attributes:
        unsupported: a sentence naming what of it cannot be done here; `None`: all can.
        timeout: seconds; 0: as long as Prometheus waits.
        valid_status_codes: none: any of 2xx.
        valid_http_versions: such as `HTTP/1.1`; none: any.
        coding: the content coding that the body must have, and that is undone.
        body_size_limit: bytes; 0: as many as are ever taken.
        prefer: the IP version that is dialled where there is a choice.
        fallback: whether the other will do.
        body_matches: patterns none of which the body may match.
        body_not_matches: patterns all of which the body has to match.
        header_matches: rules none of which may match.
        header_not_matches: rules all of which have to match.
        written: the module as text for people, its secrets masked.
    """

    unsupported: str | None = None
    timeout: float = 0.0
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    valid_status_codes: tuple[int, ...] = ()
    valid_http_versions: tuple[str, ...] = ()
    follow_redirects: bool = True
    coding: Literal["gzip", "deflate"] | None = None
    body_size_limit: int = 0
    prefer: Literal[4, 6] = 6
    fallback: bool = True
    fail_if_ssl: bool = False
    fail_if_not_ssl: bool = False
    body_matches: tuple[str, ...] = ()
    body_not_matches: tuple[str, ...] = ()
    header_matches: tuple[HeaderRule, ...] = ()
    header_not_matches: tuple[HeaderRule, ...] = ()
    credentials: Credentials | None = None
    verify_tls: bool = True
    server_name: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    written: str = ""

    @property
    def largest_body(self) -> int:
        """How many bytes of a body are taken at most."""
        return min(self.body_size_limit or MAX_BODY_BYTES, MAX_BODY_BYTES)


def timeout_of(module: Module, scrape_timeout: float | None) -> float:
    """Seconds that a probe may take: the smaller of what both sides allow.

    Args:
        scrape_timeout: how long Prometheus waits; `None` or 0: it does not say.
    """
    left = (scrape_timeout or DEFAULT_TIMEOUT_SECONDS) - TIMEOUT_OFFSET_SECONDS
    seconds = module.timeout if module.timeout > 0 and (module.timeout < left or left < 0) else left
    return min(max(seconds, MIN_TIMEOUT_SECONDS), MAX_TIMEOUT_SECONDS)


# Prometheus asks for the same few again and again.
@lru_cache(maxsize=1024)
def target_of(
    module: Module, asked: str, *, timeout: float, hostname: str = "", authorization: str | None
) -> Target:
    """What is checked.

    Args:
        asked: the target as Prometheus names it: a URL, or one without its scheme.
        hostname: sent as Host and asked for in a handshake; empty: the target's own.
        authorization: what the module's credentials come to.

    Raises:
        Malformed: the name is none, or the module has another.
    """
    url = asked if asked.startswith(_SCHEMES) else f"http://{asked}"
    url, own = _without_user(url)
    headers, server_name = _named(module, hostname)
    given = {name.lower() for name, _ in headers}
    if "accept-encoding" not in given:
        # The body is counted as it comes: it had better come as it is.
        headers = (*headers, ("Accept-Encoding", "identity"))
    rules = (*module.header_matches, *module.header_not_matches)
    return Target(
        url=url,
        method=module.method,
        headers=headers,
        body=module.body,
        authorization=None if "authorization" in given else own or authorization,
        timeout=timeout,
        follow_redirects=module.follow_redirects,
        max_redirects=MAX_REDIRECTS,
        verify_tls=module.verify_tls,
        ip_version=None if module.fallback else module.prefer,
        max_body_bytes=module.largest_body,
        expect=_expected(module),
        probe=Probe(
            fields=(*_ALWAYS_ASKED, *dict.fromkeys(rule.header.lower() for rule in rules)),
            coding=module.coding,
            prefer=module.prefer,
            server_name=module.server_name or server_name,
            ca_file=module.ca_file,
            cert_file=module.cert_file,
            key_file=module.key_file,
        ),
    )


def basic(username: str, password: str) -> str:
    """The value of an Authorization field (RFC 7617), in UTF-8."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode("ascii")


def _without_user(url: str) -> tuple[str, str | None]:
    """The URL without a user and a password in it, and the Authorization that they come to."""
    scheme, _, rest = url.partition("://")
    ends = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    user, at, host = rest[:ends].rpartition("@")
    if not at:
        return url, None
    name, _, password = user.partition(":")
    return f"{scheme}://{host}{rest[ends:]}", basic(unquote(name), unquote(password))


def _named(module: Module, hostname: str) -> tuple[tuple[tuple[str, str], ...], str | None]:
    """The header fields, and the name in their Host as a handshake asks for it."""
    own = next((value for name, value in module.headers if name.lower() == "host"), "")
    if hostname and own and own != hostname:
        raise Malformed(
            f"The module has the Host {own!r}, and the parameter hostname is {hostname!r}."
        )
    host = own or hostname
    if not host:
        return module.headers, None
    try:
        found = parse(f"https://{host}")
    except InvalidUrl as error:
        raise Malformed(f"The hostname is no name of a host. {error}") from error
    if _BEYOND_A_HOST.search(host):
        raise Malformed("The hostname is more than the name of a host and a port.")
    sent = hostname if hostname.isascii() else found.authority
    headers = module.headers if own else (*module.headers, ("Host", sent))
    return headers, found.host


def _expected(module: Module) -> tuple[Expectation, ...]:
    """The status, so that it gives the reason before a body that fails; and the body's patterns."""
    codes = module.valid_status_codes or ("2xx",)
    return (
        Expectation(of=Subject.STATUS, op="in", value=tuple(codes)),
        *(Expectation(of=Subject.BODY, op="not_matches", value=p) for p in module.body_matches),
        *(Expectation(of=Subject.BODY, op="matches", value=p) for p in module.body_not_matches),
    )
