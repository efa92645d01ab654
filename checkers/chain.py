"""What a chain of certificates comes to: when it expires, and who it says it is."""

import hashlib
import ssl
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtensionOID, NameOID

from checkers.probe import Chain
from checkers.tls import Trust

# A server may show hundreds; no chain that verifies is longer, and each costs signatures.
_MOST: Final = 10
_PEM_END: Final = b"-----END CERTIFICATE-----"
# The attributes of a subject in the order in which they are written, the others after them: that
# of Go's crypto/x509/pkix, whose labels people have in their alert rules.
_ORDER: Final = (
    (NameOID.SERIAL_NUMBER, "SERIALNUMBER"),
    (NameOID.COMMON_NAME, "CN"),
    (NameOID.POSTAL_CODE, "POSTALCODE"),
    (NameOID.STREET_ADDRESS, "STREET"),
    (NameOID.STATE_OR_PROVINCE_NAME, "ST"),
    (NameOID.LOCALITY_NAME, "L"),
    (NameOID.ORGANIZATIONAL_UNIT_NAME, "OU"),
    (NameOID.ORGANIZATION_NAME, "O"),
    (NameOID.COUNTRY_NAME, "C"),
)
_NAMED: Final = frozenset(oid for oid, _ in _ORDER)
_ESCAPED: Final = ',+"\\<>;'
# ASN.1: what a PrintableString holds, and the tags of it and of a UTF8String.
_PRINTABLE: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"
)
_PRINTABLE_TAG, _UTF8_TAG = 0x13, 0x0C


def chain_in(pems: Sequence[str], trusted: Trust | None) -> Chain | None:
    """As `chain_of`, of certificates as text."""
    return chain_of(tuple(map(ssl.PEM_cert_to_DER_cert, pems)), trusted)


@lru_cache(maxsize=256)
def chain_of(shown: tuple[bytes, ...], trusted: Trust | None) -> Chain | None:
    """The facts of certificates as a server showed them; `None` where they cannot be read.

    Args:
        shown: each in DER, the server's own first.
        trusted: what they were verified by; `None`: they were not.
    """
    try:
        found = [x509.load_der_x509_certificate(der) for der in shown[:_MOST]]
        own = found[0]
        return Chain(
            earliest=min(map(_ends, found)),
            verified=None if trusted is None else _verified(found, trusted),
            fingerprint=hashlib.sha256(shown[0]).hexdigest(),
            subject=written(own.subject),
            issuer=written(own.issuer),
            names=_dns_names(own),
        )
    except (ValueError, IndexError):
        return None


def _ends(certificate: x509.Certificate) -> float:
    return certificate.not_valid_after_utc.timestamp()


def _verified(shown: Sequence[x509.Certificate], trusted: Trust) -> float | None:
    """The best way from the server's own to a trusted one, a way being as good as its shortest.

    Each round lets every certificate pass on what its issuers have come to, so that a way may be
    as long as there are certificates; the order in which they were shown does not matter.
    """
    anchors = _anchors(trusted)
    best: dict[x509.Certificate, float] = {}
    for one in shown:
        above = [_ends(root) for root in anchors.get(one.issuer, ()) if _issued(one, root)]
        trusted_itself = one in anchors.get(one.subject, ())
        reached = ([float("inf")] if trusted_itself else []) + above
        if reached:
            best[one] = min(_ends(one), max(reached))
    for _ in shown:
        for one in shown:
            for other in shown:
                if other in best and one.issuer == other.subject and _issued(one, other):
                    best[one] = max(best.get(one, 0.0), min(_ends(one), best[other]))
    return best.get(shown[0])


def _issued(one: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


_Anchors = dict[x509.Name, tuple[x509.Certificate, ...]]


@lru_cache(maxsize=8)
def _anchors(trusted: Trust) -> _Anchors:
    """The trusted certificates by their subjects; one that cannot be read is none."""
    found: _Anchors = {}
    with warnings.catch_warnings():
        # Old authorities break rules that newer ones keep; what is trusted is not judged here.
        warnings.simplefilter("ignore")
        for certificate in _read(trusted):
            found[certificate.subject] = (*found.get(certificate.subject, ()), certificate)
    return found


def _read(trusted: Trust) -> Iterator[x509.Certificate]:
    paths = [Path(trusted.bundle)] if trusted.bundle is not None else []
    if trusted.folder is not None:
        paths.extend(Path(trusted.folder).glob("*.[0-9]"))
    for path in paths:
        try:
            parts = path.read_bytes().split(_PEM_END)[:-1]
        except OSError:
            continue
        for part in parts:
            try:
                yield x509.load_pem_x509_certificate(part + _PEM_END)
            except ValueError:
                continue


def _dns_names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        ).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    assert isinstance(found, x509.SubjectAlternativeName)
    return tuple(found.get_values_for_type(x509.DNSName))


def written(name: x509.Name) -> str:
    """A subject by RFC 4514, its attributes in the order of Go's crypto/x509/pkix."""
    parts = []
    for oid, short in _ORDER:
        values = [_text(each.value) for each in name.get_attributes_for_oid(oid)]
        if values:
            parts.append("+".join(f"{short}={_escaped(value)}" for value in values))
    others = [each for each in name if each.oid not in _NAMED]
    parts.extend(f"{each.oid.dotted_string}=#{_der(each.value)}" for each in reversed(others))
    return ",".join(parts)


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _escaped(value: str) -> str:
    made = "".join(f"\\{character}" if character in _ESCAPED else character for character in value)
    if made.startswith((" ", "#")):
        made = "\\" + made
    if made.endswith(" ") and len(value) > 1:
        made = made[:-1] + "\\ "
    return made


def _der(value: str | bytes) -> str:
    text = _text(value)
    data = text.encode("utf-8", "replace")
    tag = _PRINTABLE_TAG if set(text) <= _PRINTABLE else _UTF8_TAG
    if len(data) < 0x80:
        length = bytes([len(data)])
    else:
        size = len(data).to_bytes((len(data).bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(size)]) + size
    return (bytes([tag]) + length + data).hex()
