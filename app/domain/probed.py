"""What a probe came to: the figures that blackbox_exporter would answer for the same exchange."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Final, NamedTuple

from app.domain.probe import HeaderRule, Module
from checkers import Outcome, Reason, Status
from checkers.patterns import found
from checkers.probe import Chain, Facts
from checkers.redirect import leads_on
from checkers.timing import Phases

#: Ours, not the target's: there is nothing to be told of it.
OUR_OWN: Final = frozenset(
    {Reason.CANCELLED, Reason.WORKER_LOST, Reason.NOT_MEASURED, Reason.INTERNAL_ERROR}
)
#: What the check's own expectations say is judged here once more, by the module's rules.
_JUDGED_HERE: Final = frozenset(
    {Reason.STATUS_UNEXPECTED, Reason.BODY_UNEXPECTED, Reason.CERTIFICATE_EXPIRING}
)
_OF_NAMES: Final = frozenset({Reason.NAME_NOT_RESOLVED, Reason.NAME_LOOKUP_TIMEOUT})
# RFC 9110, 6.4.1.
_BODYLESS: Final = frozenset({204, 304})
_OTHER_SCHEME: Final = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
# RFC 9110, 5.6.7: the three ways to write a date.
_DATE: Final = re.compile(
    r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\Z"
    r"|[A-Z][a-z]+day, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT\Z"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\Z"
)
_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193
_NO_FACTS: Final = Facts()


class Probed(NamedTuple):
    """The figures of a probe.

    Attributes:
        success: whether the target is as the module wants it.
        failed_due_to_regex: a pattern decided that it is not.
        why: a sentence for people, if it is not.
        dialled: the target could be read and its name led to an address.
        parsed: the target could be read.
        ip_protocol: 4 or 6; 0: no address was known.
        status_code: of the final response, and nought without one, as the next four.
        content_length: as the response says it; -1: it does not.
        last_modified: seconds since the epoch; `None`: not given.
        chain: `None` without TLS, or where no certificate could be read.
        tls_version: such as `TLS 1.3`; empty where the final response did not come over TLS.
    """

    success: bool
    failed_due_to_regex: bool
    why: str | None
    parsed: bool
    dialled: bool
    seconds: float
    phases: Phases
    ip_protocol: int
    ip_addr_hash: int
    redirects: int
    status_code: int = 0
    content_length: int = 0
    body_length: int = 0
    http_version: float = 0.0
    last_modified: int | None = None
    chain: Chain | None = None
    tls_version: str = ""
    tls_cipher: str = ""


def judge(module: Module, outcome: Outcome) -> Probed:
    """What a probe came to."""
    facts = outcome.facts or _NO_FACTS
    answer = _Answer(module, outcome, facts)
    success, by_pattern, why = answer.judged()
    parsed = outcome.reason is not Reason.INVALID_URL
    told = answer.status is not None
    tls = outcome.tls if told else None
    return Probed(
        success=success,
        failed_due_to_regex=by_pattern,
        why=why,
        parsed=parsed,
        dialled=parsed and not (outcome.reason in _OF_NAMES and not outcome.redirects),
        seconds=outcome.total or 0.0,
        phases=outcome.phases,
        ip_protocol=0 if facts.address is None else 6 if ":" in facts.address else 4,
        ip_addr_hash=0 if facts.address is None else address_hash(facts.address),
        redirects=answer.redirects,
        status_code=answer.status or 0,
        content_length=answer.content_length if told else 0,
        body_length=answer.body_length if told else 0,
        http_version=float(outcome.http_version or 0) if told else 0.0,
        last_modified=http_date(next(iter(facts.values("last-modified")), "")) if told else None,
        chain=None if tls is None else facts.chain,
        tls_version="" if tls is None else tls.version.replace("TLSv", "TLS "),
        tls_cipher="" if tls is None else cipher_name(tls.cipher),
    )


class _Answer:
    """The final response, if there was one, by the rules of the prober.

    A redirect that is not followed is a final response whose body nobody reads; one that cannot
    be followed leaves no response at all.
    """

    def __init__(self, module: Module, outcome: Outcome, facts: Facts) -> None:
        self._module = module
        self._outcome = outcome
        self._facts = facts
        refused = outcome.reason is Reason.REDIRECT_REFUSED
        self.status = None if refused else outcome.http_status
        location = facts.values("location")
        more = outcome.reason is Reason.TOO_MANY_REDIRECTS
        stays = not module.follow_redirects and leads_on(outcome.http_status or 0, location)
        self._closed = more or stays
        away = refused and any(map(_OTHER_SCHEME.match, location))
        self.redirects = outcome.redirects + (self._closed or away)

    @property
    def content_length(self) -> int:
        lengths = self._facts.values("content-length")
        if self._module.method != "HEAD" and self.status in _BODYLESS:
            return 0
        if self._facts.values("transfer-encoding") or not lengths or not lengths[0].isdigit():
            return -1
        return int(lengths[0])

    @property
    def body_length(self) -> int:
        if self._closed:
            return 0
        return min(self._outcome.body_bytes or 0, self._module.largest_body)

    def judged(self) -> tuple[bool, bool, str | None]:
        """Whether it is as wanted, whether a pattern decided that it is not, and why it is not."""
        outcome, module = self._outcome, self._module
        if self.status is None:
            return False, False, outcome.detail or "There was no response."
        why = self._of_status()
        by_header = None if why else self._of_headers()
        why = why or by_header or self._of_coding()
        by_body = None if why else self._of_body()
        why = why or by_body or self._of_reading() or self._of_version()
        secure = outcome.tls is not None
        if module.fail_if_ssl and secure:
            why = why or "The final response came over TLS."
        if module.fail_if_not_ssl and not secure:
            why = why or "The final response did not come over TLS."
        return why is None, bool(by_header or by_body), why

    def _of_status(self) -> str | None:
        wanted, status = self._module.valid_status_codes, self.status or 0
        if status in wanted or (not wanted and 200 <= status < 300):
            return None
        return f"The status is {status}; expected {', '.join(map(str, wanted)) or '2xx'}."

    def _of_headers(self) -> str | None:
        for rules, fails_on in (
            (self._module.header_matches, True),
            (self._module.header_not_matches, False),
        ):
            for rule in rules:
                if (why := self._of_header(rule, fails_on=fails_on)) is not None:
                    return why
        return None

    def _of_header(self, rule: HeaderRule, *, fails_on: bool) -> str | None:
        values = self._facts.values(rule.header.lower())
        if not values:
            return None if rule.allow_missing else f"The header {rule.header} is missing."
        if any(found(rule.regexp, value) for value in values) is not fails_on:
            return None
        verb = "matches" if fails_on else "does not match"
        return f"The header {rule.header} {verb} {rule.regexp!r}."

    def _of_coding(self) -> str | None:
        """A body that is to be decoded has to be there."""
        bodyless = self._module.method == "HEAD" or self.status in _BODYLESS
        if self._module.coding is None or not (bodyless or self.content_length == 0):
            return None
        return f"The body is not valid {self._module.coding} data: there is none."

    def _of_body(self) -> str | None:
        patterns = (*self._module.body_matches, *self._module.body_not_matches)
        if not patterns:
            return None
        held = self._facts.held
        if self._closed or len(held) != len(patterns) or None in held:
            return self._of_reading() or "The body was not read."
        missed = next((p for p, holds in zip(patterns, held, strict=True) if not holds), None)
        if missed is None:
            return None
        verb = "matches" if missed in self._module.body_matches else "does not match"
        return f"The body {verb} {missed!r}."

    def _of_reading(self) -> str | None:
        outcome = self._outcome
        if outcome.status is not Status.DOWN or self._closed or outcome.reason in _JUDGED_HERE:
            return None
        return outcome.detail or "The body could not be read."

    def _of_version(self) -> str | None:
        wanted, version = self._module.valid_http_versions, f"HTTP/{self._outcome.http_version}"
        if not wanted or version in wanted:
            return None
        return f"The version is {version}; expected {', '.join(wanted)}."


@lru_cache(maxsize=1024)
def address_hash(address: str) -> int:
    """FNV-1a, 32 bits, of an address in its binary form, a mapped one as the IPv4 it is."""
    read = ip_address(address)
    mapped = read.ipv4_mapped if read.version == 6 else None
    made = _FNV_OFFSET
    for byte in (mapped or read).packed:
        made = ((made ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return made


@lru_cache(maxsize=1024)
def http_date(text: str) -> int | None:
    """Seconds since the epoch of a date in a header field (RFC 9110, 5.6.7); `None`: it is none."""
    if not _DATE.match(text):
        return None
    try:
        read = parsedate_to_datetime(text)
    except ValueError:
        return None
    return int((read.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


@lru_cache(maxsize=64)
def cipher_name(openssl: str) -> str:
    """OpenSSL's name of a cipher suite as IANA's, which TLS 1.3 has made the same."""
    if openssl.startswith("TLS_") or not openssl:
        return openssl
    exchange, _, rest = openssl.partition("-AES")
    if rest:
        size, _, mode = rest.partition("-")
        cipher = (
            f"AES_{size}_{mode.replace('-', '_')}" if "GCM" in mode else f"AES_{size}_CBC_{mode}"
        )
    else:
        exchange, _, hashed = openssl.partition("-CHACHA20-POLY1305")
        cipher = f"CHACHA20_POLY1305{hashed.replace('-', '_') or '_SHA256'}"
    return f"TLS_{exchange.replace('-', '_')}_WITH_{cipher}"
