"""Secrets at rest: sealed before they are stored, opened when a check needs them.

Fernet (AES-128-CBC with HMAC-SHA256). The key comes from the operator, or lies in a file beside the
database that nobody but its owner may read.
"""

import os
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_OWNER_ONLY: Final = 0o600


class WrongKey(Exception):
    """The key at hand is not the one the secrets were sealed with."""


class Vault:
    """Seals and opens texts with one key."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    @classmethod
    def of_passphrase(cls, text: str) -> "Vault":
        """A vault whose key is derived from a text of the operator's (RFC 5869)."""
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tercet secrets")
        return cls(urlsafe_b64encode(derived.derive(text.encode("utf-8"))))

    @classmethod
    def of_file(cls, path: Path) -> "Vault":
        """A vault whose key lies in a file, which is made if it is not there.

        Raises:
            OSError: it can be neither read nor made.
            WrongKey: what it holds is no key.
        """
        if not path.exists():
            _make_key(path)
        try:
            return cls(path.read_bytes().strip())
        except ValueError as error:
            raise WrongKey(f"{path} does not hold a key.") from error

    def seal(self, text: str) -> str:
        """What may be stored of a text."""
        return self._fernet.encrypt(text.encode("utf-8")).decode("ascii")

    def open(self, sealed: str) -> str:
        """The text again.

        Raises:
            WrongKey: it was sealed with another key.
        """
        try:
            return self._fernet.decrypt(sealed.encode("ascii")).decode("utf-8")
        except (InvalidToken, UnicodeEncodeError) as error:
            raise WrongKey("A secret was sealed with another key.") from error


def _make_key(path: Path) -> None:
    # Whole or not at all: a key cut short would lock every secret away.
    made = path.with_name(f"{path.name}.new")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as file:
        file.write(Fernet.generate_key())
        file.flush()
        os.fsync(file.fileno())
    made.rename(path)
