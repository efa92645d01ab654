"""Webhooks, signed as Standard Webhooks has it (github.com/standard-webhooks/standard-webhooks)."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Final

from checkers import Outcome, Target

_PREFIX: Final = "whsec_"
_TIMEOUT_SECONDS: Final = 10.0


class BadSecret(ValueError):
    """A secret that cannot sign anything; says why."""


def request(url: str, id_: str, body: str, *, secret: str | None = None, now: datetime) -> Target:
    """The request that carries a message.

    Args:
        id_: the same at every try, so that a receiver can tell a repetition.
        secret: signs it; `None`: it bears no signature.
    """
    timestamp = str(int(now.timestamp()))
    headers = [
        ("Content-Type", "application/json"),
        ("webhook-id", id_),
        ("webhook-timestamp", timestamp),
    ]
    if secret is not None:
        headers.append(("webhook-signature", signature(secret, id_, timestamp, body)))
    return Target(
        url=url,
        method="POST",
        headers=tuple(headers),
        body=body.encode("utf-8"),
        timeout=_TIMEOUT_SECONDS,
        follow_redirects=False,
    )


def heard(outcome: Outcome) -> bool:
    """Whether a request was taken: the status alone says so, whatever came after it."""
    return outcome.http_status is not None and 200 <= outcome.http_status < 300


def signature(secret: str, id_: str, timestamp: str, body: str) -> str:
    """`v1,` and the HMAC-SHA256 of id, timestamp and body, in Base64.

    Raises:
        BadSecret: as `key_of`.
    """
    signed = f"{id_}.{timestamp}.{body}".encode()
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"


def key_of(secret: str) -> bytes:
    """What a secret signs with: what its Base64 holds; a text that is none is taken as it is.

    Raises:
        BadSecret: it begins with whsec_ and does not go on in Base64.
    """
    encoded = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        if secret.startswith(_PREFIX):
            raise BadSecret("begins with whsec_, and what follows is not Base64") from error
        return secret.encode("utf-8")
    if not key:
        raise BadSecret("is empty")
    return key
