"""Certificates of the tests' own authority, good and bad."""

import datetime
import ipaddress
import ssl
import tempfile
import warnings
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Certificates:
    """A certificate authority of the tests' own and contexts signed by it."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        self.stranger = trustme.CA()
        self.intermediate = self.authority.create_child_ca()

    def bundle(self, folder: Path) -> Path:
        """The authority as a file to trust."""
        path = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(path))
        return path

    def context(
        self,
        *names: str,
        by: trustme.CA | None = None,
        starts: datetime.datetime | None = None,
        ends: datetime.datetime | None = None,
        common_name: str | None = None,
        chain: bool = True,
    ) -> ssl.SSLContext:
        """A server's context with a certificate for these names.

        Args:
            common_name: the only name, in the subject, where no browser looks for it any more.
            chain: send the intermediate authorities as well.
        """
        wanted = () if common_name else (names or ("localhost", "127.0.0.1", "::1"))
        signed = (by or self.authority).issue_cert(
            *wanted, not_before=starts, not_after=ends, common_name=common_name
        )
        sent = signed.cert_chain_pems if chain else signed.cert_chain_pems[:1]
        pems = [signed.private_key_pem.bytes(), *(blob.bytes() for blob in sent)]
        return _context_of(b"".join(pems))

    def wanting_client(self, newest: ssl.TLSVersion) -> ssl.SSLContext:
        """A context that asks for a certificate of the client."""
        made = self.context()
        made.maximum_version = newest
        made.verify_mode = ssl.CERT_REQUIRED
        self.authority.configure_trust(made)
        return made

    def by_name(self, name: str) -> ssl.SSLContext:
        """A context whose certificate fits only who asks for that name (RFC 6066, 3)."""
        made, fitting = self.context("other.example"), self.context(name)

        def choose(connection: ssl.SSLObject, asked: str | None, _: ssl.SSLContext) -> None:
            if asked == name:
                connection.context = fitting

        made.sni_callback = choose
        return made

    def old(self, newest: ssl.TLSVersion) -> ssl.SSLContext:
        """A context that speaks nothing newer."""
        made = self.context()
        made.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            made.minimum_version = ssl.TLSVersion.TLSv1
            made.maximum_version = newest
        return made

    def self_signed(self) -> ssl.SSLContext:
        """A certificate that is its own authority, for the right name."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "self")])
        now = datetime.datetime.now(datetime.UTC)
        signed = (
            x509.CertificateBuilder(name, name, key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=100))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        own = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return _context_of(own + signed.public_bytes(Encoding.PEM))


def _context_of(pem: bytes) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as place:
        place.write(pem)
        place.flush()
        made.load_cert_chain(place.name)
    return made
