"""One TLS context for a process, and the facts of a connection made with it.

Every client is given the same context: left alone, one reads `REQUESTS_CA_BUNDLE`, another
`SSL_CERT_FILE`, and requests parses the bundle anew on every call (31 ms).
"""

import _ssl
import ssl
from contextvars import ContextVar
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from time import time
from typing import Any, Final, NamedTuple

import certifi
from cryptography import x509
from cryptography.x509.oid import NameOID

from checkers.errors import UnreadableBundle
from checkers.outcome import Certificate, Reason

_SECONDS_PER_DAY: Final = 86_400.0
# RFC 8446, 4 and B.3: a handshake message, the one that asks for a client certificate.
_HANDSHAKE: Final = 22
_CERTIFICATE_REQUEST: Final = 13
_ASKED: Final = "asked_for_certificate"

#: Where a context notes what an event loop wraps with it, for whoever set a list in its task.
wrapped: ContextVar[list[ssl.SSLObject]] = ContextVar("wrapped")


class _Context(ssl.SSLContext):
    """A context that hands out the connection of a handshake before it is over.

    An event loop keeps that to itself when the handshake fails.
    """

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        made = super().wrap_bio(*args, **kwargs)
        noted = wrapped.get(None)
        if noted is not None:
            noted.append(made)
        return made


def _note_message(
    connection: object, direction: str, _version: int, kind: int, message: int, _data: bytes
) -> None:
    if message == _CERTIFICATE_REQUEST and kind == _HANDSHAKE and direction == "read":
        setattr(connection, _ASKED, True)


def asked_for_certificate(connection: object) -> bool:
    """Whether the other side of a connection has asked for a client certificate.

    Alerts do not tell: before TLS 1.3 there was none for it, and many a server closes without one.
    """
    return getattr(connection, _ASKED, False)


@lru_cache(maxsize=4)
def context(*, verify: bool, ca_bundle: str | None = None) -> ssl.SSLContext:
    """The process's context: made once for each way of verifying.

    Args:
        ca_bundle: a PEM file to trust instead of the system's store. Where the system has no
            store at all, the certifi bundle stands in.
    """
    made = _Context(ssl.PROTOCOL_TLS_CLIENT)
    # By itself Python would make enumerations of every argument of every message.
    _ssl._SSLContext._msg_callback.__set__(made, _note_message)  # type: ignore[attr-defined]
    made.set_alpn_protocols(["http/1.1"])
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
        return made
    # RFC 9525, 2: a name in the subject's common name is none; browsers refuse it as well.
    made.hostname_checks_common_name = False
    # libcurl's way: what the operator trusts is trusted, be it a root or not.
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trusted = trust(ca_bundle)
    made.load_verify_locations(trusted.bundle, trusted.folder)
    return made


def check_bundle(ca_bundle: str) -> None:
    """Make sure that certificates can be read from a file, before a run depends on it.

    Raises:
        UnreadableBundle: they cannot.
    """
    try:
        context(verify=True, ca_bundle=ca_bundle)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
        raise UnreadableBundle(f"No certificates can be read from {ca_bundle}: {said}.") from error


class Trust(NamedTuple):
    """Where the certificates that are trusted lie: a PEM file, a folder hashed by subject."""

    bundle: str | None
    folder: str | None


def trust(ca_bundle: str | None) -> Trust:
    """What every client trusts: the bundle, the system's store, or where it has none, certifi."""
    if ca_bundle is not None:
        return Trust(ca_bundle, None)
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return Trust(paths.cafile, None)
    if paths.capath and _holds_certificates(paths.capath):
        return Trust(None, paths.capath)
    return Trust(certifi.where(), None)


def _holds_certificates(folder: str) -> bool:
    return next(Path(folder).glob("*.0"), None) is not None


def facts(connection: ssl.SSLObject | ssl.SSLSocket) -> Certificate | None:
    """What a completed handshake agreed on and who answered; `None` without a certificate."""
    der = connection.getpeercert(binary_form=True)
    cipher = connection.cipher()
    return certificate(der, connection.version() or "", cipher[0] if cipher else "")


def certificate(der: bytes | None, version: str, cipher: str) -> Certificate | None:
    """The facts of a connection whose other side showed this certificate."""
    if not der:
        return None
    found = _read(der)
    return Certificate(
        version=version,
        cipher=cipher,
        issuer=found.issuer,
        subject=found.subject,
        not_after=found.not_after,
        days_left=(found.not_after - time()) / _SECONDS_PER_DAY,
    )


def why_refused(der: bytes | None, host: str, reason: Reason) -> Reason:
    """Why a certificate was refused, where several things are wrong with it at once.

    Libraries look at names and dates in different orders; here a wrong name comes first.
    """
    return Reason.CERTIFICATE_NAME_MISMATCH if der and not names(der, host) else reason


def names(der: bytes, host: str) -> bool:
    """Whether the certificate is for this host (RFC 9525, 6); its common name does not count."""
    # Loaded where it is needed: a child that runs aiohttp has no other use for it.
    from urllib3.util.ssl_match_hostname import CertificateError, match_hostname  # noqa: PLC0415

    try:
        match_hostname({"subjectAltName": _read(der).alternatives}, host.rstrip("."))
    except (CertificateError, ValueError):
        return False
    return True


class _Certificate(NamedTuple):
    issuer: str
    subject: str
    not_after: float
    alternatives: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1024)
def _read(der: bytes) -> _Certificate:
    # A run meets the same certificate again and again; parsing one costs as much as a check.
    found = x509.load_der_x509_certificate(der)
    return _Certificate(
        issuer=_name(found.issuer),
        subject=_name(found.subject),
        not_after=found.not_valid_after_utc.astimezone(UTC).timestamp(),
        alternatives=_alternatives(found),
    )


def _alternatives(found: x509.Certificate) -> tuple[tuple[str, str], ...]:
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    dns = [("DNS", name) for name in extension.value.get_values_for_type(x509.DNSName)]
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return (*dns, *(("IP Address", str(address)) for address in addresses))


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()
