"""One TLS context for a process, and the facts of a connection made with it.

Every client is given the same context: left alone, one reads `REQUESTS_CA_BUNDLE`, another
`SSL_CERT_FILE`, and requests parses the bundle anew on every call (31 ms).
"""

import ssl
from datetime import UTC
from functools import lru_cache
from time import time
from typing import Final

import certifi
from cryptography import x509
from cryptography.x509.oid import NameOID

from checkers.outcome import Certificate

_SECONDS_PER_DAY: Final = 86_400.0


@lru_cache(maxsize=4)
def context(*, verify: bool, ca_bundle: str | None = None) -> ssl.SSLContext:
    """The process's context: made once for each way of verifying.

    Args:
        ca_bundle: a PEM file to trust instead of the system's store. Where the system has no
            store at all, the certifi bundle stands in.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.set_alpn_protocols(["http/1.1"])
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
        return made
    if ca_bundle is not None:
        made.load_verify_locations(ca_bundle)
        return made
    made.load_default_certs()
    paths = ssl.get_default_verify_paths()
    if not made.get_ca_certs() and not paths.cafile and not paths.capath:
        made.load_verify_locations(certifi.where())
    return made


def facts(connection: ssl.SSLObject | ssl.SSLSocket) -> Certificate | None:
    """What a completed handshake agreed on and who answered; `None` without a certificate."""
    der = connection.getpeercert(binary_form=True)
    if not der:
        return None
    issuer, subject, not_after = _read(der)
    cipher = connection.cipher()
    return Certificate(
        version=connection.version() or "",
        cipher=cipher[0] if cipher else "",
        issuer=issuer,
        subject=subject,
        not_after=not_after,
        days_left=(not_after - time()) / _SECONDS_PER_DAY,
    )


@lru_cache(maxsize=1024)
def _read(der: bytes) -> tuple[str, str, float]:
    # A run meets the same certificate again and again; parsing one costs as much as a check.
    certificate = x509.load_der_x509_certificate(der)
    return (
        _name(certificate.issuer),
        _name(certificate.subject),
        certificate.not_valid_after_utc.astimezone(UTC).timestamp(),
    )


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()
